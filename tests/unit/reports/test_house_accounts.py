"""A whole clearing house as beancount text: owners in the names, every move, and balances that agree."""

from __future__ import annotations

from typing import Any

import pytest

from novate.app.conform_clearing import ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from novate.reports.house_accounts import account_names, house_lines
from tests.property.clearing_flows import clearing_flow_of
from tests.unit.clearing.houses import TRADE, player
from tests.unit.reports.test_beancount import errors_of

Json = dict[str, Any]
DELIVERED: list[Json] = [
    {"cmd": "DEPOSIT", "member": "A", "account": "CLIE", "isin": "ACME", "qty": 5},
    {**TRADE, "seller": ["A", "CLIE"]},
    {"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 10_000},
    {"cmd": "ROLL", "to": "2026-03-03"},
    {"cmd": "SETTLE"},
    {"cmd": "ROLL", "to": "2026-03-04"},
]


def text_of(house: ClearingPlayer) -> str:
    return "".join(f"{line}\n" for line in house_lines(house.house))


def test_a_delivery_against_payment_can_be_read_by_a_person() -> None:
    house = player()
    for command in DELIVERED:
        house.answer(command)
    text = text_of(house)
    for line in (
        "2026-03-03 open Equity:CCP:OWN:Holdings:ACME ACME",
        "2026-03-02 open Liabilities:A:CLIE:Holdings:ACME ACME",
        '2026-03-03 * "delivery" ^t3',
        "  Liabilities:A:CLIE:Holdings:ACME  5 ACME",
        "  Equity:CCP:OWN:Holdings:ACME  -5 ACME",
        "  Liabilities:B:HOUS:Due:USD  52.50 USD.DUE",
        "2026-03-04 balance Liabilities:B:HOUS:Cash:USD -47.50 ~ 0 USD",
        "2026-03-04 balance Liabilities:A:CLIE:Cash:USD -52.50 ~ 0 USD",
        "2026-03-04 balance Assets:WORLD:EXT:Cash:USD 100.00 ~ 0 USD",
    ):
        assert f"\n{line}\n" in text, line
    assert errors_of(text) == []


@pytest.mark.parametrize("seed", range(6))
def test_beancount_accepts_the_books_of_any_house(seed: int) -> None:
    flow = clearing_flow_of(seed)
    house = ClearingPlayer(house_terms(flow["header"]["config"]))
    for command in flow["commands"]:
        house.answer(command)
    text = text_of(house)
    assert text.count(" open ") == house.house.ledger.opened > 10
    assert errors_of(text) == []


def test_names_that_beancount_cannot_read_are_numbers_and_stay_apart() -> None:
    config: Json = {
        "members": {"A": ["HOUS"], "b-ank": ["HOUS"], "Party-1": ["HOUS"]},
        "instruments": {isin: {"ccy": "USD"} for isin in ("ACME", "é", "Asset-2", "USD")},
    }
    house = player(**config)
    for member in config["members"]:
        for isin in config["instruments"]:
            house.answer({"cmd": "DEPOSIT", "member": member, "account": "HOUS", "isin": isin, "qty": 3})
        house.answer({"cmd": "DEPOSIT", "member": member, "account": "HOUS", "ccy": "USD", "amount": 3})
    names = account_names(house.house)
    assert len({*names.values()}) == len(names) == 4 * 5
    assert "Liabilities:Party-4:HOUS:Holdings:Asset-3" in names.values()
    assert errors_of(text_of(house)) == []
