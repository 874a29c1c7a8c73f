"""`novate conform` on every scenario of the rules from R57 on, and on those that mix their groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.conform import Verdict, conform_files

FILES = sorted((Path(__file__).parent / "beyond").glob("*.jsonl"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_scenario_passes(file: Path) -> None:
    result = conform_files([file], "FULL")
    assert [str(outcome.difference) for outcome in result.outcomes if outcome.verdict != Verdict.PASSED] == []


def test_every_rule_from_r57_on_has_a_scenario() -> None:
    rules = conform_files(FILES, "FULL").by_rule()
    assert [f"R{number}" for number in range(57, 74) if rules[f"R{number}"].passed == 0] == []
