"""The naive clearing house is the measure of the real one, so it must keep the rulebook itself."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json

FOLDER = Path(__file__).resolve().parents[1] / "conformance" / "clearing"
FILES = sorted(FOLDER.rglob("*.jsonl*"))


def lines(path: Path) -> list[Json]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.decode().splitlines()]


def test_every_scenario_of_the_rulebook_is_run() -> None:
    assert len(FILES) == 74


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_naive_clearing_keeps_the_rulebook(path: Path) -> None:
    header, *steps = lines(path)
    house = NaiveClearing(header["config"])
    for number, step in enumerate(steps, 2):
        command = {name: value for name, value in step.items() if name != "expect"}
        assert house.apply(command) == step["expect"], f"{path.name}:{number}"
        house.validate()
