"""Allocation by size: a level is shared out in rounds (R47 to R49).

    aggressor 100 against [A 60 TOP] [B 90] [C 50]:
    TOP A 60 -> left 40 of 140:  B floor(40 x 90 / 140) = 25, C floor(40 x 50 / 140) = 14, the last lot to B
    one TRADE each, in queue order: A 60, B 26, C 14

A round stands in `scratch` as pairs (order row, lots); it is worked out before its first trade and survives
an interruption. A refreshed tranche joins the next round.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.book import displayed_of
from novate.venue.cells import FIFO_PRO_RATA, ROUND_AT, ROUND_LENGTH
from novate.venue.constants import BUY
from novate.venue.layout import Tables


@kernel
def share_out(s: Tables, features: int, level: int, side: int, leaves: int) -> None:
    """Begin a round: what each displayed order of the level gets of the aggressor's leaves."""
    shown = wide(s.levels["displayed"][level])
    length = 0
    row = wide(s.levels["head"][level])
    while row != 0:
        s.scratch[2 * length] = row
        s.scratch[2 * length + 1] = displayed_of(s, row) if leaves >= shown else 0
        length += 1
        row = wide(s.orders["next"][row])
    s.header[ROUND_AT] = 0
    s.header[ROUND_LENGTH] = length
    if leaves >= shown:
        return
    left = _serve_top(s, features, side, length, leaves)
    if s.features["alloc"][features] == FIFO_PRO_RATA:
        # The product fits: allocation by size bounds quantities by 2**31.
        by_time = left * wide(s.features["fifo_pct"][features]) // 100
        left -= by_time - _serve_in_order(s, length, by_time)
    left -= _serve_by_size(s, length, left, wide(s.features["pr_min"][features]))
    _serve_in_order(s, length, left)


@inlined
def _open_of(s: Tables, at: int) -> int:
    """What an order of the round shows beyond what it got."""
    return displayed_of(s, wide(s.scratch[2 * at])) - s.scratch[2 * at + 1]


@kernel
def _serve_top(s: Tables, features: int, side: int, length: int, left: int) -> int:
    """The TOP order first (R49); returns what is left."""
    if s.features["top_order"][features] == 0:
        return left
    if side == BUY:
        top = wide(s.features["top_ask"][features])
    else:
        top = wide(s.features["top_bid"][features])
    for at in range(length):
        if top != 0 and s.scratch[2 * at] == top:
            got = min(left, _open_of(s, at))
            s.scratch[2 * at + 1] = got
            return left - got
    return left


@kernel
def _serve_in_order(s: Tables, length: int, left: int) -> int:
    """In queue order, each as much as it shows; returns what is left."""
    for at in range(length):
        if left == 0:
            return 0
        got = min(left, _open_of(s, at))
        s.scratch[2 * at + 1] += got
        left -= got
    return left


@kernel
def _serve_by_size(s: Tables, length: int, base: int, least: int) -> int:
    """Shares in proportion to what is still open, those below the minimum are none; returns their sum."""
    shown = 0
    for at in range(length):
        shown += _open_of(s, at)
    if shown == 0:
        return 0
    given = 0
    for at in range(length):
        share = base * _open_of(s, at) // shown
        if share >= least:
            s.scratch[2 * at + 1] += share
            given += share
    return given


@kernel
def next_of_round(s: Tables) -> tuple[int, int]:
    """(order row, lots) of the next order that gets anything, (0, 0) at the end of the round."""
    while s.header[ROUND_AT] < s.header[ROUND_LENGTH]:
        at = s.header[ROUND_AT]
        s.header[ROUND_AT] = at + 1
        if s.scratch[2 * at + 1] != 0:
            return wide(s.scratch[2 * at]), wide(s.scratch[2 * at + 1])
    s.header[ROUND_LENGTH] = 0
    return 0, 0
