"""Calls that end by themselves: after a collar, and again while the price is too far away (R59, R60).

    CONTINUOUS --collar--> AUCTION_CALL(INTRADAY) --call timer--> uncross --> CONTINUOUS
                                |      ^
                                |      |  |price - trigger reference| > auction_band, fewer than n times:
                                +------+  EXTENDED, and the call timer asks again

A call is extended whoever wants to end it: a command, a schedule, or its timer.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.auction import clearing_price
from novate.venue.cells import NO_MORE_TIME, NO_PRICE, NOW
from novate.venue.constants import AUCTION_CALL, BY_COLLAR, CONTINUOUS, E_EXTENDED, E_STATE, INTRADAY
from novate.venue.events import head_of, market_event, write
from novate.venue.layout import Tables
from novate.venue.timers import start_call_timer
from novate.venue.triggers import trigger_reference


@kernel
def enter_call(s: Tables, market: int, features: int, kind: int) -> None:
    """A market goes into a call: nothing was said of it, and it was never extended."""
    s.markets["auction_kind"][market] = kind
    s.features["indicative_price"][features] = NO_PRICE
    s.features["indicative_volume"][features] = 0
    s.features["indicative_imbalance"][features] = 0
    s.features["extensions"][features] = 0


@kernel
def call_at_collar(s: Tables, market: int, features: int) -> None:
    """The collar has ended an aggressor: the market goes into a call for a while (R59)."""
    before = wide(s.markets["state"][market])
    s.markets["state"][market] = AUCTION_CALL
    enter_call(s, market, features, INTRADAY)
    market_event(s, E_STATE, market, BY_COLLAR, 0, 0, before, AUCTION_CALL)
    start_call_timer(s, market, features, wide(s.features["volatility_call"][features]), CONTINUOUS)


@kernel
def extends(s: Tables, market: int, to_state: int, kind: int) -> bool:
    """Does a call that is about to uncross go on instead? Then it says EXTENDED (R60)."""
    features = wide(s.markets["features"][market])
    band = wide(s.features["auction_band"][features])
    made = wide(s.features["extensions"][features])
    reference = trigger_reference(s, market)
    if s.markets["state"][market] != AUCTION_CALL or band < 0 or reference == NO_PRICE:
        return False
    if made >= s.features["max_extensions"][features] or s.header[NOW] == NO_MORE_TIME:
        return False
    price = clearing_price(s, market, kind).price
    if price == NO_PRICE or abs(price - reference) <= band:
        return False
    s.features["extensions"][features] = made + 1
    until = start_call_timer(s, market, features, wide(s.features["extension"][features]), to_state)
    write(s, head_of(E_EXTENDED, 0, 0, market, 0), until, 0, price, made + 1, 0, 0)
    return True
