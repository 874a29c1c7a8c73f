"""Damage planted in the tables is found and named (L32)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from novate.clearing.ledger import layout
from novate.clearing.ledger.codes import AccountFlag, TransferFlag, TransferResult
from novate.clearing.ledger.layout import Tables
from novate.clearing.ledger.ledger import Ledger
from novate.domain.machine import BrokenInvariant
from tests.unit.clearing.ledger.books import ledger_with, move

Damage = Callable[[Tables], Any]


def busy_ledger() -> Ledger:
    """Rows: 1 a payment, 2 posted by 3, 4 voided by 5, 6 closes account 1 and is open, 7 has expired."""
    ledger = ledger_with(1, 2, 3, flags=AccountFlag.HISTORY)
    pending, post, void = TransferFlag.PENDING, TransferFlag.POST_PENDING, TransferFlag.VOID_PENDING
    rows: list[dict[str, Any]] = [
        {"id": 1, "debit": 1, "credit": 2, "amount": 100},
        {"id": 2, "debit": 1, "credit": 2, "amount": 50, "flags": pending, "timeout": 9},
        {"id": 3, "pending_id": 2, "amount": 20, "flags": post},
        {"id": 4, "debit": 2, "credit": 3, "amount": 5, "flags": pending},
        {"id": 5, "pending_id": 4, "flags": void},
        {"id": 7, "debit": 2, "credit": 3, "amount": 8, "flags": pending, "timeout": 2},
        {
            "id": 6,
            "debit": 1,
            "credit": 3,
            "amount": 7,
            "timeout": 99,
            "flags": pending | TransferFlag.CLOSING_DEBIT,
        },
        {"id": 8, "debit": 2, "credit": 3, "amount": 9, "flags": pending, "timeout": 98},
        {"id": 9, "debit": 9, "credit": 3, "amount": 9},
    ]
    *created, last = move(ledger, *rows, t=1)
    assert set(created) == {TransferResult.CREATED}
    assert last is TransferResult.DEBIT_ACCOUNT_NOT_FOUND
    ledger.time(3)
    assert ledger.expired.tolist() == [7]
    ledger.validate()
    return ledger


def add(table: str, field: str, row: int, by: int = 1) -> Damage:
    def damage(s: Tables) -> None:
        getattr(s, table)[field][row] += by

    return damage


def put(table: str, row: int, value: int) -> Damage:
    def damage(s: Tables) -> None:
        getattr(s, table)[row] = value

    return damage


def both_sides(s: Tables) -> None:
    s.accounts["debits_posted"][1] += 1
    s.accounts["credits_posted"][2] += 1


def limited(s: Tables) -> None:
    s.accounts["flags"][1] |= int(AccountFlag.DEBITS_MUST_NOT_EXCEED_CREDITS)


def limited_too(s: Tables) -> None:
    s.accounts["flags"][3] |= int(AccountFlag.CREDITS_MUST_NOT_EXCEED_DEBITS)


def opened(s: Tables) -> None:
    s.accounts["flags"][1] ^= int(AccountFlag.CLOSED)


def swapped_heap(s: Tables) -> None:
    s.heap[[0, 1]] = s.heap[[1, 0]]


def shorter_heap(s: Tables) -> None:
    s.header[layout.HEAP] -= 1


def lost_id(s: Tables) -> None:
    s.id_index[s.id_index.nonzero()[0][0]] = 0


def lost_account(s: Tables) -> None:
    s.account_index[s.account_index.nonzero()[0][0]] = 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (add("accounts", "debits_posted", 1), "account 1: expected debits_posted of 120, was 121"),
        (add("accounts", "credits_pending", 3), "account 3: expected credits_pending of 16, was 17"),
        (both_sides, "account 1: expected debits_posted"),
        (add("sides", "folded", 2), "account 2: expected debits_posted of -1, was 0"),
        (add("transfers", "amount", 1), "account 1: expected debits_posted of 121, was 120"),
        (add("transfers", "status", 1), "transfer of seq 1: expected a status exactly if it is of kind P"),
        (add("transfers", "status", 2), "expected as many transfers of status 2 as were resolved so"),
        (add("transfers", "status", 4), "expected as many transfers of status 3 as were resolved so"),
        (put("header", layout.EXPIRED, 0), "expected 1 expiries, was 0"),
        (put("header", layout.NOW, 0), "expected times of creation that grow and do not pass the clock"),
        (put("header", layout.NOW, 99), "expected no open transfer past its expiry"),
        (limited, "account 1: expected debits <= posted credits"),
        (limited_too, "account 3: expected credits <= posted debits"),
        (opened, "transfer 6: expected its debit account closed"),
        (put("header", layout.HISTORY_ROWS, 17), "expected 17 rows of history, each linked once"),
        (add("history", "previous", 3), "rows of history, each linked once"),
        (swapped_heap, "expected a heap by (expiry, seq)"),
        (shorter_heap, "expected every open transfer with a timeout once in the heap"),
        (lost_id, "expected 9 entries of ids, each once, was 8"),
        (lost_account, "expected 3 entries of ids, each once, was 2"),
    ],
)
def test_damage_is_named(damage: Damage, message: str) -> None:
    ledger = busy_ledger()
    damage(ledger.state())
    with pytest.raises(BrokenInvariant) as caught:
        ledger.validate()
    assert message in str(caught.value)


def test_a_history_that_differs_from_its_account_is_named() -> None:
    ledger = busy_ledger()
    s = ledger.state()
    s.history["credits_posted"][s.sides["last"][2]] += 1
    with pytest.raises(BrokenInvariant, match="account 2: expected credits_posted as in its history"):
        ledger.validate()


def test_an_account_that_changed_its_ledger_breaks_conservation() -> None:
    ledger = busy_ledger()
    ledger.open_ledger(2, "EUR", 2)
    ledger.state().accounts["ledger"][2] = 2
    with pytest.raises(BrokenInvariant, match="ledger 1: expected pending debits = pending credits"):
        ledger.validate()
