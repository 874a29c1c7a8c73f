"""The clearing house beside the node, as the core sees it: a companion, and a stream of credit to be read.

    core --fills--> DIR/venue/fills ...... the process takes them when it can
         <--reads-- DIR/clearing/credit    a piece now and then, in the turn of the core

The core never waits for it: it asks the system how long a file is, whether a process lives, and what stands
in a pipe. Killed, stopped or stuck, the house only falls behind; trading goes on within the credit given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from novate.app.node.companion import Companion
from novate.app.plane_streams import CreditReader
from novate.journal import JournalError

MODULE = "novate.app.node.clearing_process"
BLOCK = 4_096
"""Fills that the house takes at once."""
LOOK_NS = 5_000_000
MOST_DELTAS = 1_024
"""Of one turn."""
STOP_SECONDS = 120.0
SAID = re.compile(r"at (\d{1,18}) (\d{1,18}) (\d{4}-\d\d-\d\d)", re.ASCII)


class ClearingStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the clearing house beside a node is."""

    state: str
    """starting, running, or ended: it is started again then."""
    fills: int
    """Number of the last fill that it has taken, as far as it has said."""
    refused: int
    """Fills that it would not have since it was started; their trades stand in no account of its."""
    business_date: str
    credits: int
    """Deltas of its credit that the venue was given."""
    restarts: int
    fault: str
    """Why it ended last, or why its credit is no longer taken."""


class ClearingBeside:
    """Starts the house, keeps it running, brings its credit."""

    def __init__(self, directory: Path, opening: int, tell: Callable[[str], None]) -> None:
        """`opening`: credits of the configuration; `tell` is given a sentence when something happens."""
        self._tell = tell
        self._opening = opening
        self._reader = CreditReader(directory, opening, opening)
        self._companion = Companion("clearing", [MODULE, str(directory), str(BLOCK)], tell)
        self._looked_ns = 0
        self._starts = -1
        self._fault = ""
        self._fills, self._refused, self._date = 0, 0, ""
        self._is_ready = False

    def start(self, clearing_sequence: int, now_ns: int) -> None:
        """Start the house; the venue has its credit up to that number."""
        self._reader.taken = clearing_sequence
        self._companion.start(now_ns)

    def sweep(self, now_ns: int) -> None:
        """See whether it lives, and what it has said."""
        for line in self._companion.look(now_ns):
            said = SAID.fullmatch(line)
            if said is not None:
                self._note(int(said[1]), int(said[2]), said[3])
            elif line.startswith("told "):
                self._tell(f"clearing: {line.removeprefix('told ')}")
        if not self._companion.pid:
            self._is_ready = False
        if self._starts != self._companion.restarts:
            self._starts = self._companion.restarts
            self._reader.open_again()

    def _note(self, fills: int, refused: int, date: str) -> None:
        if refused > self._refused:
            self._tell(f"clearing: the house has refused {refused} fills so far; its journal says why")
        self._fills, self._refused, self._date, self._is_ready = fills, refused, date, True

    def credit(self, now_ns: int) -> bytes:
        """CREDIT commands that come next, as they are journaled; mostly none."""
        if now_ns - self._looked_ns < LOOK_NS or self._fault:
            return b""
        self._looked_ns = now_ns
        try:
            return self._reader.read(MOST_DELTAS).tobytes()
        except (JournalError, OSError) as error:
            # Trading needs no new credit. Who looks at the node is told until somebody mends it.
            self._fault = f"its credit is no longer taken: {error}"
            self._tell(f"clearing: {self._fault}")
            return b""

    def status(self) -> ClearingStatus:
        """How it is, for whoever asks the node."""
        state = "running" if self._is_ready else "starting" if self._companion.pid else "ended"
        return ClearingStatus(
            state=state,
            fills=self._fills,
            refused=self._refused,
            business_date=self._date,
            credits=self._reader.taken - self._opening,
            restarts=self._companion.restarts,
            fault=self._fault or self._companion.fault,
        )

    def end(self, last: int) -> None:
        """The node stops after fill `last`; wait until all of them are taken and kept."""
        if not self._companion.end(f"stop {last}\n", STOP_SECONDS):
            self._tell("clearing: it did not end well; it goes on where it was at the next start")

    def abandon(self) -> None:
        """The node has failed; the house ends at once, as harmless as any kill."""
        self._companion.end("", 5.0)
