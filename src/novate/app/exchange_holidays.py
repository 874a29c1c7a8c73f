"""Holidays of a real exchange, expanded to plain dates when a configuration is loaded.

    calendar = {exchange = "XNYS"}  -->  weekend (5, 6), holidays 2024-01-01, 2024-01-15, ...

The resolved configuration, and with it the journal, holds the dates themselves: a later version of the
library cannot change a replay. The library is imported only when a configuration asks for it.
"""

from __future__ import annotations

import datetime
import difflib
import warnings

FIRST_YEAR = 2020
LAST_YEAR = 2030
"""The range that is expanded; the dates of later years are not known to anybody for certain."""


def exchange_calendar(name: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """(weekend, holidays as ISO dates) of an exchange by its market identifier code, or ValueError."""
    import exchange_calendars

    names = exchange_calendars.get_calendar_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'expected the code of an exchange such as "XNYS", was "{name}"{hint}')
    with warnings.catch_warnings():
        # What the library's own dependencies deprecate is of no interest to the reader of a configuration.
        warnings.simplefilter("ignore")
        first, last = f"{FIRST_YEAR}-01-01", f"{LAST_YEAR}-12-31"
        calendar = exchange_calendars.get_calendar(name, start=first, end=last)
    open_days = {session.date() for session in calendar.sessions}
    weekend = tuple(day for day in range(7) if calendar.weekmask[day] == "0")
    holidays = []
    day = datetime.date(FIRST_YEAR, 1, 1)
    while day <= datetime.date(LAST_YEAR, 12, 31):
        if day.weekday() not in weekend and day not in open_days:
            holidays.append(day.isoformat())
        day += datetime.timedelta(days=1)
    return weekend, tuple(holidays)
