"""Codes of clearing records are part of the API: `tests/golden/clearing_codes.txt` pins name and number."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from novate.domain import clearing_codes

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "clearing_codes.txt"


def test_codes_keep_their_numbers_for_ever() -> None:
    pinned = [line for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    now = [
        f"{kind.__name__}.{name}={int(member.value)}"
        for kind in vars(clearing_codes).values()
        if isinstance(kind, type) and issubclass(kind, Enum) and kind.__module__ == clearing_codes.__name__
        for name, member in kind.__members__.items()
    ]
    assert sorted(now) == sorted(pinned)
