"""What a command does to one order: accept, cancel, amend, activate.

    NEW    -> ladder -> row -> ACCEPTED -> parked | killed | aggressor | rests
    AMEND  -> ladder -> AMENDED -> keeps its place | leaves it and comes back as an aggressor
    CANCEL -> CANCELLED with its leaves, wherever it waits

Each function returns the phase in which the command goes on.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.admission import (
    check_new,
    is_resting_tif,
    is_trigger_type,
    market_limit,
    reaches,
)
from novate.venue.book import ladder_of, leave_book, opposite
from novate.venue.constants import (
    BY_CREDIT,
    BY_FOK,
    BY_NO_LIQUIDITY,
    BY_USER,
    CONTINUOUS,
    E_ACCEPTED,
    E_CANCELLED,
    E_TRIGGERED,
    F_DISPLAY,
    F_HIDDEN,
    F_POST_ONLY,
    FOK,
    GTD,
    LIMIT,
    MARKET_ORDER,
    OK,
    PRICE_IS_NULL,
    STOP,
    STP_DEFAULT,
    UNKNOWN_ORDER,
)
from novate.venue.credit import adjust, check_credit, release, reserve_deliverable
from novate.venue.events import order_event, reject
from novate.venue.identity import find_place, remove_entry
from novate.venue.layout import (
    CASCADE,
    CREDIT_DELIVERABLE,
    CREDIT_NONE,
    ENTERING,
    HIDDEN,
    ICEBERG,
    INDEXED,
    MATCH,
    NEXT_ORDER_ID,
    PARKED,
    POST_ONLY,
    PUBLISH,
    RESTING,
    TRACK_OPEN_ORDERS,
    TRACKING,
    Tables,
)
from novate.venue.limits import check_new_limits, count_order
from novate.venue.lookahead import tag_of_command
from novate.venue.matching import (
    cancel_entering,
    end_order,
    is_feasible,
    name_order,
    rest,
    set_aggressor,
)
from novate.venue.pool import heap_push, take_extra, take_order
from novate.venue.triggers import dequeue, park, unpark


@inlined
def counts_commitments(s: Tables, market: int) -> bool:
    """Does an order of this market hold anything, or count anywhere?"""
    return bool(s.markets["credit"][market] != CREDIT_NONE or s.header[TRACKING] != 0)


@inlined
def new_order(s: Tables, i: int, market: int) -> int:
    """NEW: the ladder, then the order's first step."""
    code = check_new(s, i, market)
    order_type = wide(s.commands["order_type"][i])
    side = wide(s.commands["side"][i])
    price = wide(s.commands["price"][i])
    if order_type == MARKET_ORDER:
        price = market_limit(s, market, side)
    elif order_type == STOP:
        price = 0
    if code == OK:
        code = _check_commitment(s, i, market, side, order_type, price)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    row = _accept(s, i, market, side, order_type, price)
    if is_trigger_type(order_type):
        park(s, row)
        name_order(s, row)
        return PUBLISH
    if s.markets["state"][market] != CONTINUOUS:
        rest(s, row)
        return PUBLISH
    if wide(s.orders["tif"][row]) == FOK and not is_feasible(s, row, price):
        cancel_entering(s, row, BY_FOK)
        return PUBLISH
    rests = order_type == LIMIT and is_resting_tif(wide(s.orders["tif"][row]))
    if rests and not reaches(s, market, side, price):
        rest(s, row)
        return PUBLISH
    set_aggressor(s, row, market, side, price, 1 if rests else 0)
    return MATCH


@inlined
def _check_commitment(s: Tables, i: int, market: int, side: int, order_type: int, price: int) -> int:
    """The last rungs: credit (K3) and limits (K19)."""
    if not counts_commitments(s, market):
        return OK
    account = wide(s.commands["account"][i])
    quantity = wide(s.commands["quantity"][i])
    if reserves_at_once(s, market, order_type):
        return reserve_deliverable(s, market, account, side, price, quantity)
    if not is_trigger_type(order_type):
        code = check_credit(s, market, account, side, 0, 0, price, quantity)
        if code != OK:
            return code
    if s.header[TRACKING] != 0:
        if order_type == STOP:
            price = wide(s.commands["stop"][i])
        return check_new_limits(s, market, account, side, quantity, price)
    return OK


@inlined
def reserves_at_once(s: Tables, market: int, order_type: int) -> bool:
    """In a deliverable market without limits, credit is the last rung: what can be afforded is reserved."""
    deliverable = s.markets["credit"][market] == CREDIT_DELIVERABLE
    return bool(deliverable and s.header[TRACKING] == 0 and not is_trigger_type(order_type))


@inlined
def _accept(s: Tables, i: int, market: int, side: int, order_type: int, price: int) -> int:
    """Give the order a row and an id, reserve its credit, say ACCEPTED."""
    row = take_order(s)
    order_id = s.header[NEXT_ORDER_ID]
    s.header[NEXT_ORDER_ID] = order_id + 1
    quantity = wide(s.commands["quantity"][i])
    account = wide(s.commands["account"][i])
    tif = wide(s.commands["time_in_force"][i])
    stp = wide(s.commands["stp"][i])
    command_flags = wide(s.commands["flags"][i])
    s.orders["order_id"][row] = order_id
    s.orders["client_order_id"][row] = s.commands["client_order_id"][i]
    s.orders["price"][row] = price
    s.orders["account"][row] = account
    s.orders["market"][row] = market
    s.orders["session"][row] = s.commands["session"][i]
    s.orders["leaves"][row] = quantity
    s.orders["done"][row] = 0
    s.orders["extra"][row] = 0
    s.orders["side"][row] = side
    s.orders["order_type"][row] = order_type
    s.orders["tif"][row] = tif
    s.orders["stp"][row] = wide(s.markets["stp_default"][market]) if stp == STP_DEFAULT else stp
    s.orders["status"][row] = ENTERING
    s.orders["flags"][row] = 0
    s.markets["live"][market] += 1
    trigger = is_trigger_type(order_type)
    if trigger or tif == GTD or command_flags & (F_DISPLAY | F_HIDDEN | F_POST_ONLY) != 0:
        _store_special_terms(s, i, row, tif, command_flags)
    if counts_commitments(s, market):
        if not trigger and not reserves_at_once(s, market, order_type):
            adjust(s, market, account, side, price, 0, price, quantity, 0)
        if s.header[TRACKING] & TRACK_OPEN_ORDERS != 0:
            count_order(s, account, 1)
    order_event(s, E_ACCEPTED, row, 0, PRICE_IS_NULL if price == 0 else 0, price, quantity, quantity, 0)
    return row


@kernel
def _store_special_terms(s: Tables, i: int, row: int, tif: int, command_flags: int) -> None:
    """Attributes and the extra of icebergs, stops and GTD orders."""
    flags = 0
    if command_flags & F_HIDDEN != 0:
        flags |= HIDDEN
    if command_flags & F_POST_ONLY != 0:
        flags |= POST_ONLY
    if command_flags & F_DISPLAY != 0:
        flags |= ICEBERG
    s.orders["flags"][row] = flags
    trigger = is_trigger_type(wide(s.orders["order_type"][row]))
    if trigger or tif == GTD or flags & ICEBERG != 0:
        extra = take_extra(s)
        s.orders["extra"][row] = extra
        s.extras["stop"][extra] = s.commands["stop"][i] if trigger else 0
        s.extras["display"][extra] = s.commands["display"][i]
        if tif == GTD:
            s.extras["expire"][extra] = s.commands["expire"][i]
            heap_push(s, row)


@inlined
def cancel_order(s: Tables, i: int, market: int) -> int:
    """CANCEL: any live order in any state (R38)."""
    account = wide(s.commands["account"][i])
    client_order_id = s.commands["client_order_id"][i]
    at = find_place(s, tag_of_command(s, i), market, account, client_order_id)
    if at < 0:
        reject(s, i, UNKNOWN_ORDER)
        return PUBLISH
    row = wide(s.index[at] & 0xFFFFFFFF)
    remove_entry(s, at)
    s.orders["flags"][row] = wide(s.orders["flags"][row]) & ~INDEXED
    remove_live(s, row, E_CANCELLED, BY_USER)
    return PUBLISH


@inlined
def remove_live(s: Tables, row: int, kind: int, reason: int) -> None:
    """End a live order wherever it waits: CANCELLED or EXPIRED with its leaves."""
    order_event(s, kind, row, reason, 0, 0, wide(s.orders["leaves"][row]), 0, 0)
    status = wide(s.orders["status"][row])
    if status == RESTING:
        release(s, row)
        leave_book(s, row)
    elif status == PARKED:
        unpark(s, row)
    else:
        dequeue(s, row)
    end_order(s, row)


@kernel
def activate_next(s: Tables, market: int) -> int:
    """Activate the head of the elected queue (R30, R31, K7); the phase in which the command goes on."""
    row = wide(s.markets["elected_head"][market])
    dequeue(s, row)
    side = wide(s.orders["side"][row])
    account = wide(s.orders["account"][row])
    leaves = wide(s.orders["leaves"][row])
    was_stop = wide(s.orders["order_type"][row]) == STOP
    price = wide(s.orders["price"][row])
    liquid = s.ladders["length"][ladder_of(market, opposite(side))] != 0
    if was_stop:
        price = market_limit(s, market, side) if liquid else 0
    s.orders["order_type"][row] = MARKET_ORDER if was_stop else LIMIT
    s.orders["price"][row] = price
    s.orders["status"][row] = ENTERING
    order_event(s, E_TRIGGERED, row, 0, PRICE_IS_NULL if price == 0 else 0, price, leaves, leaves, 0)
    if was_stop and not liquid:
        order_event(s, E_CANCELLED, row, BY_NO_LIQUIDITY, 0, 0, leaves, 0, 0)
        end_order(s, row)
        return CASCADE
    if counts_commitments(s, market):
        if check_credit(s, market, account, side, 0, 0, price, leaves) != OK:
            order_event(s, E_CANCELLED, row, BY_CREDIT, 0, 0, leaves, 0, 0)
            end_order(s, row)
            return CASCADE
        adjust(s, market, account, side, price, 0, price, leaves, 0)
    set_aggressor(s, row, market, side, price, 0 if was_stop else 1)
    return MATCH
