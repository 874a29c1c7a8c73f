"""Where the two streams between venue and house stand: fills that came, credit that went (C10, K16).

fills 1, 2, 3, ... --> house --> credits 1, 2, 3, ...        `told`: what the venue's credit knows of
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Worth = dict[tuple[int, int, int], int]
"""(0 for a currency, 1 for an instrument; its number; party) -> units."""
CURRENCY, INSTRUMENT = 0, 1
NO_SOURCE = -1
MOST_DIGITS = 18
"""Of the number of a fill, so that any number of so many digits fits 64 bits."""


class VenueStream:
    """Where the two streams between venue and house stand."""

    def __init__(self) -> None:
        self.fills = 0
        """Number of the last fill that was taken."""
        self.source = NO_SOURCE
        """Number of the source of fills."""
        self.trades = 0
        """Fills that became trades: first versions of trades of the source."""
        self.credits = 0
        """Number of the last CREDIT."""
        self.told: Worth = {}
        """Worth as the venue knows it, without zeros."""

    def has_named(self, name: bytes) -> bool:
        """Is this the trade id of a fill that FILLS has named?"""
        is_number = name.isdigit() and not name.startswith(b"0") and len(name) <= MOST_DIGITS
        return is_number and int(name) <= self.fills

    def have_named(
        self, names: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """`has_named` of many: (n, at least MOST_DIGITS) characters, (n,) how many of them are the name."""
        digits = names[:, :MOST_DIGITS].astype(np.int64) - ord("0")
        is_there = np.arange(MOST_DIGITS) < lengths[:, None]
        is_number = (~is_there | (digits >= 0) & (digits <= 9)).all(axis=1)
        is_number &= (lengths >= 1) & (lengths <= MOST_DIGITS) & (digits[:, 0] != 0)
        number = np.zeros(len(names), np.int64)
        for digit, there in zip(digits.T, is_there.T, strict=True):
            number = np.where(is_number & there, 10 * number + digit, number)
        return np.asarray(is_number & (number <= self.fills))

    def add_fills(self, legs: npt.NDArray[np.void], currencies: npt.NDArray[np.int64]) -> None:
        """Legs of trades that the venue did: (n,) LEGS, and the currency of each instrument."""
        for kind, asset, column in (
            (INSTRUMENT, legs["instrument"].astype(np.int64), legs["quantity"]),
            (CURRENCY, currencies[legs["instrument"]], legs["amount"]),
        ):
            keys = asset << 32 | legs["party"].astype(np.int64)
            distinct, place = np.unique(keys, return_inverse=True)
            sums = np.zeros(len(distinct), np.int64)
            # C53 keeps the sum of all that is open within 64 bits.
            np.add.at(sums, place, column)
            for key, total in zip(distinct.tolist(), sums.tolist(), strict=True):
                self._add((kind, key >> 32, key & 0xFFFFFFFF), total)

    def add_fill(self, instrument: int, currency: int, party: int, quantity: int, amount: int) -> None:
        """One leg of a trade that the venue did."""
        self._add((INSTRUMENT, instrument, party), quantity)
        self._add((CURRENCY, currency, party), amount)

    def _add(self, key: tuple[int, int, int], units: int) -> None:
        total = self.told.get(key, 0) + units
        if total:
            self.told[key] = total
        else:
            self.told.pop(key, None)

    def rows(self) -> list[object]:
        """Everything, sorted, for a snapshot and a root."""
        return [
            self.fills,
            self.source,
            self.trades,
            self.credits,
            sorted((*key, n) for key, n in self.told.items()),
        ]

    def take_over(self, rows: list[object]) -> None:
        """The inverse of `rows`."""
        self.fills, self.source, self.trades, self.credits, told = rows  # type: ignore[assignment]
        self.told = {(kind, asset, party): n for kind, asset, party, n in told}  # type: ignore[attr-defined]
