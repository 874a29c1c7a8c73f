"""The clearing house beside a node, as a process: `python -m novate.app.node.clearing_process DIR BLOCK`.

    DIR/venue/fills --BLOCK at most--> house --> DIR/clearing/journal --> DIR/clearing/credit
                                         ^
                     DIR/clearing.sock --+  deposits, trades, the roll: whatever `novate clearing` does

It takes fills behind the last one in its own state, so it may be killed, stopped and started at any moment;
the venue trades on. Its input says "stop N" when the node stops after fill N, and is closed when the node is
dead. It says "at FILLS REFUSED DATE" now and then, "told SENTENCE" for people, "failed NAME MESSAGE" last.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from pathlib import Path

from novate.app.bootstrap import venue_configuration
from novate.app.clearing_door import Door, answered
from novate.app.clearing_house import House
from novate.app.clearing_knock import Answer, Request
from novate.app.cli_errors import expected_failure
from novate.app.node.lifetime import die_with
from novate.app.node.web_clearing import rows_of
from novate.app.plane_process import (
    SNAPSHOT_RECORDS,
    end_with_parent,
    expect_published,
    follow_block,
    open_house,
    say,
)
from novate.app.plane_streams import CLEARING_JOURNAL, DOOR, VENUE_JOURNAL, CreditStream, FillReader
from novate.app.venue_fills import FillWriter
from novate.clearing.trade_index import rehearse
from novate.gateway.files import only_writer

PAUSE_SECONDS = 0.05
"""Fills of so long become one block, unless a whole block of them waits: every block is a flush, and the disk
is the venue's too."""
RELEASE_SECONDS = 5.0
"""How late what fills of markets without credit have earned is told to the venue."""
SAY_SECONDS = 0.2
DRAIN_SECONDS = 30.0
"""So long it takes what is published when the node stops; the rest comes at the next start."""
BEHIND_THE_VENUE = 5
"""Niceness: where processors are few the venue comes first."""


class ClearingProcess:
    """A house that takes fills as they come, and whatever comes through its door."""

    def __init__(self, directory: Path, house: House, credit: CreditStream, door: Door, block: int) -> None:
        """`block`: fills that are taken at once at most."""
        self._directory = directory
        self._house = house
        self._credit = credit
        self._door = door
        self._block = block
        self._reader = FillReader(directory)
        self._writer = FillWriter(house.configuration, house.plane.terms)
        self._refused = 0
        self._untold = False
        self._told_at = self._said_at = 0.0
        self._said = ""
        self._kept = house.plane.sequence

    def run(self) -> None:
        """Until the node stops; then what it has published is taken, told and kept.

        Raises RefusedError where the venue has published fewer fills than were taken.
        """
        self._release()
        while True:
            taken = self._follow()
            pause = 0.0 if taken == self._block else PAUSE_SECONDS
            ready, _, _ = select.select([sys.stdin, *self._door.sockets()], [], [], pause)
            if sys.stdin in ready:
                words = sys.stdin.readline().split()
                if len(words) != 2:
                    sys.exit(1)
                self._stop(int(words[1]))
                return
            self._door.serve(self._answer)
            now = time.monotonic()
            if self._untold and now - self._told_at >= RELEASE_SECONDS:
                self._release()
            if self._house.plane.sequence - self._kept >= SNAPSHOT_RECORDS:
                self._keep()
            if now - self._said_at >= SAY_SECONDS:
                self._say()

    def _follow(self) -> int:
        """Take a block of fills; returns how many they were."""
        before = self._house.plane.house.fills_in_house
        fills = follow_block(self._house, self._reader, self._writer, self._block)
        self._refused += before + self._writer.trades_among(fills) - self._house.plane.house.fills_in_house
        self._untold |= len(fills) > 0
        return len(fills) // 2

    def _answer(self, request: Request) -> Answer:
        """Do what is asked; credit that follows from it is told before the answer."""
        if request.verb == "outstanding":
            self._house.look_again()
            return Answer(answer=rows_of(self._house), business_date=self._house.today)
        before = self._house.plane.sequence
        answer = answered(self._house, request)
        if self._house.plane.sequence != before:
            self._release()
        self._say()
        return answer

    def _release(self) -> None:
        self._house.do({"cmd": "RELEASE_CREDIT"})
        self._told_at, self._untold = time.monotonic(), False

    def _keep(self) -> None:
        # A snapshot must never be ahead of what was told from before it.
        self._credit.stream.flush()
        self._house.plane.snapshot()
        self._kept = self._house.plane.sequence

    def _say(self) -> None:
        said = f"at {self._house.plane.house.fills} {self._refused} {self._house.today}"
        self._said_at = time.monotonic()
        if said != self._said:
            self._said = said
            say(said)

    def _stop(self, last: int) -> None:
        until = time.monotonic() + DRAIN_SECONDS
        while self._follow() and time.monotonic() < until:
            pass
        expect_published(self._directory, self._house, last)
        self._release()
        self._keep()
        self._say()


def run(directory: Path, block: int) -> None:
    """Open the house, founding it if there is none, and run it. Raises what `open_house` raises."""
    # The house's first trade would wait for it otherwise.
    rehearse()
    with only_writer((directory / CLEARING_JOURNAL).parent):
        house, credit = open_house(directory, venue_configuration(directory / VENUE_JOURNAL))
        with house:
            if house.finished is not None:
                say(f"told {house.finished.finishing()}")
            expect_published(directory, house, FillReader(directory).count)
            door = Door(directory / DOOR)
            try:
                ClearingProcess(directory, house, credit, door, block).run()
            finally:
                door.close()


def main(arguments: list[str]) -> int:
    """Exit code 0 after a stop, 1 when something failed, which is said."""
    try:
        run(Path(arguments[0]), int(arguments[1]))
    except Exception as error:
        failure = expected_failure(error)
        if failure is None:
            raise
        say(f"failed {failure[0]} {' '.join(failure[1].split())}")
        return 1
    return 0


if __name__ == "__main__":
    # An interrupt from the keyboard reaches the node too, which says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(BEHIND_THE_VENUE)
    die_with(os.getppid())
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
