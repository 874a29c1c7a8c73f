"""What a finished run says about itself: `summary.json`, written last, so that its presence says: whole.

    rows        read = accepted + rejected
    journal     configuration records | opening credits | sessions | orders | end of day   1 .. last_sequence
    events      how many, and the SHA-256 of all their bytes in order
    outputs     every file: bytes and SHA-256        what `novate verify` compares with
    snapshots   sequence and state root of each      likewise

Nothing in it depends on the clock, the machine or the directory: the same orders give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from novate.app.problems import RefusedError

SUMMARY = "summary.json"
FORMAT = 1


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rows of the input went; a row that the venue refused is rejected too."""

    read: int
    accepted: int
    rejected: int


class JournalCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal holds, in this order."""

    configuration: int
    credits: int
    sessions: int = 0
    """SCHEDULE commands of the sessions, and the TIME command that ends a day with sessions."""
    orders: int
    last_sequence: int
    root: str


class EventCounts(msgspec.Struct, frozen=True, kw_only=True):
    """All events of the run: their number and the digest of their bytes."""

    count: int
    sha256: str


class OutputFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the run."""

    bytes: int
    sha256: str


class SnapshotState(msgspec.Struct, frozen=True, kw_only=True):
    """State root of the venue after the command with this sequence."""

    sequence: int
    state_root: str


class CurrencyFlow(msgspec.Struct, frozen=True, kw_only=True):
    """What netting saved in one currency; money in minor units with `digits`."""

    currency: str
    digits: int
    legs: int
    obligations: int
    gross_minor: int
    net_minor: int


class MemberCash(msgspec.Struct, frozen=True, kw_only=True):
    """Net cash of a member on one date; positive is received."""

    member: str
    settle_date: str
    currency: str
    digits: int
    amount_minor: int


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `summary.json`."""

    format: int = FORMAT
    novate: str
    name: str
    business_date: str
    source: str
    rows: Rows
    journal: JournalCounts
    events: EventCounts
    executions: int
    """Trades of the venue."""
    trades: int
    """Those of them that became legs and obligations."""
    legs: int
    obligations: int
    members: int
    state_root: str
    snapshots: list[SnapshotState]
    netting: list[CurrencyFlow]
    cash: list[MemberCash]
    refusals: dict[str, int]
    comparison: list[str]
    notes: list[str]
    clearing_notes: list[str]
    outputs: dict[str, OutputFile]


def summary_bytes(summary: RunSummary) -> bytes:
    """The file, indented for readers."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"


def read_summary(directory: Path) -> RunSummary | None:
    """The summary of a finished run; None if there is none. Refuses one that cannot be read."""
    path = directory / SUMMARY
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        summary = msgspec.json.decode(data, type=RunSummary)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(f"{path}: expected the summary of a novate run, was: {error}") from error
    if summary.format != FORMAT:
        raise RefusedError(f"{path}: expected format {FORMAT}, was {summary.format}")
    return summary
