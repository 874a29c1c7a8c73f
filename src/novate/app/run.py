"""The main job: orders in, obligations out, and a journal from which all of it can be made again.

    orders --> journal (durable) --> venue --> events --> trades.csv, events.parquet
                                                |
                                                +--> clearing --> obligations.csv
                                                +--> report.html, then summary.json as the last file

A run that is killed leaves its journal, and no file of which only a part was written: every output gets its
name when it is whole, and the summary says that the run is. A run that is to replace another one stands aside
until then (`run_directory.py`).
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec

from novate.app.bootstrap import BATCH, Plane, found_plane, opening_records
from novate.app.progress import SILENT, Progress
from novate.app.ready import ready_kernels
from novate.app.run_derivation import Derivation
from novate.app.run_directory import JOURNAL, OUTPUTS, claimed
from novate.app.run_orders import RunRequest, read_request, source_sentence
from novate.app.run_report import RunFacts, clearing_notes, currency_flows, day_report, member_cash, totals
from novate.app.run_summary import (
    SUMMARY,
    EventCounts,
    JournalCounts,
    OutputFile,
    Rows,
    RunSummary,
    SnapshotState,
    summary_bytes,
)
from novate.app.schedules import closing_time
from novate.clearing.fills import Fills
from novate.clearing.house import ClearingResult
from novate.domain.codes import CommandKind
from novate.domain.records import Commands
from novate.gateway.files import OrderFile, OutputFolder, RejectedRow, write_rejects
from novate.reports.model import Digest
from novate.reports.page import report_page

REPORT = "report.html"


class FinishedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run says about itself, and what only this one execution of it can tell."""

    summary: RunSummary
    seconds: float
    """From the first record of the journal to the summary; reading and compiling are not counted."""


def run_day(request: RunRequest, progress: Progress = SILENT) -> FinishedRun:
    """Run the whole job. On an error what stood in the directory stays, and a journal is left at most."""
    configuration, orders = read_request(request, progress)
    with claimed(request.out, request.force, (request.orders, request.config)) as place:
        ready_kernels(progress)
        began = time.monotonic()
        plane = found_plane(place / JOURNAL, configuration)
        try:
            summary = _run(place, plane, orders, progress)
        except OSError as error:
            if error.filename is None:
                error.filename = str(place)
            raise
        finally:
            plane.close()
        seconds = time.monotonic() - began
    return FinishedRun(summary=summary, seconds=seconds)


def _run(out: Path, plane: Plane, orders: OrderFile, progress: Progress) -> RunSummary:
    opening = opening_records(plane.configuration)
    snapshots: list[SnapshotState] = []
    with OutputFolder(out) as folder:
        derivation = Derivation(folder, plane.configuration)
        # In one piece: a journal holds the whole configuration and every credit, or nothing at all.
        derivation.take(1, opening, plane.take(opening))
        halfway = len(opening) + len(orders.commands) // 2
        closing = closing_time(plane.configuration)
        for commands in (*batches(orders.commands), closing):
            derivation.take(plane.venue.sequence + 1, commands, plane.take(commands))
            if not snapshots and plane.venue.sequence >= halfway:
                snapshots.append(_snapshot(plane))
            done = min(derivation.last_sequence - len(opening), len(orders.commands))
            progress("matching", done, len(orders.commands))
        snapshots.append(_snapshot(plane))
        plane.venue.validate()
        progress("clearing", 0, 0)
        rejected = orders.not_accepted(derivation.refusals, len(opening) + 1)
        write_rejects(folder, rejected)
        fills, cleared = derivation.finish()
    progress("writing the report", 0, 0)
    facts = _facts(plane, orders, rejected, derivation, len(opening) + 1)
    return _finish(out, derivation, fills, cleared, facts, snapshots, opening)


def batches(commands: Commands) -> Iterator[Commands]:
    """The commands in blocks of at most `BATCH`."""
    for start in range(0, len(commands), BATCH):
        yield commands[start : start + BATCH]


def _snapshot(plane: Plane) -> SnapshotState:
    sequence, root = plane.snapshot()
    return SnapshotState(sequence=sequence, state_root=root.hex())


def _facts(
    plane: Plane, orders: OrderFile, rejected: list[RejectedRow], derivation: Derivation, first_order: int
) -> RunFacts:
    """What the report says that does not follow from the journal."""
    by_reader = {row.row for row in orders.rejects}
    refusals = Counter(f"{'file' if row.row in by_reader else 'venue'}:{row.reason}" for row in rejected)
    comparison: list[str] = []
    if orders.format == "lobster":
        from novate.gateway.files.lobster_report import compare

        lobster = compare(orders.extra, derivation.fills, first_order)
        comparison = [lobster.headline, *(line for line in lobster.lines() if line != lobster.headline)]
    return RunFacts(
        source=source_sentence(orders, plane.configuration),
        version=version("novate"),
        rows=Rows(read=orders.read, accepted=orders.read - len(rejected), rejected=len(rejected)),
        orders=len(orders.commands),
        refusals=dict(sorted(refusals.items())),
        comparison=comparison,
        notes=[note for note in orders.notes if note not in comparison],
        state_root=plane.venue.state_root().hex(),
        journal_root=plane.journal.root.hex(),
        digests=[],
    )


def _finish(
    out: Path,
    derivation: Derivation,
    fills: Fills,
    cleared: ClearingResult,
    facts: RunFacts,
    snapshots: list[SnapshotState],
    opening: Commands,
) -> RunSummary:
    """Report and summary, which name the digests of all other files."""
    files = {name: file_digest(out / name) for name in OUTPUTS if name != REPORT}
    facts = msgspec.structs.replace(facts, digests=digests_of(files))
    with OutputFolder(out) as folder:
        folder.write(REPORT, report_page(day_report(derivation, fills, cleared, facts)))
    files[REPORT] = file_digest(out / REPORT)
    counts = totals(cleared)
    configuration = derivation.configuration
    configured = int((opening["kind"] == CommandKind.CONFIGURATION).sum())
    credits = int((opening["kind"] == CommandKind.CREDIT).sum())
    summary = RunSummary(
        novate=facts.version,
        name=configuration.name,
        business_date=configuration.business_date,
        source=facts.source,
        rows=facts.rows,
        journal=JournalCounts(
            configuration=configured,
            credits=credits,
            sessions=derivation.last_sequence - configured - credits - facts.orders,
            orders=facts.orders,
            last_sequence=derivation.last_sequence,
            root=facts.journal_root,
        ),
        events=EventCounts(count=derivation.event_count, sha256=derivation.events_sha256),
        executions=derivation.executions,
        trades=counts.trades,
        legs=counts.legs,
        obligations=counts.obligations,
        members=counts.members,
        state_root=facts.state_root,
        snapshots=snapshots,
        netting=currency_flows(cleared, configuration),
        cash=member_cash(cleared, configuration),
        refusals=facts.refusals,
        comparison=facts.comparison,
        notes=facts.notes,
        clearing_notes=clearing_notes(fills, cleared),
        outputs=files,
    )
    with OutputFolder(out) as folder:
        folder.write(SUMMARY, summary_bytes(summary))
    return summary


def file_digest(path: Path) -> OutputFile:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return OutputFile(bytes=path.stat().st_size, sha256=digest.hexdigest())


def digests_of(files: dict[str, OutputFile]) -> list[Digest]:
    """The files as the report lists them."""
    return [Digest(name=name, size=file.bytes, sha256=file.sha256) for name, file in files.items()]
