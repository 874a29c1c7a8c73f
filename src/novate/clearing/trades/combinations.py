"""A number for each combination of codes, found when a row first has it.

    instrument  trade date     key = 1 * 2 + 0      table[key]
         1          0      -->      2           -->  8, and for every later row with (1, 0) too
         1          1               3                9

Rows share few combinations, so what a combination means is worked out once and then looked up. Up to
`MOST_CELLS` combinations there is a cell for each, otherwise those that occur are kept in a dict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.trades.columns import Int64s

Codes = npt.NDArray[Any]
"""Integers of any width."""
MOST_CELLS = 1 << 22
UNSEEN = -(1 << 62)


class Combinations:
    """What `number` says of codes (c0, c1, ...), each from 0 to below its entry of `sizes`."""

    def __init__(self, sizes: Sequence[int], number: Callable[..., int]) -> None:
        self._sizes = sizes
        self._number = number
        cells = prod(sizes)
        self._table = np.full(cells if cells <= MOST_CELLS else 0, UNSEEN, np.int64)
        self._seen: dict[tuple[int, ...], int] = {}

    def look_up(self, *codes: Codes) -> Int64s:
        """The number of each row, whose codes stand at one place of all the columns."""
        if not len(self._table):
            return self._from_dict(codes)
        key = np.zeros(1, np.int64)
        for column, size in zip(codes, self._sizes, strict=True):
            if size > 1:
                key = key * size + column
        numbers = self._table[np.broadcast_to(key, len(codes[0]))]
        missing = numbers == UNSEEN
        if missing.any():
            self._fill(np.unique(np.broadcast_to(key, len(codes[0]))[missing]))
            numbers = self._table[np.broadcast_to(key, len(codes[0]))]
        return numbers

    def _fill(self, keys: Int64s) -> None:
        for key in keys.tolist():
            codes, rest = [], key
            for size in reversed(self._sizes):
                rest, code = divmod(rest, size)
                codes.append(code)
            self._table[key] = self._number(*reversed(codes))

    def _from_dict(self, codes: Sequence[Codes]) -> Int64s:
        firsts, which = distinct(*codes)
        numbers = []
        for first in firsts.tolist():
            combination = tuple(int(column[first]) for column in codes)
            if combination not in self._seen:
                self._seen[combination] = self._number(*combination)
            numbers.append(self._seen[combination])
        return np.array(numbers, np.int64)[which]


def distinct(*columns: Codes) -> tuple[Int64s, Int64s]:
    """(a row for each distinct combination of the columns, the combination's number for each row)."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, numbers = np.unique(column, return_inverse=True)
        # Renumbered at every step, so that the product of two counts stays far below 64 bits.
        code = np.unique(code * max(len(values), 1) + numbers, return_inverse=True)[1].astype(np.int64)
    return np.unique(code, return_index=True)[1].astype(np.int64), code
