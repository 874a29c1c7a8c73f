"""What a person is told about a refused row: the rule's name, and what was expected and found.

    row 17  trade t-17  UNKNOWN_MEMBER  buyer_member: expected a member of the configuration, was "ALPNE"

Only refused rows come here, so this is the one place of clearing that works row by row.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import is_beyond
from novate.clearing.trades.columns import FIELDS, Int16s, TradeColumns
from novate.clearing.trades.ladder import NAME_FORM, OPTIONAL_FIELDS, SOURCE_FORM, is_name, is_source
from novate.domain.calendar import FIRST_DAY, LAST_DAY
from novate.domain.codes import ClearingReject, RowReject

MOST_SHOWN = 80
"""Characters of what was found; a file may hold anything."""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """One row that was not taken."""

    row: int
    source: str
    trade_id: str
    reason: str
    message: str


def refusals(columns: TradeColumns, reason: Int16s, terms: ClearingTerms) -> list[Refusal]:
    """All refused rows in order of arrival."""
    found = []
    for row in np.flatnonzero(reason).tolist():
        code = int(reason[row])
        name = (RowReject if code < ClearingReject.INVALID_VERSION else ClearingReject)(code).name
        message = _message(columns, row, code, terms)
        source, trade_id = columns.source.text(row), columns.trade_id.text(row)
        found.append(Refusal(int(columns.row[row]), source, trade_id, name, message))
    return found


def shown(text: str) -> str:
    """A text of a file as a message repeats it."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}... ({len(text)} characters)"


def _message(columns: TradeColumns, row: int, code: int, terms: ClearingTerms) -> str:
    """What was expected and what was found in one refused row."""

    def field(name: str) -> str:
        text: str = getattr(columns, name).text(row)
        return text

    def expected(name: str, what: str) -> str:
        return f'{name}: expected {what}, was "{shown(field(name))}"'

    match code:
        case RowReject.MISSING_FIELD:
            missing = next(name for name in FIELDS if name not in OPTIONAL_FIELDS and not field(name))
            return f"{missing}: expected a value, was nothing"
        case RowReject.MALFORMED_ROW:
            for name in ("source", "trade_id"):
                if not is_name(field(name)):
                    return expected(name, NAME_FORM)
            if not is_source(field("source")):
                return expected("source", SOURCE_FORM)
            return expected("trade_date", "a date such as 2026-03-02")
        case RowReject.OUT_OF_RANGE:
            dates = ("trade_date", "arrival", "settle_date")
            wrong = next(name for name in dates if is_beyond(field(name)))
            return expected(wrong, f"a date from {FIRST_DAY} to {LAST_DAY}")
        case ClearingReject.INVALID_VERSION:
            return expected("version", "a whole number from 1")
        case ClearingReject.DUPLICATE_CONTENT:
            return (
                f"version {shown(field('version'))}: expected the content that was delivered before under"
                " this version, was another; a correction needs a higher version"
            )
        case ClearingReject.UNKNOWN_INSTRUMENT:
            return expected("instrument", "an instrument of the configuration")
        case ClearingReject.UNKNOWN_MEMBER | ClearingReject.UNKNOWN_ACCOUNT:
            return _unknown_party(columns, row, code, terms)
        case ClearingReject.SELF_TRADE:
            party = f"{field('buyer_member')} {field('buyer_account')}"
            return f"seller: expected another party than the buyer, was {party}"
        case ClearingReject.INVALID_PRICE:
            any_price = terms.instruments[terms.instrument_numbers[field("instrument")]].takes_any_price
            above = "" if any_price else "above 0 "
            return expected("price", f"a decimal {above}with at most {terms.max_decimals} decimals")
        case _:
            return _amount_or_date(columns, row, code, terms)


def _unknown_party(columns: TradeColumns, row: int, code: int, terms: ClearingTerms) -> str:
    """The buyer if it is not known, otherwise the seller."""
    for side in ("buyer", "seller"):
        member = getattr(columns, f"{side}_member").text(row)
        account = getattr(columns, f"{side}_account").text(row)
        if code == ClearingReject.UNKNOWN_MEMBER and member not in terms.members:
            return f'{side}_member: expected a member of the configuration, was "{shown(member)}"'
        if member in terms.members and (member, account) not in terms.party_numbers:
            held = ", ".join(kind for name, kind in terms.parties if name == member)
            return f'{side}_account: expected an account of {member} ({held}), was "{shown(account)}"'
    raise AssertionError(f"Expected an unknown party in row {int(columns.row[row])}, found none")


def _amount_or_date(columns: TradeColumns, row: int, code: int, terms: ClearingTerms) -> str:
    instrument = terms.instruments[terms.instrument_numbers[columns.instrument.text(row)]]
    currency = terms.currencies[instrument.currency]
    quantity, price = shown(columns.quantity.text(row)), shown(columns.price.text(row))
    trade_date, settle_date = columns.trade_date.text(row), shown(columns.settle_date.text(row))
    money = f"quantity {quantity} at price {price} {currency}"
    most = terms.max_amount
    digits = instrument.quantity_digits
    known = {
        ClearingReject.WRONG_CURRENCY: f"currency: expected {currency}, the currency of {instrument.isin},"
        f' was "{shown(columns.currency.text(row))}"',
        ClearingReject.INVALID_QTY: "quantity: expected a number above 0 with at most"
        f' {digits} decimals and {terms.max_qty} units, was "{quantity}"',
        ClearingReject.INEXACT_AMOUNT: f"amount: expected whole minor units, was {money}",
        ClearingReject.ZERO_AMOUNT: f"amount: expected at least one minor unit, was {money}",
        ClearingReject.AMOUNT_OVERFLOW: f"amount: expected at most {most} minor units, was {money}",
        ClearingReject.FUTURE_TRADE_DATE: "trade_date: expected no date after the business date"
        f" {columns.arrival.text(row)}, was {trade_date}",
        ClearingReject.NOT_TRADING_DAY: f"trade_date: expected a trading day of {instrument.isin},"
        f" was {trade_date}",
        ClearingReject.SETTLE_BEFORE_TRADE: "settle_date: expected a date not before the trade date"
        f' {trade_date}, was "{settle_date}"',
        ClearingReject.SETTLE_ON_HOLIDAY: f"settle_date: expected a settlement day of {instrument.isin},"
        f" was {settle_date}",
        ClearingReject.LATE_TRADE: "settlement date: expected one not before the business date"
        f" {columns.arrival.text(row)}, was one before it (trade date {trade_date})",
    }
    return known[ClearingReject(code)]
