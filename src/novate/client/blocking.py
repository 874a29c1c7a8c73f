"""A session with plain sockets: for scripts and tools that do one thing after the other.

Whoever calls `events`, `notices` or `receipt` now and then keeps the session alive: heartbeats are sent
from there. Nothing runs in the background.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from novate.client.orders import amend_order, cancel_all, cancel_order, new_order
from novate.client.protocol import (
    Accepted,
    Credentials,
    Ended,
    Events,
    Message,
    Notices,
    Protocol,
    SessionEnded,
    Status,
)
from novate.domain.codes import Side
from novate.domain.records import EVENT, Commands
from novate.domain.session_codes import NoticeKind
from novate.domain.wire import NOTICE, STATUS_FRAME, frame

READ_BYTES = 1 << 16
NOTICES_KEPT = 4_096
Records: TypeAlias = npt.NDArray[np.void]


class Client:
    """A connected session. Not for use by several threads at once."""

    def __init__(self, peer: socket.socket, protocol: Protocol, timeout: float) -> None:
        self.protocol = protocol
        self._peer = peer
        self._timeout = timeout
        self._events: deque[Records] = deque()
        self._notices: deque[Records] = deque(maxlen=NOTICES_KEPT)
        self._accepted: Accepted | None = None
        self._ended: Ended | None = None
        self._sent = time.monotonic()
        self._heartbeat = 1.0
        self.accepted = self._log_in()
        self._heartbeat = self.accepted.heartbeat_ms / 1000

    @classmethod
    def connect(
        cls,
        address: str,
        credentials: Credentials,
        *,
        from_number: int = 0,
        stream: bytes = bytes(16),
        timeout: float = 10.0,
    ) -> Client:
        """Log in at "host:port" or at the path of a Unix socket.

        `from_number`: the first event wanted, counted in `stream`; 1: from the very first; 0: only what is
        still to come. Raises SessionEnded with the node's reason, OSError, TimeoutError.
        """
        peer = connected(address, timeout)
        try:
            return cls(peer, Protocol(credentials, from_number, stream), timeout)
        except BaseException:
            peer.close()
            raise

    def _log_in(self) -> Accepted:
        deadline = time.monotonic() + self._timeout
        while self._accepted is None:
            self._expect_more()
            if not self._read(deadline):
                raise TimeoutError("Expected an answer to the login, was none in time")
        return self._accepted

    # -- commands -----------------------------------------------------------------------------------------

    def send(self, commands: Commands) -> int:
        """Send commands as one frame; returns its nonce, by which `receipt` finds its answer."""
        nonce, data = self.protocol.commands(commands)
        self._send(data)
        return nonce

    def place_order(
        self, market: int, account: int, client_order_id: int, side: Side, quantity: int, price: int
    ) -> int:
        """Send a limit order; returns the nonce. `new_order` makes all others."""
        return self.send(new_order(market, account, client_order_id, side, quantity, price))

    def amend_order(
        self,
        market: int,
        account: int,
        client_order_id: int,
        *,
        quantity: int | None = None,
        price: int | None = None,
    ) -> int:
        """Change an order; returns the nonce."""
        return self.send(amend_order(market, account, client_order_id, quantity=quantity, price=price))

    def cancel_order(self, market: int, account: int, client_order_id: int) -> int:
        """Cancel an order; returns the nonce."""
        return self.send(cancel_order(market, account, client_order_id))

    def cancel_all(self, market: int, account: int, side: Side = Side.NONE) -> int:
        """Cancel the account's orders in a market; returns the nonce."""
        return self.send(cancel_all(market, account, side))

    # -- answers ------------------------------------------------------------------------------------------

    def events(self, timeout: float = 0.0) -> Records:
        """All events that have arrived, in the EVENT layout; waits at most `timeout` seconds for the first.

        Raises SessionEnded once everything that came before the end was given, and GapFound.
        """
        return self._given(self._events, EVENT, timeout)

    def notices(self, timeout: float = 0.0) -> Records:
        """Receipts and refusals that have arrived, in the NOTICE layout; otherwise as `events`.

        Of what nobody asks for, the last NOTICES_KEPT frames are kept.
        """
        return self._given(self._notices, NOTICE, timeout)

    def receipt(self, nonce: int) -> np.void:
        """The receipt of a frame: it is in the journal and was applied. Raises TimeoutError.

        Other notices that arrive meanwhile are kept.
        """
        deadline = time.monotonic() + self._timeout
        seen = 0
        while True:
            for records in [*self._notices][seen:]:
                found = (records["kind"] == NoticeKind.RECEIPT) & (records["nonce"] == nonce)
                if found.any():
                    return cast(np.void, records[found][0])
            seen = min(len(self._notices), NOTICES_KEPT - 1)
            self._expect_more()
            if not self._read(deadline):
                raise TimeoutError(f"Expected a receipt for nonce {nonce}, was none in time")

    def _given(self, queue: deque[Records], layout: np.dtype[np.void], timeout: float) -> Records:
        deadline = time.monotonic() + timeout
        while self._ended is None and self._read(time.monotonic() if queue else deadline):
            pass
        if not queue:
            self._expect_more()
        found = np.concatenate([np.zeros(0, layout), *queue])
        queue.clear()
        return found

    def _expect_more(self) -> None:
        if self._ended is not None:
            raise SessionEnded(self._ended.reason, self._ended.value)

    def _read(self, deadline: float) -> bool:
        """Take in what arrives first before the deadline; False if nothing does."""
        while True:
            left = deadline - time.monotonic()
            self._peer.settimeout(max(0.000_001, min(left, self._heartbeat)))
            try:
                data = self._peer.recv(READ_BYTES)
            except TimeoutError:
                self._beat()
                if left <= 0:
                    return False
                continue
            if not data:
                raise ConnectionError("Expected the node to stay, it hung up")
            messages, answer = self.protocol.receive(data)
            if answer:
                self._send(answer)
            for message in messages:
                self._take(message)
            self._beat()
            return True

    def _take(self, message: Message) -> None:
        if isinstance(message, Events):
            self._events.append(message.records)
        elif isinstance(message, Notices):
            self._notices.append(message.records)
        elif isinstance(message, Accepted):
            self._accepted = message
        elif isinstance(message, Ended):
            self._ended = message

    def _beat(self) -> None:
        if self.protocol.session and time.monotonic() - self._sent >= self._heartbeat:
            self._send(self.protocol.heartbeat())

    def _send(self, data: bytes) -> None:
        self._peer.settimeout(self._timeout)
        self._peer.sendall(data)
        self._sent = time.monotonic()

    # -- the end ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Log out and hang up."""
        try:
            self._send(self.protocol.logout())
        except OSError:
            pass
        finally:
            self._peer.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connected(address: str, timeout: float) -> socket.socket:
    """A socket to "host:port", or to the path of a Unix socket. Raises OSError naming the address."""
    host, colon, port = address.rpartition(":")
    is_tcp = bool(colon) and port.isdecimal() and "/" not in address
    try:
        if is_tcp:
            peer = socket.create_connection((host.strip("[]"), int(port)), timeout)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return peer
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(timeout)
        peer.connect(address)
    except OSError as error:
        error.filename = address
        raise
    return peer


def node_status(path: Path | str, timeout: float = 5.0) -> bytes:
    """What the node behind a Unix socket says of itself, as JSON. Raises OSError, TimeoutError."""
    protocol = Protocol(Credentials("", bytes(32)))
    with connected(str(path), timeout) as peer:
        peer.sendall(frame(STATUS_FRAME))
        while True:
            data = peer.recv(READ_BYTES)
            if not data:
                raise ConnectionError(f"{path}: expected the status of a node, it hung up")
            for message in protocol.receive(data)[0]:
                if isinstance(message, Status):
                    return message.document
                if isinstance(message, Ended):
                    raise SessionEnded(message.reason, message.value)
