"""The sessions of a business date as SCHEDULE commands with absolute times (R58), and the end of that date.

    schedule "XETR", 2026-10-25 (clocks go back at 03:00)
        02:30 CONTINUOUS --> the first 02:30, 2026-10-25T00:30:00Z --> SCHEDULE at 1792888200000000000

A time of day that comes twice is its first; one that the clocks skip is the moment at which they are set
forward, so that sessions keep their order. A closed day of the instrument's calendar has no session: its
market stays CLOSED. Names and rules of time zones come from the `tzdata` package that Novate is installed
with, not from the machine.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np

from novate.domain.calendar import OpenDays
from novate.domain.codes import AuctionKind, CommandKind, MarketState
from novate.domain.configuration import Configuration
from novate.domain.records import SCHEDULE_COMMAND, Commands, new_commands
from novate.domain.schedules import Schedule, seconds_of, sessions_of

NANOSECONDS = 1_000_000_000
UTC = datetime.UTC
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


@cache
def time_zone_names() -> tuple[str, ...]:
    """Every IANA name, in order."""
    return tuple(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def time_zone(name: str) -> ZoneInfo:
    """A time zone of `time_zone_names`."""
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def instant(date: datetime.date, seconds: int, zone: ZoneInfo) -> int:
    """Nanoseconds since 1970-01-01 UTC of a local time of day; `seconds` may be 86,400, the next midnight."""
    midnight = datetime.datetime.combine(date, datetime.time())
    local = midnight + datetime.timedelta(seconds=seconds)
    found = _universal(local.replace(tzinfo=zone))
    if found.astimezone(zone).replace(tzinfo=None) != local:
        # Skipped: the clocks are set forward somewhere between its two readings.
        earlier, later = _universal(local.replace(tzinfo=zone, fold=1)), found
        while later - earlier > datetime.timedelta(seconds=1):
            middle = earlier + (later - earlier) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(zone).utcoffset() == later.astimezone(zone).utcoffset():
                later = middle
            else:
                earlier = middle
        found = later
    return (found - EPOCH) // datetime.timedelta(seconds=1) * NANOSECONDS


def _universal(local: datetime.datetime) -> datetime.datetime:
    return local.astimezone(UTC)


def scheduled_markets(configuration: Configuration) -> Iterator[tuple[int, Schedule]]:
    """(market, schedule) of every market that has sessions on the business date."""
    date = datetime.date.fromisoformat(configuration.business_date)
    for market, instrument in enumerate(configuration.instruments):
        if instrument.schedule is None:
            continue
        name = instrument.calendar
        if OpenDays(configuration.calendars[name] if name is not None else None).is_open(date):
            yield market, configuration.schedules[instrument.schedule]


def opening_schedule(configuration: Configuration) -> Commands:
    """SCHEDULE records for all sessions of the business date: by market, then by time."""
    date = datetime.date.fromisoformat(configuration.business_date)
    rows = [
        (market, instant(date, seconds_of(session.at), time_zone(schedule.time_zone)),
         MarketState[session.state] | AuctionKind[session.auction] << 4)
        for market, schedule in scheduled_markets(configuration)
        for session in sessions_of(schedule, configuration.business_date)
    ]  # fmt: skip
    commands = new_commands(len(rows))
    view = commands.view(SCHEDULE_COMMAND)
    view["kind"] = CommandKind.SCHEDULE
    view["market"] = [market for market, _, _ in rows]
    view["at"] = [at for _, at, _ in rows]
    view["state"] = [state for _, _, state in rows]
    return commands


def closing_time(configuration: Configuration) -> Commands:
    """One TIME record at the end of the business date, if any market has sessions: without it a session that
    begins after the last order would not come."""
    date = datetime.date.fromisoformat(configuration.business_date)
    ends = [
        instant(date, 86_400, time_zone(schedule.time_zone))
        for _, schedule in scheduled_markets(configuration)
    ]
    commands = new_commands(1 if ends else 0)
    commands["kind"] = CommandKind.TIME
    commands["time"] = np.array(ends, np.int64).max(initial=0)
    return commands
