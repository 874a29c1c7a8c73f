"""An archive as a snapshot of it knew it, and in memory what follows: for who reads beside its writer.

    directory/rows    first rows of the file, read once, checked      + rows that a replay appends
                      `cut(n)` says how many belong to the snapshot     (never written)

Who lives through a part of a journal again must neither lock the archive nor cut it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.journal.rows import Int64s, Rows, first_rows


class RowReplay:
    """The rows of a `RowArchive`, without its lock and without a change to it. Memory: all its rows."""

    def __init__(self, directory: Path, dtype: np.dtype[Any], key: str) -> None:
        self._directory, self._dtype, self._key = directory, dtype, key
        self._rows: Rows = np.zeros(0, dtype)
        self._sorted: npt.NDArray[np.intp] | None = None
        """Places of the rows by key, made when somebody asks."""

    def __len__(self) -> int:
        """Rows so far."""
        return len(self._rows)

    def append(self, rows: Rows) -> None:
        """(n,) more rows, for this replay alone."""
        self._rows, self._sorted = np.concatenate([self._rows, rows]), None

    def find(self, keys: Int64s) -> Int64s:
        """(n,) keys -> (n,) places counted from 1, 0 where there is none."""
        known = self._rows[self._key]
        if not len(known):
            return np.zeros(len(keys), np.int64)
        if self._sorted is None:
            self._sorted = np.argsort(known, kind="stable")
        at = np.minimum(np.searchsorted(known, keys, sorter=self._sorted), len(known) - 1)
        places = self._sorted[at]
        return np.where(known[places] == keys, places + 1, 0).astype(np.int64)

    def read(self, places: Int64s) -> Rows:
        """(n,) places from 1 to the last -> (n,) rows."""
        return self._rows[places - 1]

    def cut(self, rows: int) -> None:
        """Only the first so many, of those in the file if they are not here yet. ValueError if there are
        fewer, JournalCorrupt for one that is damaged."""
        if rows > len(self._rows):
            self._rows = first_rows(self._directory, self._dtype, rows)
        self._rows, self._sorted = self._rows[:rows], None
