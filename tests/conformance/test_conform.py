"""`novate conform` on the scenarios of this repository and on the shared cases."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from novate.app.conform import ConformResult, Verdict, conform_files
from novate.app.conform_scenario import ScenarioError
from tests.shared import shared

HERE = Path(__file__).parent
HAND = HERE / "rulebook" / "hand"
GENERATED = HERE / "rulebook" / "gen"
CREDIT = HERE / "credit"
CLARIFICATIONS = HERE / "clarifications"

OFFER = {"cmd": "NEW", "acct": 1, "cid": 1, "side": "S", "qty": 5, "price": 100}
ACCEPTED = {"ev": "ACCEPTED", "oid": 1, "acct": 1, "cid": 1, "qty": 5, "price": 100}
BOOK_STATE = {"ev": "BOOK_STATE", "bid": None, "bid_qty": 0, "ask": 100, "ask_qty": 5}


def differences(result: ConformResult) -> list[str]:
    return [str(outcome.difference) for outcome in result.outcomes if outcome.difference is not None]


def scenario_file(folder: Path, header: dict[str, object], *steps: dict[str, object]) -> Path:
    path = folder / "scenario.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in (header, *steps)))
    return path


def test_every_scenario_of_the_rulebook_passes() -> None:
    result = conform_files([HAND, GENERATED])
    assert differences(result) == []
    assert result.level == "FULL"
    assert result.count(Verdict.PASSED) == len(result.outcomes) == 100
    assert result.ok


def test_level_core_leaves_the_scenarios_of_full_out() -> None:
    result = conform_files([HAND], level="CORE")
    assert differences(result) == []
    assert result.count(Verdict.PASSED) == 45
    assert result.count(Verdict.OTHER_LEVEL) == 35
    assert result.by_rule()["R41"].other_level > 0 == result.by_rule()["R41"].passed
    assert result.ok


def test_every_credit_rule_has_a_scenario_that_passes() -> None:
    result = conform_files([CREDIT])
    assert differences(result) == []
    rules = result.by_rule()
    assert [rule for rule in (f"K{number}" for number in range(1, 21)) if rules[rule].passed == 0] == []
    assert result.count(Verdict.PASSED) == len(result.outcomes)


def test_every_clarification_has_a_scenario_that_passes() -> None:
    result = conform_files([CLARIFICATIONS])
    assert differences(result) == []
    assert result.count(Verdict.PASSED) == len(result.outcomes)


def test_every_shared_case_passes() -> None:
    result = conform_files([shared("oracles/matching/edge_cases.json")])
    assert differences(result) == []
    assert result.count(Verdict.PASSED) == 34


def test_a_difference_names_line_command_and_both_sides(tmp_path: Path) -> None:
    wrong = {**ACCEPTED, "qty": 4}
    header = {"scenario": "wrong", "level": "CORE", "rules": ["R15"], "market": {}}
    path = scenario_file(tmp_path, header, {**OFFER, "expect": [wrong, BOOK_STATE]})
    result = conform_files([path])
    (difference,) = (outcome.difference for outcome in result.outcomes)
    assert difference is not None
    assert difference.line == 2
    assert difference.command == OFFER
    assert difference.expected == [wrong, BOOK_STATE]
    assert difference.got == [ACCEPTED, BOOK_STATE]
    assert result.by_rule()["R15"].failed == 1
    assert not result.ok


def test_an_unexpected_refusal_is_a_failure(tmp_path: Path) -> None:
    header = {"scenario": "claims", "level": "FULL", "market": {}}
    order = {**OFFER, "type": "MTL", "expect": []}
    assert conform_files([scenario_file(tmp_path, header, order)]).count(Verdict.FAILED) == 1


def test_a_venue_that_cannot_be_built_fails_its_own_scenario_only(tmp_path: Path) -> None:
    market = {"credit": "deliverable", "base": 1}
    header = {"scenario": "no band", "level": "CORE", "market": market}
    path = scenario_file(tmp_path, header, {"scenario": "empty"})
    result = conform_files([path])
    assert [outcome.verdict for outcome in result.outcomes] == [Verdict.FAILED, Verdict.PASSED]
    assert "a refused configuration" in differences(result)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "at least one scenario"),
        (b'{"cmd": "TIME", "expect": []}', 'a header line with the key "scenario"'),
        (b'{"scenario": "x"}\n{"cmd": "TIME"}', 'the keys "cmd" and "expect"'),
        (b'{"scenario": "x"}\nnot json', ":2: expected one JSON object a line"),
        (b"[1]", "a JSON object, was list"),
        (b'{"scenario": "x", "market": {"tick": 1}}', "['tick']"),
        (b'{"scenario": "x"}\n{"cmd": "FLY", "expect": []}', "scenario-format.md, was"),
        (gzip.compress(b'{"scenario": "x"}', mtime=0)[:-6], "readable scenario file"),
    ],
)
def test_a_bad_scenario_file_says_what_was_expected(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        conform_files([path])
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_folder_without_scenarios_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="a folder without any"):
        conform_files([tmp_path])
    with pytest.raises(ScenarioError, match="was nothing"):
        conform_files([tmp_path / "absent.jsonl"])


ORDER = b'{"cmd":"NEW","acct":1,"cid":1,"side":"B","qty":5,"price":1,'
HEADER = b'{"scenario":"x","level":"CORE","rules":["R1"],"market":{}}\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HEADER + b'{"cmd":"NEW","acct":1,"cid":1,"side":"B","qty":"5","price":1,"expect":[]}', "qty '5'"),
        (HEADER + b'{"cmd":"NEW","acct":1.5,"cid":1,"side":"B","qty":5,"price":1,"expect":[]}', "acct 1.5"),
        (
            HEADER + b'{"cmd":"NEW","acct":null,"cid":1,"side":"B","qty":5,"price":1,"expect":[]}',
            ":2: expected",
        ),
        (HEADER + b'{"cmd":"FOO","expect":[]}', "unknown or missing 'FOO'"),
        (HEADER + b'{"cmd":"BOOK","market":5,"expect":[]}', ":2: expected"),
        (HEADER + b'{"cmd":"BOOK","market":-1,"expect":[]}', "market -1, which is not a market"),
        (
            HEADER + b'{"cmd":"NEW_OCO","acct":1,"limit":5,"stop":[],"expect":[]}',
            "limit 5, which is not",
        ),
        (HEADER + ORDER + b'"hiden":true,"expect":[]}', "NEW with 'hiden', which is none of its fields"),
        (HEADER + ORDER + b'"hidden":"no","expect":[]}', "hidden 'no', which is not true or false"),
        (HEADER + ORDER + b'"stp":[],"expect":[]}', "stp [], which is not a text"),
        (HEADER + ORDER + b'"t":18446744073709551616,"expect":[]}', "which is not an integer of 64 bits"),
        (
            HEADER + b'{"cmd":"CANCEL","acct":4294967296,"cid":1,"expect":[]}',
            "acct 4294967296, which",
        ),
        (
            HEADER + b'{"cmd":"SCHEDULE","at":9223372036854775808,"to":"HALT","expect":[]}',
            "at 9223372036854775808, which is not an integer of 64 bits",
        ),
        (HEADER + b"[" * 200_000, "expected one JSON object a line"),
        (HEADER.replace(b"CORE", b"MEGA"), "Invalid enum value 'MEGA' - at `$.level`"),
        (HEADER.replace(b'"x"', b"7"), ":1: expected a header as in docs/scenario-format.md"),
        (HEADER.replace(b'"x"', b'"\\u001b[2J"'), "expected texts of printable characters"),
        (HEADER.replace(b"market", b"mraket"), "unknown field `mraket`"),
        (b'{"scenario":"x","markets":[]}', "Expected `array` of length >= 1 - at `$.markets`"),
        (b'{"scenario":"x","check_accounts":"no"}', "Expected `bool`, got `str` - at `$.check_accounts`"),
        (b'{"scenario":"x","credit":[[1,1]]}', "Expected `array` of length 3, got 2 - at `$.credit[0]`"),
        (b'{"scenario":"x","market":{"collar":"5"}}', "Expected `int | null`, got `str` - at `$.collar`"),
        (
            b'{"scenario":"x","market":{"stp_groups":{"a":1}}}',
            "Expected `int`, got `str` - at `key",
        ),
    ],
)
def test_a_malformed_scenario_is_refused_with_its_line(tmp_path: Path, text: bytes, found: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(text)
    with pytest.raises(ScenarioError, match=re.escape(found)):
        conform_files([path], "CORE")


def test_a_case_file_without_cases_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_bytes(b"{}")
    with pytest.raises(ScenarioError, match="expected at least one case, was none"):
        conform_files([path], "CORE")
