"""What is refused so that 64 bits can bear it: the last number that goes, the first that does not (C53)."""

from __future__ import annotations

from typing import Any

import pytest

from novate.app.conform_clearing import ClearingPlayer
from novate.clearing.load import CAPACITY
from tests.unit.clearing.houses import TRADE, Kept, player

Json = dict[str, Any]
MOST = 2**62 - 1
CASH: Json = {"cmd": "DEPOSIT", "member": "C", "account": "HOUS", "ccy": "USD"}
SECURITIES: Json = {"cmd": "DEPOSIT", "member": "C", "account": "HOUS", "isin": "ACME"}
CANCEL: Json = {"cmd": "CANCEL_TRADE", "source": "V", "trade_id": "t1", "version": 2}
OVERFLOW = "AMOUNT_OVERFLOW"


def big_player(**config: Any) -> ClearingPlayer:
    """A house of the largest limits, which knows the source V."""
    house = player(max_qty=MOST, max_amount=MOST, **config)
    house.answer({**TRADE, "qty": 0})
    return house


def reason_of(house: ClearingPlayer, command: Json) -> str:
    """Why a command is refused; its first event if it is not."""
    root = house.house.state_root()
    (event, *_) = house.answer(command)
    house.house.validate()
    if event["ev"] == "REJECTED":
        assert house.house.state_root() == root, "a refusal changes nothing"
        return str(event["reason"])
    return str(event["ev"])


@pytest.mark.parametrize(("command", "field"), [(CASH, "amount"), (SECURITIES, "qty")])
def test_no_more_comes_in_than_the_world_can_owe(command: Json, field: str) -> None:
    house = big_player()
    assert reason_of(house, {**command, field: CAPACITY + 1}) == OVERFLOW
    assert reason_of(house, {**command, field: CAPACITY}) == "BALANCE"
    assert reason_of(house, {**command, field: 1}) == OVERFLOW
    assert reason_of(house, {**command, field: 1, "cmd": "WITHDRAW"}) == "BALANCE"
    assert reason_of(house, {**command, field: 1}) == "BALANCE"


def test_the_ccp_cannot_pay_out_without_end() -> None:
    """Its cash has no limit, but each unit counts twice: with the CCP and outside."""
    house = big_player()
    withdrawal = {"cmd": "WITHDRAW", "member": "CCP", "account": "OWN", "ccy": "USD"}
    assert reason_of(house, {**withdrawal, "amount": CAPACITY // 2}) == "BALANCE"
    assert reason_of(house, {**withdrawal, "amount": 1}) == OVERFLOW
    assert reason_of(house, {**withdrawal, "cmd": "DEPOSIT", "amount": 1}) == "BALANCE"


def test_trades_are_refused_when_both_legs_do_not_fit() -> None:
    house = big_player()
    trade = {**TRADE, "price": "0.01"}
    assert reason_of(house, {**trade, "qty": CAPACITY // 2 + 1}) == OVERFLOW
    assert reason_of(house, {**trade, "qty": CAPACITY // 2}) == "ACCEPTED"
    assert reason_of(house, {**trade, "trade_id": "t2", "qty": 1}) == OVERFLOW
    assert (
        reason_of(house, {"cmd": "CANCEL_TRADE", "source": "V", "trade_id": "t1", "version": 2})
        == "CANCELLED"
    )
    assert reason_of(house, {**trade, "trade_id": "t2", "qty": 1}) == "ACCEPTED"


def test_a_reversal_needs_room_too() -> None:
    house = big_player()
    house.answer({**TRADE, "price": "0.01", "qty": CAPACITY // 4 + 1})
    assert reason_of(house, {"cmd": "ROLL", "to": "2026-03-03"}) == "DAY_CLOSED"
    assert reason_of(house, CANCEL) == OVERFLOW


def test_a_mark_that_no_roll_could_bear_waits_for_a_better_one() -> None:
    house = big_player()
    mark: Json = {"cmd": "MARK", "isin": "ACME", "price": "1000"}
    assert reason_of(house, mark) == "MARK_SET"
    house.answer({**TRADE, "qty": 10**12, "price": "0.01"})
    house.answer({"cmd": "ROLL", "to": "2026-03-03"})
    assert reason_of(house, {"cmd": "ROLL", "to": "2026-03-04"}) == "FAILED"
    house.answer({**TRADE, "trade_id": "t2", "trade_date": "2026-03-04", "qty": 2 * 10**13, "price": "0.01"})
    assert reason_of(house, {"cmd": "ROLL", "to": "2026-03-05"}) == "FAILED"
    assert reason_of(house, {"cmd": "ROLL", "to": "2026-03-06"}) == OVERFLOW
    assert reason_of(house, mark) == OVERFLOW
    assert reason_of(house, {**mark, "price": "1"}) == "MARK_SET"
    assert reason_of(house, {"cmd": "ROLL", "to": "2026-03-06"}) == "FAILED"


def test_events_that_no_roll_could_bear_are_not_announced() -> None:
    house = big_player()
    house.answer({**TRADE, "qty": 10**12, "price": "0.01"})
    dividend: Json = {
        "cmd": "DIVIDEND", "ca_id": "d", "isin": "ACME", "ex_date": "2026-03-03", "record_date": "2026-03-03",
        "pay_date": "2026-03-04",
    }  # fmt: skip
    split: Json = {"cmd": "SPLIT", "ca_id": "s", "isin": "GROS", "ex_date": "2026-03-04", "new": 1, "old": 2}
    assert reason_of(house, {**dividend, "rate": "20000"}) == OVERFLOW
    assert reason_of(house, {**dividend, "rate": "200"}) == "EVENT_SET"
    assert reason_of(house, {**split, "cash_price": "1" + "0" * 17}) == "INVALID_PRICE"
    assert reason_of(house, {**split, "cash_price": "1" + "0" * 16}) == OVERFLOW
    assert reason_of(house, {**split, "cash_price": "1" + "0" * 15}) == "EVENT_SET"


def test_a_split_does_not_make_more_securities_than_can_be_held() -> None:
    house = player(max_qty=CAPACITY // 4)
    for _ in range(4):
        house.answer({**SECURITIES, "qty": CAPACITY // 4})
    split: Json = {"cmd": "SPLIT", "ca_id": "s", "isin": "ACME", "ex_date": "2026-03-03", "new": 2, "old": 1}
    assert reason_of(house, split) == "EVENT_SET"
    assert reason_of(house, {"cmd": "ROLL", "to": "2026-03-03"}) == OVERFLOW
    house.answer({**SECURITIES, "qty": CAPACITY // 4, "cmd": "WITHDRAW"})
    house.answer({**SECURITIES, "qty": CAPACITY // 4, "cmd": "WITHDRAW"})
    assert reason_of(house, {"cmd": "ROLL", "to": "2026-03-03"}) == "DAY_CLOSED"


def test_counters_are_folded_before_they_are_full() -> None:
    """Money that comes and goes a hundred times: balances stay, and a restored house goes on alike."""
    house, other, kept = big_player(), big_player(), Kept()
    for number in range(100):
        kind = "WITHDRAW" if number % 2 else "DEPOSIT"
        assert reason_of(house, {**CASH, "cmd": kind, "amount": CAPACITY - number}) == "BALANCE"
        if number == 60:
            house.house.snapshot(kept)
            other.house.restore(kept)
        if number > 60:
            other.answer({**CASH, "cmd": kind, "amount": CAPACITY - number})
    assert (house.house.ledger.state().sides["folded"] != 0).any()
    assert other.house.state_root() == house.house.state_root()
