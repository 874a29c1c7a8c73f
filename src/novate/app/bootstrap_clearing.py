"""Where the settlement plane is wired: a clearing house, its journal, and what they are founded on.

    found_clearing(directory, configuration)    a new journal that begins with the configuration
    open_clearing(directory)                    newest snapshot, then the tail of the journal, then the root
    plane.take(records)                         journal (durable), apply, tell

The records of `novate.domain.clearing_records` are journaled as they are. In front stand CONFIGURATION
records, so that nothing beside the journal is needed to replay it. Settled trades lie in `archive` beneath
the journal's directory, which a replay from the beginning makes anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from novate.app.configuration_pieces import configuration_pieces, journaled_configuration
from novate.app.problems import RefusedError
from novate.clearing.archive import ARCHIVED
from novate.clearing.configured import house_terms_of
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.clearing_records import CLEARING_COMMAND, CLEARING_EVENT, Records, new_clearing_events
from novate.domain.configuration import Configuration
from novate.journal import Journal
from novate.journal.keyed_records import KeyedRecords
from novate.journal.snapshots import StoredSnapshot

BATCH = 4096
EVENT_BUFFER = 65_536


class ClearingPlane:
    """A clearing house behind its journal: every command is durable before the house sees it."""

    def __init__(self, configuration: Configuration, journal: Journal, archive: KeyedRecords) -> None:
        self.configuration = configuration
        self.journal = journal
        self.archive = archive
        self.terms = house_terms_of(configuration)
        self.house = Clearing(self.terms, archive)
        self._buffer = new_clearing_events(EVENT_BUFFER)

    @property
    def sequence(self) -> int:
        """Sequence of the last record of the journal, which the house has taken."""
        return self.journal.last_sequence

    def take(self, commands: Records) -> Records:
        """Make a batch durable, apply it, return all its events."""
        self.journal.append(commands)
        return self.apply(commands)

    def apply(self, commands: Records) -> Records:
        """Apply records that are in the journal already; returns their events as one array."""
        return apply_all(self.house, commands, self._buffer)

    def snapshot(self) -> tuple[int, bytes]:
        """Keep the state as it is now; returns its sequence and root."""
        self.journal.snapshots.write(self.sequence, self.house)
        return self.sequence, self.house.state_root()

    def close(self) -> None:
        """Flush the journal and release its lock."""
        self.archive.close()
        self.journal.close()


def apply_all(house: Clearing, commands: Records, buffer: Records) -> Records:
    """Apply the whole batch with a buffer of any size; returns all its events."""
    blocks = [np.zeros(0, CLEARING_EVENT)]
    while len(commands):
        written = house.apply(commands, buffer)
        blocks.append(buffer[:written].copy())
        commands = commands[house.consumed :]
    return blocks[1] if len(blocks) == 2 else np.concatenate(blocks)


def found_clearing(directory: Path, configuration: Configuration) -> ClearingPlane:
    """A plane with a new journal that holds the configuration. JournalError if there is one already."""
    house_terms_of(configuration)
    journal = Journal.create(directory)
    try:
        plane = ClearingPlane(configuration, journal, trade_archive(directory))
        journal.append(configuration_pieces(configuration, ClearingCommand.CONFIGURATION))
        return plane
    except BaseException:
        journal.close()
        raise


def open_clearing(directory: Path) -> ClearingPlane:
    """A plane as it stood when its last command was acknowledged, ready to go on.

    Raises RefusedError if a snapshot does not restore, or not to the root in its name.
    """
    journal = Journal.open(directory)
    try:
        configuration, founded = journaled_configuration(journal, ClearingCommand.CONFIGURATION)
        plane = ClearingPlane(configuration, journal, trade_archive(directory))
        newest, begin = journal.snapshots.newest(), founded + 1
        if newest is None:
            plane.archive.restore(0, np.zeros(0, ARCHIVED))
        else:
            sequence, root, stored = newest
            _restore(plane, sequence, stored)
            found = plane.house.state_root()
            if found != root:
                raise RefusedError(
                    f"snapshot at sequence {sequence}: expected state root {root.hex()}, was {found.hex()}"
                )
            begin = sequence + 1
        for _, records in blocks_from(journal, begin):
            plane.apply(records)
        return plane
    except BaseException:
        journal.close()
        raise


def _restore(plane: ClearingPlane, sequence: int, stored: StoredSnapshot) -> None:
    try:
        plane.house.restore(stored)
    except ValueError as fault:
        raise RefusedError(f"snapshot at sequence {sequence}: {fault}") from fault


def trade_archive(directory: Path) -> KeyedRecords:
    """The archive of settled trades beside a journal. The house cuts it to what belongs to its state."""
    return KeyedRecords(directory / "archive", ARCHIVED)


def blocks_from(journal: Journal, sequence: int) -> Iterator[tuple[int, Records]]:
    """(first sequence, records) of each block from a sequence on."""
    for first_sequence, records in journal.read(sequence):
        yield first_sequence, records.view(CLEARING_COMMAND)
