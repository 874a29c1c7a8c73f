"""`novate explain` as a process: text, colours, JSON, one message for a bad file."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

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
def test_a_bad_file_is_one_message(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    finished = novate("explain", path)
    assert finished.returncode == 1
    assert says in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert finished.stdout == ""
    error = json.loads(novate("explain", path, "--json").stdout)["error"]
    assert error["name"] == "SCENARIO_ERROR"
