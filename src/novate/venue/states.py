"""Market states: what a change of state does, in its order (R40).

    STATE -> UNCROSS (if the change asks for one) -> auction-only orders of its kind EXPIRED
          -> SETTLED: STATE event -> DAY orders EXPIRED (CLOSED) | elected orders activated (CONTINUOUS)

The state in which the market will be, and why, wait in the header until its uncross is over. A STATE command
asks for a change, and so do timers: a schedule, or the end of a call (R58 to R60).
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.auction import fits_region
from novate.venue.calls import enter_call, extends
from novate.venue.cells import (
    AUCTION_KIND,
    EXECUTE,
    LIST,
    NEXT_STATE,
    PUBLISH,
    SETTLED,
    STATE_REASON,
    UNCROSS,
)
from novate.venue.combinations import cascade_of
from novate.venue.constants import (
    AT_CLOSE,
    AT_OPEN,
    AUCTION_CALL,
    BY_AUCTION,
    BY_COMMAND,
    BY_DAY,
    CLOSED,
    CONTINUOUS,
    E_STATE,
    HALTED,
    INTRADAY,
    INVALID_TRANSITION,
    KIND_CLOSE,
    KIND_OPEN,
    PRE_OPEN,
)
from novate.venue.events import market_event, reject
from novate.venue.features import may_open_features, open_features
from novate.venue.layout import Tables
from novate.venue.sweeps import begin_list, gather_auction_only, gather_day
from novate.venue.timers import has_timer_room, stop_call_timer
from novate.venue.uncross import begin_uncross

NO_UNCROSS = 0


@kernel
def change_state(s: Tables, i: int, market: int) -> int:
    """STATE; returns the phase in which the command goes on."""
    to_state = wide(s.commands["state"][i]) & 15
    kind = wide(s.commands["state"][i]) >> 4
    if to_state < CLOSED or to_state > HALTED or to_state == s.markets["state"][market]:
        reject(s, i, INVALID_TRANSITION)
        return PUBLISH
    if not may_change(s, market, to_state):
        return EXECUTE
    return begin_change(s, market, to_state, kind, BY_COMMAND)


@kernel
def may_change(s: Tables, market: int, to_state: int) -> bool:
    """Room for whatever a change of state begins with? If not, says so."""
    if to_state == AUCTION_CALL and not may_open_features(s):
        return False
    return fits_region(s, market) and has_timer_room(s)


@kernel
def begin_change(s: Tables, market: int, to_state: int, kind: int, reason: int) -> int:
    """Uncross first, if the change asks for it, or extend the call instead of all; the phase that follows."""
    uncross_kind = _uncross_kind(s, market, to_state)
    if uncross_kind != NO_UNCROSS and extends(s, market, to_state, uncross_kind):
        return PUBLISH
    s.header[NEXT_STATE] = to_state | (kind << 4)
    s.header[STATE_REASON] = reason
    features = wide(s.markets["features"][market])
    if features != 0:
        s.features["top_bid"][features] = 0
        s.features["top_ask"][features] = 0
    s.header[AUCTION_KIND] = uncross_kind
    if uncross_kind == NO_UNCROSS:
        return SETTLED
    begin_uncross(s, market, uncross_kind)
    return UNCROSS


@kernel
def _uncross_kind(s: Tables, market: int, to_state: int) -> int:
    """Kind of the uncross that a change of state asks for (R40 a, b)."""
    state = wide(s.markets["state"][market])
    called = wide(s.markets["auction_kind"][market])
    if to_state == CLOSED:
        return KIND_CLOSE if state == AUCTION_CALL and called == KIND_CLOSE else NO_UNCROSS
    if to_state != CONTINUOUS:
        return NO_UNCROSS
    if state == AUCTION_CALL:
        return called
    return KIND_OPEN if state == PRE_OPEN else INTRADAY


@kernel
def end_uncross(s: Tables, market: int) -> int:
    """Whatever is left of the orders for this auction only expires (R22), even if nothing traded."""
    kind = wide(s.header[AUCTION_KIND])
    length = 0
    if kind == KIND_OPEN:
        length = gather_auction_only(s, market, AT_OPEN)
    elif kind == KIND_CLOSE:
        length = gather_auction_only(s, market, AT_CLOSE)
    if length == 0:
        return SETTLED
    begin_list(s, market, BY_AUCTION, length, SETTLED)
    return LIST


@kernel
def settle_state(s: Tables, market: int) -> int:
    """The state changes; returns the phase in which the command goes on."""
    to_state = wide(s.header[NEXT_STATE]) & 15
    kind = wide(s.header[NEXT_STATE]) >> 4
    from_state = wide(s.markets["state"][market])
    s.markets["state"][market] = to_state
    s.markets["auction_kind"][market] = 0
    stop_call_timer(s, wide(s.markets["features"][market]))
    if to_state == AUCTION_CALL:
        enter_call(s, market, open_features(s, market), kind if _is_kind(kind) else INTRADAY)
    market_event(s, E_STATE, market, wide(s.header[STATE_REASON]), 0, 0, from_state, to_state)
    if to_state == CLOSED:
        begin_list(s, market, BY_DAY, gather_day(s, market), PUBLISH)
        return LIST
    return cascade_of(s, market)


@inlined
def _is_kind(kind: int) -> bool:
    return kind == KIND_OPEN or kind == KIND_CLOSE
