"""What can be wrong with an order file: with the whole of it, or with one row of it.

    whole file (missing, a directory, empty, truncated, no such columns)  ->  FileProblem, nothing is taken
    one row    (no number, unknown market, price off tick)                ->  RejectedRow, the rest is taken

Both say where, what was expected and what was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LONGEST_QUOTE = 200
LONGEST_MESSAGE = 600
"""Characters of a found text that a reject shows, and of its message: hostile rows can be megabytes long."""


class FileProblem(Exception):  # noqa: N818 - the word that people who run a market use
    """A file that cannot be used at all: place, expectation and finding."""

    def __init__(self, path: Path, expected: str, found: str, place: str = "") -> None:
        where = f"{path}: {place}: " if place else f"{path}: "
        super().__init__(f"{where}expected {expected}, was {found}")
        self.path = path
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken, as `rejects.csv` shows it."""

    row: int
    """1 is the first row after the header. In a text file without header 1 is the first line."""
    reason: str
    """Name of a RowReject, or of the venue's Reject."""
    message: str
    """`price: expected a price on the tick of 0.01, was "10.005"`."""
    raw: str
    """The row as the file has it, at most LONGEST_QUOTE characters."""


def shortened(text: str, longest: int = LONGEST_QUOTE) -> str:
    """`text`, cut where it gets too long to be shown."""
    return text if len(text) <= longest else text[: longest - 3] + "..."
