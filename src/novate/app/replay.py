"""`novate replay`: everything again, from the journal alone.

    journal --> configuration --> venue --> events, state root          nothing else is read

If a summary lies beside the journal, its state root is shown to be the same or not; it is not needed.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from novate.app.bootstrap import Replay
from novate.app.progress import SILENT, Progress
from novate.app.ready import ready_kernels
from novate.app.run_directory import complete_exchange
from novate.app.run_summary import read_summary
from novate.reports.figures import grouped, plural


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a journal."""

    directory: str
    name: str
    commands: int
    events: int
    state_root: str
    journal_root: str
    seconds: float
    commands_per_second: int
    cut_bytes: int
    """Bytes of a torn, never acknowledged write behind the end of the journal."""
    summary_agrees: bool | None
    """Whether the summary beside the journal says the same; None if there is none."""

    def headline(self) -> str:
        """The answer in one sentence."""
        again = f"{plural(self.commands, 'command')} gave {plural(self.events, 'event')} again"
        if self.summary_agrees is None:
            return again
        return f"{again}, and the same state" if self.summary_agrees else f"{again}, but ANOTHER state"

    def lines(self) -> list[tuple[str, str]]:
        """Name and value of what a person wants to see."""
        lines = [
            ("market", self.name),
            ("state root", self.state_root),
            ("journal root", self.journal_root),
            ("speed", f"{grouped(self.commands_per_second)} commands a second, checksums included"),
        ]
        if self.cut_bytes:
            lines.append(("torn tail", f"{grouped(self.cut_bytes)} bytes that were never acknowledged"))
        return lines


def replay_directory(directory: Path, progress: Progress = SILENT) -> ReplayResult:
    """Replay the journal of a run. Raises JournalError if it is damaged or not there."""
    complete_exchange(directory)
    replay = Replay(directory)
    ready_kernels(progress)
    total = replay.journal.last_sequence
    began = time.perf_counter()
    for first_sequence, commands, events in replay.blocks():
        for _ in events:
            pass
        progress("replaying", first_sequence + len(commands) - 1, total)
    seconds = time.perf_counter() - began
    state_root = replay.venue.state_root().hex()
    summary = read_summary(directory)
    return ReplayResult(
        directory=str(directory),
        name=replay.configuration.name,
        commands=total,
        events=replay.events,
        state_root=state_root,
        journal_root=replay.journal.root.hex(),
        seconds=round(seconds, 3),
        commands_per_second=round(total / seconds) if seconds else 0,
        cut_bytes=replay.journal.recovery.cut_bytes,
        summary_agrees=None if summary is None else summary.state_root == state_root,
    )
