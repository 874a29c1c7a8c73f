"""Matching in a market with features: collars, allocation by size, pairs, protection of market makers.

The same sweep as `novate.venue.matching.sweep`, with what such a market may ask for at each step:

    implied trade (in a combination, R71), or else
    collar -> self-trade prevention -> trade | round of pro-rata -> trailing stops, elections -> refresh
           -> pairs (maker's, then taker's) -> lots against market-maker protection
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.allocation import next_of_round, share_out
from novate.venue.book import ladder_of, opposite, tradable_of
from novate.venue.calls import call_at_collar
from novate.venue.cells import (
    AGGRESSOR,
    AGGRESSOR_LIMIT,
    AGGRESSOR_MARKET,
    AGGRESSOR_REST,
    BLOCK_TOP,
    COLLAR_CALLS,
    COLLAR_HALTS,
    FIFO,
    HEAP_CAPACITY,
    LARGEST_LADDER,
    NEED,
    NEED_BLOCKS,
    NEED_SCRATCH,
    NEED_WORDS,
    OCO_LEG,
    PROTECTED,
    ROUND_LENGTH,
    WORDS_TOP,
)
from novate.venue.constants import (
    BUY,
    BY_COLLAR,
    E_STATE,
    HALTED,
    STP_NONE,
)
from novate.venue.endings import cancel_entering, end_other_leg, separate
from novate.venue.events import market_event
from novate.venue.feasibility import is_outside_collar
from novate.venue.implied import NO_ROOM, TRADED, step_implied
from novate.venue.ladder import best_level, key_of_level
from novate.venue.layout import Tables
from novate.venue.matching import (
    after_shrink,
    exchange,
    finish_aggressor,
    has_room,
    in_conflict,
    prevent,
)
from novate.venue.protection import count_protected_fill, has_entry_room
from novate.venue.timers import has_timer_room
from novate.venue.triggers import elect, move_trailing


@kernel
def has_room_here(s: Tables, market: int, features: int) -> bool:
    """Room for one step of a market with features: also for trailing stops that a print moves."""
    if not has_room(s) or not has_entry_room(s) or not has_timer_room(s):
        return False
    trailing = wide(s.features["trailing_count"][features])
    if trailing != 0:
        if s.header[BLOCK_TOP] + trailing + 2 > len(s.blocks):
            s.header[NEED] = NEED_BLOCKS
            return False
        words = 8 * (s.header[LARGEST_LADDER] + s.header[HEAP_CAPACITY] + trailing) + 64
        if s.header[WORDS_TOP] + words > len(s.words):
            s.header[NEED] = NEED_WORDS
            return False
    if s.features["alloc"][features] != FIFO and len(s.scratch) < 2 * wide(s.markets["live"][market]):
        s.header[NEED] = NEED_SCRATCH
        return False
    return True


@cold
def sweep_featured(s: Tables) -> bool:
    """Match the aggressor until it is done; False if it was interrupted for lack of room."""
    taker = wide(s.header[AGGRESSOR])
    market = wide(s.header[AGGRESSOR_MARKET])
    features = wide(s.markets["features"][market])
    side = wide(s.orders["side"][taker])
    mode = wide(s.orders["stp"][taker])
    limit_key = s.header[AGGRESSOR_LIMIT]
    other = ladder_of(market, opposite(side))
    shares = s.features["alloc"][features] != FIFO
    linked = s.features["spread"][features] >= 0
    while wide(s.orders["leaves"][taker]) != 0:
        if linked:
            done = step_implied(s, taker, market, other)
            if done == NO_ROOM:
                return False
            if done == TRADED:
                continue
        if s.header[ROUND_LENGTH] == 0:
            if s.ladders["length"][other] == 0:
                break
            level = best_level(s, other)
            key = key_of_level(s, level)
            if key < limit_key:
                break
        if not has_room_here(s, market, features):
            return False
        if s.header[ROUND_LENGTH] != 0:
            _take_turn(s, market, taker)
            continue
        if is_outside_collar(s, features, -key if side == BUY else key):
            _end_at_collar(s, taker, market, features)
            return True
        maker = wide(s.levels["head"][level])
        by_size = shares and maker != 0
        if maker == 0:
            maker = wide(s.levels["hidden_head"][level])
        if mode != STP_NONE:
            own = _first_own(s, maker, taker, by_size)
            if own != 0:
                if prevent(s, own, taker, mode):
                    return True
                continue
        if by_size:
            share_out(s, features, level, side, wide(s.orders["leaves"][taker]))
            continue
        fill_featured(s, market, maker, taker, min(wide(s.orders["leaves"][taker]), tradable_of(s, maker)))
    s.header[ROUND_LENGTH] = 0
    if s.header[AGGRESSOR_REST] != 0:
        # A protected market order may have an effective limit that no order may have (R17).
        highest = wide(s.markets["max_price"][market])
        s.orders["price"][taker] = min(wide(s.orders["price"][taker]), highest)
    finish_aggressor(s, taker)
    return True


@inlined
def _take_turn(s: Tables, market: int, taker: int) -> None:
    """The next order of the round that gets anything."""
    maker, quantity = next_of_round(s)
    if maker != 0:
        fill_featured(s, market, maker, taker, quantity)


@kernel
def _first_own(s: Tables, maker: int, taker: int, by_size: bool) -> int:
    """The order that self-trade prevention meets: the next one, or any of a round (R27, R28); 0 for none."""
    while maker != 0:
        if in_conflict(s, maker, taker):
            return maker
        maker = wide(s.orders["next"][maker]) if by_size else 0
    return 0


@kernel
def fill_featured(s: Tables, market: int, maker: int, taker: int, quantity: int) -> None:
    """One trade, and everything that hangs on it."""
    traits = wide(s.orders["traits"][maker])
    account = wide(s.orders["account"][maker])
    is_filled = quantity == wide(s.orders["leaves"][maker])
    price = exchange(s, market, maker, taker, quantity)
    if s.features["trailing_count"][s.markets["features"][market]] != 0:
        move_trailing(s, market, price)
    elect(s, market, price)
    # A filled maker takes its pair with it; one with leaves is separated behind its REFRESHED.
    after_shrink(s, maker)
    if traits & OCO_LEG != 0 and not is_filled:
        end_other_leg(s, separate(s, maker))
    if wide(s.orders["traits"][taker]) & OCO_LEG != 0:
        end_other_leg(s, separate(s, taker))
    if traits & PROTECTED != 0:
        count_protected_fill(s, market, account, quantity)


@kernel
def _end_at_collar(s: Tables, taker: int, market: int, features: int) -> None:
    """CANCELLED COLLAR, whatever the time in force; the market may be halted or called with it (R45, R59)."""
    cancel_entering(s, taker, BY_COLLAR)
    if s.features["collar_action"][features] == COLLAR_CALLS:
        call_at_collar(s, market, features)
    elif s.features["collar_action"][features] == COLLAR_HALTS:
        before = wide(s.markets["state"][market])
        s.markets["state"][market] = HALTED
        market_event(s, E_STATE, market, BY_COLLAR, 0, 0, before, HALTED)
