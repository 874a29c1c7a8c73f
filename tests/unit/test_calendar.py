"""Settlement days and dates (C4, C5), with the edge cases of the clearing reference."""

from __future__ import annotations

import datetime

import pytest

from novate.domain.calendar import OpenDays, SettlementCalendar
from novate.domain.configuration import Calendar

NYSE_2026 = Calendar(holidays=("2026-11-26",))
FED_2026 = Calendar(holidays=("2026-10-12", "2026-11-11", "2026-11-26"))
MEMORIAL_DAY_2024 = Calendar(holidays=("2024-05-27",))


def us_equity(trading: Calendar, bank: Calendar, depository: Calendar | None = None) -> SettlementCalendar:
    return SettlementCalendar(OpenDays(trading), OpenDays(bank), OpenDays(depository))


def settles(calendar: SettlementCalendar, trade_date: str, cycle: int, count: str = "COMPOSITE") -> str:
    return calendar.settlement_date(datetime.date.fromisoformat(trade_date), cycle, count).isoformat()


@pytest.mark.parametrize(
    ("trade_date", "cycle", "expected"),
    [
        ("2026-10-08", 1, "2026-10-09"),
        ("2026-10-09", 1, "2026-10-13"),  # Friday before Columbus Day: banks closed on Monday
        ("2026-10-12", 1, "2026-10-13"),  # traded on Columbus Day itself: the same settlement day
        ("2026-11-10", 1, "2026-11-12"),  # over Veterans Day
        ("2026-11-11", 2, "2026-11-13"),
        ("2026-11-25", 1, "2026-11-27"),  # over Thanksgiving, when everybody is closed
        ("2026-10-09", 0, "2026-10-09"),
        ("2026-10-12", 0, "2026-10-13"),  # T+0 on a day that is no settlement day
        ("2026-10-08", 5, "2026-10-16"),
    ],
)
def test_market_open_and_banks_closed(trade_date: str, cycle: int, expected: str) -> None:
    assert settles(us_equity(NYSE_2026, FED_2026), trade_date, cycle) == expected


def test_two_trade_dates_settle_on_one_day_when_the_cycle_gets_shorter() -> None:
    calendar = us_equity(MEMORIAL_DAY_2024, MEMORIAL_DAY_2024)
    assert settles(calendar, "2024-05-24", 2) == "2024-05-29"
    assert settles(calendar, "2024-05-28", 1) == "2024-05-29"


def test_counting_trading_days_then_moving_to_a_settlement_day() -> None:
    calendar = us_equity(Calendar(), FED_2026)
    assert settles(calendar, "2026-10-08", 2, "TRADING") == "2026-10-13"
    assert settles(calendar, "2026-10-09", 2, "TRADING") == "2026-10-13"
    assert settles(calendar, "2026-10-09", 2, "COMPOSITE") == "2026-10-14"


def test_the_depository_counts_too() -> None:
    calendar = us_equity(Calendar(), Calendar(), Calendar(holidays=("2026-03-03",)))
    assert settles(calendar, "2026-03-02", 1) == "2026-03-04"


def test_a_weekend_may_be_friday_and_saturday() -> None:
    gulf = Calendar(weekend=(4, 5))
    calendar = us_equity(gulf, gulf, gulf)
    assert settles(calendar, "2026-03-05", 1) == "2026-03-08"


def test_a_calendar_that_never_opens_is_an_error_and_no_endless_search() -> None:
    with pytest.raises(ValueError, match="Expected a settlement day in the 400 days"):
        settles(us_equity(Calendar(weekend=(0, 1, 2, 3, 4)), Calendar()), "2026-03-02", 1)
