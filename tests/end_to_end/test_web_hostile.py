"""What hostile bytes get from the web gateway: a name, one shape, and nothing that reaches the core."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import Any

import pytest

from novate.gateway.web.limits import LARGEST_BODY, LONGEST_TARGET, MOST_HEADERS, MOST_PIPELINED
from tests.end_to_end.webs import Answer, WebNode, web

__all__ = ["web"]
SHAPE = {"code", "name", "message", "request_id"}
ORDER = {"market": "NOVA", "client_order_id": "h", "side": "buy", "quantity": "1", "price": "100"}


def refused(data: bytes) -> tuple[int, str]:
    """(status, name) of the last answer among some bytes, which must have the one shape."""
    head, _, body = data.rpartition(b"\r\n\r\n")
    statuses = re.findall(rb"HTTP/1\.1 (\d{3}) ", head)
    found = json.loads(body)
    assert set(found) - {"field"} == SHAPE
    return int(statuses[-1]), found["name"]


RAW: dict[str, tuple[bytes, int, str]] = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), 400, "MALFORMED_REQUEST"),
    "nonsense": (b"GET\r\n\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "two lengths": (
        b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        400, "MALFORMED_REQUEST",
    ),
    "length and chunks": (
        b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400, "MALFORMED_REQUEST",
    ),
    "a negative length": (
        b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        400, "MALFORMED_REQUEST",
    ),
    "a long target": (b"GET /" + b"a" * LONGEST_TARGET + b" HTTP/1.1\r\n\r\n", 414, "TARGET_TOO_LONG"),
    "many headers": (
        b"GET /v1/time HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_HEADERS + 1) + b"\r\n", 431, "HEADERS_TOO_LARGE",
    ),
    "a large header": (
        b"GET /v1/time HTTP/1.1\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE",
    ),
    "a large body": (
        b"POST /v1/orders HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY + 1), 413, "BODY_TOO_LARGE",
    ),
    "large chunks": (
        b"POST /v1/orders HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"8000\r\n" + bytes(0x8000) + b"\r\n" + b"8001\r\n" + bytes(0x8001) + b"\r\n",
        413, "BODY_TOO_LARGE",
    ),
    "another upgrade": (
        b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        404, "UNKNOWN_ROUTE",
    ),
    "a handshake without a key": (
        b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n", 404, "UNKNOWN_ROUTE",
    ),
    "no host": (b"GET /v1/time HTTP/1.1\r\n\r\n", 421, "WRONG_HOST"),
    "the host of a stranger's page": (
        b"GET /v1/time HTTP/1.1\r\nHost: rebound.example:8080\r\n\r\n", 421, "WRONG_HOST",
    ),
    "a WebSocket of a stranger's page": (
        b"GET /v1/ws HTTP/1.1\r\nHost: rebound.example\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 421, "WRONG_HOST",
    ),
}  # fmt: skip


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:80", "exchange.example:443"])
def test_its_own_names_are_answered_to(web: WebNode, host: str) -> None:
    request = f"GET /v1/time HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    assert b" 200 OK" in web.raw(request.encode())[:20]


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_no_request(web: WebNode, name: str) -> None:
    data, status, expected = RAW[name]
    assert refused(web.raw(data)) == (status, expected)


def body_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "MALFORMED_JSON"),
    "cut off": (b'{"market": "NO', 400, "MALFORMED_JSON"),
    "two documents": (json.dumps(ORDER).encode() * 2, 400, "MALFORMED_JSON"),
    "no UTF-8": (b'{"market": "\xff\xfe"}', 400, "MALFORMED_JSON"),
    "half a surrogate": (body_of('{"market": "\ud800"}'), 400, "MALFORMED_JSON"),
    "deep": (b"[" * 5_000 + b"]" * 5_000, 400, "JSON_TOO_DEEP"),
    "deep inside": (json.dumps({**ORDER, "x": json.loads("[" * 9 + "]" * 9)}).encode(), 400, "JSON_TOO_DEEP"),
    "a list": (b"[]", 400, "INVALID_FIELD"),
    "a number": (b"7", 400, "INVALID_FIELD"),
    "NaN": (json.dumps({**ORDER, "quantity": float("nan")}).encode(), 400, "MALFORMED_JSON"),
    "a huge number": (json.dumps({**ORDER, "quantity": 10**40}).encode(), 400, "INVALID_FIELD"),
    "a huge exponent": (
        json.dumps(ORDER).replace('"1"', "1e999999").encode(), 400, "INVALID_FIELD",
    ),
    "a null": (json.dumps({**ORDER, "side": None}).encode(), 400, "INVALID_FIELD"),
    "SQL": (json.dumps({**ORDER, "client_order_id": "1; DELETE FROM orders"}).encode(), 400, "INVALID_FIELD"),
    "a script": (json.dumps({**ORDER, "market": "<script>alert()</script>"}).encode(), 404, "UNKNOWN_SYMBOL"),
    "many digits": (json.dumps({**ORDER, "price": "1" * 5_000}).encode(), 400, "INVALID_FIELD"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_no_order(web: WebNode, name: str) -> None:
    body, status, expected = BODIES[name]
    headers = web.headers("ALPINE", "POST", "/v1/orders", body) | {"Content-Type": "application/json"}
    answer = web.send("POST", "/v1/orders", body, headers)
    assert (answer.status, answer.json["name"]) == (status, expected)
    assert set(answer.json) - {"field"} == SHAPE


def test_deep_brackets_inside_of_a_text_are_no_depth(web: WebNode) -> None:
    body = json.dumps({**ORDER, "market": "[" * 30}).encode()
    headers = web.headers("ALPINE", "POST", "/v1/orders", body) | {"Content-Type": "application/json"}
    assert web.send("POST", "/v1/orders", body, headers).json["name"] == "UNKNOWN_SYMBOL"


def signed(web: WebNode, **changes: Any) -> Answer:
    """GET /v1/accounts of ALPINE, with other headers where `changes` says so."""
    made = web.headers(
        changes.pop("name", "ALPINE"), changes.pop("method", "GET"), changes.pop("target", "/v1/accounts"),
        changes.pop("body", b""), at=changes.pop("at", None),
    )  # fmt: skip
    made.pop("Content-Type", None)
    return web.send("GET", "/v1/accounts", b"", {**made, **changes})


def wrong_keys() -> list[tuple[str, dict[str, Any], int, str]]:
    """Every way to be somebody else."""
    second = 10**9
    return [
        ("an unknown key", {"Novate-Key": "NOBODY"}, 401, "UNKNOWN_KEY"),
        ("the key of another", {"Novate-Key": "BOREAL"}, 401, "WRONG_SIGNATURE"),
        ("no signature", {"Novate-Signature": ""}, 401, "KEY_MISSING"),
        ("a short signature", {"Novate-Signature": "00" * 10}, 401, "WRONG_SIGNATURE"),
        ("zeros", {"Novate-Signature": "00" * 64}, 401, "WRONG_SIGNATURE"),
        ("no hex", {"Novate-Signature": "zz" * 64}, 401, "WRONG_SIGNATURE"),
        ("spaces in it", {"Novate-Signature": "0 " * 64}, 401, "WRONG_SIGNATURE"),
        ("another method", {"method": "POST"}, 401, "WRONG_SIGNATURE"),
        ("another target", {"target": "/v1/orders"}, 401, "WRONG_SIGNATURE"),
        ("another body", {"body": b"{}"}, 401, "WRONG_SIGNATURE"),
        ("yesterday", {"at": time.time_ns() - 86_400 * second}, 401, "TIME_OUTSIDE_WINDOW"),
        ("tomorrow", {"at": time.time_ns() + 86_400 * second}, 401, "TIME_OUTSIDE_WINDOW"),
        ("no time at all", {"Novate-Time": "soon"}, 401, "TIME_OUTSIDE_WINDOW"),
        ("a long time", {"Novate-Time": "9" * 400}, 401, "TIME_OUTSIDE_WINDOW"),
        ("a superscript", {"Novate-Time": "\u00b2"}, 401, "TIME_OUTSIDE_WINDOW"),
        ("an expired key", {"name": "EXPIRED"}, 401, "KEY_EXPIRED"),
        ("from elsewhere", {"name": "ELSEWHERE"}, 401, "ADDRESS_NOT_ALLOWED"),
    ]


@pytest.mark.parametrize(("changes", "status", "name"), [one[1:] for one in wrong_keys()],
                         ids=[one[0] for one in wrong_keys()])  # fmt: skip
def test_nobody_else_is_let_in(web: WebNode, changes: dict[str, Any], status: int, name: str) -> None:
    answer = signed(web, **changes)
    assert (answer.status, answer.json["name"]) == (status, name)


def test_a_signed_request_is_taken_once(web: WebNode) -> None:
    headers = web.headers("ALPINE", "GET", "/v1/accounts", b"")
    assert web.send("GET", "/v1/accounts", b"", headers).status == 200
    again = web.send("GET", "/v1/accounts", b"", headers)
    assert (again.status, again.json["name"]) == (401, "REQUEST_REPLAYED")
    changed = {**headers, "Novate-Signature": headers["Novate-Signature"].upper()}
    assert web.send("GET", "/v1/accounts", b"", changed).json["name"] == "REQUEST_REPLAYED"


@pytest.mark.parametrize(
    ("name", "method", "target", "content"),
    [
        ("READER", "POST", "/v1/orders", ORDER),
        ("READER", "POST", "/v1/orders/cancel-all", {}),
        ("READER", "DELETE", "/v1/orders/1", None),
        ("ALPINE", "POST", "/v1/withdrawals", {"transfer_id": "1", "asset": "USD", "amount": "1"}),
        ("ALPINE", "GET", "/v1/clearing/statements", None),
    ],
)
def test_a_key_does_no_more_than_its_scopes(
    web: WebNode, name: str, method: str, target: str, content: Any
) -> None:
    answer = web.call(name, method, target, content)
    assert (answer.status, answer.json["name"]) == (403, "MISSING_SCOPE")


@pytest.mark.parametrize(
    ("method", "target", "status", "name"),
    [
        ("GET", "/v1/markets/NOVA/book?depth=0", 400, "INVALID_FIELD"),
        ("GET", "/v1/markets/NOVA/book?depth=10&depth=20", 400, "INVALID_FIELD"),
        ("GET", "/v1/markets/NOVA/book?depth=1%00", 400, "INVALID_FIELD"),
        ("GET", "/v1/markets/NOVA/trades?limit=100000", 400, "INVALID_FIELD"),
        ("GET", "/v1/markets/NOVA/trades?cursor=-1", 400, "INVALID_FIELD"),
        ("GET", "/v1/markets/NOVA/trades?since=1", 400, "INVALID_FIELD"),
        ("GET", "/v1/markets/%2e%2e%2fetc%2fpasswd", 404, "UNKNOWN_SYMBOL"),
        ("GET", "/v1/markets/" + "N" * 200, 400, "INVALID_FIELD"),
        ("GET", "/v1/markets/NOVA';--/book", 404, "UNKNOWN_SYMBOL"),
        ("GET", "//v1/time", 404, "UNKNOWN_ROUTE"),
        ("GET", "/v1/time/", 404, "UNKNOWN_ROUTE"),
        ("DELETE", "/v1/time", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/v1/orders", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_targets_that_are_none(web: WebNode, method: str, target: str, status: int, name: str) -> None:
    answer = web.send(method, target, b"", {})
    assert (answer.status, answer.json["name"]) == (status, name)
    assert (status == 405) == ("Allow" in answer.headers)


def test_head_is_get_without_a_body(web: WebNode) -> None:
    answer = web.send("HEAD", "/v1/time", b"", {})
    assert (answer.status, answer.body) == (200, b"")


def test_requests_in_one_piece_are_answered_in_their_order(web: WebNode) -> None:
    one = b"GET /v1/markets/NOVA/book HTTP/1.1\r\nHost: localhost\r\n\r\n"
    other = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /v1/time HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    count = 3 * MOST_PIPELINED
    found = re.findall(rb"HTTP/1\.1 (\d{3}) ", web.raw((one + other) * count + last))
    assert found == [b"200", b"404"] * count + [b"200"]


def test_many_idle_connections_keep_nobody_out(web: WebNode) -> None:
    idle = [socket.create_connection((web.host, web.port)) for _ in range(300)]
    try:
        for one in idle[::3]:
            one.sendall(b"POST /v1/orders HTTP/1.1\r\nContent-Le")
        assert web.get("/v1/time").status == 200
        assert web.place("ALPINE", "among-idle", "buy", "128").status == 201
        assert web.call("ALPINE", "DELETE", "/v1/orders/among-idle").status == 200
    finally:
        for one in idle:
            one.close()
