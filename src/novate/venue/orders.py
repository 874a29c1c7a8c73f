"""What a command does to one order: accept, cancel, activate.

    NEW    -> ladder -> row -> ACCEPTED -> parked | killed | aggressor | rests
    CANCEL -> CANCELLED with its leaves, wherever it waits

Each function returns the phase in which the command goes on. Orders that need more than this, and orders of
markets with features, take the long path of `novate.venue.special`.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.acceptance import accept, check_commitment, counts_commitments
from novate.venue.admission import check_new, is_plain, is_resting_tif, is_special
from novate.venue.cells import CASCADE, ENTERING, INDEXED, MATCH, NO_PRICE, PUBLISH, REDUCES
from novate.venue.constants import (
    BY_CREDIT,
    BY_FOK,
    BY_NO_LIQUIDITY,
    BY_REDUCE_ONLY,
    BY_USER,
    CONTINUOUS,
    E_CANCELLED,
    E_TRIGGERED,
    FOK,
    LIMIT,
    MARKET_ORDER,
    OK,
    STOP,
    UNKNOWN_ORDER,
)
from novate.venue.credit import adjust, check_credit
from novate.venue.endings import cancel_entering, end_order, end_other_leg, remove_live, separate
from novate.venue.events import order_event, priced_event, reject
from novate.venue.feasibility import rehearse
from novate.venue.identity import find_place, remove_entry
from novate.venue.layout import Tables
from novate.venue.lookahead import tag_of_command
from novate.venue.matching import begin_sweep, name_order, rest, set_aggressor
from novate.venue.prices import has_opposite, is_protected, market_limit, reaches
from novate.venue.reduce_only import room_to_reduce
from novate.venue.special import special_order
from novate.venue.triggers import becomes_market, dequeue, is_trigger_type, park


@inlined
def new_order(s: Tables, i: int, market: int) -> int:
    """NEW: the ladder, then the order's first step."""
    plain = is_plain(s, i)
    if s.markets["features"][market] != 0 or (not plain and is_special(s, i)):
        return special_order(s, i, market)
    code = check_new(s, i, market, tag_of_command(s, i), plain)
    order_type = wide(s.commands["order_type"][i])
    side = wide(s.commands["side"][i])
    price = wide(s.commands["price"][i])
    quantity = wide(s.commands["quantity"][i])
    if order_type == MARKET_ORDER:
        price = market_limit(s, market, side)
    elif order_type == STOP:
        price = NO_PRICE
    reserves = not is_trigger_type(order_type)
    if code == OK:
        code = check_commitment(s, i, market, side, order_type, price, quantity, 1, reserves)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    row = accept(s, i, market, side, order_type, price, quantity, reserves, plain)
    if not reserves:
        park(s, row)
        name_order(s, row)
        return PUBLISH
    if s.markets["state"][market] != CONTINUOUS:
        rest(s, row)
        return PUBLISH
    tif = wide(s.commands["time_in_force"][i])
    if tif == FOK and rehearse(s, row, price) < quantity:
        cancel_entering(s, row, BY_FOK)
        return PUBLISH
    rests = order_type == LIMIT and is_resting_tif(tif)
    if rests and not reaches(s, market, side, price):
        rest(s, row)
        return PUBLISH
    set_aggressor(s, row, market, side, price, 1 if rests else 0)
    return MATCH


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


@kernel
def activate_next(s: Tables, market: int) -> int:
    """Activate the head of the elected queue (R30, R31, R33, R35, K7); the phase in which it goes on."""
    row = wide(s.markets["elected_head"][market])
    dequeue(s, row)
    side = wide(s.orders["side"][row])
    at_market = becomes_market(s, row)
    price = wide(s.orders["price"][row])
    liquid = has_opposite(s, market, side)
    if at_market:
        price = market_limit(s, market, side) if liquid else NO_PRICE
    rests = not at_market or (is_protected(s, market) and wide(s.orders["traits"][row]) & REDUCES == 0)
    s.orders["order_type"][row] = LIMIT if rests else MARKET_ORDER
    s.orders["price"][row] = price
    s.orders["status"][row] = ENTERING
    full = wide(s.orders["leaves"][row])
    leaves = _capped(s, row, market, side, full)
    priced_event(s, E_TRIGGERED, row, price if leaves > 0 else NO_PRICE, leaves, leaves)
    end_other_leg(s, separate(s, row))
    reason = 0
    if leaves == 0:
        reason = BY_REDUCE_ONLY
    elif at_market and not liquid:
        reason = BY_NO_LIQUIDITY
    elif not _may_commit(s, market, row, side, price, leaves):
        reason = BY_CREDIT
    if reason != 0:
        # A reduce-only order without anything to reduce shows all that it had.
        order_event(s, E_CANCELLED, row, reason, 0, 0, full if leaves == 0 else leaves, 0, 0)
        end_order(s, row)
        return CASCADE
    if counts_commitments(s, market):
        adjust(s, market, wide(s.orders["account"][row]), side, price, 0, price, leaves, 0)
    begin_sweep(s, row, market, side, price, 1 if rests else 0)
    return MATCH


@inlined
def _capped(s: Tables, row: int, market: int, side: int, leaves: int) -> int:
    """A reduce-only order enters with no more than it may reduce (R35)."""
    if wide(s.orders["traits"][row]) & REDUCES != 0:
        leaves = min(leaves, room_to_reduce(s, market, wide(s.orders["account"][row]), side))
        if leaves != 0:
            s.orders["leaves"][row] = leaves
    return leaves


@inlined
def _may_commit(s: Tables, market: int, row: int, side: int, price: int, leaves: int) -> bool:
    """K7: credit is asked for when a trigger order becomes an order that may trade."""
    if not counts_commitments(s, market):
        return True
    return check_credit(s, market, wide(s.orders["account"][row]), side, 0, 0, price, leaves) == OK
