"""The core loop: one thread, one turn after the other.

    collect --> block --> journal (durable) --> venue --> answers --> event log
       ^                                                                  |
       +------------------------------------------------------------------+

The system's socket buffers are the queue in front of it: whatever has arrived while a block was on its way to
the disk makes up the next one. Nobody is told anything that is not durable, and a failure of the disk is the
end: the loop stops, and a start reads the truth from the disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from novate.app.bootstrap import Plane
from novate.app.durations import Durations
from novate.app.node.answers import answerer_of
from novate.app.node.clearing_beside import ClearingBeside, ClearingStatus
from novate.app.node.companion import Companion
from novate.app.node.directory import DataDirectory
from novate.app.node.keeping import Keeper
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
    verified_beside: int
    """Frames whose signatures were verified by an ingress process and not by the core."""
    cut_off: int
    beside: dict[str, str]
    """Processes beside the node, and what each has said last, or why it does not run."""
    journal_times: Durations
    """How long blocks took to become durable, and the venue to apply them, since the start."""
    venue_times: Durations
    snapshot: int
    """Sequence of the last one that was kept since the start; 0: none yet."""
    snapshot_pause_us: int
    """How long the node stood still for it."""
    fills: int
    """Number of the last one."""
    clearing: ClearingStatus | None
    """The clearing house beside it, where there is one."""


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
        clearing: ClearingBeside | None = None,
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Listen; nothing is answered before `run`. Raises OSError when an address is taken.

        `fills` watches the plane; it is flushed before every snapshot and closed at the end. A clearing house
        is started with the loop and ended with it. `tell` is given a sentence when a snapshot fails.
        """
        self._fills = fills
        self.companions: Sequence[Companion] = ()
        """Processes that are started with the loop and looked after by it; whoever sets them ends them."""
        self._said: dict[str, str] = {}
        self._clearing = clearing
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
        # Between two starts the clock may be set, but the venue's time never goes back: where the clock is
        # behind it, it goes on from where it stood. Within a run it is a stopwatch.
        self._started_ns = time.monotonic_ns()
        self._ahead_ns = max(time.time_ns(), plane.venue.now) - self._started_ns
        self._swept_ns = self._wrote_ns = self._started_ns
        every = settings.snapshot_commands, settings.snapshot_turns
        self._keeper = Keeper(data, plane, log, fills, nonces, every, tell)
        self._stopping = False
        self._turns = self._commands = self._longest_ns = 0

    def stop(self) -> None:
        """End the loop after the present turn; may be called from a signal handler."""
        self._stopping = True

    @property
    def is_stopping(self) -> bool:
        """Was it told to?"""
        return self._stopping

    def run(self) -> tuple[int, bytes]:
        """Until `stop`; then everything received is answered, a snapshot kept, and all files closed.

        Returns sequence and root of the snapshot. Whatever fails, the sessions are told that the node has
        failed, and the error goes on up.
        """
        self.server.cancel_unattended()
        for one in self.companions:
            one.start(self._started_ns)
        if self._clearing is not None:
            self._clearing.start(self.plane.venue.clearing_sequence, self._started_ns)
        try:
            while not self._stopping:
                self.turn(SWEEP_NS // MILLISECOND)
            self.server.stop_listening()
            self.turn(0)
            self.server.cancel_attended()
            self.turn(0)
            self.server.close(SessionReject.NODE_STOPPING)
            self._keeper.end()
            self._nonces.highest.update(self._spent())
            # A snapshot must never be ahead of what was published from before it.
            self._fills.stream.flush()
            kept = keep(self._data, self.plane, self._log, self._nonces)
            if self._clearing is not None:
                self._clearing.end(self._fills.last)
            return kept
        except BaseException as error:
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(self._data.venue)
            self.server.close(SessionReject.NODE_FAILED)
            if self._clearing is not None:
                self._clearing.abandon()
            raise
        finally:
            self._data.socket.unlink(missing_ok=True)
            self._log.close()
            self._fills.stream.close()
            self.plane.close()

    def _spent(self) -> Iterator[tuple[int, int]]:
        """The highest nonce of each session: it stands in the block in which it was spent."""
        for session in self.server.sessions.values():
            yield session.terms.number, session.nonce

    def turn(self, timeout_ms: int) -> None:
        """Wait for something to do, at most `timeout_ms`, and do it."""
        turn = self.server.collect(timeout_ms, time.monotonic_ns())
        began = time.monotonic_ns()
        if began - self._swept_ns >= SWEEP_NS:
            self._swept_ns = began
            self.server.sweep(began)
            self._look_beside(began)
            if self._clearing is not None:
                self._clearing.sweep(began)
        self.server.prepare()
        if self._clearing is not None:
            turn.add_records(self._clearing.credit(began))
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
            # Those who wait are told first: the event log can be made again from the journal.
            self.server.answer(events, before, sequence, now, began)
            self._log.append(events, sequence)
            self._turns += 1
            self._commands += turn.count
            self._longest_ns = max(self._longest_ns, time.monotonic_ns() - began)
        self.server.catch_up(began)
        if self._swept_ns == began:
            # Only here is everything that a session has spent in the journal.
            self._keeper.look(self._turns, self._spent)

    def _look_beside(self, now_ns: int) -> None:
        for one in self.companions:
            lines = one.look(now_ns)
            if lines or one.fault:
                self._said[one.name] = one.fault or lines[-1]

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
                verified_beside=counters.verified_beside,
                cut_off=counters.cut_off,
                beside=self._said,
                journal_times=self.plane.journal_times,
                venue_times=self.plane.venue_times,
                snapshot=self._keeper.last,
                snapshot_pause_us=self._keeper.pause_us,
                fills=self._fills.last,
                clearing=self._clearing.status() if self._clearing is not None else None,
            )
        )
