"""Limits of accounts and members (K19): each broken one has its own reason, the account's come first.

    order quantity | order notional | open orders | position | gross open notional

Message rate and order-to-trade are asked long before these, by `novate.venue.messages`.

Row of `holders`: the account's number, or MEMBER_OFFSET + member. A limit of -1 is none. Of every pair named
0 and 1 the first is before an amendment and the second after it. Nothing here runs unless the venue was built
with limits.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.balances import MEMBER_CODE, position_row
from novate.venue.cells import (
    CREDIT_MARGINED,
    EXECUTE,
    FREE,
    GATES,
    LIMITS_ON,
    MEMBER_OFFSET,
    NEED,
    NEED_POSITIONS,
    NOW,
    ORDER_COUNT,
    ORDER_TOP,
    POSITION_COUNT,
    POSITION_LIMIT,
    PUBLISH,
    STEP_ROOM,
    TRACK_OPEN,
    TRACK_OPEN_ORDERS,
    TRACK_POSITION,
    TRACK_RATE,
    TRACK_RATIO,
    TRACKING,
)
from novate.venue.constants import (
    BUY,
    E_LIMIT_SET,
    GROSS_NOTIONAL,
    INVALID_LIMIT,
    LIMITS_OFF,
    MAX_GROSS_NOTIONAL,
    MAX_OPEN_ORDERS,
    MAX_ORDER_NOTIONAL,
    MAX_ORDER_QTY,
    MAX_POSITION,
    MESSAGE_RATE,
    OK,
    OPEN_ORDERS,
    ORDER_NOTIONAL,
    ORDER_QTY,
    ORDER_TO_TRADE,
    POSITION_LOTS,
    UNKNOWN_ACCOUNT,
)
from novate.venue.credit import count_open, counted_price, member_of
from novate.venue.events import limit_event, reject
from novate.venue.layout import Tables
from novate.venue.messages import start_ratio
from novate.venue.reach import held_price, is_open


@kernel
def check_new_limits(
    s: Tables, market: int, account: int, side: int, quantity: int, price: int, orders: int
) -> int:
    """Limits of a new order, as if it were open now (trigger orders too); it is the n-th that comes in."""
    member = member_of(s, account)
    notional = quantity * counted_price(s, market, price) * wide(s.markets["multiplier"][market])
    code = _check_holder(s, market, account, account, side, quantity, notional, orders)
    if code != OK:
        return code
    holder = wide(s.header[MEMBER_OFFSET] + member)
    return _check_holder(s, market, holder, MEMBER_CODE | member, side, quantity, notional, orders)


@kernel
def _check_holder(
    s: Tables, market: int, holder: int, code: int, side: int, quantity: int, notional: int, orders: int
) -> int:
    if _exceeds(quantity, wide(s.holders["order_qty"][holder])):
        return MAX_ORDER_QTY
    if _exceeds(notional, wide(s.holders["order_notional"][holder])):
        return MAX_ORDER_NOTIONAL
    if _exceeds(wide(s.holders["orders_now"][holder]) + orders, wide(s.holders["open_orders"][holder])):
        return MAX_OPEN_ORDERS
    limit = wide(s.holders["position"][holder])
    if limit >= 0 and _position_broken(s, market, code, side, quantity, limit):
        return MAX_POSITION
    if _exceeds(wide(s.holders["gross_now"][holder]) + notional, wide(s.holders["gross_notional"][holder])):
        return MAX_GROSS_NOTIONAL
    return OK


@kernel
def _exceeds(value: int, limit: int) -> bool:
    return limit >= 0 and value > limit


@kernel
def _position_broken(s: Tables, market: int, code: int, side: int, quantity: int, limit: int) -> bool:
    """Would the worst exposure grow and be above the limit?"""
    row = position_row(s, code, market)
    position = wide(s.positions["position"][row])
    buys = wide(s.positions["open_buy"][row])
    sells = wide(s.positions["open_sell"][row])
    before = max(abs(position + buys), abs(position - sells))
    if side == BUY:
        buys += quantity
    else:
        sells += quantity
    after = max(abs(position + buys), abs(position - sells))
    return after > limit and after > before


@kernel
def check_amended_limits(
    s: Tables, row: int, total0: int, total1: int, price0: int, price1: int, leaves1: int, is_open: bool
) -> int:
    """Limits of an amendment: only what grows can break one. Prices are limits, or stops of parked orders."""
    account = wide(s.orders["account"][row])
    member = member_of(s, account)
    code = _check_amend_holder(s, row, account, account, total0, total1, price0, price1, leaves1, is_open)
    if code != OK:
        return code
    holder = wide(s.header[MEMBER_OFFSET] + member)
    return _check_amend_holder(
        s, row, holder, MEMBER_CODE | member, total0, total1, price0, price1, leaves1, is_open
    )


@kernel
def _check_amend_holder(
    s: Tables, row: int, holder: int, code: int, total0: int, total1: int, price0: int, price1: int,
    leaves1: int, is_open: bool,
) -> int:  # fmt: skip
    market = wide(s.orders["market"][row])
    multiplier = wide(s.markets["multiplier"][market])
    old_price = counted_price(s, market, price0)
    new_price = counted_price(s, market, price1)
    if total1 > total0 and _exceeds(total1, wide(s.holders["order_qty"][holder])):
        return MAX_ORDER_QTY
    notional = total1 * new_price * multiplier
    if notional > total0 * old_price * multiplier and _exceeds(
        notional, wide(s.holders["order_notional"][holder])
    ):
        return MAX_ORDER_NOTIONAL
    if not is_open:
        return OK
    leaves0 = wide(s.orders["leaves"][row])
    limit = wide(s.holders["position"][holder])
    side = wide(s.orders["side"][row])
    if limit >= 0 and _position_broken(s, market, code, side, leaves1 - leaves0, limit):
        return MAX_POSITION
    more = (leaves1 * new_price - leaves0 * old_price) * multiplier
    if more > 0 and _exceeds(
        wide(s.holders["gross_now"][holder]) + more, wide(s.holders["gross_notional"][holder])
    ):
        return MAX_GROSS_NOTIONAL
    return OK


@kernel
def count_order(s: Tables, account: int, change: int) -> None:
    """An order came to life (+1) or ended (-1)."""
    s.holders["orders_now"][account] += change
    s.holders["orders_now"][s.header[MEMBER_OFFSET] + member_of(s, account)] += change


@kernel
def set_limit(s: Tables, at_command: int) -> int:
    """SET_LIMIT: one limit of an account or a member (the SET_LIMIT_COMMAND view); returns the next phase."""
    is_member = wide(s.commands["side"][at_command])
    kind = wide(s.commands["order_type"][at_command])
    number = wide(s.commands["account"][at_command])
    value = wide(s.commands["price"][at_command])
    window = wide(s.commands["stop"][at_command])
    free = wide(s.commands["quantity"][at_command]) if kind == ORDER_TO_TRADE else 0
    holder = number
    if is_member == 1:
        holder = wide(s.header[MEMBER_OFFSET] + number)
    last = len(s.holders) if is_member == 1 else wide(s.header[MEMBER_OFFSET])
    code = OK
    if s.header[LIMITS_ON] == 0:
        code = LIMITS_OFF
    elif holder >= last or s.holders["known"][holder] == 0:
        code = UNKNOWN_ACCOUNT
    elif (
        kind < ORDER_QTY
        or kind > ORDER_TO_TRADE
        or is_member > 1
        or value < 0
        or ((kind == MESSAGE_RATE or kind == ORDER_TO_TRADE) and window < 1)
    ):
        code = INVALID_LIMIT
    if code != OK:
        reject(s, at_command, code)
        return PUBLISH
    if s.header[TRACKING] & (1 << kind) == 0 and not begin_tracking(s, kind):
        return EXECUTE
    _store_limit(s, holder, kind, value, window, free)
    limit_event(s, E_LIMIT_SET, is_member, kind, number, value, window, free)
    return PUBLISH


@kernel
def begin_tracking(s: Tables, kind: int) -> bool:
    """The first limit of a kind: count what is open already; False if the positions do not fit yet.

    A venue whose holders have no limit of a kind pays nothing for it.
    """
    if s.header[POSITION_COUNT] + 2 * s.header[ORDER_COUNT] + STEP_ROOM > s.header[POSITION_LIMIT]:
        s.header[NEED] = NEED_POSITIONS
        return False
    bit = 1 << kind
    for row in range(1, s.header[ORDER_TOP]):
        status = wide(s.orders["status"][row])
        if status != FREE and bit == TRACK_OPEN_ORDERS:
            count_order(s, wide(s.orders["account"][row]), 1)
        if status != FREE and is_open(s, row) and bit & TRACK_OPEN != 0:
            _count_resting(s, row, bit)
    s.header[TRACKING] |= bit
    s.header[GATES] |= bit & (TRACK_RATE | TRACK_RATIO)
    return True


@kernel
def _count_resting(s: Tables, row: int, bit: int) -> None:
    market = wide(s.orders["market"][row])
    account = wide(s.orders["account"][row])
    side = wide(s.orders["side"][row])
    leaves = wide(s.orders["leaves"][row])
    member = member_of(s, account)
    if bit == TRACK_POSITION:
        if s.markets["credit"][market] != CREDIT_MARGINED:
            count_open(s, position_row(s, account, market), side, leaves)
        count_open(s, position_row(s, MEMBER_CODE | member, market), side, leaves)
    else:
        price = counted_price(s, market, held_price(s, row))
        gross = leaves * price * wide(s.markets["multiplier"][market])
        s.holders["gross_now"][account] += gross
        s.holders["gross_now"][s.header[MEMBER_OFFSET] + member] += gross


@kernel
def _store_limit(s: Tables, holder: int, kind: int, value: int, window: int, free: int) -> None:
    if kind == ORDER_QTY:
        s.holders["order_qty"][holder] = value
    elif kind == ORDER_NOTIONAL:
        s.holders["order_notional"][holder] = value
    elif kind == OPEN_ORDERS:
        s.holders["open_orders"][holder] = value
    elif kind == POSITION_LOTS:
        s.holders["position"][holder] = value
    elif kind == GROSS_NOTIONAL:
        s.holders["gross_notional"][holder] = value
    elif kind == ORDER_TO_TRADE:
        s.holders["order_to_trade"][holder] = value
        s.holders["ratio_window"][holder] = window
        s.holders["ratio_free"][holder] = free
        start_ratio(s, holder)
    else:
        s.holders["message_rate"][holder] = value
        s.holders["window"][holder] = window
        s.holders["window_start"][holder] = s.header[NOW]
        s.holders["messages_now"][holder] = 0
