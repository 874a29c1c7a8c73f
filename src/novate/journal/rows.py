"""Rows that are written once and found by a key, for ever: an append-only file and sorted runs beside it.

    directory/rows                    header 64 | row 1, check | row 2, check | ...      a check is 8 bytes
    directory/run-<first>-<last>      header 64 | keys, ascending | places            of the rows first..last

    append --> rows, flushed --> a run of the new keys --> runs of like size are merged, so there are few
    find   --> binary search in every run, over mapped memory      read --> rows, each with its check verified

Rows are the truth and are never repaired: one whose check does not fit its bytes and its place is refused.
Runs follow from the rows, so a run that is missing or damaged is made again. Whatever was appended after the
snapshot that a machine restarts from is cut off by it, and comes again.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import numpy.typing as npt

from novate.journal.disk import PARTIAL, Disk, read_file, replace_file
from novate.journal.errors import JournalCorrupt, JournalLocked, JournalVersionError

FORMAT_VERSION = 1
HEADER_BYTES = 64
CHECK_BYTES = 8
AT_ONCE = 1 << 13
"""Rows that are made ready together: few enough for a processor's cache."""
_HEADER = struct.Struct("<8sIIQI36x")  # magic, version, bytes of a row, rows of a run, crc32c of a run
_ROWS, _RUN = b"NOVATER\xd7", b"NOVATEK\xd7"
_RUN_NAME = re.compile(r"run-(\d{20})-(\d{20})")
_MIX = np.uint64(0x9E3779B97F4A7C15)

Int64s = npt.NDArray[np.int64]
Rows = npt.NDArray[np.void]

assert _HEADER.size == HEADER_BYTES


class _Run(NamedTuple):
    """Keys of the rows first..last, ascending, and the place of each."""

    first: int
    last: int
    path: Path
    keys: Int64s
    places: Int64s


class RowArchive:
    """Rows of one type, counted from 1. One writer; call `close` when done."""

    def __init__(self, directory: Path, dtype: np.dtype[Any], key: str, disk: Disk | None = None) -> None:
        """Open or create. `dtype` has a multiple of 8 bytes and an int64 field `key`: distinct over all rows,
        or `find` gives the place of any row with a key.

        Raises JournalLocked if another process writes here, JournalVersionError and JournalCorrupt for a
        header that is none of this format.
        """
        if dtype.itemsize % CHECK_BYTES or dtype[key] != np.int64:
            raise ValueError(f"Expected rows of a multiple of 8 bytes with an int64 {key!r}, was {dtype}")
        self._directory, self._dtype, self._key, self._disk = directory, dtype, key, disk or Disk()
        self._stride = dtype.itemsize + CHECK_BYTES
        self._path = directory / "rows"
        self._disk.make_directory(directory)
        self._fd = self._disk.open(self._path, write=True, create=True)
        try:
            if not self._disk.lock(self._fd):
                raise JournalLocked(f"{self._path}: expected to be the only writer, found another one")
            self._count = self._read_header()
            self._runs = self._read_runs()
        except BaseException:
            self._disk.close(self._fd)
            raise

    def __len__(self) -> int:
        """Rows so far."""
        return self._count

    def close(self) -> None:
        """Let go of the file and of its lock."""
        self._runs = []
        self._disk.close(self._fd)

    def append(self, rows: Rows) -> None:
        """(n,) more rows; durable on return. ValueError for rows of another type."""
        if rows.dtype != self._dtype or rows.ndim != 1:
            raise ValueError(f"Expected a column of {self._dtype}, was {rows.shape} of {rows.dtype}")
        if not len(rows):
            return
        self._complete_runs()
        first = self._count + 1
        written = np.empty((len(rows), self._stride), np.uint8)
        for at in range(0, len(rows), AT_ONCE):
            piece, into = rows[at : at + AT_ONCE], written[at : at + AT_ONCE]
            into[:, :-CHECK_BYTES] = _bytes_of(piece)
            into[:, -CHECK_BYTES:] = _checks(piece, first + at).reshape(-1, 1).view(np.uint8)
        self._disk.write_all(self._fd, written.reshape(-1), self._offset(first))
        self._disk.fdatasync(self._fd)
        self._count += len(rows)
        self._add_run(first, rows[self._key])

    def find(self, keys: Int64s) -> Int64s:
        """(n,) keys -> (n,) places counted from 1, 0 where there is none."""
        self._complete_runs()
        found = np.zeros(len(keys), np.int64)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run.keys, keys), len(run.keys) - 1)
            hit = run.keys[at] == keys
            found[hit] = run.places[at[hit]]
        return found

    def find_all(self, key: int) -> Int64s:
        """Places of all rows of a key, ascending; where keys need not be distinct."""
        self._complete_runs()
        found = [np.zeros(0, np.int64)]
        for run in self._runs:
            first, end = (int(np.searchsorted(run.keys, key, side)) for side in ("left", "right"))
            found.append(np.sort(run.places[first:end]))
        return np.concatenate(found)

    def read(self, places: Int64s) -> Rows:
        """(n,) places from 1 to the last -> (n,) rows. Raises JournalCorrupt for one that is damaged."""
        if not len(places):
            return np.zeros(0, self._dtype)
        if places.min() < 1 or places.max() > self._count:
            raise ValueError(f"Expected places from 1 to {self._count}, was {places.min()} to {places.max()}")
        shape = (self._count, self._stride)
        mapped = np.memmap(self._path, np.uint8, "r", HEADER_BYTES, shape)
        whole = np.ascontiguousarray(mapped[places - 1])
        rows = np.ascontiguousarray(whole[:, :-CHECK_BYTES]).view(self._dtype).reshape(-1)
        stored = np.ascontiguousarray(whole[:, -CHECK_BYTES:]).view(np.uint64).reshape(-1)
        expected = _checks(rows, places)
        wrong = np.flatnonzero(stored != expected)
        if len(wrong):
            at, place = int(wrong[0]), int(places[wrong[0]])
            checks = (f"a check of {one[at]:016x}" for one in (expected, stored))
            raise JournalCorrupt(self._path, self._offset(place), place, *checks)
        return rows

    def cut(self, rows: int) -> None:
        """Only the first so many stay; durable on return. ValueError if there are fewer."""
        if self._count < rows:
            raise ValueError(f"{self._path}: expected at least {rows} rows, was {self._count}")
        if self._count == rows:
            return
        while self._runs and self._runs[-1].last > rows:
            run = self._runs.pop()
            if run.first <= rows:
                stays = run.places <= rows
                self._runs.append(self._write_run(run.first, rows, run.keys[stays], run.places[stays]))
            self._disk.remove(run.path)
        self._disk.fsync_directory(self._directory)
        self._disk.truncate(self._fd, self._offset(rows + 1))
        self._disk.fdatasync(self._fd)
        self._count = rows

    # -- files ------------------------------------------------------------------------------------------

    def _offset(self, place: int) -> int:
        return HEADER_BYTES + (place - 1) * self._stride

    def _read_header(self) -> int:
        """Rows in the file; what a torn write has left behind the last whole one is cut off."""
        size = self._disk.size(self._fd)
        if size < HEADER_BYTES:
            self._disk.truncate(self._fd, 0)
            header = _HEADER.pack(_ROWS, FORMAT_VERSION, self._dtype.itemsize, 0, 0)
            self._disk.write_all(self._fd, header, 0)
            self._disk.fdatasync(self._fd)
            self._disk.fsync_directory(self._directory)
            return 0
        magic, version, row_bytes, _, _ = _HEADER.unpack(
            bytes(read_file(self._disk, self._path, HEADER_BYTES))
        )
        if magic != _ROWS:
            raise JournalCorrupt(self._path, 0, 0, f"magic {_ROWS.hex()}", magic.hex())
        if version != FORMAT_VERSION:
            raise JournalVersionError(f"{self._path}: expected version {FORMAT_VERSION}, was {version}")
        if row_bytes != self._dtype.itemsize:
            expected = f"rows of {self._dtype.itemsize} bytes"
            raise JournalCorrupt(self._path, 12, 0, expected, f"{row_bytes} bytes")
        rows = (size - HEADER_BYTES) // self._stride
        self._disk.truncate(self._fd, self._offset(rows + 1))
        return int(rows)

    def _read_runs(self) -> list[_Run]:
        """Runs that are whole and follow each other from row 1 on; all other files of runs are removed."""
        named = []
        for name in self._disk.names(self._directory):
            match = _RUN_NAME.fullmatch(name)
            if match:
                named.append((int(match[1]), -int(match[2]), self._directory / name))
            elif name.endswith(PARTIAL):
                self._disk.remove(self._directory / name)
        runs: list[_Run] = []
        for first, minus_last, path in sorted(named):
            expected = runs[-1].last + 1 if runs else 1
            run = self._read_run(first, -minus_last, path) if first == expected else None
            if run is None or run.last > self._count:
                self._disk.remove(path)
            else:
                runs.append(run)
        return runs

    def _read_run(self, first: int, last: int, path: Path) -> _Run | None:
        """A run, or None if its bytes are not what was written."""
        found, rows = read_file(self._disk, path), last - first + 1
        if len(found) != HEADER_BYTES + 16 * rows or rows < 1:
            return None
        magic, version, _, count, crc = _HEADER.unpack(bytes(found[:HEADER_BYTES]))
        if (magic, version, count) != (_RUN, FORMAT_VERSION, rows):
            return None
        return _mapped(first, last, path) if google_crc32c.value(bytes(found[HEADER_BYTES:])) == crc else None

    def _complete_runs(self) -> None:
        """A run for the rows that have none."""
        first = self._runs[-1].last + 1 if self._runs else 1
        if first <= self._count:
            rows = self.read(np.arange(first, self._count + 1))
            self._add_run(first, rows[self._key])

    def _add_run(self, first: int, keys: Int64s) -> None:
        """A run of new keys, merged with those before it until each is over twice as large as the next."""
        order = np.argsort(keys, kind="stable")
        keys, places = keys[order], first + order
        merged = []
        while self._runs and len(self._runs[-1].keys) <= 2 * len(keys):
            run = self._runs.pop()
            merged.append(run.path)
            first = run.first
            keys, places = np.concatenate([run.keys, keys]), np.concatenate([run.places, places])
            order = np.argsort(keys, kind="stable")
            keys, places = keys[order], places[order]
        self._runs.append(self._write_run(first, self._count, keys, places))
        for old in merged:
            self._disk.remove(old)

    def _write_run(self, first: int, last: int, keys: Int64s, places: Int64s) -> _Run:
        path = self._directory / f"run-{first:020}-{last:020}"
        body = keys.astype("<i8").tobytes() + places.astype("<i8").tobytes()
        header = _HEADER.pack(_RUN, FORMAT_VERSION, 16, len(keys), google_crc32c.value(body))
        replace_file(self._disk, path, header + body)
        return _mapped(first, last, path)


def _mapped(first: int, last: int, path: Path) -> _Run:
    both = np.memmap(path, np.int64, "r", HEADER_BYTES, (2, last - first + 1))
    return _Run(first, last, path, both[0], both[1])


def _bytes_of(rows: Rows) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)


def _checks(rows: Rows, places: Int64s | int) -> npt.NDArray[np.uint64]:
    """(n,) 64 bits that depend on all bytes of a row and on its place, or on the place of the first row."""
    if isinstance(places, int):
        places = np.arange(places, places + len(rows))
    words = _bytes_of(rows).view(np.uint64)
    mixed = places.astype(np.uint64) * _MIX
    for column in range(words.shape[1]):
        mixed = (mixed ^ words[:, column]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed
