"""Novation: every trade becomes two legs against the central counterparty (C10).

    trade   BOREAL buys 300 from ALPINE for 54 750.00
    legs    BOREAL  +300  -54 750.00        the house sells to the buyer
            ALPINE  -300  +54 750.00        and buys from the seller

Invariant: the two legs of a trade sum to zero in quantity and in amount. The amount is rounded once a trade
(C2) and both legs use it, so nothing is ever left over. The legs themselves are written down nowhere: leg 2i
is the buyer's of trade i, 2i + 1 the seller's, and `netting` folds them as it goes.
"""

from __future__ import annotations

from math import gcd

import msgspec
import numpy as np

from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import WIDE, CapturedTrades
from novate.clearing.trades.columns import Bools, Int32s, Int64s, TradeColumns
from novate.clearing.trades.combinations import Combinations
from novate.domain.units import INT64_MAX, parse_signed

MOST_DECIMALS = 64


class Amounts(msgspec.Struct, frozen=True):
    """Money of each row in minor units, negative where the seller pays, and whether it had to be rounded; 0
    where there is none."""

    minor: Int64s
    is_rounded: Bools
    is_too_large: Bools


class TradesInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The trades that are cleared: one entry per trade in each of the first six columns."""

    buyer: Int32s
    seller: Int32s
    instrument: Int32s
    quantity: Int64s
    amount: Int64s
    """Minor units that the buyer pays; below zero: that it is paid."""
    dates: Int32s
    cycle_days: Int64s
    """`cycle_days[dates[i]]` is the day of the netting cycle that takes trade i."""

    def __len__(self) -> int:
        return len(self.buyer)


class Money:
    """`round(quantity * price)` of the rows of a delivery (C2), exact at any size."""

    def __init__(self, terms: ClearingTerms) -> None:
        self._terms = terms
        self._ratios: list[tuple[int, int]] = []
        """(numerator, denominator) in lowest terms: minor units of quantity 1 at price 1."""
        self._numbers = Combinations((len(terms.instruments), MOST_DECIMALS), self._number)

    def amounts(self, columns: TradeColumns, trades: CapturedTrades, usable: Bools) -> Amounts:
        """Amounts of some rows; signs come at the end, so that a price below zero is rounded as the same one
        above it."""
        minor = np.zeros(len(usable), np.int64)
        is_rounded = np.zeros(len(usable), bool)
        is_too_large = np.zeros(len(usable), bool)
        rows = slice(None) if usable.all() else np.flatnonzero(usable)
        quantity, price = trades.quantity[rows], trades.price[rows]
        ratio = self._numbers.look_up(trades.instrument[rows], trades.price_decimals[rows])
        if not len(ratio):
            return Amounts(minor, is_rounded, is_too_large)
        tops, bottoms = self._narrow_ratios()
        top, bottom = tops[ratio], bottoms[ratio]
        # In 64 bits where the whole product surely fits; the few others are computed one by one, below.
        is_narrow = _fits(quantity, price, top)
        if not is_narrow.all():
            quantity, price, top = (np.where(is_narrow, one, 0) for one in (quantity, price, top))
        product = quantity * price * top
        if bottoms.max() == 1:
            minor[rows] = product
        else:
            quotient, rest = np.divmod(product, bottom)
            minor[rows] = quotient + (rest >= bottom - rest)
            is_rounded[rows] = rest != 0
        wide = np.arange(len(usable))[rows][~is_narrow]
        for row, number in zip(wide.tolist(), ratio[~is_narrow].tolist(), strict=True):
            value, is_rounded[row] = self._exact(columns, trades, row, number)
            is_too_large[row] = value > self._terms.max_amount
            minor[row] = min(value, self._terms.max_amount)
        is_too_large |= minor > self._terms.max_amount
        return Amounts(np.where(trades.is_below_zero, -minor, minor), is_rounded, is_too_large)

    def _number(self, instrument: int, decimals: int) -> int:
        one = self._terms.instruments[instrument]
        bottom = one.amount_denominator * 10**decimals
        common = gcd(one.amount_numerator, bottom)
        ratio = one.amount_numerator // common, bottom // common
        if ratio not in self._ratios:
            self._ratios.append(ratio)
        return self._ratios.index(ratio)

    def _narrow_ratios(self) -> tuple[Int64s, Int64s]:
        """Numerators, 0 where a ratio does not fit 64 bits, and denominators."""
        tops = [top if max(top, bottom) <= INT64_MAX else 0 for top, bottom in self._ratios]
        return np.array(tops, np.int64), np.array([min(one, INT64_MAX) for _, one in self._ratios], np.int64)

    def _exact(
        self, columns: TradeColumns, trades: CapturedTrades, row: int, number: int
    ) -> tuple[int, bool]:
        """(the amount without its sign, whether it had to be rounded) of one row."""
        top, bottom = self._ratios[number]
        unscaled = abs(parse_signed(columns.price.text(row))[0])
        value, left = divmod(int(trades.quantity[row]) * unscaled * top, bottom)
        return value + (left >= bottom - left), left != 0


def _fits(quantity: Int64s, price: Int64s, top: Int64s) -> Bools:
    """Rows whose product surely fits 64 bits; `top` is 0 where it does not fit itself."""
    product = int(quantity.max()) * int(price.max()) * int(top.max())
    if top.min() > 0 and price.min() >= 0 and product <= INT64_MAX:
        return np.broadcast_to(np.True_, len(quantity))
    is_narrow = (price != WIDE) & (top > 0)
    room = INT64_MAX // np.maximum(top, 1)
    is_narrow &= price <= room
    room //= np.maximum(price, 1)
    is_narrow &= quantity <= room
    return np.asarray(is_narrow)
