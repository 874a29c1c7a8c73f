"""The ledger's memory: every piece of state is a row of one of these tables.

    id --id_index--> row of transfers              or   row of burned (the id will never be used, L12)
                        |  debit, credit                         |  other
                        v                                        v
    id --account_index--> row of accounts  <----   pending: its timeout     resolving: row of the pending one
                        |
                        |  sides[row].last
                        v
                      history, linked backwards: the account's rows, newest first           (L26)

    heap: (expiry, row) of pending transfers with a timeout, the first to expire on top; an entry whose
          transfer was resolved meanwhile stays until it comes to the top                    (L20)

What a transfer costs: 48 bytes, and 8 bytes a place of an index that is between three eighths and three
quarters full, so 59 to 70 bytes; nothing of the request is kept twice. A repetition must be compared field
by field for ever (L11), so every field of the request is here or follows: the ledger from the account, seq
from the row, the time from a list of distinct times (8 bytes for each). A pending transfer with a timeout
costs 16 bytes more until it has expired; a row of history 64 bytes; a burned id 8 bytes and its place.
An account costs 64 bytes as it enters the root (L33), 32 beside it, and its place of the index.

Every field can be asked for, for ever: LOOKUP answers all of them, and a repetition must be told by the first
field that differs, so a digest would not do. But the oldest transfers may be retired to an archive
(`retirement`); seq = row + header[RETIRED]. Who names one of them again has it recalled for his request.

Row 0 of transfers, accounts and history stands for "none". Rows are numbered in 31 bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

TRANSFER_REQUEST = np.dtype(
    [
        ("id", "<i8"),
        ("debit", "<i8"),
        ("credit", "<i8"),
        ("amount", "<i8"),
        ("pending_id", "<i8"),
        ("timeout", "<i8"),
        ("user_ref", "<i8"),
        ("ledger", "<u4"),
        ("code", "<u2"),
        ("flags", "<u2"),
    ]
)
"""L4; amounts in minor units, timeout in journal units."""
assert TRANSFER_REQUEST.itemsize == 64

ACCOUNT_REQUEST = np.dtype(
    [("id", "<i8"), ("user_ref", "<i8"), ("ledger", "<u4"), ("code", "<u2"), ("flags", "<u2")]
)
assert ACCOUNT_REQUEST.itemsize == 24

RESULT = np.dtype([("code", "u1")])

ACCOUNT = np.dtype(
    [
        ("id", "<i8"),
        ("debits_pending", "<i8"),
        ("debits_posted", "<i8"),
        ("credits_pending", "<i8"),
        ("credits_posted", "<i8"),
        ("user_ref", "<i8"),
        ("ledger", "<u4"),
        ("code", "<u2"),
        ("flags", "<u2"),
        ("time", "<i8"),
    ]
)
"""Exactly the bytes that an account contributes to the root (L33)."""
assert ACCOUNT.itemsize == 64

SIDE = np.dtype([("last", "<i8"), ("folded", "<i8"), ("retired_debits", "<i8"), ("retired_credits", "<i8")])
"""Newest row of history, 0 for none; modulo 2^64 the sum of all folds (L29), and of what retired transfers
posted."""

TRANSFER = np.dtype(
    [
        ("id", "<i8"),
        ("amount", "<i8"),  # after balancing
        ("user_ref", "<i8"),
        ("other", "<i8"),  # timeout of a pending transfer, row of the pending one of a resolving transfer
        ("debit", "<u4"),  # row of the account, like credit
        ("credit", "<u4"),
        ("time", "<u4"),  # place in `times`
        ("code", "<u2"),
        ("flags", "u1"),
        ("status", "u1"),
    ]
)
assert TRANSFER.itemsize == 48

HEAP_ENTRY = np.dtype([("expiry", "<i8"), ("row", "<i8")])

HISTORY = np.dtype(
    [
        ("time", "<i8"),
        ("debits_pending", "<i8"),
        ("debits_posted", "<i8"),
        ("credits_pending", "<i8"),
        ("credits_posted", "<i8"),
        ("transfer", "<i8"),  # id, 0 for FOLD
        ("previous", "<u4"),  # row of the account's history before this one
        ("account", "<u4"),
        ("kind", "<i8"),
    ]
)
assert HISTORY.itemsize == 64

ARCHIVED = np.dtype(
    [
        ("id", "<i8"),
        ("amount", "<i8"),
        ("user_ref", "<i8"),
        ("other", "<i8"),  # as in TRANSFER, with the seq of a pending one in place of its row
        ("time", "<i8"),
        ("debit", "<u4"),  # row of the account, like credit
        ("credit", "<u4"),
        ("code", "<u2"),
        ("flags", "u1"),
        ("status", "u1"),
        ("zero", "<u4"),
    ]
)
"""A retired transfer; its seq is its place in the archive, counted from 1."""
assert ARCHIVED.itemsize == 56

ASSET_BYTES = 24
LEDGER = np.dtype([("ledger", "<u4"), ("scale", "<u4"), ("asset", f"S{ASSET_BYTES}")])
"""Ascending by ledger; exactly the bytes that a ledger contributes to the root (L33)."""

NUMBERS = np.dtype(np.int64)

# Cells of the header.
NOW = 0
TRANSFERS = 1  # stored transfers that are not retired, so the last row in use
EXPIRED = 2  # expiries so far
BURNED = 3
ACCOUNTS = 4
HISTORY_ROWS = 5
TIMES = 6
HEAP = 7
ID_MASK = 8
ACCOUNT_MASK = 9
SEED = 10
RETIRED = 11  # transfers in the archive: the first so many
RETIRED_EXPIRED = 12  # of them, those of status expired
LARGEST = 13  # id of them, 0 for none
HEADER_CELLS = 16

EXPIRY_ROOM = 4096
"""Transfers that expire in one call of the kernel, at most."""

Table = Any
"""A NumPy array of one of the types above. NumPy's annotations know no fields, so the checker sees Any here;
Numba types every kernel exactly and refuses what does not fit."""


class Tables(NamedTuple):
    """All state, the requests and the room for results, as kernels see them."""

    header: Table
    ledgers: Table
    accounts: Table
    sides: Table
    account_index: Table
    transfers: Table
    times: Table
    burned: Table
    id_index: Table
    heap: Table
    history: Table
    expired: Table
    requests: Table
    account_requests: Table
    results: Table


TABLE_DTYPES: dict[str, np.dtype[Any]] = {
    "header": NUMBERS,
    "ledgers": LEDGER,
    "accounts": ACCOUNT,
    "sides": SIDE,
    "account_index": NUMBERS,
    "transfers": TRANSFER,
    "times": NUMBERS,
    "burned": NUMBERS,
    "id_index": NUMBERS,
    "heap": HEAP_ENTRY,
    "history": HISTORY,
    "expired": NUMBERS,
    "requests": TRANSFER_REQUEST,
    "account_requests": ACCOUNT_REQUEST,
    "results": RESULT,
}
"""The last three belong to one call and to no snapshot."""
