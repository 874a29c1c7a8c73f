"""Fields of a new order and how they go together (R10, R11, R12).

A field is read only if its flag says that it was given; values that were not given may be anything.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.attentive import asked_peg, check_attentive_fields
from novate.venue.cells import NOW
from novate.venue.constants import (
    AT_CLOSE,
    AT_OPEN,
    AUCTION_CALL,
    CONTINUOUS,
    DAY,
    F_DISPLAY,
    F_EXPIRE,
    F_HIDDEN,
    F_MIN_QTY,
    F_MMP,
    F_POST_ONLY,
    F_PRICE,
    F_REDUCE_ONLY,
    F_STOP,
    F_TRAIL,
    FOK,
    GTC,
    GTD,
    IF_TOUCHED,
    INVALID_COMBO,
    INVALID_DISPLAY,
    INVALID_EXPIRE,
    INVALID_IN_STATE,
    INVALID_MIN_QTY,
    INVALID_PRICE,
    INVALID_QTY,
    INVALID_STOP,
    INVALID_TRAIL,
    IOC,
    KIND_OPEN,
    LIMIT,
    MARKET_ORDER,
    MTL,
    OK,
    PEG_NONE,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
)
from novate.venue.layout import Tables
from novate.venue.triggers import is_trigger_type


@kernel
def check_fields(s: Tables, i: int, market: int, order_type: int, tif: int, flags: int) -> int:
    """R10, in its order."""
    quantity = wide(s.commands["quantity"][i])
    if quantity < 1 or quantity > s.markets["max_quantity"][market]:
        return INVALID_QTY
    code = _check_prices(s, i, market, order_type, flags)
    if code != OK:
        return code
    if flags & F_DISPLAY != 0:
        display = wide(s.commands["display"][i])
        if display < s.markets["min_display"][market] or display > quantity:
            return INVALID_DISPLAY
    if flags & F_MIN_QTY != 0:
        least = wide(s.staged["quantity"][0])
        if least < 1 or least > quantity:
            return INVALID_MIN_QTY
    timed = tif == GTD
    if timed != (flags & F_EXPIRE != 0) or (timed and s.commands["expire"][i] <= s.header[NOW]):
        return INVALID_EXPIRE
    return check_attentive_fields(s, i, market, flags)


@kernel
def _check_prices(s: Tables, i: int, market: int, order_type: int, flags: int) -> int:
    """R10.2 to R10.4."""
    lowest = wide(s.markets["min_price"][market])
    highest = wide(s.markets["max_price"][market])
    price = wide(s.commands["price"][i])
    stop = wide(s.commands["stop"][i])
    priced = flags & F_PRICE != 0
    needed = order_type == LIMIT or order_type == STOP_LIMIT
    # The price of a pegged order is only a bound (R67).
    optional = order_type == IF_TOUCHED or (order_type == LIMIT and asked_peg(s, flags) != PEG_NONE)
    if needed != priced and not optional:
        return INVALID_PRICE
    if priced and (price < lowest or price > highest):
        return INVALID_PRICE
    stopped = order_type == STOP or order_type == STOP_LIMIT or order_type == IF_TOUCHED
    if stopped != (flags & F_STOP != 0) or (stopped and (stop < lowest or stop > highest)):
        return INVALID_STOP
    trailing = order_type == TRAILING_STOP
    if trailing != (flags & F_TRAIL != 0) or (trailing and stop < 1):
        return INVALID_TRAIL
    return OK


@kernel
def check_combination(order_type: int, tif: int, flags: int) -> int:
    """R11."""
    resting = tif == GTC or tif == DAY or tif == GTD
    resting_limit = order_type == LIMIT and resting
    taking = order_type == LIMIT or order_type == MARKET_ORDER or order_type == MTL
    if flags & (F_POST_ONLY | F_HIDDEN | F_DISPLAY | F_MMP) != 0 and not resting_limit:
        return INVALID_COMBO
    if flags & F_HIDDEN != 0 and flags & F_DISPLAY != 0:
        return INVALID_COMBO
    if flags & F_MIN_QTY != 0:
        if not taking or (not resting and tif != IOC) or flags & F_POST_ONLY != 0:
            return INVALID_COMBO
    if order_type == MTL and not resting and tif != IOC:
        return INVALID_COMBO
    if is_trigger_type(order_type) and not resting:
        return INVALID_COMBO
    if tif == AT_OPEN or tif == AT_CLOSE:
        if (order_type != LIMIT and order_type != MARKET_ORDER) or flags & F_REDUCE_ONLY != 0:
            return INVALID_COMBO
    if flags & F_REDUCE_ONLY != 0:
        return _check_reducing(order_type, tif, flags)
    return OK


@kernel
def _check_reducing(order_type: int, tif: int, flags: int) -> int:
    """R11 (g): reduce-only orders never rest."""
    if order_type == LIMIT or order_type == MARKET_ORDER:
        return OK if tif == IOC or tif == FOK else INVALID_COMBO
    return OK if is_trigger_type(order_type) and flags & F_PRICE == 0 else INVALID_COMBO


@kernel
def check_in_state(s: Tables, market: int, state: int, order_type: int, tif: int, flags: int) -> int:
    """R12: what a call or the time before it refuses, and where auction-only orders belong."""
    if state == CONTINUOUS:
        return INVALID_IN_STATE if tif == AT_OPEN else OK
    if tif == AT_OPEN or tif == AT_CLOSE:
        closed_to_open = state == AUCTION_CALL and s.markets["auction_kind"][market] != KIND_OPEN
        return INVALID_IN_STATE if tif == AT_OPEN and closed_to_open else OK
    if order_type == MARKET_ORDER or order_type == MTL or tif == IOC or tif == FOK:
        return INVALID_IN_STATE
    if flags & (F_POST_ONLY | F_MIN_QTY) != 0:
        return INVALID_IN_STATE
    return OK
