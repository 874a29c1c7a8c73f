"""An ingress: verifies signatures beside the core, and hands on every frame with what it found.

    client A --TCP--> [ relay A: U frames verified, the rest as it is ] --Unix socket--> core
    client B --TCP--> [ relay B                                       ] --Unix socket-->

It decides nothing. A frame that is wrong in any way goes on to the core, marked, so that whoever sent it gets
the answer that the core gives to everybody; a frame that the ingress has not looked at the core verifies
itself. Nothing is verified before the core has accepted the login. Both directions are bounded: when one side
does not read, the other is not read from.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from novate.domain.session_codes import SessionKind
from novate.domain.wire import (
    ACCEPTED,
    ACCEPTED_FRAME,
    CHALLENGE,
    CHALLENGE_FRAME,
    COMMANDS_FRAME,
    HEADER_BYTES,
    LARGEST_CLIENT_FRAME,
    LOGIN_FRAME,
    Header,
    header_at,
)
from novate.gateway.binary.authentication import LOGIN_BYTES, is_signed, is_well_formed
from novate.gateway.binary.connection import OURS
from novate.gateway.binary.sessions import SessionTerms
from novate.gateway.binary.trunk import FLAGS_AT, REFUTED, UNREADABLE, VERIFIED, trunk_frame

READ_BYTES = 1 << 17
MOST_WAITING = 1 << 18
"""Bytes that wait for one side before the other is read no more."""
MOST_ACCEPTED = 16
END_NS = 5_000_000_000
"""A client that was told of its end and does not hang up is let go after so long."""
AGAIN_MS = 10
UNWATCHED = -1


class _Pipe:
    """One socket of a relay: what waits to be sent to it, and whether it still says anything."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        self.peer = peer
        self.number = peer.fileno()
        self.out = bytearray()
        self.has_ended = False
        self.mask = 0

    def read(self) -> bytes:
        """What has arrived; nothing more will when it has ended."""
        try:
            data = self.peer.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno in OURS:
                raise
            data = b""
        self.has_ended = not data
        return data

    def write(self) -> bool:
        """Send what waits as far as it goes; False when nobody is there."""
        while self.out:
            try:
                del self.out[: self.peer.send(self.out)]
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in OURS:
                    raise
                return False
        return True


class Relay:
    """One client and its connection to the core."""

    def __init__(self, client: socket.socket, core: socket.socket, address: str) -> None:
        self.client, self.core = _Pipe(client), _Pipe(core)
        self.core.out += trunk_frame(address)
        self.ends_ns = 0
        """When it is let go; 0: not yet."""
        self._terms: SessionTerms | None = None
        self._identity = b""
        self._is_accepted = False
        self._is_unreadable = False
        self._highest = 0
        self._unparsed = bytearray()
        self._said = bytearray()
        """Of the core, up to its ACCEPTED."""

    def from_core(self, _: dict[str, SessionTerms]) -> None:
        """Read what the core says; what it says first tells which venue this is and who was accepted."""
        data = self.core.read()
        self.client.out += data
        if self._is_accepted:
            return
        self._said += data
        while len(self._said) >= HEADER_BYTES and not self._is_accepted:
            header = header_at(self._said)
            if len(self._said) < header.length:
                return
            body = bytes(self._said[HEADER_BYTES : header.length])
            if header.kind == CHALLENGE_FRAME:
                self._identity = np.frombuffer(body, CHALLENGE)["identity"][0].tobytes()
            elif header.kind == ACCEPTED_FRAME:
                self._is_accepted = True
                self._highest = int(np.frombuffer(body, ACCEPTED)["nonce"][0])
            del self._said[: header.length]

    def from_client(self, sessions: dict[str, SessionTerms]) -> None:
        """Read what the client says, verify what is signed, hand it on."""
        data = self.client.read()
        if self._is_unreadable or self.core.has_ended:
            return
        unparsed = self._unparsed
        unparsed += data
        at = 0
        while len(unparsed) - at >= HEADER_BYTES:
            header = header_at(unparsed, at)
            if not HEADER_BYTES <= header.length <= LARGEST_CLIENT_FRAME or header.flags:
                self._is_unreadable = True
                self.core.out += unparsed[at : at + HEADER_BYTES]
                self.core.out[FLAGS_AT - HEADER_BYTES] = UNREADABLE
                return
            if len(unparsed) - at < header.length:
                break
            start = len(self.core.out)
            self.core.out += unparsed[at : at + header.length]
            at += header.length
            if header.kind == COMMANDS_FRAME:
                self.core.out[start + FLAGS_AT] = self._verdict(header, start)
            elif header.kind == LOGIN_FRAME and header.length == LOGIN_BYTES and not self._is_accepted:
                name = bytes(self.core.out[start + HEADER_BYTES : start + HEADER_BYTES + 16])
                self._terms = sessions.get(name.rstrip(b"\0").decode("ascii", "replace"))
        del unparsed[:at]

    def _verdict(self, header: Header, start: int) -> int:
        """What the flags of a frame of commands say that begins there in what waits for the core."""
        terms = self._terms
        if not self._is_accepted or terms is None or terms.kind is SessionKind.MAC:
            return 0
        if header.number <= self._highest or not is_well_formed(terms.kind, header):
            return 0
        whole = bytes(self.core.out[start : start + header.length])
        if not is_signed(terms, header, whole, self._identity):
            return REFUTED
        self._highest = header.number + (header.records - 1 if terms.kind is SessionKind.ORDER else 0)
        return VERIFIED

    def pump(self, now_ns: int) -> bool:
        """Send both ways; False when it is over."""
        for one in (self.core, self.client):
            one.has_ended = not one.write() or one.has_ended
        if self.core.has_ended:
            self.core.out.clear()
        if self.client.has_ended:
            # What it sent before it left still counts, so the core is told first.
            self.client.out.clear()
            return bool(self.core.out)
        if self.core.has_ended and not self.client.out and not self.ends_ns:
            # The client reads to the end and then hangs up itself, so that nothing said is lost.
            self.ends_ns = now_ns + END_NS
            with contextlib.suppress(OSError):
                self.client.peer.shutdown(socket.SHUT_WR)
        return True

    def close(self) -> None:
        self.client.peer.close()
        self.core.peer.close()


class Ingress:
    """All relays of one process."""

    def __init__(
        self, listener: socket.socket, core: Path, sessions: Iterable[SessionTerms], most: int
    ) -> None:
        """Take clients from `listener`, at most `most` at once, for the node whose Unix socket `core` is."""
        listener.setblocking(False)
        self._listener = listener
        self._core = str(core)
        self._sessions = {terms.name: terms for terms in sessions}
        self._most = most
        self._relays: dict[int, Relay] = {}
        self._touched: dict[Relay, None] = {}
        """Something has happened to these; a dictionary, because it keeps their order."""
        self._waiting: list[tuple[socket.socket, str]] = []
        """Clients for whom the core had no time yet."""
        self._poll = select.epoll()
        self._poll.register(listener.fileno(), select.EPOLLIN)
        self._is_listening = True

    def turn(self, timeout_ms: int) -> None:
        """Wait for something to do, at most so long, and do it."""
        for number, mask in self._poll.poll((AGAIN_MS if self._waiting else timeout_ms) / 1000):
            if number == self._listener.fileno():
                self._accept()
                continue
            relay = self._relays.get(number)
            if relay is None:
                continue
            self._touched[relay] = None
            if mask & ~select.EPOLLOUT:
                read = relay.from_client if number == relay.client.number else relay.from_core
                read(self._sessions)
        now = time.monotonic_ns()
        self._connect()
        touched, self._touched = self._touched, {}
        for relay in touched:
            if not relay.pump(now) or (relay.ends_ns and now >= relay.ends_ns):
                self._drop(relay)
            else:
                self._watch(relay)
            if relay.ends_ns and relay.client.number in self._relays:
                # Looked at again until its time is over.
                self._touched[relay] = None
        room = len(self._relays) // 2 + len(self._waiting) < self._most
        if room != self._is_listening:
            self._is_listening = room
            self._poll.modify(self._listener.fileno(), select.EPOLLIN if room else 0)

    def _accept(self) -> None:
        for _ in range(MOST_ACCEPTED):
            try:
                peer, address = self._listener.accept()
            except OSError:
                # Another process was faster, or the client is gone, or there are no more descriptors.
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._waiting.append((peer, str(address[0])))

    def _connect(self) -> None:
        """Connect those who wait to the core, as many as it has time for."""
        while self._waiting:
            client, address = self._waiting[0]
            core = socket.socket(socket.AF_UNIX)
            core.setblocking(False)
            try:
                core.connect(self._core)
            except BlockingIOError:
                core.close()
                return
            except OSError:
                core.close()
                client.close()
                del self._waiting[0]
                continue
            del self._waiting[0]
            relay = Relay(client, core, address)
            self._touched[relay] = None
            for pipe in (relay.client, relay.core):
                self._relays[pipe.number] = relay
                self._poll.register(pipe.number, 0)

    def _watch(self, relay: Relay) -> None:
        """Read from a side only what the other one has room for."""
        pairs = ((relay.client, relay.core), (relay.core, relay.client))
        for one, other in pairs:
            if one.mask == UNWATCHED:
                continue
            if one.has_ended and not one.out:
                # A side that is gone would be reported for ever.
                one.mask = UNWATCHED
                self._poll.unregister(one.number)
                continue
            wants = not one.has_ended and len(other.out) < MOST_WAITING
            wants = wants and not (one is relay.core and other.has_ended)
            mask = (select.EPOLLIN if wants else 0) | (select.EPOLLOUT if one.out else 0)
            if mask != one.mask:
                one.mask = mask
                self._poll.modify(one.number, mask)

    def _drop(self, relay: Relay) -> None:
        for pipe in (relay.client, relay.core):
            del self._relays[pipe.number]
            with contextlib.suppress(OSError):
                self._poll.unregister(pipe.number)
        relay.close()

    def close(self) -> None:
        """Let go of everything."""
        for relay in self._relays.values():
            relay.close()
        for client, _ in self._waiting:
            client.close()
        self._poll.close()
        self._listener.close()
