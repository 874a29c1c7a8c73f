"""Why a parameter file or a file of positions is refused: the kinds of span-rules.md, section 13."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """One kind for each rule that an input can break. The last is Novate's own: the file cannot be read."""

    XML_SYNTAX = "xml-syntax"
    GZIP = "gzip"
    DTD_FORBIDDEN = "dtd-forbidden"
    SCHEMA = "schema"
    NUMBER = "number"
    PERIOD = "period"
    ARRAY_LENGTH = "array-length"
    DUPLICATE_CONTRACT = "duplicate-contract"
    DUPLICATE_CC = "duplicate-cc"
    BAD_STRIKE = "bad-strike"
    UNKNOWN_TIER = "unknown-tier"
    UNKNOWN_UNDERLYING = "unknown-underlying"
    UNSUPPORTED = "unsupported"
    ENCODING = "encoding"
    CSV_HEADER = "csv-header"
    CSV_ROW = "csv-row"
    UNKNOWN_CONTRACT = "unknown-contract"
    MISSING_ARRAY = "missing-array"
    FILE = "file"


LONGEST_FINDING = 120


class SpanProblem(Exception):  # noqa: N818 - the word that people who run a market use
    """An input that is refused as a whole: kind, place, expectation and finding, on one line."""

    def __init__(self, kind: Kind, place: str, expected: str, found: str) -> None:
        self.kind = kind
        self.place = place
        self.expected = expected
        self.found = _one_line(found)
        where = f"{place}: " if place else ""
        super().__init__(f"{where}expected {expected}, was {self.found}")

    def within(self, place: str) -> SpanProblem:
        """The same problem, seen from the file or the element around it."""
        inner = f"{place}: {self.place}" if self.place else place
        return SpanProblem(self.kind, inner, self.expected, self.found)


def _one_line(text: str) -> str:
    """Printable and short: a hostile file can hold anything."""
    shown = text if len(text) <= LONGEST_FINDING else text[: LONGEST_FINDING - 3] + "..."
    return "".join(mark if mark.isprintable() else "?" for mark in shown)
