"""A small ledger for unit tests: dollars, a few accounts, transfers written in one line."""

from __future__ import annotations

from typing import Any

import numpy as np

from novate.clearing.ledger.codes import AccountFlag, TransferFlag, TransferResult
from novate.clearing.ledger.layout import ACCOUNT_REQUEST, TRANSFER_REQUEST
from novate.clearing.ledger.ledger import Ledger

USD = 1


def ledger_with(*accounts: int, flags: AccountFlag | int = 0, **options: int) -> Ledger:
    """Dollars and these accounts, all with the same flags."""
    ledger = Ledger(**options)
    ledger.open_ledger(USD, "USD", 2)
    requests = np.zeros(len(accounts), ACCOUNT_REQUEST)
    requests["id"] = accounts
    requests["ledger"] = USD
    requests["code"] = 1
    requests["flags"] = int(flags)
    codes = ledger.accounts(requests)
    assert not np.any(codes)
    return ledger


def transfers(*rows: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Requests; what a row leaves out is ledger 1, code 1 and zeros."""
    requests = np.zeros(len(rows), TRANSFER_REQUEST)
    for number, row in enumerate(rows):
        resolves = int(row.get("flags", 0)) & (TransferFlag.POST_PENDING | TransferFlag.VOID_PENDING)
        given = ({} if resolves else {"ledger": USD, "code": 1}) | row
        for name, value in given.items():
            requests[name][number] = int(value)
    return requests


def move(ledger: Ledger, *rows: dict[str, Any], t: int | None = None) -> list[TransferResult]:
    """Results of one request."""
    codes = ledger.transfers(transfers(*rows), t)
    assert isinstance(codes, np.ndarray)
    return [TransferResult(code) for code in codes.tolist()]
