"""What can go wrong with a journal, and how it is said: the place, the expectation and the finding.

    JournalError
      JournalCorrupt        bytes that were durable are not what was written
      DataLoss              the journal ends before something that is known to have been acknowledged
      JournalLocked         another process writes this journal
      JournalVersionError   a newer Novate wrote it
      SnapshotCorrupt       one snapshot is damaged; an older one, or the whole journal, still serves

None of them is ever answered by a repair: whoever gets one stops and says so.
"""

from __future__ import annotations

from pathlib import Path


class JournalError(Exception):
    """A journal cannot do what was asked; the message says where, what was expected and what was found."""


class JournalCorrupt(JournalError):  # noqa: N818 -- the name says what the journal is
    """Damage at one place of one file."""

    def __init__(self, file: Path, offset: int, sequence: int, expected: str, found: str) -> None:
        super().__init__(f"{file}: offset {offset}: sequence {sequence}: expected {expected}, was {found}")
        self.file = file
        self.offset = offset
        self.sequence = sequence
        self.expected = expected
        self.found = found


class DataLoss(JournalError):  # noqa: N818
    """Acknowledged records are missing at the end of the journal."""


class JournalLocked(JournalError):  # noqa: N818
    """A second writer."""


class JournalVersionError(JournalError):
    """A format that this version of Novate does not know."""


class SnapshotCorrupt(JournalError):  # noqa: N818
    """A snapshot whose bytes are not what was written."""
