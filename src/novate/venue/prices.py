"""Prices that depend on the market at hand: bands, touches, effective limits, the price that slides.

    touch          best price of the other side, hidden and own orders included
    market_limit   tightest of touch +- protection and the far edge of the static band      (R17)
    slid_price     one tick away from the touch, on the passive side of it                  (R23)

NO_PRICE stands for "none": no reference, no trade yet, no limit, nobody on the other side.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.book import key_of, ladder_of, opposite
from novate.venue.cells import NO_PRICE
from novate.venue.constants import BUY
from novate.venue.ladder import best_level, key_of_level
from novate.venue.layout import Tables


@inlined
def outside_band(s: Tables, market: int, price: int) -> bool:
    """R44; no band without a reference price."""
    band = wide(s.markets["static_band"][market])
    reference = wide(s.markets["reference"][market])
    return band >= 0 and reference != NO_PRICE and (price < reference - band or price > reference + band)


@inlined
def has_opposite(s: Tables, market: int, side: int) -> bool:
    """Does any order rest on the other side?"""
    return bool(s.ladders["length"][ladder_of(market, opposite(side))] != 0)


@inlined
def touch_of(s: Tables, market: int, side: int) -> int:
    """Best price of the other side, NO_PRICE if nobody rests there."""
    ladder = ladder_of(market, opposite(side))
    if s.ladders["length"][ladder] == 0:
        return NO_PRICE
    key = key_of_level(s, best_level(s, ladder))
    return -key if side == BUY else key


@inlined
def reaches(s: Tables, market: int, side: int, price: int) -> bool:
    """Does a price reach the best opposite order, hidden and own ones included?"""
    ladder = ladder_of(market, opposite(side))
    if s.ladders["length"][ladder] == 0:
        return False
    return key_of_level(s, best_level(s, ladder)) >= -key_of(side, price)


@inlined
def market_limit(s: Tables, market: int, side: int) -> int:
    """Effective limit of a market order (R17), NO_PRICE if it has none."""
    band = wide(s.markets["static_band"][market])
    reference = wide(s.markets["reference"][market])
    limit = NO_PRICE
    if band >= 0 and reference != NO_PRICE:
        if side == BUY:
            limit = reference + band
        else:
            limit = max(wide(s.markets["min_price"][market]), reference - band)
    if s.markets["features"][market] != 0:
        return _protected(s, market, side, limit)
    return limit


@cold
def _protected(s: Tables, market: int, side: int, limit: int) -> int:
    """The tighter of a limit and the touch plus protection."""
    protection = wide(s.features["protection"][s.markets["features"][market]])
    touch = touch_of(s, market, side)
    if protection < 0 or touch == NO_PRICE:
        return limit
    if side == BUY:
        guard = touch + protection
        return guard if limit == NO_PRICE else min(limit, guard)
    guard = max(wide(s.markets["min_price"][market]), touch - protection)
    return guard if limit == NO_PRICE else max(limit, guard)


@inlined
def is_protected(s: Tables, market: int) -> bool:
    """Do market orders rest with what is left, at their effective limit? (R17)"""
    return bool(s.features["protection"][s.markets["features"][market]] >= 0)


@kernel
def slid_price(s: Tables, market: int, side: int, price: int) -> int:
    """The price of a post-only order that would trade at `price`, where it does not (R23)."""
    if not reaches(s, market, side, price):
        return price
    touch = touch_of(s, market, side)
    return touch - 1 if side == BUY else touch + 1


@kernel
def is_quotable(s: Tables, market: int, price: int) -> bool:
    """Is a price within the market's range and its band?"""
    in_range = s.markets["min_price"][market] <= price <= s.markets["max_price"][market]
    return bool(in_range and not outside_band(s, market, price))
