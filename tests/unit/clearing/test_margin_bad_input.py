"""What is wrong on a margin day gets its named reason, leaves no trace, and the next command works."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from novate.app.conform_margin_commands import time_ns, time_text
from novate.clearing.house_terms import require_house_terms
from novate.clearing.margin_day.methods import METHODS, method_of
from novate.clearing.margin_day.span_method import LARGEST_LOSS, SpanMethod
from novate.domain.clearing_codes import ClearingCommand
from tests.unit.clearing.houses import CONFIG, TRADE, Json, player, record
from tests.unit.clearing.test_bad_input import snapshot

MARGIN: Json = {
    "currency": "USD",
    "contracts": {
        "FH": {"expiry": "2026-03-20", "size": 10}, "OC": {"expiry": "2026-03-02", "style": "PREMIUM"},
    },
    "collateral": {"USD": {}},
}  # fmt: skip
INSTRUMENTS: Json = {"ACME": {"ccy": "USD"}, "FH": {"ccy": "USD"}, "OC": {"ccy": "USD"}}
A: Json = {"member": "A", "account": "HOUS"}
B: Json = {"member": "B", "account": "HOUS"}
BUY: Json = {**TRADE, "isin": "FH", "qty": 2, "price": "100"}
PRICE: Json = {"cmd": "SETTLEMENT_PRICE", "isin": "FH", "price": "100"}
ARRAY = [0] * 12 + [500, -500, 0, 0]
FUTURE: Json = {"instrument": "FH", "commodity": "F", "period": "202603", "array": ARRAY}
KNOWN: Json = {"commodities": [{"code": "F"}], "contracts": [FUTURE]}
PARAMETERS: Json = {"cmd": "MARGIN_PARAMETERS", "parameters": KNOWN}
PLEDGE: Json = {"cmd": "PLEDGE", **B, "ccy": "USD", "amount": 1500}
DEPOSIT: Json = {"cmd": "DEPOSIT", **A, "ccy": "USD", "amount": 5000}
TICK: Json = {"cmd": "TICK", "time": "2026-03-02T10:00:00"}
DECLARE: Json = {"cmd": "DECLARE_DEFAULT", **B}
CLOSE_OUT: Json = {"cmd": "CLOSE_OUT", **B, "isin": "FH", "qty": 2, "price": "90", "to": ["C", "HOUS"]}
GIVE_UP: Json = {"cmd": "GIVE_UP", "source": "V", "trade_id": "t1", "side": "S", "to": ["B", "HOUS"]}
ALLOCATE: Json = {"cmd": "ALLOCATE_LOSS", **B}
ROLL: Json = {"cmd": "ROLL", "to": "2026-03-03"}
OTHER: Json = {**TRADE, "trade_id": "t9"}


class Case(NamedTuple):
    """A refusal, the past that it needs, and a command that is taken all the same."""

    reason: str
    wrong: Json
    right: Json
    before: tuple[Json, ...] = ()
    margin: Json | None = MARGIN


DEFAULTED = (PARAMETERS, PRICE, BUY, DECLARE)
MARGIN_CASES = [
    Case("NO_MARGIN_TERMS", PLEDGE, DEPOSIT, margin=None),
    Case("MARGINED_INSTRUMENT", {"cmd": "DEPOSIT", **A, "isin": "FH", "qty": 1}, DEPOSIT),
    Case("NOT_MARGINED", {**PRICE, "isin": "ACME"}, PRICE),
    Case("NOT_ELIGIBLE_COLLATERAL", {"cmd": "PLEDGE", **B, "isin": "ACME", "qty": 1}, PLEDGE),
    Case("NOT_ELIGIBLE_COLLATERAL", {"cmd": "CONTRIBUTE", **B, "isin": "ACME", "qty": 1}, PLEDGE),
    Case("COLLATERAL_NEEDED", {**PLEDGE, "cmd": "RELEASE", "amount": 501},
         {**PLEDGE, "cmd": "RELEASE", "amount": 500}, (PARAMETERS, BUY, PLEDGE)),
    Case("INVALID_PARAMETERS", {**PARAMETERS, "parameters": {**KNOWN, "contracts": [FUTURE, FUTURE]}},
         PARAMETERS),
    Case("MISSING_PARAMETERS", {"cmd": "MARGIN_RUN"}, PARAMETERS, (BUY,)),
    Case("MISSING_PARAMETERS", ROLL, PARAMETERS, (BUY, PRICE)),
    Case("MISSING_PARAMETERS", {**PLEDGE, "cmd": "RELEASE", "amount": 1}, PARAMETERS, (BUY, PLEDGE)),
    Case("NO_SETTLEMENT_PRICE", {"cmd": "VARIATION"}, PRICE, (BUY,)),
    Case("NO_SETTLEMENT_PRICE", ROLL, PRICE, (BUY, PARAMETERS)),
    Case("TIME_BACKWARD", {**TICK, "time": "2026-03-02T09:59:59.999999"}, PLEDGE, (TICK,)),
    Case("MEMBER_IN_DEFAULT", {"cmd": "WITHDRAW", **B, "ccy": "USD", "amount": 1}, PLEDGE, DEFAULTED),
    Case("MEMBER_IN_DEFAULT", {**PLEDGE, "cmd": "RELEASE", "amount": 1}, PLEDGE, (*DEFAULTED, PLEDGE)),
    Case("MEMBER_IN_DEFAULT", {**BUY, "trade_id": "t9"}, OTHER, DEFAULTED),
    Case("MEMBER_IN_DEFAULT", {**CLOSE_OUT, "to": ["B", "HOUS"]}, CLOSE_OUT, DEFAULTED),
    Case("MEMBER_IN_DEFAULT", DECLARE, CLOSE_OUT, DEFAULTED),
    Case("MEMBER_IN_DEFAULT", {"cmd": "RETIRE_CONTRIBUTION", **A, "ccy": "USD", "amount": 1}, PLEDGE,
         ({"cmd": "CONTRIBUTE", **A, "ccy": "USD", "amount": 5}, *DEFAULTED)),
    Case("MEMBER_IN_DEFAULT", {"cmd": "TRANSFER", "from": ["A", "HOUS"], "to": ["B", "HOUS"], "isin": "FH",
                               "qty": 1, "settle_date": "2026-03-03"}, PLEDGE, DEFAULTED),
    Case("MEMBER_IN_DEFAULT", GIVE_UP, PLEDGE, DEFAULTED),
    Case("MEMBER_IN_DEFAULT", {"cmd": "TAKE_UP", "giveup": 1, "accept": True},
         {"cmd": "TAKE_UP", "giveup": 1, "accept": False},
         ({**BUY, "buyer": ["C", "HOUS"]}, GIVE_UP, DECLARE)),
    Case("NOT_IN_DEFAULT", ALLOCATE, DECLARE),
    Case("NOT_IN_DEFAULT", CLOSE_OUT, DECLARE, (BUY,)),
    Case("POSITIONS_OPEN", ALLOCATE, CLOSE_OUT, DEFAULTED),
    Case("INSTRUMENT_EXPIRED", {**BUY, "isin": "OC"}, BUY, (ROLL,)),
    Case("HOUSE_IN_SHORTFALL", {**BUY, "trade_id": "t9", "buyer": ["C", "HOUS"]}, OTHER,
         (*DEFAULTED, CLOSE_OUT, ALLOCATE), {**MARGIN, "layers": []}),
]  # fmt: skip


@pytest.mark.parametrize("one", MARGIN_CASES, ids=lambda one: f"{one.wrong['cmd']}-{one.reason}")
def test_wrong_input_gets_its_reason_and_leaves_no_trace(one: Case) -> None:
    terms = {} if one.margin is None else {"margin": one.margin}
    house = player(instruments=INSTRUMENTS, **terms)
    house.answer({**TRADE, "trade_id": "earlier", "qty": 0})  # The name of a source is kept for ever.
    for command in one.before:
        assert house.answer(command)[0]["ev"] != "REJECTED", command
    before = snapshot(house)
    (event,) = house.answer(one.wrong)
    assert (event["ev"], event["cmd"], event["reason"]) == ("REJECTED", one.wrong["cmd"], one.reason)
    assert snapshot(house) == before
    assert house.answer(one.right)[0]["ev"] != "REJECTED"
    assert snapshot(house)[0] != before[0]


SPREAD: Json = {"legs": [["202603", "A"], ["202606", "B"]], "charge": 5}
ODD_PARAMETERS: list[Json] = [
    {},
    {**KNOWN, "more": 1},
    {**KNOWN, "commodities": []},
    {**KNOWN, "commodities": [{"code": "F"}, {"code": "F"}]},
    {**KNOWN, "contracts": [{**FUTURE, "instrument": "ACME"}]},
    {**KNOWN, "contracts": [{**FUTURE, "instrument": "NONE"}]},
    {**KNOWN, "contracts": [{**FUTURE, "array": [0] * 15}]},
    {**KNOWN, "contracts": [{**FUTURE, "array": [LARGEST_LOSS + 1] * 16}]},
    {**KNOWN, "contracts": [{**FUTURE, "array": [0.5] * 16}]},
    {**KNOWN, "contracts": [{**FUTURE, "period": "soon"}]},
    {**KNOWN, "contracts": [{**FUTURE, "delta": "1e9"}]},
    {**KNOWN, "contracts": [{**FUTURE, "delta": "0.1234567"}]},
    {**KNOWN, "contracts": [{**FUTURE, "value": 10**30}]},
    {**KNOWN, "contracts": [{**FUTURE, "kind": "SWAP"}]},
    {**KNOWN, "commodities": [{"code": "F", "spreads": [{**SPREAD, "legs": SPREAD["legs"][:1]}]}]},
    {**KNOWN, "commodities": [{"code": "F", "spreads": [{**SPREAD, "legs": []}]}]},
    {**KNOWN, "commodities": [{"code": "F", "spreads": [{**SPREAD, "charge": -1}]}]},
    {**KNOWN, "commodities": [{"code": "F", "short_option_minimum": LARGEST_LOSS + 1}]},
    {**KNOWN, "commodities": [{"code": "F", "spot_months": [{"period": "202603", "spread": -1}]}]},
    {**KNOWN, "commodities": [{"code": "F", "spot_months": [{"period": "202603"}, {"period": "20260300"}]}]},
    {**KNOWN, "commodities": [{"code": "F", "spot_months": [{"period": "March"}]}]},
    {**KNOWN, "commodities": [{"code": "F", "scan_tiers": [{"first": "202606", "last": "202603"}]}]},
    {**KNOWN, "commodities": [{"code": "F", "scan_tiers": [{"tier": 1}]}]},
    {**KNOWN, "inter_spreads": [{"legs": []}]},
    {**KNOWN, "inter_spreads": [{"legs": [["F", "A", "1", "5"], ["G", "B", "1", "5"]]}]},
    {**KNOWN, "inter_spreads": [{"legs": [["F", "A", "0", "5"], ["F", "B", "1", "5"]]}]},
    {**KNOWN, "inter_spreads": [{"legs": [["F", "A", "1", "x"], ["F", "B", "1", "5"]]}]},
]


@pytest.mark.parametrize("odd", ODD_PARAMETERS, ids=str)
def test_odd_parameters_are_refused_and_the_old_ones_stay(odd: Json) -> None:
    house = player(instruments=INSTRUMENTS, margin=MARGIN)
    for command in (PARAMETERS, BUY, PLEDGE):
        house.answer(command)
    before = snapshot(house)
    (event,) = house.answer({**PARAMETERS, "parameters": odd})
    assert event["reason"] == "INVALID_PARAMETERS"
    assert snapshot(house) == before
    margins = [one for one in house.answer({"cmd": "MARGIN_RUN"}) if one["ev"] == "MARGIN"]
    assert [one["requirement"] for one in margins] == [1000, 1000]


def test_a_delivery_month_in_which_nothing_is_listed_charges_nothing() -> None:
    house = player(instruments=INSTRUMENTS, margin=MARGIN)
    months = [{"period": "209912", "outright": 7}, {"period": "202603", "outright": 11}]
    listed = {**KNOWN, "commodities": [{"code": "F", "spot_months": months}]}
    for command in ({**PARAMETERS, "parameters": listed}, BUY):
        assert house.answer(command)[0]["ev"] != "REJECTED"
    margins = [one for one in house.answer({"cmd": "MARGIN_RUN"}) if one["ev"] == "MARGIN"]
    assert [one["requirement"] for one in margins] == [1000 + 2 * 11] * 2


def test_numbers_of_records_that_no_writer_makes_are_refused() -> None:
    house = player(instruments=INSTRUMENTS, margin=MARGIN)
    for kind in (one for one in ClearingCommand if 70 <= one < 100):
        for number in (-(2**31), -1, 99, 2**31 - 1):
            one = record(kind, party=number, other_party=number, instrument=number, currency=-1, quantity=-1,
                         version=-5, price=-1, price_high=-1, decimals=255)  # fmt: skip
            before = house.house.state_root()
            events = house.reader.json(house.apply(one))
            assert kind in (ClearingCommand.VARIATION, ClearingCommand.MARGIN_RUN) or (
                [event["ev"] for event in events] == ["REJECTED"]
            ), kind
            assert house.house.state_root() == before
            house.house.validate()


def test_a_time_is_what_it_says() -> None:
    assert time_text(time_ns("2026-03-02T10:00:00.000001")) == "2026-03-02T10:00:00.000001"
    for wrong in ("9999-12-31T00:00:00", "1969-12-31T23:59:59", "2026-03-02T10:00:00+01:00", "noon"):
        with pytest.raises(ValueError):
            time_ns(wrong)


def test_terms_that_cannot_be_are_named() -> None:
    for wrong, said in (
        ({"threshold": -1}, "a threshold"), ({"minimum_call": 0}, "a minimum call"),
        ({"deadline_seconds": -1}, "a deadline"), ({"currency_haircut_ppm": 10**6 + 1}, "a currency haircut"),
        ({"assessment_ppm": 10**9}, "assessments"), ({"layers": ["HOUSE", "HOUSE"]}, "each layer at most"),
        ({"collateral": {"FH": {}}}, "securities as collateral"), ({"method": "VAR"}, "a margin method"),
        ({"collateral": {"USD": {"haircut_ppm": -1}}}, "haircut and"), ({"currency": "EUR"}, "a currency"),
        ({"layers": ["BANK"]}, "layers of"), ({"contracts": {"USD": {"expiry": "2026-03-20"}}}, "margin of"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            require_house_terms(player(instruments=INSTRUMENTS, margin={**MARGIN, **wrong}).house.terms)


def test_a_method_is_made_from_its_parameters_alone() -> None:
    terms = player(instruments=INSTRUMENTS, margin=MARGIN).house.terms
    assert METHODS["SPAN"] is SpanMethod
    with pytest.raises(ValueError, match="Expected at most"):
        method_of(terms, b" " * (16 * 1024 * 1024 + 1))
    with pytest.raises(ValueError, match="Expected a method"):
        method_of(player(**CONFIG).house.terms, b"{}")
