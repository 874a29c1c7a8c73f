"""Columns of exact decimals from texts of different lengths.

"410"  "-12.50"  "1E-3"   -->   units 410000 -12500 1, decimals 3     int64
one that does not fit     -->   the same as Python integers           object, still exact
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.model import Scaled
from novate.clearing.margin.span.numbers import scaled
from novate.domain.units import INT64_MAX

Int64s = npt.NDArray[np.int64]
WIDEST_SHIFT = 18
SAMPLE = 64


class DecimalColumn:
    """`rows` numbers, 0 until set; each has its own decimals until `finished`."""

    def __init__(self, rows: int) -> None:
        self.units = np.zeros(rows, np.int64)
        self.decimals = np.zeros(rows, np.int16)
        self.wide: dict[int, int] = {}
        """Numbers that do not fit int64; their units are 0 in the array."""

    def put(self, row: int, units: int, decimals: int) -> None:
        """Set one number."""
        self.decimals[row] = decimals
        if abs(units) > INT64_MAX:
            self.wide[row] = units
        else:
            self.units[row] = units

    def put_rows(
        self, rows: npt.NDArray[Any], units: Int64s, decimals: Int64s, texts: Callable[[int], str]
    ) -> None:
        """Set many; where `decimals` is negative, `texts(position)` is what an exact parser has to read.

        Raises ValueError with the position as second argument for a text that is no number.
        """
        self.units[rows] = units
        self.decimals[rows] = decimals
        for position in np.flatnonzero(decimals < 0).tolist():
            text = texts(position)
            try:
                self.put(int(rows[position]), *scaled(text))
            except ValueError:
                raise ValueError(text, position) from None
            if int(rows[position]) in self.wide:
                self.units[rows[position]] = 0

    def multiplied(self, source: npt.NDArray[Any], factors: list[tuple[int, int]]) -> None:
        """Each number times the factor (units, decimals) that `source` names for its row."""
        for number, (units, decimals) in enumerate(factors):
            if (units, decimals) != (1, 0):
                for row in np.flatnonzero(source == number).tolist():
                    value = self.wide.pop(row, int(self.units[row])) * units
                    self.units[row] = 0
                    self.put(row, value, int(self.decimals[row]) + decimals)

    def finished(self) -> Scaled:
        """All numbers in the same units: the coarsest that show every digit. The column is used up."""
        decimals = int(self.decimals.max(initial=0))
        shifts = [decimals - one for one in np.flatnonzero(np.bincount(self.decimals, minlength=1)).tolist()]
        if not self.wide and all(self._fits(decimals - by, by) for by in shifts):
            # In place, since the arrays of a large file are most of the memory that reading it takes.
            for by in filter(None, shifts):
                self.units[self.decimals == decimals - by] *= 10**by
            return _coarsest(self.units, decimals)
        exact = [
            self.wide.get(row, units) * 10 ** (decimals - own)
            for row, (units, own) in enumerate(zip(self.units.tolist(), self.decimals.tolist(), strict=True))
        ]
        return _coarsest(np.array(exact, object), decimals)

    def _fits(self, own: int, by: int) -> bool:
        """Whether no number with `own` decimals leaves int64 when it gets `by` more."""
        if by > WIDEST_SHIFT:
            return False
        units = self.units[self.decimals == own] if by else self.units
        largest = max(int(units.max(initial=0)), -int(units.min(initial=0)))
        return bool(largest * 10**by <= INT64_MAX)


def _coarsest(units: npt.NDArray[Any], decimals: int) -> Scaled:
    # The first rows nearly always show that no digit can go, without a walk over all of them.
    while decimals and not (units[:SAMPLE] % 10).any() and not (units % 10).any():
        units, decimals = units // 10, decimals - 1
    if units.dtype == object and all(abs(value) <= INT64_MAX for value in units.tolist()):
        units = units.astype(np.int64)
    return Scaled(units, decimals)
