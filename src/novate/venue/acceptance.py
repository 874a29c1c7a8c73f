"""An order is accepted: what it must be able to commit, its row, its terms, its reservation, ACCEPTED.

    command + (price, quantity) that it comes in with --credit, limits--> row --reserve--> ACCEPTED

Price and quantity are not always those of the command: a market order gets its effective limit, a post-only
order may slide, a reduce-only order is capped.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.attentive import asks_attention, store_attentive_terms
from novate.venue.cells import (
    CREDIT_DELIVERABLE,
    CREDIT_NONE,
    ENTERING,
    HIDDEN,
    ICEBERG,
    NEXT_ORDER_ID,
    NO_PRICE,
    POST_ONLY,
    PROTECTED,
    REDUCES,
    TRACK_OPEN_ORDERS,
    TRACKING,
)
from novate.venue.constants import (
    BUY,
    E_ACCEPTED,
    F_ALL_OR_NONE,
    F_DISPLAY,
    F_HIDDEN,
    F_MMP,
    F_POST_ONLY,
    F_PRICE,
    F_REDUCE_ONLY,
    F_TERMS,
    GTD,
    LIMIT,
    OK,
    STP_DEFAULT,
    TRAILING_STOP,
)
from novate.venue.credit import adjust, check_credit, reserve_deliverable
from novate.venue.events import priced_event
from novate.venue.layout import Tables
from novate.venue.limits import check_new_limits, count_order
from novate.venue.pool import heap_push, take_extra, take_order
from novate.venue.reach import held_price
from novate.venue.triggers import is_trigger_type, trigger_reference


@inlined
def counts_commitments(s: Tables, market: int) -> bool:
    """Does an order of this market hold anything, or count anywhere?"""
    return bool(s.markets["credit"][market] != CREDIT_NONE or s.header[TRACKING] != 0)


@inlined
def initial_stop(s: Tables, i: int, market: int, order_type: int, side: int) -> int:
    """The stop of a new trigger order; a trailing one starts from the trigger reference (R32)."""
    stop = wide(s.commands["stop"][i])
    if order_type != TRAILING_STOP:
        return stop
    reference = trigger_reference(s, market)
    return reference + stop if side == BUY else reference - stop


@inlined
def check_commitment(
    s: Tables, i: int, market: int, side: int, order_type: int, price: int, quantity: int, orders: int,
    reserves: bool,
) -> int:  # fmt: skip
    """The last rungs: credit (K3) and limits (K19); it is the n-th order that its command brings."""
    if not counts_commitments(s, market):
        return OK
    account = wide(s.commands["account"][i])
    if reserves and reserves_at_once(s, market):
        return reserve_deliverable(s, market, account, side, price, quantity)
    return _check_commitment(s, i, market, side, order_type, price, quantity, orders, reserves)


@kernel
def _check_commitment(
    s: Tables, i: int, market: int, side: int, order_type: int, price: int, quantity: int, orders: int,
    reserves: bool,
) -> int:  # fmt: skip
    account = wide(s.commands["account"][i])
    if reserves:
        code = check_credit(s, market, account, side, 0, 0, price, quantity)
        if code != OK:
            return code
    if s.header[TRACKING] != 0:
        if price == NO_PRICE and is_trigger_type(order_type):
            price = initial_stop(s, i, market, order_type, side)
        if order_type == LIMIT and price == NO_PRICE and wide(s.commands["flags"][i]) & F_PRICE != 0:
            price = wide(s.commands["price"][i])
        return check_new_limits(s, market, account, side, quantity, price, orders)
    return OK


@inlined
def reserves_on_entry(order_type: int, price: int) -> bool:
    """Trigger orders (K7) and pegged orders without a target (R67) reserve nothing yet."""
    return not is_trigger_type(order_type) and (order_type != LIMIT or price != NO_PRICE)


@inlined
def reserves_at_once(s: Tables, market: int) -> bool:
    """In a deliverable market without limits, credit is the last rung: what can be afforded is reserved."""
    return bool(s.markets["credit"][market] == CREDIT_DELIVERABLE and s.header[TRACKING] == 0)


@inlined
def accept(
    s: Tables, i: int, market: int, side: int, order_type: int, price: int, quantity: int, reserves: bool,
    plain: bool,
) -> int:  # fmt: skip
    """Give the order a row and an id, reserve its credit, say ACCEPTED."""
    row = take_order(s)
    order_id = s.header[NEXT_ORDER_ID]
    s.header[NEXT_ORDER_ID] = order_id + 1
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
    s.orders["traits"][row] = 0
    s.markets["live"][market] += 1
    special = F_DISPLAY | F_HIDDEN | F_POST_ONLY | F_MMP | F_REDUCE_ONLY | F_TERMS | F_ALL_OR_NONE
    if not plain and (is_trigger_type(order_type) or tif == GTD or command_flags & special != 0):
        _store_special_terms(s, i, row, market, tif, command_flags)
    if counts_commitments(s, market) and not (reserves and reserves_at_once(s, market)):
        _count_commitment(s, row, market, reserves)
    priced_event(s, E_ACCEPTED, row, price, quantity, quantity)
    return row


@kernel
def _count_commitment(s: Tables, row: int, market: int, reserves: bool) -> None:
    """What the order holds, where it was not reserved at once, and that it is open."""
    account = wide(s.orders["account"][row])
    if reserves:
        held = held_price(s, row)
        side = wide(s.orders["side"][row])
        adjust(s, market, account, side, held, 0, held, wide(s.orders["leaves"][row]), 0)
    if s.header[TRACKING] & TRACK_OPEN_ORDERS != 0:
        count_order(s, account, 1)


@kernel
def _store_special_terms(s: Tables, i: int, row: int, market: int, tif: int, command_flags: int) -> None:
    """Attributes, and the extra of icebergs, trigger orders and GTD orders."""
    flags = 0
    if command_flags & F_HIDDEN != 0:
        flags |= HIDDEN
    if command_flags & F_POST_ONLY != 0:
        flags |= POST_ONLY
    if command_flags & F_DISPLAY != 0:
        flags |= ICEBERG
    s.orders["flags"][row] = flags
    traits = 0
    if command_flags & F_MMP != 0:
        traits |= PROTECTED
    if command_flags & F_REDUCE_ONLY != 0:
        traits |= REDUCES
    s.orders["traits"][row] = traits
    order_type = wide(s.orders["order_type"][row])
    trigger = is_trigger_type(order_type)
    attentive = asks_attention(s, command_flags)
    if not trigger and tif != GTD and flags & ICEBERG == 0 and not attentive:
        return
    extra = take_extra(s)
    s.orders["extra"][row] = extra
    s.extras["display"][extra] = s.commands["display"][i]
    if trigger:
        s.extras["stop"][extra] = initial_stop(s, i, market, order_type, wide(s.orders["side"][row]))
    if order_type == TRAILING_STOP:
        s.extras["trail"][extra] = s.commands["stop"][i]
        s.extras["anchor"][extra] = trigger_reference(s, market)
    if tif == GTD:
        s.extras["expire"][extra] = s.commands["expire"][i]
        heap_push(s, row)
    if attentive:
        store_attentive_terms(s, i, row, market, command_flags)


@cold
def check_commitment_apart(
    s: Tables, i: int, market: int, side: int, order_type: int, price: int, quantity: int, orders: int
) -> int:
    """`check_commitment` for the long path: one copy of it instead of one in each caller."""
    reserves = reserves_on_entry(order_type, price)
    return check_commitment(s, i, market, side, order_type, price, quantity, orders, reserves)


@cold
def accept_apart(
    s: Tables, i: int, market: int, side: int, order_type: int, price: int, quantity: int
) -> int:
    """`accept` for the long path."""
    reserves = reserves_on_entry(order_type, price)
    return accept(s, i, market, side, order_type, price, quantity, reserves, False)
