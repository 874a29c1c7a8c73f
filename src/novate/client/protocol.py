"""The client's side of a session without sockets: bytes in, messages out; commands in, bytes out.

    CHALLENGE --> login()         commands(records) --> frame with MAC or signatures
    bytes     --> receive() --> Accepted, Events, Notices, Heartbeat, Ended

Event numbers of a stream have no gap. The protocol counts them; a number that is not the next one, or a
heartbeat that knows of more, is a GapFound and never passed over.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from novate import signatures
from novate.domain import wire
from novate.domain.queries import ANSWER, QUERY, QUERY_FRAME, QueryKind
from novate.domain.records import EVENT, RECORD_BYTES, Commands
from novate.domain.session_codes import Permission, SessionKind, SessionReject


class SessionEnded(Exception):  # noqa: N818 - the node's decision, not an error of this program
    """The node ended the session, or did not begin it; `reason` says why."""

    def __init__(self, reason: SessionReject, value: int = 0) -> None:
        super().__init__(f"{reason.name} ({value})" if value else reason.name)
        self.reason = reason
        self.value = value


class GapFound(Exception):  # noqa: N818 - what was found
    """Events are missing: log in again from the last number that was taken."""


class ProtocolError(Exception):
    """Bytes that no node sends."""


@dataclass(frozen=True)
class Credentials:
    """Who a client is: the name of its session, its private key, and how it proves its frames."""

    name: str
    seed: bytes
    kind: SessionKind = SessionKind.MAC

    @classmethod
    def from_file(cls, path: Path | str, name: str, kind: SessionKind = SessionKind.MAC) -> Credentials:
        """With the private key of a file that `novate keys add` made."""
        return cls(name, bytes.fromhex(Path(path).read_text(encoding="ascii").strip()), kind)


@dataclass(frozen=True)
class Accepted:
    """The login was taken."""

    session: int
    permissions: Permission
    heartbeat_ms: int
    nonce: int
    """The highest that the node has taken of this session, in any connection."""
    next_number: int
    last_number: int
    sequence: int
    stream: bytes


@dataclass(frozen=True)
class Events:
    """Sequenced events; the first of them has the number."""

    number: int
    records: npt.NDArray[np.void]


@dataclass(frozen=True)
class Notices:
    """Unsequenced records: receipts and refusals, in the NOTICE layout."""

    records: npt.NDArray[np.void]


@dataclass(frozen=True)
class Heartbeat:
    """The node lives; its stream ends with `number` (0: it does not say)."""

    number: int


@dataclass(frozen=True)
class Ended:
    """The session is over, or was never begun."""

    reason: SessionReject
    value: int


@dataclass(frozen=True)
class Answer:
    """What the node says to a question, in the ANSWER layout, and the lines behind it."""

    record: np.void
    lines: bytes
    """Records of 64 bytes, in the layout of the kind of question (`novate.domain.queries`)."""


@dataclass(frozen=True)
class Status:
    """What the node says of itself, as JSON."""

    document: bytes


Message: TypeAlias = Accepted | Events | Notices | Heartbeat | Ended | Answer | Status


class Protocol:
    """One conversation. `last_number` and `stream` are what a later one resumes with."""

    def __init__(
        self,
        credentials: Credentials,
        from_number: int = 0,
        stream: bytes = bytes(16),
        *,
        clock: bool = False,
    ) -> None:
        """`from_number`: the first event wanted (0: only what is still to come), counted in `stream`.

        With `clock` a CLOCK notice says the time of every turn before its events.
        """
        self.credentials = credentials
        self.last_number = from_number - 1
        self.stream = stream
        self.session = 0
        self.nonce = 0
        self._from_number = from_number
        self._clock = clock
        self._key = signatures.SigningKey(credentials.seed)
        self._secret = os.urandom(wire.KEY_BYTES)
        self._challenge = b""
        self._login = b""
        self._identity = b""
        self._mac: hashlib.blake2b | None = None
        self._bytes = bytearray()

    @property
    def is_within_frame(self) -> bool:
        """Has a frame begun to arrive that is not whole yet?"""
        return bool(self._bytes)

    # -- in -----------------------------------------------------------------------------------------------

    def receive(self, data: bytes | memoryview) -> tuple[list[Message], bytes]:
        """(messages, bytes to send). Raises GapFound and ProtocolError."""
        if self._bytes:
            data = bytes(self._bytes + data)
            self._bytes.clear()
        view = memoryview(data)
        messages: list[Message] = []
        answer = b""
        at = 0
        while len(view) - at >= wire.HEADER_BYTES:
            header = wire.header_at(view, at)
            if header.length < wire.HEADER_BYTES:
                raise ProtocolError(f"Expected a frame of at least 16 bytes, was {header.length}")
            if len(view) - at < header.length:
                break
            body = bytes(view[at + wire.HEADER_BYTES : at + header.length])
            at += header.length
            if header.kind == wire.CHALLENGE_FRAME:
                answer += self._answer(body)
            else:
                messages.append(self._message(header, body))
        self._bytes += view[at:]
        return messages, answer

    def _answer(self, challenge: bytes) -> bytes:
        """The login frame for a challenge."""
        record = np.frombuffer(challenge, wire.CHALLENGE)[0]
        self._challenge, self._identity = challenge, record["identity"].tobytes()
        login = np.zeros(1, wire.LOGIN)
        login["name"], login["version"] = self.credentials.name.encode("ascii"), wire.PROTOCOL_VERSION
        login["kind"], login["from_number"] = self.credentials.kind, self._from_number
        login["stream"], login["clock"] = np.void(self.stream), self._clock
        login["key"] = np.void(signatures.agreement_public(self._secret))
        self._login = login.tobytes()
        signature = self._key.sign(wire.login_message(challenge, self._login))
        return wire.frame(wire.LOGIN_FRAME, body=self._login + signature, count=1)

    def _message(self, header: wire.Header, body: bytes) -> Message:
        if header.kind == wire.EVENTS_FRAME:
            return self._events(header, body)
        if header.kind == wire.NOTICES_FRAME:
            return Notices(np.frombuffer(body, wire.NOTICE))
        if header.kind == wire.NODE_HEARTBEAT:
            if header.number > self.last_number:
                raise GapFound(f"Expected event {self.last_number + 1}, the node has sent {header.number}")
            return Heartbeat(header.number)
        if header.kind == wire.ACCEPTED_FRAME:
            return self._accepted(body)
        if header.kind in (wire.END_FRAME, wire.REJECTED_FRAME):
            notice = np.frombuffer(body, wire.NOTICE)[0]
            return Ended(SessionReject(int(notice["reason"])), int(notice["value"]))
        if header.kind == QUERY_FRAME:
            return Answer(np.frombuffer(body[:RECORD_BYTES], ANSWER)[0], body[RECORD_BYTES:])
        if header.kind == wire.STATUS_FRAME:
            return Status(body)
        raise ProtocolError(f"Expected a frame of the node, was kind {header.kind}")

    def _events(self, header: wire.Header, body: bytes) -> Events:
        records = np.frombuffer(body, EVENT)
        if header.number != self.last_number + 1:
            raise GapFound(f"Expected event {self.last_number + 1}, was {header.number}")
        self.last_number += len(records)
        return Events(header.number, records)

    def _accepted(self, body: bytes) -> Accepted:
        record = np.frombuffer(body, wire.ACCEPTED)[0]
        node_key = record["key"].tobytes()
        shared = signatures.agreed(self._secret, node_key)
        self._mac = wire.keyed_mac(wire.mac_key(shared, self._challenge, self._login, node_key))
        self.session, self.nonce = int(record["session"]), int(record["nonce"])
        self.stream, self.last_number = record["stream"].tobytes(), int(record["next_number"]) - 1
        return Accepted(
            session=self.session,
            permissions=Permission(int(record["permissions"])),
            heartbeat_ms=int(record["heartbeat_ms"]),
            nonce=self.nonce,
            next_number=int(record["next_number"]),
            last_number=int(record["last_number"]),
            sequence=int(record["sequence"]),
            stream=self.stream,
        )

    # -- out ----------------------------------------------------------------------------------------------

    def commands(self, records: Commands) -> tuple[int, bytes]:
        """(nonce, frame) of at most 256 commands; the session number is filled in.

        Raises ValueError before the login was accepted and for a number of commands that no frame takes.
        """
        if not 1 <= len(records) <= wire.MAX_COMMANDS:
            raise ValueError(f"Expected 1 to {wire.MAX_COMMANDS} commands, was {len(records)}")
        if not self.session:
            raise ValueError("Expected an accepted login before the first command, was none")
        records["session"] = self.session
        nonce = self.nonce + 1
        kind, count, body = self.credentials.kind, len(records), records.tobytes()
        header = wire.commands_header(kind, count, nonce)
        self.nonce = nonce + count - 1 if kind is SessionKind.ORDER else nonce
        if kind is SessionKind.MAC:
            assert self._mac is not None  # made with the number of the session
            mac = self._mac.copy()
            mac.update(header + body)
            return nonce, header + body + mac.digest()
        if kind is SessionKind.FRAME:
            return nonce, header + body + self._key.sign(wire.frame_message(self._identity, header, body))
        proofs = [
            self._key.sign(
                wire.order_message(
                    self._identity, nonce + at, body[at * RECORD_BYTES : (at + 1) * RECORD_BYTES]
                )
            )
            for at in range(count)
        ]
        return nonce, header + body + b"".join(proofs)

    def question(
        self,
        kind: QueryKind,
        request: int,
        *,
        market: int = 0,
        account: int = 0,
        everybody: bool = False,
        first: int = 0,
        most: int = 0,
    ) -> bytes:
        """A frame that asks about the venue's present state; `request` comes back in the answer."""
        query = np.zeros(1, QUERY)
        query["kind"], query["request"], query["market"], query["account"] = kind, request, market, account
        query["everybody"], query["first"], query["most"] = everybody, first, most
        return wire.frame(QUERY_FRAME, body=query.tobytes(), count=1)

    def heartbeat(self) -> bytes:
        """A frame that says no more than that this side lives."""
        return wire.frame(wire.CLIENT_HEARTBEAT)

    def logout(self) -> bytes:
        """A frame that ends the session."""
        return wire.frame(wire.LOGOUT_FRAME)
