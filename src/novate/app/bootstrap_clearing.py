"""Where the settlement plane is wired: a clearing house, its journal, and what they are founded on.

    found_clearing(directory, configuration)    a new journal that begins with the configuration
    open_clearing(directory)                    newest snapshot, then the tail of the journal, then the root
    plane.take(records)                         journal (durable), apply, tell
    plane.roll(records)                         the same, and a snapshot of the state before it
    clearing_from(directory, date, watch)       the house as it was before a date, and what followed

The records of `novate.domain.clearing_records` are journaled as they are. In front stand CONFIGURATION
records, so that nothing beside the journal is needed to replay it. Transfers of days that are over lie in
`archive` beside its segments (L30): the snapshots need it, the journal brings it again. Who must know what
happened on a date watches: a plane tells its watcher everything that it applies, also what it replays.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from novate.app.configuration_pieces import configuration_pieces, journaled_configuration
from novate.app.problems import RefusedError
from novate.clearing.configured import house_terms_of
from novate.clearing.ledger.layout import ARCHIVED
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.clearing_records import (
    CLEARING_COMMAND,
    CLEARING_EVENT,
    RECORD_BYTES,
    Records,
    new_clearing_events,
)
from novate.domain.configuration import Configuration
from novate.domain.machine import SnapshotReader
from novate.journal import DEFAULT_SEGMENT_BYTES, MOST_SEGMENT_BYTES, Journal, SnapshotCorrupt
from novate.journal.row_replay import RowReplay
from novate.journal.rows import RowArchive

ARCHIVE = "archive"
BATCH = 4096
EVENT_BUFFER = 65_536
SEGMENT_STEP = 1 << 20
"""Segments larger than usual are whole mebibytes, one of them for headers."""
Stored = tuple[int, bytes, SnapshotReader]
"""A snapshot: sequence, state root, arrays."""


class Watcher(Protocol):
    """Who is told what a house does."""

    def begin(self, house: Clearing, is_founding: bool) -> None:
        """Telling begins with the house as it is: just founded, or restored in the middle of its life."""

    def before_roll(self, house: Clearing) -> None:
        """A ROLL comes next."""

    def take(self, events: Records) -> None:
        """Events of whole commands, in order."""


class ClearingPlane:
    """A clearing house behind its journal: every command is durable before the house sees it."""

    def __init__(
        self,
        configuration: Configuration,
        journal: Journal,
        directory: Path,
        watcher: Watcher | None = None,
        read_only: bool = False,
    ) -> None:
        """A house that has seen nothing. `directory` is the journal's; the archive is opened in it, or, with
        `read_only`, looked at."""
        self.configuration = configuration
        self.journal = journal
        self.terms = house_terms_of(configuration)
        self._archive: RowArchive | None = None
        self._directory = directory
        if read_only:
            self.forget()
        else:
            self._archive = RowArchive(directory / ARCHIVE, ARCHIVED, "id")
            self.house = Clearing(self.terms, self._archive)
        self._buffer = new_clearing_events(EVENT_BUFFER)
        self._watcher = watcher

    @property
    def sequence(self) -> int:
        """Sequence of the last record of the journal, which the house has taken."""
        return self.journal.last_sequence

    def take(self, commands: Records) -> Records:
        """Make a batch durable, apply it, return all its events."""
        self.journal.append(commands)
        return self.apply(commands)

    def roll(self, commands: Records) -> Records:
        """As `take`, with a snapshot of the state before: opening again, or telling a date again, then
        begins where the date begins."""
        before = self.sequence
        self.journal.append(commands)
        self.journal.snapshots.write(before, self.house)
        return self.apply(commands)

    def apply(self, commands: Records) -> Records:
        """Apply records that are in the journal already; returns their events as one array."""
        if self._watcher is None:
            return apply_all(self.house, commands, self._buffer)
        told = []
        for piece, is_roll in _pieces(commands):
            if is_roll:
                self._watcher.before_roll(self.house)
            told.append(apply_all(self.house, piece, self._buffer))
            self._watcher.take(told[-1])
        return np.concatenate(told) if told else np.zeros(0, CLEARING_EVENT)

    def restore(self, stored: Stored) -> None:
        """Take over a snapshot. Raises RefusedError for one that is not what its name says, or needs more of
        the archive than there is."""
        sequence, root, arrays = stored
        try:
            self.house.restore(arrays)
        except ValueError as fault:
            raise RefusedError(f"snapshot at sequence {sequence}: {fault}") from fault
        found = self.house.state_root()
        if found != root:
            raise RefusedError(
                f"snapshot at sequence {sequence}: expected state root {root.hex()}, was {found.hex()}"
            )

    def forget(self) -> None:
        """A house that has seen nothing again; only of a plane that reads."""
        self.house = Clearing(self.terms, RowReplay(self._directory / ARCHIVE, ARCHIVED, "id"))

    def replay(self, stored: Stored | None, founded: int) -> Iterator[Records]:
        """Apply what the journal has behind a snapshot that was taken over, or behind its `founded` records
        of configuration; yields the events of each block."""
        if self._watcher is not None:
            self._watcher.begin(self.house, stored is None)
        for _, records in blocks_from(self.journal, (founded if stored is None else stored[0]) + 1):
            yield self.apply(records)

    def snapshot(self) -> tuple[int, bytes]:
        """Keep the state as it is now; returns its sequence and root."""
        self.journal.snapshots.write(self.sequence, self.house)
        return self.sequence, self.house.state_root()

    def close(self) -> None:
        """Flush the journal and release its lock, and that of the archive."""
        if self._archive is not None:
            self._archive.close()
        self.journal.close()


def apply_all(house: Clearing, commands: Records, buffer: Records) -> Records:
    """Apply the whole batch with a buffer of any size; returns all its events."""
    blocks = [np.zeros(0, CLEARING_EVENT)]
    while len(commands):
        written = house.apply(commands, buffer)
        blocks.append(buffer[:written].copy())
        commands = commands[house.consumed :]
    return blocks[1] if len(blocks) == 2 else np.concatenate(blocks)


def _pieces(commands: Records) -> Iterator[tuple[Records, bool]]:
    """The batch in pieces, each ROLL one of its own; (piece, is it a ROLL)."""
    start = 0
    for at in np.flatnonzero(commands["kind"] == ClearingCommand.ROLL).tolist():
        if at > start:
            yield commands[start:at], False
        yield commands[at : at + 1], True
        start = at + 1
    if start < len(commands):
        yield commands[start:], False


def found_clearing(
    directory: Path,
    configuration: Configuration,
    watcher: Watcher | None = None,
    largest_batch: int = 0,
) -> ClearingPlane:
    """A plane with a new journal that holds the configuration. JournalError if there is one already.

    A batch of up to `largest_batch` records will be one block, as far as a segment can be so large.
    """
    house_terms_of(configuration)
    wanted = -(-RECORD_BYTES * largest_batch // SEGMENT_STEP) * SEGMENT_STEP + SEGMENT_STEP
    segment_bytes = min(max(wanted, DEFAULT_SEGMENT_BYTES), MOST_SEGMENT_BYTES)
    journal = Journal.create(directory, segment_bytes=segment_bytes)
    try:
        journal.append(configuration_pieces(configuration, ClearingCommand.CONFIGURATION))
        plane = ClearingPlane(configuration, journal, directory, watcher)
        if watcher is not None:
            watcher.begin(plane.house, True)
        return plane
    except BaseException:
        journal.close()
        raise


def open_clearing(directory: Path, watcher: Watcher | None = None, read_only: bool = False) -> ClearingPlane:
    """A plane as it stood when its last command was acknowledged, ready to go on.

    Raises RefusedError if a snapshot does not restore to the root in its name, or the archive has less than
    belongs to it. Read-only takes no locks and changes nothing.
    """
    plane, founded = _opened(directory, watcher, read_only)
    try:
        newest = plane.journal.snapshots.newest()
        if newest is not None:
            plane.restore(newest)
        for _ in plane.replay(newest, founded):
            pass
        return plane
    except BaseException:
        plane.close()
        raise


def clearing_from(directory: Path, date: datetime.date, watcher: Watcher) -> Iterator[ClearingPlane]:
    """A house that lives from before a date on: yielded after each block of the journal, to be looked at
    and left when enough was seen. Reads only. Raises RefusedError as `open_clearing`."""
    plane, founded = _opened(directory, watcher, True)
    try:
        for _ in plane.replay(_restored_before(plane, date), founded):
            yield plane
    finally:
        plane.close()


def _opened(directory: Path, watcher: Watcher | None, read_only: bool) -> tuple[ClearingPlane, int]:
    """A plane that has seen nothing of its journal yet, and how many records of configuration that has."""
    journal = Journal.open(directory, read_only=read_only)
    try:
        configuration, founded = journaled_configuration(journal, ClearingCommand.CONFIGURATION)
        return ClearingPlane(configuration, journal, directory, watcher, read_only), founded
    except BaseException:
        journal.close()
        raise


def _restored_before(plane: ClearingPlane, date: datetime.date) -> Stored | None:
    """The newest whole snapshot of an earlier date, which the house has taken over; None where there is
    none, and the house has seen nothing."""
    snapshots = plane.journal.snapshots
    for name in reversed(snapshots.all()):
        try:
            stored = name.sequence, name.state_root, snapshots.load(name)
        except SnapshotCorrupt:
            continue
        plane.restore(stored)
        if plane.house.today < date.toordinal():
            return stored
    plane.forget()
    return None


def blocks_from(journal: Journal, sequence: int) -> Iterator[tuple[int, Records]]:
    """(first sequence, records) of each block from a sequence on."""
    for first_sequence, records in journal.read(sequence):
        yield first_sequence, records.view(CLEARING_COMMAND)
