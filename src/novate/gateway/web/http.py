"""HTTP/1.1 as far as an API needs it: bytes in, whole requests out; answers in the order of their requests.

    socket --> llhttp (httptools) --> Request --> gateway --> Reply.finish --> socket
                                 \\--> refusal with a name and the one error shape; the rest is thrown away

Bounds: target, headers, body, requests on their way, seconds for a request and between two. A request that is
not HTTP is answered like every other mistake. A WebSocket handshake hands the transport over.

A refusal may come while the peer still sends. Closing then would answer its next bytes with a reset, which
takes the refusal away from it unread: so the way out is ended, and the way in is read on within bounds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Protocol

import httptools

from novate.gateway.web import limits
from novate.gateway.web.codes import WebRefused, WebReject

_REASONS = {
    200: b"OK", 201: b"Created", 204: b"No Content", 400: b"Bad Request", 401: b"Unauthorized",
    403: b"Forbidden", 404: b"Not Found", 405: b"Method Not Allowed", 408: b"Request Timeout",
    409: b"Conflict", 410: b"Gone", 413: b"Content Too Large", 414: b"URI Too Long",
    415: b"Unsupported Media Type", 421: b"Misdirected Request",
    422: b"Unprocessable Content", 426: b"Upgrade Required",
    429: b"Too Many Requests", 431: b"Request Header Fields Too Large", 500: b"Internal Server Error",
    503: b"Service Unavailable", 504: b"Gateway Timeout",
}  # fmt: skip
_STATUS_LINES = {code: b"HTTP/1.1 %d %b\r\n" % (code, text) for code, text in _REASONS.items()}
JSON = b"application/json"


class Request:
    """One whole request."""

    __slots__ = ("address", "body", "headers", "keep_alive", "method", "path", "query", "target")

    def __init__(self, method: str, target: bytes, headers: dict[bytes, bytes], body: bytes,
                 address: str, keep_alive: bool) -> None:  # fmt: skip
        self.method = method
        self.target = target.decode("latin-1")
        path, _, query = self.target.partition("?")
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.address = address
        self.keep_alive = keep_alive

    def header(self, name: bytes) -> str:
        """A header by its lower-case name, empty where there is none."""
        return self.headers.get(name, b"").decode("latin-1")


class Reply:
    """The place of one answer in its connection's order."""

    __slots__ = ("_connection", "_is_head", "data", "keep_alive")

    def __init__(self, connection: HttpConnection, keep_alive: bool, is_head: bool = False) -> None:
        self._connection = connection
        self._is_head = is_head
        self.keep_alive = keep_alive
        self.data: bytes | None = None

    def finish(self, status: int, body: bytes, headers: bytes = b"", kind: bytes = JSON) -> None:
        """Answer; a second answer is ignored. `headers` are whole lines."""
        if self.data is not None:
            return
        last = b"" if self.keep_alive else b"Connection: close\r\n"
        self.data = b"%bContent-Type: %b\r\nContent-Length: %d\r\n%b%b\r\n%b" % (
            _STATUS_LINES[status], kind, len(body), headers, last, b"" if self._is_head else body,
        )  # fmt: skip
        self._connection.push()


class Application(Protocol):
    """Who answers requests."""

    connections: set[HttpConnection]

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer a request, now or later; never raises."""

    def refuse(self, reply: Reply, refused: WebRefused) -> None:
        """Answer what is no request."""

    def open_socket(self, request: Request, transport: asyncio.Transport) -> asyncio.Protocol | None:
        """A WebSocket for a request that asks for one; None: answer it like any other."""


class HttpConnection(asyncio.Protocol):
    """One connection of a browser, a bot or an attacker."""

    def __init__(self, application: Application, most_connections: int) -> None:
        self._application = application
        self._most = most_connections
        self._loop = asyncio.get_running_loop()
        self._parser: Any = None
        self._transport: asyncio.Transport | None = None
        self._replies: deque[Reply] = deque()
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_bytes = self._header_count = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._is_ending = False
        self._is_paused = False
        self._is_busy = False
        self._is_cut = self._is_lingering = False
        self._discarded_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._upgraded: Request | None = None
        self.address = ""

    # -- the connection -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is there."""
        self._transport = transport  # type: ignore[assignment]
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._parser = httptools.HttpRequestParser(self)
        self._application.connections.add(self)
        if len(self._application.connections) > self._most:
            self._refuse(
                WebRefused(WebReject.TOO_MANY_CONNECTIONS, f"Expected at most {self._most} connections"),
                is_cut=False,
            )
            return
        self._wait(limits.REQUEST_SECONDS)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone."""
        self._application.connections.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        if self._is_ending:
            self._discard(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except WebRefused as refused:
            self._refuse(refused)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if not isinstance(cause, WebRefused):
                cause = WebRefused(WebReject.MALFORMED_REQUEST, "Expected HTTP/1.1, was something else")
            self._refuse(cause)
        except httptools.HttpParserError:
            self._refuse(WebRefused(WebReject.MALFORMED_REQUEST, "Expected HTTP/1.1, was something else"))

    def _wait(self, seconds: float) -> None:
        """Something must have happened in so many seconds; one timer serves the whole connection."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        """A request that does not end is refused; a connection without one is closed."""
        self._timer = None
        left = self._deadline - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(min(left, limits.REQUEST_SECONDS), self._too_slow)
        elif self._replies:
            self._wait(limits.REQUEST_SECONDS)
        elif self._is_busy or self._header_count:
            self._refuse(WebRefused(WebReject.REQUEST_TOO_SLOW, "Expected the rest of the request in time"))
        elif self._transport is not None:
            self._transport.close()

    def _refuse(self, refused: WebRefused, is_cut: bool = True) -> None:
        """Answer the last thing on this connection. `is_cut`: in the middle of what the peer sends."""
        self._is_ending, self._is_cut = True, is_cut
        self._body = []
        reply = Reply(self, keep_alive=False)
        self._replies.append(reply)
        self._application.refuse(reply, refused)

    def _linger(self, transport: asyncio.Transport) -> None:
        """Say that nothing more comes, and throw away what the peer still sends until it has ended too."""
        self._is_lingering = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(limits.LINGER_SECONDS, transport.abort)
        self.resume_writing()
        transport.write_eof()

    def _discard(self, data: bytes) -> None:
        self._discarded_bytes += len(data)
        if self._is_lingering and self._discarded_bytes > limits.LINGER_BYTES and self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Let go when nothing waits to be answered."""
        self._is_ending = True
        if self._transport is not None and not self._replies:
            self._transport.close()

    def pause_writing(self) -> None:
        """The peer does not read: neither is it read."""
        if self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._transport is not None and self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    # -- what the parser finds ----------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        self._target, self._headers = b"", {}
        self._header_bytes = self._header_count = self._body_bytes = 0
        self._body = []
        self._is_busy = True
        self._deadline = self._loop.time() + limits.REQUEST_SECONDS

    def on_url(self, part: bytes) -> None:
        """A piece of the target."""
        self._target += part
        if len(self._target) > limits.LONGEST_TARGET:
            raise WebRefused(
                WebReject.TARGET_TOO_LONG, f"Expected a target of at most {limits.LONGEST_TARGET} bytes"
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._header_count += 1
        self._header_bytes += len(name) + len(value)
        if self._header_count > limits.MOST_HEADERS or self._header_bytes > limits.LARGEST_HEADERS:
            raise WebRefused(
                WebReject.HEADERS_TOO_LARGE,
                f"Expected at most {limits.MOST_HEADERS} headers of {limits.LARGEST_HEADERS} bytes in all",
            )
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """The body follows, if there is one."""
        length = self._headers.get(b"content-length", b"0")
        if length.isdigit() and len(length) < 20 and int(length) > limits.LARGEST_BODY:
            raise _too_large(length.decode())
        if self._headers.get(b"expect", b"").lower() == b"100-continue" and not self._replies:
            assert self._transport is not None
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(part)
        if self._body_bytes > limits.LARGEST_BODY:
            raise _too_large("more")
        self._body.append(part)

    def on_message_complete(self) -> None:
        """A whole request."""
        self._is_busy = False
        parser = self._parser
        method = parser.get_method().decode("ascii")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        keep = parser.should_keep_alive()
        request = Request(method, self._target, self._headers, body, self.address, keep)
        if self._is_ending:
            return
        if parser.should_upgrade():
            self._upgraded = request
            return
        self._wait(limits.IDLE_SECONDS)
        reply = Reply(self, keep, method == "HEAD")
        self._replies.append(reply)
        if len(self._replies) > limits.MOST_PIPELINED:
            self.pause_writing()
        if not keep:
            self._is_ending = True
        self._application.handle(request, reply)

    def _upgrade(self) -> None:
        request, transport = self._upgraded, self._transport
        if request is None or transport is None:
            return
        taker = self._application.open_socket(request, transport)
        if taker is None:
            reply = Reply(self, keep_alive=False)
            self._replies.append(reply)
            self._is_ending = True
            request.keep_alive = False
            self._application.handle(request, reply)
            return
        if self._timer is not None:
            self._timer.cancel()
        self._application.connections.discard(self)
        transport.set_protocol(taker)
        taker.connection_made(transport)

    def push(self) -> None:
        """Send every answer whose turn it is."""
        replies, transport = self._replies, self._transport
        if transport is None:
            replies.clear()
            return
        while replies and replies[0].data is not None:
            reply = replies.popleft()
            transport.write(reply.data or b"")
            if not reply.keep_alive:
                self._is_ending = True
        if self._is_ending and not replies:
            if not self._is_cut:
                transport.close()
            elif not self._is_lingering:
                self._linger(transport)
        elif self._is_paused and len(replies) <= limits.MOST_PIPELINED // 2:
            self.resume_writing()


def _too_large(found: str) -> WebRefused:
    sentence = f"Expected a body of at most {limits.LARGEST_BODY} bytes, was {found}"
    return WebRefused(WebReject.BODY_TOO_LARGE, sentence)
