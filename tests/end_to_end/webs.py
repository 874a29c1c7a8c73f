"""A running node with its web gateway, and callers that sign: for tests over real sockets."""

from __future__ import annotations

import contextlib
import hmac
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.sync.client import ClientConnection, connect

from novate.app.configuration import DEFAULT
from novate.app.node.directory import DataDirectory
from novate.app.node.session_file import new_hmac_secret
from novate.domain.session_codes import Permission
from novate.gateway.web.keys import signed_bytes
from novate.signatures import SigningKey
from tests.end_to_end.nodes import TRADER, NodeProcess, seed_of, terms, write_sessions

WEB = {"address": "127.0.0.1:0", "hosts": ["Exchange.example"],
       "test_money": True, "tick_ms": 5, "public_per_second": 100_000,
       "reads_per_second": 100_000, "orders_per_second": 50_000, "cancels_per_second": 50_000}  # fmt: skip


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


def web_file(directory: Path, **web: Any) -> Path:
    """The embedded default with free ports and a [web] table; `board` is that of the node."""
    board = web.pop("board", "off")
    lines = [f'[node]\ntcp = "127.0.0.1:0"\nboard = "{board}"\nclearing_house = false', "[web]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in {**WEB, **web}.items()]
    path = directory / "market.toml"
    path.write_text("\n".join([DEFAULT.read_text(encoding="utf-8"), *lines, ""]), "utf-8")
    return path


class WebNode:
    """`novate up` with a web gateway, as processes."""

    def __init__(self, place: Path, **web: Any) -> None:
        self.data = place / "data"
        self.config = web_file(place, **web)
        write_sessions(self.data, [
            terms("ALPINE", 1, 101), terms("BOREAL", 2, 201), terms("CASTOR", 3, 301, 302),
            terms("READER", 4, 101, permissions=Permission.READ),
            terms("BANKER", 5, 401, permissions=TRADER | Permission.TRANSFER),
            terms("EXPIRED", 6, 401, expires_ns=86_400 * 10**9),
            terms("ELSEWHERE", 7, 401, addresses=("10.0.0.0/8",)),
            terms("SLOW", 8, 501, orders_per_second=1, burst=2),
            terms("CLEARER", 9, 101, permissions=Permission.READ | Permission.CLEAR),
        ])  # fmt: skip
        new_hmac_secret(DataDirectory(self.data), "BOREAL")
        self.start()

    def start(self) -> None:
        """Run it; the gateway has caught up when this returns."""
        self.process = NodeProcess(self.data, self.config)
        self.base = str(self.process.banner["web"])
        host, _, port = self.base.rpartition("/")[2].rpartition(":")
        self.host, self.port = host, int(port)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Until the gateway takes orders."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/v1/status").json["state"] == "up":
                    return
            time.sleep(0.02)
        raise AssertionError("expected the gateway to come up within a minute")

    def raw(self, data: bytes, timeout: float = 3.0) -> bytes:
        """Everything that comes back for some bytes until the other side hangs up or is silent."""
        with socket.create_connection((self.host, self.port), timeout) as peer:
            peer.sendall(data)
            peer.settimeout(timeout)
            found = b""
            with contextlib.suppress(OSError):
                while got := peer.recv(1 << 16):
                    found += got
            return found

    def get(self, target: str) -> Answer:
        """A request without a key."""
        return self.send("GET", target, b"", {})

    def send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request(method, target, body or None, headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def call(self, name: str, method: str, target: str, content: Any = None, **others: Any) -> Answer:
        """A signed request."""
        body = b"" if content is None else json.dumps(content).encode()
        return self.send(method, target, body, self.headers(name, method, target, body, **others))

    def headers(
        self, name: str, method: str, target: str, body: bytes, at: int | None = None, secret: bytes = b""
    ) -> dict[str, str]:
        """Headers that sign; with `secret` by HMAC."""
        now = str(time.time_ns() if at is None else at)
        message = signed_bytes(method, target, now, body)
        if secret:
            proof = hmac.digest(secret, message, "sha256")
        else:
            proof = SigningKey(seed_of(name)).sign(message)
        made = {"Novate-Key": name, "Novate-Time": now, "Novate-Signature": proof.hex()}
        return made | ({"Content-Type": "application/json"} if body else {})

    def place(self, name: str, client_order_id: str, side: str, price: str, **others: Any) -> Answer:
        """An order of five NOVA."""
        order = {"market": "NOVA", "client_order_id": client_order_id, "side": side, "quantity": "5",
                 "price": price, **others}  # fmt: skip
        return self.call(name, "POST", "/v1/orders", order)

    @contextlib.contextmanager
    def socket(self, name: str = "") -> Iterator[Listener]:
        """A WebSocket, logged in with a name."""
        with connect(f"ws:{self.base.partition(':')[2]}/v1/ws", max_size=1 << 24) as opened:
            listener = Listener(opened)
            if name:
                signed = self.headers(name, "WS", "/v1/ws", b"")
                answer = listener.ask(
                    "login", key=name, time=signed["Novate-Time"], signature=signed["Novate-Signature"]
                )
                assert answer["type"] == "answer", answer
            yield listener

    def process_of(self, module: str) -> int:
        """The process of a module beside the node."""
        (found,) = self.processes_of(module)
        return found

    def processes_of(self, module: str) -> list[int]:
        """All of them."""
        return [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if module.encode() in _read(path)
            and int(_read(path.parent / "stat").rpartition(b")")[2].split()[1]) == self.process.process.pid
        ]

    def kill_worker(self) -> None:
        """Kill -9 the gateway's process; the node starts another one."""
        os.kill(self.process_of("novate.app.node.web_worker"), signal.SIGKILL)

    def end(self, number: int) -> tuple[int, str, str]:
        """Stop it with a signal."""
        return self.process.end(number)


def _read(path: Path) -> bytes:
    """What a process says of itself, nothing of one that is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b") 0 0"


class Listener:
    """A client of the WebSocket that keeps what it was told."""

    def __init__(self, opened: ClientConnection) -> None:
        self.opened = opened
        self.told: list[dict[str, Any]] = []
        self._asked = 0

    def next(self, timeout: float = 10.0) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.opened.recv(timeout=timeout))
        self.told.append(message)
        return message

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send a request; returns its answer."""
        self._asked += 1
        self.opened.send(json.dumps({"op": op, "id": self._asked, **fields}))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            message = self.next()
            if message["type"] in ("answer", "error") and message["id"] == self._asked:
                return message
        raise AssertionError(f"expected an answer to {op} within twenty seconds, was {self.told}")

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The first message of a type with these fields, of those told already or still to come."""
        for message in self.told:
            if message["type"] == kind and all(message[name] == value for name, value in fields.items()):
                return message
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            message = self.next()
            if message["type"] == kind and all(message[name] == value for name, value in fields.items()):
                return message
        raise AssertionError(f"expected a {kind} with {fields} within ten seconds, was {self.told}")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    """A node with its web gateway, for one file of tests."""
    node = WebNode(tmp_path_factory.mktemp("web"))
    yield node
    node.process.kill()
