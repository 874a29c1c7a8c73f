"""`novate verify`: does everything in the directory follow from its journal?

    journal --replay, compiled--------> state roots at snapshots, events, every output again, invariants
            --replay, compiled again--> the same events and state
            --replay, interpreted-----> the same, on a sample, in another process
                    |
                    v   compared with
    summary.json (digests, roots), snapshots, trades.csv, events.parquet, obligations.csv, report.html

Each comparison is a `Check`; a difference names the file, the row and both versions. A journal without
outputs beside it is verified for what it can show: both replays, the sample, the snapshots. The journal of a
node also holds signatures: every one of them is verified.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from novate.app.bootstrap import Replay, journal_directory
from novate.app.problems import RefusedError
from novate.app.progress import SILENT, Progress
from novate.app.ready import ready_kernels
from novate.app.run import REPORT, digests_of, file_digest
from novate.app.run_derivation import Derivation
from novate.app.run_directory import OUTPUTS, complete_exchange
from novate.app.run_report import RunFacts, clearing_notes, currency_flows, day_report, member_cash, totals
from novate.app.run_summary import RunSummary, read_summary
from novate.app.verify_compare import first_difference
from novate.app.verify_sample import Sample, replay_sample
from novate.app.verify_signatures import verify_signatures
from novate.clearing.fills import Fills
from novate.clearing.house import ClearingResult
from novate.domain.machine import BrokenInvariant
from novate.gateway.files import OutputFolder
from novate.reports.page import report_page

INTERPRETED_SECONDS = 600


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison."""

    what: str
    same: bool
    where: str = ""
    """Of a difference: file, row or sequence, expectation and finding."""


class VerifyResult(msgspec.Struct, frozen=True, kw_only=True):
    """All comparisons of a directory."""

    directory: str
    commands: int
    events: int
    state_root: str
    same: bool
    checks: list[Check]

    def headline(self) -> str:
        """The answer in one sentence."""
        wrong = sum(not check.same for check in self.checks)
        if not wrong:
            return (
                f"Everything follows from the journal: {len(self.checks)} of {len(self.checks)} checks agree"
            )
        return f"{wrong} of {len(self.checks)} checks DIFFER"


class Evidence(msgspec.Struct, kw_only=True):
    """What the full replay found."""

    derivation: Derivation
    fills: Fills
    cleared: ClearingResult
    snapshot_roots: dict[int, str]
    state_root: str
    journal_root: str
    configuration_records: int
    broken_invariant: str


def verify_directory(directory: Path, sample: int, progress: Progress = SILENT) -> VerifyResult:
    """Compare everything. Raises JournalError for a journal that cannot be read at all."""
    complete_exchange(directory)
    journal = journal_directory(directory)
    summary = read_summary(directory)
    Replay(journal)  # A journal that cannot be opened is said at once, before anything is compiled.
    ready_kernels(progress)
    with tempfile.TemporaryDirectory(prefix="novate-verify-") as name:
        again = Path(name)
        evidence = _replay_and_derive(journal, again, progress)
        checks = [
            *_replay_checks(journal, evidence, sample, progress),
            *_snapshot_checks(journal, evidence),
            *_signature_checks(journal),
        ]
        if summary is not None:
            checks += _summary_checks(directory, summary, evidence)
            _write_report(again, summary, evidence)
            checks += [_output_check(directory, again, summary, name) for name in OUTPUTS]
        elif any((directory / name).exists() for name in OUTPUTS):
            checks.append(_missing_summary(directory))
    return VerifyResult(
        directory=str(directory),
        commands=evidence.derivation.last_sequence,
        events=evidence.derivation.event_count,
        state_root=evidence.state_root,
        same=all(check.same for check in checks),
        checks=checks,
    )


def _signature_checks(journal: Path) -> list[Check]:
    """One check over all signatures, where sessions have sent something."""
    counts = verify_signatures(journal)
    if counts.is_empty:
        return []
    what = (
        f"signatures: {counts.logins} logins, {counts.signed_commands} signed commands "
        f"({counts.frames} frames, {counts.orders} orders); {counts.by_word} commands are the venue's word"
    )
    return [Check(what=what, same=not counts.fault, where=counts.fault)]


def _replay_and_derive(journal: Path, again: Path, progress: Progress) -> Evidence:
    """The first replay: every output once more, and the state root wherever a snapshot was taken."""
    replay = Replay(journal)
    stops = sorted({name.sequence for name in replay.journal.snapshots.all()})
    roots: dict[int, str] = {}
    with OutputFolder(again) as folder:
        derivation = Derivation(folder, replay.configuration)
        for first_sequence, commands, events in replay.batches(stops):
            derivation.take(first_sequence, commands, events)
            if derivation.last_sequence in stops:
                roots[derivation.last_sequence] = replay.venue.state_root().hex()
            progress("replaying, compiled", derivation.last_sequence, replay.journal.last_sequence)
        broken = _broken_invariant(replay)
        fills, cleared = derivation.finish()
    return Evidence(
        derivation=derivation,
        fills=fills,
        cleared=cleared,
        snapshot_roots=roots,
        state_root=replay.venue.state_root().hex(),
        journal_root=replay.journal.root.hex(),
        configuration_records=replay.configuration_records,
        broken_invariant=broken,
    )


def _broken_invariant(replay: Replay) -> str:
    """The first invariant of the venue that does not hold, in words; empty if all do."""
    try:
        replay.venue.validate()
    except BrokenInvariant as error:
        return f"sequence {replay.venue.sequence}: {error}"
    return ""


def _replay_checks(journal: Path, evidence: Evidence, sample: int, progress: Progress) -> Iterator[Check]:
    """The second replay, and the interpreted one of the beginning."""
    last = evidence.derivation.last_sequence
    progress("replaying again", 0, 0)
    second = replay_sample(journal, last)
    first = msgspec.structs.replace(
        second,
        events=evidence.derivation.event_count,
        sha256=evidence.derivation.events_sha256,
        state_root=evidence.state_root,
    )
    yield same_replay(f"two compiled replays of {last:,} commands", first, second)
    broken = evidence.broken_invariant
    yield Check(what="invariants and conservation after the last command", same=not broken, where=broken)
    until = min(last, evidence.configuration_records + sample)
    if sample == 0:
        return
    progress("replaying a sample, interpreted", 0, 0)
    compiled, interpreted = replay_sample(journal, until), interpreted_sample(journal, until)
    yield same_replay(
        f"compiled and interpreted replay of the first {until:,} commands", compiled, interpreted
    )


def same_replay(what: str, first: Sample, second: Sample) -> Check:
    """Do two replays lead to the same place?"""
    for name in ("sequence", "events", "sha256", "state_root"):
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            return Check(
                what=what, same=False, where=f"sequence {first.sequence}: {name}: expected {one}, was {other}"
            )
    return Check(what=what, same=True)


def interpreted_sample(journal: Path, until: int) -> Sample:
    """The sample from a process in which nothing is compiled. Raises RefusedError if that process fails."""
    finished = subprocess.run(
        [sys.executable, "-m", "novate.app.verify_sample", str(journal), str(until)],
        env={**os.environ, "NOVATE_COMPILED": "0"},
        capture_output=True,
        timeout=INTERPRETED_SECONDS,
        check=False,
    )
    if finished.returncode:
        last_line = (finished.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
        raise RefusedError(f"{journal}: expected an interpreted replay through {until}, was: {last_line}")
    return msgspec.json.decode(finished.stdout, type=Sample)


def _snapshot_checks(journal: Path, evidence: Evidence) -> Iterator[Check]:
    """The name and the content of every snapshot against the replay at its sequence."""
    for restored in Replay(journal).restored_snapshots():
        expected = evidence.snapshot_roots.get(restored.sequence, "no such sequence")
        what = f"snapshot at sequence {restored.sequence:,}"
        for part, found in (("name", restored.named_root), ("state", restored.found_root)):
            if found != expected:
                where = f"{restored.path.name}: {part}: expected state root {expected}, was {found}"
                yield Check(what=what, same=False, where=where)
                break
        else:
            yield Check(what=what, same=True)


def _summary_checks(directory: Path, summary: RunSummary, evidence: Evidence) -> Iterator[Check]:
    """Every number of the summary that follows from the journal."""
    derivation, counts = evidence.derivation, totals(evidence.cleared)
    configuration = derivation.configuration
    pairs = (
        ("last sequence", derivation.last_sequence, summary.journal.last_sequence),
        ("journal root", evidence.journal_root, summary.journal.root),
        ("state root", evidence.state_root, summary.state_root),
        ("events", derivation.event_count, summary.events.count),
        ("digest of all events", derivation.events_sha256, summary.events.sha256),
        ("snapshots", evidence.snapshot_roots, {one.sequence: one.state_root for one in summary.snapshots}),
        ("executions", derivation.executions, summary.executions),
        ("trades", counts.trades, summary.trades),
        ("legs", counts.legs, summary.legs),
        ("members", counts.members, summary.members),
        ("name", configuration.name, summary.name),
        ("business date", configuration.business_date, summary.business_date),
        ("configuration records", evidence.configuration_records, summary.journal.configuration),
        (
            "commands",
            derivation.last_sequence,
            summary.journal.configuration
            + summary.journal.credits
            + summary.journal.sessions
            + summary.journal.orders,
        ),
        ("obligations", counts.obligations, summary.obligations),
        ("netting", currency_flows(evidence.cleared, configuration), summary.netting),
        ("cash", member_cash(evidence.cleared, configuration), summary.cash),
        ("clearing notes", clearing_notes(evidence.fills, evidence.cleared), summary.clearing_notes),
        ("rows", summary.rows.read, summary.rows.accepted + summary.rows.rejected),
    )
    for name, expected, found in pairs:
        if expected != found:
            where = f"summary.json: {name}: expected {expected}, was {found}"
            yield Check(what=f"summary: {name}", same=False, where=where)
    if all(expected == found for _, expected, found in pairs):
        yield Check(what=f"summary: {len(pairs)} figures", same=True)


def _write_report(again: Path, summary: RunSummary, evidence: Evidence) -> None:
    """The report once more. What the journal does not know is taken from the summary: the words about the
    source, the rows that the reader refused, and the digests of the files, which are checked file by file:
    another version of a library may pack the same events in other bytes."""
    files = {name: summary.outputs[name] for name in OUTPUTS if name != REPORT and name in summary.outputs}
    facts = RunFacts(
        source=summary.source,
        version=summary.novate,
        rows=summary.rows,
        orders=summary.journal.orders,
        refusals=summary.refusals,
        comparison=summary.comparison,
        notes=summary.notes,
        state_root=evidence.state_root,
        journal_root=evidence.journal_root,
        digests=digests_of(files),
    )
    page = report_page(day_report(evidence.derivation, evidence.fills, evidence.cleared, facts))
    with OutputFolder(again) as folder:
        folder.write(REPORT, page)


def _output_check(directory: Path, again: Path, summary: RunSummary, name: str) -> Check:
    """One output: there, as the summary says, and as the replay makes it."""
    path, replayed = directory / name, again / name
    recorded = summary.outputs.get(name)
    if not path.is_file():
        return Check(what=name, same=False, where=f"{path}: expected a file, was nothing there")
    found = file_digest(path)
    if replayed.exists() and found.sha256 != file_digest(replayed).sha256:
        difference = first_difference(replayed, path)
        if difference:
            return Check(what=name, same=False, where=f"{path}: {difference}")
    if recorded is None or found.sha256 != recorded.sha256:
        expected = recorded.sha256 if recorded else "a digest in summary.json"
        return Check(what=name, same=False, where=f"{path}: expected SHA-256 {expected}, was {found.sha256}")
    if found.bytes != recorded.bytes:
        where = f"{path}: expected {recorded.bytes} bytes, was {found.bytes}"
        return Check(what=name, same=False, where=where)
    return Check(what=name, same=True)


def _missing_summary(directory: Path) -> Check:
    return Check(
        what="a finished run",
        same=False,
        where=f"{directory / 'summary.json'}: expected the summary of a finished run, was nothing there",
    )
