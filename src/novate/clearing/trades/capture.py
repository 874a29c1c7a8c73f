"""Capture: what the text of a delivery means, as integers; and what has no meaning at all.

    "182.50"      --> price 18250 with 2 decimals        "2026-10-09" --> day 739898
    "300"         --> quantity 300 units                  ("ALPINE", "HOUS") --> party 1
    "US00NOVA..." --> instrument 5                        what is not so --> a negative number or day 0

Nothing is refused here. A number below zero (`UNKNOWN...`) or a day of 0 says what the ladder must know.
Days are proleptic ordinals (day 1 is 0001-01-01), as `datetime.date.toordinal` gives them.
"""

from __future__ import annotations

import datetime

import msgspec
import numpy as np

from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.columns import Bools, Coded, Int64s, TradeColumns
from novate.domain.calendar import FIRST_DAY, LAST_DAY
from novate.domain.units import INT64_MAX, parse_decimal, parse_signed, rescale

UNKNOWN = -1
UNKNOWN_ACCOUNT = -2
NOT_GIVEN = -3
INVALID = -1
BEYOND = -4
"""A date, but none that clearing can bear."""
WIDE = -2
"""A price whose digits do not fit 64 bits: valid, and computed from its text."""


class CapturedTrades(msgspec.Struct, frozen=True, kw_only=True):
    """One entry per row of the delivery in every column."""

    version: Int64s
    trade_day: Int64s
    settle_day: Int64s
    """0 without an explicit settlement date, INVALID if it is no date, BEYOND if out of range."""
    arrival_day: Int64s
    instrument: Int64s
    currency: Int64s
    buyer: Int64s
    seller: Int64s
    quantity: Int64s
    price: Int64s
    """Digits of the size of the price; `is_below_zero` has its sign."""
    price_decimals: Int64s
    is_below_zero: Bools


def capture(columns: TradeColumns, terms: ClearingTerms) -> CapturedTrades:
    """The delivery in numbers."""
    trade_day = days(columns.trade_date)
    arrival = days(columns.arrival)
    instrument = columns.instrument.number(terms.instrument_numbers, UNKNOWN)
    price, decimals, is_below_zero = prices(columns.price, terms.max_decimals)
    takes_any = np.array([one.takes_any_price for one in terms.instruments] + [False], bool)[instrument]
    price = np.where((is_below_zero | (price == 0)) & ~takes_any, INVALID, price)
    return CapturedTrades(
        version=versions(columns.version),
        trade_day=trade_day,
        settle_day=days(columns.settle_date),
        arrival_day=np.where(arrival == 0, trade_day, arrival),
        instrument=instrument,
        currency=columns.currency.number({**terms.currency_numbers, "": NOT_GIVEN}, UNKNOWN),
        buyer=parties(columns.buyer_member, columns.buyer_account, terms),
        seller=parties(columns.seller_member, columns.seller_account, terms),
        quantity=quantities(columns.quantity, instrument, terms),
        price=price,
        price_decimals=decimals,
        is_below_zero=is_below_zero,
    )


def versions(column: Coded) -> Int64s:
    """Versions from 1; INVALID for anything else."""
    return _looked_up(column, [_whole_number(text) for text in column.values])


def days(column: Coded) -> Int64s:
    """ISO dates as ordinals; 0 where nothing is given, BEYOND outside 1970 to 2261, INVALID otherwise."""
    return _looked_up(column, [_ordinal(text) for text in column.values])


def prices(column: Coded, max_decimals: int) -> tuple[Int64s, Int64s, Bools]:
    """(digits as an integer, digits behind the point, below zero); INVALID for what is no decimal by C1."""
    found = [_price(text, max_decimals) for text in column.values]
    return (
        _looked_up(column, [unscaled for unscaled, _ in found]),
        _looked_up(column, [decimals for _, decimals in found]),
        _looked_up(column, [int(text.startswith("-")) for text in column.values]) != 0,
    )


def quantities(column: Coded, instrument: Int64s, terms: ClearingTerms) -> Int64s:
    """Units of each row's instrument (10**-quantity_digits); INVALID for what is no quantity by C1.

    One conversion per distinct pair of a text and a number of digits.
    """
    digits = np.array([one.quantity_digits for one in terms.instruments] + [0], np.int64)
    row_digits = digits[instrument]  # an unknown instrument (-1) takes the 0 at the end
    width = max(len(column.values), 1)
    pairs, inverse = np.unique(row_digits * width + column.codes, return_inverse=True)
    units = [_quantity(column.values[pair % width], pair // width, terms.max_qty) for pair in pairs.tolist()]
    return np.array(units, np.int64)[inverse] if units else np.zeros(0, np.int64)


def parties(member: Coded, account: Coded, terms: ClearingTerms) -> Int64s:
    """Party number; UNKNOWN for an unknown member, UNKNOWN_ACCOUNT for an account it does not have."""
    width = max(len(account.values), 1)
    pairs, inverse = np.unique(member.codes * width + account.codes, return_inverse=True)
    numbers = []
    for pair in pairs.tolist():
        party = member.values[pair // width], account.values[pair % width]
        missing = UNKNOWN_ACCOUNT if party[0] in terms.members else UNKNOWN
        numbers.append(terms.party_numbers.get(party, missing))
    return np.array(numbers, np.int64)[inverse] if numbers else np.zeros(0, np.int64)


def _looked_up(column: Coded, numbers: list[int]) -> Int64s:
    return np.array(numbers, np.int64)[column.codes] if numbers else np.zeros(0, np.int64)


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) < 1:
        return INVALID
    return int(text)


def _ordinal(text: str) -> int:
    if not text:
        return 0
    if len(text) != 10:
        return INVALID
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        return INVALID
    return day.toordinal() if FIRST_DAY <= day <= LAST_DAY else BEYOND


def is_beyond(text: str) -> bool:
    """A date outside the days that clearing can bear."""
    return _ordinal(text) == BEYOND


def _price(text: str, max_decimals: int) -> tuple[int, int]:
    try:
        signed, decimals = parse_signed(text)
    except ValueError:
        return INVALID, 0
    if decimals > max_decimals:
        return INVALID, 0
    unscaled = abs(signed)
    return (unscaled, decimals) if unscaled <= INT64_MAX else (WIDE, decimals)


def _quantity(text: str, digits: int, max_qty: int) -> int:
    try:
        units = rescale(*parse_decimal(text), digits)
    except ValueError:
        return INVALID
    return units if 1 <= units <= max_qty else INVALID
