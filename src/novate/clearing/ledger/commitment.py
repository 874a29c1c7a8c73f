"""The root of the ledger: one SHA-256 over everything that its future answers follow from (L33).

name | now, stored transfers, expiries, burned ids | ledgers | accounts by id | pending transfers by seq
"""

from __future__ import annotations

import hashlib

import numpy as np

from novate.clearing.ledger.codes import TransferStatus
from novate.clearing.ledger.layout import (
    ACCOUNTS,
    BURNED,
    EXPIRED,
    NOW,
    RETIRED,
    TRANSFER_REQUEST,
    TRANSFERS,
    Tables,
)
from novate.clearing.ledger.memory import Array

_NAME = b"novate-ledger-1\n"
_OPEN = np.dtype(
    [
        *((name, TRANSFER_REQUEST[name]) for name in TRANSFER_REQUEST.names or ()),
        ("time", "<i8"),
        ("seq", "<i8"),
    ]
)
assert _OPEN.itemsize == 80


def root(s: Tables) -> bytes:
    """32 bytes, the same for any cutting of requests and any layout of the tables."""
    digest = hashlib.sha256(_NAME)
    now, expired, burned = s.header[[NOW, EXPIRED, BURNED]].tolist()
    stored = int(s.header[RETIRED] + s.header[TRANSFERS])
    digest.update(np.array([now, stored, expired, burned], np.int64).tobytes())
    accounts = s.accounts[1 : int(s.header[ACCOUNTS]) + 1]
    for rows in (s.ledgers, accounts[np.argsort(accounts["id"])], open_transfers(s)):
        digest.update(np.int64(len(rows)).tobytes())
        digest.update(rows.tobytes())
    return digest.digest()


def open_transfers(s: Tables) -> Array:
    """Transfers with status pending, ascending seq: the fields of the request, time and seq."""
    transfers = s.transfers[: int(s.header[TRANSFERS]) + 1]
    rows = np.nonzero(transfers["status"] == TransferStatus.PENDING)[0]
    found = np.zeros(len(rows), _OPEN)
    for name in ("id", "amount", "user_ref", "code", "flags"):
        found[name] = transfers[name][rows]
    debits = transfers["debit"][rows]
    found["debit"] = s.accounts["id"][debits]
    found["credit"] = s.accounts["id"][transfers["credit"][rows]]
    found["timeout"] = transfers["other"][rows]
    found["ledger"] = s.accounts["ledger"][debits]
    found["time"] = s.times[transfers["time"][rows]]
    found["seq"] = rows + s.header[RETIRED]
    return found
