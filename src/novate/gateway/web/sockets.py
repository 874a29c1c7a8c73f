"""One WebSocket: requests in, answers and the messages of its subscriptions out.

    handshake --> [login] --> subscribe, place_order, ... --> answers by id
                                                         --> frames of its groups, joined to one write a tick

Whoever does not read what it is sent is cut off with SLOW_READER when `out_bytes` wait for it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from novate.gateway.web import limits
from novate.gateway.web.calls import Scope
from novate.gateway.web.channels import Group, message_frame
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.http import Request
from novate.gateway.web.keys import Key
from novate.gateway.web.messages import OrderAnswer
from novate.gateway.web.order_desk import account_of
from novate.gateway.web.requests import decode, error_of
from novate.gateway.web.socket_messages import (
    AmendOrder,
    Answer,
    CancelAll,
    CancelOnDisconnect,
    CancelOrder,
    ClientMessage,
    Failure,
    Login,
    Ping,
    PlaceOrder,
    Subscribe,
    Unsubscribe,
)
from novate.gateway.web.websocket import Incoming, accept_key

if TYPE_CHECKING:
    from novate.gateway.web.gateway import Gateway

PATH = "/v1/ws"
POLICY_VIOLATION, GOING_AWAY = 1008, 1001
_DECODER = msgspec.json.Decoder(ClientMessage)
_PRIVATE = ("orders", "fills")
MOST_FAILURES = 1_000
"""Requests in a row that were refused at once, before the connection ends."""
_LOGIN_SECONDS = 300
"""A socket that has neither logged in nor subscribed is closed after so long."""


def open_socket(gateway: Gateway, request: Request, transport: asyncio.Transport) -> Socket | None:
    """Answer a handshake; None for a request that is none, which is then answered as what it is."""
    key = accept_key(request.headers.get(b"sec-websocket-key", b""))
    wants = request.header(b"upgrade").lower() == "websocket"
    version = request.header(b"sec-websocket-version") == "13"
    if request.path != PATH or request.method != "GET" or key is None or not wants or not version:
        return None
    try:
        gateway.spend(gateway.address_bucket(request.address), 1)
    except WebRefused:
        return None
    if len(gateway.sockets) >= gateway.settings.connections:
        return None
    transport.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + key + b"\r\n\r\n"
    )
    return Socket(gateway, request.address)


class Socket(asyncio.Protocol):
    """A connected WebSocket."""

    def __init__(self, gateway: Gateway, address: str) -> None:
        self._gateway = gateway
        self._address = address
        self._transport: asyncio.Transport | None = None
        self._incoming = Incoming()
        self._out: list[bytes] = []
        self._key: Key | None = None
        self._groups: set[Group] = set()
        self._books: set[Group] = set()
        self._cancels: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests = self._failures = 0
        self._timer = asyncio.get_running_loop().call_later(_LOGIN_SECONDS, self._idle)

    # -- the connection -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is done."""
        self._transport = transport  # type: ignore[assignment]
        self._gateway.sockets.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone, and with it its subscriptions; perhaps orders too."""
        self._transport = None
        self._timer.cancel()
        self._gateway.sockets.discard(self)
        for group in self._groups:
            self._gateway.channels.leave(group, self)
        self._groups.clear()
        for account in self._cancels:
            self._gateway.switches.act(account)

    def _idle(self) -> None:
        if self._key is None and not self._groups:
            self.end(WebRefused(WebReject.LOGIN_NEEDED, "Expected a login or a subscription, was neither"))

    def data_received(self, data: bytes) -> None:
        """Bytes of frames."""
        messages, answer = self._incoming.receive(data)
        if answer:
            self.send(answer)
        for message in messages:
            self._message(message)
        if self._incoming.is_over and self._transport is not None:
            self._transport.close()

    def queue(self, frame: bytes) -> None:
        """Send a frame with the next flush."""
        self._out.append(frame)

    def flush(self) -> None:
        """Send what was queued, in one write."""
        out, self._out = self._out, []
        if out:
            self.send(out[0] if len(out) == 1 else b"".join(out))

    def send(self, data: bytes) -> None:
        """Send frames now; a peer that does not read is cut off."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > self._gateway.settings.out_bytes:
            self._transport = None
            self._gateway.sockets.discard(self)
            transport.abort()
            return
        transport.write(data)

    def end(self, refused: WebRefused) -> None:
        """Say why, then close."""
        self._fail(0, refused)
        closing = self._incoming.close(
            GOING_AWAY if refused.code is WebReject.GATEWAY_STOPPING else POLICY_VIOLATION, refused.code.name
        )
        self.send(closing)
        if self._transport is not None:
            self._transport.close()

    def sees_book(self, group: Group) -> None:
        """It has the whole book of a group: differences follow."""
        self._books.add(group)

    def has_book(self, group: Group) -> bool:
        """Can it use a difference?"""
        return group in self._books

    # -- requests -----------------------------------------------------------------------------------------

    def _message(self, data: bytes) -> None:
        number = 0
        try:
            message = decode(_DECODER, data)
            number = message.id
            self._do(message)
        except WebRefused as refused:
            self._fail(number, refused)
            self._failures += 1
            if self._failures > MOST_FAILURES:
                self.end(
                    WebRefused(
                        WebReject.MALFORMED_MESSAGE, f"Expected at most {MOST_FAILURES} mistakes in a row"
                    )
                )
        else:
            self._failures = 0

    def _fail(self, number: int, refused: WebRefused, cost: int = 0) -> None:
        self._requests += 1
        request_id = f"{self._gateway.worker}-ws-{self._requests}"
        error = error_of(refused.code, refused.message, refused.field, request_id)
        self.send(message_frame(Failure(id=number, ts_ns=time.time_ns(), error=error, cost=cost)))

    def _answer(self, number: int, result: Any = None, rate: str = "") -> None:
        remaining = self._key.buckets[rate].remaining if rate and self._key is not None else None
        self.send(
            message_frame(
                Answer(
                    id=number, ts_ns=time.time_ns(), result=result, cost=int(bool(rate)), remaining=remaining
                )
            )
        )

    def _do(self, message: Any) -> None:
        gateway = self._gateway
        if isinstance(message, PlaceOrder):
            key = self._paid(Scope.TRADE, "order")
            gateway.desk.place(
                key, message.order, lambda result, same: self._placed(message.id, result, same)
            )
        elif isinstance(message, AmendOrder):
            key = self._paid(Scope.TRADE, "order")
            gateway.desk.amend(key, message.client_order_id, message.changes, self._done(message.id, "order"))
        elif isinstance(message, CancelOrder):
            key = self._paid(Scope.TRADE, "cancel")
            gateway.desk.cancel(
                key,
                message.client_order_id,
                message.account,
                message.market,
                self._done(message.id, "cancel"),
            )
        elif isinstance(message, CancelAll):
            key = self._paid(Scope.TRADE, "cancel")
            gateway.desk.cancel_all(key, message.of, self._done(message.id, "cancel"))
        elif isinstance(message, CancelOnDisconnect):
            account = account_of(self._paid(Scope.TRADE, "cancel"), message.account)
            (self._cancels.add if message.on else self._cancels.discard)(account)
            self._answer(message.id, None, "cancel")
        elif isinstance(message, Login):
            self._log_in(message)
        else:
            gateway.spend(gateway.address_bucket(self._address), 1)
            if isinstance(message, Subscribe):
                self._subscribe(message)
            elif isinstance(message, Unsubscribe):
                group = self._group(message)
                self._groups.discard(group)
                self._books.discard(group)
                gateway.channels.leave(group, self)
                self._answer(message.id)
            elif isinstance(message, Ping):
                self._answer(message.id)

    def _paid(self, scope: Scope, rate: str) -> Key:
        """The key of this socket, which may do this and has paid for it. Raises WebRefused."""
        key = self._key
        if key is None:
            raise WebRefused(WebReject.LOGIN_NEEDED, "Expected a login on this connection first, was none")
        if not key.may(scope.permission):
            raise WebRefused(
                WebReject.MISSING_SCOPE,
                f'Expected a key with the permission "{scope.value}", this one has not',
            )
        if key.session.is_expired(time.time_ns()):
            raise WebRefused(WebReject.LOGIN_NEEDED, "Expected a key that has not ended, this one has")
        self._gateway.spend(key.buckets[rate], 1)
        return key

    def _placed(self, number: int, result: Any, is_duplicate: bool) -> None:
        if isinstance(result, WebRefused):
            self._fail(number, result, 1)
        else:
            since = self._gateway.desk.known_since_ns
            answer = OrderAnswer(order=result, duplicate_same=is_duplicate, known_since_ns=since)
            self._answer(number, answer, "order")

    def _done(self, number: int, rate: str) -> Any:
        def done(result: Any, is_duplicate: bool) -> None:
            if isinstance(result, WebRefused):
                self._fail(number, result, 1)
            else:
                self._answer(number, result, rate)

        return done

    def _log_in(self, message: Login) -> None:
        self._key = self._gateway.authenticate(
            message.key, message.time, message.signature, "WS", PATH, b"", self._address
        )
        self._answer(message.id)

    def _group(self, message: Subscribe | Unsubscribe) -> Group:
        """What a subscription is for. Raises WebRefused."""
        if message.channel in _PRIVATE:
            return Group(message.channel, account_of(self._paid(Scope.READ, "read"), message.account))
        if message.market is None:
            raise WebRefused(
                WebReject.INVALID_FIELD, "Expected the market of this channel, was none", "market"
            )
        market = self._gateway.screens.market(message.market).number
        return Group(message.channel, market, message.depth if message.channel == "book" else 0)

    def _subscribe(self, message: Subscribe) -> None:
        group = self._group(message)
        if len(self._groups) >= limits.MOST_SUBSCRIPTIONS:
            raise WebRefused(
                WebReject.TOO_MANY_SUBSCRIPTIONS,
                f"Expected at most {limits.MOST_SUBSCRIPTIONS} subscriptions of a connection",
            )
        self._groups.add(group)
        try:
            last = self._gateway.channels.join(group, self, message.last_seq)
        except WebRefused:
            self._groups.discard(group)
            raise
        self._answer(message.id, {"channel": group.channel, "seq": last})
        if group.channel == "book":
            task = asyncio.get_running_loop().create_task(self._open_book(message.id, group))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open_book(self, number: int, group: Group) -> None:
        try:
            await self._gateway.channels.open_book(group, self)
        except WebRefused as refused:
            self._fail(number, refused)
