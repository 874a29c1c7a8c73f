"""Rows on disk that are found by a key: like rows in memory, through restarts, cuts and damage."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from novate.clearing.ledger.archive import Archive, MemoryArchive
from novate.clearing.ledger.layout import ARCHIVED
from novate.journal.disk import Disk
from novate.journal.errors import JournalCorrupt, JournalLocked, JournalVersionError
from novate.journal.rows import CHECK_BYTES, HEADER_BYTES, RowArchive, Rows

STRIDE = ARCHIVED.itemsize + CHECK_BYTES


def opened(directory: Path, disk: Disk | None = None) -> RowArchive:
    return RowArchive(directory, ARCHIVED, "id", disk)


@pytest.fixture(params=["memory", "disk"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    """Every archive that a ledger can be given."""
    if request.param == "memory":
        yield MemoryArchive()
        return
    found = opened(tmp_path / "archive")
    yield found
    found.close()


def rows_of(*numbers: int) -> Rows:
    """Rows with these ids; the other fields follow from the id."""
    found = np.zeros(len(numbers), ARCHIVED)
    found["id"] = numbers
    found["amount"], found["user_ref"] = found["id"] * 7, -found["id"]
    found["flags"] = found["id"] % 3
    return found


def ids(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, np.int64)


def test_what_was_appended_is_found_by_id_and_read_by_seq(archive: Archive) -> None:
    archive.append(rows_of(50, 10, 40))
    archive.append(rows_of(20, 2**63 - 2))
    assert len(archive) == 5
    assert archive.find(ids(20, 10, 11, 2**63 - 2, 50, 1)).tolist() == [4, 2, 0, 5, 1, 0]
    assert archive.read(ids(5, 1, 1)).tobytes() == rows_of(2**63 - 2, 50, 50).tobytes()
    assert archive.find(ids()).tolist() == []
    assert len(archive.read(ids())) == 0


def test_a_cut_forgets_and_the_ids_can_come_again(archive: Archive) -> None:
    archive.append(rows_of(1, 2, 3))
    archive.append(rows_of(4, 5))
    archive.cut(2)
    assert [len(archive), *archive.find(ids(1, 2, 3, 4)).tolist()] == [2, 1, 2, 0, 0]
    archive.append(rows_of(5, 3))
    assert archive.find(ids(3, 5)).tolist() == [4, 3]
    assert archive.read(ids(3, 4)).tobytes() == rows_of(5, 3).tobytes()
    archive.cut(4)
    with pytest.raises(ValueError, match="at least 5"):
        archive.cut(5)
    archive.cut(0)
    assert archive.find(ids(1, 5)).tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(6))
def test_rows_on_disk_are_those_in_memory(seed: int, tmp_path: Path) -> None:
    """Appends of any size, cuts, and a new process now and then."""
    r, memory, disk = Random(seed), MemoryArchive(), opened(tmp_path / "a")
    numbers = r.sample(range(1, 100_000), 6_000)
    for _ in range(40):
        kind = r.random()
        if kind < 0.15:
            rows = r.randint(0, len(memory))
            memory.cut(rows)
            disk.cut(rows)
        elif kind < 0.35:
            disk.close()
            disk = opened(tmp_path / "a")
        else:
            known = set(memory.read(np.arange(1, len(memory) + 1))["id"].tolist())
            more = [one for one in r.sample(numbers, r.choice([1, 3, 50, 400])) if one not in known]
            memory.append(rows_of(*more))
            disk.append(rows_of(*more))
        asked = np.array(r.sample(numbers, 200), np.int64)
        seqs = disk.find(asked)
        assert seqs.tolist() == memory.find(asked).tolist()
        assert disk.read(seqs[seqs != 0]).tobytes() == memory.read(seqs[seqs != 0]).tobytes()
        assert len(disk) == len(memory)
    disk.close()


def test_runs_stay_few(tmp_path: Path) -> None:
    disk = opened(tmp_path)
    for number in range(200):
        disk.append(rows_of(*range(1 + 5 * number, 6 + 5 * number)))
    assert len([*tmp_path.glob("run-*")]) <= 10
    assert disk.find(np.arange(1, 1001)).tolist() == [*range(1, 1001)]
    disk.close()


def test_an_incomplete_row_at_the_end_is_cut_off(tmp_path: Path) -> None:
    disk = opened(tmp_path)
    disk.append(rows_of(1, 2))
    disk.close()
    with (tmp_path / "rows").open("ab") as file:
        file.write(b"x" * (STRIDE - 1))
    disk = opened(tmp_path)
    assert len(disk) == 2
    disk.append(rows_of(3))
    assert disk.read(ids(3))["id"].tolist() == [3]
    disk.close()


@pytest.mark.parametrize("byte", [0, 20, STRIDE - 1])
def test_a_damaged_row_is_refused_with_its_place(byte: int, tmp_path: Path) -> None:
    disk = opened(tmp_path)
    disk.append(rows_of(1, 2, 3))
    disk.close()
    damage(tmp_path / "rows", HEADER_BYTES + STRIDE + byte)
    disk = opened(tmp_path)
    assert disk.read(ids(1, 3))["id"].tolist() == [1, 3]
    with pytest.raises(
        JournalCorrupt, match=rf"rows: offset {HEADER_BYTES + STRIDE}: sequence 2: expected a check"
    ):
        disk.read(ids(1, 2))
    disk.close()


def test_rows_that_changed_places_are_refused(tmp_path: Path) -> None:
    disk = opened(tmp_path)
    disk.append(rows_of(1, 2))
    disk.close()
    raw = (tmp_path / "rows").read_bytes()
    first, second = raw[HEADER_BYTES : HEADER_BYTES + STRIDE], raw[HEADER_BYTES + STRIDE :]
    (tmp_path / "rows").write_bytes(raw[:HEADER_BYTES] + second + first)
    disk = opened(tmp_path)
    with pytest.raises(JournalCorrupt, match="sequence 1"):
        disk.read(ids(1))
    disk.close()


@pytest.mark.parametrize("harm", ["damaged", "short", "missing", "left over"])
def test_runs_are_made_again_from_the_rows(harm: str, tmp_path: Path) -> None:
    disk = opened(tmp_path)
    disk.append(rows_of(*range(100, 0, -1)))
    disk.append(rows_of(500))
    disk.close()
    large, small = sorted(tmp_path.glob("run-*"))
    if harm == "damaged":
        damage(large, HEADER_BYTES + 9)
    elif harm == "short":
        large.write_bytes(large.read_bytes()[:-16])
    elif harm == "missing":
        small.unlink()
    else:
        (tmp_path / f"run-{1:020}-{3:020}").write_bytes(large.read_bytes())
        (tmp_path / "run-x.partial").write_bytes(b"")
    disk = opened(tmp_path)
    assert disk.find(ids(100, 1, 500, 7, 101)).tolist() == [1, 100, 101, 94, 0]
    disk.close()


def damage(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x40
    path.write_bytes(bytes(raw))


@pytest.mark.parametrize(
    ("at", "fault", "message"),
    [
        (0, JournalCorrupt, "rows: offset 0: sequence 0: expected magic"),
        (8, JournalVersionError, "expected version 1, was 65"),
        (12, JournalCorrupt, "expected rows of 56 bytes, was 120 bytes"),
    ],
)
def test_a_header_of_something_else_is_refused(
    at: int, fault: type[Exception], message: str, tmp_path: Path
) -> None:
    opened(tmp_path).close()
    damage(tmp_path / "rows", at)
    with pytest.raises(fault, match=message):
        opened(tmp_path)


def test_types_that_cannot_be_kept_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expected rows of a multiple of 8 bytes"):
        RowArchive(tmp_path, np.dtype([("id", "<i8"), ("x", "<i4")]), "id")
    disk = opened(tmp_path)
    with pytest.raises(ValueError, match="Expected a column of"):
        disk.append(np.zeros(1, np.dtype([("id", "<i8")])))
    with pytest.raises(ValueError, match="Expected places from 1 to 0, was 1 to 1"):
        disk.read(ids(1))
    disk.close()


class FailingDisk(Disk):
    """A disk whose next flush fails."""

    def fdatasync(self, fd: int) -> None:
        raise OSError("no space")


def test_what_could_not_be_flushed_was_not_appended(tmp_path: Path) -> None:
    disk = opened(tmp_path)
    disk.append(rows_of(1))
    disk.close()
    failing = opened(tmp_path, FailingDisk())
    with pytest.raises(OSError, match="no space"):
        failing.append(rows_of(2))
    assert len(failing) == 1
    failing.close()


def try_to_open(directory: str, answers: multiprocessing.Queue[str]) -> None:
    try:
        opened(Path(directory))
    except JournalLocked as fault:
        answers.put(str(fault))


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    disk, context = opened(tmp_path), multiprocessing.get_context("spawn")
    answers = context.Queue()
    other = context.Process(target=try_to_open, args=(str(tmp_path), answers))
    other.start()
    assert "expected to be the only writer" in answers.get(timeout=60)
    other.join()
    disk.close()
