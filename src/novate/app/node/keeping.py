"""Snapshots while the node runs: a copy of the process writes them, and the node trades on.

    turn --fork--> child: the state as it was       event log, nonces, fills, then the snapshot
      |              (pages are shared until written)        --> the oldest snapshots go
      +--> next turn

The pause is that of the fork: the system copies the tables of the pages, not the pages (`novate status` says
how long it took). The child writes with the lowest priority and flushes piece by piece, so that the journal's
flushes never wait behind all of it. It dies with the node; what it has not finished means nothing.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

from novate.app.bootstrap import Plane
from novate.app.node.directory import DataDirectory
from novate.app.node.lifetime import die_with
from novate.app.node.recovery import Nonces, keep_derived
from novate.app.plane_streams import FillStream
from novate.gateway.binary import EventLog
from novate.journal import PatientDisk

KEPT = 3
"""Snapshots of which the oldest goes when there is another one."""
LOWEST_PRIORITY = 19


class Keeper:
    """Starts a copy of the process when enough has come since the last snapshot."""

    def __init__(
        self, data: DataDirectory, plane: Plane, log: EventLog, fills: FillStream, nonces: Nonces,
        every: tuple[int, int], tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`every`: so many commands, or so many turns, whatever comes first."""
        self.last = 0
        """Sequence of the last snapshot that was finished while the node ran."""
        self.pause_us = 0
        """How long the node stood still for it."""
        self._data, self._plane, self._log, self._fills, self._nonces = data, plane, log, fills, nonces
        self._commands, self._turns = every
        self._tell = tell
        self._begun = (plane.venue.sequence, 0)
        self._child = 0

    def look(self, turns: int, nonces: Callable[[], Iterable[tuple[int, int]]]) -> None:
        """See whether the last one is finished, and begin another one when it is time, after so many turns.

        `nonces` gives the highest of each session, all of which are in the journal.
        """
        if self._child:
            self._wait(os.WNOHANG)
            return
        sequence, turn = self._begun
        now = self._plane.venue.sequence
        if now - sequence >= self._commands or turns - turn >= self._turns:
            self._begun = now, turns
            self._nonces.highest.update(nonces())
            self._fork()

    def end(self) -> None:
        """No copy may write behind the node's back when it stops."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            self._wait(0)

    def _wait(self, how: int) -> None:
        child, status = os.waitpid(self._child, how)
        if not child:
            return
        self._child = 0
        if os.waitstatus_to_exitcode(status) == 0:
            self.last = self._begun[0]
        elif not how:
            return
        else:
            self._tell(f"snapshot: expected one at sequence {self._begun[0]}, was none; trading goes on")

    def _fork(self) -> None:
        node, began = os.getpid(), time.monotonic_ns()
        try:
            self._child = os.fork()
        except OSError as error:
            self._tell(f"snapshot: expected a copy of the process, was: {error}; trading goes on")
            return
        if self._child == 0:
            self._write(node)
        self.pause_us = (time.monotonic_ns() - began) // 1_000

    def _write(self, node: int) -> None:
        """In the copy: keep everything as of the fork, then end; nothing of the node's is touched."""
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            die_with(node)
            os.nice(LOWEST_PRIORITY)
            _let_go_of_all_but(1, 2, self._log.fileno(), self._fills.stream.fileno())
            self._fills.stream.flush()
            keep_derived(self._data, self._plane, self._log, self._nonces)
            snapshots = self._plane.journal.snapshots_of_copy(PatientDisk())
            snapshots.write(self._plane.venue.sequence, self._plane.venue)
            snapshots.keep_newest(KEPT)
            code = 0
        except BaseException as error:
            # Whatever it is, a copy must not go on as if it were the node.
            os.write(2, f"novate: snapshot: {error}\n".encode())
        finally:
            os._exit(code)


def _let_go_of_all_but(*kept: int) -> None:
    """Close what the node has open: its sockets, its locks, the ends of its pipes."""
    for number in map(int, os.listdir("/proc/self/fd")):
        if number not in kept:
            try:
                os.close(number)
            except OSError:
                continue
