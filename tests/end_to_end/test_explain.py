"""`novate explain` as a process: text, colours, JSON, one message for a bad file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from novate.app.cli import execute
from tests.end_to_end.processes import NOVATE, ROOT, novate, novate_json

FEATURES = ROOT / "docs" / "examples" / "features"
ICEBERGS = FEATURES / "icebergs.jsonl"


def on_a_terminal(*arguments: str | Path) -> bytes:
    """What the command writes to a terminal."""
    master, slave = os.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    process = subprocess.Popen(
        [NOVATE, *arguments], stdout=slave, stderr=slave, env={**environment, "TERM": "xterm-256color"}
    )
    os.close(slave)
    said = b""
    try:
        while part := os.read(master, 4096):
            said += part
    except OSError:
        # The terminal is gone when the process has ended.
        pass
    os.close(master)
    assert process.wait() == 0
    return said


def test_a_scenario_is_told_in_plain_text() -> None:
    finished = novate("explain", ICEBERGS, "--steps", "4")
    assert finished.returncode == 0, finished.stderr
    assert "step 4  account 3 buys 6 at 100\n" in finished.stdout
    assert "100    6 (20)  account 1 #1           100   10       account 2 #2\n" in finished.stdout
    assert finished.stdout.endswith("All 5 steps give what the scenario expects\n")
    assert "\x1b" not in finished.stdout


def test_a_terminal_gets_colours_unless_plain_is_asked_for() -> None:
    assert b"\x1b[" in on_a_terminal("explain", ICEBERGS)
    assert b"\x1b" not in on_a_terminal("explain", ICEBERGS, "--plain")


def test_json_has_words_and_books() -> None:
    data = novate_json("explain", FEATURES / "order-types.jsonl", "--scenario", "lifetimes", "--steps", "4")
    assert data["ok"]
    (scenario,) = data["scenarios"]
    (step,) = scenario["steps"]
    assert step["said"] == "the clock goes to 50"
    assert step["events"][0]["event"] == {"ev": "EXPIRED", "oid": 1, "qty": 10, "reason": "GTD"}
    assert [row["order"] for row in step["markets"][0]["before"]["bids"]] == [1, 2, 3]
    assert [row["order"] for row in step["markets"][0]["after"]["bids"]] == [2, 3]


def test_a_difference_is_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text(ICEBERGS.read_text().replace('"ask_qty":20', '"ask_qty":21', 1))
    finished = novate("explain", path)
    assert finished.returncode == 1
    assert "differs from the scenario, line 3" in finished.stdout
    assert finished.stdout.endswith("1 of 5 steps differ from the scenario: 2\n")
    assert finished.stderr == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected at least one scenario, was an empty file"),
        ("{", ":1: expected one JSON object a line"),
        ('{"cmd":"TIME","expect":[]}', ':1: expected a header line with the key "scenario"'),
        (
            '{"scenario":"x"}\n{"cmd":"TIME","expect":[1]}',
            ":2: expected a list of objects as expect, was [1]",
        ),
        ('{"scenario":"x","rules":"R1"}', "Expected `array`, got `str` - at `$.rules`"),
        ('{"scenario":"x","market":[1]}', "Expected `object`, got `array` - at `$.market`"),
        ('{"scenario":"x","markets":{}}', "got `object` - at `$.markets`"),
        ('{"scenario":"x","market":{"tick":1}}', "expected the keys of docs/scenario-format.md"),
        (
            '{"scenario":"x"}\n{"cmd":"NEW","acct":1,"expect":[]}',
            ":2: expected a command of docs/scenario-format.md",
        ),
    ],
)
def test_a_bad_file_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    assert execute(["explain", str(path)]) == 1
    said = capsys.readouterr()
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert execute(["explain", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["name"] == "SCENARIO_ERROR"


STORIES = ROOT / "tests" / "golden" / "clearing"


def test_a_clearing_scenario_is_told_day_by_day() -> None:
    finished = novate("explain", STORIES / "t7_rings.jsonl")
    assert finished.returncode == 0, finished.stderr
    story = (STORIES / "t7_rings.txt").read_text()
    assert finished.stdout == f"{story}\nAll 14 commands give what the scenario expects\n"
    data = novate_json("explain", STORIES / "t7_rings.jsonl", "--scenario", "t7_rings")
    assert data["ok"]
    (told,) = data["stories"]
    assert told["text"] == story
    assert [trade["state"] for trade in told["trades"]] == ["SETTLED"] * 6


def test_a_clearing_scenario_that_expects_something_else_is_told_too(tmp_path: Path) -> None:
    lines = (STORIES / "t7_rings.jsonl").read_text().splitlines()
    file = tmp_path / "other.jsonl"
    file.write_text("\n".join([*lines[:4], lines[4].replace('"amount":10000', '"amount":10001'), *lines[5:]]))
    finished = novate("explain", file)
    assert finished.returncode == 1
    assert finished.stdout.startswith("t7_rings\n========\n")
    assert finished.stdout.endswith(f"see novate conform: {file} lines 5\n")


def test_steps_and_names_that_a_clearing_story_does_not_have(tmp_path: Path) -> None:
    steps = novate("explain", STORIES / "t7_rings.jsonl", "--steps", "3")
    assert steps.returncode == 2
    assert "expected no --steps" in steps.stderr
    name = novate("explain", STORIES / "t7_rings.jsonl", "--scenario", "t8")
    assert name.returncode == 1
    assert "expected one of the scenarios t7_rings, was t8" in name.stderr
    file = tmp_path / "wrong.jsonl"
    file.write_text((STORIES / "t7_rings.jsonl").read_text().splitlines()[0] + '\n{"cmd":"NOT","expect":[]}')
    wrong = novate("explain", file)
    assert wrong.returncode == 1
    assert f"{file}:2: expected a command" in wrong.stderr
