"""The journal: the durable log of a machine's commands, in one directory.

    lock                                  who writes
    witness                               what is known to be acknowledged
    segment-00000000000000000001          blocks of records, chained by hash
    segment-00000000000000131073
    snapshot-00000000000131072-5c0f...    state of the machine at a sequence

    with Journal.create(directory) as journal:
        last = journal.append(commands)              # on disk when this returns
    with Journal.open(directory, read_only=True) as journal:
        for first_sequence, commands in journal.read():
            ...

Invariants: sequences are 1, 2, 3, ... without a gap; a record that was acknowledged is found again or the
journal refuses to open; nothing is repaired in silence. Format and reasoning: docs/journal-format.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.domain.records import COMMAND, RECORD_BYTES, Commands
from novate.journal.blocks import Block, capacity_of
from novate.journal.disk import Bytes, Disk
from novate.journal.errors import JournalError
from novate.journal.index import SparseIndex
from novate.journal.opening import Opened, create_journal, open_journal
from novate.journal.reader import Position, Walk
from novate.journal.recovery import Recovery
from novate.journal.segments import DEFAULT_SEGMENT_BYTES, SEGMENT_HEADER_BYTES
from novate.journal.snapshots import Snapshots
from novate.journal.writer import Writer

WORTH_A_THREAD_BYTES = 4 << 20


class Journal:
    """A journal that is open; made by `create` and `open`. Not for use by several threads at once."""

    def __init__(self, disk: Disk, directory: Path, opened: Opened) -> None:
        self.directory = directory
        self.recovery: Recovery = opened.recovery
        """What opening found: where the journal ends, and what was cut behind it."""
        self._disk = disk
        self._segments = opened.segments
        self._index: SparseIndex = opened.index
        self._end: Position = opened.end
        self._lock_fd = opened.lock_fd
        self._writer: Writer | None = None
        if opened.lock_fd is not None:
            try:
                self._writer = Writer(disk, directory, self._segments, self._index, opened.end)
            except OSError as error:
                disk.close(opened.lock_fd)
                raise JournalError(f"{directory}: expected to open its last segment, was: {error}") from error
        self.snapshots = Snapshots(disk, directory, opened.segments[0].header.identity, self.flush)

    @classmethod
    def create(
        cls,
        directory: Path | str,
        *,
        segment_bytes: int = DEFAULT_SEGMENT_BYTES,
        durability: str = "always",
        disk: Disk | None = None,
        identity: bytes | None = None,
    ) -> Journal:
        """A new, empty journal; the directory is made if needed. An existing journal is an error."""
        place, disk = Path(directory), disk or Disk()
        identity = os.urandom(16) if identity is None else identity
        return cls(disk, place, create_journal(disk, place, segment_bytes, durability, identity))

    @classmethod
    def open(cls, directory: Path | str, *, read_only: bool = False, disk: Disk | None = None) -> Journal:
        """An existing journal, recovered: verified from its witness on, a torn tail cut and reported.

        Read-only takes no lock, changes nothing, and sees the journal as it is now.
        """
        place, disk = Path(directory), disk or Disk()
        return cls(disk, place, open_journal(disk, place, read_only))

    @property
    def last_sequence(self) -> int:
        return self._position.sequence

    @property
    def block_records(self) -> int:
        """Records that fit into one block: a larger batch is written as several."""
        return capacity_of(self._segments[-1].header.segment_bytes - SEGMENT_HEADER_BYTES)

    @property
    def root(self) -> bytes:
        """Hash of the last block, a commitment to every record; 32 zero bytes while there is none."""
        return self._position.root

    @property
    def identity(self) -> bytes:
        """16 bytes that were drawn when the journal was created and stand in all its files."""
        return self._segments[0].header.identity

    @property
    def durability(self) -> str:
        """`always`, `interval` or `none`: when what is appended is flushed."""
        return self._segments[-1].header.durability

    @property
    def records_bytes(self) -> int:
        """Bytes of all records, without headers and padding."""
        return self.last_sequence * RECORD_BYTES

    @property
    def _position(self) -> Position:
        return self._writer.position if self._writer else self._end

    def snapshots_of_copy(self, disk: Disk) -> Snapshots:
        """Snapshots for a forked copy of this process, which must not touch the journal: what is flushed is
        the file that was the last one at the fork, and nothing is witnessed."""

        def flush() -> int:
            fd = disk.open(self._segments[-1].path, write=True)
            disk.fdatasync(fd)
            disk.close(fd)
            return self.last_sequence

        return Snapshots(disk, self.directory, self.identity, flush)

    def append(self, records: npt.NDArray[Any], engine_ts: int = 0) -> int:
        """Append a batch of 64-byte records; durable on return. Returns the last sequence.

        Raises `JournalError` if it could not be made durable; the journal then takes nothing more.
        """
        self._writing().append(payload_of(records), engine_ts)
        return self.last_sequence

    def flush(self) -> int:
        """Make everything durable whatever the durability, and witness it; returns the last sequence."""
        self._writing().flush()
        return self.last_sequence

    def read(self, from_sequence: int = 1) -> Iterator[tuple[int, Commands]]:
        """(first sequence, records) of each block up to the present end, verified; from the middle of a
        block if need be. Records are writable views; keeping one keeps about a megabyte alive.
        """
        for block in self.blocks(from_sequence):
            skip = max(0, from_sequence - block.first_sequence)
            yield block.first_sequence + skip, block.payload.view(COMMAND)[skip:]

    def batches(self, from_sequence: int, at_least: int) -> Iterator[tuple[Commands, int]]:
        """(records, time of the last block) of blocks that follow each other, together `at_least` records but
        for the last ones: where blocks are small, one by one they cost more than what is in them.
        """
        parts: list[Bytes] = []
        size = time = 0
        for block in self.blocks(from_sequence):
            skip = max(0, from_sequence - block.first_sequence) * RECORD_BYTES
            parts.append(block.payload[skip:])
            size, time = size + len(parts[-1]), block.engine_ts
            if size >= at_least * RECORD_BYTES:
                yield _joined(parts), time
                parts, size = [], 0
        if parts:
            yield _joined(parts), time

    def blocks(self, from_sequence: int = 1) -> Iterator[Block]:
        """The verified blocks from the one that holds `from_sequence` on, up to the present end."""
        if not 1 <= from_sequence <= self.last_sequence + 1:
            raise JournalError(
                f"{self.directory}: expected a sequence from 1 to {self.last_sequence + 1}, "
                f"was {from_sequence}"
            )
        walk = Walk(self._disk, self._segments, self._index.before(from_sequence), self._position)
        try:
            for run in _runs(walk, self._index):
                yield from (block for block in run if block.last_sequence >= from_sequence)
        finally:
            walk.close()

    def close(self) -> None:
        """Flush, witness, release the lock. Closing twice is harmless."""
        try:
            if self._writer:
                self._end = self._writer.position
                self._writer.close()
        finally:
            self._writer = None
            if self._lock_fd is not None:
                self._disk.close(self._lock_fd)
                self._lock_fd = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _writing(self) -> Writer:
        if self._writer is None:
            raise JournalError(
                f"{self.directory}: expected a journal open for writing, was read-only or closed"
            )
        return self._writer


def payload_of(records: npt.NDArray[Any]) -> Bytes:
    """The bytes of a batch. Raises `JournalError` for anything but 64-byte records of which none is zero."""
    if records.ndim != 1 or records.dtype.itemsize != RECORD_BYTES:
        raise JournalError(
            f"append: expected a one-dimensional array of {RECORD_BYTES}-byte records, "
            f"was shape {records.shape} of {records.dtype.itemsize}-byte items"
        )
    payload: Bytes = np.ascontiguousarray(records).view(np.uint8)
    if not payload[::RECORD_BYTES].all():
        empty = ~payload.reshape(-1, RECORD_BYTES).any(axis=1)
        if empty.any():
            raise JournalError(
                f"append: record {int(np.argmax(empty))}: expected a command, was 64 zero bytes"
            )
    return payload


def _joined(parts: list[Bytes]) -> Commands:
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return whole.view(COMMAND)


def _runs(walk: Walk, index: SparseIndex) -> Iterator[list[Block]]:
    """The runs of a walk; in a long one, the next run is verified in a second thread meanwhile.

    Hashing releases the interpreter lock, so that a replay costs the dearer of the two and not their sum.
    """
    run = walk.next_run()
    if walk.bytes_ahead() < WORTH_A_THREAD_BYTES:
        while run:
            index.note(walk.position)
            yield run
            run = walk.next_run()
        return
    with ThreadPoolExecutor(max_workers=1) as verifier:
        while run:
            index.note(walk.position)
            following = verifier.submit(walk.next_run)
            yield run
            run = following.result()
