"""A body beyond the limit is answered in the one shape, and whoever sends all of it reads the answer."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from novate.gateway.web import limits
from novate.gateway.web.codes import WebRefused
from novate.gateway.web.http import HttpConnection, Reply, Request
from tests.end_to_end.webs import WebNode, web

__all__ = ["web"]
LARGE = bytes(5_000_000)
PIECE = 1 << 16
ROUTE = "/v1/orders"


def pieces() -> Iterator[bytes]:
    """The large body in pieces, whose length nobody is told."""
    for at in range(0, len(LARGE), PIECE):
        yield LARGE[at : at + PIECE]


def by_http_client(web: WebNode, body: Any) -> tuple[int, Any]:
    """Sends all of the body before it looks for an answer."""
    connection = http.client.HTTPConnection(web.host, web.port, timeout=20)
    with contextlib.closing(connection):
        connection.request("POST", ROUTE, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.getheader("Connection") == "close"
        return answer.status, json.loads(answer.read())


def by_requests(web: WebNode, body: Any) -> tuple[int, Any]:
    answer = requests.post(
        web.base + ROUTE, data=body, headers={"Content-Type": "application/json"}, timeout=20
    )
    return answer.status_code, answer.json()


def by_curl(web: WebNode, body: Any, *others: str) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else b"".join(body)
    command = ["curl", "--silent", "--show-error", "--max-time", "20", "--header", "Expect:",
               "--write-out", "\n%{http_code}", "--data-binary", "@-", *others, web.base + ROUTE]  # fmt: skip
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)
    text, _, status = done.stdout.rpartition(b"\n")
    return int(status), json.loads(text)


def by_curl_in_chunks(web: WebNode, body: Any) -> tuple[int, Any]:
    return by_curl(web, body, "--header", "Transfer-Encoding: chunked")


@pytest.mark.parametrize("in_pieces", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("client", [by_http_client, by_requests])
def test_a_client_of_python_reads_the_refusal(
    web: WebNode, client: Callable[[WebNode, Any], tuple[int, Any]], in_pieces: bool
) -> None:
    # What a reset takes away depends on which packet is first: many times is as good as always.
    for _ in range(10):
        status, error = client(web, pieces() if in_pieces else LARGE)
        found = "more" if in_pieces else str(len(LARGE))
        assert status == 413
        assert error["name"] == "BODY_TOO_LARGE"
        assert error["message"] == f"Expected a body of at most {limits.LARGEST_BODY} bytes, was {found}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("client", [by_curl, by_curl_in_chunks])
def test_curl_reads_the_refusal(web: WebNode, client: Callable[[WebNode, Any], tuple[int, Any]]) -> None:
    status, error = client(web, LARGE)
    assert (status, error["name"]) == (413, "BODY_TOO_LARGE")


def read_to_the_end(peer: socket.socket) -> bytes:
    """Everything until the other side has ended its way out."""
    found = b""
    while got := peer.recv(PIECE):
        found += got
    return found


@pytest.mark.parametrize(
    ("head", "last"),
    [
        (b"Content-Length: 5000000\r\n\r\n", b" 413 "),
        (b"Transfer-Encoding: chunked\r\n\r\n4C4B40\r\n", b" 413 "),
        (b"\r\n", b" 400 "),
    ],
    ids=["with its length", "in a chunk", "behind a request without a body"],
)
def test_who_sends_on_after_the_refusal_is_not_reset(web: WebNode, head: bytes, last: bytes) -> None:
    with socket.create_connection((web.host, web.port), 20) as peer:
        peer.sendall(b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n" + head + LARGE[: 2 * PIECE])
        answers = read_to_the_end(peer)
        assert last in answers
        assert set(json.loads(answers.rpartition(b"\r\n\r\n")[2])) == {
            "code",
            "name",
            "message",
            "request_id",
        }
        for piece in pieces():
            peer.sendall(piece)
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(1) == b""


def test_a_refusal_before_the_body_is_there_asks_for_none_of_it(web: WebNode) -> None:
    head = b"POST /v1/orders HTTP/1.1\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((web.host, web.port), 20) as peer:
        peer.sendall(head)
        answer = read_to_the_end(peer)
    assert b"100 Continue" not in answer
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_who_sends_without_end_is_cut_off(web: WebNode) -> None:
    with socket.create_connection((web.host, web.port), 20) as peer:
        peer.sendall(b"POST /v1/orders HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n")
        assert b"BODY_TOO_LARGE" in read_to_the_end(peer)
        with pytest.raises(ConnectionError):
            peer.sendall(bytes(16 * limits.LINGER_BYTES))


class Refuser:
    """Answers nothing but what is no request."""

    def __init__(self) -> None:
        self.connections: set[HttpConnection] = set()

    def handle(self, request: Request, reply: Reply) -> None:
        raise AssertionError(f"expected no request, was {request.target}")

    def refuse(self, reply: Reply, refused: WebRefused) -> None:
        reply.finish(413, refused.message.encode())

    def open_socket(self, request: Request, transport: asyncio.Transport) -> None:
        raise AssertionError("expected no WebSocket")


def test_who_says_nothing_more_is_let_go_after_a_while(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(limits, "LINGER_SECONDS", 0.05)

    async def refused() -> bytes:
        loop = asyncio.get_running_loop()
        application = Refuser()
        path = str(tmp_path / "socket")
        server = await loop.create_unix_server(lambda: HttpConnection(application, 10), path)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n")
        answer = await reader.read()
        while application.connections:
            await asyncio.sleep(0.01)
        writer.close()
        server.close()
        return answer

    answer = asyncio.run(asyncio.wait_for(refused(), 60))
    assert b"was 5000000" in answer
