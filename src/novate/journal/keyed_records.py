"""Records of a fixed size on disk, written once and found by the 16 bytes in front of each.

    DIR/records                          record 0 | record 1 | ...       appended, never changed
    DIR/run-<first record>-<end>         keys, ascending | records       8 + 8 bytes for each group

Records of one key that are appended together are a group; a run names the first record of each of its groups
under the first half of its key. A search asks every run, a column of keys at once; the other half is compared
with the records themselves. Neighbouring runs of like size become one, up to MOST_ENTRIES, so there are few.

Both are derived from a journal. After a fault `restore` cuts them back to what a snapshot says, and what has
no run then gets one; `kept` makes durable what a snapshot will name. Cost: memory for one append or one
merge, and pages of the operating system's cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from novate.journal.disk import Disk

RECORD_BYTES = 64
KEY_BYTES = 16
WORDS = RECORD_BYTES // 8
MOST_ENTRIES = 2**24
"""A run of so many is not merged again: 256 MiB."""
PIECE = 2**18
"""Records that are read together when a run is made anew."""

Records = npt.NDArray[np.void]
Int64s = npt.NDArray[np.int64]
Halves = npt.NDArray[np.uint64]


class _Run(NamedTuple):
    """Groups among records `first` to `end`, ascending by the first half of their keys."""

    first: int
    end: int
    path: Path
    halves: Halves
    groups: Int64s

    @property
    def size(self) -> int:
        return len(self.halves)


class KeyedRecords:
    """The records of one directory. One writer."""

    def __init__(self, directory: Path, dtype: np.dtype[Any], disk: Disk | None = None) -> None:
        """dtype: of 64 bytes, the first 16 of them the key. ValueError for another; OSError of the disk."""
        if dtype.itemsize != RECORD_BYTES:
            raise ValueError(f"Expected records of {RECORD_BYTES} bytes, was {dtype.itemsize}")
        self._dtype = dtype
        self._disk = disk or Disk()
        self._directory = directory
        self._path = directory / "records"
        self._disk.make_directory(directory)
        self._fd = self._disk.open(self._path, write=True, create=True)
        self._count = self._disk.size(self._fd) // RECORD_BYTES
        self._runs = self._found_runs()
        self._words: Halves
        """The records as they lie on the disk, eight numbers each."""
        self._map_records()

    def __len__(self) -> int:
        return self._count

    def append(self, records: Records) -> None:
        """Write records behind the others; those of one key stand together."""
        if not len(records):
            return
        raw = np.ascontiguousarray(records).reshape(-1).view(np.uint8)
        self._disk.write_all(self._fd, raw, self._count * RECORD_BYTES)
        first, self._count = self._count, self._count + len(records)
        self._map_records()
        self._add_run(first, self._count, *_entries(raw.view(np.uint64).reshape(-1, WORDS), first))

    def holds(self, keys: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
        """Which keys have a record."""
        wanted = np.array(keys).view(np.uint64).reshape(-1, 2)
        found = np.zeros(len(wanted), bool)
        for run in self._runs:
            place = np.searchsorted(run.halves, wanted[:, 0])
            inside = np.flatnonzero(~found & (place < run.size))
            inside = inside[run.halves[place[inside]] == wanted[inside, 0]]
            same = self._words[run.groups[place[inside]], 1] == wanted[inside, 1]
            found[inside[same]] = True
            for other in inside[~same].tolist():
                # Two keys with one first half: whoever asks for the second must look past the first.
                found[other] = len(self._groups(run, *wanted[other].tolist())) > 0
        return found

    def read(self, key: bytes) -> Records:
        """All records of a key, in the order in which they came."""
        halves = np.frombuffer(key, np.uint64).tolist()
        rows: list[int] = []
        for run in self._runs:
            for group in self._groups(run, *halves):
                row = group
                while row < self._count and self._words[row, :2].tolist() == halves:
                    row += 1
                rows += range(group, row)
        # Groups that were appended one after the other may stand side by side.
        words = self._words[np.array(sorted({*rows}), np.int64)]
        return np.ascontiguousarray(words).reshape(-1).view(self._dtype)

    def kept(self) -> Records:
        """Nothing: everything is made durable instead, and stays here."""
        self._disk.fdatasync(self._fd)
        for run in self._runs:
            self._sync(run.path)
        self._disk.fsync_directory(self._directory)
        return np.zeros(0, self._dtype)

    def restore(self, count: int, kept: Records) -> None:
        """Cut back to the first `count` records. ValueError if there are fewer."""
        if self._count < count or len(kept):
            raise ValueError(f"{self._path}: expected at least {count} records, was {self._count}")
        self._disk.truncate(self._fd, count * RECORD_BYTES)
        self._count = count
        self._map_records()
        for run in [run for run in self._runs if run.end > count]:
            self._runs.remove(run)
            self._disk.remove(run.path)
        for first in range(self._runs[-1].end if self._runs else 0, count, PIECE):
            end = min(first + PIECE, count)
            self._add_run(first, end, *_entries(self._words[first:end], first))

    def close(self) -> None:
        """Let go of the files."""
        self._words, self._runs = np.zeros((0, WORDS), np.uint64), []
        self._disk.close(self._fd)

    def _groups(self, run: _Run, half: int, other: int) -> list[int]:
        """First records of the groups of a key in a run."""
        first, end = (int(np.searchsorted(run.halves, np.uint64(half), side)) for side in ("left", "right"))
        groups = run.groups[first:end].tolist()
        return [row for row in groups if int(self._words[row, 1]) == other]

    def _map_records(self) -> None:
        self._words = np.zeros((0, WORDS), np.uint64)
        if self._count:
            self._words = np.asarray(np.memmap(self._path, np.uint64, "r", shape=(self._count, WORDS)))

    # -- runs -------------------------------------------------------------------------------------------

    def _add_run(self, first: int, end: int, halves: Halves, groups: Int64s) -> None:
        """A run of new groups, merged with those before it that are not much larger."""
        while self._runs and self._runs[-1].size <= 2 * len(halves) <= MOST_ENTRIES:
            before = self._runs.pop()
            first = before.first
            halves = np.concatenate((before.halves, halves))
            groups = np.concatenate((before.groups, groups))
            self._disk.remove(before.path)
        order = np.argsort(halves, kind="stable")
        path = self._directory / f"run-{first:020}-{end:020}"
        fd = self._disk.open(path, write=True, create=True)
        try:
            for column, offset in ((halves[order], 0), (groups[order], 8 * len(halves))):
                self._disk.write_all(fd, column.view(np.uint8), offset)
        finally:
            self._disk.close(fd)
        self._runs.append(_opened(path, first, end))

    def _found_runs(self) -> list[_Run]:
        """Runs of the directory that follow each other from the first record on; others are taken away."""
        runs: list[_Run] = []
        for name in self._disk.names(self._directory):
            if name.startswith("run-"):
                first, end = (int(number) for number in name.split("-")[1:])
                path = self._directory / name
                if first == (runs[-1].end if runs else 0) and end <= self._count:
                    runs.append(_opened(path, first, end))
                else:
                    self._disk.remove(path)
        return runs

    def _sync(self, path: Path) -> None:
        fd = self._disk.open(path, write=True)
        try:
            self._disk.fdatasync(fd)
        finally:
            self._disk.close(fd)


def _entries(words: Halves, first: int) -> tuple[Halves, Int64s]:
    """(first half of the key, number of the first record) of each group of records from number `first` on."""
    keys = words[:, : KEY_BYTES // 8]
    begins = np.ones(len(keys), bool)
    begins[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    groups = np.flatnonzero(begins)
    return keys[groups, 0], first + groups


def _opened(path: Path, first: int, end: int) -> _Run:
    data = np.asarray(np.memmap(path, np.uint8, "r"))
    half = len(data) // 2
    return _Run(first, end, path, data[:half].view(np.uint64), data[half:].view(np.int64))
