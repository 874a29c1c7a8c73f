"""`novate day`: one business date on two planes, each a process with a journal of its own.

    novate day --starts--> clearing   opening credit, then fills as they come ... the close, the roll
               --starts--> venue      takes the opening credit, trades the orders, is done with fill N
               --says----> clearing   fill N is the last
               --starts--> venue      takes the credit of the close

A plane that is killed is started again and goes on; the other one does not wait for it. When `novate day`
itself is killed both planes end by themselves, and the same command finishes the day.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from novate.app.problems import RefusedError
from novate.app.progress import SILENT, Progress
from novate.reports.figures import plural

MOST_RESTARTS = 5
MODULE = "novate.app.plane_process"


class DayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a day on two planes came to."""

    directory: str
    fills: int
    """Trades of the venue, all of which the clearing house was given."""
    refused: int
    """Fills that the clearing house has refused: its journal says why."""
    credits: int
    """Deltas of credit that the venue was given, all of which it has."""
    restarts: int
    """How often a plane was started again."""

    def headline(self) -> str:
        """The day in one sentence."""
        said = f"{plural(self.fills, 'fill')} cleared, {plural(self.credits, 'delta')} of credit given back"
        refused = f"; {plural(self.refused, 'fill')} REFUSED by the clearing house" if self.refused else ""
        return said + refused


class PlaneProcess:
    """A plane as a child process that is started again when it is killed."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._said: list[str] = []
        self._last_words: str | None = None
        self.restarts = 0
        self._start()

    def _start(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", MODULE, *self._arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        if self._last_words is not None:
            self._write(self._last_words)

    @property
    def pid(self) -> int:
        """Process id of the plane as it is now."""
        return self._child.pid

    def say(self, line: str) -> None:
        """Tell the plane something, also after it was started again."""
        self._last_words = line
        self._write(line)

    def answer(self, word: str) -> int:
        """The number behind a word that the plane says. RefusedError when it fails or is killed too often."""
        assert self._child.stdout is not None
        while True:
            line = self._child.stdout.readline().decode()
            if line.startswith(f"{word} "):
                return int(line.split()[1])
            if line.startswith("failed "):
                raise RefusedError(line.split(" ", 2)[2].strip())
            if line:
                continue
            self.end()
            code = self._child.returncode
            if code >= 0 or self.restarts == MOST_RESTARTS:
                raise RefusedError(f"{self._arguments[0]}: expected an answer, was the end with code {code}")
            self.restarts += 1
            self._start()

    def end(self) -> None:
        """Stop the process if it still runs."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                stream.close()

    def _write(self, line: str) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(f"{line}\n".encode())
        except BrokenPipeError:
            # It was killed; it is told again when it is started again.
            return


def run_planes(
    directory: Path, config: Path | None, orders: Path | None, order_format: str | None,
    block: int, progress: Progress = SILENT,
) -> DayResult:  # fmt: skip
    """Run the day to its end, `block` orders or fills a block. Raises RefusedError with what a plane says."""
    files = [str(config or ""), str(orders or ""), order_format or ""]
    running: list[PlaneProcess] = []
    try:
        clearing = _started(running, ["clearing", str(directory), str(block), *files])
        is_closed = clearing.answer("closed")
        opening = clearing.answer("ready")
        progress("trading", 0, 0)
        blocks = "0" if is_closed else str(block)
        venue = _started(running, ["venue", str(directory), str(opening), blocks, *files])
        fills = venue.answer("done")
        progress("clearing", 0, 0)
        clearing.say(str(fills))
        refused = clearing.answer("refused")
        credits = clearing.answer("done")
        closing = _started(running, ["credit", str(directory), str(credits)])
        closing.answer("done")
    finally:
        for one in running:
            one.end()
    restarts = sum(one.restarts for one in running)
    return DayResult(
        directory=str(directory), fills=fills, refused=refused, credits=credits, restarts=restarts
    )


def _started(running: list[PlaneProcess], arguments: Sequence[str]) -> PlaneProcess:
    one = PlaneProcess(*arguments)
    running.append(one)
    return one
