"""Which legs wait (C10): found in the column of legs, by the day or by instrument.

    rows of legs   | indexed by instrument        | newer, looked through |
                   0                        indexed                   count

A leg waits if its state says so; nothing else is kept of it. The index is made anew when half of the legs are
newer than it, so a leg is sorted few times, and a day's trades that nobody asks about never are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.rows import Rows
from novate.domain.clearing_codes import LegState

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEW = 4096
"""Newer legs that are always rather looked through."""


class WaitingLegs:
    """Questions about the waiting ones of a column of legs."""

    def __init__(self, legs: Rows) -> None:
        self._legs = legs
        self.forget()

    def forget(self) -> None:
        """The rows of legs have moved."""
        self._indexed = 0
        self._rows = np.zeros(0, np.int64)
        self._instruments = np.zeros(0, np.int32)

    def due(self, today: int, settles: Bools) -> Int64s:
        """Rows of those due up to today, of instruments that settle; settles: a bool for each instrument."""
        legs = self._legs.array
        is_due = (legs["state"] == LegState.WAITING) & (legs["due"] <= today)
        return np.flatnonzero(is_due & settles[legs["instrument"]])

    def of(self, instrument: int) -> Int64s:
        """Rows of those of an instrument, by due day and arrival."""
        legs, count = self._legs.array, self._legs.count
        if count - self._indexed > max(FEW, count // 2):
            self._index()
        first, end = np.searchsorted(self._instruments, [instrument, instrument + 1]).tolist()
        newer = np.flatnonzero(legs["instrument"][self._indexed :] == instrument) + self._indexed
        rows = np.concatenate((self._rows[first:end], newer))
        rows = rows[legs["state"][rows] == LegState.WAITING]
        order = np.argsort(legs["due"][rows], kind="stable")
        return np.asarray(rows[order])

    def rows(self) -> Int64s:
        """Rows of all of them, by arrival."""
        return np.flatnonzero(self._legs.array["state"] == LegState.WAITING)

    def instruments(self) -> list[int]:
        """Instruments of which a leg waits, ascending."""
        legs = self._legs.array
        found: list[int] = np.unique(legs["instrument"][legs["state"] == LegState.WAITING]).tolist()
        return found

    def _index(self) -> None:
        legs = self._legs.array
        rows = self.rows()
        order = np.argsort(legs["instrument"][rows], kind="stable")
        self._rows = rows[order]
        self._instruments = legs["instrument"][self._rows]
        self._indexed = len(legs)
