"""The real and the naive house against every scenario of margin-rules.md, and the roots they come to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from novate.app.conform import Verdict, conform_files
from tests.conformance.margin_files import FILES, FOLDER, ROOTS, root_of
from tests.golden.stories import scenario_text
from tests.tidy.sources import ROOT

Json = dict[str, Any]
RULES = ROOT / "docs" / "margin-rules.md"


def test_every_scenario_of_the_margin_day_passes() -> None:
    result = conform_files([FOLDER])
    failed = [outcome.difference for outcome in result.outcomes if outcome.verdict != Verdict.PASSED]
    assert not failed, str(failed[0])
    assert len(result.outcomes) == len(FILES) == 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_naive_house_keeps_the_same_rules(path: Path) -> None:
    assert path.read_text() == scenario_text(path), "see python -m tests.conformance.margin_files"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_in_one_batch_comes_to_its_root(path: Path) -> None:
    assert root_of(path, room=5) == json.loads(ROOTS.read_text())[path.stem]


def test_every_rule_has_a_scenario() -> None:
    rules = set(re.findall(r"^\*\*(M\d+) ", RULES.read_text(), re.MULTILINE))
    shown = {rule for path in FILES for rule in json.loads(path.read_text().splitlines()[0])["rules"]}
    assert rules == shown == {f"M{number}" for number in range(1, 18)}


def last(name: str, kind: str) -> list[Json]:
    """The events of a kind behind the last command of a scenario that has any."""
    steps = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()[1:]]
    found = [[event for event in step["expect"] if event["ev"] == kind] for step in steps]
    return [events for events in found if events][-1]


def test_requirements_are_what_they_are_by_hand() -> None:
    """A: 4 x 3,000 and 6 spreads at 700. C: 6 long calls lose 9,000, are worth 3,000. D: 2 futures, and the
    minimum of 4 short calls, which are worth -2,000. E: 2 futures less 80% of 3,000, and the minimum of 2
    short calls worth -1,000."""
    found = {one["member"]: one["requirement"] for one in last("m10_span", "MARGIN")}
    assert found == {
        "A": 4 * 3000 + 6 * 700,
        "B": 4 * 3000 + 6 * 700,
        "C": 6 * 1500 - 6 * 500,
        "D": 2 * 3000 + 4 * 2500 + 4 * 500,
        "E": 2 * 3000 - 2400 + 2 * 2500 + 2 * 500,
    }


def test_rounding_falls_on_the_house() -> None:
    """At 99.9985 a contract of size 10 is worth 99,998.5: each long one is paid 99,999 - 1 for rounding away
    from zero, the short of two 199,997 exactly."""
    (balances,) = last("m04_rounding", "BALANCES")
    cash = {member: amount for member, _, _, amount in balances["cash"]}
    assert cash["C"] == 50000 + 200000 - 199997
    assert cash["A"] == cash["B"] == 50000 - 100000 + 99999
    assert cash["CCP"] == 150000 - cash["A"] - cash["B"] - cash["C"] == -1


def test_the_layers_pay_in_their_order() -> None:
    paid = [(one["layer"], one["member"], one["amount"]) for one in last("m16_another_order", "LOSS_COVERED")]
    layer = "SURVIVOR_CONTRIBUTIONS"
    assert paid == [(layer, "B", 1), (layer, "C", 500), (layer, "D", 499)], "1,000 of 1,001, pro rata"
