"""Rooms are small and explained; what is not yet so is written down and may only shrink."""

from __future__ import annotations

import json

from tests.tidy.size import (
    FILE_LINES,
    FUNCTION_LINES,
    against_ratchet,
    long_files,
    long_functions,
    without_docstring,
)
from tests.tidy.sources import ROOT, product, report, sample, suite

RATCHET = json.loads((ROOT / "tests" / "tidy" / "ratchet.json").read_text())


def test_no_file_is_longer_than_a_room_should_be() -> None:
    found = long_files([*product(), *suite()])
    findings = list(against_ratchet(found, RATCHET["file_length"], FILE_LINES))
    assert not findings, report(findings)


def test_no_function_is_longer_than_a_screen() -> None:
    found = long_functions([*product(), *suite()])
    findings = list(against_ratchet(found, RATCHET["function_length"], FUNCTION_LINES))
    assert not findings, report(findings)


def test_every_public_function_and_class_is_explained() -> None:
    found = without_docstring(product())
    new = [f"{name}: expected a docstring" for name in found if name not in RATCHET["docstrings"]]
    done = [f"{name}: explained by now, remove it" for name in RATCHET["docstrings"] if name not in found]
    assert not new + done, report(new + done)


def test_a_long_file_and_a_long_function_are_found() -> None:
    body = "    x = 1\n" * FUNCTION_LINES
    long = sample("novate.venue.fees", f"class Fees:\n  def fee(self):\n{body}")
    assert long_functions([long]) == {"src/novate/venue/fees.py::Fees.fee": FUNCTION_LINES + 1}
    assert long_files([long]) == {}
    assert long_files([sample("novate.venue.fees", "x = 1\n" * (FILE_LINES + 1))])


def test_a_nested_function_is_measured_too() -> None:
    body = "        x = 1\n" * FUNCTION_LINES
    nested = sample("novate.venue.fees", f"def outer():\n    def inner():\n{body}")
    assert set(long_functions([nested])) == {
        "src/novate/venue/fees.py::outer",
        "src/novate/venue/fees.py::outer.inner",
    }


def test_a_public_name_without_a_docstring_is_found() -> None:
    text = 'def fee():\n    return 1\n\nclass Fees:\n    """Fees."""\n\ndef _private():\n    return 1\n'
    assert without_docstring([sample("novate.venue.fees", text)]) == ["src/novate/venue/fees.py::fee"]


def test_the_ratchet_only_turns_one_way() -> None:
    assert not list(against_ratchet({"a": 70}, {"a": 70}, 60))
    assert list(against_ratchet({"a": 71}, {"a": 70}, 60)), "an exception must not grow"
    assert list(against_ratchet({"a": 65}, {"a": 70}, 60)), "an exception that got shorter must be lowered"
    assert list(against_ratchet({}, {"a": 70}, 60)), "an exception that is gone must be removed"
    assert list(against_ratchet({"b": 61}, {}, 60)), "a new exception must not appear"
