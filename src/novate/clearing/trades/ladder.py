"""The ladder of C9 for TRADE: the first broken rule of each row, for all rows at once.

    row form    MISSING_FIELD  MALFORMED_ROW  OUT_OF_RANGE                    (what only files can get wrong)
    version     INVALID_VERSION
    content     UNKNOWN_INSTRUMENT  WRONG_CURRENCY
                buyer UNKNOWN_MEMBER  UNKNOWN_ACCOUNT, seller likewise  SELF_TRADE
                INVALID_QTY  INVALID_PRICE  INEXACT_AMOUNT  ZERO_AMOUNT  AMOUNT_OVERFLOW
                FUTURE_TRADE_DATE  NOT_TRADING_DAY  SETTLE_BEFORE_TRADE  SETTLE_ON_HOLIDAY  LATE_TRADE

The order of the rungs is part of the API. Repeated deliveries are answered before the content is looked at
(`versions`); a rung is a column of yes and no, and the first yes of a row wins.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from novate.clearing.dates import DueDates, due_dates
from novate.clearing.novation import Amounts, amounts
from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import (
    BEYOND,
    INVALID,
    NOT_GIVEN,
    UNKNOWN,
    UNKNOWN_ACCOUNT,
    CapturedTrades,
)
from novate.clearing.trades.columns import FIELDS, Bools, Coded, Int16s, TradeColumns
from novate.domain.codes import ClearingReject, RowReject

Rung = Callable[[Bools, ClearingReject], None]
OPTIONAL_FIELDS = ("currency",)
"""A trade without a currency is in its instrument's."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Every row with its reason (0: none), and what was computed on the way."""

    reason: Int16s
    amounts: Amounts
    dates: DueDates


def check_rows(columns: TradeColumns, trades: CapturedTrades, terms: ClearingTerms) -> Checked:
    """The first broken rung of every row."""
    reason = np.zeros(len(columns), np.int16)

    def rung(broken: Bools, code: RowReject | ClearingReject) -> None:
        reason[(reason == 0) & broken] = code

    for name in FIELDS:
        if name not in OPTIONAL_FIELDS:
            column: Coded = getattr(columns, name)
            rung(_where(column, [not text for text in column.values]), RowReject.MISSING_FIELD)
    for column in (columns.source, columns.trade_id):
        rung(_where(column, [not is_name(text) for text in column.values]), RowReject.MALFORMED_ROW)
    days = (trades.trade_day, trades.arrival_day)
    for day in days:
        rung((day <= 0) & (day != BEYOND), RowReject.MALFORMED_ROW)
    for day in (*days, trades.settle_day):
        rung(day == BEYOND, RowReject.OUT_OF_RANGE)
    rung(trades.version == INVALID, ClearingReject.INVALID_VERSION)
    _identity_rungs(trades, terms, rung)
    _number_rungs(trades, rung)
    money = amounts(columns, trades, reason == 0, terms)
    if terms.amount_rounding == "EXACT":
        rung(money.is_rounded, ClearingReject.INEXACT_AMOUNT)
    any_price = np.array([one.takes_any_price for one in terms.instruments] + [False], bool)
    rung((money.minor == 0) & ~any_price[trades.instrument], ClearingReject.ZERO_AMOUNT)
    rung(money.is_too_large, ClearingReject.AMOUNT_OVERFLOW)
    dates = due_dates(trades, reason == 0, terms)
    reason[reason == 0] = dates.reason[reason == 0]
    return Checked(reason=reason, amounts=money, dates=dates)


def is_name(text: str) -> bool:
    """Ids land in the leaf of a Merkle tree between bars, so a bar or a line break would be ambiguous."""
    return "|" not in text and text.isprintable()


def _identity_rungs(trades: CapturedTrades, terms: ClearingTerms, rung: Rung) -> None:
    rung(trades.instrument == UNKNOWN, ClearingReject.UNKNOWN_INSTRUMENT)
    of_instrument = np.array([one.currency for one in terms.instruments] + [UNKNOWN], np.int64)
    differs = trades.currency != of_instrument[trades.instrument]
    rung((trades.currency != NOT_GIVEN) & differs, ClearingReject.WRONG_CURRENCY)
    for party in (trades.buyer, trades.seller):
        rung(party == UNKNOWN, ClearingReject.UNKNOWN_MEMBER)
        rung(party == UNKNOWN_ACCOUNT, ClearingReject.UNKNOWN_ACCOUNT)
    rung(trades.buyer == trades.seller, ClearingReject.SELF_TRADE)


def _number_rungs(trades: CapturedTrades, rung: Rung) -> None:
    rung(trades.quantity == INVALID, ClearingReject.INVALID_QTY)
    rung(trades.price == INVALID, ClearingReject.INVALID_PRICE)


def _where(column: Coded, broken: list[bool]) -> Bools:
    """Rows whose text is among the broken ones."""
    return np.array(broken, bool)[column.codes] if broken else np.zeros(0, bool)
