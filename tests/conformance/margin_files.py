"""Scenarios of the margin day: commands by hand, `expect` by the naive house, roots by the real one.

    tests/conformance/margin/NAME.jsonl   what each rule of docs/margin-rules.md does
    tests/conformance/margin/roots.json   NAME -> state root of the real house behind the last command

`python -m tests.conformance.margin_files` writes them anew. Read the difference before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from novate.app.conform_clearing import QUERIES, read_clearing_scenarios
from novate.app.conform_clearing_commands import CommandWriter
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import new_clearing_events
from tests.golden.stories import scenario_text

FOLDER = Path(__file__).parent / "margin"
ROOTS = FOLDER / "roots.json"
FILES = sorted(FOLDER.glob("*.jsonl"))


def root_of(path: Path, room: int = 4096) -> str:
    """State root behind all commands of a scenario, given as one batch, drained by so many events."""
    (scenario,) = read_clearing_scenarios(path)
    house, writer = Clearing(scenario.terms), CommandWriter(scenario.terms)
    blocks = [writer.records(step.command) for step in scenario.steps if step.command["cmd"] not in QUERIES]
    commands, buffer = np.concatenate(blocks), new_clearing_events(room)
    while len(commands):
        house.apply(commands, buffer)
        commands = commands[house.consumed :]
    while house.apply(commands, buffer):
        pass
    return house.state_root().hex()


def main() -> None:
    """Write all of them anew, and say what has changed."""
    for path in FILES:
        text = scenario_text(path)
        if path.read_text() != text:
            path.write_text(text)
            print(f"{path.name} is new")
    roots = json.dumps({path.stem: root_of(path) for path in FILES}, indent=1) + "\n"
    if not ROOTS.exists() or ROOTS.read_text() != roots:
        ROOTS.write_text(roots)
        print(f"{ROOTS.name} is new")


if __name__ == "__main__":
    main()
