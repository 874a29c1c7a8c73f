"""Where the concrete things meet: configuration, journal, venue and clearing become one running plane.

    found_plane(directory, configuration)     a new journal: configuration | credits | sessions | then orders
    open_plane(directory)                     restore_plane, which takes the newest snapshot and compares its
                                              root, then the tail of the journal
    Replay(directory)                         everything from the first record, block by block
    Replica(directory)                        a second venue that follows a journal while it is written

The order of every step is: journal (durable), apply, tell. A record of kind CONFIGURATION carries a piece of
the canonical configuration; together they are the first records of a journal, so that nothing beside it is
needed to replay it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from time import perf_counter_ns
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from novate.app.configuration_pieces import configuration_pieces, journaled_configuration
from novate.app.durations import Durations
from novate.app.problems import RefusedError
from novate.app.schedules import opening_schedule
from novate.domain.codes import CommandKind
from novate.domain.configuration import Configuration
from novate.domain.machine import apply_all
from novate.domain.records import COMMAND, EVENT, Commands, Events, is_timed, joined, new_events
from novate.domain.resolve import opening_credit, venue_terms
from novate.journal import Journal
from novate.journal.tail import Tail
from novate.venue.machine import Venue, warm_up

BATCH = 4096
EVENT_BUFFER = 65_536
CAUGHT_UP_AT_ONCE = 4_096
"""Commands that are applied together when a journal is replayed, where its blocks are smaller."""

__all__ = [
    "BATCH",
    "Batch",
    "Plane",
    "Replay",
    "Replica",
    "found_or_restore",
    "found_plane",
    "journal_directory",
    "open_plane",
    "opening_records",
    "restore_plane",
    "venue_configuration",
    "warm_up",
]


class VenueWatcher(Protocol):
    """Who is told what a venue does."""

    def begin(self, trades: int) -> None:
        """Telling begins with a venue that has done so many trades."""

    def take(self, events: Events) -> None:
        """Events of whole commands, in order, which are in the journal."""


class Plane:
    """The execution plane: every command goes to the journal before the venue sees it."""

    def __init__(
        self, configuration: Configuration, journal: Journal, watcher: VenueWatcher | None = None
    ) -> None:
        self.configuration = configuration
        self.journal = journal
        self.venue = Venue(venue_terms(configuration))
        self._watcher = watcher
        self._now = 0
        self._buffer = new_events(EVENT_BUFFER)
        self.journal_times = Durations()
        """How long `take` has waited for the journal, and below for the venue."""
        self.venue_times = Durations()

    def take(self, commands: Commands, now: int | None = None) -> Events:
        """Make a batch durable, apply it, return all its events.

        `now` is the batch's time where the caller knows it; otherwise it is read from the commands.
        """
        if now is None:
            now = int(commands["time"][is_timed(commands)].max(initial=self._now))
        self._now = max(self._now, now)
        began = perf_counter_ns()
        self.journal.append(commands, self._now)
        durable = perf_counter_ns()
        events = self.apply(commands)
        self.journal_times.note(durable - began)
        self.venue_times.note(perf_counter_ns() - durable)
        return events

    def apply(self, commands: Commands) -> Events:
        """Apply records that are in the journal already; returns their events as one array."""
        blocks = apply_all(self.venue, commands, self._buffer)
        events = blocks[0] if len(blocks) == 1 else joined(blocks, EVENT)
        if self._watcher is not None:
            self._watcher.take(events)
        return events

    def begin(self) -> None:
        """The watcher is told from the present state on."""
        if self._watcher is not None:
            self._watcher.begin(self.venue.trades)

    def catch_up(self) -> Iterator[tuple[Commands, Events]]:
        """Apply what the journal has and the venue has not: batches with their events."""
        for records, now in self.journal.batches(self.venue.sequence + 1, CAUGHT_UP_AT_ONCE):
            self._now = max(self._now, now)
            yield records, self.apply(records)

    def snapshot(self) -> tuple[int, bytes]:
        """Keep the state as it is now; returns its sequence and root."""
        sequence = self.venue.sequence
        self.journal.snapshots.write(sequence, self.venue)
        return sequence, self.venue.state_root()

    def close(self) -> None:
        """Flush the journal and release its lock."""
        self.journal.close()


def found_plane(
    directory: Path,
    configuration: Configuration,
    watcher: VenueWatcher | None = None,
    durability: str = "always",
) -> Plane:
    """A plane with a new, empty journal; `opening_records` are what it must be given first."""
    journal = Journal.create(directory, durability=durability)
    try:
        plane = Plane(configuration, journal, watcher)
        plane.begin()
        return plane
    except BaseException:
        journal.close()
        raise


def found_or_restore(
    directory: Path,
    configuration: Configuration,
    watcher: VenueWatcher | None = None,
    durability: str = "always",
) -> tuple[Plane, bool]:
    """(plane, whether it is new): founded with its opening records, or as its newest snapshot has it.

    A journal that was created and never written to counts as new: its founder died before the first record.
    """
    if not any(directory.glob("segment-*[0-9]")):
        plane = found_plane(directory, configuration, watcher, durability)
    else:
        journal = Journal.open(directory)
        if journal.last_sequence:
            journal.close()
            return restore_plane(directory, watcher), False
        plane = Plane(configuration, journal, watcher)
        plane.begin()
    try:
        # In one piece: a journal holds the whole configuration and every credit, or nothing at all.
        plane.take(opening_records(configuration))
    except BaseException:
        plane.close()
        raise
    return plane, True


def opening_records(configuration: Configuration) -> Commands:
    """Everything that stands in a journal before the first order."""
    pieces = configuration_pieces(configuration, CommandKind.CONFIGURATION).view(COMMAND)
    return np.concatenate([pieces, opening_credit(configuration), opening_schedule(configuration)])


def open_plane(directory: Path, watcher: VenueWatcher | None = None, from_start: bool = False) -> Plane:
    """A plane as it stood when its last command was acknowledged, ready to go on.

    The newest whole snapshot is restored, its root is compared with the one in its name, the tail of the
    journal is applied, and the watcher is told its events; from the first record with `from_start`. Raises
    RefusedError if the state is not the one that was snapshotted.
    """
    plane = restore_plane(directory, watcher, from_start)
    try:
        for _ in plane.catch_up():
            pass
    except BaseException:
        plane.close()
        raise
    return plane


def restore_plane(directory: Path, watcher: VenueWatcher | None = None, from_start: bool = False) -> Plane:
    """A plane as its newest whole snapshot has it, or empty with `from_start`.

    `catch_up` applies what the journal has behind it.
    """
    journal = Journal.open(journal_directory(directory))
    try:
        configuration, _ = journaled_configuration(journal, CommandKind.CONFIGURATION)
        plane = Plane(configuration, journal, watcher)
        newest = None if from_start else journal.snapshots.newest()
        if newest is not None:
            sequence, root, stored = newest
            plane.venue.restore(stored)
            _expect_root(plane.venue, sequence, root)
        plane.begin()
        return plane
    except BaseException:
        journal.close()
        raise


def _expect_root(venue: Venue, sequence: int, root: bytes) -> None:
    found = venue.state_root()
    if venue.sequence != sequence or found != root:
        raise RefusedError(
            f"snapshot at sequence {sequence}: expected state root {root.hex()}, "
            f"was {found.hex()} at sequence {venue.sequence}"
        )


def venue_configuration(directory: Path) -> Configuration:
    """What a venue was founded on, as its journal says, which somebody else may be writing."""
    with Journal.open(directory, read_only=True) as journal:
        return journaled_configuration(journal, CommandKind.CONFIGURATION)[0]


class RestoredSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot: the state root that its name promises, and the one that it restores to."""

    path: Path
    sequence: int
    named_root: str
    found_root: str


class Replay:
    """A venue that is built again from a journal's first record on; the journal is only read."""

    def __init__(self, directory: Path) -> None:
        self.journal = Journal.open(journal_directory(directory), read_only=True)
        self.configuration, self.configuration_records = journaled_configuration(
            self.journal, CommandKind.CONFIGURATION
        )
        self.venue = Venue(venue_terms(self.configuration))
        self.events = 0
        self._buffer = new_events(EVENT_BUFFER)

    def blocks(self, until: int | None = None) -> Iterator[tuple[int, Commands, Iterator[Events]]]:
        """(first sequence, commands, their events) block by block, through sequence `until`.

        The event blocks are views of one buffer: each is gone when the next one is asked for, and all of
        them must be taken before the next block of commands.
        """
        for first_sequence, records in self.journal.read():
            if until is not None and first_sequence > until:
                return
            rest = records if until is None else records[: until - first_sequence + 1]
            yield first_sequence, rest, self._events(rest)

    def batches(self, stops: Sequence[int] = ()) -> Iterator[tuple[int, Commands, Events]]:
        """(first sequence, commands, all their events): a batch ends wherever `stops` names a sequence."""
        for first_sequence, records in self.journal.read():
            ends = [
                stop - first_sequence + 1 for stop in stops if 0 <= stop - first_sequence < len(records) - 1
            ]
            for start, end in pairwise([0, *sorted(ends), len(records)]):
                part = records[start:end]
                blocks = [block.copy() for block in self._events(part)]
                yield first_sequence + start, part, joined(blocks, EVENT)

    def restored_snapshots(self) -> Iterator[RestoredSnapshot]:
        """Each snapshot of the journal, restored into a venue of its own. Raises SnapshotCorrupt."""
        for name in self.journal.snapshots.all():
            venue = Venue(venue_terms(self.configuration))
            venue.restore(self.journal.snapshots.load(name))
            venue.validate()
            yield RestoredSnapshot(
                path=name.path,
                sequence=name.sequence,
                named_root=name.state_root.hex(),
                found_root=venue.state_root().hex(),
            )

    def _events(self, rest: Commands) -> Iterator[Events]:
        while len(rest):
            written = self.venue.apply(rest, self._buffer)
            self.events += written
            yield self._buffer[:written]
            rest = rest[self.venue.consumed :]


class Batch(NamedTuple):
    """Commands of whole journal blocks and all their events."""

    first_sequence: int
    commands: Commands
    events: Events
    root: bytes
    """Hash of the last of the blocks."""

    @property
    def last_sequence(self) -> int:
        """Sequence of the last command."""
        return self.first_sequence + len(self.commands) - 1


class Replica(Replay):
    """A venue that applies what another process writes into its journal, block by block."""

    def begin(self, sequence: int) -> None:
        """Stand at `sequence`, or before it where no snapshot is so new; to be called once, first.

        Raises JournalError for a damaged snapshot, RefusedError for one of another state.
        """
        for name in reversed(self.journal.snapshots.all()):
            if name.sequence <= sequence:
                self.venue.restore(self.journal.snapshots.load(name))
                _expect_root(self.venue, name.sequence, name.state_root)
                break
        self._stop = sequence
        self._tail = Tail(self.journal.directory, max(1, self.venue.sequence))

    def advance(self, whole: bool = False) -> Iterator[Batch]:
        """What is durable and was not applied yet; with `whole` the last block too, for nobody writes.

        A batch ends with the sequence at which to begin was asked for, if there is such a block; it may be
        empty then.
        """
        while blocks := self._tail.read(whole):
            known = sum(block.last_sequence <= self._stop for block in blocks)
            for part in (blocks[:known], blocks[known:]):
                if part:
                    first = self.venue.sequence + 1
                    payloads = [block.payload.view(COMMAND) for block in part]
                    commands = joined(payloads, COMMAND)[first - part[0].first_sequence :]
                    events = [block.copy() for block in self._events(commands)]
                    yield Batch(first, commands, joined(events, EVENT), part[-1].hash)


def journal_directory(directory: Path) -> Path:
    """The journal inside the directory of a run or of a node, or the directory itself if it is one."""
    for inside in (directory / "journal", directory / "venue" / "journal"):
        if inside.is_dir():
            return inside
    return directory
