"""A disk that is full or fails: nothing is acknowledged that is not there, and nothing is tried twice."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from novate.journal import Journal, JournalError
from tests.faults.journal.disks import FailingDisk, ShortWritingDisk, UnhurriedDisk
from tests.unit.journal.samples import SMALL, assert_is_beginning, commands, fill
from tests.unit.journal.test_snapshots import Counter

BATCHES = [5, 30, 1, 60, 7, 7, 200, 2]
KINDS = ("pwrite", "reserve", "fdatasync", "fsync_directory", "rename", "open")


def run_into(disk: FailingDisk, place: Path) -> tuple[int, JournalError | None]:
    """Create and fill a journal on the disk: the last acknowledged sequence, and what ended it."""
    acknowledged = 0
    try:
        with Journal.create(place, segment_bytes=SMALL, disk=disk) as journal:
            for count in BATCHES:
                acknowledged = journal.append(commands(count, acknowledged + 1))
    except JournalError as error:
        return acknowledged, error
    return acknowledged, None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_failure_at_any_operation_loses_nothing_that_was_acknowledged(
    quick_path: Path, kind: str, error: int
) -> None:
    counting = FailingDisk(error, kind)
    total, failure = run_into(counting, quick_path / "whole")
    assert (total, failure) == (sum(BATCHES), None)
    for successes in range(counting.seen):
        place = quick_path / str(successes)
        disk = FailingDisk(error, kind)
        disk.fail_after(successes)
        acknowledged, failure = run_into(disk, place)
        assert failure is not None
        assert "No space left" in str(failure) or "Input/output error" in str(failure)
        try:
            journal = Journal.open(place, disk=UnhurriedDisk())
        except JournalError:
            assert acknowledged == 0
            journal = Journal.create(place, segment_bytes=SMALL, disk=UnhurriedDisk())
        with journal:
            assert journal.last_sequence >= acknowledged
            assert_is_beginning(journal)
            fill(journal, [3])


@pytest.mark.parametrize("kind", ["pwrite", "fdatasync"])
def test_a_failed_append_stops_the_writer_and_nothing_is_retried(quick_path: Path, kind: str) -> None:
    disk = FailingDisk(errno.EIO, kind)
    journal = Journal.create(quick_path / "j", segment_bytes=SMALL, disk=disk)
    fill(journal, [4])
    witness = (quick_path / "j" / "witness").read_bytes()
    disk.fail_after(0)
    with pytest.raises(JournalError, match=r"sequence 5: .* nothing of it is acknowledged") as failure:
        journal.append(commands(2, 5))
    assert isinstance(failure.value.__cause__, OSError)
    seen = disk.seen
    disk.successes = 1 << 60
    for _ in range(3):
        with pytest.raises(JournalError, match="stopped since append failed at"):
            journal.append(commands(2, 5))
    with pytest.raises(JournalError, match="stopped since append failed at"):
        journal.flush()
    with pytest.raises(JournalError, match="stopped since append failed at"):
        journal.snapshots.write(4, Counter())
    assert journal.last_sequence == 4
    journal.close()
    assert disk.seen == seen
    assert (quick_path / "j" / "witness").read_bytes() == witness


def test_a_disk_that_is_full_for_the_next_segment_says_so_before_any_write(quick_path: Path) -> None:
    disk = FailingDisk(errno.ENOSPC, "reserve")
    with Journal.create(quick_path / "j", segment_bytes=SMALL, disk=disk) as journal:
        fill(journal, [50])
        disk.fail_after(0)
        with pytest.raises(JournalError, match="No space left on device"):
            journal.append(commands(50, 51))
    assert not list((quick_path / "j").glob("*.partial"))
    with Journal.open(quick_path / "j") as journal:
        assert journal.last_sequence == 50
        assert_is_beginning(journal)


def test_writes_that_take_only_a_part_are_continued(quick_path: Path) -> None:
    digests = []
    for name, disk in (("short", ShortWritingDisk()), ("whole", None)):
        with Journal.create(quick_path / name, segment_bytes=SMALL, disk=disk, identity=bytes(16)) as journal:
            fill(journal, BATCHES)
            assert_is_beginning(journal)
        files = sorted((quick_path / name).glob("segment-*"))
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1]


def test_a_disk_that_fills_up_in_the_middle_of_a_block_leaves_a_torn_tail(quick_path: Path) -> None:
    for spare in range(1, 1536, 37):
        place = quick_path / str(spare)
        disk = ShortWritingDisk()
        with Journal.create(place, segment_bytes=SMALL, disk=disk) as journal:
            fill(journal, [4])
            disk.full_after = disk.written + spare
            with pytest.raises(JournalError, match="No space left on device"):
                journal.append(commands(20, 5))
            assert journal.last_sequence == 4
        with Journal.open(place, disk=UnhurriedDisk()) as journal:
            assert journal.recovery.cut_bytes > 0
            assert journal.last_sequence == 4
            fill(journal, [20])
            assert_is_beginning(journal)


def test_a_failed_snapshot_does_not_stop_the_journal(quick_path: Path) -> None:
    disk = FailingDisk(errno.ENOSPC, "pwrite")
    with Journal.create(quick_path / "j", segment_bytes=SMALL, disk=disk) as journal:
        fill(journal, [4])
        journal.flush()
        disk.fail_after(2)
        with pytest.raises(JournalError, match=r"expected to write a snapshot, was: .* No space left"):
            journal.snapshots.write(4, Counter())
        disk.successes = 1 << 60
        assert journal.snapshots.all() == []
        assert not list((quick_path / "j").glob("*.partial"))
        fill(journal, [2])
        assert_is_beginning(journal)


def test_a_failed_flush_while_opening_is_an_error(quick_path: Path) -> None:
    with Journal.create(quick_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, [4])
    disk = FailingDisk(errno.EIO, "fdatasync")
    disk.fail_after(0)
    with pytest.raises(JournalError, match=r"expected to open a journal, was: .*Input/output error"):
        Journal.open(quick_path / "j", disk=disk)
    with Journal.open(quick_path / "j") as journal:
        assert journal.last_sequence == 4


def test_a_full_disk_in_the_background_stops_the_writer_when_it_needs_the_room(tmp_path: Path) -> None:
    disk = FailingDisk(errno.ENOSPC, "reserve")
    with Journal.create(tmp_path / "j", segment_bytes=4 << 20, disk=disk) as journal:
        disk.fail_after(0)
        fill(journal, [9000] * 7)
        with pytest.raises(JournalError, match="No space left on device"):
            journal.append(commands(9000, 63001))
        assert journal.last_sequence == 63000
    with Journal.open(tmp_path / "j") as journal:
        assert_is_beginning(journal)
