"""Sessions in local time as commands with absolute times: zones, clocks that change, short days."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from novate.app.configuration import ConfigurationError, load_configuration
from novate.app.schedules import closing_time, instant, opening_schedule, time_zone, time_zone_names
from novate.domain.codes import AuctionKind, CommandKind, MarketState
from novate.domain.configuration import Configuration, canonical_json, from_canonical_json
from novate.domain.records import SCHEDULE_COMMAND, Commands
from novate.domain.resolve import venue_terms
from novate.domain.schedules import Schedule, Session, sessions_of

MARKET = """
business_date = 2026-03-02
house = "NYSE"
[calendars.NYSE]
holidays = [2026-04-03]
[schedules.DAY]
time_zone = "Europe/Berlin"
sessions = [
    {at = "08:00", state = "PRE_OPEN"},
    {at = "08:50:30", state = "AUCTION_CALL:OPEN"},
    {at = 09:00:00, state = "CONTINUOUS"},
    {at = "17:30", state = "AUCTION_CALL:CLOSE"},
    {at = "17:35", state = "CLOSED"},
]
[schedules.DAY.early_close]
2026-12-30 = "14:00"
[currencies.USD]
digits = 2
[[instruments]]
symbol = "ACME"
kind = "equity"
currency = "USD"
calendar = "NYSE"
schedule = "DAY"
tick = 0.05
[[instruments]]
symbol = "OTHER"
kind = "equity"
currency = "USD"
tick = 0.05
[[members]]
name = "ALPHA"
[[accounts]]
number = 7
member = "ALPHA"
"""


def load(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "novate.toml"
    path.write_text(text)
    return load_configuration(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    return caught.value.errors


def told(commands: Commands) -> list[str]:
    """`0 2026-03-02T07:00:00 PRE_OPEN` for each command."""
    view = commands.view(SCHEDULE_COMMAND)
    assert set(view["kind"].tolist()) <= {CommandKind.SCHEDULE}
    assert not view["time"].any()
    return [
        f"{market} {moment(at)} {MarketState(state & 15).name} {AuctionKind(state >> 4).name}"
        for market, at, state in zip(
            view["market"].tolist(), view["at"].tolist(), view["state"].tolist(), strict=True
        )
    ]


def moment(nanoseconds: int) -> str:
    assert nanoseconds % 1_000_000_000 == 0
    return datetime.datetime.fromtimestamp(nanoseconds // 1_000_000_000, datetime.UTC).isoformat()[:19]


def at(date: str, clock: str, zone: str) -> str:
    hours, minutes = clock.split(":")
    seconds = 3600 * int(hours) + 60 * int(minutes)
    return moment(instant(datetime.date.fromisoformat(date), seconds, time_zone(zone)))


# -- a day -------------------------------------------------------------------------------------------------


def test_a_day_of_sessions_becomes_schedule_commands_in_utc(tmp_path: Path) -> None:
    configuration = load(tmp_path, MARKET)
    assert told(opening_schedule(configuration)) == [
        "0 2026-03-02T07:00:00 PRE_OPEN NONE",
        "0 2026-03-02T07:50:30 AUCTION_CALL OPEN",
        "0 2026-03-02T08:00:00 CONTINUOUS NONE",
        "0 2026-03-02T16:30:00 AUCTION_CALL CLOSE",
        "0 2026-03-02T16:35:00 CLOSED NONE",
    ]
    (end,) = closing_time(configuration)
    assert (end["kind"], moment(int(end["time"]))) == (CommandKind.TIME, "2026-03-02T23:00:00")


def test_a_market_with_a_schedule_starts_closed_and_others_as_they_say(tmp_path: Path) -> None:
    configuration = load(tmp_path, MARKET)
    assert [market.initial_state for market in venue_terms(configuration).markets] == ["CLOSED", "CONTINUOUS"]
    assert from_canonical_json(canonical_json(configuration)) == configuration


def test_without_a_schedule_there_is_nothing_to_say(tmp_path: Path) -> None:
    configuration = load(tmp_path, MARKET.replace('schedule = "DAY"\n', ""))
    assert len(opening_schedule(configuration)) == len(closing_time(configuration)) == 0


def test_a_closed_day_has_no_session_and_the_market_stays_closed(tmp_path: Path) -> None:
    configuration = load(tmp_path, MARKET.replace("business_date = 2026-03-02", "business_date = 2026-04-03"))
    assert len(opening_schedule(configuration)) == len(closing_time(configuration)) == 0
    assert venue_terms(configuration).markets[0].initial_state == "CLOSED"


def test_an_early_close_moves_the_closing_call_with_it(tmp_path: Path) -> None:
    configuration = load(tmp_path, MARKET.replace("business_date = 2026-03-02", "business_date = 2026-12-30"))
    assert told(opening_schedule(configuration))[2:] == [
        "0 2026-12-30T08:00:00 CONTINUOUS NONE",
        "0 2026-12-30T12:55:00 AUCTION_CALL CLOSE",
        "0 2026-12-30T13:00:00 CLOSED NONE",
    ]


def test_what_would_come_after_an_early_close_does_not_take_place() -> None:
    day = [("08:00", "CONTINUOUS"), ("13:00", "HALTED"), ("14:00", "CONTINUOUS"), ("18:00", "CLOSED")]
    sessions = tuple(Session(at=f"{clock}:00", state=state) for clock, state in day)
    schedule = Schedule(time_zone="UTC", sessions=sessions, early_close={"2026-12-30": "12:30:00"})
    early = [(session.at, session.state) for session in sessions_of(schedule, "2026-12-30")]
    assert early == [("08:00:00", "CONTINUOUS"), ("12:30:00", "CLOSED")]
    assert sessions_of(schedule, "2026-12-29") == sessions


# -- clocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "clock", "zone", "expected"),
    [
        ("2026-03-02", "09:30", "America/New_York", "2026-03-02T14:30:00"),
        ("2026-03-09", "09:30", "America/New_York", "2026-03-09T13:30:00"),  # a day after clocks changed
        ("2026-06-01", "09:15", "Asia/Kolkata", "2026-06-01T03:45:00"),
        ("2026-06-01", "00:30", "Asia/Tokyo", "2026-05-31T15:30:00"),
        ("2026-03-29", "01:59", "Europe/Berlin", "2026-03-29T00:59:00"),
        ("2026-03-29", "02:00", "Europe/Berlin", "2026-03-29T01:00:00"),  # skipped: the moment of the change
        ("2026-03-29", "02:59", "Europe/Berlin", "2026-03-29T01:00:00"),
        ("2026-03-29", "03:00", "Europe/Berlin", "2026-03-29T01:00:00"),
        ("2026-03-29", "03:01", "Europe/Berlin", "2026-03-29T01:01:00"),
        ("2026-10-25", "01:59", "Europe/Berlin", "2026-10-24T23:59:00"),
        ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30:00"),  # twice: the first one
        ("2026-10-25", "03:00", "Europe/Berlin", "2026-10-25T02:00:00"),
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:30:00"),  # set forward by half an hour
        ("2011-12-30", "12:00", "Pacific/Apia", "2011-12-30T10:00:00"),  # a day that Samoa left out
        ("2026-03-29", "24:00", "Europe/Berlin", "2026-03-29T22:00:00"),
    ],
)
def test_local_times_are_instants(date: str, clock: str, zone: str, expected: str) -> None:
    assert at(date, clock, zone) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
def test_sessions_keep_their_order_on_every_day_of_a_year(zone: str) -> None:
    day = datetime.date(2026, 1, 1)
    while day.year == 2026:
        moments = [instant(day, seconds, time_zone(zone)) for seconds in range(0, 86_401, 900)]
        assert moments == sorted(moments), day
        day += datetime.timedelta(days=1)


def test_time_zones_come_with_the_package() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= set(time_zone_names())
    assert all(time_zone(name).key == name for name in time_zone_names())


# -- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        (
            '"Europe/Berlin"',
            '"Europe/Berln"',
            'schedules.DAY.time_zone: expected an IANA time zone such as "Europe/Berlin", was "Europe/Berln";'
            ' did you mean "Europe/Berlin"?',
        ),
        (
            '"Europe/Berlin"',
            '"../passwd"',
            'schedules.DAY.time_zone: expected an IANA time zone such as "Europe/Berlin", was "../passwd"',
        ),
        (
            'time_zone = "Europe/Berlin"',
            "",
            "schedules.DAY.time_zone: expected a text, was nothing",
        ),
        (
            '"08:50:30"',
            '"8:50"',
            'schedules.DAY.sessions[1].at: expected a time of day such as "08:50" or "08:50:30", was "8:50"',
        ),
        (
            '"08:50:30"',
            '"07:00"',
            'schedules.DAY.sessions[1].at: expected a time after 08:00:00, was "07:00"',
        ),
        (
            '"AUCTION_CALL:OPEN"',
            '"AUCTION"',
            'schedules.DAY.sessions[1].state: expected one of "PRE_OPEN", "AUCTION_CALL:OPEN",'
            ' "AUCTION_CALL:CLOSE", "AUCTION_CALL:INTRADAY", "CONTINUOUS", "HALTED", "CLOSED", was "AUCTION"',
        ),
        (
            'schedule = "DAY"',
            'schedule = "DAZ"',
            'instruments[0].schedule: expected a configured schedule, was "DAZ"; did you mean "DAY"?',
        ),
        (
            'schedule = "DAY"',
            'schedule = "DAY"\ninitial_state = "PRE_OPEN"',
            'instruments[0].initial_state: expected nothing or "CLOSED" beside a schedule, was "PRE_OPEN"',
        ),
        (
            '2026-12-30 = "14:00"',
            '2026-12-30 = "18:00"',
            "schedules.DAY.early_close.2026-12-30: expected a time after trading has begun and not after"
            " 17:35:00, was 18:00:00",
        ),
        (
            '2026-12-30 = "14:00"',
            '2026-12-30 = "09:05"',
            "schedules.DAY.early_close.2026-12-30: expected a time after trading has begun and not after"
            " 17:35:00, was 09:05:00",
        ),
        (
            '2026-12-30 = "14:00"',
            'soon = "14:00"',
            'schedules.DAY.early_close.soon: expected a date such as 2026-12-30, was "soon"',
        ),
        (
            'state = "PRE_OPEN"}',
            'state = "PRE_OPEN", stat = 1}',
            'schedules.DAY.sessions[0].stat: unknown key, did you mean "state"?',
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, wrong: str, right: str, message: str) -> None:
    assert wrong in MARKET
    assert mistakes(tmp_path, MARKET.replace(wrong, right, 1)) == [f"novate.toml: {message}"]


def test_days_that_end_early_need_an_end(tmp_path: Path) -> None:
    endless = MARKET.replace('    {at = "17:35", state = "CLOSED"},\n', "")
    assert mistakes(tmp_path, endless) == [
        "novate.toml: schedules.DAY.early_close.2026-12-30: expected sessions with CONTINUOUS that end with"
        " CLOSED, where days may end early"
    ]


def test_a_schedule_without_sessions_is_refused(tmp_path: Path) -> None:
    start, end = MARKET.index("sessions = ["), MARKET.index("[schedules.DAY.early_close]")
    empty = MARKET[:start] + "sessions = []\n" + MARKET[end:].replace('2026-12-30 = "14:00"\n', "")
    assert mistakes(tmp_path, empty) == [
        "novate.toml: schedules.DAY.sessions: expected 1 to 100 tables [[sessions]], was 0"
    ]


def test_sessions_before_the_clock_begins_are_refused(tmp_path: Path) -> None:
    early = MARKET.replace("business_date = 2026-03-02", "business_date = 1970-01-01")
    early = early.replace("Europe/Berlin", "Asia/Tokyo")
    assert mistakes(tmp_path, early) == [
        "novate.toml: schedules.DAY.sessions: expected times after 1970-01-01T00:00Z, was 1970-01-01 08:00:00"
    ]
