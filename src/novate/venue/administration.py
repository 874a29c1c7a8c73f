"""Commands about a market or about credit: SET_REF, POSITION, CREDIT, SET_MARGIN.

Sources: matching-rules.md R44; credit-rules.md K14 to K17.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.balances import MEMBER_CODE, balance_row, position_row
from novate.venue.cells import (
    CLEARING_SEQ,
    CREDIT_MARGINED,
    CREDIT_ON,
    EXECUTE,
    LIMITS_ON,
    LIST,
    MARGIN_CLASSES,
    POSITIONS_ON,
    PUBLISH,
)
from novate.venue.constants import (
    CREDIT_GAP,
    CREDIT_OFF,
    CREDIT_OVERFLOW,
    E_CREDIT_SET,
    E_MARGIN_SET,
    E_POSITION_SET,
    E_REF_SET,
    INVALID_MARGIN,
    INVALID_PRICE,
    INVALID_QTY,
    REPEATED,
    UNKNOWN_ASSET,
)
from novate.venue.credit import class_of, member_of, reserve_margin
from novate.venue.events import credit_event, market_event, reject
from novate.venue.layout import Tables
from novate.venue.sweeps import ANY, begin_negative, fits_scratch
from novate.venue.touched import NO_MARKET

_LARGEST_BALANCE = 1 << 62
_LARGEST_MARGIN = 10**15
_LARGEST_POSITION = 1 << 41


@kernel
def set_reference(s: Tables, i: int, market: int) -> int:
    """SET_REF: the reference price of bands and triggers from now on (R8, R44)."""
    price = wide(s.commands["price"][i])
    if price < s.markets["min_price"][market] or price > s.markets["max_price"][market]:
        reject(s, i, INVALID_PRICE)
    else:
        s.markets["reference"][market] = price
        market_event(s, E_REF_SET, market, 0, 0, price, 0, 0)
    return PUBLISH


@kernel
def set_position(s: Tables, i: int, market: int) -> int:
    """POSITION: replaces an account's position in a market (R35); a margined one is reserved anew."""
    account = wide(s.commands["account"][i])
    position = wide(s.commands["price"][i])
    if position > _LARGEST_POSITION or position < -_LARGEST_POSITION:
        reject(s, i, INVALID_QTY)
        return PUBLISH
    if s.header[POSITIONS_ON] != 0:
        row = position_row(s, account, market)
        change = position - wide(s.positions["position"][row])
        s.positions["position"][row] = position
        if s.header[LIMITS_ON] != 0:
            s.positions["position"][position_row(s, MEMBER_CODE | member_of(s, account), market)] += change
        if s.markets["credit"][market] == CREDIT_MARGINED:
            reserve_margin(s, market, account, row, 0)
    market_event(s, E_POSITION_SET, market, 0, account, position, 0, 0)
    return PUBLISH


@kernel
def apply_credit(s: Tables, i: int) -> int:
    """CREDIT: one delta of the clearing house, exactly once and in order (K16, K17)."""
    account = wide(s.commands["account"][i])
    number = wide(s.commands["client_order_id"][i])
    delta = wide(s.commands["price"][i])
    asset = wide(s.commands["stop"][i])
    if s.header[CREDIT_ON] == 0:
        reject(s, i, CREDIT_OFF)
        return PUBLISH
    known = 0 <= asset < len(s.assets) and s.assets["known"][asset] != 0
    if number <= s.header[CLEARING_SEQ]:
        _say_credit(s, account, asset, number, REPEATED, known)
        return PUBLISH
    if number != s.header[CLEARING_SEQ] + 1:
        reject(s, i, CREDIT_GAP)
        return PUBLISH
    if not known:
        reject(s, i, UNKNOWN_ASSET)
        return PUBLISH
    row = balance_row(s, account, asset)
    available = wide(s.balances["available"][row])
    granted = wide(s.assets["granted"][asset])
    if _exceeds_bound(available, delta) or _exceeds_bound(granted, delta):
        reject(s, i, CREDIT_OVERFLOW)
        return PUBLISH
    if available + delta < 0 and delta < 0 and not fits_scratch(s, len(s.orders)):
        return EXECUTE
    s.header[CLEARING_SEQ] = number
    s.balances["available"][row] = available + delta
    s.assets["working"][asset] += delta
    s.assets["granted"][asset] += delta
    _say_credit(s, account, asset, number, 0, True)
    if available + delta < 0 and delta < 0:
        begin_negative(s, account, asset, NO_MARKET)
        return LIST
    return PUBLISH


@inlined
def _exceeds_bound(value: int, delta: int) -> bool:
    """Would value + delta leave -2**62..2**62? Asked before adding, because an overflow would be silent."""
    return delta > _LARGEST_BALANCE - value or delta < -_LARGEST_BALANCE - value


@inlined
def _say_credit(s: Tables, account: int, asset: int, number: int, flags: int, known: bool) -> None:
    available = 0
    reserved = 0
    if known:
        row = balance_row(s, account, asset)
        available = wide(s.balances["available"][row])
        reserved = wide(s.balances["reserved"][row])
    credit_event(s, E_CREDIT_SET, 0, flags, account, number, asset, available, reserved)


@kernel
def set_margin(s: Tables, i: int, market: int) -> int:
    """SET_MARGIN: margin per lot of a market for one account class; every requirement moves at once (K14)."""
    number = wide(s.commands["client_order_id"][i])
    margin = wide(s.commands["price"][i])
    account_class = wide(s.commands["stop"][i])
    if s.markets["credit"][market] != CREDIT_MARGINED:
        reject(s, i, CREDIT_OFF)
        return PUBLISH
    if number <= s.header[CLEARING_SEQ]:
        current = 0
        if 0 <= account_class < MARGIN_CLASSES:
            current = wide(s.margins[market * MARGIN_CLASSES + account_class])
        credit_event(s, E_MARGIN_SET, market, REPEATED, account_class & 0xFFFFFFFF, number, 0, current, 0)
        return PUBLISH
    if number != s.header[CLEARING_SEQ] + 1:
        reject(s, i, CREDIT_GAP)
        return PUBLISH
    if account_class < 0 or account_class >= MARGIN_CLASSES or margin < 0 or margin > _LARGEST_MARGIN:
        reject(s, i, INVALID_MARGIN)
        return PUBLISH
    if not fits_scratch(s, len(s.orders)):
        return EXECUTE
    s.header[CLEARING_SEQ] = number
    s.margins[market * MARGIN_CLASSES + account_class] = margin
    _require_anew(s, market, account_class)
    credit_event(s, E_MARGIN_SET, market, 0, account_class, number, 0, margin, 0)
    begin_negative(s, ANY, wide(s.markets["quote_asset"][market]), market)
    return LIST


@kernel
def _require_anew(s: Tables, market: int, account_class: int) -> None:
    """Reserve the new requirement of every position of a market and class."""
    for row in range(len(s.positions)):
        key = wide(s.positions["key"][row])
        holder = key >> 16
        if s.positions["used"][row] == 0 or key & 0xFFFF != market or holder >= MEMBER_CODE:
            continue
        s.positions["rose"][row] = 0
        if _is_empty(s, row):
            # Limits look at positions of accounts that hold nothing; those must not open a balance each.
            continue
        if class_of(s, holder) == account_class and reserve_margin(s, market, holder, row, 0) > 0:
            s.positions["rose"][row] = 1


@inlined
def _is_empty(s: Tables, row: int) -> bool:
    """Does a position row stand for no lots, no open orders and no margin?"""
    lots = s.positions["position"][row] | s.positions["open_buy"][row] | s.positions["open_sell"][row]
    return bool((lots | s.positions["margin"][row]) == 0)
