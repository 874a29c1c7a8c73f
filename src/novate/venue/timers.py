"""Timers: what the venue does by itself when the clock reaches a time (R57, R58).

    number   at      market  what                       timers: a binary heap by (at, number), rows 0..count-1
      7     09:00      3     CONTINUOUS, by schedule
      9     09:02      1     CONTINUOUS, by call        <- markets[1].features.call_timer = 9
      8     17:30      3     AUCTION_CALL(CLOSE), by schedule

    header NEXT_DUE: nothing is due before this time, neither a timer nor the expiry of a GTD order

A command whose time lies before NEXT_DUE pays one comparison for all of this. A timer that becomes void is
taken out at once, so every row is one that will fire. A market has at most one call timer, and only while it
is in AUCTION_CALL; it ends the call (`novate.venue.calls`). Making and firing cost O(log timers); taking one
out of the middle looks at all of them.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.cells import (
    BY_CALL,
    EXECUTE,
    LAST_TIMER,
    MAX_TIMERS,
    NEED,
    NEED_TIMERS,
    NEXT_DUE,
    NO_MORE_TIME,
    NOW,
    PUBLISH,
    TIMER_COUNT,
)
from novate.venue.constants import (
    AUCTION_CALL,
    BY_SCHEDULE,
    BY_TIMER,
    CLOSED,
    E_SCHEDULE_CLEARED,
    E_SCHEDULED,
    HALTED,
    INTRADAY,
    INVALID_TIME,
    INVALID_TRANSITION,
    KIND_CLOSE,
    KIND_OPEN,
    TOO_MANY_TIMERS,
)
from novate.venue.events import head_of, market_event, reject, write
from novate.venue.layout import Tables
from novate.venue.pool import heap_top

# -- the heap ------------------------------------------------------------------------------------------------


@inlined
def has_timer_room(s: Tables) -> bool:
    """Room for one more timer? If not, says so."""
    if s.header[TIMER_COUNT] >= len(s.timers):
        s.header[NEED] = NEED_TIMERS
        return False
    return True


@inlined
def _fires_before(s: Tables, left: int, right: int) -> bool:
    if s.timers["at"][left] != s.timers["at"][right]:
        return bool(s.timers["at"][left] < s.timers["at"][right])
    return bool(s.timers["number"][left] < s.timers["number"][right])


@kernel
def _exchange(s: Tables, left: int, right: int) -> None:
    at = wide(s.timers["at"][left])
    number = wide(s.timers["number"][left])
    market = wide(s.timers["market"][left])
    what = wide(s.timers["what"][left])
    _copy(s, right, left)
    s.timers["at"][right] = at
    s.timers["number"][right] = number
    s.timers["market"][right] = market
    s.timers["what"][right] = what


@inlined
def _copy(s: Tables, source: int, target: int) -> None:
    s.timers["at"][target] = s.timers["at"][source]
    s.timers["number"][target] = s.timers["number"][source]
    s.timers["market"][target] = s.timers["market"][source]
    s.timers["what"][target] = s.timers["what"][source]


@kernel
def _rise(s: Tables, at: int) -> None:
    while at > 0:
        parent = (at - 1) >> 1
        if not _fires_before(s, at, parent):
            return
        _exchange(s, at, parent)
        at = parent


@kernel
def _sink(s: Tables, at: int) -> None:
    count = s.header[TIMER_COUNT]
    while True:
        child = 2 * at + 1
        if child >= count:
            return
        if child + 1 < count and _fires_before(s, child + 1, child):
            child += 1
        if not _fires_before(s, child, at):
            return
        _exchange(s, at, child)
        at = child


@kernel
def make_timer(s: Tables, market: int, at: int, what: int) -> int:
    """A timer for a change of state; `what` is state | kind << 4, and BY_CALL. Returns its number.

    The caller knows that there is room.
    """
    number = s.header[LAST_TIMER] + 1
    s.header[LAST_TIMER] = number
    row = wide(s.header[TIMER_COUNT])
    s.header[TIMER_COUNT] = row + 1
    s.timers["at"][row] = at
    s.timers["number"][row] = number
    s.timers["market"][row] = market
    s.timers["what"][row] = what
    _rise(s, row)
    s.header[NEXT_DUE] = min(s.header[NEXT_DUE], at)
    return wide(number)


@kernel
def take_out(s: Tables, row: int) -> None:
    """A timer has fired, or is void."""
    last = wide(s.header[TIMER_COUNT]) - 1
    s.header[TIMER_COUNT] = last
    if row != last:
        _copy(s, last, row)
        _sink(s, row)
        _rise(s, row)


# -- firing --------------------------------------------------------------------------------------------------


@inlined
def is_timer_due(s: Tables) -> bool:
    """Has the time of the first timer come?"""
    return bool(s.header[TIMER_COUNT] != 0 and s.timers["at"][0] <= s.header[NOW])


@inlined
def reason_of(what: int) -> int:
    """The reason that the STATE event of a timer gives."""
    return BY_TIMER if what & BY_CALL != 0 else BY_SCHEDULE


@inlined
def is_in_vain(s: Tables, market: int, what: int) -> bool:
    """Is the market where its timer would bring it? A call of another kind is somewhere else (R58)."""
    state = what & 15
    if state != s.markets["state"][market]:
        return False
    return bool(state != AUCTION_CALL or kind_of(what) == s.markets["auction_kind"][market])


@inlined
def kind_of(what: int) -> int:
    """The auction kind that a timer asks for."""
    return (what >> 4) & 15


@kernel
def set_next_due(s: Tables) -> None:
    """The clock phase is over: when will anything be due again?"""
    due = NO_MORE_TIME
    if s.header[TIMER_COUNT] != 0:
        due = wide(s.timers["at"][0])
    top = heap_top(s)
    if top != 0:
        due = min(due, wide(s.extras["expire"][s.orders["extra"][top]]))
    s.header[NEXT_DUE] = due


# -- SCHEDULE (R58) ------------------------------------------------------------------------------------------


@kernel
def schedule(s: Tables, i: int, market: int) -> int:
    """SCHEDULE: a change of state at a time to come, or none of those any more; the phase that follows."""
    what = wide(s.commands["state"][i])
    if what == 0:
        count = _clear(s, market)
        market_event(s, E_SCHEDULE_CLEARED, market, 0, 0, count, 0, 0)
        return PUBLISH
    state = what & 15
    kind = 0
    if state == AUCTION_CALL:
        kind = what >> 4
        if kind != KIND_OPEN and kind != KIND_CLOSE:
            kind = INTRADAY
    at = wide(s.commands["price"][i])
    code = _check_schedule(s, state, at)
    if code != 0:
        reject(s, i, code)
        return PUBLISH
    if not has_timer_room(s):
        return EXECUTE
    number = make_timer(s, market, at, state | (kind << 4))
    write(s, head_of(E_SCHEDULED, 0, 0, market, 0), number, 0, at, state | (kind << 32), 0, 0)
    return PUBLISH


@inlined
def _check_schedule(s: Tables, state: int, at: int) -> int:
    if state < CLOSED or state > HALTED:
        return INVALID_TRANSITION
    if at <= s.header[NOW]:
        return INVALID_TIME
    return TOO_MANY_TIMERS if s.header[TIMER_COUNT] >= MAX_TIMERS else 0


@kernel
def _clear(s: Tables, market: int) -> int:
    """Take out all that the market's SCHEDULE commands have still to come; how many those were."""
    count = wide(s.header[TIMER_COUNT])
    kept = 0
    for row in range(count):
        if s.timers["market"][row] != market or s.timers["what"][row] & BY_CALL != 0:
            if kept != row:
                _copy(s, row, kept)
            kept += 1
    s.header[TIMER_COUNT] = kept
    for row in range(kept // 2 - 1, -1, -1):
        _sink(s, row)
    return count - kept


# -- call timers (R59, R60) ----------------------------------------------------------------------------------


@kernel
def start_call_timer(s: Tables, market: int, features: int, length: int, what: int) -> int:
    """The call of a market asks for a state at now + length, instead of what it asked before; that time."""
    stop_call_timer(s, features)
    now = wide(s.header[NOW])
    at = now + length if length <= NO_MORE_TIME - now else NO_MORE_TIME
    s.features["call_timer"][features] = make_timer(s, market, at, what | BY_CALL)
    return wide(at)


@kernel
def stop_call_timer(s: Tables, features: int) -> None:
    """Any STATE event of a market voids its call timer."""
    number = wide(s.features["call_timer"][features])
    if number == 0:
        return
    s.features["call_timer"][features] = 0
    for row in range(s.header[TIMER_COUNT]):
        if s.timers["number"][row] == number:
            take_out(s, row)
            return
