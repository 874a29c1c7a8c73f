"""Implied trades: an aggressor of a combination's market meets the best orders of the two others (R71).

    near  sells 103 x 5     far  buys 98 x 2      combination: nobody sells, or only above 5
    buys the combination up to 5:  near 2 @ 103, far 2 @ 98  ->  the combination at 103 - 98 = 5

    aggressor in    first resting order       second resting order     price for the aggressor
    combination     near, opposite side       far, own side            first - second
    near            combination, opposite     far, opposite            first + second
    far             combination, own side     near, opposite           second - first

Asked at each step of the sweep before the best direct price is looked at. It always takes the first order of
the best level on either side, so an offer costs two looks at the best ends. Orders keep their places: an
order of the combination trades in the legs and stays an order of its own market.
"""

from __future__ import annotations

from typing import NamedTuple

from novate.compiled import inlined, kernel, wide
from novate.venue.book import ladder_of, opposite, shrink, tradable_of
from novate.venue.cells import (
    AGGRESSOR_LEAST,
    AGGRESSOR_LIMIT,
    ALL_OR_NONE,
    BLOCK_TOP,
    HEAP_CAPACITY,
    LARGEST_LADDER,
    NEED,
    NEED_BLOCKS,
    NEED_WORDS,
    NEXT_TRADE_ID,
    NO_LIMIT_KEY,
    OCO_LEG,
    POSITIONS_ON,
    POST_ONLY,
    PROTECTED,
    REDUCES,
    WORDS_TOP,
)
from novate.venue.combinations import Links, is_open, links_of
from novate.venue.constants import BUY, FOK, STP_NONE
from novate.venue.credit import count_sides, move_position, reduce_hold
from novate.venue.endings import end_other_leg, separate
from novate.venue.events import leg_trade
from novate.venue.fees import fee_of
from novate.venue.ladder import best_level, key_of_level
from novate.venue.layout import Tables
from novate.venue.matching import after_shrink, has_room, in_conflict
from novate.venue.protection import count_protected_fill, has_room_for_two
from novate.venue.touched import touch
from novate.venue.triggers import elect, move_trailing

# What `step_implied` did.
DIRECT = 0  # nothing: the direct book is next
TRADED = 1
NO_ROOM = 2


class Offer(NamedTuple):
    """Two resting orders that trade together; `first` 0: there are none."""

    first: int
    second: int
    price: int


@inlined
def may_imply(s: Tables, taker: int, market: int, links: Links) -> bool:
    """May an aggressor trade against two orders at once?

    Not one that is bound to a quantity, whose rehearsal knows one book only; not a passive one; and not a
    reduce-only order of the combination, whose position an implied trade would leave as it is.
    """
    traits = wide(s.orders["traits"][taker])
    return bool(
        is_open(s, links)
        and s.orders["tif"][taker] != FOK
        and s.header[AGGRESSOR_LEAST] == 0
        and wide(s.orders["flags"][taker]) & POST_ONLY == 0
        and traits & ALL_OR_NONE == 0
        and (traits & REDUCES == 0 or market != links.spread)
    )


@kernel
def _first_order(s: Tables, market: int, side: int) -> int:
    """The order of a side whose turn it is, 0 if there is none."""
    ladder = ladder_of(market, side)
    if s.ladders["length"][ladder] == 0:
        return 0
    level = best_level(s, ladder)
    row = wide(s.levels["head"][level])
    return row if row != 0 else wide(s.levels["hidden_head"][level])


@kernel
def offer_to(s: Tables, market: int, side: int, links: Links) -> Offer:
    """What the two other markets offer to an aggressor of this side."""
    against = opposite(side)
    if market == links.spread:
        first = _first_order(s, links.near, against)
        second = _first_order(s, links.far, side)
    elif market == links.near:
        first = _first_order(s, links.spread, against)
        second = _first_order(s, links.far, against)
    else:
        first = _first_order(s, links.spread, side)
        second = _first_order(s, links.near, against)
    if first == 0 or second == 0:
        return Offer(0, 0, 0)
    one = wide(s.orders["price"][first])
    two = wide(s.orders["price"][second])
    if market == links.spread:
        return Offer(first, second, one - two)
    if market == links.near:
        return Offer(first, second, one + two)
    return Offer(first, second, two - one)


@kernel
def step_implied(s: Tables, taker: int, market: int, other: int) -> int:
    """One implied trade, if the aggressor may take it and it is better than the direct book `other`."""
    links = links_of(s, market)
    side = wide(s.orders["side"][taker])
    if not may_imply(s, taker, market, links):
        return DIRECT
    offer = offer_to(s, market, side, links)
    if offer.first == 0 or not _is_taken(s, taker, market, side, links, offer, other):
        return DIRECT
    if not _has_room_linked(s, links):
        return NO_ROOM
    quantity = min(wide(s.orders["leaves"][taker]), tradable_of(s, offer.first), tradable_of(s, offer.second))
    _trade_three(s, taker, market, side, links, offer, quantity)
    return TRADED


@kernel
def _is_taken(s: Tables, taker: int, market: int, side: int, links: Links, offer: Offer, other: int) -> bool:
    """Better than the direct price, within the limit, at prices that the legs have, and no self-trade."""
    key = -offer.price if side == BUY else offer.price
    direct = NO_LIMIT_KEY
    if s.ladders["length"][other] != 0:
        direct = key_of_level(s, best_level(s, other))
    if key <= direct or key < s.header[AGGRESSOR_LIMIT]:
        return False
    if market != links.spread:
        # The other leg trades at the price of a resting order, which its market has.
        if offer.price < s.markets["min_price"][market] or offer.price > s.markets["max_price"][market]:
            return False
    if s.orders["stp"][taker] == STP_NONE:
        return True
    return not (
        in_conflict(s, offer.first, taker)
        or in_conflict(s, offer.second, taker)
        or in_conflict(s, offer.first, offer.second)
    )


@kernel
def _has_room_linked(s: Tables, links: Links) -> bool:
    """Room for two trades, two entries of protection, and the trailing stops of both legs."""
    if not has_room(s) or not has_room_for_two(s):
        return False
    trailing = wide(s.features["trailing_count"][s.markets["features"][links.near]])
    trailing += wide(s.features["trailing_count"][s.markets["features"][links.far]])
    if trailing == 0:
        return True
    if s.header[BLOCK_TOP] + trailing + 2 > len(s.blocks):
        s.header[NEED] = NEED_BLOCKS
        return False
    words = 8 * (s.header[LARGEST_LADDER] + s.header[HEAP_CAPACITY] + trailing) + 64
    if s.header[WORDS_TOP] + words > len(s.words):
        s.header[NEED] = NEED_WORDS
        return False
    return True


@kernel
def _trade_three(
    s: Tables, taker: int, market: int, side: int, links: Links, offer: Offer, quantity: int
) -> None:
    """Leaves fall, near and far trade, then the resting orders are looked after, then the aggressor."""
    first = offer.first
    second = offer.second
    price = wide(s.orders["price"][second])
    reduce_hold(s, taker, quantity, quantity)
    s.orders["leaves"][taker] = wide(s.orders["leaves"][taker]) - quantity
    s.orders["done"][taker] = wide(s.orders["done"][taker]) + quantity
    reduce_hold(s, first, quantity, quantity)
    shrink(s, first, quantity)
    reduce_hold(s, second, quantity, quantity)
    shrink(s, second, quantity)
    if market == links.spread:
        _trade_leg(s, links.near, side, first, taker, wide(s.orders["price"][first]), quantity)
        _trade_leg(s, links.far, opposite(side), second, taker, price, quantity)
    elif market == links.near:
        _trade_leg(s, links.near, side, first, taker, offer.price, quantity)
        _trade_leg(s, links.far, side, second, first, price, quantity)
    else:
        _trade_leg(s, links.near, side, second, first, price, quantity)
        _trade_leg(s, links.far, side, first, taker, offer.price, quantity)
    touch(s, links.near)
    touch(s, links.far)
    touch(s, links.spread)
    _look_after(s, first, quantity)
    _look_after(s, second, quantity)
    if wide(s.orders["traits"][taker]) & OCO_LEG != 0:
        end_other_leg(s, separate(s, taker))


@kernel
def _trade_leg(s: Tables, market: int, side: int, maker: int, taker: int, price: int, quantity: int) -> None:
    """One of the two trades, in its own market; `side` is what the taker does there."""
    maker_fee = 0
    taker_fee = 0
    fees_on = wide(s.markets["fees_on"][market])
    if fees_on != 0:
        notional = abs(price) * quantity * wide(s.markets["multiplier"][market])
        maker_fee = fee_of(notional, wide(s.markets["maker_ppm"][market]))
        taker_fee = fee_of(notional, wide(s.markets["taker_ppm"][market]))
    if s.header[POSITIONS_ON] != 0:
        bought = quantity if side == BUY else -quantity
        move_position(s, market, wide(s.orders["account"][taker]), bought)
        move_position(s, market, wide(s.orders["account"][maker]), -bought)
        count_sides(s, wide(s.orders["account"][taker]), wide(s.orders["account"][maker]))
    trade_id = wide(s.header[NEXT_TRADE_ID])
    s.header[NEXT_TRADE_ID] = trade_id + 1
    leg_trade(s, market, side, maker, taker, price, quantity, trade_id, fees_on, maker_fee, taker_fee)
    s.markets["last"][market] = price
    if s.features["trailing_count"][s.markets["features"][market]] != 0:
        move_trailing(s, market, price)
    elect(s, market, price)


@kernel
def _look_after(s: Tables, row: int, quantity: int) -> None:
    """A resting order lost lots: its end or next tranche, its pair, its market maker's protection."""
    traits = wide(s.orders["traits"][row])
    market = wide(s.orders["market"][row])
    account = wide(s.orders["account"][row])
    is_filled = wide(s.orders["leaves"][row]) == 0
    after_shrink(s, row)
    if traits & OCO_LEG != 0 and not is_filled:
        end_other_leg(s, separate(s, row))
    if traits & PROTECTED != 0:
        count_protected_fill(s, market, account, quantity)
