"""Streams: what one plane tells another, as an append-only file of records of one size.

    journal --replay--> records 1, 2, 3, ...       record n stands at (n - 1) * width

A stream is derived: it is written after the journal's block is durable, and can be made again from the
journal at any time. So it needs no checksum, no lock and no flush of its own, and a torn record at its end
is cut. What is there and what the journal says must agree; a difference is never repaired.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from novate.journal.disk import Bytes, Disk
from novate.journal.errors import JournalError

COMPARED_BYTES = 1 << 22


class Stream:
    """The owner's side: there is one, the process that writes the journal beside it."""

    def __init__(self, path: Path, width: int, disk: Disk | None = None) -> None:
        """Open or make the stream; a record of which only a part was written is cut."""
        self.path, self.width = path, width
        self._disk = disk or Disk()
        self._disk.make_directory(path.parent)
        self._fd = self._disk.open(path, write=True, create=True)
        size = self._disk.size(self._fd)
        self.count = size // width
        """Whole records."""
        if size % width:
            self._disk.truncate(self._fd, self.count * width)

    def put(self, first: int, records: npt.NDArray[np.void]) -> None:
        """Records number `first`, `first` + 1, ...: what is there already must be the same, the rest is
        appended. JournalError for a difference, and for a gap before `first`."""
        data: Bytes = np.ascontiguousarray(records).view(np.uint8).reshape(-1)
        if len(data) % self.width:
            raise JournalError(f"{self.path}: expected records of {self.width} bytes, was {len(data)} bytes")
        if not 1 <= first <= self.count + 1:
            raise JournalError(f"{self.path}: expected record 1 to {self.count + 1} next, was {first}")
        there = min(self.count - (first - 1), len(data) // self.width)
        self._compare(first, data[: there * self.width])
        rest = data[there * self.width :]
        if len(rest):
            self._disk.write_all(self._fd, rest, self.count * self.width)
            self.count += len(rest) // self.width

    def expect_end(self, last: int) -> None:
        """JournalError unless `last` is the last record: nobody was told what the journal does not say."""
        if self.count != last:
            raise JournalError(
                f"{self.path}: expected {last} records as the journal has them, was {self.count}"
            )

    def flush(self) -> None:
        """Make what is there durable: a snapshot of the owner is never ahead of its stream."""
        self._disk.fdatasync(self._fd)

    def fileno(self) -> int:
        """The number of the open file."""
        return self._fd

    def close(self) -> None:
        self._disk.close(self._fd)

    def _compare(self, first: int, data: Bytes) -> None:
        for start in range(0, len(data), COMPARED_BYTES):
            expected = data[start : start + COMPARED_BYTES]
            found = np.zeros(len(expected), np.uint8)
            self._disk.pread_into(self._fd, found, (first - 1) * self.width + start)
            if not np.array_equal(found, expected):
                place = first + (start + int(np.argmax(found != expected))) // self.width
                raise JournalError(
                    f"{self.path}: record {place}: expected what the journal gives, was something else"
                )


class StreamReader:
    """The other side: reads whole records from any number on, while the owner may be writing."""

    def __init__(self, path: Path, width: int, disk: Disk | None = None) -> None:
        self.path, self.width = path, width
        self._disk = disk or Disk()
        self._fd: int | None = None

    @property
    def count(self) -> int:
        """How many whole records there are; 0 where there is no stream yet."""
        if self._fd is None:
            if not self.path.exists():
                return 0
            self._fd = self._disk.open(self.path)
        return self._disk.size(self._fd) // self.width

    def read(self, first: int, most: int) -> Bytes:
        """(n, width) bytes of records `first`, ..., at most `most`; n is 0 where there are none yet."""
        count = min(most, self.count - (first - 1))
        if self._fd is None or count <= 0:
            return np.zeros((0, self.width), np.uint8)
        found = np.zeros(count * self.width, np.uint8)
        got = self._disk.pread_into(self._fd, found, (first - 1) * self.width)
        return found.reshape(count, self.width)[: got // self.width]

    def close(self) -> None:
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None
