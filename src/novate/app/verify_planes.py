"""`novate verify` for a directory of two planes: each follows from its journal, and they agree.

    DIR/venue/journal      --as for a run--> replays, snapshots, invariants
    DIR/clearing/journal   --replay-->       twice in different batches, a sample interpreted, snapshots,
                                             invariants, the files of every closed date
    streams                                  byte for byte what the replays give
    fills | trades         one to one        CREDIT events | CREDIT commands of the venue   one to one

A directory with one plane only is verified for that one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from novate.app.bootstrap import Replay
from novate.app.bootstrap_clearing import ClearingReplay, blocks_from
from novate.app.clearing_day_files import write_day
from novate.app.clearing_day_log import DayLog
from novate.app.files_at_rest import files_at_rest
from novate.app.plane_streams import CLEARING_JOURNAL, CREDIT, FILLS, VENUE_JOURNAL
from novate.app.problems import RefusedError
from novate.app.progress import SILENT, Progress
from novate.app.venue_credit import CreditWriter
from novate.app.venue_fills import FILL_BYTES, FillWriter, fills_of
from novate.app.verify import INTERPRETED_SECONDS, Check, VerifyResult, same_replay, verify_directory
from novate.app.verify_clearing_sample import clearing_sample
from novate.app.verify_compare import first_difference
from novate.app.verify_sample import Sample
from novate.clearing.fills import SOURCE
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import ClearingCommand, ClearingEvent
from novate.domain.clearing_records import CLEARING_COMMAND, CLEARING_EVENT, Records
from novate.domain.codes import CommandKind
from novate.domain.configuration import Configuration
from novate.domain.machine import BrokenInvariant
from novate.domain.records import COMMAND, EVENT, RECORD_BYTES, Events
from novate.reports.figures import plural

OTHER_BATCH = 97
"""Records a batch in the second replay: where they are cut must not matter."""


def is_of_planes(directory: Path) -> bool:
    """Does the directory hold a plane of its own kind?"""
    return any((directory / journal).is_dir() for journal in (VENUE_JOURNAL, CLEARING_JOURNAL))


def verify_planes(directory: Path, sample: int, progress: Progress = SILENT) -> VerifyResult:
    """Compare everything. Raises JournalError for a journal that cannot be read at all, and RefusedError
    where a plane runs: its files grow while they are read, and would differ without being false."""
    planes = (directory, (directory / VENUE_JOURNAL).parent, (directory / CLEARING_JOURNAL).parent)
    with files_at_rest(planes):
        return _compared(directory, sample, progress)


def _compared(directory: Path, sample: int, progress: Progress) -> VerifyResult:
    checks: list[Check] = []
    commands = events = 0
    roots = []
    venue, clearing = directory / VENUE_JOURNAL, directory / CLEARING_JOURNAL
    if venue.is_dir():
        found = verify_directory(venue, sample, progress)
        commands, events = found.commands, found.events
        roots.append(found.state_root)
        checks += [_named("venue", check) for check in found.checks]
    if clearing.is_dir():
        progress("replaying the clearing house", 0, 0)
        told = _Told(directory)
        commands, events = commands + told.last, events + told.events
        roots.append(told.sample.state_root)
        checks += [_named("clearing", check) for check in _clearing_checks(told, sample)]
        if venue.is_dir():
            progress("comparing the planes", 0, 0)
            checks += _agreement(directory, told)
    return VerifyResult(
        directory=str(directory),
        commands=commands,
        events=events,
        state_root=" ".join(roots),
        same=all(check.same for check in checks),
        checks=checks,
    )


class _Dates(DayLog):
    """Writes the files of every date that closes once more and compares them with those that are there."""

    def __init__(self, days: Path) -> None:
        super().__init__()
        self.compared = 0
        self.differences: list[str] = []
        self.taken: list[tuple[int, int]] = []
        """Before each ROLL: how many fills were taken, and the business date."""
        self._days = days

    def begin(self, house: Clearing, is_founding: bool) -> None:
        super().begin(house, is_founding)
        self._house = house

    def before_roll(self, house: Clearing) -> None:
        super().before_roll(house)
        self.taken.append((house.fills, house.today))

    def take(self, events: Records) -> None:
        super().take(events)
        if (events["kind"] == ClearingEvent.ROLLED).any():
            self._compare()

    def _compare(self) -> None:
        closed = self.closed
        assert closed is not None, "a ROLL was told"
        place = self._days / closed.date
        self.compared += 1
        if not place.is_dir():
            self.differences.append(
                f"{place}: expected the files of a date that was closed, found none; "
                f"`novate clearing files DIR {closed.date}` writes them"
            )
            return
        with tempfile.TemporaryDirectory(prefix="novate-verify-") as name:
            again = Path(name) / closed.date
            write_day(Path(name), closed, self._house, self._house_configuration)
            expected, found = _files(again), _files(place)
            for missing in sorted(expected ^ found):
                self.differences.append(f"{place / missing}: expected only what the journal gives")
            for one in sorted(expected & found):
                difference = first_difference(again / one, place / one)
                if difference:
                    self.differences.append(f"{place / one}: {difference}")

    def configured(self, configuration: Configuration) -> _Dates:
        """With the configuration of the journal."""
        self._house_configuration = configuration
        return self


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class _Told:
    """What the first replay of the clearing house tells."""

    def __init__(self, directory: Path) -> None:
        self.journal = directory / CLEARING_JOURNAL
        configuration = ClearingReplay(self.journal).configuration
        self.dates = _Dates(directory / "clearing" / "days").configured(configuration)
        self.replay = ClearingReplay(self.journal, self.dates)
        self.last = self.replay.journal.last_sequence
        snapshots = [name.sequence for name in self.replay.journal.snapshots.all()]
        self.roots = {self.replay.founded: self.replay.house.state_root().hex()}
        self.events, self.credit = 0, [np.zeros(0, CLEARING_EVENT)]
        digest = sha256()
        for last, events in self.replay.batches(stops=snapshots):
            digest.update(events.tobytes())
            self.events += len(events)
            self.credit.append(events[events["kind"] == ClearingEvent.CREDIT])
            if last in snapshots:
                self.roots[last] = self.replay.house.state_root().hex()
        self.sample = Sample(
            sequence=self.last, events=self.events, sha256=digest.hexdigest(),
            state_root=self.replay.house.state_root().hex(), compiled=True,
        )  # fmt: skip


def _clearing_checks(told: _Told, sample: int) -> Iterator[Check]:
    yield same_replay(
        f"two replays of {told.last:,} commands, cut in different batches",
        told.sample, clearing_sample(told.journal, told.last, OTHER_BATCH),
    )  # fmt: skip
    broken = ""
    try:
        told.replay.house.validate()
    except BrokenInvariant as error:
        broken = str(error)
    yield Check(what="invariants and conservation after the last command", same=not broken, where=broken)
    until = min(told.last, told.replay.founded + sample)
    if sample:
        what = f"compiled and interpreted replay of the first {until:,} commands"
        compiled = clearing_sample(told.journal, until, OTHER_BATCH)
        yield same_replay(what, compiled, interpreted_clearing_sample(told.journal, until))
    for name, found in told.replay.restored_snapshots():
        expected = told.roots.get(name.sequence, "no such sequence")
        wrong = next((one for one in (name.state_root.hex(), found) if one != expected), "")
        where = f"{name.path.name}: expected state root {expected}, was {wrong}" if wrong else ""
        yield Check(what=f"snapshot at sequence {name.sequence:,}", same=not wrong, where=where)
    differences = told.dates.differences
    what = f"files of {plural(told.dates.compared, 'closed date')}"
    yield Check(what=what, same=not differences, where="; ".join(differences[:3]))


def interpreted_clearing_sample(journal: Path, until: int) -> Sample:
    """The sample from a process in which nothing is compiled. Raises RefusedError if that process fails."""
    module = [sys.executable, "-m", "novate.app.verify_clearing_sample", str(journal), str(until), "4096"]
    finished = subprocess.run(
        module, env={**os.environ, "NOVATE_COMPILED": "0"}, capture_output=True,
        timeout=INTERPRETED_SECONDS, check=False,
    )  # fmt: skip
    if finished.returncode:
        last_line = (finished.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
        raise RefusedError(f"{journal}: expected an interpreted replay through {until}, was: {last_line}")
    return msgspec.json.decode(finished.stdout, type=Sample)


# -- what the planes say of each other ------------------------------------------------------------------


def _agreement(directory: Path, told: _Told) -> Iterator[Check]:
    venue = Replay(directory / VENUE_JOURNAL)
    fills, given = [np.zeros(0, EVENT)], [np.zeros(0, COMMAND)]
    for _, commands, events in venue.batches():
        fills.append(fills_of(events))
        given.append(commands[commands["kind"] == CommandKind.CREDIT])
    done = np.concatenate(fills)
    yield _same_bytes("stream of fills", directory / FILLS, done.tobytes(), FILL_BYTES)
    taken = told.replay.house.fills
    yield _same_trades(told, done[: 2 * taken], taken, len(done) // 2)
    writer = CreditWriter(told.replay.configuration, told.replay.terms)
    deltas = writer.commands(np.concatenate(told.credit))
    yield _same_bytes("stream of credit", directory / CREDIT, deltas.tobytes(), RECORD_BYTES)
    applied = np.concatenate(given)[writer.opening :]
    same = applied.tobytes() == deltas[: len(applied)].tobytes()
    where = "" if same else "expected the deltas of the house in their order, was another command of credit"
    yield Check(what=f"{len(applied):,} of {len(deltas):,} deltas of credit applied", same=same, where=where)


def _same_trades(told: _Told, fills: Events, taken: int, done: int) -> Check:
    """The trades of fills in the clearing journal are those of the venue, each once, in their order."""
    writer = FillWriter(told.replay.configuration, told.replay.terms)
    sources = told.replay.house.sources
    expected = np.concatenate([np.zeros(0, CLEARING_COMMAND), *_expected(told, writer, fills, taken)])
    wanted = expected[expected["kind"] == ClearingCommand.TRADE]
    source = sources.index(SOURCE) if SOURCE in sources else -1
    found = [np.zeros(0, CLEARING_COMMAND)]
    for _, records in blocks_from(told.replay.journal, told.replay.founded + 1):
        is_fill = (records["kind"] == ClearingCommand.TRADE) & (records["source"] == source)
        found.append(records[is_fill & (records["version"] == 1)])
    trades = np.concatenate(found)
    what = f"{taken:,} of {done:,} fills cleared, one to one"
    if taken > done:
        where = f"expected no more than the {done} fills of the venue, was {taken}"
        return Check(what=what, same=False, where=where)
    refused = len(wanted) - told.replay.house.fills_in_house
    if refused:
        where = f"expected {len(wanted)} trades in the house, {refused} of them were refused"
        return Check(what=what, same=False, where=where)
    if trades.tobytes() == wanted.tobytes():
        return Check(what=what, same=True)
    return Check(
        what=what,
        same=False,
        where=f"expected {len(wanted)} trades as the venue made them, was {len(trades)}",
    )


def _expected(told: _Told, writer: FillWriter, fills: Events, taken: int) -> Iterator[Records]:
    """The records of all fills that were taken, those of each business date under its date."""
    house, done = told.replay.house, 0
    for last, today in [*told.dates.taken, (taken, house.today)]:
        if last > done:
            yield writer.records(fills[2 * done : 2 * last], done + 1, house.sources, today)
            done = last


def _same_bytes(what: str, path: Path, expected: bytes, width: int) -> Check:
    found = path.read_bytes() if path.exists() else b""
    if found == expected:
        return Check(what=f"{what}, {len(expected) // width:,} records", same=True)
    common = next(
        (at for at in range(0, min(len(found), len(expected)), width)
         if found[at : at + width] != expected[at : at + width]),
        min(len(found), len(expected)),
    )  # fmt: skip
    where = f"{path}: record {common // width + 1}: expected what the journal gives, was something else"
    return Check(what=what, same=False, where=where)


def _named(plane: str, check: Check) -> Check:
    return msgspec.structs.replace(check, what=f"{plane}: {check.what}")
