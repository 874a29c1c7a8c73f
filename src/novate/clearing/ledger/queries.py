"""What the ledger can be asked: balances, history, stored transfers, the trial balance (L26 to L31)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from novate.clearing.ledger.codes import Answer, HistoryKind, TransferFlag, TransferStatus
from novate.clearing.ledger.constants import ACCOUNT_HISTORY, RESOLVING
from novate.clearing.ledger.layout import ACCOUNTS, RETIRED, Tables
from novate.clearing.ledger.memory import Array

BALANCES = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")


class Balances(NamedTuple):
    """The four balances of an account, minor units (L3)."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int

    @property
    def net(self) -> int:
        """What the account has: posted credits less posted debits."""
        return self.credits_posted - self.debits_posted


NOTHING = Balances(0, 0, 0, 0)


class HistoryRow(NamedTuple):
    """The balances of an account after something that named it (L26)."""

    time: int
    kind: HistoryKind
    transfer_id: int
    """Of the transfer, or of the one that expired; 0 for FOLD."""
    balances: Balances


class StoredTransfer(NamedTuple):
    """A transfer as it was created (L4, L31)."""

    id: int
    debit: int
    credit: int
    amount: int
    pending_id: int
    timeout: int
    user_ref: int
    ledger: int
    code: int
    flags: TransferFlag
    time: int
    seq: int
    status: TransferStatus


class TrialRow(NamedTuple):
    """Sums over the accounts of a ledger; exact, also beyond int64."""

    ledger: int
    sums: Balances


def balances_of(row: Any) -> Balances:
    """The four balances of a record that has them."""
    return Balances(*(int(row[name]) for name in BALANCES))


def history_of(s: Tables, account: int, first: int, last: int) -> list[HistoryRow]:
    """Rows of an account with first <= time <= last, oldest first."""
    found = []
    place = int(s.sides["last"][account])
    while place:
        row = s.history[place]
        if row["time"] < first:
            break
        if row["time"] <= last:
            kind = HistoryKind(int(row["kind"]))
            found.append(HistoryRow(int(row["time"]), kind, int(row["transfer"]), balances_of(row)))
        place = int(row["previous"])
    return found[::-1]


def balances_at(s: Tables, account: int, at: int) -> Balances:
    """Balances of the last row of history with time <= at; zeros if there is none."""
    place = int(s.sides["last"][account])
    while place and s.history["time"][place] > at:
        place = int(s.history["previous"][place])
    return balances_of(s.history[place]) if place else NOTHING


def balance(s: Tables, account: int, at: int | None, now: int) -> Balances | Answer:
    """L27 for a row of accounts, 0 for none."""
    if account == 0:
        return Answer.ACCOUNT_NOT_FOUND
    if at is None:
        return balances_of(s.accounts[account])
    if at > now:
        return Answer.TIME_NOT_REACHED
    if not keeps_history(s, account):
        return Answer.HISTORY_NOT_KEPT
    return balances_at(s, account, at)


def keeps_history(s: Tables, account: int) -> bool:
    """Has the account the flag `history`?"""
    return bool(s.accounts["flags"][account] & ACCOUNT_HISTORY)


def compare(found: Balances, asserted: dict[str, int]) -> tuple[Answer, int | None]:
    """The first asserted field that differs, with the value found (L28)."""
    for name in (*BALANCES, "net"):
        if name in asserted and getattr(found, name) != asserted[name]:
            return Answer[f"DIFFERS_{name.upper()}"], getattr(found, name)
    return Answer.OK, None


def stored_transfer(s: Tables, row: int) -> StoredTransfer:
    """The transfer in a row of memory."""
    record = s.transfers[row]
    flags = int(record["flags"])
    other = int(record["other"])
    resolving = bool(flags & RESOLVING)
    return StoredTransfer(
        id=int(record["id"]),
        debit=int(s.accounts["id"][record["debit"]]),
        credit=int(s.accounts["id"][record["credit"]]),
        amount=int(record["amount"]),
        pending_id=int(s.transfers["id"][other]) if resolving else 0,
        timeout=0 if resolving else other,
        user_ref=int(record["user_ref"]),
        ledger=int(s.accounts["ledger"][record["debit"]]),
        code=int(record["code"]),
        flags=TransferFlag(flags),
        time=int(s.times[record["time"]]),
        seq=row + int(s.header[RETIRED]),
        status=TransferStatus(int(record["status"])),
    )


def archived_transfer(s: Tables, record: Any, resolved: Any, seq: int) -> StoredTransfer:
    """A retired transfer; `resolved` is the row of the one that it resolved, None if it resolved none."""
    other = int(record["other"])
    return StoredTransfer(
        id=int(record["id"]),
        debit=int(s.accounts["id"][record["debit"]]),
        credit=int(s.accounts["id"][record["credit"]]),
        amount=int(record["amount"]),
        pending_id=0 if resolved is None else int(resolved["id"]),
        timeout=other if resolved is None else 0,
        user_ref=int(record["user_ref"]),
        ledger=int(s.accounts["ledger"][record["debit"]]),
        code=int(record["code"]),
        flags=TransferFlag(int(record["flags"])),
        time=int(record["time"]),
        seq=seq,
        status=TransferStatus(int(record["status"])),
    )


def trial(s: Tables) -> list[TrialRow]:
    """Per ledger, ascending, the sums of the four balances over its accounts (L31)."""
    accounts = s.accounts[1 : int(s.header[ACCOUNTS]) + 1]
    places = np.searchsorted(s.ledgers["ledger"], accounts["ledger"])
    columns = [_exact_sums(accounts[name], places, len(s.ledgers)) for name in BALANCES]
    return [
        TrialRow(int(number), Balances(*(column[place] for column in columns)))
        for place, number in enumerate(s.ledgers["ledger"])
    ]


def _exact_sums(values: Array, places: Array, count: int) -> list[int]:
    """Sums by place. The halves of the values are added apart, because a sum may exceed int64."""
    high, low = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(high, places, values >> 32)
    np.add.at(low, places, values & 0xFFFFFFFF)
    return [(int(h) << 32) + int(part) for h, part in zip(high, low, strict=True)]
