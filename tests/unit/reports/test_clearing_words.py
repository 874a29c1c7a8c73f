"""Every command, event and reason of the clearing house has words, and no scenario stays untold."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.clearing_story import tell
from novate.app.conform_clearing import (
    QUERIES,
    ClearingScenario,
    ClearingStep,
    read_clearing_scenarios,
)
from novate.app.conform_clearing_terms import house_terms
from novate.domain.clearing_codes import ClearingCommand, ClearingEvent, GiveUpEnd, IntentEnd, OpenReason
from novate.domain.codes import ClearingReject
from novate.reports.clearing_amounts import Amounts
from novate.reports.clearing_command_words import CommandWords
from novate.reports.clearing_event_words import SENTENCES, EventWords
from novate.reports.clearing_reasons import WORDS, reason_words
from novate.reports.margin_words import MARGIN_COMMANDS, MARGIN_EVENTS
from novate.reports.text_table import text_table
from tests.property.clearing_flows import spoiled_clearing_flow_of
from tests.unit.clearing.houses import TRADE, Json, player

HAND = Path(__file__).resolve().parents[2] / "conformance" / "clearing" / "hand"
TODAY = "2026-03-02"
PARTY: Json = {"member": "A", "account": "CLIE"}
NAME: Json = {"source": "V", "trade_id": "t1"}
CONTINUING = {"TEXT", "ROOT", "WIDE", "BATCH_ITEM", "SECURITIES_ITEM", "CASH_ITEM", "AGEING_ITEM"}


def said(command: Json) -> str:
    return CommandWords(Amounts(player().house.terms)).say(command, TODAY)


def told(*events: Json) -> str:
    """The words of the last event."""
    words = EventWords(Amounts(player().house.terms), [1, 5])
    return [words.say(event) for event in events][-1]


def test_every_event_and_every_reason_has_words() -> None:
    assert {*SENTENCES, *MARGIN_EVENTS} == {kind.name for kind in ClearingEvent} - CONTINUING
    reasons = {one.name for kind in (ClearingReject, OpenReason, GiveUpEnd, IntentEnd) for one in kind}
    assert reasons - {"NONE"} == set(WORDS)
    assert reason_words("SELF_TRADE") == "buyer and seller are one party (SELF_TRADE)"
    assert reason_words("OF_TOMORROW") == "OF_TOMORROW"


COMMANDS: list[tuple[Json, str]] = [
    (TRADE, "V:t1 version 1: B/HOUS buys 5 ACME from A/HOUS at 10.5"),
    (
        {**TRADE, "trade_date": "2026-02-27", "ccy": "USD", "settle_date": "2026-03-04"},
        "V:t1 version 1: B/HOUS buys 5 ACME from A/HOUS at 10.5 USD, traded on 2026-02-27, to be settled on "
        "2026-03-04",
    ),
    ({"cmd": "CANCEL_TRADE", **NAME, "version": 2}, "V:t1 version 2: cancelled"),
    (
        {"cmd": "BATCH", "source": "V", "count": 1, "qty_total": 5,
         "trades": [{key: value for key, value in TRADE.items() if key not in ("cmd", "source")}]},
        "a batch of 1 trade, 5 in all, from V; V:t1 version 1: B/HOUS buys 5 ACME from A/HOUS at 10.5",
    ),
    (
        {"cmd": "ALLOCATE", **NAME, "side": "S",
         "parts": [{"account": "CLIE", "qty": 2}, {"account": "HOUS", "qty": 3}]},
        "V:t1: the seller allocates 2 to CLIE, 3 to HOUS",
    ),
    (
        {"cmd": "GIVE_UP", **NAME, "side": "B", "to": ["C", "HOUS"]},
        "V:t1: the buyer gives up to C/HOUS",
    ),
    ({"cmd": "TAKE_UP", "giveup": 1, "accept": True}, "give-up 1 is taken up"),
    ({"cmd": "TAKE_UP", "giveup": 1, "accept": False}, "give-up 1 is not wanted"),
    (
        {"cmd": "TRANSFER", "from": ["A", "HOUS"], "to": ["B", "HOUS"], "isin": "ACME", "qty": 5,
         "settle_date": "2026-03-03"},
        "A/HOUS transfers 5 ACME due 2026-03-03 to B/HOUS",
    ),
    ({"cmd": "DEPOSIT", **PARTY, "isin": "ACME", "qty": 1200}, "A/CLIE deposits 1,200 ACME"),
    ({"cmd": "WITHDRAW", **PARTY, "ccy": "USD", "amount": 105}, "A/CLIE withdraws 1.05 USD"),
    ({"cmd": "DEPOSIT", **PARTY, "ccy": "NONE", "amount": 105}, "A/CLIE deposits 105 NONE"),
    ({"cmd": "EXEMPT", **PARTY, "isin": "ACME", "qty": 5}, "A/CLIE keeps 5 ACME out of deliveries"),
    (
        {"cmd": "PRIORITY", **PARTY, "isin": None, "group": 10},
        "A/CLIE is in allocation group 10 for all instruments",
    ),
    ({"cmd": "MARK", "isin": "ACME", "price": "10.50"}, "ACME is marked at 10.50"),
    ({"cmd": "NET"}, "the house runs a netting cycle"),
    ({"cmd": "SETTLE"}, "the house settles"),
    ({"cmd": "ROLL", "to": "2026-03-03"}, "the house closes the day and goes on to 2026-03-03"),
    ({"cmd": "BUYIN_INTENT", **PARTY, "isin": "ACME", "qty": 5}, "A/CLIE wants 5 ACME bought in"),
    (
        {"cmd": "BUYIN_EXECUTE", "intent": 1, "qty": 5, "price": "11"},
        "buy-in 1: the house buys 5 at 11",
    ),
    ({"cmd": "CASH_CLOSE", "intent": 1, "price": "11"}, "buy-in 1 is closed out in cash at 11"),
    (
        {"cmd": "DIVIDEND", "ca_id": "d", "isin": "ACME", "rate": "0.25", "ex_date": "2026-03-03",
         "record_date": "2026-03-04", "pay_date": "2026-03-05"},
        "d: ACME pays a dividend of 0.25, ex on 2026-03-03, recorded on 2026-03-04, paid on 2026-03-05",
    ),
    (
        {"cmd": "SPLIT", "ca_id": "s", "isin": "ACME", "ex_date": "2026-03-03", "new": 1, "old": 4,
         "cash_price": "9.5"},
        "s: ACME is split from 2026-03-03 on, 1 new for 4 old, and 9.5 in cash for what is less than one",
    ),
    ({"cmd": "FILLS", "source": "V", "first": 3, "last": 9}, "fills 3 to 9 of V come"),
    ({"cmd": "RELEASE_CREDIT"}, "the house tells the venue what has changed"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "words"), COMMANDS)
def test_a_command_in_words(command: Json, words: str) -> None:
    assert said(command) == words


def test_every_command_but_queries_has_an_example_above() -> None:
    unspoken = {"TEXT", "PART", "SOURCE", "CONFIGURATION"}
    spoken = {command["cmd"] for command, _ in COMMANDS} | set(MARGIN_COMMANDS)
    assert spoken == {kind.name for kind in ClearingCommand} - unspoken


ON: Json = {**PARTY, "isin": "ACME"}
EVENTS: list[tuple[list[Json], str]] = [
    (
        [{"ev": "REJECTED", "cmd": "TRADE", **NAME, "version": 2, "reason": "INVALID_QTY"}],
        "V:t1 version 2 is refused: quantity out of range (INVALID_QTY)",
    ),
    (
        [{"ev": "REJECTED", "cmd": "ROLL", "reason": "ROLL_BACKWARD"}],
        "refused: the date is not after the business date (ROLL_BACKWARD)",
    ),
    (
        [{"ev": "LEG", "op": "ADD", **ON, "qty": -5, "amount": 5250, "due": "2026-03-03", "kind": "COEV"}],
        "leg: A/CLIE delivers 5 ACME, receives 52.50 USD, due 2026-03-03, a correction",
    ),
    (
        [{"ev": "LEG", "op": "REMOVE", **ON, "qty": 5, "amount": 0, "due": "2026-03-03", "kind": "NEW1"}],
        "taken away: A/CLIE receives 5 ACME for nothing",
    ),
    (
        [{"ev": "OBLIGATION", **ON, "movement": "NONE", "quantity": 0, "pay": "DEBT", "amount_minor": 7,
          "type": "FAIL", "gross_legs": 2, "obligation_id": "00ff"}],
        "A/CLIE pays 0.07 USD: FAIL, 2 legs, obligation 00ff",
    ),
    (
        [{"ev": "BATCH", "ccy": "USD", "ok": False, "securities": [["A", "CLIE", "ACME", 5]],
          "cash": [["B", "HOUS", 105]]}],
        "all or nothing in USD: nothing settles; A/CLIE lacks 5 ACME, B/HOUS lacks 1.05 USD",
    ),
    (
        [{"ev": "FAILED", **NAME, "isin": "GROS", "qty": 5, "amount": 5250, "reason": "CASH"}],
        "V:t1 fails: 5 GROS for 52.50 USD: money is missing (CASH)",
    ),
    (
        [{"ev": "MONEY", **PARTY, "ccy": "USD", "amount": -105, "arrears": 250}],
        "A/CLIE pays 1.05 USD in cash, and owes 2.50 USD",
    ),
    (
        [{"ev": "DAY_CLOSED", "date": TODAY, "securities": [["ACME", 5, 1, -5, 0]], "cash": []}],
        "2026-03-02 is closed; members, house and outside sum to ACME 1",
    ),
    (
        [{"ev": "AGEING", "isin": "ACME", "short": [0, 5, 7], "long": [2, 0, 0]}],
        "ACME has failed, by settlement days: to deliver 5 for 2 to 5, 7 for 6 or more; "
        "to receive 2 for 0 to 1",
    ),
    (
        [{"ev": "EVENT_SET", "ca_id": "d", "isin": "ACME", "kind": "DIVIDEND"},
         {"ev": "ENTITLED", "ca_id": "d", **PARTY, "qty": -5, "amount": -125}],
        "d: A/CLIE owes 1.25 USD for 5 in settlement",
    ),
    (
        [{"ev": "EVENT_SET", "ca_id": "s", "isin": "ACME", "kind": "SPLIT"},
         {"ev": "FRACTION", "ca_id": "s", **PARTY, "what": "OPEN", "amount": 125}],
        "A/CLIE receives 1.25 USD in place of a fraction of an open position",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("events", "words"), EVENTS)
def test_an_event_in_words(events: list[Json], words: str) -> None:
    assert told(*events) == words


@pytest.mark.parametrize("path", sorted(HAND.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_scenario_of_the_rulebook_can_be_told(path: Path) -> None:
    """Each of its commands has its line, and each refusal its reason."""
    (scenario,) = read_clearing_scenarios(path)
    told, _ = tell(scenario)
    assert told.differing == []
    story = told.text.splitlines()
    told_steps = [step for step in scenario.steps if step.command["cmd"] not in QUERIES]
    assert sum("settlement " in line and " is done: " in line for line in story) == sum(
        step.command["cmd"] == "SETTLE" for step in told_steps
    )
    events = [event for step in told_steps for event in step.expect]
    refused = [event["reason"] for event in events if event["ev"] == "REJECTED"]
    lines = [line for line in story if line.startswith("    ") and "refused: " in line]
    assert [line.rpartition("(")[2].rstrip(")") for line in lines] == refused
    closes = sum(event["ev"] == "DAY_CLOSED" for event in events)
    assert sum(line.startswith("At the close of ") for line in story) == closes
    assert not any(line != line.rstrip() for line in story)


@pytest.mark.parametrize("seed", range(4))
def test_a_story_can_be_told_of_whatever_is_sent(seed: int) -> None:
    """Also of commands that name what is not there, and with the payments of every cycle."""
    flow = spoiled_clearing_flow_of(seed)
    steps = [ClearingStep(line, command, []) for line, command in enumerate(flow["commands"], 2)]
    terms = house_terms(flow["header"]["config"])
    told, _ = tell(ClearingScenario(Path("flow.jsonl"), "flow", ["C52"], "generated", terms, steps))
    assert told.commands == len(steps)
    assert "    refused: " in told.text or " is refused: " in told.text
    assert (" would do, " in told.text) == (", obligation " in told.text)


def test_columns_of_a_table_are_as_wide_as_their_widest_cell() -> None:
    rows = [("name", "n", ""), ("a", "10,000", "x")]
    assert text_table(rows, right=[1]) == ["name       n", "a     10,000  x"]
