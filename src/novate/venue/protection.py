"""Market-maker protection: too many lots against an account's quotes in too short a time (R46).

    MMP_SET(account 7, window 10, max 50)
    fills of its flagged resting orders:  t=1 20 lots, t=4 25 lots, t=9 10 lots -> 55 >= 50: due
    after the aggressor: MMP_TRIGGERED, every flagged order CANCELLED MMP, new ones refused until MMP_RESET

Entries of one time are one entry, those that left the window are given back, so an account holds at most
`max_quantity` of them. Due accounts of a market are chained in account order.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.balances import find_position, position_row
from novate.venue.cells import (
    ENTRY_FREE,
    ENTRY_TOP,
    EXECUTE,
    NEED,
    NEED_ENTRIES,
    NEED_PROTECTIONS,
    NOW,
    PROTECTION_TOP,
    PUBLISH,
)
from novate.venue.constants import (
    E_MMP_RESET,
    E_MMP_SET,
    E_MMP_TRIGGERED,
    INVALID_QTY,
)
from novate.venue.events import mmp_event, reject
from novate.venue.features import open_features
from novate.venue.layout import Tables

_LONGEST_WINDOW = 1 << 62


@inlined
def _protection_of(s: Tables, market: int, account: int) -> int:
    """Row of an account's protection in a market, 0 if it has none."""
    row = find_position(s, account, market)
    return wide(s.positions["protection"][row]) if s.positions["used"][row] != 0 else 0


@kernel
def is_stopped(s: Tables, market: int, account: int) -> bool:
    """Has protection stopped the account's flagged orders? (R9.3)"""
    return bool(s.protections["stopped"][_protection_of(s, market, account)] != 0)


@kernel
def set_protection(s: Tables, i: int, market: int) -> int:
    """MMP_SET: window and quantity of an account; forgets what it traded, does not lift a stop."""
    account = wide(s.commands["account"][i])
    window = wide(s.commands["price"][i])
    most = wide(s.commands["stop"][i])
    if window < 1 or window > _LONGEST_WINDOW or most < 1:
        reject(s, i, INVALID_QTY)
        return PUBLISH
    if s.header[PROTECTION_TOP] >= len(s.protections):
        s.header[NEED] = NEED_PROTECTIONS
        return EXECUTE
    open_features(s, market)
    position = position_row(s, account, market)
    row = wide(s.positions["protection"][position])
    if row == 0:
        row = wide(s.header[PROTECTION_TOP])
        s.header[PROTECTION_TOP] = row + 1
        s.positions["protection"][position] = row
        s.protections["account"][row] = account
        s.protections["market"][row] = market
    _forget_entries(s, row)
    s.protections["window"][row] = window
    s.protections["max_quantity"][row] = most
    mmp_event(s, E_MMP_SET, market, account, window, most)
    return PUBLISH


@kernel
def reset_protection(s: Tables, i: int, market: int) -> int:
    """MMP_RESET: the account may quote again; forgets what it traded."""
    account = wide(s.commands["account"][i])
    row = _protection_of(s, market, account)
    if row != 0:
        _forget_entries(s, row)
        s.protections["stopped"][row] = 0
    mmp_event(s, E_MMP_RESET, market, account, 0, 0)
    return PUBLISH


@kernel
def _forget_entries(s: Tables, row: int) -> None:
    tail = wide(s.protections["tail"][row])
    if tail != 0:
        s.entries["next"][tail] = s.header[ENTRY_FREE]
        s.header[ENTRY_FREE] = s.protections["head"][row]
    s.protections["head"][row] = 0
    s.protections["tail"][row] = 0
    s.protections["filled"][row] = 0


@inlined
def has_entry_room(s: Tables) -> bool:
    """Room for the entry of one more fill? If not, says so."""
    if s.header[ENTRY_FREE] == 0 and s.header[ENTRY_TOP] >= len(s.entries):
        s.header[NEED] = NEED_ENTRIES
        return False
    return True


@inlined
def has_room_for_two(s: Tables) -> bool:
    """Room for the entries of two fills? If not, says so."""
    if s.header[ENTRY_TOP] + 2 > len(s.entries):
        s.header[NEED] = NEED_ENTRIES
        return False
    return True


@kernel
def count_protected_fill(s: Tables, market: int, account: int, quantity: int) -> None:
    """A flagged resting order traded: is the window's sum reached? The aggressor may go on all the same."""
    row = _protection_of(s, market, account)
    if row == 0:
        return
    now = wide(s.header[NOW])
    _drop_old(s, row, now - wide(s.protections["window"][row]))
    tail = wide(s.protections["tail"][row])
    if tail != 0 and s.entries["time"][tail] == now:
        s.entries["quantity"][tail] += quantity
    else:
        _append_entry(s, row, tail, now, quantity)
    s.protections["filled"][row] += quantity
    if s.protections["filled"][row] >= s.protections["max_quantity"][row] and s.protections["due"][row] == 0:
        s.protections["due"][row] = 1
        _chain_due(s, market, row)


@kernel
def _drop_old(s: Tables, row: int, latest: int) -> None:
    head = wide(s.protections["head"][row])
    while head != 0 and s.entries["time"][head] <= latest:
        after = wide(s.entries["next"][head])
        s.protections["filled"][row] -= s.entries["quantity"][head]
        s.entries["next"][head] = s.header[ENTRY_FREE]
        s.header[ENTRY_FREE] = head
        head = after
    s.protections["head"][row] = head
    if head == 0:
        s.protections["tail"][row] = 0


@kernel
def _append_entry(s: Tables, row: int, tail: int, now: int, quantity: int) -> None:
    entry = wide(s.header[ENTRY_FREE])
    if entry != 0:
        s.header[ENTRY_FREE] = s.entries["next"][entry]
    else:
        entry = wide(s.header[ENTRY_TOP])
        s.header[ENTRY_TOP] = entry + 1
    s.entries["time"][entry] = now
    s.entries["quantity"][entry] = quantity
    s.entries["next"][entry] = 0
    if tail == 0:
        s.protections["head"][row] = entry
    else:
        s.entries["next"][tail] = entry
    s.protections["tail"][row] = entry


@kernel
def _chain_due(s: Tables, market: int, row: int) -> None:
    """Insert into the market's chain of due accounts, lowest account first."""
    features = wide(s.markets["features"][market])
    before = 0
    after = wide(s.features["due"][features])
    while after != 0 and s.protections["account"][after] < s.protections["account"][row]:
        before = after
        after = wide(s.protections["next"][after])
    s.protections["next"][row] = after
    if before == 0:
        s.features["due"][features] = row
    else:
        s.protections["next"][before] = row


@inlined
def is_due(s: Tables, market: int) -> bool:
    """Has any account of a market with features reached its quantity?"""
    return bool(s.features["due"][s.markets["features"][market]] != 0)


@kernel
def take_due(s: Tables, market: int) -> int:
    """The next due account is stopped; says MMP_TRIGGERED and returns its row."""
    features = wide(s.markets["features"][market])
    row = wide(s.features["due"][features])
    s.features["due"][features] = s.protections["next"][row]
    s.protections["next"][row] = 0
    s.protections["due"][row] = 0
    s.protections["stopped"][row] = 1
    mmp_event(s, E_MMP_TRIGGERED, market, wide(s.protections["account"][row]), 0, 0)
    return row
