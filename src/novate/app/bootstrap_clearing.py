"""Where the settlement plane is wired: a clearing house, its journal, and what they are founded on.

    found_clearing(directory, configuration)    a new journal that begins with the configuration
    open_clearing(directory)                    newest snapshot, then the tail of the journal, then the root
    plane.take(records)                         journal (durable), apply, tell
    plane.roll(records)                         the same, and a snapshot of the state before it
    clearing_from(directory, date, watch)       the house as it was before a date, and what followed
    ClearingReplica(directory)                  a second house that follows a journal while it is written

The records of `novate.domain.clearing_records` are journaled as they are. In front stand CONFIGURATION
records, so that nothing beside the journal is needed to replay it. Transfers of days that are over (L30) and
settled trades lie in `archive` beside its segments: the snapshots need it, the journal brings it again. Who
must know what happened on a date watches: a plane tells its watcher everything that it applies, also what it
replays.
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from novate.app.configuration_pieces import configuration_pieces, journaled_configuration
from novate.app.problems import RefusedError
from novate.clearing.archive import ARCHIVED as TRADES
from novate.clearing.configured import house_terms_of
from novate.clearing.ledger.layout import ARCHIVED as TRANSFERS
from novate.clearing.machine import Clearing
from novate.clearing.saved import day_of_snapshot
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.clearing_records import (
    CLEARING_COMMAND,
    CLEARING_EVENT,
    RECORD_BYTES,
    Records,
)
from novate.domain.configuration import Configuration
from novate.domain.machine import BrokenInvariant, SnapshotReader
from novate.journal import DEFAULT_SEGMENT_BYTES, MOST_SEGMENT_BYTES, Journal, JournalError, SnapshotCorrupt
from novate.journal.rows import RowArchive
from novate.journal.snapshots import SnapshotName
from novate.journal.tail import Tail

ARCHIVE = "archive"
BATCH = 4096
EVENT_BUFFER = 65_536
EVENTS_OF_A_RECORD = 2
"""Of a file of trades, whose names are short: TEXT and TRADE give ACCEPTED, TEXT and two LEG."""
SEGMENT_STEP = 1 << 20
"""Segments larger than usual are whole mebibytes, one of them for headers."""


class Archives:
    """Where a house keeps what has left its memory: transfers of days that are over (L30), settled trades.

    It is cut to what belongs to a snapshot when that is restored, so who only reads works on a copy.
    """

    def __init__(self, directory: Path) -> None:
        """Open or make. Raises JournalError as `RowArchive`."""
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self.transfers = RowArchive(directory / "transfers", TRANSFERS, "id")
        try:
            self.trades = RowArchive(directory / "trades", TRADES, "half")
        except BaseException:
            self.transfers.close()
            raise

    @classmethod
    def copied(cls, directory: Path | None) -> Archives:
        """A copy that is gone when it is closed, of nothing if there is no directory."""
        folder = tempfile.TemporaryDirectory(prefix="novate-archive-")
        place = Path(folder.name) / "archive"
        if directory is not None and directory.is_dir():
            _copy_folder(directory, place)
        archives = cls(place)
        archives._copy = folder
        return archives

    def close(self) -> None:
        """Let go of the files."""
        self.transfers.close()
        self.trades.close()
        if self._copy is not None:
            self._copy.cleanup()


def _copy_folder(folder: Path, place: Path) -> None:
    """Copy what is there; what its writer takes away meanwhile follows from the rest."""

    def copy(source: str, target: str) -> str:
        with suppress(FileNotFoundError):
            shutil.copyfile(source, target)
        return target

    shutil.copytree(folder, place, copy_function=copy)


class Watcher(Protocol):
    """Who is told what a house does."""

    def begin(self, house: Clearing, is_founding: bool) -> None:
        """Telling begins with the house as it is: just founded, or restored in the middle of its life."""

    def before_roll(self, house: Clearing) -> None:
        """A ROLL comes next."""

    def take(self, events: Records) -> None:
        """Events of whole commands, in order."""


class Watchers:
    """Several watchers as one."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def begin(self, house: Clearing, is_founding: bool) -> None:
        for one in self._watchers:
            one.begin(house, is_founding)

    def before_roll(self, house: Clearing) -> None:
        for one in self._watchers:
            one.before_roll(house)

    def take(self, events: Records) -> None:
        for one in self._watchers:
            one.take(events)


class ClearingPlane:
    """A clearing house behind its journal: every command is durable before the house sees it."""

    def __init__(
        self,
        configuration: Configuration,
        journal: Journal,
        archives: Archives,
        watcher: Watcher | None = None,
    ) -> None:
        """A house that has seen nothing. Closes journal and archives when it is closed."""
        self.configuration = configuration
        self.journal = journal
        self.terms = house_terms_of(configuration)
        self._archives = archives
        self.house = Clearing(self.terms, archives.transfers, archives.trades)
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
        try:
            self.journal.snapshots.write(before, self.house)
        except JournalError as error:
            raise JournalError(
                f"{error}; the roll is in the journal: the next command applies it and, if the house takes "
                "it, writes its files"
            ) from error
        return self.apply(commands)

    def apply(self, commands: Records) -> Records:
        """Apply records that are in the journal already; returns their events as one array."""
        if self._watcher is None:
            return apply_all(self.house, commands)
        told = []
        for piece, is_roll in _pieces(commands):
            if is_roll:
                self._watcher.before_roll(self.house)
            told.append(apply_all(self.house, piece))
            self._watcher.take(told[-1])
        return _together(told)

    def resume(self, stored: tuple[int, bytes, SnapshotReader] | None, founded: int) -> Iterator[Records]:
        """Restore a snapshot, or begin where `founded` records of configuration end; then replay: yields the
        events of each block. Raises RefusedError for a snapshot that is not what its name says."""
        begin = founded + 1
        if stored is not None:
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
            begin = sequence + 1
        else:
            # What another life of this journal has left there comes again.
            self._archives.trades.cut(0)
        if self._watcher is not None:
            self._watcher.begin(self.house, stored is None)
        for _, records in blocks_from(self.journal, begin):
            yield self.apply(records)

    def snapshot(self) -> tuple[int, bytes]:
        """Keep the state as it is now; returns its sequence and root."""
        self.journal.snapshots.write(self.sequence, self.house)
        return self.sequence, self.house.state_root()

    def close(self) -> None:
        """Flush the journal and release its lock, and that of the archive."""
        self._archives.close()
        self.journal.close()


def apply_all(house: Clearing, commands: Records) -> Records:
    """Apply the whole batch; returns all its events.

    The house writes them where they stay, `EVENT_BUFFER` at once. Memory that they do not need is never
    touched; where there is not enough, they move on.
    """
    events = np.empty(EVENT_BUFFER + EVENTS_OF_A_RECORD * len(commands), CLEARING_EVENT)
    written = 0
    while len(commands):
        if written + EVENT_BUFFER > len(events):
            longer = np.empty(2 * len(events), CLEARING_EVENT)
            longer[:written].view(np.uint8)[:] = events[:written].view(np.uint8)
            events = longer
        written += house.apply(commands, events[written : written + EVENT_BUFFER])
        commands = commands[house.consumed :]
    return events[:written]


def _together(told: list[Records]) -> Records:
    """Events of several pieces; joined as bytes, because records would be copied field by field."""
    if len(told) == 1:
        return told[0]
    nothing = np.zeros(0, np.uint8)
    return np.concatenate([nothing, *(events.view(np.uint8) for events in told)]).view(CLEARING_EVENT)


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
        plane = ClearingPlane(configuration, journal, Archives(directory / ARCHIVE), watcher)
    except BaseException:
        journal.close()
        raise
    if watcher is not None:
        watcher.begin(plane.house, True)
    return plane


def open_clearing(
    directory: Path, watcher: Watcher | None = None, read_only: bool = False, from_start: bool = False
) -> ClearingPlane:
    """A plane as it stood when its last command was acknowledged, ready to go on; with `from_start` the
    watcher is told everything again, from the first record.

    Raises RefusedError if a snapshot does not restore to the root in its name, or the archive has less than
    belongs to it.
    """
    journal = Journal.open(directory, read_only=read_only)
    try:
        configuration, founded = journaled_configuration(journal, ClearingCommand.CONFIGURATION)
        place = directory / ARCHIVE
        archives = Archives.copied(place) if read_only else Archives(place)
        plane = ClearingPlane(configuration, journal, archives, watcher)
    except BaseException:
        journal.close()
        raise
    try:
        for _ in plane.resume(None if from_start else journal.snapshots.newest(), founded):
            pass
        return plane
    except BaseException:
        plane.close()
        raise


def clearing_from(directory: Path, date: datetime.date, watcher: Watcher) -> Iterator[ClearingPlane]:
    """A house that lives from before a date on: yielded after each block of the journal, to be looked at
    and left when enough was seen. Reads only. Raises RefusedError as `open_clearing`."""
    journal = Journal.open(directory, read_only=True)
    try:
        configuration, founded = journaled_configuration(journal, ClearingCommand.CONFIGURATION)
        plane = ClearingPlane(configuration, journal, Archives.copied(directory / ARCHIVE), watcher)
    except BaseException:
        journal.close()
        raise
    try:
        for _ in plane.resume(_snapshot_before(journal, date), founded):
            yield plane
    finally:
        plane.close()


def _snapshot_before(journal: Journal, date: datetime.date) -> tuple[int, bytes, SnapshotReader] | None:
    """The newest whole snapshot of an earlier date, None where there is none."""
    snapshots = journal.snapshots
    for name in reversed(snapshots.all()):
        try:
            stored = snapshots.load(name)
        except SnapshotCorrupt:
            continue
        if day_of_snapshot(stored) < date.toordinal():
            return name.sequence, name.state_root, stored
    return None


def blocks_from(journal: Journal, sequence: int) -> Iterator[tuple[int, Records]]:
    """(first sequence, records) of each block from a sequence on."""
    for first_sequence, records in journal.read(sequence):
        yield first_sequence, records.view(CLEARING_COMMAND)


REPLICA_FAULTS = (RefusedError, JournalError, BrokenInvariant, OSError)
"""What a ClearingReplica raises: its house is being founded, broken or gone."""


class ClearingReplica:
    """A house that follows a journal which another process writes; nothing is written but copies."""

    def __init__(self, directory: Path) -> None:
        """As its newest snapshot and the journal have it now. Raises as `open_clearing`."""
        self.plane = open_clearing(directory, read_only=True)
        self.sequence = self.plane.sequence
        """Of the last record that was applied."""
        self._tail = Tail(directory, self.sequence + 1)

    def advance(self, whole: bool) -> None:
        """Apply what is new and durable; with `whole` the last block too."""
        while blocks := self._tail.read(whole):
            for block in blocks:
                records = block.payload.view(CLEARING_COMMAND)[self.sequence + 1 - block.first_sequence :]
                self.plane.apply(records)
                self.sequence = block.last_sequence

    def close(self) -> None:
        """Let go of the files."""
        self.plane.close()


class ClearingReplay:
    """A house that is built again from a journal's first command on; the journal is only read."""

    def __init__(self, directory: Path, watcher: Watcher | None = None) -> None:
        self.journal = Journal.open(directory, read_only=True)
        self.configuration, self.founded = journaled_configuration(
            self.journal, ClearingCommand.CONFIGURATION
        )
        self._directory = directory
        self._plane = ClearingPlane(self.configuration, self.journal, Archives.copied(None), watcher)
        self.terms, self.house = self._plane.terms, self._plane.house
        if watcher is not None:
            watcher.begin(self.house, True)

    def batches(
        self, until: int | None = None, most: int = BATCH, stops: Sequence[int] = ()
    ) -> Iterator[tuple[int, Records]]:
        """(last sequence, events) of each batch of at most `most` records, through sequence `until`; a batch
        ends wherever `stops` names a sequence."""
        last = self.journal.last_sequence if until is None else until
        for first_sequence, records in blocks_from(self.journal, self.founded + 1):
            rest = records[: max(last - first_sequence + 1, 0)]
            ends = {stop - first_sequence + 1 for stop in stops if 0 <= stop - first_sequence < len(rest)}
            ends |= {*range(most, len(rest), most), len(rest)}
            for start, end in pairwise(sorted({0, *ends})):
                yield first_sequence + end - 1, self._plane.apply(rest[start:end])

    def restored_snapshots(self) -> Iterator[tuple[SnapshotName, str]]:
        """Each snapshot, and the root of the state that it restores to. Raises SnapshotCorrupt."""
        for name in self.journal.snapshots.all():
            archives = Archives.copied(self._directory / ARCHIVE)
            try:
                house = Clearing(self.terms, archives.transfers, archives.trades)
                house.restore(self.journal.snapshots.load(name))
                house.validate()
                yield name, house.state_root().hex()
            finally:
                archives.close()

    def close(self) -> None:
        """Let go of the files."""
        self._plane.close()
