"""Codes are part of the API: a name keeps its number for ever, and a number its name.

`tests/golden/codes.txt` pins every member of `novate.domain.codes`, one a line: `Reject.PRICE_BAND=140`, and
`session_codes.txt` those of `novate.domain.session_codes`. To add a code: give it the next free number of its
band and append the line that this test prints. A line of the file is never changed and never removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from types import ModuleType

import pytest

from novate.domain import codes, session_codes
from tests.tidy.sources import ROOT, report

GOLDEN = ROOT / "tests" / "golden"
PINNED = {"codes.txt": codes, "session_codes.txt": session_codes}
REASONS = (codes.Reject, codes.Reason, codes.RowReject, codes.ClearingReject, session_codes.SessionReject)
BANDS = {
    codes.Reject: range(100, 300),
    codes.Reason: range(300, 400),
    codes.RowReject: range(400, 500),
    codes.ClearingReject: range(500, 600),
    session_codes.SessionReject: range(600, 700),
}


def current(module: ModuleType) -> dict[str, int]:
    """`Enum.NAME` -> number of everything that the module defines."""
    return {
        f"{kind.__name__}.{name}": int(member.value)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Enum) and kind.__module__ == module.__name__
        for name, member in kind.__members__.items()
    }


def golden(name: str) -> dict[str, int]:
    """The pinned names and numbers."""
    lines = [line for line in (GOLDEN / name).read_text().splitlines() if line and not line.startswith("#")]
    return {name: int(number) for name, number in (line.split("=") for line in lines)}


def differences(pinned: dict[str, int], now: dict[str, int], file: str = "codes.txt") -> Iterator[str]:
    """Codes that were renumbered or removed, and codes that are not pinned yet."""
    for name, number in pinned.items():
        if name not in now:
            yield f"{name}={number} was removed: expected it to stay for ever"
        elif now[name] != number:
            yield f"{name}: expected {number} as pinned, was {now[name]}: a code is never renumbered"
    for name in now.keys() - pinned.keys():
        yield f"new code: append this line to tests/golden/{file}: {name}={now[name]}"


@pytest.mark.parametrize("name", PINNED)
def test_codes_keep_their_numbers_for_ever(name: str) -> None:
    findings = sorted(differences(golden(name), current(PINNED[name]), name))
    assert not findings, report(findings)


def test_a_number_means_one_reason() -> None:
    numbers = [member.value for kind in REASONS for member in kind if member.value]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("kind", REASONS)
def test_a_reason_stands_in_the_band_of_its_subject(kind: type[Enum]) -> None:
    outside = [member for member in kind if member.value and member.value not in BANDS[kind]]
    assert not outside, f"expected numbers in {BANDS[kind]}, was {outside}"


def test_a_code_is_named_in_capitals() -> None:
    names = [name for module in PINNED.values() for name in current(module)]
    assert [name for name in names if not re.fullmatch(r"[A-Za-z]+\.[A-Z][A-Z0-9_]*", name)] == []


def test_a_renumbered_a_removed_and_a_new_code_are_found() -> None:
    pinned = {"Reject.A": 100, "Reject.B": 101, "Reject.C": 102}
    assert not list(differences(pinned, pinned))
    assert len(list(differences(pinned, {**pinned, "Reject.A": 109}))) == 1
    assert len(list(differences(pinned, {"Reject.A": 100, "Reject.B": 101}))) == 1
    assert len(list(differences(pinned, {**pinned, "Reject.D": 103}))) == 1
