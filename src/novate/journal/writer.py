"""Writing: one batch, one block, one flush, then the answer.

    records --> buffer: header | records | trailer --> pwrite --> fdatasync --> acknowledged
                                                          |           |
                                                          +-----------+--> any failure: it stops for good

A failed write or flush is never repeated: after a failed flush the system may have dropped the bytes and
report success the next time. The writer then refuses everything until the journal is opened anew, which
reads the truth from the disk.

Durability: `always` flushes before every answer; `interval` when the last flush is 50 ms old; `none` only
at the end of a segment, at a snapshot and at close. Where the file system has them, `always` makes direct
writes (O_DIRECT and O_DSYNC): one call instead of two, and no waiting for what others have written.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from novate.domain.records import RECORD_BYTES
from novate.journal.blocks import capacity_of, encode, extent_of, hash_of
from novate.journal.disk import Bytes, Disk, aligned
from novate.journal.errors import JournalError
from novate.journal.index import SparseIndex
from novate.journal.reader import Position
from novate.journal.segments import (
    SEGMENT_HEADER_BYTES,
    Segment,
    SegmentHeader,
    create_segment,
    prepare_segment,
)
from novate.journal.witness import Witness, write_witness

FLUSH_INTERVAL_NS = 50_000_000
WORTH_A_THREAD_BYTES = 4 << 20
"""Below this a segment is zeroed on the spot."""


class Writer:
    """Appends to the last segment and begins new ones. `segments` and `index` are shared with the reader."""

    def __init__(
        self, disk: Disk, directory: Path, segments: list[Segment], index: SparseIndex, end: Position
    ) -> None:
        self.position = end
        self._disk = disk
        self._directory = directory
        self._segments = segments
        self._index = index
        self._durable = end.sequence
        self._flushed_ns = time.monotonic_ns()
        self._stopped = ""
        self._buffer: Bytes = np.zeros(0, np.uint8)
        self._fd, self._is_direct = self._open(segments[-1])
        self._witnessed: Witness | None = None
        self._helper: ThreadPoolExecutor | None = None
        self._spare: Future[Path] | None = None

    def _open(self, segment: Segment) -> tuple[int, bool]:
        """The segment for writing, and whether a write to it is durable by itself."""
        if segment.header.durability == "always":
            direct = self._disk.open_direct(segment.path)
            if direct is not None:
                return direct, True
        return self._disk.open(segment.path, write=True), False

    @property
    def _header(self) -> SegmentHeader:
        return self._segments[-1].header

    def append(self, payload: Bytes, engine_ts: int) -> None:
        """Write the records as one block, or as several if no segment can hold them in one."""
        self._expect_running("append")
        try:
            rest = payload
            while len(rest):
                part = rest[: self._next_part(len(rest) // RECORD_BYTES) * RECORD_BYTES]
                self._write_block(part, engine_ts)
                rest = rest[len(part) :]
        except BaseException as error:
            self._stop("append", error)
            raise

    def flush(self) -> None:
        """Make everything durable, and write down in the witness that it is."""
        self._expect_running("flush")
        try:
            self._flush()
            self._bear_witness()
        except BaseException as error:
            self._stop("flush", error)
            raise

    def close(self) -> None:
        try:
            if not self._stopped:
                self.flush()
        finally:
            self._drop_spare()
            self._disk.close(self._fd)
            self._stopped = self._stopped or "it is closed"

    def _next_part(self, count: int) -> int:
        """How many of `count` records go into the next block, after a new segment was begun if need be."""
        if extent_of(count) > self._header.segment_bytes - self.position.offset:
            if self.position.offset > SEGMENT_HEADER_BYTES:
                self._begin_segment()
            return min(count, capacity_of(self._header.segment_bytes - SEGMENT_HEADER_BYTES))
        return count

    def _write_block(self, payload: Bytes, engine_ts: int) -> None:
        segment, offset, sequence, root = self.position
        if len(self._buffer) < extent_of(len(payload) // RECORD_BYTES):
            self._buffer = aligned(extent_of(len(payload) // RECORD_BYTES))
        block = encode(self._buffer, payload, sequence + 1, engine_ts, root, self._durable)
        self._disk.write_all(self._fd, block, offset)
        count = len(payload) // RECORD_BYTES
        after = Position(segment, offset + len(block), sequence + count, hash_of(block))
        if self._is_direct:
            self._durable = after.sequence
        elif self._flush_is_due():
            self._disk.fdatasync(self._fd)
            self._durable = after.sequence
        self.position = after
        self._index.note(after)
        self._look_ahead()

    def _flush_is_due(self) -> bool:
        if self._header.durability == "interval":
            now = time.monotonic_ns()
            due = now - self._flushed_ns >= FLUSH_INTERVAL_NS
            self._flushed_ns = now if due else self._flushed_ns
            return due
        return self._header.durability == "always"

    def _flush(self) -> None:
        if self._durable < self.position.sequence:
            self._disk.fdatasync(self._fd)
            self._durable = self.position.sequence

    def _begin_segment(self) -> None:
        self._flush()
        header = self._header._replace(
            number=self._header.number + 1,
            base_sequence=self.position.sequence + 1,
            previous_root=self.position.root,
        )
        spare = self._spare.result() if self._spare else self._prepare()
        self._spare = None
        segment = create_segment(self._disk, self._directory, spare, header)
        full = self._fd
        self._fd, self._is_direct = self._open(segment)
        self._disk.close(full)
        self._segments.append(segment)
        self.position = self.position._replace(segment=len(self._segments) - 1, offset=SEGMENT_HEADER_BYTES)
        self._index.begin_segment(self.position)
        self._bear_witness()

    def _look_ahead(self) -> None:
        """Zero the next segment in the background once this one is half full: it takes long."""
        size = self._header.segment_bytes
        if self._spare is None and size >= WORTH_A_THREAD_BYTES and self.position.offset * 2 > size:
            if self._helper is None:
                self._helper = ThreadPoolExecutor(max_workers=1)
            self._spare = self._helper.submit(self._prepare)

    def _drop_spare(self) -> None:
        if self._helper:
            self._helper.shutdown()
        if self._spare and not self._spare.exception():
            # What cannot be removed now is swept away at the next open.
            with suppress(OSError):
                self._disk.remove(self._spare.result())

    def _prepare(self) -> Path:
        return prepare_segment(self._disk, self._directory, self._header.segment_bytes)

    def _bear_witness(self) -> None:
        witness = Witness(
            self._header.identity, self.position.sequence, self._header.number, self.position.root
        )
        if witness != self._witnessed:
            write_witness(self._disk, self._directory, witness)
            self._witnessed = witness

    def _expect_running(self, deed: str) -> None:
        if self._stopped:
            raise JournalError(f"{self._directory}: expected a running journal for {deed}: {self._stopped}")

    def _stop(self, deed: str, error: BaseException) -> None:
        """Take nothing more; a failure of the disk is told as what it means."""
        where = f"{self._segments[-1].path}: offset {self.position.offset}"
        self._stopped = f"stopped since {deed} failed at {where}: {error}"
        if isinstance(error, OSError):
            raise JournalError(
                f"{where}: sequence {self.position.sequence + 1}: expected {deed} to succeed, was: {error}; "
                "nothing of it is acknowledged, whether it is there shows when the journal is opened anew, "
                "and until then it takes no more"
            ) from error
