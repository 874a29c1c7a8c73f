"""Admission of new orders: one straight ladder, the first broken rule decides (R9 to R12, R23, R31, R44).

    state -> name free -> fields -> combination -> state again -> band -> trigger -> liquidity -> post-only
          -> price levels -> credit (K3) -> limits (K19) -> accepted

A refused order leaves no trace. Order types of level FULL are refused NOT_SUPPORTED before their fields.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.book import key_of, ladder_of, opposite
from novate.venue.constants import (
    AT_CLOSE,
    AT_OPEN,
    AUCTION_CALL,
    BUY,
    CLOSED,
    CONTINUOUS,
    DAY,
    DUPLICATE_ORDER,
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
    GTC,
    GTD,
    HALTED,
    IF_TOUCHED,
    INVALID_COMBO,
    INVALID_DISPLAY,
    INVALID_EXPIRE,
    INVALID_IN_STATE,
    INVALID_PRICE,
    INVALID_QTY,
    INVALID_SIDE,
    INVALID_STOP,
    INVALID_TRAIL,
    INVALID_TYPE,
    KIND_OPEN,
    LIMIT,
    MARKET_CLOSED,
    MARKET_HALTED,
    MARKET_ORDER,
    MTL,
    NO_LIQUIDITY,
    NOT_SUPPORTED,
    OK,
    POST_ONLY_WOULD_TRADE,
    PRE_OPEN,
    PRICE_BAND,
    SELL,
    STOP,
    STOP_LIMIT,
    STOP_WOULD_TRIGGER,
    STP_DECREMENT,
    TOO_MANY_PRICE_LEVELS,
    TRAILING_STOP,
)
from novate.venue.identity import find_place
from novate.venue.ladder import best_level, find_level, key_of_level
from novate.venue.layout import NOW, TAG, Tables
from novate.venue.lookahead import tag_of_command
from novate.venue.triggers import stop_key, stop_ladder

_FULL_FLAGS = F_REDUCE_ONLY | F_MMP | F_MIN_QTY | F_TERMS
_UNUSUAL_FLAGS = F_POST_ONLY | F_HIDDEN | F_DISPLAY | F_EXPIRE | F_STOP | F_TRAIL | _FULL_FLAGS


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
def is_trigger_type(order_type: int) -> bool:
    """STOP or STOP_LIMIT: parked until a print triggers it."""
    return order_type == STOP or order_type == STOP_LIMIT


@inlined
def outside_band(s: Tables, market: int, price: int) -> bool:
    """R44; no band without a reference price."""
    band = wide(s.markets["static_band"][market])
    reference = wide(s.markets["reference"][market])
    return band >= 0 and reference > 0 and (price < reference - band or price > reference + band)


@inlined
def reaches(s: Tables, market: int, side: int, price: int) -> bool:
    """Does a price reach the best opposite order, hidden and own ones included?"""
    ladder = ladder_of(market, opposite(side))
    if s.ladders["length"][ladder] == 0:
        return False
    return key_of_level(s, best_level(s, ladder)) >= -key_of(side, price)


@inlined
def stop_is_satisfied(s: Tables, market: int, side: int, stop: int) -> bool:
    """Would the trigger reference (last, else the reference price) trigger this stop at once? (R31)"""
    reference = wide(s.markets["last"][market])
    if reference == 0:
        reference = wide(s.markets["reference"][market])
    if reference == 0:
        return False
    return reference >= stop if side == BUY else reference <= stop


@inlined
def market_limit(s: Tables, market: int, side: int) -> int:
    """Effective limit of a market order (R17): the far edge of the static band, 0 if there is none."""
    band = wide(s.markets["static_band"][market])
    reference = wide(s.markets["reference"][market])
    if band < 0 or reference == 0:
        return 0
    return reference + band if side == BUY else max(1, reference - band)


@inlined
def exceeds_blocks(s: Tables, market: int, ladder: int, key: int) -> bool:
    """Would an order of this price key exceed the market's bound on distinct blocks of prices?"""
    return wide(s.ladders["length"][ladder]) >= wide(s.markets["max_blocks"][market]) and (
        find_level(s, ladder, key) < 0
    )


@inlined
def check_new(s: Tables, i: int, market: int) -> int:
    """The ladder of a new order up to credit; OK or the reason of the first broken rung."""
    state = wide(s.markets["state"][market])
    code = refuses_by_state(state)
    if code != OK:
        return code
    account = wide(s.commands["account"][i])
    client_order_id = s.commands["client_order_id"][i]
    tag = tag_of_command(s, i)
    s.header[TAG] = tag
    if find_place(s, tag, market, account, client_order_id) >= 0:
        return DUPLICATE_ORDER
    side = wide(s.commands["side"][i])
    order_type = wide(s.commands["order_type"][i])
    flags = wide(s.commands["flags"][i])
    price = wide(s.commands["price"][i])
    plain = (
        order_type == LIMIT and flags & _UNUSUAL_FLAGS == 0 and wide(s.commands["time_in_force"][i]) == GTC
    )
    if not plain or side < BUY or side > SELL or wide(s.commands["stp"][i]) > STP_DECREMENT:
        code = _check_unusual(s, i, market, state)
        if code != OK:
            return code
    else:
        quantity = wide(s.commands["quantity"][i])
        if quantity < 1 or quantity > s.markets["max_quantity"][market]:
            return INVALID_QTY
        if flags & F_PRICE == 0 or price < 1 or price > s.markets["max_price"][market]:
            return INVALID_PRICE
    if flags & F_PRICE != 0 and outside_band(s, market, price):
        return PRICE_BAND
    if order_type != LIMIT or flags & F_POST_ONLY != 0:
        code = _check_against_market(s, i, market, side, order_type, price)
        if code != OK:
            return code
    if order_type == LIMIT and exceeds_blocks(s, market, ladder_of(market, side), key_of(side, price)):
        return TOO_MANY_PRICE_LEVELS
    return OK


@kernel
def _check_unusual(s: Tables, i: int, market: int, state: int) -> int:
    """Rungs 4 to 6 for everything but a plain GTC limit order."""
    side = wide(s.commands["side"][i])
    order_type = wide(s.commands["order_type"][i])
    tif = wide(s.commands["time_in_force"][i])
    flags = wide(s.commands["flags"][i])
    if side != BUY and side != SELL:
        return INVALID_SIDE
    out_of_range = order_type < LIMIT or order_type > IF_TOUCHED or tif < GTC or tif > AT_CLOSE
    if out_of_range or wide(s.commands["stp"][i]) > STP_DECREMENT:
        return INVALID_TYPE
    full_type = order_type == MTL or order_type == TRAILING_STOP or order_type == IF_TOUCHED
    if full_type or flags & _FULL_FLAGS != 0:
        return NOT_SUPPORTED
    code = _check_fields(s, i, market, order_type, tif, flags)
    if code == OK:
        code = _check_combination(order_type, tif, flags)
    if code == OK:
        code = _check_in_state(s, market, state, order_type, tif, flags)
    if code == OK and (tif == AT_OPEN or tif == AT_CLOSE):
        return NOT_SUPPORTED
    return code


@kernel
def _check_combination(order_type: int, tif: int, flags: int) -> int:
    """R11, as far as CORE attributes go."""
    special = flags & (F_POST_ONLY | F_HIDDEN | F_DISPLAY)
    resting = is_resting_tif(tif)
    if special != 0 and (order_type != LIMIT or not resting):
        return INVALID_COMBO
    if flags & F_HIDDEN != 0 and flags & F_DISPLAY != 0:
        return INVALID_COMBO
    if is_trigger_type(order_type) and not resting:
        return INVALID_COMBO
    return OK


@kernel
def _check_in_state(s: Tables, market: int, state: int, order_type: int, tif: int, flags: int) -> int:
    """R12: what a call or the time before it refuses, and where auction-only orders belong."""
    if state == CONTINUOUS:
        return INVALID_IN_STATE if tif == AT_OPEN else OK
    if tif == AT_OPEN or tif == AT_CLOSE:
        closed_to_open = state == AUCTION_CALL and s.markets["auction_kind"][market] != KIND_OPEN
        return INVALID_IN_STATE if tif == AT_OPEN and closed_to_open else OK
    if order_type == MARKET_ORDER or not is_resting_tif(tif) or flags & F_POST_ONLY != 0:
        return INVALID_IN_STATE
    return OK


@kernel
def _check_fields(s: Tables, i: int, market: int, order_type: int, tif: int, flags: int) -> int:
    """R10, in its order."""
    highest = wide(s.markets["max_price"][market])
    quantity = wide(s.commands["quantity"][i])
    price = wide(s.commands["price"][i])
    stop = wide(s.commands["stop"][i])
    if quantity < 1 or quantity > s.markets["max_quantity"][market]:
        return INVALID_QTY
    priced = order_type == LIMIT or order_type == STOP_LIMIT
    if priced != (flags & F_PRICE != 0) or (priced and (price < 1 or price > highest)):
        return INVALID_PRICE
    stopped = is_trigger_type(order_type)
    if stopped != (flags & F_STOP != 0) or (stopped and (stop < 1 or stop > highest)):
        return INVALID_STOP
    if flags & F_TRAIL != 0:
        return INVALID_TRAIL
    if flags & F_DISPLAY != 0:
        display = wide(s.commands["display"][i])
        if display < s.markets["min_display"][market] or display > quantity:
            return INVALID_DISPLAY
    timed = tif == GTD
    if timed != (flags & F_EXPIRE != 0) or (timed and s.commands["expire"][i] <= s.header[NOW]):
        return INVALID_EXPIRE
    return OK


@kernel
def _check_against_market(s: Tables, i: int, market: int, side: int, order_type: int, price: int) -> int:
    """Rungs 8, 10 and 11: what depends on the last price and on the other side of the book."""
    if is_trigger_type(order_type):
        if stop_is_satisfied(s, market, side, wide(s.commands["stop"][i])):
            return STOP_WOULD_TRIGGER
        if exceeds_blocks(s, market, stop_ladder(market, side), stop_key(side, wide(s.commands["stop"][i]))):
            return TOO_MANY_PRICE_LEVELS
    elif order_type == MARKET_ORDER:
        if s.ladders["length"][ladder_of(market, opposite(side))] == 0:
            return NO_LIQUIDITY
    elif s.markets["state"][market] != PRE_OPEN and s.markets["state"][market] != AUCTION_CALL:
        # R23: a post-only order is checked in CONTINUOUS only; the other states refused it above.
        if reaches(s, market, side, price):
            return POST_ONLY_WOULD_TRADE
    return OK
