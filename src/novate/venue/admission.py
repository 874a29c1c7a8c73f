"""Admission of new orders: one straight ladder, the first broken rule decides (R9 to R12, R23, R31, R44).

    state -> name free -> MMP -> codes -> fields -> combination -> state again -> band -> trigger
          -> reduce-only -> liquidity -> post-only -> price levels -> credit (K3) -> limits (K19) -> accepted

A refused order leaves no trace.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.attentive import (
    check_attentive_combination,
    check_attentive_state,
    never_levels,
)
from novate.venue.book import key_of, ladder_of
from novate.venue.cells import KEEP_POSITIONS, NO_PRICE, POSITIONS_ON, TAG
from novate.venue.constants import (
    AT_CLOSE,
    AT_OPEN,
    BUY,
    CLOSED,
    CONTINUOUS,
    DAY,
    DUPLICATE_ORDER,
    F_ALL_OR_NONE,
    F_DISPLAY,
    F_EXPIRE,
    F_HIDDEN,
    F_MIN_QTY,
    F_MMP,
    F_POST_ONLY,
    F_PRICE,
    F_REDUCE_ONLY,
    F_STOP,
    F_TERMS,
    F_TRAIL,
    FOK,
    GTC,
    GTD,
    HALTED,
    IF_TOUCHED,
    INVALID_PRICE,
    INVALID_QTY,
    INVALID_SIDE,
    INVALID_STOP,
    INVALID_TYPE,
    IOC,
    LIMIT,
    MARKET_CLOSED,
    MARKET_HALTED,
    MARKET_ORDER,
    MISSING_TERMS,
    MMP_ACTIVE,
    MTL,
    NO_LIQUIDITY,
    NO_REFERENCE,
    NOT_SUPPORTED,
    OK,
    POST_ONLY_WOULD_TRADE,
    PRICE_BAND,
    REDUCE_ONLY,
    SELL,
    STOP_WOULD_TRIGGER,
    STP_DECREMENT,
    TOO_MANY_PRICE_LEVELS,
    TOO_MANY_TRAILING_STOPS,
    TRAILING_STOP,
)
from novate.venue.field_checks import check_combination, check_fields, check_in_state
from novate.venue.identity import find_place
from novate.venue.ladder import find_level
from novate.venue.layout import Tables
from novate.venue.prices import has_opposite, is_quotable, outside_band, reaches, slid_price, touch_of
from novate.venue.protection import is_stopped
from novate.venue.reduce_only import room_to_reduce
from novate.venue.staged import has_terms
from novate.venue.triggers import is_trigger_type, rises, stop_key, stop_ladder, trigger_reference

SPECIAL_FLAGS = F_REDUCE_ONLY | F_MMP | F_MIN_QTY | F_TERMS | F_ALL_OR_NONE
_UNUSUAL_FLAGS = F_POST_ONLY | F_HIDDEN | F_DISPLAY | F_EXPIRE | F_STOP | F_TRAIL | SPECIAL_FLAGS
MAX_TRAILING_STOPS = 4096
_LONGEST_TRAIL = 1 << 37


@inlined
def refuses_by_state(state: int) -> int:
    """CLOSED and HALTED refuse NEW and AMEND (R9.1, R13.1)."""
    if state == CLOSED:
        return MARKET_CLOSED
    if state == HALTED:
        return MARKET_HALTED
    return OK


@inlined
def is_resting_tif(tif: int) -> bool:
    """GTC, DAY or GTD."""
    return tif == GTC or tif == DAY or tif == GTD


@inlined
def is_auction_tif(tif: int) -> bool:
    """AT_OPEN or AT_CLOSE."""
    return tif == AT_OPEN or tif == AT_CLOSE


@inlined
def is_special(s: Tables, i: int) -> bool:
    """Does a new order need the long path, whatever its market uses?"""
    order_type = wide(s.commands["order_type"][i])
    return bool(
        wide(s.commands["flags"][i]) & SPECIAL_FLAGS != 0
        or order_type == MTL
        or order_type >= TRAILING_STOP
        or wide(s.commands["time_in_force"][i]) >= AT_OPEN
    )


@inlined
def stop_is_satisfied(s: Tables, market: int, order_type: int, side: int, stop: int) -> bool:
    """Would the trigger reference trigger this order at once? (R31, R33)"""
    reference = trigger_reference(s, market)
    if reference == NO_PRICE:
        return False
    return reference >= stop if rises(order_type, side) else reference <= stop


@inlined
def exceeds_blocks(s: Tables, market: int, ladder: int, key: int) -> bool:
    """Would an order of this price key exceed the market's bound on distinct blocks of prices?"""
    return wide(s.ladders["length"][ladder]) >= wide(s.markets["max_blocks"][market]) and (
        find_level(s, ladder, key) < 0
    )


@inlined
def is_plain(s: Tables, i: int) -> bool:
    """A limit order without any attribute and without an end: most are, and need the fewest rungs."""
    if wide(s.commands["order_type"][i]) != LIMIT or wide(s.commands["flags"][i]) & _UNUSUAL_FLAGS != 0:
        return False
    tif = wide(s.commands["time_in_force"][i])
    return tif == GTC or tif == IOC or tif == FOK or tif == DAY


@inlined
def check_new(s: Tables, i: int, market: int, tag: int, plain: bool) -> int:
    """The ladder of a new order up to credit; OK or the reason of the first broken rung."""
    state = wide(s.markets["state"][market])
    code = refuses_by_state(state)
    if code != OK:
        return code
    account = wide(s.commands["account"][i])
    client_order_id = s.commands["client_order_id"][i]
    s.header[TAG] = tag
    if find_place(s, tag, market, account, client_order_id) >= 0:
        return DUPLICATE_ORDER
    side = wide(s.commands["side"][i])
    known = plain and (state == CONTINUOUS or wide(s.commands["time_in_force"][i]) == GTC)
    if not known or side < BUY or side > SELL or wide(s.commands["stp"][i]) > STP_DECREMENT:
        return _check_other_rungs(s, i, market, state)
    quantity = wide(s.commands["quantity"][i])
    if quantity < 1 or quantity > s.markets["max_quantity"][market]:
        return INVALID_QTY
    price = wide(s.commands["price"][i])
    if wide(s.commands["flags"][i]) & F_PRICE == 0 or _is_out_of_range(s, market, price):
        return INVALID_PRICE
    if outside_band(s, market, price):
        return PRICE_BAND
    if exceeds_blocks(s, market, ladder_of(market, side), key_of(side, price)):
        return TOO_MANY_PRICE_LEVELS
    return OK


@kernel
def _check_other_rungs(s: Tables, i: int, market: int, state: int) -> int:
    """Rungs 3 and on for everything but a plain limit order: one call, so that plain orders pay for none."""
    code = _check_unusual(s, i, market, state)
    if code != OK:
        return code
    side = wide(s.commands["side"][i])
    order_type = wide(s.commands["order_type"][i])
    flags = wide(s.commands["flags"][i])
    price = wide(s.commands["price"][i])
    if flags & F_PRICE != 0 and outside_band(s, market, price):
        return PRICE_BAND
    if order_type != LIMIT or flags & (F_POST_ONLY | F_REDUCE_ONLY) != 0:
        code = _check_against_market(s, i, market, side, order_type)
        if code != OK:
            return code
    if order_type == LIMIT and exceeds_blocks(s, market, ladder_of(market, side), key_of(side, price)):
        waits = never_levels(s, flags) or is_auction_tif(wide(s.commands["time_in_force"][i]))
        return OK if waits else TOO_MANY_PRICE_LEVELS
    return OK


@inlined
def _is_out_of_range(s: Tables, market: int, price: int) -> bool:
    return bool(price < s.markets["min_price"][market] or price > s.markets["max_price"][market])


@kernel
def _check_unusual(s: Tables, i: int, market: int, state: int) -> int:
    """Rungs 3 to 6 for everything but a plain GTC limit order."""
    side = wide(s.commands["side"][i])
    order_type = wide(s.commands["order_type"][i])
    tif = wide(s.commands["time_in_force"][i])
    flags = wide(s.commands["flags"][i])
    if flags & F_MMP != 0 and is_stopped(s, market, wide(s.commands["account"][i])):
        return MMP_ACTIVE
    if side != BUY and side != SELL:
        return INVALID_SIDE
    out_of_range = order_type < LIMIT or order_type > IF_TOUCHED or tif < GTC or tif > AT_CLOSE
    if out_of_range or wide(s.commands["stp"][i]) > STP_DECREMENT:
        return INVALID_TYPE
    if flags & (F_TERMS | F_MIN_QTY) != 0 and not has_terms(s):
        return MISSING_TERMS
    if flags & F_REDUCE_ONLY != 0 and not _keeps_positions(s, market):
        return NOT_SUPPORTED
    code = check_fields(s, i, market, order_type, tif, flags)
    if code == OK:
        code = check_combination(order_type, tif, flags)
    if code == OK:
        code = check_attentive_combination(s, order_type, is_resting_tif(tif), flags)
    if code == OK:
        code = check_in_state(s, market, state, order_type, tif, flags)
    if code == OK:
        code = check_attentive_state(s, state, flags)
    return code


@inlined
def _keeps_positions(s: Tables, market: int) -> bool:
    return bool(s.header[POSITIONS_ON] != 0 and s.header[KEEP_POSITIONS] != 0)


@kernel
def _check_against_market(s: Tables, i: int, market: int, side: int, order_type: int) -> int:
    """Rungs 8 to 11: what depends on the last price, the position and the other side of the book."""
    flags = wide(s.commands["flags"][i])
    if is_trigger_type(order_type):
        return _check_trigger(s, i, market, side, order_type)
    if is_auction_tif(wide(s.commands["time_in_force"][i])):
        return OK
    if flags & F_REDUCE_ONLY != 0:
        if room_to_reduce(s, market, wide(s.commands["account"][i]), side) == 0:
            return REDUCE_ONLY
    if order_type == MARKET_ORDER or order_type == MTL:
        if not has_opposite(s, market, side):
            return NO_LIQUIDITY
        if order_type == MTL and outside_band(s, market, touch_of(s, market, side)):
            return PRICE_BAND
    if flags & F_POST_ONLY != 0 and s.markets["state"][market] == CONTINUOUS:
        return check_post_only(s, market, side, wide(s.commands["price"][i]))
    return OK


@kernel
def check_post_only(s: Tables, market: int, side: int, price: int) -> int:
    """R23: a post-only order that would trade is refused, or slides if it can."""
    if not reaches(s, market, side, price):
        return OK
    if s.features["slide"][s.markets["features"][market]] == 0:
        return POST_ONLY_WOULD_TRADE
    return OK if is_quotable(s, market, slid_price(s, market, side, price)) else POST_ONLY_WOULD_TRADE


@kernel
def _check_trigger(s: Tables, i: int, market: int, side: int, order_type: int) -> int:
    """R9.8, and the bounds on what can be parked."""
    stop = wide(s.commands["stop"][i])
    if order_type == TRAILING_STOP:
        reference = trigger_reference(s, market)
        if reference == NO_PRICE:
            return NO_REFERENCE
        if stop > _LONGEST_TRAIL:
            return INVALID_STOP
        stop = reference + stop if side == BUY else reference - stop
        if _is_out_of_range(s, market, stop):
            return INVALID_STOP
        features = wide(s.markets["features"][market])
        if s.features["trailing_count"][features] >= MAX_TRAILING_STOPS:
            return TOO_MANY_TRAILING_STOPS
    elif stop_is_satisfied(s, market, order_type, side, stop):
        return STOP_WOULD_TRIGGER
    ladder = stop_ladder(market, order_type, side)
    if exceeds_blocks(s, market, ladder, stop_key(order_type, side, stop)):
        return TOO_MANY_PRICE_LEVELS
    return OK


@cold
def check_new_apart(s: Tables, i: int, market: int, tag: int) -> int:
    """`check_new` for the long path: one copy of it instead of one in each caller."""
    return check_new(s, i, market, tag, is_plain(s, i))
