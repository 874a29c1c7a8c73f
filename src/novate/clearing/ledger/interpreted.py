"""The doors of `entries` without the compiler: the same kernels over the tables themselves.

Imported only where kernels are not compiled. Hashes wrap as in compiled code, without NumPy's warning.
"""

from __future__ import annotations

import numpy as np

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
from novate.clearing.ledger.layout import Tables
from novate.clearing.ledger.opening import open_accounts
from novate.compiled import wide


def enter_transfers(s: Tables, count: int) -> None:
    """`run_transfers`."""
    with np.errstate(over="ignore"):
        run_transfers(s, count)


def enter_accounts(s: Tables, count: int) -> None:
    """`open_accounts`."""
    with np.errstate(over="ignore"):
        open_accounts(s, count)


def enter_expiry(s: Tables) -> int:
    """`expire`."""
    return expire(s)


def enter_row(s: Tables, account: int, time: int, kind: int) -> None:
    """`write_row` of no transfer."""
    write_row(s, account, 0, time, kind)


def enter_search(s: Tables, number: int, of_account: bool) -> int:
    """`find_account` or `find_transfer`."""
    with np.errstate(over="ignore"):
        return find_account(s, wide(number)) if of_account else find_transfer(s, wide(number))


def enter_index(s: Tables, of_accounts: bool) -> None:
    """`enter_all_accounts` or `enter_all_ids`."""
    with np.errstate(over="ignore"):
        if of_accounts:
            enter_all_accounts(s)
        else:
            enter_all_ids(s)


def enter_recall(s: Tables, first: int, end: int, is_over: bool) -> None:
    """`enter_recalled` or `remove_recalled`."""
    with np.errstate(over="ignore"):
        if is_over:
            remove_recalled(s, first, end)
        else:
            enter_recalled(s, first, end)
