"""When a trade settles and which netting cycle takes it (C4, C5, C11, C20).

    trade date --cycle T+N--> settlement date S --late? next one--> due date E --house open--> cycle date

One computation per distinct (instrument, trade date, explicit date, arrival), however many trades share it.
"""

from __future__ import annotations

import datetime

import msgspec
import numpy as np

from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import INVALID, Vocabulary
from novate.clearing.trades.columns import Bools, Int64s, TradeColumns
from novate.clearing.trades.combinations import Combinations
from novate.domain.codes import ClearingReject


class DueDates(msgspec.Struct, frozen=True):
    """Settlement date after C11, date of its cycle, and the rung of the ladder that it breaks."""

    due_day: int
    cycle_day: int
    reason: int = 0


class Calendars:
    """Dates of the rows of a delivery: `found[number[i]]` are those of row i."""

    def __init__(self, columns: TradeColumns, vocabulary: Vocabulary, terms: ClearingTerms) -> None:
        self.found: list[DueDates] = []
        self._known: dict[tuple[int, int, tuple[int, int, int]], int] = {}
        self._vocabulary = vocabulary
        self._terms = terms
        dates = (columns.trade_date, columns.settle_date, columns.arrival)
        sizes = [len(terms.instruments), *(len(column.values) for column in dates)]
        self._numbers = Combinations(sizes, self._number)

    def look_up(self, columns: TradeColumns, instrument: Int64s, usable: Bools) -> Int64s:
        """Number of each usable row, 0 for the others; `columns` are some rows, `instrument` theirs."""
        dates = (columns.trade_date.codes, columns.settle_date.codes, columns.arrival.codes)
        if usable.all():
            return self._numbers.look_up(instrument, *dates)
        numbers = np.zeros(len(usable), np.int64)
        numbers[usable] = self._numbers.look_up(instrument[usable], *(codes[usable] for codes in dates))
        return numbers

    def _number(self, instrument: int, trade: int, settle: int, arrival: int) -> int:
        words = self._vocabulary
        trade_day = int(words.trade_day[trade])
        arrival_day = int(words.arrival_day[arrival]) or trade_day
        days = trade_day, int(words.settle_day[settle]), arrival_day
        one = self._terms.instruments[instrument]
        # Instruments that share a calendar and a cycle share their dates.
        key = one.calendar_number, one.cycle, days
        if key not in self._known:
            self._known[key] = len(self.found)
            self.found.append(_dates(instrument, days, self._terms))
        return self._known[key]


def _dates(number: int, days: tuple[int, int, int], terms: ClearingTerms) -> DueDates:
    """Dates from (trade day, explicit settlement day, arrival), in the order of C9's last rungs."""
    instrument = terms.instruments[number]
    calendar = instrument.calendar
    trade_day, explicit, arrival_day = days
    trade_date = datetime.date.fromordinal(trade_day)
    business_date = datetime.date.fromordinal(arrival_day)

    def refused(reason: ClearingReject) -> DueDates:
        return DueDates(trade_day, trade_day, reason)

    if trade_date > business_date:
        return refused(ClearingReject.FUTURE_TRADE_DATE)
    if not calendar.is_trading_day(trade_date):
        return refused(ClearingReject.NOT_TRADING_DAY)
    if explicit == INVALID or 0 < explicit < trade_day:
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
    return DueDates(settle.toordinal(), terms.cycle_date(number, settle).toordinal())
