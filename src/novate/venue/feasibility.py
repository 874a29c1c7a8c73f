"""Rehearsals: what an aggressor would trade at once, without touching the book (R20, R26).

    FOK is killed if that is less than its quantity, MIN_QTY if it is less than the minimum

Without self-trade prevention the answer is a sum of whole levels. Otherwise the orders of a level are walked
in the order in which they would meet the aggressor: what is displayed, then reserves round by round, then
hidden orders; own orders are skipped, stop the walk, or eat the aggressor, as its mode says.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.book import displayed_of, ladder_of, opposite
from novate.venue.cells import COLLAR_BASE, FIFO, HIDDEN, ICEBERG, NO_PRICE
from novate.venue.constants import BUY, STP_CANCEL_RESTING, STP_DECREMENT, STP_NONE
from novate.venue.ladder import key_of_level
from novate.venue.layout import Tables
from novate.venue.matching import in_conflict, limit_key_of

_STOPPED = -1  # what is left of an aggressor that an own order ends


@kernel
def rehearse(s: Tables, taker: int, price: int) -> int:
    """Lots that the aggressor would trade, with this limit."""
    market = wide(s.orders["market"][taker])
    side = wide(s.orders["side"][taker])
    mode = wide(s.orders["stp"][taker])
    features = wide(s.markets["features"][market])
    left = wide(s.orders["leaves"][taker])
    limit_key = limit_key_of(side, price)
    traded = 0
    other = ladder_of(market, opposite(side))
    for entry in range(wide(s.ladders["length"][other]) - 1, -1, -1):
        block = s.words[s.ladders["offset"][other] + entry] & 0xFFFFFFFF
        for bit in range(31, -1, -1):
            level = wide(block * 32 + bit)
            total = wide(s.levels["total"][level])
            if total == 0:
                continue
            key = key_of_level(s, level)
            if key < limit_key or is_outside_collar(s, features, -key if side == BUY else key):
                return traded
            if mode == STP_NONE:
                taken = min(left, total)
                left -= taken
            else:
                taken, left = _rehearse_level(s, level, taker, mode, features, left)
            traded += taken
            if left <= 0:
                return traded
    return traded


@inlined
def is_outside_collar(s: Tables, features: int, price: int) -> bool:
    """R45: is a price further from the base of the running aggressor than the collar allows?"""
    if features == 0:
        return False
    collar = wide(s.features["collar"][features])
    base = s.header[COLLAR_BASE]
    return bool(collar >= 0 and base != NO_PRICE and abs(price - base) > collar)


@kernel
def _rehearse_level(
    s: Tables, level: int, taker: int, mode: int, features: int, left: int
) -> tuple[int, int]:
    """(traded at this level, left of the aggressor)"""
    if mode == STP_DECREMENT:
        traded = 0
        if s.features["alloc"][features] != FIFO:
            left = _own_first(s, level, taker, left)
        turn = 0
        while left > 0 and turn >= 0:
            taken, left, turn = _displayed_turn(s, level, taker, turn, left)
            traded += taken
    else:
        traded, left = _displayed_whole(s, level, taker, mode, features, left)
    row = wide(s.levels["hidden_head"][level])
    while row != 0 and left > 0:
        amount = min(left, wide(s.orders["leaves"][row]))
        if not in_conflict(s, row, taker):
            traded += amount
            left -= amount
        elif mode == STP_DECREMENT:
            left -= amount
        elif mode != STP_CANCEL_RESTING:
            return traded, _STOPPED
        row = wide(s.orders["next"][row])
    return traded, left


@kernel
def _displayed_whole(
    s: Tables, level: int, taker: int, mode: int, features: int, left: int
) -> tuple[int, int]:
    """All displayed orders with their reserves: in which round a lot trades does not matter here.

    An own order that ends the aggressor is met in the first round, in which only what is displayed trades;
    under pro-rata it is met before anybody trades (R28).
    """
    shown = 0
    total = 0
    row = wide(s.levels["head"][level])
    while row != 0:
        if not in_conflict(s, row, taker):
            shown += displayed_of(s, row)
            total += wide(s.orders["leaves"][row])
        elif mode != STP_CANCEL_RESTING:
            if s.features["alloc"][features] != FIFO:
                return 0, _STOPPED
            if shown < left:
                return shown, _STOPPED
        row = wide(s.orders["next"][row])
    traded = min(left, total)
    return traded, left - traded


@kernel
def _own_first(s: Tables, level: int, taker: int, left: int) -> int:
    """Under pro-rata own displayed orders decrement the aggressor before the round (R28)."""
    row = wide(s.levels["head"][level])
    while row != 0 and left > 0:
        if in_conflict(s, row, taker):
            left -= min(left, wide(s.orders["leaves"][row]))
        row = wide(s.orders["next"][row])
    return left


@kernel
def _displayed_turn(s: Tables, level: int, taker: int, turn: int, left: int) -> tuple[int, int, int]:
    """(traded, left, next turn or -1) of one round of tranches with DECREMENT."""
    features = wide(s.markets["features"][s.orders["market"][taker]])
    own_counts = s.features["alloc"][features] == FIFO
    traded = 0
    again = -1
    row = wide(s.levels["head"][level])
    while row != 0 and left > 0:
        amount = min(left, _tranche_of_turn(s, row, turn))
        if not in_conflict(s, row, taker):
            traded += amount
            left -= amount
        elif own_counts:
            left -= amount
        if _tranche_of_turn(s, row, turn + 1) > 0:
            again = turn + 1
        row = wide(s.orders["next"][row])
    return traded, left, again


@inlined
def _tranche_of_turn(s: Tables, row: int, turn: int) -> int:
    """What a displayed order shows in its n-th turn, if every tranche before was used up."""
    shown = displayed_of(s, row)
    if turn == 0:
        return shown
    if wide(s.orders["flags"][row]) & (ICEBERG | HIDDEN) != ICEBERG:
        return 0
    display = wide(s.extras["display"][s.orders["extra"][row]])
    reserve = wide(s.orders["leaves"][row]) - shown - (turn - 1) * display
    return max(0, min(display, reserve))
