"""Pending transfers that expire: a heap by (expiry, seq), the first on top (L19, L20).

    heap[0] expiry <= now?  -> off the heap -> still pending? -> released, counted, a row of history
                                            -> resolved meanwhile: nothing

A transfer enters when the chain that created it is complete, so a roll-back never looks at the heap.
"""

from __future__ import annotations

from novate.clearing.ledger.constants import ROW_OF_EXPIRY, STATUS_EXPIRED, STATUS_PENDING
from novate.clearing.ledger.effects import release, write_rows
from novate.clearing.ledger.layout import EXPIRED, EXPIRY_ROOM, HEAP, NOW, Tables
from novate.compiled import inlined, kernel, wide


@inlined
def await_expiry(s: Tables, row: int) -> None:
    """Note when a stored transfer expires, if it is pending and has a timeout."""
    if wide(s.transfers["status"][row]) == STATUS_PENDING:
        if s.transfers["other"][row] != 0:
            push(s, s.times[s.transfers["time"][row]] + s.transfers["other"][row], row)


@inlined
def _before(s: Tables, at: int, expiry: int, row: int) -> bool:
    """Does the entry at this place come before (expiry, row)?"""
    other = s.heap["expiry"][at]
    return bool(other < expiry or (other == expiry and s.heap["row"][at] < row))


@inlined
def _set(s: Tables, at: int, expiry: int, row: int) -> None:
    s.heap["expiry"][at] = expiry
    s.heap["row"][at] = row


@kernel
def push(s: Tables, expiry: int, row: int) -> None:
    """A new entry rises to its place."""
    at = s.header[HEAP]
    s.header[HEAP] = at + 1
    while at > 0:
        parent = (at - 1) >> 1
        if _before(s, parent, expiry, row):
            break
        _set(s, at, s.heap["expiry"][parent], s.heap["row"][parent])
        at = parent
    _set(s, at, expiry, row)


@kernel
def pop(s: Tables) -> None:
    """Take the top off; the last entry sinks to its place."""
    count = s.header[HEAP] - 1
    s.header[HEAP] = count
    expiry, row = s.heap["expiry"][count], s.heap["row"][count]
    at = wide(0)
    while True:
        child = 2 * at + 1
        if child >= count:
            break
        if child + 1 < count and _before(s, child + 1, s.heap["expiry"][child], s.heap["row"][child]):
            child += 1
        if not _before(s, child, expiry, row):
            break
        _set(s, at, s.heap["expiry"][child], s.heap["row"][child])
        at = child
    _set(s, at, expiry, row)


@kernel
def expire(s: Tables) -> int:
    """Phase 2 of a command: at most EXPIRY_ROOM due transfers expire, their ids go to `expired`.

    Returns how many; call again while it is EXPIRY_ROOM.
    """
    count = wide(0)
    while count < EXPIRY_ROOM and s.header[HEAP] > 0:
        expiry, row = s.heap["expiry"][0], s.heap["row"][0]
        if expiry > s.header[NOW]:
            break
        pop(s)
        if wide(s.transfers["status"][row]) == STATUS_PENDING:
            release(s, row, STATUS_EXPIRED)
            s.header[EXPIRED] += 1
            write_rows(s, row, expiry, ROW_OF_EXPIRY)
            s.expired[count] = s.transfers["id"][row]
            count += 1
    return count
