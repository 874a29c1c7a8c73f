"""The long path of a new order: types and markets that need more than price-time priority.

    ladder -> price and quantity that it comes in with -> ACCEPTED -> parked | waits for its auction
           -> rehearsal (FOK, minimum quantity) -> aggressor

The price of a market order is its effective limit, of a market-to-limit order the touch (R18), of a
post-only order where it slides to (R23); a reduce-only order is capped (R35).
"""

from __future__ import annotations

from typing import NamedTuple

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.acceptance import accept_apart as accept
from novate.venue.acceptance import check_commitment_apart as check_commitment
from novate.venue.admission import (
    check_new_apart as check_new,
)
from novate.venue.admission import (
    exceeds_blocks,
    is_auction_tif,
    is_resting_tif,
)
from novate.venue.attention import enter_attentive
from novate.venue.attentive import asked_peg, asked_reach, asks_attention, check_attentive_room
from novate.venue.auction_orders import auction_key, enter_auction, ladder_of_auction
from novate.venue.book import key_of, ladder_of
from novate.venue.cells import AGGRESSOR_LEAST, ATTENTIVE, EXECUTE, MATCH, NO_PRICE, PUBLISH
from novate.venue.combinations import is_linked
from novate.venue.constants import (
    BY_FOK,
    BY_MIN_QTY,
    CONTINUOUS,
    F_MIN_QTY,
    F_POST_ONLY,
    F_PRICE,
    F_REDUCE_ONLY,
    FOK,
    LIMIT,
    MARKET_ORDER,
    MTL,
    OK,
    PEG_NONE,
    TOO_MANY_PRICE_LEVELS,
    TRAILING_STOP,
)
from novate.venue.endings import cancel_entering
from novate.venue.events import reject
from novate.venue.feasibility import rehearse
from novate.venue.features import may_open_features, open_features
from novate.venue.layout import Tables
from novate.venue.lookahead import tag_of_command
from novate.venue.matching import begin_sweep, name_order
from novate.venue.matching import rest_apart as rest
from novate.venue.pegs import target_of_new
from novate.venue.prices import is_protected, market_limit, reaches, slid_price, touch_of
from novate.venue.reduce_only import room_to_reduce
from novate.venue.triggers import is_trigger_type, park, start_trailing


class Entry(NamedTuple):
    """What an order comes in with."""

    order_type: int
    price: int
    quantity: int


@kernel
def entry_of(s: Tables, i: int, market: int) -> Entry:
    """Type, price and quantity of a new order that its ladder let pass."""
    order_type = wide(s.commands["order_type"][i])
    side = wide(s.commands["side"][i])
    flags = wide(s.commands["flags"][i])
    tif = wide(s.commands["time_in_force"][i])
    quantity = wide(s.commands["quantity"][i])
    price = wide(s.commands["price"][i]) if flags & F_PRICE != 0 else NO_PRICE
    if is_trigger_type(order_type) or is_auction_tif(tif):
        return Entry(order_type, price, quantity)
    if flags & F_REDUCE_ONLY != 0:
        quantity = min(quantity, room_to_reduce(s, market, wide(s.commands["account"][i]), side))
    if order_type == MTL:
        order_type = LIMIT
        price = touch_of(s, market, side)
    elif order_type == MARKET_ORDER:
        price = market_limit(s, market, side)
        if is_protected(s, market) and is_resting_tif(tif):
            # What is left rests at the effective limit: from now on it is a limit order (R17).
            order_type = LIMIT
    elif flags & F_POST_ONLY != 0 and s.markets["state"][market] == CONTINUOUS:
        price = slid_price(s, market, side, price)
    elif asked_peg(s, flags) != PEG_NONE:
        price = target_of_new(s, i, market)
    return Entry(order_type, price, quantity)


@cold
def special_order(s: Tables, i: int, market: int) -> int:
    """NEW on the long path; returns the phase in which the command goes on."""
    if s.markets["features"][market] == 0 and not may_open_features(s):
        return EXECUTE
    code = check_new(s, i, market, tag_of_command(s, i))
    if code == OK and is_auction_tif(wide(s.commands["time_in_force"][i])):
        code = _check_auction_prices(s, i, market)
    if code == OK:
        entry = entry_of(s, i, market)
        side = wide(s.commands["side"][i])
        code = _check_resting_price(s, i, market, side, entry)
    if code == OK:
        code = _check_attention(s, i, market, side, entry.price)
    if code == OK:
        held = asked_reach(s, i, entry.price)
        code = check_commitment(s, i, market, side, entry.order_type, held, entry.quantity, 1)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    open_features(s, market)
    row = accept(s, i, market, side, entry.order_type, entry.price, entry.quantity)
    least = wide(s.staged["quantity"][0]) if wide(s.commands["flags"][i]) & F_MIN_QTY != 0 else 0
    return enter(s, row, market, least)


@kernel
def _check_auction_prices(s: Tables, i: int, market: int) -> int:
    """The bound on distinct blocks of prices holds for auction-only orders too."""
    features = wide(s.markets["features"][market])
    if features == 0 or wide(s.commands["flags"][i]) & F_PRICE == 0:
        return OK
    side = wide(s.commands["side"][i])
    ladder = ladder_of_auction(s, features, wide(s.commands["time_in_force"][i]), side)
    key = auction_key(side, wide(s.commands["price"][i]))
    return TOO_MANY_PRICE_LEVELS if exceeds_blocks(s, market, ladder, key) else OK


@kernel
def _check_resting_price(s: Tables, i: int, market: int, side: int, entry: Entry) -> int:
    """The same bound where an order comes in at another price than it said: touch, effective limit, slid."""
    said = wide(s.commands["order_type"][i]) == LIMIT and entry.price == s.commands["price"][i]
    tif = wide(s.commands["time_in_force"][i])
    if said or entry.order_type != LIMIT or entry.price == NO_PRICE or not is_resting_tif(tif):
        return OK
    if asks_attention(s, wide(s.commands["flags"][i])):
        return OK
    exceeds = exceeds_blocks(s, market, ladder_of(market, side), key_of(side, entry.price))
    return TOO_MANY_PRICE_LEVELS if exceeds else OK


@kernel
def _check_attention(s: Tables, i: int, market: int, side: int, price: int) -> int:
    """Bounds on orders that watch the market: the price level of a peg's target, and how many there are."""
    flags = wide(s.commands["flags"][i])
    if not asks_attention(s, flags):
        return OK
    if asked_peg(s, flags) != PEG_NONE and price != NO_PRICE:
        if exceeds_blocks(s, market, ladder_of(market, side), key_of(side, price)):
            return TOO_MANY_PRICE_LEVELS
    return check_attentive_room(s, market)


@kernel
def enter(s: Tables, row: int, market: int, least: int) -> int:
    """First step of an accepted order; `least` must trade at once (R26)."""
    order_type = wide(s.orders["order_type"][row])
    tif = wide(s.orders["tif"][row])
    if is_trigger_type(order_type):
        park_new(s, row)
        return PUBLISH
    if is_auction_tif(tif):
        enter_auction(s, row)
        name_order(s, row)
        return PUBLISH
    if wide(s.orders["traits"][row]) & ATTENTIVE != 0:
        return enter_attentive(s, row, market)
    if s.markets["state"][market] != CONTINUOUS:
        rest(s, row)
        return PUBLISH
    price = wide(s.orders["price"][row])
    side = wide(s.orders["side"][row])
    rests = order_type == LIMIT and is_resting_tif(tif)
    # In a combination an implied price may reach where the direct book does not (R71).
    if rests and least == 0 and not is_linked(s, market) and not reaches(s, market, side, price):
        rest(s, row)
        return PUBLISH
    begin_sweep(s, row, market, side, price, 1 if rests else 0)
    s.header[AGGRESSOR_LEAST] = least
    if tif == FOK or least > 0:
        traded = rehearse(s, row, price)
        if tif == FOK and traded < wide(s.orders["leaves"][row]):
            cancel_entering(s, row, BY_FOK)
            return PUBLISH
        if traded < least:
            cancel_entering(s, row, BY_MIN_QTY)
            return PUBLISH
    return MATCH


@inlined
def park_new(s: Tables, row: int) -> None:
    """A new trigger order waits, under its name."""
    park(s, row)
    if wide(s.orders["order_type"][row]) == TRAILING_STOP:
        start_trailing(s, row)
    name_order(s, row)
