"""Timers as they are seen from outside the kernel: their list, and what must always be true of them (R57).

    heap rows 0..count-1 --by (at, number)--> [PendingTimer(at, number, market, state, kind, by_call), ...]

The sorted list is the canonical form: the state root takes it, whatever the shape of the heap.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from novate.domain.codes import AuctionKind, MarketState
from novate.venue.cells import (
    BY_CALL,
    HEAP_LENGTH,
    HEAP_OFFSET,
    LAST_TIMER,
    NEXT_DUE,
    NO_MORE_TIME,
    NOW,
    TIMER_COUNT,
)
from novate.venue.layout import Tables


class PendingTimer(NamedTuple):
    """A change of state to come."""

    at: int
    number: int
    market: int
    state: str
    kind: str
    by_call: bool
    """It ends a call (R59, R60); False: a SCHEDULE command made it."""


def sorted_timers(s: Tables) -> npt.NDArray[Any]:
    """The rows of all timers in the order in which they will fire."""
    rows: npt.NDArray[Any] = s.timers[: int(s.header[TIMER_COUNT])]
    return rows[np.lexsort((rows["number"], rows["at"]))]


def read_timers(s: Tables) -> list[PendingTimer]:
    """All timers, the next one first."""
    return [
        PendingTimer(
            at=int(row["at"]),
            number=int(row["number"]),
            market=int(row["market"]),
            state=MarketState(int(row["what"]) & 15).name,
            kind=AuctionKind(int(row["what"]) >> 4 & 15).name,
            by_call=bool(row["what"] & BY_CALL),
        )
        for row in sorted_timers(s)
    ]


def broken_timers(s: Tables) -> str:
    """The first invariant of the timers that does not hold, empty if all do."""
    rows = s.timers[: int(s.header[TIMER_COUNT])]
    entries = [(int(row["at"]), int(row["number"])) for row in rows]
    for child in range(1, len(entries)):
        if entries[(child - 1) // 2] > entries[child]:
            return f"timer {entries[child][1]} lies below a later one in the heap"
    numbers = {number for _, number in entries}
    if len(numbers) != len(entries) or not all(1 <= n <= s.header[LAST_TIMER] for n in numbers):
        return "a timer's number was given twice, or never"
    now = int(s.header[NOW])
    late = [number for at, number in entries if at <= now and at != NO_MORE_TIME]
    if late:
        return f"timer {late[0]} should have fired by {now} (R57)"
    if min(entries, default=(NO_MORE_TIME, 0))[0] < s.header[NEXT_DUE]:
        return "a timer is due before the time at which the clock looks (NEXT_DUE)"
    return _broken_expiry(s) or _broken_calls(s, rows)


def _broken_expiry(s: Tables) -> str:
    offset, length = int(s.header[HEAP_OFFSET]), int(s.header[HEAP_LENGTH])
    waiting = s.words[offset : offset + length]
    expiries = s.extras["expire"][s.orders["extra"][waiting]]
    if np.any(expiries < s.header[NEXT_DUE]):
        return "an order expires before the time at which the clock looks (NEXT_DUE)"
    return ""


def _broken_calls(s: Tables, rows: npt.NDArray[Any]) -> str:
    """Call timers and the markets that they end the calls of name each other."""
    calls = {int(row["market"]): int(row["number"]) for row in rows if row["what"] & BY_CALL}
    if len(calls) != np.count_nonzero(rows["what"] & BY_CALL):
        return "a market has two call timers"
    named = s.features["call_timer"][s.markets["features"]]
    for market in sorted({*calls, *np.flatnonzero(named).tolist()}):
        if calls.get(market, 0) != named[market]:
            return f"market {market} does not name the timer of its call (R59)"
        if s.markets["state"][market] != MarketState.AUCTION_CALL:
            return f"market {market} has a call timer and is in no call (R59)"
    return ""
