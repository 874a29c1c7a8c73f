"""What is held, and by how much one lot of it changes in value when its risk factor moves.

    Instrument ACME  price 50.00 x 100    factor ACME  -0.20  ->  one lot changes by -1,000.00
    Instrument PUT   on ACME, strike 50   factor ACME  -0.20  ->  priced again at 40.00 and 50.00

Changes are integers in 10**-6 of the minor unit, rounded half away from zero once per lot and move: fine
enough for a million lots, and one place where the prices of option models (real numbers) become money.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.history import RETURN_UNIT
from novate.clearing.margin.pricing.revaluation import OptionTerms, option_changes
from novate.domain.units import INT64_MAX, div_ceil, div_half_up

Int64s = npt.NDArray[np.int64]
EXTRA_DECIMALS = 6
LOT_UNIT = 10**EXTRA_DECIMALS
"""Units of a change in a minor unit."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What one lot gains at moves of its factor: straight between them, and beyond the outermost two."""

    moves: tuple[int, ...]
    """In 10**-12, ascending, at least two."""
    changes: tuple[int, ...]
    """Minor units."""

    def change(self, move: int) -> int:
        """In 10**-6 minor units, half away from zero."""
        at = min(max(bisect_right(self.moves, move) - 1, 0), len(self.moves) - 2)
        first, last = self.moves[at], self.moves[at + 1]
        rise = (self.changes[at + 1] - self.changes[at]) * (move - first)
        return div_half_up(LOT_UNIT * (self.changes[at] * (last - first) + rise), last - first)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One thing that accounts hold."""

    code: str
    currency: str
    decimals: int
    """Of the currency's minor unit."""
    factor: str
    """The risk factor that moves it: a column of the history."""
    price: Fraction
    """Of the risk factor today: its own price, or that of what an option is on."""
    multiplier: Fraction = Fraction(1)
    """Money for one unit of price of one lot."""
    option: OptionTerms | None = None
    grid: Grid | None = None
    """In the place of price and multiplier: for what is not worth its factor."""
    issuer: str = ""
    """Whose failure makes it worthless; empty if nobody's."""
    daily_volume: Fraction = Fraction(0)
    """Lots that trade on an ordinary day; 0 if nobody says."""
    bid_ask: Fraction = Fraction(0)
    """Width of the market in units of price."""

    def lot_value(self) -> Fraction:
        """Size of one lot in minor units: price of the factor times multiplier."""
        return self.price * self.multiplier * 10**self.decimals


def lot_changes(
    instrument: Instrument, moves: Sequence[int], vol_moves: Sequence[int] | None = None
) -> Int64s:
    """(moves,) change in value of one lot for each move of its factor, in 10**-6 minor units.

    `moves` and `vol_moves` are in 10**-12; the latter are relative changes of volatility, for options only.
    ValueError for an amount that 64 bits do not hold.
    """
    if instrument.option is not None:
        scale = int(instrument.decimals) + EXTRA_DECIMALS
        return option_changes(
            instrument.option, instrument.price, instrument.multiplier, moves, vol_moves, scale
        )
    if instrument.grid is not None:
        changes = [instrument.grid.change(move) for move in moves]
    else:
        value = instrument.lot_value() * LOT_UNIT
        size, parts = value.numerator, value.denominator * RETURN_UNIT
        changes = [div_half_up(size * move, parts) for move in moves]
    if max(map(abs, changes), default=0) > INT64_MAX:
        raise ValueError(f"{instrument.code}: expected a change of 64 bits, was {max(map(abs, changes))}")
    return np.array(changes, np.int64)


def rounded_up(amount: Fraction) -> int:
    """The least whole number not below: what is owed to the house is never rounded in the debtor's favour."""
    return div_ceil(amount.numerator, amount.denominator)
