"""Details of the ledger that scenarios do not show: Python's side of it, growth, and arguments."""

from __future__ import annotations

import numpy as np
import pytest

from novate.clearing.ledger import layout
from novate.clearing.ledger.codes import AccountFlag, Answer, LedgerResult, TransferFlag, TransferResult
from novate.clearing.ledger.ledger import Ledger
from novate.clearing.ledger.queries import Balances
from tests.oracle.compare import Shelf
from tests.unit.clearing.ledger.books import ledger_with, move, transfers

CREATED = TransferResult.CREATED
PENDING = TransferFlag.PENDING


def pay(number: int, amount: int = 1, **more: int) -> dict[str, int]:
    return {"id": number, "debit": 1, "credit": 2, "amount": amount, **more}


def test_the_root_of_the_empty_ledger_is_that_of_the_rulebook() -> None:
    assert Ledger().root().hex() == "cede1c3593735dd2c840a83c06968388a7e060c6c39fbb779d51a404f80cadfd"


def test_a_payment_moves_money_and_is_found_again() -> None:
    ledger = ledger_with(1, 2)
    assert move(ledger, pay(5, 30, user_ref=-7), t=9) == [CREATED]
    assert ledger.balance(2) == Balances(0, 0, 0, 30)
    found = ledger.lookup(5)
    assert not isinstance(found, Answer)
    assert (found.amount, found.user_ref, found.time, found.seq, found.timeout) == (30, -7, 9, 1, 0)
    assert ledger.lookup(6) is Answer.TRANSFER_NOT_FOUND


def test_a_request_above_max_batch_moves_only_the_clock() -> None:
    ledger = ledger_with(1, 2, max_batch=2)
    assert ledger.transfers(transfers(pay(1), pay(2), pay(3)), t=4) is Answer.BATCH_TOO_LARGE
    assert (ledger.now, ledger.stored) == (4, 0)


@pytest.mark.parametrize("t", [-1, 2**63])
def test_a_time_that_cannot_be_is_an_error_and_changes_nothing(t: int) -> None:
    ledger = ledger_with(1, 2)
    before = ledger.root()
    with pytest.raises(ValueError, match="Expected a time from 0"):
        ledger.transfers(transfers(pay(1)), t)
    assert ledger.root() == before


def test_records_of_another_shape_are_an_error() -> None:
    ledger = ledger_with(1, 2)
    for wrong in (
        transfers(*(pay(n) for n in range(4)))[::2],
        np.zeros(3, np.int64),
        transfers(pay(1)).reshape(1, 1),
    ):
        with pytest.raises(ValueError, match="Expected a contiguous column of records of 64 bytes"):
            ledger.transfers(wrong)
    with pytest.raises(ValueError, match="Expected a contiguous column of records of 24 bytes"):
        ledger.accounts(transfers(pay(1)))


def test_a_ledger_number_beyond_32_bits_and_an_empty_max_batch_are_errors() -> None:
    with pytest.raises(ValueError, match="Expected a ledger from 0"):
        Ledger().open_ledger(2**32, "USD", 2)
    with pytest.raises(ValueError, match="Expected a max_batch of at least 1, was 0"):
        Ledger(max_batch=0)


def test_ledgers_registered_in_any_order_are_listed_ascending() -> None:
    ledger = Ledger()
    for number, asset in ((7, "EUR"), (2, "USD"), (5, "BTC")):
        assert ledger.open_ledger(number, asset, 2) is LedgerResult.CREATED
    assert [row.ledger for row in ledger.trial()] == [2, 5, 7]
    assert ledger.open_ledger(5, "BTC", 2) is LedgerResult.EXISTS


def test_sums_beyond_int64_are_exact() -> None:
    ledger = ledger_with(1, 2, 3)
    most = 2**63 - 1
    rows = [
        {"id": 1, "debit": 1, "credit": 2, "amount": most},
        {"id": 2, "debit": 2, "credit": 3, "amount": most},
    ]
    assert move(ledger, *rows) == [CREATED, CREATED]
    (row,) = ledger.trial()
    assert row.sums == Balances(0, 2 * most, 0, 2 * most)
    ledger.validate()


def test_folds_let_turnover_pass_int64() -> None:
    ledger = ledger_with(1, 2, flags=AccountFlag.HISTORY)
    most = 2**63 - 1
    for number in range(1, 7, 2):
        assert move(ledger, pay(number, most)) == [CREATED]
        assert move(ledger, {"id": number + 1, "debit": 2, "credit": 1, "amount": most}) == [CREATED]
        assert (ledger.fold(1), ledger.fold(2)) == (most, most)
        ledger.validate()
    assert ledger.balance(1) == Balances(0, 0, 0, 0)
    assert ledger.fold(1) == 0
    assert ledger.fold(9) is Answer.ACCOUNT_NOT_FOUND
    rows = ledger.history(1)
    assert not isinstance(rows, Answer)
    assert [row.kind.name for row in rows] == ["TRANSFER", "TRANSFER", "FOLD"] * 3


def test_an_assertion_of_an_unknown_balance_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"was \['nett'\]"):
        ledger_with(1).assert_balances(1, {"nett": 0})


def test_more_transfers_than_one_call_can_expire_expire_together() -> None:
    count = layout.EXPIRY_ROOM + 10
    ledger = ledger_with(1, 2, flags=AccountFlag.HISTORY)
    rows = [pay(number, timeout=1 + number % 2, flags=PENDING) for number in range(1, count + 1)]
    assert move(ledger, *rows) == [CREATED] * count
    ledger.time(5)
    # By expiry, then by seq: first the even numbers, which have the shorter timeout.
    assert ledger.expired.tolist() == [*range(2, count + 1, 2), *range(1, count + 1, 2)]
    assert ledger.balance(1) == Balances(0, 0, 0, 0)
    found = ledger.history(1, first=2)
    assert not isinstance(found, Answer)
    assert [row.time for row in found[: count // 2]] == [2 - 1 + 1] * (count // 2)
    ledger.validate()


def test_the_heap_forgets_what_was_resolved() -> None:
    ledger = ledger_with(1, 2, max_batch=100)
    for number in range(1, 2001, 2):
        assert move(ledger, pay(number, timeout=10**6, flags=PENDING)) == [CREATED]
        resolution = {"id": number + 1, "pending_id": number, "flags": TransferFlag.VOID_PENDING}
        assert move(ledger, resolution) == [CREATED]
    assert len(ledger.state().heap) <= 256
    ledger.validate()


def test_a_plain_transfer_costs_its_record_and_a_place_of_the_index() -> None:
    ledger = ledger_with(1, 2)
    before = ledger.memory_bytes()
    count = 16_384 * 3 // 4
    for first in range(1, count + 1, 4096):
        rows = [pay(number) for number in range(first, first + 4096)]
        assert set(move(ledger, *rows, t=first)) == {CREATED}
    per_transfer = (ledger.memory_bytes() - before) / count
    assert layout.TRANSFER.itemsize == 48
    assert 48 + 8 < per_transfer < 48 + 8 * 8 / 3


def test_ids_that_collide_are_told_apart_after_a_chain_was_undone() -> None:
    ledger = ledger_with(1, 2)
    linked = TransferFlag.LINKED
    kept = list(range(1, 400, 2))
    for number in kept:
        doomed = [pay(number + 1, flags=linked), pay(10_000 + number, flags=linked), pay(5, amount=-1)]
        assert CREATED not in move(ledger, *doomed)
        assert move(ledger, pay(number)) == [CREATED]
    for number in kept:
        assert move(ledger, pay(number)) == [TransferResult.EXISTS]
        assert ledger.lookup(number + 1) is Answer.TRANSFER_NOT_FOUND
    ledger.validate()


def test_a_snapshot_of_another_shape_is_refused_and_nothing_changes() -> None:
    ledger = ledger_with(1, 2)
    move(ledger, pay(1))
    shelf = Shelf()
    ledger.snapshot(shelf)
    before = ledger.root()
    for name in ("clock", "accounts", "sides"):
        good = shelf.arrays[name]
        shelf.arrays[name] = good[:-1] if name != "accounts" else good.view(np.uint8)
        with pytest.raises(ValueError, match="Expected"):
            ledger.restore(shelf)
        shelf.arrays[name] = good
        assert ledger.root() == before


def test_the_seed_of_the_hash_changes_no_answer() -> None:
    one, other = ledger_with(1, 2), ledger_with(1, 2, hash_seed=0x5EED)
    rows = [pay(number) for number in (1, 2, 3, 2)]
    assert move(one, *rows) == move(other, *rows)
    assert one.root() == other.root()
    assert not np.array_equal(one.state().id_index, other.state().id_index)
