"""Stories of scenarios: on the real venue, with what differs, and refused where the venue cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from novate.app.conform import Runner
from novate.app.conform_scenario import ScenarioError
from novate.app.explain import NotSupportedError, explain_file, parse_steps
from novate.app.explain_screen import explanation_lines, plain_text

CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"
SCENARIOS = sorted(
    path
    for folder in ("rulebook/hand", "credit", "clarifications")
    for path in (CONFORMANCE / folder).glob("*.jsonl")
)
HAND = CONFORMANCE / "rulebook" / "hand"

OFFER = {"cmd": "NEW", "acct": 1, "cid": 1, "side": "S", "qty": 5, "price": 100}
ACCEPTED = {"ev": "ACCEPTED", "oid": 1, "acct": 1, "cid": 1, "qty": 5, "price": 100}
QUEUES = "orders of one price stand in their queue's order"
BOOK_STATE = {"ev": "BOOK_STATE", "bid": None, "bid_qty": 0, "ask": 100, "ask_qty": 5}


def scenario_file(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "scenario.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_every_scenario_is_told() -> None:
    told = 0
    for path in SCENARIOS:
        stories = explain_file(path)
        told += len(stories)
        assert all(story.ok for story in stories), path
        assert all(len(story.steps) == story.total for story in stories)
    assert told > 100


def test_a_story_reads_like_this() -> None:
    (story,) = explain_file(HAND / "iceberg_refresh.jsonl", wanted=[range(3, 4)])
    assert (
        plain_text(explanation_lines(story, 100))
        == f"""\
iceberg_refresh (R24): a fully traded tranche is refreshed and goes behind the others
10 (20) is 10 shown and 20 not shown; #3 is the third order that was accepted; {QUEUES}

step 3  account 3 buys 4 at 100
  accepted as #3: 4 at 100
  trade 1: 4 @ 100, account 1 sold to account 3; maker #1 has 6 left, taker #3 has nothing left
  #1 shows 4 from its reserve, at the end of the queue; 6 left in all

  before: CONTINUOUS, no trade yet     after: CONTINUOUS, last 100
  bid  price  ask                      bid  price  ask
         100    4 (6)  account 1 #1           100    5      account 2 #2
                5      account 2 #2                  4 (2)  account 1 #1, was 4 (6)
       -----                                -----

All 9 steps give what the scenario expects
"""
    )


def test_a_difference_is_told_where_it_is_and_the_story_goes_on(tmp_path: Path) -> None:
    path = scenario_file(
        tmp_path,
        {"scenario": "wrong", "market": {}},
        {**OFFER, "expect": [ACCEPTED, {**BOOK_STATE, "ask_qty": 6}]},
        {
            "cmd": "CANCEL",
            "acct": 1,
            "cid": 1,
            "expect": [{"ev": "CANCELLED", "oid": 1, "qty": 5, "reason": "USER"}],
        },
    )
    (story,) = explain_file(path)
    assert story.differing == [1, 2]
    assert not story.ok
    text = plain_text(explanation_lines(story, 100))
    assert "differs from the scenario, line 2" in text
    assert (
        'event 2: expected {"ev":"BOOK_STATE","bid":null,"bid_qty":0,"ask":100,"ask_qty":6}, was {"ev"'
        in text
    )
    assert 'event 2: expected nothing, was {"ev":"BOOK_STATE","bid":null' in text
    assert text.endswith("2 of 2 steps differ from the scenario: 1, 2\n")


def test_every_market_that_changed_is_shown() -> None:
    stories = explain_file(CONFORMANCE / "clarifications" / "many_markets.jsonl", "the_clock_is_venue_wide")
    shown = [[market.market for market in step.markets] for step in stories[0].steps]
    assert max(len(markets) for markets in shown) > 1
    assert "market 2 before" in plain_text(explanation_lines(stories[0], 100))


def test_a_configuration_that_must_be_refused_is_told(tmp_path: Path) -> None:
    header = {"scenario": "no venue", "configuration": "refused", "market": {"max_qty": 0}}
    (story,) = explain_file(scenario_file(tmp_path, header))
    assert story.ok
    assert "No venue can be built from this, as the scenario says" in plain_text(
        explanation_lines(story, 100)
    )
    with pytest.raises(ScenarioError, match="jsonl:1: expected a header"):
        explain_file(scenario_file(tmp_path, {**header, "configuration": None}))


def test_an_answer_that_the_venue_does_not_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"ev": "REJECTED", "cmd": "NEW", "acct": 1, "cid": 1, "reason": "NOT_SUPPORTED"}
    monkeypatch.setattr(Runner, "answer", lambda self, step: [refusal])
    path = scenario_file(tmp_path, {"scenario": "too much"}, {**OFFER, "expect": [ACCEPTED]})
    with pytest.raises(NotSupportedError, match="jsonl:2: expected what this venue does, was NEW: account 1"):
        explain_file(path)


def test_an_indicative_price_stands_until_the_call_ends() -> None:
    (story,) = explain_file(HAND / "auction_at_close.jsonl")
    seen = [
        (market.after.state, market.after.indicative) for step in story.steps[2:] for market in step.markets
    ]
    assert seen == [
        ("CONTINUOUS", None),
        ("AUCTION_CALL", (100, 5, 2)),
        ("AUCTION_CALL", (100, 4, 3)),
        ("CLOSED", None),
        ("CLOSED", None),
    ]


@pytest.mark.parametrize(
    ("text", "steps"),
    [("3", [3]), ("2-4", [2, 3, 4]), ("1, 4-5", [1, 4, 5]), ("6-", [6, 7])],
)
def test_steps_are_ranges(text: str, steps: list[int]) -> None:
    ranges = parse_steps(text)
    assert [step for step in range(1, 8) if any(step in part for part in ranges)] == steps


@pytest.mark.parametrize("text", ["", "0", "a", "5-2", "-3", "1,,2", "2--3", "1.5"])
def test_other_steps_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected steps such as"):
        parse_steps(text)


def test_a_scenario_or_a_step_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="expected one of the scenarios amend, was other"):
        explain_file(scenario_file(tmp_path, {"scenario": "amend"}), "other")
    with pytest.raises(ScenarioError, match="expected steps from 1 to 9 of iceberg_refresh, was 12"):
        explain_file(HAND / "iceberg_refresh.jsonl", wanted=[range(12, 13)])


def test_a_picture_of_a_deep_book_ends_with_what_it_leaves_out(tmp_path: Path) -> None:
    bids = [
        {"cmd": "NEW", "acct": 1, "cid": number, "side": "B", "qty": 1, "price": 100 - number, "expect": []}
        for number in range(1, 44)
    ]
    path = scenario_file(tmp_path, {"scenario": "deep", "level": "CORE", "rules": []}, *bids)
    (story,) = explain_file(path, wanted=[range(43, 44)])
    shown = plain_text(explanation_lines(story, 200))
    assert "and more bids: the first 40 are shown" in shown
    assert len(story.steps[0].markets[0].after.bids) == 40
