"""Novation: every trade becomes two legs against the central counterparty (C10).

    trade   BOREAL buys 300 from ALPINE for 54 750.00
    legs    BOREAL  +300  -54 750.00        the house sells to the buyer
            ALPINE  -300  +54 750.00        and buys from the seller

Invariant: the two legs of a trade sum to zero in quantity and in amount. The amount is rounded once a trade
(C2) and both legs use it, so nothing is ever left over.
"""

from __future__ import annotations

from math import gcd

import msgspec
import numpy as np

from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import WIDE, CapturedTrades
from novate.clearing.trades.columns import Bools, Int64s, TradeColumns
from novate.domain.units import INT64_MAX, parse_signed

DECIMALS_STRIDE = 64


class Amounts(msgspec.Struct, frozen=True):
    """Money of each row in minor units, negative where the seller pays, and whether it had to be rounded; 0
    where there is none."""

    minor: Int64s
    is_rounded: Bools
    is_too_large: Bools


class Legs(msgspec.Struct, frozen=True, kw_only=True):
    """Two entries per trade: 2i is the buyer's leg of trade i, 2i + 1 the seller's."""

    party: Int64s
    instrument: Int64s
    due_day: Int64s
    quantity: Int64s
    """Signed: what the party receives."""
    amount: Int64s
    """Signed minor units: what the party receives."""


def amounts(columns: TradeColumns, trades: CapturedTrades, usable: Bools, terms: ClearingTerms) -> Amounts:
    """`round(quantity * price)` of every usable row (C2), exact at any size; signs come at the end, so
    that a price below zero is rounded as the same price above it."""
    minor = np.zeros(len(usable), np.int64)
    is_rounded = np.zeros(len(usable), bool)
    is_too_large = np.zeros(len(usable), bool)
    rows = np.flatnonzero(usable)
    ratio_of, ratios = _ratios(trades, rows, terms)
    numerators = np.array([top if max(top, bottom) <= INT64_MAX else 0 for top, bottom in ratios], np.int64)
    denominators = np.array([min(bottom, INT64_MAX) for _, bottom in ratios], np.int64)
    if not len(rows):
        return Amounts(minor, is_rounded, is_too_large)

    quantity, price = trades.quantity[rows], trades.price[rows]
    top, bottom = numerators[ratio_of], denominators[ratio_of]
    # In 64 bits where the whole product surely fits; the few others are computed one by one, below.
    narrow = (price != WIDE) & (top > 0)
    room = INT64_MAX // np.maximum(top, 1)
    narrow &= price <= room
    room //= np.maximum(price, 1)
    narrow &= quantity <= room
    product = np.where(narrow, quantity, 0) * np.where(narrow, price, 0) * np.where(narrow, top, 0)
    quotient, rest = np.divmod(product, bottom)
    minor[rows] = quotient + (rest >= bottom - rest)
    is_rounded[rows] = rest != 0
    for i in np.flatnonzero(~narrow).tolist():
        row = int(rows[i])
        top_exact, bottom_exact = ratios[int(ratio_of[i])]
        unscaled = abs(parse_signed(columns.price.text(row))[0])
        value, left = divmod(int(quantity[i]) * unscaled * top_exact, bottom_exact)
        value += left >= bottom_exact - left
        is_rounded[row] = left != 0
        is_too_large[row] = value > terms.max_amount
        minor[row] = min(value, terms.max_amount)
    is_too_large |= minor > terms.max_amount
    return Amounts(np.where(trades.is_below_zero, -minor, minor), is_rounded, is_too_large)


def _ratios(
    trades: CapturedTrades, rows: Int64s, terms: ClearingTerms
) -> tuple[Int64s, list[tuple[int, int]]]:
    """Per row the number of its (numerator, denominator) in lowest terms, and the list of those."""
    pair = trades.instrument[rows] * DECIMALS_STRIDE + trades.price_decimals[rows]
    pairs, ratio_of = np.unique(pair, return_inverse=True)
    ratios = []
    for one in pairs.tolist():
        instrument = terms.instruments[one // DECIMALS_STRIDE]
        top = instrument.amount_numerator
        bottom = instrument.amount_denominator * 10 ** (one % DECIMALS_STRIDE)
        common = gcd(top, bottom)
        ratios.append((top // common, bottom // common))
    return ratio_of.astype(np.int64), ratios


def novate(trades: CapturedTrades, minor: Int64s, due_day: Int64s, rows: Int64s) -> Legs:
    """Legs of the trades in `rows`, in that order, the buyer's before the seller's."""
    both = np.repeat(rows, 2)
    sign = np.tile(np.array([1, -1], np.int64), len(rows))
    party = np.empty(2 * len(rows), np.int64)
    party[0::2] = trades.buyer[rows]
    party[1::2] = trades.seller[rows]
    return Legs(
        party=party,
        instrument=trades.instrument[both],
        due_day=due_day[both],
        quantity=sign * trades.quantity[both],
        amount=-sign * minor[both],
    )
