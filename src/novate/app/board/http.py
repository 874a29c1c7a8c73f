"""A small HTTP/1.1 listener: GET and HEAD, nothing that changes anything.

    request line, headers (8 KiB, 5 s) --> Site(path, query) --> status, type, body

It is for screens, probes and scrapers on the same machine or behind a proxy. Which Host it answers to, so
that no page of somebody else's can read it through a browser, says `novate.gateway.hosts`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from novate.gateway.findings import shown
from novate.gateway.hosts import HostRule

MOST_CONNECTIONS = 256
MOST_HEADER_BYTES = 8 << 10
REQUEST_SECONDS = 5.0
IDLE_SECONDS = 30.0
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
           421: "Misdirected Request",
           431: "Request Header Fields Too Large", 503: "Service Unavailable"}  # fmt: skip
NAMES = {400: "MALFORMED_REQUEST", 404: "UNKNOWN_PATH", 405: "METHOD_NOT_ALLOWED", 421: "WRONG_HOST",
         431: "HEADER_TOO_LARGE", 503: "UNAVAILABLE"}  # fmt: skip
SAFE = (
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'\r\n"
)
JSON = "application/json"


class Response(NamedTuple):
    """What is sent."""

    status: int
    content_type: str
    body: bytes


Site = Callable[[str, dict[str, str]], Awaitable[Response]]


def failure(status: int, message: str) -> Response:
    """An error in the one shape that errors have."""
    body = msgspec.json.encode({"code": status, "name": NAMES[status], "message": message})
    return Response(status, JSON, body)


class Listener:
    """Answers requests on one address."""

    def __init__(self, address: str, site: Site) -> None:
        """address: "HOST:PORT", port 0 takes a free one. Raises nothing before `start`."""
        self._host, _, port = address.rpartition(":")
        self._host = self._host.strip("[]")
        self._port = int(port)
        self._site = site
        self._rule = HostRule(address)
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen; returns the address. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, limit=MOST_HEADER_BYTES
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def stop(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= MOST_CONNECTIONS:
                while await self._exchange(reader, writer):
                    pass
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its response; False when it was the last one."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                first = await reader.readexactly(1)
            async with asyncio.timeout(REQUEST_SECONDS):
                head = first + await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            await _send(
                writer, failure(431, f"expected headers of at most {MOST_HEADER_BYTES} bytes"), False, True
            )
            return False
        method, response, keeps = await self._answered(head)
        async with asyncio.timeout(IDLE_SECONDS):
            await _send(writer, response, keeps, method != "HEAD")
        return keeps

    async def _answered(self, head: bytes) -> tuple[str, Response, bool]:
        """(method, response, whether the connection stays)."""
        line, *lines = head.decode("latin-1").split("\r\n")
        words = line.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return "GET", failure(400, "expected a request line of HTTP/1.1"), False
        method, target, version = words
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)
        }
        if method not in ("GET", "HEAD"):
            return method, failure(405, f"expected GET or HEAD, was {shown(method, 16)}"), False
        if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
            return method, failure(400, "expected a request without a body"), False
        host = headers.get("host", "")
        if not self._rule.admits(host):
            return method, failure(421, self._rule.sentence(host)), False
        path, _, query = target.partition("?")
        keeps = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        return (
            method,
            await self._site(
                path, dict(parse_qsl(query, True, max_num_fields=16)) if _is_short(query) else {}
            ),
            keeps,
        )


def _is_short(query: str) -> bool:
    return query.count("&") < 16


async def _send(writer: asyncio.StreamWriter, response: Response, keeps: bool, with_body: bool) -> None:
    head = (
        f"HTTP/1.1 {response.status} {REASONS[response.status]}\r\n"
        f"Content-Type: {response.content_type}\r\nContent-Length: {len(response.body)}\r\n"
        f"Connection: {'keep-alive' if keeps else 'close'}\r\n{SAFE}\r\n"
    )
    writer.write(head.encode("latin-1") + (response.body if with_body else b""))
    await writer.drain()
