"""Open positions of net instruments (C21): objects with lots, and columns of those that a cycle just made.

    cycle --> fresh columns   instrument party quantity amount legs       one lot of the day, nothing done yet
                 | settled whole: never more than columns
                 v what is asked for by name, fails, or is carried on
              objects         instrument -> party -> Position

A day's positions are many and most of them settle the same day, so a fresh one becomes an object only when
somebody needs it. Which of both a position is changes no answer.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(eq=False, slots=True)
class Position:
    """An open position (C21)."""

    lots: list[list[int]] = field(default_factory=list)
    """[since, signed quantity], oldest first, all of one sign."""
    amount: int = 0
    legs: array[int] = field(default_factory=lambda: array("q"))
    """Rows of the legs behind it."""
    reason: int = 0
    failed: bool = False
    coev: int = 0
    """The last day on which a COEV leg entered."""

    @property
    def quantity(self) -> int:
        """The signed open quantity."""
        return sum(lot[1] for lot in self.lots)

    def take(self, quantity: int, newest_first: bool = False) -> None:
        """Take an unsigned quantity out of the lots."""
        for lot in reversed(self.lots) if newest_first else self.lots:
            taken = min(abs(lot[1]), quantity)
            lot[1] -= taken if lot[1] > 0 else -taken
            quantity -= taken
        self.lots = [lot for lot in self.lots if lot[1]]


class Fresh(NamedTuple):
    """Positions of a cycle by instrument and party; `legs[bounds[i] : bounds[i + 1]]` are behind number i."""

    since: int
    instrument: Int32s
    party: Int32s
    quantity: Int64s
    amount: Int64s
    legs: Int64s
    bounds: Int64s

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.instrument)

    def position(self, number: int) -> Position:
        """One of them as an object."""
        quantity = int(self.quantity[number])
        rows = self.legs[self.bounds[number] : self.bounds[number + 1]]
        lots = [[self.since, quantity]] if quantity else []
        return Position(lots, int(self.amount[number]), array("q", rows.tobytes()))

    def chosen(self, wanted: Bools) -> Fresh:
        """Some of them."""
        sizes = np.diff(self.bounds)
        bounds = np.concatenate(([0], np.cumsum(sizes[wanted])))
        columns = (column[wanted] for column in (self.instrument, self.party, self.quantity, self.amount))
        return Fresh._make((self.since, *columns, self.legs[np.repeat(wanted, sizes)], bounds))


class Sums(NamedTuple):
    """What is open of an instrument: positions, unsigned quantity, unsigned amount."""

    positions: int
    quantity: int
    amount: int


_NONE = Fresh(0, *(np.zeros(0, np.int32),) * 2, *(np.zeros(0, np.int64),) * 3, np.zeros(1, np.int64))


class OpenPositions:
    """Positions by instrument and party."""

    def __init__(self) -> None:
        self._objects: dict[int, dict[int, Position]] = {}
        self._fresh = _NONE
        self._places: dict[int, slice] = {}
        """Instrument -> numbers of its fresh positions."""

    # -- as objects -------------------------------------------------------------------------------------

    def __getitem__(self, instrument: int) -> dict[int, Position]:
        """Positions of an instrument by party; to add one or to take one away."""
        place = self._places.pop(instrument, None)
        found = self._objects.setdefault(instrument, {})
        if place is not None:
            for number, party in enumerate(self._fresh.party[place].tolist(), place.start):
                found[party] = self._fresh.position(number)
            if not self._places:
                self._fresh = _NONE
        return found

    def has(self, instrument: int) -> bool:
        """Whether anything of an instrument is open."""
        return instrument in self._places or bool(self._objects.get(instrument))

    def instruments(self) -> list[int]:
        """Instruments with an open position, ascending."""
        return sorted({*self._places, *(one for one, found in self._objects.items() if found)})

    def carried(self, instrument: int) -> dict[int, Position]:
        """Those that are objects already: whatever has been open before today is among them."""
        return self._objects.get(instrument, {})

    def shorts(self, instrument: int) -> int:
        """Quantity that members owe in an instrument."""
        place = self._places.get(instrument)
        fresh = 0 if place is None else -int(np.minimum(self._fresh.quantity[place], 0).sum())
        return fresh + sum(max(0, -one.quantity) for one in self.carried(instrument).values())

    # -- as columns -------------------------------------------------------------------------------------

    def add_fresh(self, fresh: Fresh) -> None:
        """Positions that a cycle made; no other of these parties and instruments is open."""
        for instrument in list(self._places):
            self[instrument]
        instruments, firsts = np.unique(fresh.instrument, return_index=True)
        ends = [*firsts[1:].tolist(), fresh.size]
        self._fresh = fresh
        self._places = {
            instrument: slice(first, end)
            for instrument, first, end in zip(instruments.tolist(), firsts.tolist(), ends, strict=True)
        }

    def take_fresh(self) -> Fresh:
        """The fresh positions, which are then no longer here."""
        fresh = self._fresh
        if (
            len(self._places)
            and sum(place.stop - place.start for place in self._places.values()) < fresh.size
        ):
            fresh = fresh.chosen(np.isin(fresh.instrument, np.array(list(self._places), np.int32)))
        self._fresh, self._places = _NONE, {}
        return fresh

    def renumber(self, rows: Int64s) -> None:
        """Legs have other rows now: old row -> new one."""
        self._fresh = self._fresh._replace(legs=rows[self._fresh.legs])
        for positions in self._objects.values():
            for position in positions.values():
                position.legs = array("q", rows[np.array(position.legs, np.int64)].tobytes())

    def sums(self) -> dict[int, Sums]:
        """Sums by instrument."""
        fresh, found = self._fresh, {}
        for instrument, place in self._places.items():
            quantity, amount = (np.abs(one[place]).sum() for one in (fresh.quantity, fresh.amount))
            found[instrument] = Sums(place.stop - place.start, int(quantity), int(amount))
        for instrument, positions in self._objects.items():
            if positions:
                before = found.get(instrument, Sums(0, 0, 0))
                found[instrument] = Sums(
                    before.positions + len(positions),
                    before.quantity + sum(abs(one.quantity) for one in positions.values()),
                    before.amount + sum(abs(one.amount) for one in positions.values()),
                )
        return found

    @property
    def nbytes(self) -> int:
        """Of the columns, and of the lists of legs behind objects."""
        fresh = sum(column.nbytes for column in self._fresh[1:])
        behind = (one.legs for positions in self._objects.values() for one in positions.values())
        return fresh + sum(len(legs) * legs.itemsize for legs in behind)
