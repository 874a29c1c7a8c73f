"""Where retired transfers are kept: a port, and the adapter that keeps them in memory (L30).

    append(rows)   the next seqs                 find(ids) -> seqs, 0 for none             read(seqs) -> rows
    cut(rows)      only the first so many stay: a snapshot names how many of them belong to it

A row is written once and never changes. What `append` was given is durable when it returns, so that no
snapshot is ever ahead of its archive.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from novate.clearing.ledger.layout import ARCHIVED
from novate.clearing.ledger.memory import Array

Seqs = npt.NDArray[np.int64]


class Archive(Protocol):
    """Rows of ARCHIVED by seq, counted from 1, and by id."""

    def __len__(self) -> int:
        """Rows, so the seq of the last one."""

    def append(self, rows: Array) -> None:
        """(n,) rows with the next seqs; their ids are in none of the rows before."""

    def find(self, ids: Seqs) -> Seqs:
        """(n,) ids -> (n,) seqs, 0 where there is none."""

    def read(self, seqs: Seqs) -> Array:
        """(n,) seqs from 1 to the last -> (n,) rows."""

    def cut(self, rows: int) -> None:
        """Forget all rows behind the first so many. ValueError if there are fewer."""


class MemoryArchive:
    """An archive that is gone with its process."""

    def __init__(self) -> None:
        self._rows: Array = np.zeros(0, ARCHIVED)
        self._seq_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, rows: Array) -> None:
        first = len(self._rows) + 1
        self._seq_of.update(zip(rows["id"].tolist(), range(first, first + len(rows)), strict=True))
        self._rows = np.concatenate([self._rows, rows])

    def find(self, ids: Seqs) -> Seqs:
        return np.array([self._seq_of.get(number, 0) for number in ids.tolist()], np.int64)

    def read(self, seqs: Seqs) -> Array:
        return self._rows[seqs - 1]

    def cut(self, rows: int) -> None:
        if len(self._rows) < rows:
            raise ValueError(f"Expected an archive of at least {rows} transfers, was {len(self._rows)}")
        for number in self._rows["id"][rows:].tolist():
            del self._seq_of[number]
        self._rows = self._rows[:rows]
