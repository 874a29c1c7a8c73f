"""Attention: after a command the orders that watch the market get their turns (R66 to R69).

    CASCADE -> PUBLISH -> ATTEND: #4 stays, #9 acts -> MATCH -> PROTECT -> CASCADE -> PUBLISH -> ATTEND ...
                  |-> BOOK_STATE, once a whole pass went by without an act

A few cells of the header are its whole progress: the command that is attended, the next order to be looked
at, whether any order of this pass has acted. An act uses up lots, ends an order or moves a peg, and a peg
moves once until the displayed book has changed: so the passes end.
Cost: one look at every attentive order a pass; of an all-or-none order whose price reaches, a rehearsal.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.acceptance import counts_commitments
from novate.venue.attentive import next_attentive, wait_outside
from novate.venue.book import leave_book
from novate.venue.cells import (
    AGGRESSOR_MARKET,
    ALL_OR_NONE,
    ATTEND,
    ATTEND_ACTED,
    ATTEND_AT,
    ATTEND_DONE,
    ATTEND_SEQUENCE,
    ENTERING,
    MATCH,
    NO_PRICE,
    PEGGED,
    PUBLISH,
    RESTING,
    SEQUENCE,
)
from novate.venue.constants import (
    BY_CREDIT,
    CONTINUOUS,
    E_AMENDED,
    E_CANCELLED,
    E_TRIGGERED,
    OK,
    PRICE_IS_NULL,
)
from novate.venue.credit import adjust, check_credit, release
from novate.venue.endings import end_order
from novate.venue.events import order_event, priced_event
from novate.venue.feasibility import rehearse
from novate.venue.layout import Tables
from novate.venue.matching import begin_sweep, name_order
from novate.venue.matching import rest_apart as rest
from novate.venue.pegs import target_of
from novate.venue.prices import reaches
from novate.venue.reach import held_price


@cold
def enter_attentive(s: Tables, row: int, market: int) -> int:
    """First step of an accepted order that watches the market."""
    traits = wide(s.orders["traits"][row])
    side = wide(s.orders["side"][row])
    continuous = s.markets["state"][market] == CONTINUOUS
    if traits & ALL_OR_NONE != 0:
        if continuous and _is_fillable(s, row, market, side):
            return MATCH
    elif not continuous:
        rest(s, row)
        return PUBLISH
    elif s.orders["price"][row] != NO_PRICE:
        begin_sweep(s, row, market, side, held_price(s, row), 1)
        return MATCH
    wait_outside(s, row)
    name_order(s, row)
    return PUBLISH


@cold
def is_due_for_attention(s: Tables, market: int) -> bool:
    """At the end of a command in a market with features: has anybody a turn to come?"""
    if s.features["attentive_count"][s.markets["features"][market]] == 0:
        return False
    if s.markets["state"][market] != CONTINUOUS:
        return False
    if s.header[ATTEND_SEQUENCE] == s.header[SEQUENCE]:
        return bool(s.header[ATTEND_DONE] == 0)
    return True


@cold
def give_attention(s: Tables, market: int) -> None:
    """Begin, or go on with, the passes of the command at hand in its market."""
    s.header[AGGRESSOR_MARKET] = market
    if s.header[ATTEND_SEQUENCE] != s.header[SEQUENCE]:
        s.header[ATTEND_SEQUENCE] = s.header[SEQUENCE]
        s.header[ATTEND_DONE] = 0
        _begin_pass(s, market)


@kernel
def forget_attention(s: Tables) -> None:
    """What comes now is attended anew, although it belongs to the same command (a timer, R57)."""
    s.header[ATTEND_SEQUENCE] = 0


@inlined
def _begin_pass(s: Tables, market: int) -> None:
    s.header[ATTEND_AT] = s.features["attentive_first"][s.markets["features"][market]]
    s.header[ATTEND_ACTED] = 0


@kernel
def attend(s: Tables, market: int) -> int:
    """Look for the next order that wants to act, and let it; there is room for one act. The next phase."""
    while True:
        row = wide(s.header[ATTEND_AT])
        if row == 0:
            if s.header[ATTEND_ACTED] == 0:
                s.header[ATTEND_DONE] = 1
                return PUBLISH
            _begin_pass(s, market)
            continue
        s.header[ATTEND_AT] = next_attentive(s, row)
        phase = _act(s, market, row)
        if phase != PUBLISH:
            s.header[ATTEND_ACTED] = 1
            return phase


@kernel
def _act(s: Tables, market: int, row: int) -> int:
    """Act if the order wants to: MATCH, or ATTEND if that was all; PUBLISH if it does not."""
    traits = wide(s.orders["traits"][row])
    side = wide(s.orders["side"][row])
    if traits & PEGGED != 0:
        target = target_of(s, market, row)
        return PUBLISH if target == s.orders["price"][row] else _move_peg(s, market, row, side, target)
    price = held_price(s, row)
    if not reaches(s, market, side, price):
        return PUBLISH
    if traits & ALL_OR_NONE == 0:
        leave_book(s, row)
        begin_sweep(s, row, market, side, price, 1)
    elif not _is_fillable(s, row, market, side):
        return PUBLISH
    leaves = wide(s.orders["leaves"][row])
    s.orders["status"][row] = ENTERING
    priced_event(s, E_TRIGGERED, row, price, leaves, leaves)
    return MATCH


@kernel
def _is_fillable(s: Tables, row: int, market: int, side: int) -> bool:
    """Would a sweep fill all of an all-or-none order? If so, it has begun (R69)."""
    price = wide(s.orders["price"][row])
    begin_sweep(s, row, market, side, price, 0)
    return bool(rehearse(s, row, price) == wide(s.orders["leaves"][row]))


@kernel
def _move_peg(s: Tables, market: int, row: int, side: int, target: int) -> int:
    """AMENDED to its new target; the order enters anew there, or waits where there is none (R67)."""
    leaves = wide(s.orders["leaves"][row])
    if s.orders["status"][row] == RESTING:
        release(s, row)
        leave_book(s, row)
    s.orders["price"][row] = target
    total = leaves + wide(s.orders["done"][row])
    if target == NO_PRICE:
        order_event(s, E_AMENDED, row, 0, PRICE_IS_NULL, 0, total, leaves, 0)
        wait_outside(s, row)
        return ATTEND
    order_event(s, E_AMENDED, row, 0, 0, target, total, leaves, 0)
    s.orders["status"][row] = ENTERING
    if counts_commitments(s, market):
        account = wide(s.orders["account"][row])
        if check_credit(s, market, account, side, 0, 0, target, leaves) != OK:
            order_event(s, E_CANCELLED, row, BY_CREDIT, 0, 0, leaves, 0, 0)
            end_order(s, row)
            return ATTEND
        adjust(s, market, account, side, target, 0, target, leaves, 0)
    begin_sweep(s, row, market, side, target, 1)
    return MATCH
