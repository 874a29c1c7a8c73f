"""`novate conform` on every scenario of the ledger, and on files that are none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from novate.app.conform import Verdict, conform_files
from novate.app.conform_ledger import is_ledger_file
from novate.app.conform_scenario import ScenarioError

FOLDER = Path(__file__).parent / "ledger"
HEADER = {"scenario": "x", "config": {}}
DOLLARS = {"cmd": "LEDGER", "ledger": 1, "asset": "USD", "scale": 2, "expect": {"result": "created"}}


def scenario_file(folder: Path, *lines: object) -> Path:
    path = folder / "scenario.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_every_scenario_passes_roots_included() -> None:
    result = conform_files([FOLDER])
    assert [str(outcome.difference) for outcome in result.outcomes if outcome.difference] == []
    assert result.count(Verdict.PASSED) == len(result.outcomes) == 85
    rules = result.by_rule()
    assert [f"L{number}" for number in range(1, 35) if rules[f"L{number}"].passed == 0] == []


def test_level_core_has_all_of_the_ledger() -> None:
    assert conform_files([FOLDER / "hand"], level="CORE").count(Verdict.PASSED) == 77


def test_a_difference_names_line_command_and_both_sides(tmp_path: Path) -> None:
    right = {"cmd": "ROOT", "expect": {"root": "0" * 64}}
    result = conform_files([scenario_file(tmp_path, HEADER, DOLLARS, right)])
    (outcome,) = result.outcomes
    assert outcome.verdict is Verdict.FAILED
    assert outcome.commands == 1
    assert outcome.difference is not None
    assert (outcome.difference.line, outcome.difference.command) == (3, {"cmd": "ROOT"})
    assert outcome.difference.expected == {"root": "0" * 64}
    assert len(outcome.difference.got["root"]) == 64


def test_an_answer_with_a_key_too_many_or_too_few_differs(tmp_path: Path) -> None:
    for expect in ({}, {"result": "created", "balances": []}):
        path = scenario_file(tmp_path, HEADER, {**DOLLARS, "expect": expect})
        assert conform_files([path]).count(Verdict.FAILED) == 1


def test_several_scenarios_of_a_file_start_empty(tmp_path: Path) -> None:
    result = conform_files([scenario_file(tmp_path, HEADER, DOLLARS, HEADER, DOLLARS)])
    assert result.count(Verdict.PASSED) == 2


def test_scenarios_of_other_rulebooks_are_not_taken_for_the_ledger_s(tmp_path: Path) -> None:
    assert is_ledger_file(scenario_file(tmp_path, HEADER))
    for other in ({"scenario": "x"}, {"scenario": "x", "config": {"start": "2026-03-02"}}, {"config": {}}):
        assert not is_ledger_file(scenario_file(tmp_path, other))


def transfers(**fields: object) -> dict[str, object]:
    return {"cmd": "TRANSFERS", "transfers": [{"id": 1, **fields}], "expect": {}}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{**HEADER, "config": {"max_bach": 2}}], ":1: expected a header as in docs/ledger-scenario-format"),
        ([{**HEADER, "config": {"max_batch": 0}}], ":1: expected a max_batch of at least 1, was 0"),
        ([{**HEADER, "level": "CORE"}], "unknown field `level`"),
        ([{**HEADER, "description": "\x1b[2J"}], "expected texts of printable characters"),
        ([HEADER, {"cmd": "TIME"}], ":2: expected an object as expect, was None"),
        ([HEADER, {"cmd": "TIME", "expect": []}], ":2: expected an object as expect, was []"),
        ([HEADER, {"cmd": "FLY", "expect": {}}], ":2: expected a command of docs/ledger-scenario-format.md"),
        ([HEADER, {"cmd": "TIME", "t": -1, "expect": {}}], "t -1, which is not a time from 0"),
        ([HEADER, {"cmd": "TIME", "tt": 1, "expect": {}}], "TIME with 'tt', which is none of its fields"),
        ([HEADER, {"cmd": "FOLD", "expect": {}}], "FOLD without 'account'"),
        ([HEADER, {**DOLLARS, "scale": "2"}], "scale '2', which is not an integer of 64 bits"),
        ([HEADER, {**DOLLARS, "ledger": 2**32}], "ledger 4294967296, which is not a number from 0"),
        ([HEADER, transfers(amount=2**63)], "amount 9223372036854775808, which is not an integer of 64 bits"),
        ([HEADER, transfers(amount=True)], "amount True, which is not an integer of 64 bits"),
        ([HEADER, transfers(ammount=1)], "an event of TRANSFERS with 'ammount'"),
        ([HEADER, transfers(code=65536)], "code 65536, which is not a number from 0 to 65,535"),
        ([HEADER, transfers(flags="pending")], "flags 'pending', which is not a list of names of flags"),
        ([HEADER, transfers(flags=["history"])], "flags with 'history', which is none"),
        ([HEADER, transfers(flags=["reserved"] * 2)], "which are more than 16 bits"),
        ([HEADER, {"cmd": "TRANSFERS", "transfers": [5], "expect": {}}], "which is not a list of objects"),
        ([HEADER, {"cmd": "ACCOUNTS", "accounts": [{"id": 1}], "expect": {}}], "ACCOUNTS without 'ledger'"),
    ],
)
def test_a_wrong_file_is_refused_with_place_expectation_and_finding(
    tmp_path: Path, lines: list[object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=re.escape(message)) as caught:
        conform_files([scenario_file(tmp_path, *lines)])
    assert str(tmp_path) in str(caught.value)


def test_a_timeout_one_above_the_largest_is_the_largest(tmp_path: Path) -> None:
    accounts = [{"id": number, "ledger": 1, "code": 1} for number in (1, 2)]
    opened = {"cmd": "ACCOUNTS", "accounts": accounts, "expect": {"results": ["created"] * 2}}
    late = transfers(debit=1, credit=2, ledger=1, code=1, flags=["pending"], timeout=2**63)
    late |= {"t": 1, "expect": {"results": ["overflows_timeout"]}}
    result = conform_files([scenario_file(tmp_path, HEADER, DOLLARS, opened, late)])
    assert [outcome.difference for outcome in result.outcomes] == [None]
