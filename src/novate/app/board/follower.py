"""The second venue and the views: both follow the journal, the venue at once, the views by the second.

    advance()   journal --> replica: books, balances, states of this moment      ten times a second
    feed()      what was applied since --> DuckDB, one transaction               once a second, or when asked

Not for use by several threads at once: the process runs it in one worker.
"""

from __future__ import annotations

import time
from pathlib import Path

from novate.app.board.counts import Counts
from novate.app.board.ledger import LedgerFollower
from novate.app.board.now import Now
from novate.app.bootstrap import Batch, Replica
from novate.client.views import Answer, Digest, Question
from novate.domain.records import COMMAND, EVENT, joined
from novate.views import StaleViews, Views, answer, remove_views

FEED_SECONDS = 1.0
FRESH_SECONDS = 0.2
"""How old an answer may be: what was applied earlier is fed before it is given."""
MOST_PENDING = 50_000
"""Commands that wait for the views at most."""


class Follower:
    """A replica of a node's venue, and the views that are fed from it."""

    def __init__(self, directory: Path, path: Path) -> None:
        """Open both; views that do not belong to the journal are made again from its first record.

        directory: data directory of a node, path: the file of the views. Raises JournalError, RefusedError,
        ViewsInUse, OSError.
        """
        self.remade = ""
        """Why the views were made again; empty if they were not."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.replica = Replica(directory)
        try:
            self._open(directory, path)
        except StaleViews as stale:
            self.remade = str(stale)
            remove_views(path)
            self.replica = Replica(directory)
            self._open(directory, path)

    def _open(self, directory: Path, path: Path) -> None:
        """The views, and a venue that stands where they stand. Raises StaleViews."""
        self.views = Views(path, self.replica.journal.identity)
        self.counts = Counts()
        self.now = Now(self.replica, self.views)
        self._pending: list[Batch] = []
        self.ledger = LedgerFollower(directory)
        self.mismatches = self._compared = 0
        """Snapshots of the node whose state root the replica did not reach itself."""
        self._fed_at = self._ledger_at = time.monotonic()
        self._stand = self.views.progress
        try:
            end = self.replica.journal.last_sequence
            if end < self._stand.sequence:
                raise StaleViews(
                    f"{path}: expected a journal through {self._stand.sequence}, was the end at {end}"
                )
            if end == self._stand.sequence:
                self._expect_root(end, self.replica.journal.root)
            self.replica.begin(self._stand.sequence)
            self.advance()
        except BaseException:
            self.views.close()
            raise

    @property
    def sequence(self) -> int:
        """Of the last command that the replica has applied."""
        return self.replica.venue.sequence

    def advance(self, whole: bool = False) -> None:
        """Apply what is new, and feed it when it is time. With `whole` nobody writes the journal any more.

        Raises JournalCorrupt, BrokenInvariant; StaleViews if the journal has other records than were fed.
        """
        for batch in self.replica.advance(whole):
            if batch.last_sequence > self._stand.sequence:
                self._pending.append(batch)
                self.now.take(batch.events)
                self.counts.take(batch.commands, batch.events)
            elif batch.last_sequence == self._stand.sequence:
                self._expect_root(batch.last_sequence, batch.root)
            if sum(len(one.commands) for one in self._pending) >= MOST_PENDING:
                self.feed()
        if whole or time.monotonic() - self._fed_at >= FEED_SECONDS:
            self.feed()
        # A clock of its own: whoever asks often has the views fed each time, and the ledger must not wait.
        if whole or time.monotonic() - self._ledger_at >= FEED_SECONDS:
            self._ledger_at = time.monotonic()
            self.ledger.feed(self.views, whole)
            self._compare()

    def _expect_root(self, sequence: int, root: bytes) -> None:
        if root != self._stand.root:
            raise StaleViews(
                f"{self.views.path}: expected root {self._stand.root.hex()} at sequence {sequence}, "
                f"was {root.hex()} in the journal"
            )

    def _compare(self) -> None:
        """Where the node keeps a snapshot of the very sequence that was reached, the roots must be equal."""
        names = self.replica.journal.snapshots.all()
        if names and names[-1].sequence == self.sequence != self._compared:
            self._compared = self.sequence
            self.mismatches += names[-1].state_root != self.replica.venue.state_root()

    def feed(self) -> None:
        """Give the views everything that was applied."""
        self._fed_at = time.monotonic()
        if self._pending:
            commands = joined([batch.commands for batch in self._pending], COMMAND)
            events = joined([batch.events for batch in self._pending], EVENT)
            self.views.feed(self._pending[0].first_sequence, commands, events, self._pending[-1].root)
            self._pending.clear()

    def ask(self, question: Question) -> Answer:
        """An answer that is at most FRESH_SECONDS behind the replica."""
        if self._pending and time.monotonic() - self._fed_at >= FRESH_SECONDS:
            self.feed()
        if isinstance(question, Digest):
            rows = [[name, count] for name, count in self.views.counts().items()]
            rows.append(["digest", self.views.digest()])
            return Answer(sequence=self.views.progress.sequence, columns=["table", "rows"], rows=rows)
        return self.now.answer(question) or answer(self.views, question)

    def close(self) -> None:
        """Let go of the files."""
        self.ledger.close()
        self.views.close()
