"""The archive of settled trades, in memory and on disk: found by half an identity, told by the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.archive import ARCHIVED, Archived, MemoryArchive, TradeArchive, holds, rows_of
from novate.journal.rows import RowArchive


@pytest.fixture(params=["memory", "disk"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TradeArchive]:
    if request.param == "memory":
        yield MemoryArchive()
        return
    disk = RowArchive(tmp_path / "archive", ARCHIVED, "half")
    yield disk
    disk.close()


def identity(half: int, other: int = 0) -> bytes:
    return half.to_bytes(8, "little", signed=True) + other.to_bytes(8, "little")


def rows(*names: bytes, note: int = 0) -> Archived:
    made = np.zeros(len(names), ARCHIVED)
    for place, name in enumerate(names):
        half, other = np.frombuffer(name, np.int64).tolist()
        made[place] = (half, other, 1 + place, bytes([note]))
    return made


def column(*names: bytes) -> npt.NDArray[np.void]:
    return np.frombuffer(b"".join(names), "V16")


def test_rows_of_a_trade_are_read_in_the_order_in_which_they_came(archive: TradeArchive) -> None:
    archive.append(rows(identity(7), identity(7), identity(3)))
    archive.append(rows(identity(-9)))
    archive.append(rows(identity(7), note=2))
    found = rows_of(archive, identity(7))
    assert len(archive) == 5
    assert found["kind"].tolist() == [1, 2, 1]
    assert [one.tobytes()[0] for one in found["rest"]] == [0, 0, 2]
    assert rows_of(archive, identity(-9))["kind"].tolist() == [1]
    assert not len(rows_of(archive, identity(4)))


def test_a_column_of_identities_is_answered_at_once(archive: TradeArchive) -> None:
    assert holds(archive, column(identity(1))).tolist() == [False]
    archive.append(rows(identity(7), identity(3)))
    archive.append(rows(identity(1)))
    wanted = column(*(identity(name) for name in (1, 2, 3, 7, 8)))
    assert holds(archive, wanted).tolist() == [True, False, True, True, False]


def test_identities_with_one_first_half_are_told_apart(archive: TradeArchive) -> None:
    archive.append(rows(identity(5, 1), identity(5, 2)))
    archive.append(rows(identity(5, 3)))
    assert holds(archive, column(identity(5, 3), identity(5, 4), identity(5, 1))).tolist() == [
        True, False, True,
    ]  # fmt: skip
    assert rows_of(archive, identity(5, 2))["kind"].tolist() == [2]
    assert not len(rows_of(archive, identity(5, 4)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(1, 20), max_size=8), max_size=12), st.integers(0, 12))
def test_both_archives_answer_alike_also_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[int]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    memory, disk = MemoryArchive(), RowArchive(folder, ARCHIVED, "half")
    for place, names in enumerate(blocks):
        block = rows(*(identity(1 + name % 3, name) for name in sorted(names)))
        if place < cut:
            memory.append(block)
        disk.append(block)
    disk.close()
    disk = RowArchive(folder, ARCHIVED, "half")
    disk.cut(len(memory))
    wanted = [identity(1 + name % 3, name) for name in range(1, 22)]
    assert holds(disk, column(*wanted)).tolist() == holds(memory, column(*wanted)).tolist()
    for one in wanted:
        assert rows_of(disk, one).tobytes() == rows_of(memory, one).tobytes()
    disk.close()


def test_fewer_rows_than_are_asked_for_are_refused(archive: TradeArchive) -> None:
    archive.append(rows(identity(1)))
    with pytest.raises(ValueError, match=r"xpected .*at least 2 rows.*, was 1"):
        archive.cut(2)
    archive.cut(0)
    assert not len(rows_of(archive, identity(1)))
