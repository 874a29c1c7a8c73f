"""The journal: every command, durable before it is applied, in blocks that prove each other."""

from novate.journal.errors import (
    DataLoss,
    JournalCorrupt,
    JournalError,
    JournalLocked,
    JournalVersionError,
    SnapshotCorrupt,
)
from novate.journal.journal import Journal
from novate.journal.port import CommandLog

__all__ = [
    "CommandLog",
    "DataLoss",
    "Journal",
    "JournalCorrupt",
    "JournalError",
    "JournalLocked",
    "JournalVersionError",
    "SnapshotCorrupt",
]
