"""Rows of orders and extras, and the heap of GTD orders.

    orders: [dummy][A][free][B]...  free rows chained, last freed first taken
    GTD heap in `words`: row of the order that expires first on top, by (expire, order id)  (R21)

An extra holds what only some orders have: stop price, iceberg display and tranche, expiry.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.cells import (
    EXTRA_COUNT,
    EXTRA_FREE,
    EXTRA_TOP,
    FREE,
    GTD_HEAP,
    HEAP_CAPACITY,
    HEAP_LENGTH,
    HEAP_OFFSET,
    INDEXED,
    NEXT_DUE,
    ORDER_COUNT,
    ORDER_FREE,
    ORDER_TOP,
)
from novate.venue.identity import remove_order
from novate.venue.ladder import give_words, take_words
from novate.venue.layout import Tables

_SMALLEST_HEAP = 16


@inlined
def take_order(s: Tables) -> int:
    """A free order row; the batch reserved enough."""
    row = s.header[ORDER_FREE]
    if row != 0:
        s.header[ORDER_FREE] = wide(s.orders["next"][row])
    else:
        row = s.header[ORDER_TOP]
        s.header[ORDER_TOP] = row + 1
    s.header[ORDER_COUNT] += 1
    return wide(row)


@kernel
def take_extra(s: Tables) -> int:
    """A free row of extras, cleared."""
    row = s.header[EXTRA_FREE]
    if row != 0:
        s.header[EXTRA_FREE] = wide(s.extras["next"][row])
    else:
        row = s.header[EXTRA_TOP]
        s.header[EXTRA_TOP] = row + 1
    s.header[EXTRA_COUNT] += 1
    s.extras["stop"][row] = 0
    s.extras["expire"][row] = 0
    s.extras["display"][row] = 0
    s.extras["tranche"][row] = 0
    s.extras["heap"][row] = -1
    s.extras["trail"][row] = 0
    s.extras["anchor"][row] = 0
    s.extras["pair"][row] = 0
    s.extras["trailing_next"][row] = 0
    s.extras["trailing_prev"][row] = 0
    s.extras["attentive_next"][row] = 0
    s.extras["attentive_prev"][row] = 0
    s.extras["peg"][row] = 0
    s.extras["peg_offset"][row] = 0
    s.extras["peg_limit"][row] = 0
    s.extras["discretion"][row] = 0
    return wide(row)


@inlined
def free_order(s: Tables, row: int) -> None:
    """An order is over and out of every queue: forget its name, its expiry and its rows."""
    flags = wide(s.orders["flags"][row])
    if flags & INDEXED != 0:
        remove_order(s, row)
    extra = wide(s.orders["extra"][row])
    if extra != 0:
        _free_extra(s, row, extra, flags)
    s.orders["status"][row] = FREE
    s.orders["next"][row] = s.header[ORDER_FREE]
    s.header[ORDER_FREE] = row
    s.header[ORDER_COUNT] -= 1
    market = wide(s.orders["market"][row])
    s.markets["live"][market] -= 1


@kernel
def _free_extra(s: Tables, row: int, extra: int, flags: int) -> None:
    if flags & GTD_HEAP != 0:
        heap_remove(s, row)
    s.extras["next"][extra] = s.header[EXTRA_FREE]
    s.header[EXTRA_FREE] = extra
    s.header[EXTRA_COUNT] -= 1
    s.orders["extra"][row] = 0


@kernel
def _expires_before(s: Tables, left: int, right: int) -> bool:
    left_time = wide(s.extras["expire"][s.orders["extra"][left]])
    right_time = wide(s.extras["expire"][s.orders["extra"][right]])
    if left_time != right_time:
        return left_time < right_time
    return wide(s.orders["order_id"][left]) < wide(s.orders["order_id"][right])


@inlined
def heap_top(s: Tables) -> int:
    """Order row that expires first, 0 for an empty heap."""
    if s.header[HEAP_LENGTH] == 0:
        return 0
    return wide(s.words[s.header[HEAP_OFFSET]])


@kernel
def heap_push(s: Tables, row: int) -> None:
    """Remember the expiry of a GTD order; room in `words` was reserved."""
    length = s.header[HEAP_LENGTH]
    if length == s.header[HEAP_CAPACITY]:
        _grow_heap(s)
    s.header[HEAP_LENGTH] = length + 1
    s.orders["flags"][row] = wide(s.orders["flags"][row]) | GTD_HEAP
    _heap_place(s, length, row)
    _sift_up(s, length)
    expire = wide(s.extras["expire"][s.orders["extra"][row]])
    s.header[NEXT_DUE] = min(s.header[NEXT_DUE], expire)


@kernel
def heap_remove(s: Tables, row: int) -> None:
    """Forget the expiry of an order."""
    at = wide(s.extras["heap"][s.orders["extra"][row]])
    last = s.header[HEAP_LENGTH] - 1
    s.header[HEAP_LENGTH] = last
    s.extras["heap"][s.orders["extra"][row]] = -1
    s.orders["flags"][row] = wide(s.orders["flags"][row]) & ~GTD_HEAP
    if at == last:
        return
    mover = s.words[s.header[HEAP_OFFSET] + last]
    _heap_place(s, at, mover)
    _sift_up(s, at)
    _sift_down(s, wide(s.extras["heap"][s.orders["extra"][mover]]))


@kernel
def _grow_heap(s: Tables) -> None:
    old_capacity = s.header[HEAP_CAPACITY]
    capacity = max(_SMALLEST_HEAP, old_capacity * 2)
    offset = take_words(s, capacity)
    for i in range(s.header[HEAP_LENGTH]):
        s.words[offset + i] = s.words[s.header[HEAP_OFFSET] + i]
    if old_capacity > 0:
        give_words(s, s.header[HEAP_OFFSET], old_capacity)
    s.header[HEAP_OFFSET] = offset
    s.header[HEAP_CAPACITY] = capacity


@inlined
def _heap_place(s: Tables, at: int, row: int) -> None:
    s.words[s.header[HEAP_OFFSET] + at] = row
    s.extras["heap"][s.orders["extra"][row]] = at


@kernel
def _sift_up(s: Tables, at: int) -> None:
    offset = s.header[HEAP_OFFSET]
    while at > 0:
        parent = (at - 1) >> 1
        upper = s.words[offset + parent]
        lower = s.words[offset + at]
        if not _expires_before(s, lower, upper):
            return
        _heap_place(s, parent, lower)
        _heap_place(s, at, upper)
        at = parent


@kernel
def _sift_down(s: Tables, at: int) -> None:
    offset = s.header[HEAP_OFFSET]
    length = s.header[HEAP_LENGTH]
    while True:
        child = 2 * at + 1
        if child >= length:
            return
        if child + 1 < length and _expires_before(s, s.words[offset + child + 1], s.words[offset + child]):
            child += 1
        lower = s.words[offset + child]
        upper = s.words[offset + at]
        if not _expires_before(s, lower, upper):
            return
        _heap_place(s, at, lower)
        _heap_place(s, child, upper)
        at = child
