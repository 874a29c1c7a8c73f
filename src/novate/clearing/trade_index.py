"""Where a trade is: identity (128 bits) -> row, for one trade or for a column of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.trade_index import WIDTH, enter_rows, find_rows
from novate.clearing.rows import NO_ROW

Identities = npt.NDArray[np.void]
Int64s = npt.NDArray[np.int64]

FEWEST_SLOTS = 256


class TradeIndex:
    """An index over the identities of trades; trades stand in it in the order of their rows."""

    def __init__(self) -> None:
        self._slots = np.zeros((FEWEST_SLOTS, WIDTH), np.int64)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def nbytes(self) -> int:
        """Of the table."""
        return self._slots.nbytes

    def get(self, identity: bytes) -> int:
        """Row of a trade, NO_ROW for one that is not here."""
        return int(self.find(np.frombuffer(identity, "V16"))[0])

    def find(self, identities: Identities) -> Int64s:
        """Row of each trade, NO_ROW for those that are not here."""
        rows = np.full(len(identities), NO_ROW, np.int64)
        find_rows(self._slots, _keys(identities), rows)
        return rows

    def enter(self, identities: Identities, first_row: int) -> int:
        """Take trades up to the first that is here already; returns how many that are."""
        keys = _keys(identities)
        if 2 * (self._used + len(keys)) > len(self._slots):
            self._widen(self._used + len(keys))
        entered = int(enter_rows(self._slots, keys, first_row))
        self._used += entered
        return entered

    def _widen(self, wanted: int) -> None:
        held = self._slots[self._slots[:, -1] != 0]
        held = held[np.argsort(held[:, -1])]
        slots = len(self._slots)
        while slots < 2 * wanted:
            slots *= 2
        self._slots = np.zeros((slots, WIDTH), np.int64)
        # Every row is here, from 0 on.
        enter_rows(self._slots, np.ascontiguousarray(held[:, :2]), 0)


def _keys(identities: Identities) -> Int64s:
    """As pairs of numbers, in an array that may be written: kernels are compiled for one kind only."""
    return np.array(identities).view(np.int64).reshape(-1, 2)


def rehearse() -> None:
    """Have the kernels of an index ready, and with the first of them all that kernels need."""
    index = TradeIndex()
    identities = np.frombuffer(b"a first identity", "V16")
    index.find(identities)
    index.enter(identities, 0)
