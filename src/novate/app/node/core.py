"""The core loop: one thread, one turn after the other.

    collect --> block --> journal (durable) --> venue --> event log --> answers
       ^                                                                  |
       +------------------------------------------------------------------+

The system's socket buffers are the queue in front of it: whatever has arrived while a block was on its way to
the disk makes up the next one. Nobody is told anything that is not durable, and a failure of the disk is the
end: the loop stops, and a start reads the truth from the disk.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from novate.app.bootstrap import Plane
from novate.app.node.answers import answerer_of
from novate.app.node.directory import DataDirectory
from novate.app.node.recovery import Nonces, keep
from novate.app.node.settings import NodeSettings
from novate.app.plane_streams import FillStream
from novate.domain.codes import CommandKind
from novate.domain.records import new_commands
from novate.domain.session_codes import SessionReject
from novate.gateway.binary import EventLog, Server, SessionTerms

SWEEP_NS = 100_000_000
MILLISECOND = 1_000_000


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a running node says of itself."""

    name: str
    sequence: int
    events: int
    durability: str
    addresses: list[str]
    uptime_seconds: int
    connections: int
    sessions: dict[str, bool]
    """Configured sessions, and whether they are connected."""
    turns: int
    commands: int
    longest_turn_us: int
    """Since the last question."""
    connected_in_all: int
    logins: int
    frames: int
    cut_off: int


class Node:
    """A plane, its gateway and the loop that drives both."""

    def __init__(
        self,
        data: DataDirectory,
        plane: Plane,
        log: EventLog,
        nonces: Nonces,
        settings: NodeSettings,
        sessions: Sequence[SessionTerms],
        fills: FillStream,
    ) -> None:
        """Listen; nothing is answered before `run`. Raises OSError when an address is taken.

        `fills` watches the plane; it is flushed before every snapshot and closed at the end.
        """
        self._fills = fills
        self.plane = plane
        self.settings = settings
        self._data = data
        self._log = log
        self._nonces = nonces
        markets = len(plane.configuration.instruments)
        identity = plane.journal.identity
        self.server = Server(settings.server, sessions, log, identity, data.socket, markets)
        self.server.status = self._status
        self.server.answerer = answerer_of(plane)
        for session in self.server.sessions.values():
            session.nonce = nonces.highest.get(session.terms.number, 0)
        # Between two starts the clock may be set; within one the venue's time runs like a stopwatch.
        self._started_ns = time.monotonic_ns()
        self._ahead_ns = time.time_ns() - self._started_ns
        self._swept_ns = self._wrote_ns = self._started_ns
        self._stopping = False
        self._turns = self._commands = self._longest_ns = 0

    def stop(self) -> None:
        """End the loop after the present turn; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> tuple[int, bytes]:
        """Until `stop`; then everything received is answered, a snapshot kept, and all files closed.

        Returns sequence and root of the snapshot. Whatever fails, the sessions are told that the node has
        failed, and the error goes on up.
        """
        self.server.cancel_unattended()
        try:
            while not self._stopping:
                self.turn(SWEEP_NS // MILLISECOND)
            self.server.stop_listening()
            self.turn(0)
            self.server.cancel_attended()
            self.turn(0)
            self.server.close(SessionReject.NODE_STOPPING)
            for session in self.server.sessions.values():
                # What a session has spent stands in the block in which it spent it.
                self._nonces.highest[session.terms.number] = session.nonce
            # A snapshot must never be ahead of what was published from before it.
            self._fills.stream.flush()
            return keep(self._data, self.plane, self._log, self._nonces)
        except BaseException:
            self.server.close(SessionReject.NODE_FAILED)
            raise
        finally:
            self._data.socket.unlink(missing_ok=True)
            self._log.close()
            self._fills.stream.close()
            self.plane.close()

    def turn(self, timeout_ms: int) -> None:
        """Wait for something to do, at most `timeout_ms`, and do it."""
        turn = self.server.collect(timeout_ms, time.monotonic_ns())
        began = time.monotonic_ns()
        if began - self._swept_ns >= SWEEP_NS:
            self._swept_ns = began
            self.server.sweep(began)
        self.server.prepare()
        now = began + self._ahead_ns
        before = self.plane.journal.last_sequence
        block = turn.block(before, now)
        if not len(block) and began - self._wrote_ns >= self.settings.tick_ms * MILLISECOND:
            block = new_commands(1)
            block["kind"], block["time"] = CommandKind.TIME, now
        if len(block):
            events = self.plane.take(block, now)
            self._wrote_ns = began
            sequence = before + len(block)
            self._log.append(events, sequence)
            self.server.answer(events, before, sequence, now, began)
            self._turns += 1
            self._commands += turn.count
            self._longest_ns = max(self._longest_ns, time.monotonic_ns() - began)
        self.server.catch_up(began)

    def _status(self) -> bytes:
        counters = self.server.counters
        longest, self._longest_ns = self._longest_ns, 0
        return msgspec.json.encode(
            NodeStatus(
                name=self.plane.configuration.name,
                sequence=self.plane.venue.sequence,
                events=self._log.count,
                durability=self.plane.journal.durability,
                addresses=self.server.addresses,
                uptime_seconds=(time.monotonic_ns() - self._started_ns) // 1_000_000_000,
                connections=self.server.connection_count,
                sessions={
                    name: session.connection is not None for name, session in self.server.sessions.items()
                },
                turns=self._turns,
                commands=self._commands,
                longest_turn_us=longest // 1_000,
                connected_in_all=counters.connections,
                logins=counters.logins,
                frames=counters.frames,
                cut_off=counters.cut_off,
            )
        )
