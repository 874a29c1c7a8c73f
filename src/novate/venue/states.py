"""Market states: what a change of state does, in its order (R40).

    STATE -> UNCROSS (if the change asks for one) -> auction-only orders of its kind EXPIRED
          -> SETTLED: STATE event -> DAY orders EXPIRED (CLOSED) | elected orders activated (CONTINUOUS)

The state in which the market will be waits in the header until its uncross is over.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.auction import fits_region
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
from novate.venue.layout import (
    AUCTION_KIND,
    EXECUTE,
    LIST,
    NEXT_STATE,
    NO_PRICE,
    PUBLISH,
    SETTLED,
    UNCROSS,
    Tables,
)
from novate.venue.sweeps import begin_list, gather_auction_only, gather_day
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
    if not may_open_features(s) or not fits_region(s, market):
        return EXECUTE
    return begin_change(s, market, to_state, kind)


@kernel
def begin_change(s: Tables, market: int, to_state: int, kind: int) -> int:
    """Uncross first, if the change asks for it."""
    s.header[NEXT_STATE] = to_state | (kind << 4)
    features = wide(s.markets["features"][market])
    if features != 0:
        s.features["top_bid"][features] = 0
        s.features["top_ask"][features] = 0
    uncross_kind = _uncross_kind(s, market, to_state)
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
    if to_state == AUCTION_CALL:
        s.markets["auction_kind"][market] = kind if _is_kind(kind) else INTRADAY
        features = open_features(s, market)
        s.features["indicative_price"][features] = NO_PRICE
        s.features["indicative_volume"][features] = 0
        s.features["indicative_imbalance"][features] = 0
    market_event(s, E_STATE, market, BY_COMMAND, 0, 0, from_state, to_state)
    if to_state == CLOSED:
        begin_list(s, market, BY_DAY, gather_day(s, market), PUBLISH)
        return LIST
    return cascade_of(s, market)


@inlined
def _is_kind(kind: int) -> bool:
    return kind == KIND_OPEN or kind == KIND_CLOSE
