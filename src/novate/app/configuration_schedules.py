"""`[schedules.NAME]` of a configuration file: sessions in local time, and the days that end early.

[schedules.XETR]
time_zone = "Europe/Berlin"
sessions = [
    {at = "08:50", state = "AUCTION_CALL:OPEN"}, {at = "09:00", state = "CONTINUOUS"}, {at = "17:30:00", ...
]
early_close = {2026-12-30 = "14:00"}
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterator

from novate.app.configuration_fields import Table
from novate.app.schedules import instant, scheduled_markets, time_zone, time_zone_names
from novate.domain.configuration import Configuration
from novate.domain.schedules import Schedule, Session, seconds_of, sessions_of

SESSION_STATES = (
    "PRE_OPEN", "AUCTION_CALL:OPEN", "AUCTION_CALL:CLOSE", "AUCTION_CALL:INTRADAY", "CONTINUOUS", "HALTED",
    "CLOSED",
)  # fmt: skip
MOST_SESSIONS = 100
SOME_ZONE = "UTC"


def read_schedule(table: Table) -> Schedule:
    """One schedule; what is wrong is written down with its place."""
    zone = table.text("time_zone")
    if zone and zone not in time_zone_names():
        near = difflib.get_close_matches(zone, time_zone_names(), n=1, cutoff=0.6)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        expected = 'expected an IANA time zone such as "Europe/Berlin"'
        table.mistake("time_zone", f'{expected}, was "{zone}"{hint}')
        zone = SOME_ZONE
    schedule = Schedule(
        time_zone=zone or SOME_ZONE,
        sessions=_sessions(table),
        early_close=_early_close(table.table("early_close")),
    )
    table.finish()
    return schedule


def _sessions(table: Table) -> tuple[Session, ...]:
    found: list[Session] = []
    for row in table.rows("sessions", 1, MOST_SESSIONS):
        mistakes = len(table.errors)
        at = row.clock("at")
        state, _, auction = row.one_of("state", SESSION_STATES).partition(":")
        row.finish()
        if len(table.errors) > mistakes:
            continue
        if found and at <= found[-1].at:
            row.expected("at", f"a time after {found[-1].at}")
        found.append(Session(at=at, state=state, auction=auction or "NONE"))
    return tuple(found)


def _early_close(table: Table) -> dict[str, str]:
    found = {}
    for key in table.values:
        try:
            date = datetime.date.fromisoformat(key).isoformat()
        except ValueError:
            table.mistake(key, f'expected a date such as 2026-12-30, was "{key}"')
        else:
            found[date] = table.clock(key)
    return found


def schedule_mistakes(configuration: Configuration) -> Iterator[str]:
    """What the fields of one schedule cannot tell: early closes, and sessions before the clock begins."""
    for name, schedule in configuration.schedules.items():
        for date in schedule.early_close:
            try:
                sessions_of(schedule, date)
            except ValueError as error:
                yield f"schedules.{name}.early_close.{date}: {error}"
    if {one.schedule for one in configuration.instruments} <= {None, *configuration.schedules}:
        yield from _before_the_clock(configuration)


def _before_the_clock(configuration: Configuration) -> Iterator[str]:
    """On 1970-01-01 east of Greenwich a session may lie before the time that records count from."""
    date = datetime.date.fromisoformat(configuration.business_date)
    names = {
        configuration.instruments[market].schedule or "" for market, _ in scheduled_markets(configuration)
    }
    for name in sorted(names):
        schedule = configuration.schedules[name]
        at = schedule.sessions[0].at if schedule.sessions else "12:00:00"
        if instant(date, seconds_of(at), time_zone(schedule.time_zone)) <= 0:
            yield f"schedules.{name}.sessions: expected times after 1970-01-01T00:00Z, was {date} {at}"
