"""The real clearing house against every scenario of the rulebook, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from novate.app.conform import Verdict, conform_files
from novate.app.conform_clearing import (
    QUERIES,
    ClearingPlayer,
    ClearingScenario,
    is_clearing_file,
    play,
    read_clearing_scenarios,
)
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_events import EventReader
from novate.app.conform_scenario import ScenarioError
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import new_clearing_events

FOLDER = Path(__file__).parent / "clearing"
FILES = sorted(FOLDER.rglob("*.jsonl*"))
HEADER = '{"scenario":"x","config":{"start":"2026-03-02","currencies":{},"instruments":{},"members":{}}}'


def scenario_of(path: Path) -> ClearingScenario:
    (found,) = read_clearing_scenarios(path)
    return found


def test_every_scenario_of_clearing_passes() -> None:
    result = conform_files([FOLDER])
    failed = [outcome.difference for outcome in result.outcomes if outcome.verdict != Verdict.PASSED]
    assert not failed, str(failed[0])
    assert len(result.outcomes) == 74


@pytest.mark.parametrize("room", [1, 7])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_a_scenario_in_one_batch_gives_the_same_events(path: Path, room: int) -> None:
    """All commands at once, queries left out, drained through a buffer of a few events."""
    scenario = scenario_of(path)
    house, writer = Clearing(scenario.terms), CommandWriter(scenario.terms)
    steps = [step for step in scenario.steps if step.command["cmd"] not in QUERIES]
    commands = np.concatenate([writer.records(step.command) for step in steps])
    buffer, blocks = new_clearing_events(room), []
    while len(commands):
        blocks.append(buffer[: house.apply(commands, buffer)].copy())
        commands = commands[house.consumed :]
    found = EventReader(scenario.terms, writer.sources).json(np.concatenate(blocks))
    assert found == [event for step in steps for event in step.expect]
    house.validate()


def test_a_difference_says_where_it_is(tmp_path: Path) -> None:
    lines = (FOLDER / "hand" / "t7_ring.jsonl").read_text().splitlines()
    number = next(at for at, line in enumerate(lines) if '"ACCEPTED"' in line)
    lines[number] = lines[number].replace('"ACCEPTED"', '"REFUSED"', 1)
    file = tmp_path / "wrong.jsonl"
    file.write_text("\n".join(lines))
    (outcome,) = conform_files([file]).outcomes
    assert outcome.verdict == Verdict.FAILED
    assert outcome.difference is not None
    assert outcome.difference.line == number + 1
    assert outcome.difference.got[0]["ev"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('{"scenario":"x","config":{"start":"2026-03-02"}}', "x.jsonl:1: expected a header"),
        (HEADER.replace('"members"', '"people":{},"members"'), "was ['people']"),
        (HEADER.replace("2026-03-02", "soon"), "x.jsonl:1: expected a header"),
        (HEADER.replace('"members":{}', '"members":{"CCP":["OWN"]}'), "reserved"),
        (HEADER.replace('"currencies"', '"house":"none","currencies"'), "a calendar of the configuration"),
        (HEADER.replace('"x"', '"\\u001b"', 1), "printable"),
        (HEADER + '\n{"cmd":"NET"}', 'x.jsonl:2: expected a "cmd"'),
        (HEADER + '\n{"cmd":"NOT","expect":[]}', "x.jsonl:2: expected a command"),
        (HEADER + '\n{"cmd":"ROLL","expect":[]}', "missing 'to'"),
        (HEADER + '\n{"cmd":"ROLL","to":"soon","expect":[]}', "x.jsonl:2: expected a command"),
        (HEADER + '\n{"cmd":"ROLL","to":7,"expect":[]}', "x.jsonl:2: expected a command"),
    ],
)
def test_a_wrong_file_gets_place_expectation_and_finding(tmp_path: Path, lines: str, expected: str) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(lines)
    assert is_clearing_file(file)
    with pytest.raises(ScenarioError) as error:
        conform_files([file])
    assert expected in str(error.value)
    assert "expected" in str(error.value)


def test_a_broken_invariant_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from novate.domain.machine import BrokenInvariant

    def broken(self: Clearing) -> None:
        raise BrokenInvariant("planted")

    monkeypatch.setattr(Clearing, "validate", broken)
    done, departure = play(scenario_of(FOLDER / "hand" / "t7_ring.jsonl"))
    assert done == 0
    assert departure is not None
    assert departure.got == [{"ev": "BROKEN_INVARIANT", "message": "planted"}]


def test_a_player_answers_queries() -> None:
    header = msgspec.json.decode(HEADER)
    scenario = read_header(header)
    player = ClearingPlayer(scenario)
    assert player.answer({"cmd": "BALANCES"}) == [
        {"ev": "BALANCES", "securities": [], "cash": [], "due": [], "arrears": []}
    ]
    assert player.answer({"cmd": "POSITIONS"}) == [
        {"ev": "POSITIONS", "open": [], "items": [], "waiting": []}
    ]


def read_header(header: dict[str, Any]) -> Any:
    from novate.app.conform_clearing_terms import house_terms

    return house_terms(header["config"])
