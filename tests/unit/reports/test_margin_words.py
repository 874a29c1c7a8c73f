"""Commands and events of the margin day in words."""

from __future__ import annotations

import pytest

from novate.reports.clearing_amounts import Amounts
from novate.reports.clearing_command_words import CommandWords
from novate.reports.clearing_event_words import EventWords
from novate.reports.margin_words import MARGIN_COMMANDS, MARGIN_EVENTS
from tests.unit.clearing.houses import Json, player

PARTY: Json = {"member": "A", "account": "HOUS"}
TIME = "2026-03-02T17:00:00"
COMMANDS: list[tuple[Json, str]] = [
    ({"cmd": "PLEDGE", **PARTY, "ccy": "USD", "amount": 105}, "A/HOUS brings 1.05 USD as collateral"),
    ({"cmd": "PLEDGE", **PARTY, "ccy": "XXX", "amount": 1050}, "A/HOUS brings 1,050 XXX as collateral"),
    ({"cmd": "RELEASE", **PARTY, "isin": "ACME", "qty": 5}, "A/HOUS takes back 5 ACME of its collateral"),
    ({"cmd": "CONTRIBUTE", **PARTY, "ccy": "USD", "amount": 105}, "A/HOUS contributes 1.05 USD"),
    ({"cmd": "RETIRE_CONTRIBUTION", **PARTY, "ccy": "USD", "amount": 5}, "A/HOUS retires 0.05 USD"),
    ({"cmd": "SETTLEMENT_PRICE", "isin": "NXH6", "price": "10"}, "the settlement price of NXH6 is 10"),
    ({"cmd": "VALUATION", "ccy": "EUR", "price": "1.1"}, "collateral in EUR is valued at 1.1"),
    (
        {"cmd": "MARGIN_PARAMETERS", "parameters": {"contracts": [{}]}},
        "margin parameters for 1 contract arrive",
    ),
    ({"cmd": "VARIATION"}, "the house collects variation margin within the day"),
    ({"cmd": "TICK", "time": TIME}, f"it is {TIME}"),
    ({"cmd": "MARGIN_RUN"}, "the house runs margin within the day"),
    ({"cmd": "DECLARE_DEFAULT", **PARTY}, "the house declares A in default"),
    (
        {"cmd": "CLOSE_OUT", **PARTY, "isin": "NXH6", "qty": 2, "price": "9", "to": ["B", "HOUS"]},
        "2 NXH6 of A/HOUS go to B/HOUS at 9",
    ),
    (
        {"cmd": "SELL_COLLATERAL", **PARTY, "isin": "BOND", "qty": 2, "price": "9"},
        "collateral of A/HOUS is sold: 2 BOND at 9",
    ),
    ({"cmd": "ALLOCATE_LOSS", **PARTY}, "the house allocates the losses of A"),
]
MONEY: Json = {**PARTY, "ccy": "USD"}
EVENTS: list[tuple[Json, str]] = [
    ({"ev": "COLLATERAL", **PARTY, "isin": "ACME", "qty": 5}, "collateral of A/HOUS is 5 ACME"),
    ({"ev": "CONTRIBUTION", **MONEY, "amount": 5}, "contribution of A/HOUS is 0.05 USD"),
    ({"ev": "PRICE_SETTLED", "isin": "ACME", "price": "7"}, "ACME settles at 7"),
    ({"ev": "VALUED", "ccy": "EUR", "price": "1.1"}, "EUR is valued at 1.1"),
    ({"ev": "PARAMETERS_SET", "sha256": "ab" * 32}, "margin is computed with abababababababab..."),
    (
        {"ev": "VARIATION", **PARTY, "isin": "ACME", "qty": -5, "amount": -105},
        "A/HOUS pays 1.05 USD for ACME, 5 short",
    ),
    (
        {"ev": "VARIATION_PAID", **MONEY, "amount": -5, "left": 100},
        "A/HOUS pays 0.05 USD at once, 1.00 USD stay due",
    ),
    ({"ev": "TIME", "time": TIME}, f"the time is {TIME}"),
    (
        {"ev": "MARGIN", **MONEY, "requirement": 500, "collateral": 200, "excess": -300},
        "A/HOUS needs 5.00 USD, has 2.00 USD: 3.00 USD missing",
    ),
    (
        {"ev": "CALL", "call": 1, **MONEY, "amount": 300, "deadline": TIME},
        f"margin call 1: A/HOUS is to bring 3.00 USD until {TIME}",
    ),
    (
        {"ev": "CALL_CLOSED", "call": 1, **PARTY, "reason": "DEFAULT"},
        "margin call 1 of A/HOUS is void, the member is in default",
    ),
    ({"ev": "DEFAULTED", "member": "A", "reason": "DECLARED"}, "A is in default: the house has declared it"),
    (
        {"ev": "CLOSED_OUT", "transfer": 1, **PARTY, "isin": "ACME", "qty": -5, "amount": 500},
        "transfer 1 closes out A/HOUS: it delivers 5 ACME, receives 5.00 USD",
    ),
    (
        {"ev": "COLLATERAL_SOLD", **PARTY, "isin": "ACME", "qty": 5, "amount": 500},
        "5 ACME of A/HOUS are sold for 5.00 USD",
    ),
    (
        {"ev": "LOSS_COVERED", "layer": "HOUSE", **MONEY, "amount": 5, "left": 0},
        "the house's own layer: A/HOUS pays 0.05 USD, 0.00 USD left",
    ),
    (
        {"ev": "LOSS_ALLOCATED", "member": "A", "ccy": "USD", "loss": 5, "covered": 4, "left": 1,
         "reason": "SHORTFALL"},
        "of a loss of 0.05 USD of A the layers cover 0.04 USD: shortfall",
    ),
    ({"ev": "EXPIRED", "isin": "NXH6", "qty": 5}, "NXH6 expires, 5 long and as many short"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "words"), COMMANDS)
def test_a_command_of_the_margin_day_in_words(command: Json, words: str) -> None:
    assert CommandWords(Amounts(player().house.terms)).say(command, "2026-03-02") == words


@pytest.mark.parametrize(("event", "words"), EVENTS)
def test_an_event_of_the_margin_day_in_words(event: Json, words: str) -> None:
    assert EventWords(Amounts(player().house.terms), [1, 5]).say(event) == words


def test_every_command_and_event_has_an_example_above() -> None:
    assert {command["cmd"] for command, _ in COMMANDS} == set(MARGIN_COMMANDS)
    assert {event["ev"] for event, _ in EVENTS} == set(MARGIN_EVENTS)
