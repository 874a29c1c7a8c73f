"""`novate conform` on the scenarios of kill switches, disconnections, order-to-trade limits and quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.conform import Verdict, conform_files

BEYOND = Path(__file__).parent / "beyond"
FILES = sorted(BEYOND.glob("control_*.jsonl"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_scenario_passes(file: Path) -> None:
    result = conform_files([file], "FULL")
    assert [str(outcome.difference) for outcome in result.outcomes if outcome.verdict != Verdict.PASSED] == []


def test_every_rule_has_its_scenarios() -> None:
    rules = conform_files(FILES, "FULL").by_rule()
    assert min(rules[rule].passed for rule in ("R61", "R62", "R63", "R65")) >= 6
