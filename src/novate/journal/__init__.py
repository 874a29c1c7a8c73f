"""The journal: every command, durable before it is applied, in blocks that prove each other."""

from novate.journal.disk import PatientDisk
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
from novate.journal.segments import DEFAULT_SEGMENT_BYTES, MOST_SEGMENT_BYTES

__all__ = [
    "DEFAULT_SEGMENT_BYTES",
    "MOST_SEGMENT_BYTES",
    "CommandLog",
    "DataLoss",
    "Journal",
    "JournalCorrupt",
    "JournalError",
    "JournalLocked",
    "JournalVersionError",
    "PatientDisk",
    "SnapshotCorrupt",
]
