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

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.dates import Calendars
from novate.clearing.novation import Money
from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import (
    BEYOND,
    INVALID,
    NOT_GIVEN,
    UNKNOWN,
    UNKNOWN_ACCOUNT,
    CapturedTrades,
    Vocabulary,
)
from novate.clearing.trades.columns import FIELDS, Bools, Int16s, Int32s, Int64s, TradeColumns, pieces
from novate.clearing.trades.texts import MOST_NAME_BYTES, TRANSFER_SOURCE
from novate.domain.codes import ClearingReject, RowReject

Code = RowReject | ClearingReject
OPTIONAL_FIELDS = ("currency",)
"""A trade without a currency is in its instrument's."""


class CheckedTrades(msgspec.Struct, frozen=True, kw_only=True):
    """One entry per row of a delivery: its reason (0: none), and what it says if there is none."""

    reason: Int16s
    instrument: Int32s
    buyer: Int32s
    seller: Int32s
    quantity: Int64s
    amount: Int64s
    """Minor units that the buyer pays; below zero: that it is paid."""
    dates: Int32s
    """Place of the row's dates in the two tables below."""
    due_days: Int64s
    """Settlement dates after C11."""
    cycle_days: Int64s
    """Dates of the netting cycles."""


def check_rows(columns: TradeColumns, terms: ClearingTerms) -> CheckedTrades:
    """The first broken rung of every row."""
    return Ladder(columns, terms).check()


NAME_FORM = f"printable text without a bar |, at most {MOST_NAME_BYTES} bytes"
SOURCE_FORM = f"another source than {TRANSFER_SOURCE}, which position transfers have"


def is_name(text: str) -> bool:
    """Ids land in the leaf of a Merkle tree between bars, so a bar or a line break would be ambiguous; they
    are remembered for ever, so they have a limit."""
    # A character has four bytes at most: few texts must be encoded to be known as short enough.
    if 4 * len(text) > MOST_NAME_BYTES < len(text.encode(errors="surrogateescape")):
        return False
    return "|" not in text and text.isprintable()


def is_source(text: str) -> bool:
    """As `is_name`; and TRANSFER is what the leaves of position transfers call their source (C22)."""
    return is_name(text) and text != TRANSFER_SOURCE


class Ladder:
    """The rungs over one delivery, which is looked at in pieces."""

    def __init__(self, columns: TradeColumns, terms: ClearingTerms) -> None:
        self._columns = columns
        self._terms = terms
        self._vocabulary = Vocabulary(columns, terms)
        self._calendars = Calendars(columns, self._vocabulary, terms)
        self._money = Money(terms)
        self._of_texts = self._rungs_of_texts()
        self._currency_of = np.array([one.currency for one in terms.instruments] + [UNKNOWN], np.int64)

    def check(self) -> CheckedTrades:
        rows = len(self._columns)
        found: dict[str, Any] = {
            name: np.zeros(rows, kind)
            for name, kind in (("reason", np.int16), ("quantity", np.int64), ("amount", np.int64))
        }
        found |= {name: np.zeros(rows, np.int32) for name in ("instrument", "buyer", "seller", "dates")}
        for first, end in pieces(rows):
            self._check_piece(
                self._columns.between(first, end), {name: one[first:end] for name, one in found.items()}
            )
        days = [(one.due_day, one.cycle_day) for one in self._calendars.found] or [(0, 0)]
        due_days, cycle_days = np.array(days, np.int64).T
        return CheckedTrades(**found, due_days=due_days, cycle_days=cycle_days)

    def _check_piece(self, columns: TradeColumns, found: dict[str, npt.NDArray[Any]]) -> None:
        """All rungs over some rows; `found` are the rows' places in the result."""
        terms, reason = self._terms, found["reason"]
        for name, broken, code in self._of_texts:
            _rung(reason, getattr(columns, name).look_up(broken), code)
        self._check_ids(columns, reason)
        trades = self._vocabulary.capture(columns)
        self._check_names(trades, reason)
        _rung(reason, trades.quantity == INVALID, ClearingReject.INVALID_QTY)
        _rung(reason, trades.price == INVALID, ClearingReject.INVALID_PRICE)
        money = self._money.amounts(columns, trades, reason == 0)
        if terms.amount_rounding == "EXACT":
            _rung(reason, money.is_rounded, ClearingReject.INEXACT_AMOUNT)
        any_price = self._vocabulary.takes_any_price
        _rung(reason, (money.minor == 0) & ~any_price[trades.instrument], ClearingReject.ZERO_AMOUNT)
        _rung(reason, money.is_too_large, ClearingReject.AMOUNT_OVERFLOW)
        found["dates"][:] = self._calendars.look_up(columns, trades.instrument, reason == 0)
        self._check_dates(found["dates"], reason)
        for name in ("instrument", "buyer", "seller", "quantity"):
            found[name][:] = getattr(trades, name)
        found["amount"][:] = money.minor

    def _rungs_of_texts(self) -> list[tuple[str, Bools, Code]]:
        """(column, which of its values break the rung, code), without the rungs that nothing breaks."""
        columns, words = self._columns, self._vocabulary
        rungs: list[tuple[str, Any, Code]] = [
            (name, [not text for text in getattr(columns, name).values], RowReject.MISSING_FIELD)
            for name in FIELDS[1:]
            if name not in OPTIONAL_FIELDS
        ]
        rungs.append(
            ("source", [not is_source(one) for one in columns.source.values], RowReject.MALFORMED_ROW)
        )
        dates = {"trade_date": words.trade_day, "arrival": words.arrival_day}
        rungs += [(name, day == INVALID, RowReject.MALFORMED_ROW) for name, day in dates.items()]
        dates["settle_date"] = words.settle_day
        rungs += [(name, day == BEYOND, RowReject.OUT_OF_RANGE) for name, day in dates.items()]
        rungs.append(("version", words.version == INVALID, ClearingReject.INVALID_VERSION))
        rungs.append(("instrument", words.instrument == UNKNOWN, ClearingReject.UNKNOWN_INSTRUMENT))
        tables = [(name, np.asarray(broken, bool), code) for name, broken, code in rungs]
        return [(name, broken, code) for name, broken, code in tables if broken.any()]

    def _check_ids(self, columns: TradeColumns, reason: Int16s) -> None:
        """MISSING_FIELD and MALFORMED_ROW of trade ids, which only an odd text can break."""
        for row in columns.trade_id.odd.tolist():
            text = columns.trade_id.text(row)
            if not text:
                reason[row] = RowReject.MISSING_FIELD
            elif not is_name(text) and reason[row] != RowReject.MISSING_FIELD:
                reason[row] = RowReject.MALFORMED_ROW

    def _check_names(self, trades: CapturedTrades, reason: Int16s) -> None:
        """WRONG_CURRENCY to SELF_TRADE."""
        differs = trades.currency != self._currency_of[trades.instrument]
        _rung(reason, (trades.currency != NOT_GIVEN) & differs, ClearingReject.WRONG_CURRENCY)
        for party in (trades.buyer, trades.seller):
            _rung(reason, party == UNKNOWN, ClearingReject.UNKNOWN_MEMBER)
            _rung(reason, party == UNKNOWN_ACCOUNT, ClearingReject.UNKNOWN_ACCOUNT)
        _rung(reason, trades.buyer == trades.seller, ClearingReject.SELF_TRADE)

    def _check_dates(self, dates: Int64s, reason: Int16s) -> None:
        broken = np.array([one.reason for one in self._calendars.found] or [0], np.int16)
        if broken.any():
            usable = reason == 0
            reason[usable] = broken[dates[usable]]


def _rung(reason: Int16s, broken: Bools, code: Code) -> None:
    """Rows that break a rung, and no rung above it, get its code."""
    if broken.any():
        reason[(reason == 0) & broken] = code
