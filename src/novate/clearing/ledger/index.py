"""From an id to its row: open addressing without tombstones, one table for transfers, one for accounts.

    entry = tag (31 bits of the hash) << 32 | burned << 31 | row          0 = empty
    home  = tag & mask; the entry stands there or in the run behind it; a removal moves the run back

A burned id stands in the table of the transfers, so one look answers stored, burned or free (L11, L12).
Clients choose their ids, so the hash mixes in a seed; it changes the layout and nothing that can be seen.
Only the roll-back of a chain, and the end of a request that recalled transfers, remove entries.
"""

from __future__ import annotations

from novate.clearing.ledger.layout import (
    ACCOUNT_MASK,
    ACCOUNTS,
    BURNED,
    ID_MASK,
    SEED,
    TRANSFERS,
    Table,
    Tables,
)
from novate.compiled import inlined, kernel, wide
from novate.tables import prefetch

_MIX = 0x1E3779B97F4A7C15
_MIX_AGAIN = 0x3F58476D1CE4E5B9
_BURNED_BIT = 1 << 31
_ROW = _BURNED_BIT - 1
_AHEAD = 16


@inlined
def tag_of(s: Tables, number: int) -> int:
    """31 bits of a hash of an id; multiplication wraps, compiled and interpreted alike."""
    mixed = (number ^ s.header[SEED]) * _MIX
    mixed = (mixed ^ (mixed >> 29)) * _MIX_AGAIN
    return (mixed >> 32) & 0x7FFFFFFF


@inlined
def find_transfer(s: Tables, number: int) -> int:
    """Row of the stored transfer of that id; 0 if the id is free, -1 if it is burned."""
    tag = tag_of(s, number)
    mask = s.header[ID_MASK]
    at = tag & mask
    while True:
        entry = s.id_index[at]
        if entry == 0:
            return 0
        if entry >> 32 == tag:
            row = entry & _ROW
            if entry & _BURNED_BIT:
                if s.burned[row] == number:
                    return -1
            elif s.transfers["id"][row] == number:
                return wide(row)
        at = (at + 1) & mask


@inlined
def find_account(s: Tables, number: int) -> int:
    """Row of the account of that id, 0 if there is none."""
    tag = tag_of(s, number)
    mask = s.header[ACCOUNT_MASK]
    at = tag & mask
    while True:
        entry = s.account_index[at]
        if entry == 0:
            return 0
        if entry >> 32 == tag:
            if s.accounts["id"][entry & _ROW] == number:
                return wide(entry & _ROW)
        at = (at + 1) & mask


@inlined
def look_ahead(s: Tables, number: int) -> None:
    """Ask for the home of an id that is coming up."""
    prefetch(s.id_index, tag_of(s, number) & s.header[ID_MASK])


@inlined
def _enter(index: Table, mask: int, tag: int, row: int) -> None:
    at = tag & mask
    while index[at] != 0:
        at = (at + 1) & mask
    index[at] = (tag << 32) | row


@inlined
def enter_transfer(s: Tables, number: int, row: int) -> None:
    """Name a stored transfer; the caller knows that the id is free and that there is room."""
    _enter(s.id_index, s.header[ID_MASK], tag_of(s, number), row)


@inlined
def enter_account(s: Tables, number: int, row: int) -> None:
    """Name an account; the caller knows that the id is free and that there is room."""
    _enter(s.account_index, s.header[ACCOUNT_MASK], tag_of(s, number), row)


@kernel
def burn(s: Tables, number: int) -> None:
    """This id will never be used (L12)."""
    row = s.header[BURNED]
    s.burned[row] = number
    s.header[BURNED] = row + 1
    _enter(s.id_index, s.header[ID_MASK], tag_of(s, number), row | _BURNED_BIT)


@kernel
def _remove(index: Table, mask: int, tag: int, row: int) -> None:
    """Take an entry out; entries behind it move back so that no tombstone stays."""
    wanted = (tag << 32) | row
    at = tag & mask
    while index[at] != wanted:
        at = (at + 1) & mask
    hole = at
    while True:
        at = (at + 1) & mask
        entry = index[at]
        if entry == 0:
            break
        home = (entry >> 32) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            index[hole] = entry
            hole = at
    index[hole] = 0


@kernel
def remove_transfer(s: Tables, row: int) -> None:
    """The id of a stored transfer is free again (L23)."""
    _remove(s.id_index, s.header[ID_MASK], tag_of(s, s.transfers["id"][row]), row)


@kernel
def remove_account(s: Tables, row: int) -> None:
    """The id of an account is free again (L21)."""
    _remove(s.account_index, s.header[ACCOUNT_MASK], tag_of(s, s.accounts["id"][row]), row)


@kernel
def enter_recalled(s: Tables, first: int, end: int) -> None:
    """Name the recalled transfers in the rows first..end-1."""
    for row in range(first, end):
        enter_transfer(s, s.transfers["id"][row], row)


@kernel
def remove_recalled(s: Tables, first: int, end: int) -> None:
    """The names of recalled transfers leave the index again."""
    for row in range(first, end):
        remove_transfer(s, wide(row))


@kernel
def enter_all_ids(s: Tables) -> None:
    """Fill an empty index of ids anew: stored transfers and burned ids."""
    last = s.header[TRANSFERS]
    for row in range(1, last + 1):
        # Places are random, so without looking ahead every one is a wait for memory.
        look_ahead(s, s.transfers["id"][min(row + _AHEAD, last)])
        enter_transfer(s, s.transfers["id"][row], row)
    for row in range(s.header[BURNED]):
        _enter(s.id_index, s.header[ID_MASK], tag_of(s, s.burned[row]), row | _BURNED_BIT)


@kernel
def enter_all_accounts(s: Tables) -> None:
    """Fill an empty index of accounts anew."""
    for row in range(1, s.header[ACCOUNTS] + 1):
        enter_account(s, s.accounts["id"][row], row)
