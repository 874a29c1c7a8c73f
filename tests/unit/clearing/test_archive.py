"""The port of the archive: in memory and on disk alike, and what only a disk can do wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.archive import ARCHIVED, Archived, MemoryArchive, TradeArchive
from novate.journal import keyed_records
from novate.journal.keyed_records import KeyedRecords


@pytest.fixture(params=["memory", "disk"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> TradeArchive:
    return MemoryArchive() if request.param == "memory" else KeyedRecords(tmp_path / "archive", ARCHIVED)


def key(name: int, half: int = 0) -> bytes:
    """A key whose first half is `half`, or its own."""
    return (half or name).to_bytes(8, "little") + name.to_bytes(8, "little")


def records(*keys: bytes, note: int = 0) -> Archived:
    made = np.zeros(len(keys), ARCHIVED)
    for place, one in enumerate(keys):
        made[place] = (one, 1 + place, bytes([note]))
    return made


def keys_of(*keys: bytes) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    return np.frombuffer(b"".join(keys), "V16")


def test_records_are_read_in_the_order_in_which_they_came(archive: TradeArchive) -> None:
    archive.append(records(key(7), key(7), key(3)))
    archive.append(records(key(9)))
    archive.append(records(key(7), note=2))
    found = archive.read(key(7))
    assert len(archive) == 5
    assert found.dtype == ARCHIVED
    assert found["kind"].tolist() == [1, 2, 1]
    assert found["rest"][2].tobytes()[0] == 2
    assert not len(archive.read(key(4)))


def test_a_column_of_keys_is_answered_at_once(archive: TradeArchive) -> None:
    assert not archive.holds(keys_of(key(1))).any()
    archive.append(records(key(7), key(3)))
    archive.append(records(key(1)))
    assert archive.holds(keys_of(key(1), key(2), key(3), key(7), key(8))).tolist() == [
        True, False, True, True, False,
    ]  # fmt: skip


def test_keys_with_one_first_half_are_different_keys(archive: TradeArchive) -> None:
    archive.append(records(key(1, half=5), key(2, half=5), key(3, half=5)))
    wanted = keys_of(key(3, half=5), key(4, half=5), key(1, half=5))
    assert archive.holds(wanted).tolist() == [True, False, True]
    assert archive.read(key(2, half=5))["kind"].tolist() == [2]


def test_groups_that_stand_side_by_side_are_read_once(archive: TradeArchive) -> None:
    for _ in range(3):
        archive.append(records(key(6)))
    assert len(archive.read(key(6))) == 3


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 20), min_size=1, max_size=8), max_size=12), st.integers(0, 12), st.data()
)
def test_both_archives_answer_alike_also_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[int]], cut: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    memory, disk = MemoryArchive(), KeyedRecords(folder, ARCHIVED)
    for place, names in enumerate(blocks):
        block = records(*(key(name, half=1 + name % 3) for name in sorted(names)))
        if place < cut:
            memory.append(block)
        disk.append(block)
    disk.kept()
    disk.close()
    disk = KeyedRecords(folder, ARCHIVED)
    disk.restore(len(memory), records())
    wanted = [key(name, half=1 + name % 3) for name in range(1, 22)]
    assert disk.holds(keys_of(*wanted)).tolist() == memory.holds(keys_of(*wanted)).tolist()
    for one in wanted:
        assert disk.read(one).tobytes() == memory.read(one).tobytes()


def test_runs_of_like_size_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = KeyedRecords(tmp_path, ARCHIVED)
    for name in range(1, 65):
        archive.append(records(key(name)))
    assert len(list(tmp_path.glob("run-*"))) <= 7
    assert archive.holds(keys_of(*map(key, range(1, 65)))).all()
    monkeypatch.setattr(keyed_records, "MOST_ENTRIES", 4)
    for name in range(65, 97):
        archive.append(records(key(name)))
    assert len(list(tmp_path.glob("run-*"))) > 8
    assert archive.holds(keys_of(*map(key, range(1, 97)))).all()


def test_runs_that_are_lost_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyed_records, "PIECE", 8)
    archive = KeyedRecords(tmp_path, ARCHIVED)
    archive.append(records(*(key(1 + name // 3) for name in range(90))))
    archive.close()
    for path in tmp_path.glob("run-*"):
        path.unlink()
    again = KeyedRecords(tmp_path, ARCHIVED)
    again.restore(90, records())
    assert all(len(again.read(key(name))) == 3 for name in range(1, 31))


def test_half_a_record_at_the_end_is_cut(tmp_path: Path) -> None:
    archive = KeyedRecords(tmp_path, ARCHIVED)
    archive.append(records(key(1), key(2)))
    archive.close()
    with (tmp_path / "records").open("ab") as file:
        file.write(bytes(40))
    again = KeyedRecords(tmp_path, ARCHIVED)
    again.restore(2, records())
    again.append(records(key(3)))
    assert again.holds(keys_of(key(1), key(2), key(3))).all()
    assert (tmp_path / "records").stat().st_size == 3 * 64


def test_fewer_records_than_a_snapshot_names_are_refused(tmp_path: Path) -> None:
    archive = KeyedRecords(tmp_path, ARCHIVED)
    archive.append(records(key(1)))
    with pytest.raises(ValueError, match="expected at least 2 records, was 1"):
        archive.restore(2, records())
    with pytest.raises(ValueError, match="Expected 2 records of archived trades, was 1"):
        MemoryArchive().restore(2, records(key(1)))


def test_records_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expected records of 64 bytes, was 8"):
        KeyedRecords(tmp_path, np.dtype("<i8"))
