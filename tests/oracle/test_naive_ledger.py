"""The naive ledger against every scenario of the rulebook, roots included."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.oracle.naive_ledger import NaiveLedger

FOLDER = Path(__file__).resolve().parents[1] / "conformance" / "ledger"
FILES = sorted([*FOLDER.glob("hand/*.jsonl"), *FOLDER.glob("gen/*.jsonl.gz")])


def test_all_scenarios_are_here() -> None:
    assert len(FILES) == 85


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.split(".")[0])
def test_the_naive_ledger_passes(file: Path) -> None:
    data = file.read_bytes()
    text = gzip.decompress(data) if file.suffix == ".gz" else data
    header, *commands = [json.loads(line) for line in text.splitlines()]
    ledger = NaiveLedger(header["config"].get("max_batch", 8192))
    for command in commands:
        expected = command.pop("expect")
        assert ledger.answer(command) == expected, command
