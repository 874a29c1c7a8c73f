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
from novate.clearing.trades.combinations import Combinations
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
    """One entry per row of a piece of the delivery in every column."""

    instrument: Int64s
    currency: Int64s
    buyer: Int64s
    seller: Int64s
    quantity: Int64s
    price: Int64s
    """Digits of the size of the price; `is_below_zero` has its sign."""
    price_decimals: Int64s
    is_below_zero: Bools


class Vocabulary:
    """What the distinct texts of a delivery mean; its rows are looked up here piece by piece."""

    def __init__(self, columns: TradeColumns, terms: ClearingTerms) -> None:
        self.version = versions(columns.version)
        """One entry per distinct text of its column, as in all tables here."""
        self.trade_day = days(columns.trade_date)
        self.settle_day = days(columns.settle_date)
        """0 without an explicit settlement date, INVALID if it is no date, BEYOND if out of range."""
        self.arrival_day = days(columns.arrival)
        self.instrument = columns.instrument.table(lambda text: terms.instrument_numbers.get(text, UNKNOWN))
        numbers = {**terms.currency_numbers, "": NOT_GIVEN}
        self.currency = columns.currency.table(lambda text: numbers.get(text, UNKNOWN))
        self.price, self.price_decimals, self.is_below_zero = prices(columns.price, terms.max_decimals)
        self.takes_any_price = np.array([one.takes_any_price for one in terms.instruments] + [False], bool)
        self._has_odd_price = bool(np.any(self.is_below_zero | (self.price == 0)))
        # An unknown instrument (-1) takes the 0 at the end.
        digits = [one.quantity_digits for one in terms.instruments] + [0]
        self._scales, scale = np.unique(digits, return_inverse=True)
        self._scale_of = scale.astype(np.int64)[self.instrument]
        self._quantities = _quantities(columns.quantity, self._scales.tolist(), terms)
        self._buyers = _parties(columns.buyer_member, columns.buyer_account, terms)
        self._sellers = _parties(columns.seller_member, columns.seller_account, terms)

    def capture(self, columns: TradeColumns) -> CapturedTrades:
        """Some rows of the delivery in numbers."""
        instrument = columns.instrument.look_up(self.instrument)
        price = columns.price.look_up(self.price)
        is_below_zero = columns.price.look_up(self.is_below_zero)
        if self._has_odd_price:
            price = np.where(
                (is_below_zero | (price == 0)) & ~self.takes_any_price[instrument], INVALID, price
            )
        scale = columns.instrument.look_up(self._scale_of)
        return CapturedTrades(
            instrument=instrument,
            currency=columns.currency.look_up(self.currency),
            buyer=self._buyers.look_up(columns.buyer_member.codes, columns.buyer_account.codes),
            seller=self._sellers.look_up(columns.seller_member.codes, columns.seller_account.codes),
            quantity=self._quantities.look_up(scale, columns.quantity.codes),
            price=price,
            price_decimals=columns.price.look_up(self.price_decimals),
            is_below_zero=is_below_zero,
        )


def versions(column: Coded) -> Int64s:
    """Per value, versions from 1; INVALID for anything else."""
    return column.table(_whole_number)


def days(column: Coded) -> Int64s:
    """Per value, ISO dates as ordinals; 0 where nothing is given, BEYOND outside 1970 to 2261, otherwise
    INVALID."""
    return column.table(_ordinal)


def prices(column: Coded, max_decimals: int) -> tuple[Int64s, Int64s, Bools]:
    """Per value (digits as an integer, digits behind the point, below zero); INVALID for no decimal of C1."""
    found = [_price(text, max_decimals) for text in column.values]
    return (
        np.array([unscaled for unscaled, _ in found], np.int64),
        np.array([decimals for _, decimals in found], np.int64),
        np.array([text.startswith("-") for text in column.values], bool),
    )


def _quantities(column: Coded, scales: list[int], terms: ClearingTerms) -> Combinations:
    """By (number of digits, text): units of 10**-digits; INVALID for what is no quantity by C1."""

    def units(scale: int, text: int) -> int:
        return _quantity(column.values[text], scales[scale], terms.max_qty)

    return Combinations((len(scales), len(column.values)), units)


def _parties(member: Coded, account: Coded, terms: ClearingTerms) -> Combinations:
    """Party number; UNKNOWN for an unknown member, UNKNOWN_ACCOUNT for an account it does not have."""

    def number(member_code: int, account_code: int) -> int:
        party = member.values[member_code], account.values[account_code]
        missing = UNKNOWN_ACCOUNT if party[0] in terms.members else UNKNOWN
        return terms.party_numbers.get(party, missing)

    return Combinations((len(member.values), len(account.values)), number)


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
