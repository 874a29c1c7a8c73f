"""Growable columns for what grows with the trades: trades, their versions, their legs, and their names.

    trades     row -> identity, number, version in force, first current leg, first version, name in `Texts`
    versions   row -> trade, version, digest of the content, next version of the trade
    legs       row -> trade, party, quantity, amount, due, state, ..., next current leg of the trade

Other rows and lists name a row by its number, until settled trades leave and what is left moves together
(`retirement`). What is said of a trade outside is its own number, in order of arrival, for ever. Rows are
read as tuples of Python integers, which are exact at any size and never wrap.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

NO_ROW = -1
FIRST_ROWS = 64

TRADES = np.dtype(
    [
        ("identity", "V16"),
        ("number", "<i8"),
        ("source", "<i4"),
        ("name_length", "<i4"),
        ("name_start", "<i8"),
        ("in_force", "<i8"),
        ("highest", "<i8"),
        ("first_leg", "<i4"),
        ("first_version", "<i4"),
        ("is_cancelled", "u1"),
        ("is_netted", "u1"),
    ]
)
VERSIONS = np.dtype([("trade", "<i4"), ("next", "<i4"), ("version", "<i8"), ("content", "V16")])
LEGS = np.dtype(
    [
        ("trade", "<i4"),
        ("next", "<i4"),
        ("version", "<i8"),
        ("party", "<i4"),
        ("instrument", "<i4"),
        ("quantity", "<i8"),
        ("amount", "<i8"),
        ("lieu", "<i8"),
        ("due", "<i4"),
        ("trade_day", "<i4"),
        ("side", "u1"),
        ("kind", "u1"),
        ("state", "u1"),
        ("is_reversal", "u1"),
    ]
)


class MemberNetting(NamedTuple):
    """What netting saved a party in a currency of a cycle: what it would pay and be paid gross, and net."""

    day: int
    cycle: int
    party: int
    currency: int
    legs: int
    rows: int
    gross_pay: int
    net_pay: int
    gross_receive: int
    net_receive: int


class Leg(NamedTuple):
    """A leg as it was when it was read; the fields are the columns of LEGS (C10)."""

    trade: int
    """Row of its trade; a transfer is minus its number (C16)."""
    next: int
    """Row of the trade's next current leg, or NO_ROW."""
    version: int
    party: int
    instrument: int
    quantity: int
    amount: int
    lieu: int
    """Cash in lieu that is already in the party's due (C47)."""
    due: int
    trade_day: int
    side: int
    kind: int
    state: int
    is_reversal: int


class Rows:
    """A structured array that grows by doubling."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._array = np.zeros(FIRST_ROWS, dtype)
        self.count = 0

    @property
    def array(self) -> npt.NDArray[np.void]:
        """The rows in use, as they lie in memory."""
        return self._array[: self.count]

    def append(self, *values: Any) -> int:
        """Add a row; returns its number."""
        if self.count == len(self._array):
            self._grow(2 * self.count)
        self._array[self.count] = values
        self.count += 1
        return self.count - 1

    def extend(self, rows: npt.NDArray[np.void]) -> None:
        """Add many rows at once."""
        needed = self.count + len(rows)
        if needed > len(self._array):
            self._grow(max(needed, 2 * len(self._array)))
        _copy(rows, self._array[self.count : needed])
        self.count = needed

    def _grow(self, room: int) -> None:
        grown = np.zeros(room, self._array.dtype)
        _copy(self.array, grown[: self.count])
        self._array = grown

    def read(self, row: int) -> tuple[Any, ...]:
        """A row as a tuple of Python values."""
        found: tuple[Any, ...] = self._array[row].item()
        return found

    def get(self, row: int, column: str) -> Any:
        """One value of a row as a Python value."""
        return self._array[column][row].item()

    def set(self, row: int, column: str, value: Any) -> None:
        """Change one value of a row."""
        self._array[column][row] = value

    def keep(self, kept: npt.NDArray[np.bool_], **renumbered: npt.NDArray[np.int64]) -> None:
        """Only some rows are left. In the named columns stand numbers of rows from 0 on, to be exchanged for
        those of an array; numbers below 0 stay."""
        rows = self.array.take(np.flatnonzero(kept))
        for column, numbers in renumbered.items():
            is_row = rows[column] >= 0
            rows[column][is_row] = numbers[rows[column][is_row]]
        self.take_over(rows)

    def take_over(self, array: npt.NDArray[np.void]) -> None:
        """Take over saved rows. ValueError if they are of another type."""
        if array.dtype != self._array.dtype:
            raise ValueError(f"Expected rows of {self._array.dtype}, was {array.dtype}")
        self.count = len(array)
        self._array = np.zeros(max(self.count, FIRST_ROWS), array.dtype)
        _copy(np.ascontiguousarray(array), self._array[: self.count])


def _copy(rows: npt.NDArray[Any], to: npt.NDArray[Any]) -> None:
    """Copy rows as bytes: as records they would be copied field by field."""
    to.view(np.uint8)[:] = rows.view(np.uint8)


class Texts:
    """Names one behind the other; a name is its start and its length."""

    def __init__(self) -> None:
        self.heap = bytearray()

    def add(self, name: bytes) -> int:
        """Keep a name; returns where it starts."""
        start = len(self.heap)
        self.heap += name
        return start

    def read(self, start: int, length: int) -> bytes:
        return bytes(self.heap[start : start + length])
