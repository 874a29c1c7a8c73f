"""From (market, account, client order id) to the order's row: open addressing without tombstones.

    entry = tag (31 bits of the hash) << 32 | order row        0 = empty
    home  = tag & mask; the entry stands there or in the run behind it; a deletion shifts the run back

Clients choose their ids, so the hash mixes in a secret seed; the seed changes the table's layout and nothing
that can be seen. The table grows between batches: before it is three quarters full, to at most half full.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import inlined, kernel, wide
from novate.venue.cells import INDEX_COUNT, INDEX_MASK, INDEX_SEED
from novate.venue.layout import Tables

_MIX_ID = 0x1E3779B97F4A7C15
_MIX_OWNER = 0x3F58476D1CE4E5B9


@inlined
def tag_of(s: Tables, market: int, account: int, client_order_id: int) -> int:
    """31 bits of a hash of the order's name; multiplication wraps, compiled and interpreted alike."""
    mixed = (client_order_id ^ s.header[INDEX_SEED]) * _MIX_ID
    mixed = (mixed ^ (mixed >> 29)) + ((market << 32) | account) * _MIX_OWNER
    mixed = (mixed ^ (mixed >> 32)) * _MIX_ID
    return (mixed >> 32) & 0x7FFFFFFF


@inlined
def find_place(s: Tables, tag: int, market: int, account: int, client_order_id: int) -> int:
    """Place of the entry of that live order, -1 if there is none."""
    mask = s.header[INDEX_MASK]
    at = tag & mask
    while True:
        entry = s.index[at]
        if entry == 0:
            return -1
        if entry >> 32 == tag:
            row = entry & 0xFFFFFFFF
            if (
                s.orders["client_order_id"][row] == client_order_id
                and s.orders["account"][row] == account
                and s.orders["market"][row] == market
            ):
                return at
        at = (at + 1) & mask


@inlined
def find_order(s: Tables, market: int, account: int, client_order_id: int) -> int:
    """Row of the live order of that name, 0 if there is none."""
    at = find_place(s, tag_of(s, market, account, client_order_id), market, account, client_order_id)
    return wide(s.index[at] & 0xFFFFFFFF) if at >= 0 else 0


@inlined
def insert_entry(s: Tables, tag: int, row: int) -> None:
    """Name a live order at the first empty place from its home on; the caller knows that the name is free."""
    mask = s.header[INDEX_MASK]
    at = tag & mask
    while s.index[at] != 0:
        at = (at + 1) & mask
    s.index[at] = (tag << 32) | row
    s.header[INDEX_COUNT] += 1


@kernel
def remove_order(s: Tables, row: int) -> None:
    """Forget the name of an order."""
    tag = tag_of(
        s,
        wide(s.orders["market"][row]),
        wide(s.orders["account"][row]),
        s.orders["client_order_id"][row],
    )
    mask = s.header[INDEX_MASK]
    at = tag & mask
    wanted = (tag << 32) | row
    while s.index[at] != wanted:
        at = (at + 1) & mask
    remove_entry(s, at)


@inlined
def remove_entry(s: Tables, hole: int) -> None:
    """Empty a place; entries behind it move back so that no tombstone stays."""
    mask = s.header[INDEX_MASK]
    at = hole
    while True:
        at = (at + 1) & mask
        entry = s.index[at]
        if entry == 0:
            break
        home = (entry >> 32) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            s.index[hole] = entry
            hole = at
    s.index[hole] = 0
    s.header[INDEX_COUNT] -= 1


def tag_of_many(
    client_order_ids: npt.NDArray[np.int64], owners: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int64]:
    """`tag_of` for columns; owner = market << 32 | account."""
    mixed = (client_order_ids ^ seed) * _MIX_ID
    mixed = (mixed ^ (mixed >> 29)) + owners * _MIX_OWNER
    mixed = (mixed ^ (mixed >> 32)) * _MIX_ID
    return (mixed >> 32) & 0x7FFFFFFF
