"""When a trade settles and which netting cycle takes it (C4, C5, C11, C20).

    trade date --cycle T+N--> settlement date S --late? next one--> due date E --house open--> cycle date

One computation per distinct (instrument, trade date, explicit date, arrival), however many trades share it.
"""

from __future__ import annotations

import datetime

import msgspec
import numpy as np

from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import INVALID, CapturedTrades
from novate.clearing.trades.columns import Bools, Int16s, Int64s
from novate.domain.codes import ClearingReject


class DueDates(msgspec.Struct, frozen=True):
    """Per row: settlement date after C11, date of its cycle, and the rung of the ladder that it breaks."""

    due_day: Int64s
    cycle_day: Int64s
    reason: Int16s


class _Dates(msgspec.Struct, frozen=True):
    due: datetime.date
    cycle: datetime.date
    reason: ClearingReject | None = None


def distinct(*columns: Int64s) -> tuple[Int64s, Int64s]:
    """(a row for each distinct combination of the columns, the combination's number for each row)."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, numbers = np.unique(column, return_inverse=True)
        # Renumbered at every step, so that the product of two counts stays far below 64 bits.
        code = np.unique(code * max(len(values), 1) + numbers, return_inverse=True)[1].astype(np.int64)
    return np.unique(code, return_index=True)[1].astype(np.int64), code


def due_dates(trades: CapturedTrades, usable: Bools, terms: ClearingTerms) -> DueDates:
    """Dates of the usable rows; the others get zeros."""
    rows = np.flatnonzero(usable)
    firsts, code = distinct(
        trades.instrument[rows], trades.trade_day[rows], trades.settle_day[rows], trades.arrival_day[rows]
    )
    found = [_dates(trades, int(rows[first]), terms) for first in firsts.tolist()]
    due_day = np.zeros(len(usable), np.int64)
    cycle_day = np.zeros(len(usable), np.int64)
    reason = np.zeros(len(usable), np.int16)
    if found:
        due_day[rows] = np.array([one.due.toordinal() for one in found], np.int64)[code]
        cycle_day[rows] = np.array([one.cycle.toordinal() for one in found], np.int64)[code]
        reason[rows] = np.array([one.reason or 0 for one in found], np.int16)[code]
    return DueDates(due_day, cycle_day, reason)


def _dates(trades: CapturedTrades, row: int, terms: ClearingTerms) -> _Dates:
    """Dates of one row, in the order of C9's last rungs."""
    number = int(trades.instrument[row])
    instrument = terms.instruments[number]
    calendar = instrument.calendar
    trade_date = datetime.date.fromordinal(int(trades.trade_day[row]))
    business_date = datetime.date.fromordinal(int(trades.arrival_day[row]))
    explicit = int(trades.settle_day[row])

    def refused(reason: ClearingReject) -> _Dates:
        return _Dates(trade_date, trade_date, reason)

    if trade_date > business_date:
        return refused(ClearingReject.FUTURE_TRADE_DATE)
    if not calendar.is_trading_day(trade_date):
        return refused(ClearingReject.NOT_TRADING_DAY)
    if explicit == INVALID or 0 < explicit < trade_date.toordinal():
        return refused(ClearingReject.SETTLE_BEFORE_TRADE)
    if explicit:
        settle = datetime.date.fromordinal(explicit)
        if not calendar.is_settlement_day(settle):
            return refused(ClearingReject.SETTLE_ON_HOLIDAY)
    else:
        settle = calendar.settlement_date(trade_date, instrument.cycle, terms.settle_count)
    if settle < business_date:
        if terms.late_trades == "REJECT":
            return refused(ClearingReject.LATE_TRADE)
        settle = calendar.next_settlement_day(business_date)
    return _Dates(settle, terms.cycle_date(number, settle))
