"""The resting book: orders enter, shrink, refresh and leave the levels of their ladder.

    level   displayed: [A 10] <-> [B 30 shows 10] <-> [C 5]      hidden: [D 40]
            displayed quantity 25, total 85

Invariants (checked by `novate.venue.invariants`): displayed = sum over the displayed queue of the leaves of
plain orders and the tranches of icebergs; total = sum of leaves of both queues; bitmaps say which levels
hold orders and which of them show quantity. Rules: R5, R6, R24, R25.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.cells import ASKS, BIDS, HIDDEN, ICEBERG, RESTING
from novate.venue.constants import BUY, CONTINUOUS, SELL
from novate.venue.features import stamp
from novate.venue.ladder import best_displayed, best_level, ensure_level, key_of_level, mark, remove_block
from novate.venue.layout import Tables


@inlined
def ladder_of(market: int, side: int) -> int:
    """Row of the ladder on which orders of a side rest."""
    return market * 4 + (BIDS if side == BUY else ASKS)


@inlined
def key_of(side: int, price: int) -> int:
    """Price key: larger is better for both sides."""
    return price if side == BUY else -price


@inlined
def displayed_of(s: Tables, row: int) -> int:
    """What an order in the book shows: its leaves, its tranche, or nothing."""
    flags = wide(s.orders["flags"][row])
    if flags & HIDDEN != 0:
        return 0
    if flags & ICEBERG != 0:
        return wide(s.extras["tranche"][s.orders["extra"][row]])
    return wide(s.orders["leaves"][row])


@inlined
def tradable_of(s: Tables, row: int) -> int:
    """What an order in the book may trade at its turn: what it shows, or everything if it is hidden (R15)."""
    if wide(s.orders["flags"][row]) & HIDDEN != 0:
        return wide(s.orders["leaves"][row])
    return displayed_of(s, row)


@inlined
def is_crossed(s: Tables, market: int) -> bool:
    """Is the best bid at or above the best ask, hidden orders included?"""
    bids = ladder_of(market, BUY)
    asks = ladder_of(market, SELL)
    if s.ladders["length"][bids] == 0 or s.ladders["length"][asks] == 0:
        return False
    return key_of_level(s, best_level(s, bids)) >= -key_of_level(s, best_level(s, asks))


@inlined
def top_of(ladder: int) -> int:
    """Row of `tops` for a ladder of bids or asks."""
    return (ladder >> 1) + (ladder & 1)


@inlined
def note_top(s: Tables, market: int, ladder: int, key: int) -> None:
    """Remember that the best displayed price or its quantity may have changed.

    Written without a branch: near the touch nobody can predict it.
    """
    at_top = 1 if key >= s.tops["key"][top_of(ladder)] else 0
    s.markets["top_changed"][market] = wide(s.markets["top_changed"][market]) | at_top


@inlined
def note_order(s: Tables, row: int) -> None:
    """The same for a resting order."""
    market = wide(s.orders["market"][row])
    side = wide(s.orders["side"][row])
    note_top(s, market, ladder_of(market, side), key_of(side, wide(s.orders["price"][row])))


@inlined
def append_displayed(s: Tables, level: int, row: int) -> None:
    """Link an order at the tail of the displayed queue (also the queue of a stop level)."""
    tail = wide(s.levels["tail"][level])
    head = wide(s.levels["head"][level])
    s.orders["prev"][row] = tail
    s.orders["next"][row] = 0
    s.orders["next"][tail] = row
    s.levels["head"][level] = row if tail == 0 else head
    s.levels["tail"][level] = row
    s.orders["level"][row] = level


@kernel
def append_hidden(s: Tables, level: int, row: int) -> None:
    """Link an order at the tail of the hidden queue."""
    tail = wide(s.levels["hidden_tail"][level])
    s.orders["prev"][row] = tail
    s.orders["next"][row] = 0
    s.orders["next"][tail] = row
    if tail == 0:
        s.levels["hidden_head"][level] = row
    s.levels["hidden_tail"][level] = row
    s.orders["level"][row] = level


@inlined
def unlink_displayed(s: Tables, level: int, row: int) -> None:
    """Take an order out of the displayed queue; row 0 soaks up the writes at the ends."""
    before = wide(s.orders["prev"][row])
    after = wide(s.orders["next"][row])
    head = wide(s.levels["head"][level])
    tail = wide(s.levels["tail"][level])
    s.orders["next"][before] = after
    s.orders["prev"][after] = before
    s.levels["head"][level] = after if before == 0 else head
    s.levels["tail"][level] = before if after == 0 else tail


@kernel
def unlink_hidden(s: Tables, level: int, row: int) -> None:
    """Take an order out of the hidden queue."""
    before = wide(s.orders["prev"][row])
    after = wide(s.orders["next"][row])
    s.orders["next"][before] = after
    s.orders["prev"][after] = before
    if before == 0:
        s.levels["hidden_head"][level] = after
    if after == 0:
        s.levels["hidden_tail"][level] = before


@inlined
def _note_entry(s: Tables, row: int, market: int, ladder: int, key: int) -> None:
    """Priority number and TOP status (R49) of an order that is about to enter the book."""
    stamp(s, row)
    if s.features["top_order"][s.markets["features"][market]] != 0:
        _note_top_order(s, row, market, ladder, key)


@cold
def _note_top_order(s: Tables, row: int, market: int, ladder: int, key: int) -> None:
    features = wide(s.markets["features"][market])
    shown = wide(s.orders["flags"][row]) & HIDDEN == 0
    if shown and s.markets["state"][market] == CONTINUOUS:
        best = best_displayed(s, ladder)
        if best < 0 or key_of_level(s, best) < key:
            if wide(s.orders["side"][row]) == BUY:
                s.features["top_bid"][features] = row
            else:
                s.features["top_ask"][features] = row


@inlined
def _forget_top(s: Tables, row: int, market: int) -> None:
    """An order that leaves its place is TOP no more (R49)."""
    features = wide(s.markets["features"][market])
    if features != 0 and s.features["top_order"][features] != 0:
        if s.features["top_bid"][features] == row:
            s.features["top_bid"][features] = 0
        if s.features["top_ask"][features] == row:
            s.features["top_ask"][features] = 0


@inlined
def enter_book(s: Tables, row: int) -> None:
    """Rest an order at its price behind the orders of its kind (R6); an iceberg takes a tranche (R24)."""
    market = wide(s.orders["market"][row])
    side = wide(s.orders["side"][row])
    price = wide(s.orders["price"][row])
    leaves = wide(s.orders["leaves"][row])
    flags = wide(s.orders["flags"][row])
    ladder = ladder_of(market, side)
    key = key_of(side, price)
    if s.markets["features"][market] != 0:
        _note_entry(s, row, market, ladder, key)
    level = ensure_level(s, ladder, key)
    if flags & HIDDEN != 0:
        append_hidden(s, level, row)
    else:
        append_displayed(s, level, row)
        shown = leaves
        if flags & ICEBERG != 0:
            extra = wide(s.orders["extra"][row])
            shown = min(leaves, wide(s.extras["display"][extra]))
            s.extras["tranche"][extra] = shown
        s.levels["displayed"][level] += shown
    s.levels["total"][level] += leaves
    mark(s, level)
    s.orders["status"][row] = RESTING
    note_top(s, market, ladder, key)


@inlined
def leave_book(s: Tables, row: int) -> None:
    """Take a resting order out of its level with whatever it still has."""
    market = wide(s.orders["market"][row])
    side = wide(s.orders["side"][row])
    level = wide(s.orders["level"][row])
    s.levels["total"][level] -= wide(s.orders["leaves"][row])
    if wide(s.orders["flags"][row]) & HIDDEN != 0:
        unlink_hidden(s, level, row)
    else:
        s.levels["displayed"][level] -= displayed_of(s, row)
        unlink_displayed(s, level, row)
    ladder = ladder_of(market, side)
    if mark(s, level) == 0:
        remove_block(s, ladder, level >> 5)
    _forget_top(s, row, market)
    note_top(s, market, ladder, key_of(side, wide(s.orders["price"][row])))


@inlined
def shrink(s: Tables, row: int, quantity: int) -> None:
    """Take lots from a resting order's displayed part (or hidden leaves): a fill or a decrement."""
    level = wide(s.orders["level"][row])
    flags = wide(s.orders["flags"][row])
    s.orders["leaves"][row] = wide(s.orders["leaves"][row]) - quantity
    s.orders["done"][row] = wide(s.orders["done"][row]) + quantity
    s.levels["total"][level] -= quantity
    if flags & HIDDEN == 0:
        s.levels["displayed"][level] -= quantity
        if flags & ICEBERG != 0:
            s.extras["tranche"][s.orders["extra"][row]] -= quantity
    note_order(s, row)


@kernel
def refresh(s: Tables, row: int) -> int:
    """A used-up iceberg shows its next tranche behind everybody displayed at its price (R24)."""
    level = wide(s.orders["level"][row])
    extra = wide(s.orders["extra"][row])
    tranche = min(wide(s.orders["leaves"][row]), wide(s.extras["display"][extra]))
    unlink_displayed(s, level, row)
    append_displayed(s, level, row)
    market = wide(s.orders["market"][row])
    if s.markets["features"][market] != 0:
        stamp(s, row)
        _forget_top(s, row, market)
    s.extras["tranche"][extra] = tranche
    s.levels["displayed"][level] += tranche
    mark(s, level)
    return tranche


@kernel
def resize_in_place(s: Tables, row: int, leaves: int) -> None:
    """An amended order that keeps its place has fewer leaves; the reserve goes first (R37)."""
    level = wide(s.orders["level"][row])
    before = displayed_of(s, row)
    s.levels["total"][level] += leaves - wide(s.orders["leaves"][row])
    s.orders["leaves"][row] = leaves
    flags = wide(s.orders["flags"][row])
    if flags & ICEBERG != 0:
        extra = wide(s.orders["extra"][row])
        s.extras["tranche"][extra] = min(leaves, wide(s.extras["tranche"][extra]))
    s.levels["displayed"][level] += displayed_of(s, row) - before
    note_order(s, row)


@inlined
def opposite(side: int) -> int:
    """The other side."""
    return SELL if side == BUY else BUY
