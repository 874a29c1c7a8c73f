"""Every event of the venue in one file, so that whoever comes back can be told what it missed.

    events   | header 64 | event 0 | event 1 | event 2 | ...        written behind the answers, never flushed
               magic, version, identity of the journal,               before an answer: it can be made again
               kept: events that are on disk, and the sequence
               of the command up to which they are complete

It is derived: `novate up` cuts it back to what the newest snapshot covers and writes the rest again from the
journal's tail; without it, or with one that is too short, all of it is made again. Sequences of commands
rise along the file, so a cut is a binary search.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from novate.domain.records import EVENT, RECORD_BYTES, Events, is_trade

MAGIC = b"NOVATEE\xd7"
VERSION = 1
_HEADER = np.dtype(
    {
        "names": ["magic", "version", "identity", "kept", "sequence"],
        "formats": ["V8", "<u4", "V16", "<i8", "<i8"],
        "offsets": [0, 8, 16, 32, 40],
        "itemsize": RECORD_BYTES,
    }
)


class EventLog:
    """Open for appending; `count` events are in it, complete up to the last command that was appended."""

    def __init__(self, path: Path, identity: bytes) -> None:
        """Open or make the file; a file of another journal or version counts as empty. Raises OSError."""
        self.path = path
        self._identity = identity
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.count, self.sequence = self._kept()

    def _kept(self) -> tuple[int, int]:
        header = np.frombuffer(os.pread(self._fd, RECORD_BYTES, 0).ljust(RECORD_BYTES, b"\0"), _HEADER)[0]
        known = header["magic"].tobytes() == MAGIC and header["version"] == VERSION
        whole = os.fstat(self._fd).st_size >= (1 + int(header["kept"])) * RECORD_BYTES
        if not (known and whole and header["identity"].tobytes() == self._identity):
            return 0, 0
        return int(header["kept"]), int(header["sequence"])

    def cut(self, sequence: int) -> bool:
        """Keep the events of commands up to `sequence`; False if the log does not reach so far."""
        if self.sequence < sequence:
            return False
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if int(self.read(middle, 1)["sequence"][0]) <= sequence:
                low = middle + 1
            else:
                high = middle
        self._truncate(low, sequence)
        return True

    def clear(self) -> None:
        """Forget everything, to be filled from the first command on."""
        self._truncate(0, 0)

    def _truncate(self, count: int, sequence: int) -> None:
        self.count, self.sequence = count, sequence
        os.ftruncate(self._fd, (1 + count) * RECORD_BYTES)
        self._write_header()
        # The header must not promise, after a power cut, what was cut here and written again since.
        os.fdatasync(self._fd)

    def append(self, events: Events, sequence: int) -> None:
        """All events of the commands up to `sequence`. Raises OSError."""
        data = events.view(np.uint8).data
        offset = (1 + self.count) * RECORD_BYTES
        done = 0
        while done < len(data):
            done += os.pwrite(self._fd, data[done:], offset + done)
        self.count += len(events)
        self.sequence = sequence

    def read(self, first: int, most: int) -> Events:
        """At most `most` events from number `first` on (from 0); never a trade without its parties."""
        wanted = max(0, min(most, self.count - first))
        data = os.pread(self._fd, wanted * RECORD_BYTES, (1 + first) * RECORD_BYTES)
        events = np.frombuffer(data, EVENT)
        if len(events) and first + len(events) < self.count and is_trade(events[-1:])[0]:
            return events[:-1] if len(events) > 1 else self.read(first, 2)
        return events

    def keep(self) -> None:
        """Flush, then write down how much of the file counts after a crash."""
        os.fdatasync(self._fd)
        self._write_header()
        os.fdatasync(self._fd)

    def fileno(self) -> int:
        """The number of the open file."""
        return self._fd

    def close(self) -> None:
        """Close without flushing; `keep` has been called before if it should count."""
        os.close(self._fd)

    def _write_header(self) -> None:
        header = np.zeros(1, _HEADER)
        header["magic"] = np.void(MAGIC)
        header["version"] = VERSION
        header["identity"] = np.void(self._identity)
        header["kept"], header["sequence"] = self.count, self.sequence
        os.pwrite(self._fd, header.tobytes(), 0)
