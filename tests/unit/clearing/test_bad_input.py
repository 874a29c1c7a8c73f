"""What is wrong gets its named reason, leaves no trace, and the next command works.

Each case is a house with a past, one command that it must refuse, and another one that it then takes.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from novate.app.conform_clearing import ClearingPlayer
from novate.domain.codes import ClearingReject
from tests.unit.clearing.houses import TRADE, Json, player

START = "2026-03-02"
NEXT = "2026-03-03"
HOLIDAY = "2026-03-04"
HOUSE: Json = {
    "calendars": {
        "MARKET": {"holidays": ["2026-02-27"]},
        "BANK": {"holidays": [HOLIDAY]},
        "FRIDAY_OFF": {"holidays": ["2026-03-06"]},
    },
    "currencies": {"USD": {"digits": 2, "calendar": "BANK"}, "JPY": {"digits": 0}},
    "house": "BANK",
    "instruments": {
        "ACME": {"ccy": "USD", "calendar": "MARKET"},
        "GROS": {"ccy": "USD", "policy": "GROSS_GROSS"},
    },
    "buyin_days": 1,
}
CANCEL: Json = {"cmd": "CANCEL_TRADE", "source": "V", "trade_id": "t1", "version": 2}
ROLL: Json = {"cmd": "ROLL", "to": NEXT}
SETTLE: Json = {"cmd": "SETTLE"}
LATER: Json = {"cmd": "ROLL", "to": "2026-03-05"}
FRIDAY: Json = {"cmd": "ROLL", "to": "2026-03-06"}
MONDAY: Json = {"cmd": "ROLL", "to": "2026-03-09"}
OTHER: Json = {**TRADE, "trade_id": "t2"}
PARTY: Json = {"member": "B", "account": "HOUS"}
MONEY: Json = {"cmd": "DEPOSIT", **PARTY, "ccy": "USD", "amount": 100_000}
SHARES: Json = {"cmd": "DEPOSIT", "member": "A", "account": "HOUS", "isin": "ACME", "qty": 100}
PARTS = [{"account": "CLIE", "qty": 2}, {"account": "HOUS", "qty": 3}]
ALLOCATE: Json = {"cmd": "ALLOCATE", "source": "V", "trade_id": "t1", "side": "S", "parts": PARTS}
GIVE_UP: Json = {"cmd": "GIVE_UP", "source": "V", "trade_id": "t1", "side": "B", "to": ["C", "HOUS"]}
TAKE_UP: Json = {"cmd": "TAKE_UP", "giveup": 1, "accept": True}
TRANSFER: Json = {
    "cmd": "TRANSFER", "from": ["B", "HOUS"], "to": ["C", "HOUS"], "isin": "ACME", "qty": 5,
    "settle_date": NEXT,
}  # fmt: skip
BATCH: Json = {
    "cmd": "BATCH", "source": "V", "count": 1, "qty_total": 5,
    "trades": [{name: value for name, value in TRADE.items() if name not in ("cmd", "source")}],
}  # fmt: skip
INTENT: Json = {"cmd": "BUYIN_INTENT", **PARTY, "isin": "ACME", "qty": 5}
EXECUTE: Json = {"cmd": "BUYIN_EXECUTE", "intent": 1, "qty": 5, "price": "11"}
DIVIDEND: Json = {
    "cmd": "DIVIDEND", "ca_id": "d", "isin": "ACME", "rate": "0.25", "ex_date": NEXT, "record_date": NEXT,
    "pay_date": "2026-03-05",
}  # fmt: skip
SPLIT: Json = {"cmd": "SPLIT", "ca_id": "s", "isin": "ACME", "ex_date": NEXT, "new": 2, "old": 1}
EXEMPT: Json = {"cmd": "EXEMPT", **PARTY, "isin": "ACME", "qty": 5}
PRIORITY: Json = {"cmd": "PRIORITY", **PARTY, "isin": "ACME", "group": 10}
MARK: Json = {"cmd": "MARK", "isin": "ACME", "price": "11"}
CASH_CLOSE: Json = {"cmd": "CASH_CLOSE", "intent": 1, "price": "11"}
SETTLED = (MONEY, SHARES, TRADE, ROLL, SETTLE)
FAILED = (TRADE, ROLL, SETTLE, LATER)
"""A owes five shares since a settlement day, so they may be bought in; B could not pay for them."""


class Case(NamedTuple):
    """A command that must be refused, one that must then be taken, and what was before both."""

    reason: str
    wrong: Json
    right: Json
    before: tuple[Json, ...] = ()
    switches: Json | None = None


def case(reason: str, right: Json, wrong: Json, *before: Json, **switches: object) -> Case:
    """The right command with something wrong in it."""
    return Case(reason, {**right, **wrong}, right, before, switches)


CASES = [
    # parties, instruments, currencies
    case("UNKNOWN_MEMBER", TRADE, {"buyer": ["NONE", "HOUS"]}),
    case("UNKNOWN_MEMBER", TRADE, {"seller": ["CCP", "OWN"]}),
    case("UNKNOWN_MEMBER", TRADE, {"seller": ["WORLD", "EXT"]}),
    case("UNKNOWN_ACCOUNT", TRADE, {"seller": ["A", "LIPR"]}),
    case("SELF_TRADE", TRADE, {"buyer": ["A", "HOUS"]}),
    case("UNKNOWN_INSTRUMENT", TRADE, {"isin": "NONE"}),
    case("WRONG_CURRENCY", TRADE, {"ccy": "JPY"}),
    case("WRONG_CURRENCY", TRADE, {"ccy": "EUR"}),
    case("UNKNOWN_CURRENCY", MONEY, {"ccy": "EUR"}),
    # dates
    case("FUTURE_TRADE_DATE", TRADE, {"trade_date": NEXT}),
    case("NOT_TRADING_DAY", TRADE, {"trade_date": "2026-02-27"}),
    case("NOT_TRADING_DAY", TRADE, {"trade_date": "2026-03-01"}),
    case("SETTLE_BEFORE_TRADE", TRADE, {"settle_date": "2026-02-26"}),
    case("SETTLE_ON_HOLIDAY", TRADE, {"settle_date": HOLIDAY}),
    case("SETTLE_ON_HOLIDAY", TRADE, {"settle_date": "2026-03-07"}),
    case(
        "LATE_TRADE", {**TRADE, "trade_date": NEXT}, {"trade_date": START}, ROLL, LATER, late_trades="REJECT"
    ),
    # quantities, prices, amounts
    case("INVALID_QTY", TRADE, {"qty": 0}),
    case("INVALID_QTY", TRADE, {"qty": -5}),
    case("INVALID_QTY", TRADE, {"qty": 10**12 + 1}),
    case("INVALID_QTY", TRADE, {"qty": 10**30}),
    case("INVALID_PRICE", TRADE, {"price": "0.00"}),
    case("INVALID_PRICE", TRADE, {"price": "-10.5"}),
    case("INVALID_PRICE", TRADE, {"price": "10,5"}),
    case("INVALID_PRICE", TRADE, {"price": "0.0000000001"}),
    case("ZERO_AMOUNT", TRADE, {"price": "0.0001"}),
    case("AMOUNT_OVERFLOW", TRADE, {"price": "9" * 14}),
    case("AMOUNT_OVERFLOW", TRADE, {"price": "9" * 30}),
    case("INEXACT_AMOUNT", TRADE, {"price": "0.333"}, amount_rounding="EXACT"),
    # versions, and trades that are settled or cancelled
    case("INVALID_VERSION", TRADE, {"version": 0}),
    case("DUPLICATE_CONTENT", {**TRADE, "version": 2}, {"version": 1, "price": "10.50"}, TRADE),
    case("VERSION_GAP", {**TRADE, "version": 2}, {"version": 3}, TRADE, version_policy="STRICT"),
    case("UNKNOWN_TRADE", CANCEL, {"trade_id": "none"}, TRADE, version_policy="STRICT"),
    case("TRADE_CANCELLED", OTHER, {"trade_id": "t1", "version": 3}, TRADE, CANCEL),
    case("TRADE_SETTLED", OTHER, {"trade_id": "t1", "version": 2}, *SETTLED),
    case("TRADE_SETTLED", {**CANCEL, "trade_id": "t2"}, {"trade_id": "t1"}, *SETTLED),
    # rolls: backward, twice, to a holiday, out of order
    case("ROLL_BACKWARD", ROLL, {"to": "2026-02-26"}),
    case("ROLL_BACKWARD", LATER, {"to": NEXT}, ROLL),
    case("NOT_BUSINESS_DAY", LATER, {"to": HOLIDAY}, ROLL),
    case("ROLL_SKIPS_DAY", ROLL, {"to": "2026-03-05"}),
    # allocations, give-ups, transfers, batches
    case("UNKNOWN_TRADE", ALLOCATE, {"trade_id": "none"}, TRADE),
    case("TRADE_CANCELLED", {**ALLOCATE, "trade_id": "t2"}, {"trade_id": "t1"}, TRADE, CANCEL, OTHER),
    case("ALREADY_NETTED", {**ALLOCATE, "trade_id": "t2"}, {"trade_id": "t1"}, TRADE, ROLL, OTHER),
    case("WRONG_POLICY", ALLOCATE, {"trade_id": "t2"}, TRADE, {**OTHER, "isin": "GROS"}),
    case("DUPLICATE_ACCOUNT", ALLOCATE, {"parts": [PARTS[0], PARTS[0]]}, TRADE),
    case("ALLOCATION_TOTAL", ALLOCATE, {"parts": PARTS[:1]}, TRADE),
    case("GIVEUP_PENDING", {**GIVE_UP, "side": "S"}, {"side": "B"}, TRADE, GIVE_UP),
    case("ALREADY_ALLOCATED", GIVE_UP, {"side": "S"}, TRADE, ALLOCATE),
    case("SAME_MEMBER", GIVE_UP, {"to": ["B", "HOUS"]}, TRADE),
    case("SELF_TRADE", GIVE_UP, {"to": ["A", "HOUS"]}, TRADE),
    case("UNKNOWN_GIVEUP", TAKE_UP, {"giveup": 2}, TRADE, GIVE_UP),
    case("INSUFFICIENT_POSITION", TRANSFER, {"qty": 6}, TRADE),
    case("INSUFFICIENT_POSITION", TRANSFER, {"settle_date": "2026-03-05"}, TRADE),
    case("CONTROL_TOTAL", BATCH, {"qty_total": 6}),
    case("CONTROL_TOTAL", BATCH, {"count": 2}),
    # balances and parameters
    case("INVALID_AMOUNT", MONEY, {"amount": 0}),
    case("INVALID_AMOUNT", MONEY, {"amount": 10**15 + 1}),
    case("INSUFFICIENT_BALANCE", {**SHARES, "cmd": "WITHDRAW"}, {"qty": 101}, SHARES),
    case("INSUFFICIENT_BALANCE", {**MONEY, "cmd": "WITHDRAW"}, {"amount": 100_001}, MONEY),
    case("INVALID_QTY", EXEMPT, {"qty": -1}),
    case("INVALID_GROUP", PRIORITY, {"group": 100}),
    case("INVALID_PRICE", MARK, {"price": "0"}),
    # buy-ins
    Case("INTENT_EXISTS", INTENT, SETTLE, (*FAILED, INTENT)),
    case("NOT_ELIGIBLE", INTENT, {"member": "C"}, *FAILED),
    case("EXCEEDS_OPEN", INTENT, {"qty": 6}, *FAILED),
    case("UNKNOWN_INTENT", CASH_CLOSE, {"intent": 2}, *FAILED, INTENT, FRIDAY),
    Case("BUYIN_TOO_EARLY", EXECUTE, FRIDAY, (*FAILED, INTENT)),
    Case("INSUFFICIENT_CASH", EXECUTE, CASH_CLOSE, (*FAILED, INTENT, FRIDAY)),
    Case("NOT_SETTLEMENT_DAY", CASH_CLOSE, MONDAY, (*FAILED, INTENT, FRIDAY), {"depository": "FRIDAY_OFF"}),
    # corporate events
    case("DUPLICATE_EVENT", SPLIT, {"ca_id": "d"}, DIVIDEND),
    case("INVALID_DATES", DIVIDEND, {"record_date": START}),
    case("INVALID_DATES", DIVIDEND, {"pay_date": HOLIDAY}),
    case("INVALID_DATES", SPLIT, {"ex_date": START}),
    case("INVALID_RATIO", SPLIT, {"new": 1}),
    case("INVALID_RATIO", SPLIT, {"old": 0}),
]


def told(one: Case) -> str:
    return f"{one.wrong['cmd']}-{one.reason}"


@pytest.mark.parametrize("one", CASES, ids=told)
def test_wrong_input_gets_its_reason_and_leaves_no_trace(one: Case) -> None:
    house = player(**HOUSE, **(one.switches or {}))
    house.answer({**TRADE, "trade_id": "earlier", "qty": 0})  # The name of a source is kept for ever.
    for command in one.before:
        assert house.answer(command)[0]["ev"] != "REJECTED", command
    root, balances, positions = snapshot(house)
    (event,) = house.answer(one.wrong)
    assert (event["ev"], event["cmd"], event["reason"]) == ("REJECTED", one.wrong["cmd"], one.reason)
    assert snapshot(house) == (root, balances, positions)
    assert house.answer(one.right)[0]["ev"] != "REJECTED"
    assert snapshot(house)[0] != root


def snapshot(house: ClearingPlayer) -> tuple[bytes, list[Json], list[Json]]:
    queries = [house.answer({"cmd": query}) for query in ("BALANCES", "POSITIONS")]
    return house.house.state_root(), queries[0], queries[1]


def test_every_reason_of_the_rulebook_has_a_case() -> None:
    """But those of the margin day, in test_margin_bad_input, and of the form of records, in
    test_clearing_machine."""
    from tests.unit.clearing.test_margin_bad_input import MARGIN_CASES

    form = {one.name for one in ClearingReject if one >= ClearingReject.UNKNOWN_COMMAND}
    answers = {"NONE", "SUPERSEDED"}
    cases = {one.reason for one in CASES} | {one.reason for one in MARGIN_CASES}
    assert cases == {one.name for one in ClearingReject} - form - answers
