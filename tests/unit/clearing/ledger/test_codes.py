"""Names and numbers of the ledger's codes never change: tests/golden/ledger_codes.txt has all of them."""

from __future__ import annotations

import re
from enum import Enum

from novate.clearing.ledger import codes
from tests.tidy.sources import ROOT

GOLDEN = ROOT / "tests" / "golden" / "ledger_codes.txt"
RUNG = re.compile(r"^\| (\d+)\*? \| ([a-z_]+) \| [SPR]", re.MULTILINE)


def current() -> list[str]:
    return [
        f"{kind.__name__}.{name}={int(member.value)}"
        for kind in vars(codes).values()
        if isinstance(kind, type) and issubclass(kind, Enum) and kind.__module__ == codes.__name__
        for name, member in kind.__members__.items()
    ]


def test_codes_keep_their_numbers_for_ever() -> None:
    assert current() == [line for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]


def test_results_of_transfers_are_the_rungs_of_the_rulebook() -> None:
    ladder = RUNG.findall((ROOT / "docs" / "ledger-rules.md").read_text())
    rungs = {name: int(number) for number, name in ladder}
    assert {result.name.lower(): result.value for result in codes.TransferResult} == rungs
