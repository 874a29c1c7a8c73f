"""Amending an order: its ladder, what keeps the priority, and re-entry as an aggressor (R13, R36, R37, K9).

total 10, filled 4, leaves 6:  qty 8 -> leaves 4, place kept      qty 12 -> leaves 8, to the tail
                               qty 4 -> CANCELLED AMEND with 6    price  -> leaves its place, may trade
"""

from __future__ import annotations

from typing import NamedTuple

from novate.compiled import inlined, kernel, wide
from novate.venue.acceptance import counts_commitments
from novate.venue.admission import (
    check_post_only,
    exceeds_blocks,
    refuses_by_state,
    stop_is_satisfied,
)
from novate.venue.auction_orders import enter_auction, ladder_of_auction, leave_auction
from novate.venue.book import key_of, ladder_of, leave_book, resize_in_place
from novate.venue.cells import (
    AUCTION_ONLY,
    DISCRETIONARY,
    ELECTED,
    ENTERING,
    ICEBERG,
    MATCH,
    NO_PRICE,
    OCO_LEG,
    PARKED,
    PEGGED,
    POST_ONLY,
    PUBLISH,
    QUOTED,
    RESTING,
    TRACKING,
    WAITING,
)
from novate.venue.constants import (
    BY_AMEND,
    CONTINUOUS,
    E_AMENDED,
    E_CANCELLED,
    F_DISPLAY,
    F_PRICE,
    F_QUANTITY,
    F_STOP,
    F_TRAIL,
    INVALID_DISCRETION,
    INVALID_DISPLAY,
    INVALID_PRICE,
    INVALID_QTY,
    INVALID_STOP,
    KEPT_PRIORITY,
    NOT_AMENDABLE,
    OK,
    PRICE_BAND,
    PRICE_IS_NULL,
    STOP_GIVEN,
    STOP_WOULD_TRIGGER,
    TOO_MANY_PRICE_LEVELS,
    TRAILING_STOP,
    UNKNOWN_ORDER,
)
from novate.venue.credit import adjust, check_credit
from novate.venue.endings import remove_live_apart as remove_live
from novate.venue.events import order_event, reject
from novate.venue.identity import find_order
from novate.venue.layout import Tables
from novate.venue.limits import check_amended_limits
from novate.venue.matching import begin_sweep
from novate.venue.matching import rest_apart as rest
from novate.venue.prices import outside_band, slid_price
from novate.venue.reach import is_open, reach_of
from novate.venue.triggers import park, stop_key, stop_ladder, unpark

_ANY_FIELD = F_QUANTITY | F_PRICE | F_STOP | F_DISPLAY


class Change(NamedTuple):
    """An amendment with everything that was not given filled in from the order."""

    total: int
    leaves: int
    price: int
    stop: int
    kept: bool


@kernel
def amend_order(s: Tables, i: int, market: int) -> int:
    """AMEND: the ladder, then the change; returns the phase in which the command goes on."""
    code = refuses_by_state(wide(s.markets["state"][market]))
    row = 0
    if code == OK:
        row = find_order(s, market, wide(s.commands["account"][i]), s.commands["client_order_id"][i])
        code = UNKNOWN_ORDER if row == 0 else _check_amendable(s, i, market, row)
    if code == OK:
        change = _change(s, i, row)
        code = _check_change(s, market, row, change)
        change = _slid(s, market, row, change)
        if code == OK and change.leaves > 0 and counts_commitments(s, market):
            code = _check_commitment(s, market, row, change)
        if code == OK:
            return _apply_change(s, i, market, row, change)
    reject(s, i, code)
    return PUBLISH


@kernel
def _check_amendable(s: Tables, i: int, market: int, row: int) -> int:
    """R13, rungs 3 and 4."""
    flags = wide(s.commands["flags"][i])
    status = wide(s.orders["status"][row])
    order_type = wide(s.orders["order_type"][row])
    if status == ELECTED or flags & _ANY_FIELD == 0 or flags & F_TRAIL != 0:
        return NOT_AMENDABLE
    traits = wide(s.orders["traits"][row])
    if traits & (OCO_LEG | QUOTED) != 0 or (traits & PEGGED != 0 and flags & F_PRICE != 0):
        return NOT_AMENDABLE
    if flags & F_PRICE != 0 and s.orders["price"][row] == NO_PRICE:
        return NOT_AMENDABLE
    if flags & F_STOP != 0 and (status != PARKED or order_type == TRAILING_STOP):
        return NOT_AMENDABLE
    if flags & F_DISPLAY != 0 and wide(s.orders["flags"][row]) & ICEBERG == 0:
        return NOT_AMENDABLE
    lowest = wide(s.markets["min_price"][market])
    highest = wide(s.markets["max_price"][market])
    total = wide(s.orders["leaves"][row]) + wide(s.orders["done"][row])
    if flags & F_QUANTITY != 0:
        total = wide(s.commands["quantity"][i])
        if total < 1 or total > s.markets["max_quantity"][market]:
            return INVALID_QTY
    if flags & F_PRICE != 0 and (s.commands["price"][i] < lowest or s.commands["price"][i] > highest):
        return INVALID_PRICE
    if flags & F_STOP != 0 and (s.commands["stop"][i] < lowest or s.commands["stop"][i] > highest):
        return INVALID_STOP
    if flags & F_DISPLAY != 0:
        display = wide(s.commands["display"][i])
        if display < s.markets["min_display"][market] or display > total:
            return INVALID_DISPLAY
    if flags & F_PRICE != 0 and traits & DISCRETIONARY != 0:
        # The discretion goes with the price (R68).
        reach = reach_of(s, row, wide(s.commands["price"][i]))
        if reach < lowest or reach > highest:
            return INVALID_DISCRETION
    return OK


@kernel
def _change(s: Tables, i: int, row: int) -> Change:
    """What the order will be."""
    flags = wide(s.commands["flags"][i])
    done = wide(s.orders["done"][row])
    old_total = wide(s.orders["leaves"][row]) + done
    total = wide(s.commands["quantity"][i]) if flags & F_QUANTITY != 0 else old_total
    old_price = wide(s.orders["price"][row])
    price = wide(s.commands["price"][i]) if flags & F_PRICE != 0 else old_price
    old_stop = wide(s.extras["stop"][s.orders["extra"][row]]) if s.orders["extra"][row] != 0 else 0
    stop = wide(s.commands["stop"][i]) if flags & F_STOP != 0 else old_stop
    kept = price == old_price and stop == old_stop and total <= old_total
    return Change(total, total - done, price, stop, kept)


@kernel
def _check_change(s: Tables, market: int, row: int, change: Change) -> int:
    """R13, rungs 5 to 7, then credit (K9) and limits."""
    side = wide(s.orders["side"][row])
    price_changes = change.price != s.orders["price"][row]
    if price_changes and outside_band(s, market, change.price):
        return PRICE_BAND
    parked = wide(s.orders["status"][row]) == PARKED
    if parked and change.stop != s.extras["stop"][s.orders["extra"][row]]:
        order_type = wide(s.orders["order_type"][row])
        if stop_is_satisfied(s, market, order_type, side, change.stop):
            return STOP_WOULD_TRIGGER
        ladder = stop_ladder(market, order_type, side)
        if exceeds_blocks(s, market, ladder, stop_key(order_type, side, change.stop)):
            return TOO_MANY_PRICE_LEVELS
    post_only = wide(s.orders["flags"][row]) & POST_ONLY != 0
    if post_only and price_changes and s.markets["state"][market] == CONTINUOUS:
        code = check_post_only(s, market, side, change.price)
        if code != OK:
            return code
    status = wide(s.orders["status"][row])
    if price_changes and (status == RESTING or status == AUCTION_ONLY):
        ladder = ladder_of(market, side)
        if status == AUCTION_ONLY:
            features = wide(s.markets["features"][market])
            ladder = ladder_of_auction(s, features, wide(s.orders["tif"][row]), side)
        if exceeds_blocks(s, market, ladder, key_of(side, change.price)):
            return TOO_MANY_PRICE_LEVELS
    return OK


@kernel
def _slid(s: Tables, market: int, row: int, change: Change) -> Change:
    """The change with the price to which a post-only order slides; priority is judged by that (R23)."""
    old_price = wide(s.orders["price"][row])
    post_only = wide(s.orders["flags"][row]) & POST_ONLY != 0
    if not post_only or change.price == old_price or s.markets["state"][market] != CONTINUOUS:
        return change
    price = slid_price(s, market, wide(s.orders["side"][row]), change.price)
    old_total = wide(s.orders["leaves"][row]) + wide(s.orders["done"][row])
    kept = price == old_price and change.total <= old_total
    return Change(change.total, change.leaves, price, change.stop, kept)


@kernel
def _check_commitment(s: Tables, market: int, row: int, change: Change) -> int:
    leaves = wide(s.orders["leaves"][row])
    price = reach_of(s, row, wide(s.orders["price"][row]))
    new_price = reach_of(s, row, change.price)
    opened = is_open(s, row)
    if opened:
        account = wide(s.orders["account"][row])
        side = wide(s.orders["side"][row])
        code = check_credit(s, market, account, side, price, leaves, new_price, change.leaves)
        if code != OK:
            return code
    if s.header[TRACKING] == 0:
        return OK
    total = leaves + wide(s.orders["done"][row])
    if price == NO_PRICE and not opened:
        price = wide(s.extras["stop"][s.orders["extra"][row]])
        new_price = change.stop
        if wide(s.orders["status"][row]) == WAITING:
            price = wide(s.extras["peg_limit"][s.orders["extra"][row]])
            new_price = price
    return check_amended_limits(s, row, total, change.total, price, new_price, change.leaves, opened)


@kernel
def _apply_change(s: Tables, i: int, market: int, row: int, change: Change) -> int:
    """The order becomes what it was amended to; nothing can be refused any more."""
    if change.leaves <= 0:
        remove_live(s, row, E_CANCELLED, BY_AMEND)
        return PUBLISH
    if wide(s.commands["flags"][i]) & F_DISPLAY != 0:
        s.extras["display"][s.orders["extra"][row]] = s.commands["display"][i]
    status = wide(s.orders["status"][row])
    if counts_commitments(s, market) and is_open(s, row):
        account = wide(s.orders["account"][row])
        side = wide(s.orders["side"][row])
        price = reach_of(s, row, wide(s.orders["price"][row]))
        new_price = reach_of(s, row, change.price)
        adjust(s, market, account, side, price, wide(s.orders["leaves"][row]), new_price, change.leaves, 0)
    if status == PARKED:
        _amend_parked(s, row, change)
    elif status == AUCTION_ONLY:
        _amend_auction_only(s, row, change)
    elif status == WAITING:
        s.orders["price"][row] = change.price
        s.orders["leaves"][row] = change.leaves
    elif change.kept:
        resize_in_place(s, row, change.leaves)
    else:
        leave_book(s, row)
        s.orders["price"][row] = change.price
        s.orders["leaves"][row] = change.leaves
    _say_amended(s, row, change)
    if status == RESTING and not change.kept:
        return _enter_again(s, market, row, change.price)
    return PUBLISH


@inlined
def _amend_parked(s: Tables, row: int, change: Change) -> None:
    """A parked order that loses priority goes behind the others of its stop price."""
    s.orders["price"][row] = change.price
    s.orders["leaves"][row] = change.leaves
    if not change.kept:
        unpark(s, row)
        s.extras["stop"][s.orders["extra"][row]] = change.stop
        park(s, row)


@kernel
def _amend_auction_only(s: Tables, row: int, change: Change) -> None:
    """An auction-only order that loses priority goes behind the others of its price."""
    if change.kept:
        s.levels["total"][s.orders["level"][row]] += change.leaves - wide(s.orders["leaves"][row])
        s.orders["leaves"][row] = change.leaves
        return
    leave_auction(s, row)
    s.orders["price"][row] = change.price
    s.orders["leaves"][row] = change.leaves
    enter_auction(s, row)


@inlined
def _say_amended(s: Tables, row: int, change: Change) -> None:
    flags = KEPT_PRIORITY if change.kept else 0
    price = change.price
    if price == NO_PRICE:
        flags |= PRICE_IS_NULL
        price = 0
    stop = 0
    if wide(s.orders["status"][row]) == PARKED:
        flags |= STOP_GIVEN
        stop = change.stop
    order_event(s, E_AMENDED, row, 0, flags, price, change.total, change.leaves, stop)


@inlined
def _enter_again(s: Tables, market: int, row: int, price: int) -> int:
    """A book order that lost its priority re-enters: as an aggressor while the market is CONTINUOUS."""
    s.orders["status"][row] = ENTERING
    if s.markets["state"][market] != CONTINUOUS:
        rest(s, row)
        return PUBLISH
    begin_sweep(s, row, market, wide(s.orders["side"][row]), reach_of(s, row, price), 1)
    return MATCH
