"""The golden stories of the clearing house: how their files are made.

    tests/golden/clearing/NAME.jsonl     a scenario; commands are written by hand, `expect` by the naive house
    tests/golden/clearing/NAME.txt       the story of its days, lived by the real house
    tests/golden/clearing/NAME.beancount the whole ledger of the house at its end

`python -m tests.golden.stories` writes them anew. Read the difference before you commit it: every number that
changes is a number that somebody had checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from novate.app.clearing_story import tell
from novate.app.conform_clearing import read_clearing_scenarios
from novate.reports.house_accounts import house_lines
from tests.oracle.naive_clearing import NaiveClearing

FOLDER = Path(__file__).parent / "clearing"
NAMES = ("five_days", "margin_days", "t7_rings", "t8_minimum_payments", "t9_cns_with_a_fail")


def scenario_text(path: Path) -> str:
    """The scenario with what the naive house answers."""
    header, *steps = map(json.loads, path.read_text().splitlines())
    house = NaiveClearing(header["config"])
    lines = [header]
    for step in steps:
        command = {name: value for name, value in step.items() if name != "expect"}
        lines.append({**command, "expect": list(house.apply(command))})
        house.validate()
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def golden_files(name: str) -> Iterator[tuple[Path, str]]:
    """Every file of a story and what should stand in it; the scenario must be as it should be already."""
    path = FOLDER / f"{name}.jsonl"
    yield path, scenario_text(path)
    (scenario,) = read_clearing_scenarios(path)
    told, house = tell(scenario)
    yield path.with_suffix(".txt"), told.text
    lines = house_lines(house)
    yield path.with_suffix(".beancount"), "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Write all stories anew, and say what has changed."""
    for name in NAMES:
        for path, text in golden_files(name):
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
                print(f"{path.name} is new")


if __name__ == "__main__":
    main()
