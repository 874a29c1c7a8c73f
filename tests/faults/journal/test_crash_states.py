"""Power lost in front of every single operation, and every legal state of the disk after it.

    a journal's life --> crash at operation n --> states: unflushed sectors and names there or not
                                                    --> open each: acknowledged => present

Operations are counted by `CrashingDisk`; what a flush has not covered may be there, gone, or there in any
subset of its 512-byte sectors.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from novate.journal import Journal, JournalError
from tests.faults.journal.disks import Crash, CrashingDisk, UnhurriedDisk, crash_states
from tests.unit.journal.samples import IDENTITY, SMALL, assert_is_beginning, fill
from tests.unit.journal.test_snapshots import Counter

BATCHES = [3, 20, 30, 1, 1]
"""Blocks of 1, 3 and 4 sectors and two of one: the third begins a second segment."""


def live(disk: CrashingDisk, place: Path, durability: str, acknowledged: list[int]) -> None:
    """The life of a journal: created, filled over two segments, a snapshot, closed, opened, filled."""
    with Journal.create(
        place, segment_bytes=SMALL, durability=durability, disk=disk, identity=IDENTITY
    ) as journal:
        for count in BATCHES:
            last = fill(journal, [count])[0][0]
            if durability == "always":
                acknowledged.append(last)
        journal.snapshots.write(50, Counter())
        acknowledged.append(last)
    with Journal.open(place, disk=disk) as journal:
        fill(journal, [4])
        if durability == "always":
            acknowledged.append(59)


def roots_of(quick_path: Path) -> dict[int, bytes]:
    """Root after each batch, from an undisturbed life."""
    roots = {0: bytes(32)}
    with Journal.create(quick_path / "undisturbed", segment_bytes=SMALL) as journal:
        roots.update(fill(journal, [*BATCHES, 4]))
    return roots


def assert_survives(place: Path, acknowledged: list[int], roots: dict[int, bytes], state: str) -> None:
    try:
        journal = Journal.open(place, disk=UnhurriedDisk())
    except JournalError as error:
        # Only a journal whose creation never returned may fail to open; it can then be created anew.
        if acknowledged:
            raise AssertionError(state) from error
        journal = Journal.create(place, segment_bytes=SMALL, disk=UnhurriedDisk())
    with journal:
        assert journal.last_sequence >= max(acknowledged, default=0), state
        assert journal.root == roots[journal.last_sequence], state
        assert_is_beginning(journal)
        snapshot = journal.snapshots.newest()
        assert snapshot is None or snapshot[0] == 50
        assert journal.snapshots.refusals == (), state
        fill(journal, [2])
    with Journal.open(place, read_only=True) as journal:
        assert_is_beginning(journal)


@pytest.mark.parametrize("durability", ["always", "none"])
def test_what_was_acknowledged_survives_a_crash_at_any_operation(quick_path: Path, durability: str) -> None:
    roots = roots_of(quick_path)
    undisturbed = CrashingDisk(1 << 60)
    live(undisturbed, quick_path / "whole", durability, [])
    random = Random(11)
    states = 0
    for crash_at in range(undisturbed.operations):
        place = quick_path / f"crash-{crash_at}"
        disk = CrashingDisk(crash_at)
        acknowledged: list[int] = []
        with pytest.raises(Crash):
            live(disk, place, durability, acknowledged)
        disk.abandon()
        for state in crash_states(disk, place, quick_path / "state", random):
            assert_survives(quick_path / "state", acknowledged, roots, state)
            states += 1
    assert states > 4 * undisturbed.operations


def test_what_an_opening_shows_is_durable_even_if_its_writer_had_not_flushed(quick_path: Path) -> None:
    disk = CrashingDisk(1 << 60)
    killed = Journal.create(quick_path / "j", segment_bytes=SMALL, durability="none", disk=disk)
    fill(killed, [5, 6])
    unflushed = {change.path.name for change in disk.writes}
    disk.abandon()
    assert f"segment-{1:020d}" in unflushed
    with Journal.open(quick_path / "j", disk=disk) as journal:
        assert journal.last_sequence == 11
        assert f"segment-{1:020d}" not in {change.path.name for change in disk.writes}
