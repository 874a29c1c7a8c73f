"""Commands that tell their own sequence number, and the journals that the tests damage."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from novate.domain.records import COMMAND, Commands
from novate.journal import Journal, JournalError
from novate.journal.disk import Disk

SMALL = 8192
IDENTITY = bytes(range(16))


def commands(count: int, first: int = 1) -> Commands:
    """`count` commands; every field of command n follows from n, so that a mix-up shows."""
    sequence = np.arange(first, first + count, dtype=np.int64)
    records = np.zeros(count, COMMAND)
    records["kind"] = 1 + sequence % 8
    records["client_order_id"] = sequence
    records["price"] = sequence * 7919 % 100_003
    records["quantity"] = 1 + sequence % 500
    return records


def contents(journal: Journal, from_sequence: int = 1) -> Commands:
    """All records from a sequence on, checked to be numbered without a gap."""
    blocks = []
    expected = from_sequence
    for first, records in journal.read(from_sequence):
        assert first == expected
        expected += len(records)
        blocks.append(records)
    assert expected == journal.last_sequence + 1
    return np.concatenate(blocks) if blocks else commands(0)


def assert_is_beginning(journal: Journal) -> None:
    """The journal holds commands 1..last exactly as `commands` makes them."""
    assert contents(journal).tobytes() == commands(journal.last_sequence).tobytes()


def fill(journal: Journal, batches: Sequence[int]) -> list[tuple[int, bytes]]:
    """Append the next commands in batches; (last sequence, root) after each."""
    marks = []
    for count in batches:
        journal.append(commands(count, journal.last_sequence + 1), engine_ts=journal.last_sequence)
        marks.append((journal.last_sequence, journal.root))
    return marks


def killed_journal(
    directory: Path, batches: Sequence[int], *, segment_bytes: int = SMALL, durability: str = "always"
) -> list[tuple[int, bytes]]:
    """A journal as a killed process leaves it: everything flushed, the witness as old as the last segment."""
    living = directory.with_name(directory.name + "-living")
    with Journal.create(
        living, segment_bytes=segment_bytes, durability=durability, identity=IDENTITY
    ) as journal:
        marks = fill(journal, batches)
        shutil.copytree(living, directory)
    shutil.rmtree(living)
    return marks


def segment_files(directory: Path) -> list[Path]:
    """The segment files in order."""
    return sorted(directory.glob("segment-*"))


def read_through(directory: Path, disk: Disk | None = None) -> Commands:
    """Open for reading and read everything."""
    with Journal.open(directory, read_only=True, disk=disk) as journal:
        return contents(journal)


def refusal(directory: Path, disk: Disk | None = None) -> JournalError | None:
    """The error with which a journal refuses to be opened or read through; None if it does not."""
    try:
        read_through(directory, disk)
    except JournalError as error:
        return error
    return None
