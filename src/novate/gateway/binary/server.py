"""The binary gateway: listening sockets, connections, sessions; one thread, asked once a turn.

    poll --> accept, receive --> frames: LOGIN, commands, heartbeats, logout
                                    |
    collect --> Turn (judged) --> [journal, apply: not here] --> answer --> receipts, events, new logins
                                    |
    sweep  --> heartbeats, silent peers, dead-man's switches     (a tenth of the connections at a time)

The gateway reads no market rule and touches no journal: it is given what was applied and tells whom it
concerns. Every buffer has a bound, and whoever breaks the protocol is told why before the line is cut.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from novate.compiled import COMPILED
from novate.domain.codes import CommandFlag, CommandKind
from novate.domain.queries import QUERY_FRAME
from novate.domain.records import Commands, Events, new_commands
from novate.domain.session_codes import CancelOnDisconnect, NoticeKind, SessionKind, SessionReject
from novate.domain.wire import (
    ACCEPTED,
    ACCEPTED_FRAME,
    CLIENT_HEARTBEAT,
    COMMANDS_FRAME,
    HEADER_BYTES,
    LOGIN_FRAME,
    LOGOUT_FRAME,
    MAX_COMMANDS,
    NODE_HEARTBEAT,
    NOTICE,
    STATUS_FRAME,
    Header,
    frame,
    stream_identity,
)
from novate.gateway.binary.admission import Admission
from novate.gateway.binary.authentication import (
    Login,
    accept_login,
    challenge_frame,
    check_commands,
    login_evidence,
    new_challenge,
)
from novate.gateway.binary.backlog import Backlog
from novate.gateway.binary.connection import Connection, Stage
from novate.gateway.binary.event_log import EventLog
from novate.gateway.binary.feeds import Feeds
from novate.gateway.binary.listening import bound
from novate.gateway.binary.questions import Answerer, answer_query, nothing_known
from novate.gateway.binary.refusal import Refused
from novate.gateway.binary.server_settings import Counters, ServerSettings
from novate.gateway.binary.sessions import LOCAL, Session, SessionTerms
from novate.gateway.binary.trunk import REFUTED, TRUNK_FRAME, UNSEEN, address_in, is_hello
from novate.gateway.binary.turn import Turn

MILLISECOND = 1_000_000
# Members of enums are slow to look up; these are looked up for every frame.
_MAC, _ORDER, _ENDED = SessionKind.MAC, SessionKind.ORDER, Stage.ENDED
SLICES = 10
"""A sweep looks at one slice of the connections."""
MOST_ACCEPTED = 16
"""New connections of one turn."""
LOGIN_WORTH = 4
"""A login takes as long as so many signatures."""
MOST_SIGNATURES = 32
"""Behind so many a turn ends: each takes some 60 microseconds, and everybody else waits."""


class Server:
    """All connections of one node."""

    def __init__(
        self,
        settings: ServerSettings,
        sessions: Iterable[SessionTerms],
        log: EventLog,
        identity: bytes,
        unix_path: Path,
        markets: int,
    ) -> None:
        """Listen. Raises OSError when an address is taken."""
        self._markets = markets
        self.settings = settings
        self.counters = Counters()
        self.sessions = {terms.name: Session(terms) for terms in sessions}
        self.status: Callable[[], bytes] = lambda: b"{}"
        self.told: Callable[[str, Connection], None] = lambda event, connection: None
        """Called when a session has begun ("login") and when its connection has ended ("logout")."""
        self.answerer: Answerer = nothing_known
        self.ingress: Callable[[], Sequence[int]] = tuple  # process ids
        self.feeds = Feeds(log, settings.out_bytes)
        self._identity = identity
        self._connections: dict[int, Connection] = {}
        withheld = () if settings.credit_from_sessions else (CommandKind.CREDIT,)
        admission = Admission([session.terms for session in self.sessions.values()], withheld)
        self._turn = Turn(admission, settings.turn_commands)
        self._logins: list[tuple[Connection, Login]] = []
        self._counting: list[tuple[Connection, Login]] = []
        self._unparsed: dict[int, Connection] = {}
        self._to_flush: list[Connection] = []
        self._own: list[Commands] = []
        self._signatures = 0
        self._slice = 0
        self._backlog = Backlog(settings.overload_ms * MILLISECOND)
        self._turn.rehearse()
        self.feeds.rehearse()
        self._poll = select.epoll()
        self._listeners = self._listen(unix_path)

    # -- listening ----------------------------------------------------------------------------------------

    def _listen(self, unix_path: Path) -> dict[int, socket.socket]:
        listeners = []
        if self.settings.tcp:
            host, _, port = self.settings.tcp.rpartition(":")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listeners.append(bound(socket.socket(family), (host.strip("[]"), int(port))))
        unix_path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            listeners.append(bound(socket.socket(socket.AF_UNIX), str(unix_path)))
        finally:
            os.umask(before)
        for one in listeners:
            self._poll.register(one.fileno(), select.EPOLLIN)
        return {one.fileno(): one for one in listeners}

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as a client writes it."""
        names = [one.getsockname() for one in self._listeners.values()]
        return [name if isinstance(name, str) else f"{name[0]}:{name[1]}" for name in names]

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def stop_listening(self) -> None:
        """Take no new connections."""
        for number, one in self._listeners.items():
            self._poll.unregister(number)
            one.close()
        self._listeners = {}

    # -- in -----------------------------------------------------------------------------------------------

    def collect(self, timeout_ms: int, now_ns: int) -> Turn:
        """Wait until something is there, at most `timeout_ms`; read and judge it. `now_ns` is monotonic."""
        turn = self._turn
        turn.begin()
        self._signatures = 0
        # Whoever waits since the last turn comes first, and whoever has waited longest before all others.
        for waiting in [*self._unparsed]:
            if self._is_full:
                break
            self._parse(self._unparsed.pop(waiting), now_ns)
        has_work = bool(turn.runs or self._unparsed) or self.feeds.has_work
        for number, mask in self._poll.poll(0 if has_work else timeout_ms / 1000):
            if number in self._listeners:
                self._accept(self._listeners[number], now_ns)
                continue
            connection = self._connections.get(number)
            if connection is None:
                continue
            if mask & select.EPOLLOUT and not self._flush(connection):
                continue
            if mask & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._receive(connection, now_ns)
        self._backlog.look(self._unparsed.values(), now_ns)
        if turn.runs:
            turn.judge(self._backlog.is_late, now_ns)
        return turn

    @property
    def _is_full(self) -> bool:
        """Has the turn no room for the largest frame, or had it enough signatures?"""
        return not self._turn.has_room(MAX_COMMANDS) or self._signatures > MOST_SIGNATURES

    def _accept(self, listener: socket.socket, now_ns: int) -> None:
        for _ in range(MOST_ACCEPTED):
            try:
                peer, address = listener.accept()
            except BlockingIOError:
                return
            except OSError:
                # Out of file descriptors, or the peer is gone already: those who are connected go on.
                return
            name = LOCAL if peer.family == socket.AF_UNIX else str(address[0])
            challenge = new_challenge(self._identity)
            most = self.settings.out_bytes
            connection = Connection(peer, name, challenge, now_ns, most, self._to_flush)
            self._connections[connection.number] = connection
            self._poll.register(connection.number, select.EPOLLIN)
            self.counters.connections += 1
            if len(self._connections) > self.settings.connections:
                self._end(connection, SessionReject.TOO_MANY_CONNECTIONS, self.settings.connections)
                continue
            connection.queue(challenge_frame(challenge))
            self._flush(connection)

    def _receive(self, connection: Connection, now_ns: int) -> None:
        if connection.stage is Stage.ENDED:
            if not connection.discard():
                self._drop(connection)
            return
        is_there = connection.receive()
        if is_there:
            connection.heard_ns = now_ns
        # Who waits keeps its place: its turn comes before anybody is read.
        if connection.number not in self._unparsed:
            self._parse(connection, now_ns)
        # What it sent before it left still counts.
        if not is_there and connection.number not in self._unparsed:
            self._drop(connection)

    def _parse(self, connection: Connection, now_ns: int) -> None:
        """Take whole frames until the turn is full; whoever has more waits behind those who wait already."""
        try:
            while connection.stage is not _ENDED:
                if not self._is_full and COMPILED and connection.session is not None:
                    self._take_run(connection, connection.session, now_ns)
                if self._is_full:
                    if connection.has_frame():
                        self._unparsed[connection.number] = connection
                    return
                got = connection.next_frame()
                if got is None:
                    return
                self._handle(connection, *got, now_ns)
        except Refused as refused:
            self._end(connection, refused.reason, refused.value)

    def _handle(self, connection: Connection, header: Header, whole: memoryview, now_ns: int) -> None:
        session = connection.session
        if header.kind == COMMANDS_FRAME and session is not None:
            self._take(connection, session, header, whole, now_ns)
        elif header.kind == CLIENT_HEARTBEAT and session is not None:
            session.heard_ns = now_ns
        elif header.kind == LOGIN_FRAME and connection.stage is Stage.CHALLENGED:
            self._signatures += LOGIN_WORTH
            login = accept_login(connection, whole, self.sessions, self._identity, time.time_ns())
            terms = login.session.terms
            identity = stream_identity(self._identity, terms.accounts, terms.market_data)
            connection.stream = self.feeds.stream(identity, terms.subscription)
            connection.stage = Stage.COUNTING
            self._counting.append((connection, login))
        elif header.kind == QUERY_FRAME and session is not None:
            self._signatures += 1
            session.heard_ns = now_ns
            connection.queue(answer_query(session.terms, whole, self.answerer))
            self._flush(connection)
        elif header.kind == LOGOUT_FRAME and session is not None:
            self._end(connection, SessionReject.LOGGED_OUT)
        elif header.kind == TRUNK_FRAME and is_hello(connection, header, self.ingress()):
            connection.address = address_in(whole[HEADER_BYTES:])
            connection.most_flags = REFUTED
        elif header.kind == STATUS_FRAME and connection.address == LOCAL:
            connection.queue(frame(STATUS_FRAME, body=self.status()))
            self._flush(connection)
        else:
            known = (COMMANDS_FRAME, CLIENT_HEARTBEAT, LOGOUT_FRAME, QUERY_FRAME)
            reason = SessionReject.LOGIN_EXPECTED if header.kind in known else SessionReject.MALFORMED_FRAME
            raise Refused(reason)

    def _take_run(self, connection: Connection, session: Session, now_ns: int) -> None:
        """All frames of a MAC session that are as they must be; one that is not is left for `_handle`."""
        taken = self._turn.take(connection, session)
        if taken:
            session.heard_ns = now_ns
            self.counters.frames += taken

    def _take(
        self, connection: Connection, session: Session, header: Header, whole: memoryview, now_ns: int
    ) -> None:
        records, proof = check_commands(connection, session, header, whole, self._identity)
        session.heard_ns = now_ns
        self.counters.frames += 1
        if header.flags != UNSEEN:
            self.counters.verified_beside += 1
        elif session.terms.kind is not _MAC:
            self._signatures += header.records if session.terms.kind is _ORDER else 1
        if header.number <= session.nonce:
            notice = np.zeros(1, NOTICE)
            notice["kind"], notice["reason"] = NoticeKind.REFUSED, SessionReject.NONCE_NOT_HIGHER
            notice["nonce"], notice["value"] = header.number, session.nonce
            connection.notify(notice.tobytes(), 1)
            self._flush(connection)
            return
        self._turn.add(connection, session, header.number, records, proof)

    # -- out ----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Put into the turn what the node itself adds: logins whose stream is counted, cancelled orders."""
        waiting, self._counting = self._counting, []
        for connection, login in waiting:
            stream = connection.stream
            if connection.stage is not Stage.COUNTING or stream is None:
                continue
            if not stream.is_live:
                self._counting.append((connection, login))
            elif login.from_number > stream.count + 1:
                self._end(connection, SessionReject.NUMBER_AHEAD, stream.count)
            else:
                if login.session.connection is not None:
                    self._end(login.session.connection, SessionReject.REPLACED)
                self._turn.add_records(login_evidence(login, connection.challenge))
                connection.session = login.session
                login.session.connection = connection
                connection.stage = Stage.WAITING
                self._logins.append((connection, login))
        for commands in self._own:
            self._turn.add_own(commands)
        self._own.clear()

    def answer(self, events: Events, before: int, sequence: int, now: int, now_ns: int) -> None:
        """Tell everybody what became of the turn, which is in the journal.

        Its block has the sequences before + 1 to `sequence`.
        """
        self._turn.notify(before, now)
        self.feeds.publish(events, now)
        for connection, login in self._logins:
            if connection.stage is Stage.WAITING:
                self._accept_session(connection, login, sequence, now_ns)
        self._logins.clear()
        self.flush_all(now_ns)

    def _accept_session(self, connection: Connection, login: Login, sequence: int, now_ns: int) -> None:
        stream, terms = connection.stream, login.session.terms
        assert stream is not None
        login.session.heard_ns = now_ns
        first = login.from_number or stream.count + 1
        record = np.zeros(1, ACCEPTED)
        record["session"], record["kind"], record["permissions"] = terms.number, terms.kind, terms.permissions
        record["heartbeat_ms"], record["nonce"] = self.settings.heartbeat_ms, login.session.nonce
        record["next_number"], record["last_number"] = first, stream.count
        record["sequence"] = sequence
        record["stream"], record["key"] = np.void(stream.identity), np.void(login.node_key)
        connection.queue(frame(ACCEPTED_FRAME, body=record.tobytes(), count=1))
        self.counters.logins += 1
        self.told("login", connection)
        self.feeds.follow(connection, stream, first)

    def catch_up(self, now_ns: int) -> None:
        """One more piece for whoever is behind."""
        if self.feeds.has_work:
            self.feeds.advance()
            self.flush_all(now_ns)

    def flush_all(self, now_ns: int) -> None:
        """Send what waits, to everybody for whom something waits."""
        waiting, self._to_flush[:] = self._to_flush[:], []
        for connection in waiting:
            if connection.stage is Stage.ENDED and connection.is_open:
                self._leave(connection)
            if not connection.is_writing:
                connection.sent_ns = now_ns
                self._flush(connection)

    def _flush(self, connection: Connection) -> bool:
        """Send what the peer takes; False when the connection is gone."""
        if not connection.is_open:
            return False
        if not connection.flush():
            self._drop(connection)
            return False
        if connection.stage is Stage.ENDED and connection.is_flushed:
            connection.hang_up()
        if connection.is_flushed == connection.is_writing:
            connection.is_writing = not connection.is_flushed
            mask = select.EPOLLIN | (select.EPOLLOUT if connection.is_writing else 0)
            self._poll.modify(connection.number, mask)
        return True

    # -- ending -------------------------------------------------------------------------------------------

    def _end(self, connection: Connection, reason: SessionReject, value: int = 0) -> None:
        """Tell a peer why, and cut the line when it has been told or cannot be."""
        if connection.is_open:
            connection.finish(reason, value)
            self._leave(connection)
            self._flush(connection)

    def _leave(self, connection: Connection) -> None:
        """The connection stands for its session no longer; the session's orders may go with it."""
        connection.heard_ns = time.monotonic_ns()
        self.feeds.leave(connection)
        self._unparsed.pop(connection.number, None)
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        self.told("logout", connection)
        self.counters.cut_off += connection.end not in (SessionReject.NONE, SessionReject.LOGGED_OUT)
        if session.terms.cancel_on_disconnect is not CancelOnDisconnect.NONE:
            self._cancel_orders(session)

    def _cancel_orders(self, session: Session) -> None:
        """What came in over the session goes out (R62); or everything of its accounts, market by market."""
        terms = session.terms
        if terms.cancel_on_disconnect is CancelOnDisconnect.ACCOUNT and terms.accounts:
            commands = new_commands(len(terms.accounts) * self._markets)
            commands["kind"], commands["flags"] = CommandKind.MASS_CANCEL, CommandFlag.ACCOUNT_GIVEN
            commands["account"] = np.repeat(terms.accounts, self._markets)
            commands["market"] = np.tile(np.arange(self._markets), len(terms.accounts))
        else:
            commands = new_commands(1)
            commands["kind"] = CommandKind.DISCONNECT
        commands["session"] = terms.number
        self._own.append(commands)

    def cancel_unattended(self) -> None:
        """After a start nobody is connected: orders that end with their connection have ended."""
        for session in self.sessions.values():
            if session.terms.cancel_on_disconnect is not CancelOnDisconnect.NONE:
                self._cancel_orders(session)

    def cancel_attended(self) -> None:
        """The node stops: every connection ends now, and with it what was to end with it."""
        for session in self.sessions.values():
            if session.connection and session.terms.cancel_on_disconnect is not CancelOnDisconnect.NONE:
                self._cancel_orders(session)

    def _drop(self, connection: Connection) -> None:
        if not connection.is_open:
            return
        del self._connections[connection.number]
        self._leave(connection)
        with contextlib.suppress(OSError):
            self._poll.unregister(connection.number)
        connection.close()

    def sweep(self, now_ns: int) -> None:
        """Heartbeats, silent peers and dead-man's switches; one slice of the connections a call."""
        self._slice = (self._slice + 1) % SLICES
        for connection in [*self._connections.values()][self._slice :: SLICES]:
            self._look_after(connection, now_ns)
        for session in self.sessions.values():
            dead_man_ns = session.terms.dead_man_ns
            if dead_man_ns and session.heard_ns and now_ns - session.heard_ns >= dead_man_ns:
                session.heard_ns = 0
                self._cancel_orders(session)

    def _look_after(self, connection: Connection, now_ns: int) -> None:
        silent_ms = (now_ns - connection.heard_ns) // MILLISECOND
        if connection.stage is Stage.ENDED:
            if silent_ms >= self.settings.login_ms:
                self._drop(connection)
        elif connection.stage is Stage.CHALLENGED:
            if silent_ms >= self.settings.login_ms:
                self._end(connection, SessionReject.LOGIN_EXPECTED)
        elif connection.session is not None and connection.session.is_expired(time.time_ns()):
            self._end(connection, SessionReject.KEY_EXPIRED, connection.session.terms.expires_ns)
        elif silent_ms >= self.settings.silence_ms:
            self._end(connection, SessionReject.HEARTBEAT_MISSED, self.settings.silence_ms)
        elif now_ns - connection.sent_ns >= self.settings.heartbeat_ms * MILLISECOND:
            stream = connection.stream
            number = stream.count if stream is not None and connection.stage is Stage.LIVE else 0
            connection.queue(frame(NODE_HEARTBEAT, number))
            connection.sent_ns = now_ns
            self._flush(connection)

    def close(self, reason: SessionReject) -> None:
        """Tell everybody that the node stops, and let go of all sockets."""
        self.stop_listening()
        for connection in [*self._connections.values()]:
            connection.finish(reason)
            connection.flush()
            connection.close()
        self._connections.clear()
        self._poll.close()
