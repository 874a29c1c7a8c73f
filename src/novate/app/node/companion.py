"""A process beside the node: started, watched, started again; nobody ever waits for it.

    starting --says--> running --ends--> waiting (0.5 s, 1 s, ... 30 s) --> starting
                                                                   end --> told to stop, then waited for

Its standard input is held open: when the node dies the other end is closed, and the process ends itself. What
it says on its standard output comes back line by line; the last lines tell how it is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

FIRST_PAUSE_NS = 500_000_000
LONGEST_PAUSE_NS = 30_000_000_000
SETTLED_NS = 60_000_000_000
"""Whoever has run for so long is started again without delay."""
READ_BYTES = 1 << 16
MOST_UNSAID = 1 << 20
"""Of a line that never ends."""


class Companion:
    """A module that runs as a process of its own, `python -m MODULE ARGUMENTS`."""

    def __init__(
        self, name: str, arguments: Sequence[str], tell: Callable[[str], None], inherited: Sequence[int] = ()
    ) -> None:
        """`tell` is given a sentence when the process has ended and when it is started again. It gets the
        open files of the numbers `inherited`."""
        self._inherited = inherited
        self.name = name
        self.restarts = 0
        self.fault = ""
        """Why it ended last; empty as long as it runs."""
        self._arguments = [sys.executable, "-m", *arguments]
        self._tell = tell
        self._child: subprocess.Popen[bytes] | None = None
        self._unsaid = b""
        self._pause_ns = FIRST_PAUSE_NS
        self._started_ns = self._due_ns = 0
        self._last_words = ""

    def start(self, now_ns: int) -> None:
        """Start the process. A machine that cannot is a process that ended."""
        self._started_ns, self._unsaid, self._last_words = now_ns, b"", ""
        try:
            # A group of its own: Ctrl-C on a terminal is for the node, which then says when to stop.
            self._child = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                process_group=0,
                pass_fds=self._inherited,
            )
        except OSError as error:
            self._ended(f"it cannot be started: {error}", now_ns)
            return
        assert self._child.stdout is not None
        os.set_blocking(self._child.stdout.fileno(), False)

    @property
    def pid(self) -> int:
        """Process id; 0 while it does not run."""
        return self._child.pid if self._child else 0

    def look(self, now_ns: int) -> list[str]:
        """What it has said since; starts it again when it has ended and its time has come."""
        if self._child is None:
            if now_ns >= self._due_ns:
                self.restarts += 1
                self._tell(f"{self.name}: started again")
                self.start(now_ns)
            return []
        lines = self._said()
        code = self._child.poll()
        if code is not None:
            lines += self._said()
            self._let_go()
            self._ended(self._reason(code), now_ns)
        return lines

    def _said(self) -> list[str]:
        assert self._child is not None
        assert self._child.stdout is not None
        data = self._child.stdout.read(READ_BYTES)
        *lines, self._unsaid = (self._unsaid + (data or b"")).split(b"\n")
        self._unsaid = self._unsaid[:MOST_UNSAID]
        if lines:
            self._last_words = lines[-1].decode(errors="replace")
            self.fault = ""
        return [line.decode(errors="replace") for line in lines]

    def _reason(self, code: int) -> str:
        if self._last_words.startswith("failed "):
            return self._last_words.removeprefix("failed ")
        if code < 0:
            return f"killed by signal {-code} ({signal.strsignal(-code) or 'unknown'})"
        return f"ended with code {code}"

    def _ended(self, reason: str, now_ns: int) -> None:
        if now_ns - self._started_ns >= SETTLED_NS:
            self._pause_ns = FIRST_PAUSE_NS
        self._due_ns = now_ns + self._pause_ns
        said = f"{self.name}: {reason}; it is started again in {self._pause_ns / 1e9:g} s"
        self._pause_ns = min(2 * self._pause_ns, LONGEST_PAUSE_NS)
        self.fault = reason
        self._tell(said)

    def _let_go(self) -> None:
        assert self._child is not None
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                stream.close()
        self._child = None

    def end(self, word: str, seconds: float) -> bool:
        """Say a last word, or nothing, close its input, and wait until it has ended; killed if it takes
        longer. True if it ended well."""
        child, self._child = self._child, None
        if child is None:
            return False
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.send_signal(signal.SIGCONT)
            child.stdin.write(word.encode())
            if not word:
                child.stdin.close()
            os.set_blocking(child.stdout.fileno(), True)
            child.wait(seconds)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            child.kill()
            child.wait()
        child.stdin.close()
        child.stdout.close()
        return child.returncode == 0
