"""The doors from Python into the compiled ledger: tables by address, one call a request.

Imported only where kernels are compiled; uncompiled, the ledger calls the same kernels as they are.
"""

from __future__ import annotations

from typing import Any

from novate.clearing.ledger.batches import run_transfers
from novate.clearing.ledger.effects import write_row
from novate.clearing.ledger.expiry import expire
from novate.clearing.ledger.index import (
    enter_all_accounts,
    enter_all_ids,
    enter_recalled,
    find_account,
    find_transfer,
    remove_recalled,
)
from novate.clearing.ledger.layout import TABLE_DTYPES
from novate.clearing.ledger.opening import open_accounts
from novate.compiled import entry
from novate.tables import opener

_open = opener(TABLE_DTYPES)
OWN_ADDRESS = 2 * len(TABLE_DTYPES)
"""Cell that holds the address of the list of tables."""


@entry
def enter_transfers(addresses: Any, count: int) -> None:
    """`run_transfers` for Python."""
    run_transfers(_open(addresses.ctypes.data + 8 * OWN_ADDRESS), count)


@entry
def enter_accounts(addresses: Any, count: int) -> None:
    """`open_accounts` for Python."""
    open_accounts(_open(addresses.ctypes.data + 8 * OWN_ADDRESS), count)


@entry
def enter_expiry(addresses: Any) -> int:
    """`expire` for Python."""
    return expire(_open(addresses.ctypes.data + 8 * OWN_ADDRESS))  # type: ignore[no-any-return]


@entry
def enter_row(addresses: Any, account: int, time: int, kind: int) -> None:
    """`write_row` of no transfer for Python."""
    write_row(_open(addresses.ctypes.data + 8 * OWN_ADDRESS), account, 0, time, kind)


@entry
def enter_search(addresses: Any, number: int, of_account: bool) -> int:
    """`find_account` or `find_transfer` for Python."""
    s = _open(addresses.ctypes.data + 8 * OWN_ADDRESS)
    if of_account:
        return find_account(s, number)
    return find_transfer(s, number)


@entry
def enter_index(addresses: Any, of_accounts: bool) -> None:
    """`enter_all_accounts` or `enter_all_ids` for Python."""
    s = _open(addresses.ctypes.data + 8 * OWN_ADDRESS)
    if of_accounts:
        enter_all_accounts(s)
    else:
        enter_all_ids(s)


@entry
def enter_recall(addresses: Any, first: int, end: int, is_over: bool) -> None:
    """`enter_recalled` for Python, or `remove_recalled` when it is over."""
    s = _open(addresses.ctypes.data + 8 * OWN_ADDRESS)
    if is_over:
        remove_recalled(s, first, end)
    else:
        enter_recalled(s, first, end)
