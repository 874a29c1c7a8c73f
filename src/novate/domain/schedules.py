"""The sessions of a trading day as they are configured: local times of day and states of the market.

    [schedules.XETR]  time_zone "Europe/Berlin"
        08:50 AUCTION_CALL(OPEN) | 09:00 CONTINUOUS | 17:30 AUCTION_CALL(CLOSE) | 17:35 CLOSED

    sessions_of(schedule, "2026-12-30", early close 14:00)
        08:50 AUCTION_CALL(OPEN) | 09:00 CONTINUOUS | 13:55 AUCTION_CALL(CLOSE) | 14:00 CLOSED

Data and its arithmetic only. Which instant a local time is, and the commands for the venue, are the edge's
work (`novate.app.schedules`); the journal then has absolute times, and a replay needs no time zone.
"""

from __future__ import annotations

import msgspec


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """From a time of day on a market is in this state."""

    at: str
    """HH:MM:SS, local."""
    state: str
    auction: str = "NONE"
    """OPEN, CLOSE or INTRADAY where the state is AUCTION_CALL, else NONE."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions of every open day, and the days that end early."""

    time_zone: str
    """An IANA name."""
    sessions: tuple[Session, ...]
    """In increasing time; before the first one a market is CLOSED."""
    early_close: dict[str, str] = {}
    """ISO date -> HH:MM:SS at which the last session, CLOSED, begins on that day."""


def seconds_of(at: str) -> int:
    """`"08:50:00"` -> 31800."""
    hours, minutes, seconds = (int(part) for part in at.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def text_of(seconds: int) -> str:
    """31800 -> `"08:50:00"`."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def sessions_of(schedule: Schedule, date: str) -> tuple[Session, ...]:
    """The sessions of a day. On one that ends early, what stands behind the last CONTINUOUS session moves
    forward as a whole, and what would begin at its first moment or later does not take place.

    Raises ValueError for an early close for which the sessions leave no room.
    """
    early = schedule.early_close.get(date)
    if early is None:
        return schedule.sessions
    states = [session.state for session in schedule.sessions]
    if states[-1:] != ["CLOSED"] or "CONTINUOUS" not in states:
        raise ValueError("expected sessions with CONTINUOUS that end with CLOSED, where days may end early")
    first = len(states) - states[::-1].index("CONTINUOUS")
    last = schedule.sessions[-1].at
    sooner = seconds_of(last) - seconds_of(early)
    starts = [seconds_of(session.at) - sooner for session in schedule.sessions[first:]]
    kept = [session for session in schedule.sessions[:first] if seconds_of(session.at) < starts[0]]
    if sooner < 0 or not any(session.state == "CONTINUOUS" for session in kept):
        raise ValueError(f"expected a time after trading has begun and not after {last}, was {early}")
    ending = zip(schedule.sessions[first:], starts, strict=True)
    return (*kept, *(msgspec.structs.replace(session, at=text_of(start)) for session, start in ending))
