"""Sums of legs per cell, and the legs of each cell: the inner loops of netting.

    trade   buyer 7, seller 2, instrument 3, quantity q, amount a
    cells   [7 * width + 3]  += (+q, -a)        dense: one row of `cells` for every party and instrument
            [2 * width + 3]  += (-q, +a)        hashed: one row for every pair that occurs

    [7 * width + 3]  legs + 1, bought + q, paid + a         gross: what came in and went out, one by one

Sums are checked, not wrapped: the sign bit of `broken` remembers an addition that left int64. Integer sums do
not depend on the order of the trades, but an intermediate sum does; so the answer "does not fit" may come
for a total that would fit again. Numbers of parties and instruments must be in range; callers check that.

Cost: two rows of 16 bytes are touched per trade, asked for `AHEAD` trades before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined, kernel, wide
from novate.processor import prefetch_row

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

QUANTITY, AMOUNT = 0, 1
BOUGHT, SOLD, PAID, RECEIVED, LEGS = range(5)
GROSS = 5
"""Columns of a gross cell."""
EMPTY = -1
AHEAD = 48
_MIX = 0x1E3779B97F4A7C15
RUN_BITS = 12
NUMBER_BITS = 32
"""A leg's number stands below its cell's in one word."""


@inlined
def _add(cells: Any, at: int, column: int, value: int) -> int:
    """Add to one sum; negative if it left int64. Addition wraps, so the wrong sum is still written."""
    old = wide(cells[at, column])
    new = old + value
    cells[at, column] = new
    return (old ^ new) & (value ^ new)


@inlined
def _add_trade(cells: Any, bought_at: int, sold_at: int, quantity: int, amount: int) -> int:
    """Both legs of one trade; negative if a sum left int64 or a leg has no opposite (-2**63)."""
    broken = (quantity & -quantity) | (amount & -amount)
    broken |= _add(cells, bought_at, QUANTITY, quantity)
    broken |= _add(cells, bought_at, AMOUNT, -amount)
    broken |= _add(cells, sold_at, QUANTITY, -quantity)
    broken |= _add(cells, sold_at, AMOUNT, amount)
    return broken


@entry
def add_dense(
    cells: Int64s,
    width: int,
    buyer: Int32s,
    seller: Int32s,
    instrument: Int32s,
    quantity: Int64s,
    amount: Int64s,
) -> bool:
    """Add T trades to `cells` (parties * width, 2); False if a sum left int64: the cells are void then."""
    broken = wide(0)
    count = len(buyer)
    for i in range(count):
        ahead = min(i + AHEAD, count - 1)
        prefetch_row(cells, wide(buyer[ahead]) * width + wide(instrument[ahead]))
        prefetch_row(cells, wide(seller[ahead]) * width + wide(instrument[ahead]))
        number = wide(instrument[i])
        broken |= _add_trade(
            cells,
            wide(buyer[i]) * width + number,
            wide(seller[i]) * width + number,
            wide(quantity[i]),
            wide(amount[i]),
        )
    return broken >= 0


@kernel
def _slot(keys: Int64s, key: int) -> int:
    """The slot of a key, or the empty one where it belongs; the table is never full."""
    mask = len(keys) - 1
    mixed = key * _MIX
    at = (mixed ^ (mixed >> 32)) & mask
    while True:
        held = wide(keys[at])
        if held == key or held == EMPTY:
            return at
        at = (at + 1) & mask


@kernel
def _claimed(keys: Int64s, used: Int64s, key: int) -> int:
    at = _slot(keys, key)
    if keys[at] == EMPTY:
        keys[at] = key
        used[0] += 1
    return at


@entry
def add_hashed(
    keys: Int64s,
    cells: Int64s,
    used: Int64s,
    first: int,
    width: int,
    buyer: Int32s,
    seller: Int32s,
    instrument: Int32s,
    quantity: Int64s,
    amount: Int64s,
) -> int:
    """Add trades from `first` on to a table of a power of two of slots, at most half of them used.

    `keys` (S,) is EMPTY or party * width + instrument; `cells` (S, 2); `used` (1,) counts. Returns the first
    trade that was not added because the table is half full (T: none), or -1 if a sum left int64.
    """
    broken = wide(0)
    room = len(keys) // 2 - 1
    for i in range(first, len(buyer)):
        if used[0] >= room:
            return i if broken >= 0 else -1
        number = wide(instrument[i])
        bought_at = _claimed(keys, used, wide(buyer[i]) * width + number)
        sold_at = _claimed(keys, used, wide(seller[i]) * width + number)
        broken |= _add_trade(cells, bought_at, sold_at, wide(quantity[i]), wide(amount[i]))
    return len(buyer) if broken >= 0 else -1


@entry
def move_hashed(old_keys: Int64s, old_cells: Int64s, keys: Int64s, cells: Int64s) -> None:
    """Every key and its sums into an empty, larger table."""
    for i in range(len(old_keys)):
        if old_keys[i] != EMPTY:
            at = _slot(keys, wide(old_keys[i]))
            keys[at] = old_keys[i]
            cells[at, QUANTITY] = old_cells[i, QUANTITY]
            cells[at, AMOUNT] = old_cells[i, AMOUNT]


@entry
def nets_of_cells(
    cells: Int64s, width: int, party: Int32s, instrument: Int32s, quantity: Int64s, amount: Int64s
) -> int:
    """The dense cells that are not zero and zero, ascending, into columns with room for all; their number."""
    found = 0
    for row in range(len(cells) // width if width else 0):
        for number in range(width):
            at = row * width + number
            # Written first and counted after: a branch would be guessed wrong for every other cell.
            party[found] = row
            instrument[found] = number
            quantity[found] = cells[at, QUANTITY]
            amount[found] = cells[at, AMOUNT]
            found += 1 if (cells[at, QUANTITY] | cells[at, AMOUNT]) != 0 else 0
    return found


@entry
def add_gross(
    cells: Int64s,
    width: int,
    buyer: Int32s,
    seller: Int32s,
    place: Int32s,
    quantity: Int64s,
    amount: Int64s,
) -> bool:
    """Add both legs of T trades to the gross cells (N, GROSS) party * width + place.

    False if a sum left int64: the cells are void then. Quantities are above zero, and no amount is -2**63."""
    broken = wide(0)
    count = len(buyer)
    for i in range(count):
        ahead = min(i + AHEAD, count - 1)
        prefetch_row(cells, wide(buyer[ahead]) * width + wide(place[ahead]))
        prefetch_row(cells, wide(seller[ahead]) * width + wide(place[ahead]))
        bought_at = wide(buyer[i]) * width + wide(place[i])
        sold_at = wide(seller[i]) * width + wide(place[i])
        pays, gets = max(wide(amount[i]), 0), max(-wide(amount[i]), 0)
        cells[bought_at, LEGS] += 1
        cells[bought_at, BOUGHT] += quantity[i]
        cells[bought_at, PAID] += pays
        cells[bought_at, RECEIVED] += gets
        cells[sold_at, LEGS] += 1
        cells[sold_at, SOLD] += quantity[i]
        cells[sold_at, PAID] += gets
        cells[sold_at, RECEIVED] += pays
        # Every sum only grows, so one that has left int64 is seen with its sign turned over.
        broken |= (
            wide(cells[bought_at, BOUGHT]) | wide(cells[bought_at, PAID]) | wide(cells[bought_at, RECEIVED])
        )
        broken |= wide(cells[sold_at, SOLD]) | wide(cells[sold_at, PAID]) | wide(cells[sold_at, RECEIVED])
    return broken >= 0


@entry
def place_legs(
    free: Int64s, width: int, buyer: Int32s, seller: Int32s, place: Int32s, parted: Int64s, legs: Int32s
) -> None:
    """Legs grouped by cell party * width + place: 2i and 2i + 1 of trade i, each to the next free entry of
    its cell, and in each cell ascending. `free` (N + 1,) is where each cell begins, and the end.

    They are first parted (2T,) by runs of cells, so that those of one run find their places within a
    processor's cache.
    """
    run_free = np.empty(((len(free) - 1) >> RUN_BITS) + 1, np.int64)
    for run in range(len(run_free)):
        run_free[run] = free[run << RUN_BITS]
    for i in range(len(buyer)):
        bought_at = wide(buyer[i]) * width + wide(place[i])
        sold_at = wide(seller[i]) * width + wide(place[i])
        run = bought_at >> RUN_BITS
        parted[run_free[run]] = bought_at << NUMBER_BITS | 2 * i
        run_free[run] += 1
        run = sold_at >> RUN_BITS
        parted[run_free[run]] = sold_at << NUMBER_BITS | (2 * i + 1)
        run_free[run] += 1
    for i in range(len(parted)):
        cell = parted[i] >> NUMBER_BITS
        legs[free[cell]] = parted[i] & ((1 << NUMBER_BITS) - 1)
        free[cell] += 1
