"""Open days, settlement days and settlement dates (C4, C5): dates in, dates out, no clock.

    trading calendar of the instrument   M T W T F     open
    bank calendar of the currency        M - W T F     Columbus Day: banks closed, market open
    depository calendar                  M T W T F
    -------------------------------------------------
    settlement day = open in all three   M - W T F

    settlement date of trade date T, cycle N, COMPOSITE:  T -> next settlement day, N times
                                          TRADING:        T -> next trading day, N times, then move on
                                                          to a settlement day if that is none
    N = 0 starts with T itself.

A missing calendar is open from Monday to Friday. Cost of a question: the days stepped over.
"""

from __future__ import annotations

import datetime

import msgspec

from novate.domain.configuration import Calendar, Configuration
from novate.domain.instruments import Instrument

FIRST_DAY, LAST_DAY = datetime.date(1970, 1, 1), datetime.date(2261, 12, 31)
"""Days whose nanoseconds fit 64 bits, and far from the end of `datetime.date`: open days are found."""
ONE_DAY = datetime.timedelta(days=1)
LONGEST_CLOSURE_DAYS = 400
"""A calendar that stays closed for longer is a mistake and is reported instead of searched for ever."""


class OpenDays:
    """One calendar, ready for questions."""

    def __init__(self, calendar: Calendar | None) -> None:
        calendar = calendar or Calendar()
        self.weekend = frozenset(calendar.weekend)
        self.holidays = frozenset(datetime.date.fromisoformat(day) for day in calendar.holidays)

    def is_open(self, day: datetime.date) -> bool:
        return day.weekday() not in self.weekend and day not in self.holidays


class SettlementCalendar(msgspec.Struct, frozen=True):
    """The three calendars behind the settlement of one instrument (C4)."""

    trading: OpenDays
    bank: OpenDays
    depository: OpenDays

    def is_trading_day(self, day: datetime.date) -> bool:
        return self.trading.is_open(day)

    def is_settlement_day(self, day: datetime.date) -> bool:
        return self.trading.is_open(day) and self.bank.is_open(day) and self.depository.is_open(day)

    def next_settlement_day(self, after: datetime.date) -> datetime.date:
        """The first settlement day after `after`; ValueError if there is none for over a year."""
        for _ in range(LONGEST_CLOSURE_DAYS):
            after += ONE_DAY
            if self.is_settlement_day(after):
                return after
        raise ValueError(
            f"Expected a settlement day in the {LONGEST_CLOSURE_DAYS} days up to {after}, found none"
        )

    def next_trading_day(self, after: datetime.date) -> datetime.date:
        for _ in range(LONGEST_CLOSURE_DAYS):
            after += ONE_DAY
            if self.is_trading_day(after):
                return after
        raise ValueError(
            f"Expected a trading day in the {LONGEST_CLOSURE_DAYS} days up to {after}, found none"
        )

    def settlement_date(self, trade_date: datetime.date, cycle: int, settle_count: str) -> datetime.date:
        """Settlement date of C5; `settle_count` is COMPOSITE or TRADING."""
        day = trade_date
        for _ in range(cycle):
            day = self.next_trading_day(day) if settle_count == "TRADING" else self.next_settlement_day(day)
        return day if self.is_settlement_day(day) else self.next_settlement_day(day)


def settlement_calendar(configuration: Configuration, instrument: Instrument) -> SettlementCalendar:
    """Trading calendar of the instrument, bank calendar of its currency, calendar of the depository."""

    def open_days(name: str | None) -> OpenDays:
        return OpenDays(configuration.calendars[name] if name is not None else None)

    return SettlementCalendar(
        trading=open_days(instrument.calendar),
        bank=open_days(configuration.currencies[instrument.currency].calendar),
        depository=open_days(configuration.depository),
    )
