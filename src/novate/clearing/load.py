"""The load: unsigned quantities and amounts that are open and may still move, summed by asset (C53).

    legs of today + positions, items and waiting legs as they were after the last roll

It is never below what is really open, and never above CAPACITY, so sums over anything open fit 64 bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.house_terms import HouseTerms

CAPACITY = 2**61
"""Securities of an instrument, or minor units of a currency."""

Int64s = npt.NDArray[np.int64]


class Load:
    """Running sums; callers have asked before they add."""

    def __init__(self, terms: HouseTerms) -> None:
        self.quantities: Int64s = np.zeros(len(terms.instruments), np.int64)
        self.amounts: Int64s = np.zeros(len(terms.currencies), np.int64)
        self._currency = np.array([one.currency for one in terms.instruments], np.int64)

    def bears_quantity(self, instrument: int, quantity: int) -> bool:
        """Whether so many securities more are within CAPACITY."""
        return int(self.quantities[instrument]) + quantity <= CAPACITY

    def bears_amount(self, currency: int, amount: int) -> bool:
        """Whether so many minor units more are within CAPACITY."""
        return int(self.amounts[currency]) + amount <= CAPACITY

    def surely_bears(self, quantity: Int64s, amount: Int64s) -> bool:
        """Whether both legs of all these trades are within CAPACITY, whatever their assets are."""
        return (
            int(self.quantities.max(initial=0)) + 2 * _at_least_the_sum(quantity) <= CAPACITY
            and int(self.amounts.max(initial=0)) + 2 * _at_least_the_sum(amount) <= CAPACITY
        )

    def add(self, instrument: int, quantity: int, amount: int) -> None:
        """A leg of any sign comes in."""
        self.quantities[instrument] += abs(quantity)
        self.amounts[self._currency[instrument]] += abs(amount)

    def take(self, instrument: int, quantity: int, amount: int) -> None:
        """A leg of any sign that was added is gone before it could move anything."""
        self.quantities[instrument] -= abs(quantity)
        self.amounts[self._currency[instrument]] -= abs(amount)

    def add_many(self, instruments: npt.NDArray[np.int32], quantities: Int64s, amounts: Int64s) -> None:
        """Many legs of any sign come in."""
        np.add.at(self.quantities, instruments, np.abs(quantities))
        np.add.at(self.amounts, self._currency[instruments], np.abs(amounts))


def _at_least_the_sum(values: Int64s) -> int:
    """A sum of up to 2**16 values >= 0 that cannot wrap; too much by less than 2**16 + 1 for each."""
    return (int((values >> 16).sum()) + len(values)) << 16
