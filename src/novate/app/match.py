"""Matching only: an order file in, trades and events out; no journal and no clearing.

csv, parquet, lobster  -->  commands --> venue --> trades.csv, events.parquet, rejects.csv
tape                   -->  messages --> venue --> reports.txt, rejects.csv          (rule R56)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from novate.app import neutral
from novate.app.destination import expect_place
from novate.app.schedules import closing_time, opening_schedule
from novate.domain.codes import EventKind
from novate.domain.configuration import Configuration
from novate.domain.machine import apply_all
from novate.domain.records import EVENT, Events, is_trade, new_events
from novate.domain.resolve import opening_credit, venue_terms
from novate.gateway.files import (
    EventsFile,
    OrderFile,
    OutputFolder,
    TradesFile,
    fitted_configuration,
    only_writer,
    read_orders,
    write_rejects,
)
from novate.gateway.files.lobster_report import LobsterReport, compare
from novate.gateway.files.tape import check_messages, read_tape
from novate.reports.figures import plural
from novate.venue.machine import Venue

BATCH = 4096
EVENT_ROOM = 65_536
REPORTS = "reports.txt"
OUTPUTS = ("trades.csv", "events.parquet", "rejects.csv")
TAPE_OUTPUTS = (REPORTS, "rejects.csv")
KEPT_KINDS = tuple(
    int(kind)
    for kind in (EventKind.TRADE, EventKind.AUCTION_TRADE, EventKind.TRADE_PARTIES, EventKind.REJECTED)
)

Progress = Callable[[str, int, int], None]


class MatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a file."""

    file: str
    format: str
    read: int
    accepted: int
    rejected: int
    """accepted + rejected == read; a row whose command the venue refused is rejected too."""
    commands: int
    events: int
    trades: int
    resting: int
    """Orders that are live at the end."""
    state_root: str
    outputs: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The summary for people; the first line is the headline."""
        return [
            f"{plural(self.read, 'row')} of {self.file}: {self.accepted:,} accepted,"
            f" {self.rejected:,} rejected, {plural(self.trades, 'trade')}.",
            f"{plural(self.commands, 'command')} gave {plural(self.events, 'event')};"
            f" {plural(self.resting, 'order rests', 'orders rest')} now.",
            *self.notes,
            *self.outputs,
        ]


class Matched(msgspec.Struct, frozen=True):
    """A whole file, matched."""

    venue: Venue
    events: Events
    """Trades, their TRADE_PARTIES, and REJECTED records."""
    first_sequence: int
    """Of the file's first command."""
    event_count: int
    trade_count: int


def match_file(
    path: Path, format: str, out: Path, configuration: Configuration, progress: Progress | None = None
) -> MatchSummary:
    """Match the orders of a file into the folder `out`. Raises FileProblem and RefusedError."""
    report = progress or _silent
    expect_place(out, {*OUTPUTS, *TAPE_OUTPUTS}, [path])
    if format == "tape":
        return _match_tape(path, out, report)
    configuration = fitted_configuration(configuration, path, format)
    report(f"reading {path.name}", 0, 0)
    orders = read_orders(path, format, configuration)
    with only_writer(out), OutputFolder(out) as folder:
        matched = match_orders(orders, configuration, folder, report)
        rejected = orders.not_accepted(matched.events, matched.first_sequence)
        write_rejects(folder, rejected)
    notes = orders.notes
    if format == "lobster":
        comparison = compare(orders.extra, matched.events, matched.first_sequence).lines()
        notes = (*(note for note in notes if note not in comparison), *comparison)
    return MatchSummary(
        file=path.name,
        format=format,
        read=orders.read,
        accepted=orders.read - len(rejected),
        rejected=len(rejected),
        commands=len(orders.commands),
        events=matched.event_count,
        trades=matched.trade_count,
        resting=matched.venue.resting_orders(),
        state_root=matched.venue.state_root().hex(),
        outputs=tuple(str(out / name) for name in OUTPUTS),
        notes=notes,
    )


def match_orders(
    orders: OrderFile, configuration: Configuration, folder: OutputFolder, report: Progress
) -> Matched:
    """Opening credit, then the file, batch by batch; trades and events go to the folder as they come."""
    venue = Venue(venue_terms(configuration))
    buffer = new_events(EVENT_ROOM)
    trades, events = TradesFile(folder, configuration), EventsFile(folder, configuration)
    opening = np.concatenate([opening_credit(configuration), opening_schedule(configuration)])
    for block in apply_all(venue, opening, buffer):
        events.add(block, opening, 1)
    first = venue.sequence + 1
    kept: list[Events] = [np.empty(0, EVENT)]
    count = 0
    total = len(orders.commands)
    commands = np.concatenate([orders.commands, closing_time(configuration)])
    for start in range(0, len(commands), BATCH):
        batch = commands[start : start + BATCH]
        produced = np.concatenate([np.empty(0, EVENT), *apply_all(venue, batch, buffer)])
        trades.add(produced)
        events.add(produced, batch, first + start)
        kept.append(produced[np.isin(produced["kind"], KEPT_KINDS)])
        count += len(produced)
        report("matching", min(start + len(batch), total), total)
    venue.validate()
    return Matched(venue, np.concatenate(kept), first, count, trades.written)


def _match_tape(path: Path, out: Path, report: Progress) -> MatchSummary:
    report(f"reading {path.name}", 0, 0)
    tape = read_tape(path)
    good, rejects = check_messages(tape)
    messages = tape[good]
    venue = Venue(neutral.terms())
    played = neutral.play(venue, messages, progress=lambda done: report("matching", done, len(messages)))
    report("writing reports", 0, 0)
    with only_writer(out), OutputFolder(out) as folder:
        folder.write(REPORTS, neutral.reports(messages, played))
        write_rejects(folder, rejects)
    venue.validate()
    return MatchSummary(
        file=path.name,
        format="tape",
        read=len(tape),
        accepted=len(messages),
        rejected=len(rejects),
        commands=len(played.commands),
        events=len(played.events),
        trades=int(is_trade(played.events).sum()),
        resting=venue.resting_orders(),
        state_root=venue.state_root().hex(),
        outputs=tuple(str(out / name) for name in TAPE_OUTPUTS),
    )


def lobster_report(orders: OrderFile, matched: Matched) -> LobsterReport:
    """How the run compares with history."""
    return compare(orders.extra, matched.events, matched.first_sequence)


def _silent(what: str, done: int, total: int) -> None:
    """Nobody listens."""
