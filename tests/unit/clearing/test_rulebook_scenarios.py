"""Scenarios of the clearing rulebook that the first form reaches: answers, rows, totals, digests."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.unit.clearing.scenarios import (
    BeyondFirstFormError,
    Scenario,
    answers,
    clear,
    cycle_events,
    load,
)

HAND = Path(__file__).resolve().parents[2] / "conformance" / "clearing" / "hand"
MUST_PLAY = {
    "t7_ring", "obligation_ids_and_roots", "obligation_ids_permuted", "settle_date_composite",
    "settle_date_counting_switch", "rounding_exact", "rounding_half_up", "ladder_trade",
    "versions_and_duplicates", "accounts_are_separate", "late_trade", "late_trade_refused",
    "t9_cns_with_a_fail", "t0_intraday_cycle", "settle_date_change_of_cycle",
}  # fmt: skip
"""Scenarios that may not silently fall out of the first form's reach."""


def reached() -> list[str]:
    """Scenarios that the one-shot clearing of files can play; the machine plays all (tests/conformance)."""
    return sorted(path.stem for path in HAND.glob("*.jsonl") if is_reached(path))


def is_reached(path: Path) -> bool:
    try:
        load(path)
    except BeyondFirstFormError:
        return False
    return True


def nets_as_the_first_form(name: str) -> bool:
    """Whether it has a cycle that takes legs, and no T+0 trade that waits for the next roll."""
    played = scenario(name)
    waits = [row for row, answer in zip(played.trades, answers(played), strict=True)
             if answer.get("settle_date") == row["arrival"] != played.cycle_date]  # fmt: skip
    return bool(played.cycle) and not waits


def scenario(name: str) -> Scenario:
    return load(HAND / f"{name}.jsonl")


REACHED = reached()


def test_no_scenario_falls_out_of_reach_unseen() -> None:
    assert set(REACHED) >= MUST_PLAY


@pytest.mark.parametrize("name", REACHED)
def test_every_trade_is_answered_as_the_rulebook_says(name: str) -> None:
    played = scenario(name)
    for expected, found in zip(played.answers, answers(played), strict=True):
        if expected["ev"] == "ACCEPTED" and found["ev"] == "SUPERSEDED":
            continue  # the whole delivery is seen at once, so a later version has already won
        assert {key: expected[key] for key in found} == found, expected


@pytest.mark.parametrize("name", [name for name in REACHED if nets_as_the_first_form(name)])
def test_the_first_cycle_has_the_rows_totals_and_digest_of_the_rulebook(name: str) -> None:
    played = scenario(name)
    found = cycle_events(clear(played), played.cycle_date)
    assert without_cycle(played, found) == without_cycle(played, played.cycle)


@pytest.mark.parametrize("name", ["t7_ring", "obligation_ids_permuted", "accounts_are_separate"])
def test_the_order_of_the_rows_changes_no_byte(name: str) -> None:
    played = scenario(name)
    expected = clear(played).obligations.content
    for seed in range(5):
        rows = list(played.trades)
        random.Random(seed).shuffle(rows)
        assert clear(played, rows).obligations.content == expected


def without_cycle(played: Scenario, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as they are, or without cycle ids and digests where the scenario's cycle is not the first
    of its day (a NET after a roll), which the first form does not number."""
    if all(event["cycle"] == f"{played.cycle_date}/N1" for event in played.cycle):
        return events
    dropped = ("cycle", "obligation_id", "sha256")
    return [{key: value for key, value in event.items() if key not in dropped} for event in events]
