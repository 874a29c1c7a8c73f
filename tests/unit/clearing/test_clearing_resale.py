"""Instruments that are resold after settlement only (K12): what the venue is told of them, and when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_clearing import QUERIES, ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.credit import worth
from novate.clearing.resale import until_settled
from novate.clearing.venue_stream import INSTRUMENT
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_fills import fill_flow_of
from tests.unit.clearing.houses import CONFIG, player, state_of, together
from tests.unit.clearing.test_clearing_credit import deltas, fill, fills

SETTLED: Json = {name: {**one, "resale": "settled"} for name, one in CONFIG["instruments"].items()}
NEXT = {"cmd": "ROLL", "to": "2026-03-03"}
MONEY = {"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 100_000}


def trading(isin: str = "ACME", **first: Any) -> ClearingPlayer:
    """B has bought five of A, who has ten; nothing of it has been netted, and the venue knows what A has."""
    house = player(instruments=SETTLED)
    house.answer({"cmd": "DEPOSIT", "member": "A", "account": "HOUS", "isin": isin, "qty": 10})
    house.answer(MONEY)
    house.answer({"cmd": "RELEASE_CREDIT"})
    house.answer(fills(1, 3))
    house.answer(fill(1, isin=isin, **first))
    return house


def securities(house: ClearingPlayer) -> list[tuple[object, ...]]:
    """(party, delta) of what is released of securities now."""
    return [one[1:2] + one[3:] for one in deltas(house) if one[2] != "USD"]


@pytest.mark.parametrize("isin", ["ACME", "GROS"])
def test_a_purchase_is_returned_when_it_is_settled_and_not_before(isin: str) -> None:
    house = trading(isin)
    assert securities(house) == []
    house.answer(NEXT)
    house.answer({"cmd": "NET"})
    assert securities(house) == [], "netted, not settled"
    house.answer({"cmd": "SETTLE"})
    assert securities(house) == [("B", 5)]
    assert securities(house) == []


def test_a_purchase_does_not_free_what_was_sold_until_they_are_netted() -> None:
    house = trading()
    house.answer(fill(2, buyer=["A", "HOUS"], seller=["B", "HOUS"]))
    assert securities(house) == []
    house.answer(NEXT)
    assert securities(house) == [("A", 5), ("B", 5)], "nothing is to be delivered: B's sale is off too"


def test_what_arrives_in_parts_is_returned_in_parts() -> None:
    house = trading(qty=14)
    house.answer(NEXT)
    house.answer({"cmd": "SETTLE"})
    assert securities(house) == [("B", 10)]
    house.answer({"cmd": "DEPOSIT", "member": "A", "account": "HOUS", "isin": "ACME", "qty": 4})
    assert securities(house) == [("A", 4)]
    house.answer({"cmd": "ROLL", "to": "2026-03-04"})
    house.answer({"cmd": "SETTLE"})
    assert securities(house) == [("B", 4)]


def test_a_correction_before_settlement_takes_nothing_from_the_buyer() -> None:
    house = trading()
    house.answer(NEXT)
    house.answer(fill(1, version=2, qty=4))
    assert securities(house) == [("A", 1)], "A has one less to deliver, B one less to come"
    house.answer({"cmd": "SETTLE"})
    house.answer({"cmd": "ROLL", "to": "2026-03-04"})
    house.answer({"cmd": "SETTLE"})
    assert securities(house) == [("B", 4)]


def test_a_correction_below_what_has_arrived_is_given_back() -> None:
    house = trading(qty=14)
    house.answer(NEXT)
    house.answer({"cmd": "SETTLE"})
    assert securities(house) == [("B", 10)]
    house.answer(fill(1, version=2, qty=8))
    assert securities(house) == [("A", 4), ("B", -2)], "four are not to come, two have to go back"


def test_a_split_doubles_what_is_to_be_delivered_and_what_is_there() -> None:
    house = trading()
    split = {"cmd": "SPLIT", "ca_id": "S1", "isin": "ACME", "ex_date": "2026-03-03", "new": 2, "old": 1}
    house.answer(split)
    house.answer({"cmd": "ROLL", "to": "2026-03-03"})
    assert securities(house) == [("A", 5)], "ten became twenty, five to be delivered became ten"


@pytest.mark.parametrize("count", [1, 20])
def test_many_fills_at_once_are_told_as_one_by_one(count: int) -> None:
    house = player(instruments=SETTLED)
    house.answer(fills(1, count))
    house.apply(together(*(house.writer.records(fill(number)) for number in range(1, count + 1))))
    assert deltas(house) == []


@campaign(20)
@given(seed=st.integers(0, 2**32))
def test_waiting_never_gives_more_and_in_the_end_as_much(seed: int) -> None:
    """Two houses, one waits: it never knows a party richer, and is its equal where nothing is open."""

    def check(flow: Json) -> None:
        houses = []
        for resale in ("immediate", "settled"):
            config = flow["header"]["config"]
            instruments = {name: {**one, "resale": resale} for name, one in config["instruments"].items()}
            houses.append(ClearingPlayer(house_terms({**config, "instruments": instruments})))
        for command in flow["commands"]:
            if command["cmd"] not in QUERIES:
                for house in houses:
                    house.apply(house.writer.records(command))
        soon, late = (worth(state_of(house.house)) for house in houses)
        for key in {*soon, *late}:
            assert late.get(key, 0) <= soon.get(key, 0), key
            assert key[0] == INSTRUMENT or late.get(key) == soon.get(key), key
        owed = {(one, party): units for one, party, units in until_settled(state_of(houses[1].house))}
        assert all(units >= 0 for units in owed.values())

    explain(fill_flow_of(seed), check)
