"""Trade dates and settlement dates of the real house on composite calendars, against a plain count of days.

Autumn of 2026 in the United States: on Columbus Day and Veterans Day shares trade while banks are closed, on
Thanksgiving everybody is closed; and one day of its own for the depository.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

import pytest

from novate.app.conform_clearing import ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from tests.unit.clearing.houses import TRADE, Json

COLUMBUS, VETERANS, THANKSGIVING = "2026-10-12", "2026-11-11", "2026-11-26"
DEPOSITORY_ONLY = "2026-11-03"
HOLIDAYS: dict[str, list[str]] = {
    "NYSE": [THANKSGIVING],
    "FED": [COLUMBUS, VETERANS, THANKSGIVING],
    "DTC": [DEPOSITORY_ONLY, THANKSGIVING],
}
START, END = "2026-10-01", "2026-12-04"
ONE_DAY = datetime.timedelta(days=1)


def config(start: str = START, **switches: object) -> Json:
    """Instruments T0 to T5 in dollars, traded in New York; the house works whenever the exchange does."""
    return {
        "start": start,
        "calendars": {name: {"holidays": days} for name, days in HOLIDAYS.items()},
        "house": "NYSE",
        "depository": "DTC",
        "currencies": {"USD": {"digits": 2, "calendar": "FED"}},
        "instruments": {f"T{n}": {"ccy": "USD", "calendar": "NYSE", "cycle": n} for n in range(6)},
        "members": {"A": ["HOUS"], "B": ["HOUS"]},
        **switches,
    }


def is_open(calendar: str, day: datetime.date) -> bool:
    return day.weekday() < 5 and day.isoformat() not in HOLIDAYS[calendar]


def settles(day: datetime.date) -> bool:
    return all(is_open(calendar, day) for calendar in HOLIDAYS)


def days_from(day: datetime.date) -> Iterator[datetime.date]:
    while True:
        yield day
        day += ONE_DAY


def composite(trade_date: datetime.date, cycle: int) -> datetime.date:
    """The N-th settlement day after the trade date; for T+0 the first one from it on."""
    later = (day for day in days_from(trade_date + min(cycle, 1) * ONE_DAY) if settles(day))
    return [next(later) for _ in range(max(cycle, 1))][-1]


def trading(trade_date: datetime.date, cycle: int) -> datetime.date:
    """The N-th trading day after the trade date, or the first settlement day behind it."""
    later = (day for day in days_from(trade_date + ONE_DAY) if is_open("NYSE", day))
    counted = [trade_date, *(next(later) for _ in range(cycle))][-1]
    return next(day for day in days_from(counted) if settles(day))


@pytest.mark.parametrize(("count", "oracle"), [("COMPOSITE", composite), ("TRADING", trading)])
def test_t_plus_0_to_5_on_every_trading_day_of_an_autumn(
    count: str, oracle: Callable[[datetime.date, int], datetime.date]
) -> None:
    house = ClearingPlayer(house_terms(config(settle_count=count)))
    expected, found = {}, {}
    last = datetime.date.fromisoformat(END)
    for day in days_from(datetime.date.fromisoformat(START)):
        if day > last:
            break
        if not is_open("NYSE", day):
            continue
        if day.isoformat() != START:
            house.apply(house.writer.records({"cmd": "ROLL", "to": day.isoformat()}))
        for cycle in range(6):
            names = {"trade_id": f"{day} {cycle}", "isin": f"T{cycle}", "trade_date": day.isoformat()}
            events = house.reader.json(house.apply(house.writer.records({**TRADE, **names})))
            found[day.isoformat(), cycle] = events[0]["settle_date"]
            expected[day.isoformat(), cycle] = oracle(day, cycle).isoformat()
    assert found == expected
    assert expected[COLUMBUS, 0] == expected[COLUMBUS, 1] == "2026-10-13"
    assert expected["2026-11-10", 1] == "2026-11-12"
    assert expected["2026-11-25", 1] == "2026-11-27"
    assert expected["2026-11-02", 1] == "2026-11-04", "the depository alone is closed"
    house.house.validate()


def obligations(events: list[Json]) -> list[tuple[str, str, int, int]]:
    return [
        (row["member"], row["movement"], row["quantity"], row["gross_legs"])
        for row in events
        if row["ev"] == "OBLIGATION"
    ]


@pytest.mark.parametrize(
    ("friday", "holiday", "due"),
    [("2026-10-09", COLUMBUS, "2026-10-13"), ("2026-11-10", VETERANS, "2026-11-12")],
)
def test_trades_of_a_bank_holiday_settle_with_those_of_the_day_before(
    friday: str, holiday: str, due: str
) -> None:
    """T+1, open market, closed banks: two trade dates are one obligation, and the holiday has no cycle."""
    house = ClearingPlayer(house_terms(config(friday)))
    house.answer({**TRADE, "isin": "T1", "trade_date": friday})
    quiet = house.answer({"cmd": "ROLL", "to": holiday})
    assert obligations(quiet) == []
    accepted = house.answer({**TRADE, "isin": "T1", "trade_date": holiday, "trade_id": "t2"})
    assert accepted[0]["settle_date"] == due
    assert house.answer({"cmd": "SETTLE"})[-1]["lines"] == 0
    assert obligations(house.answer({"cmd": "ROLL", "to": due})) == [
        ("A", "DELI", 10, 2),
        ("B", "RECE", 10, 2),
    ]


def test_trades_of_a_longer_and_a_shorter_cycle_settle_on_one_day() -> None:
    """The United States went from T+2 to T+1 on 2024-05-28, behind Memorial Day."""
    memorial = {"US": {"holidays": ["2024-05-27"]}}
    of_us: Json = {
        "calendars": memorial, "house": "US", "depository": "US",
        "currencies": {"USD": {"digits": 2, "calendar": "US"}},
    }  # fmt: skip
    found = {}
    for cycle, trade_date in ((2, "2024-05-24"), (1, "2024-05-28")):
        instruments = {"ACME": {"ccy": "USD", "calendar": "US", "cycle": cycle}}
        house = ClearingPlayer(house_terms({**config(trade_date), **of_us, "instruments": instruments}))
        found[cycle] = house.answer({**TRADE, "trade_date": trade_date})[0]["settle_date"]
    assert found == {2: "2024-05-29", 1: "2024-05-29"}
    house.answer(
        {**TRADE, "trade_id": "t2", "trade_date": "2024-05-24", "settle_date": "2024-05-29", "qty": 7}
    )
    rows = obligations(house.answer({"cmd": "ROLL", "to": "2024-05-29"}))
    assert rows == [("A", "DELI", 12, 2), ("B", "RECE", 12, 2)]


def test_a_late_trade_is_due_on_the_next_settlement_day() -> None:
    """Not on the next trading day: traded on the Thursday before Columbus Day, delivered on the holiday."""
    house = ClearingPlayer(house_terms(config("2026-10-09")))
    house.answer({"cmd": "ROLL", "to": COLUMBUS})
    late = house.answer({**TRADE, "isin": "T1", "trade_date": "2026-10-08"})
    assert late[0]["settle_date"] == "2026-10-13"


def test_an_explicit_date_must_be_a_settlement_day_and_not_only_a_trading_day() -> None:
    house = ClearingPlayer(house_terms(config("2026-10-09")))
    explicit = {**TRADE, "isin": "T1", "trade_date": "2026-10-09"}
    for day, reason in (
        (COLUMBUS, "SETTLE_ON_HOLIDAY"),
        ("2026-10-10", "SETTLE_ON_HOLIDAY"),
        (DEPOSITORY_ONLY, "SETTLE_ON_HOLIDAY"),
        ("2026-10-08", "SETTLE_BEFORE_TRADE"),
    ):
        (event,) = house.answer({**explicit, "settle_date": day})
        assert event["reason"] == reason
    assert house.answer({**explicit, "settle_date": "2026-10-09"})[0]["settle_date"] == "2026-10-09"
