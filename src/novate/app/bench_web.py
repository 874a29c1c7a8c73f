"""`novate bench web`: orders over REST, one worker, HMAC keys, over loopback and on real files.

    novate up and its web worker (two processes) <--connections, one order on the way each--> the load

An order is answered when it is journaled, flushed and matched. Buyers and sellers meet at one price, so about
half of the orders rest and the others trade with them. The load, the worker and the core share the machine.
"""

from __future__ import annotations

import hmac
import http.client
import itertools
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from novate.app.bench_machine import this_machine
from novate.app.bench_node import (
    ACCOUNTS,
    WARM_SECONDS,
    Case,
    Must,
    NodeBench,
    Run,
    case_result,
    measured_run,
    started_node,
)
from novate.app.bench_node_load import Measured, Session
from novate.app.configuration import DEFAULT
from novate.app.node.directory import DataDirectory
from novate.app.node.session_file import add_session, hmac_secrets, new_hmac_secret
from novate.app.problems import RefusedError
from novate.app.progress import SILENT, Progress
from novate.domain.session_codes import Permission, SessionKind
from novate.gateway.binary import SessionTerms
from novate.gateway.web.keys import signed_bytes
from novate.signatures import public_of

CONNECTIONS = 32
READ_BYTES = 1 << 16
PRICE = "182.5"
START_SECONDS = 60
CASES = (
    Case("1k/s, REST", SessionKind.MAC, 1, rate=1_000, must=Must(p50_us=1_000)),
    Case("3k/s, REST", SessionKind.MAC, 1, rate=3_000),
    Case("sustained, REST, 32 connections", SessionKind.MAC, 1, window=1, must=Must(per_second=10_000)),
)
WEB = """
[node]
tcp = "off"
durability = "{durability}"
[web]
address = "127.0.0.1:0"
orders_per_second = 1000000
public_per_second = 1000000
"""


class RestSession(Session):
    """One connection that sends an order, takes its answer, and sends the next."""

    def __init__(self, port: int, name: str, secret: bytes, account: int, numbers: Iterator[int]) -> None:
        self.peer = socket.create_connection(("127.0.0.1", port))
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer.setblocking(False)
        self.due: dict[int, int] = {}
        self._name, self._secret, self._account, self._numbers = name, secret, account, numbers
        self._out = bytearray()
        self._in = b""
        self._order: list[int] = []

    def send(self, due: int) -> None:
        """The next order."""
        number = next(self._numbers)
        side = "buy" if number % 2 else "sell"
        body = (
            f'{{"market":"NOVA","client_order_id":"{number}","side":"{side}","quantity":1,'
            f'"price":"{PRICE}","account":{self._account}}}'
        ).encode()
        now = str(time.time_ns())
        proof = hmac.digest(self._secret, signed_bytes("POST", "/v1/orders", now, body), "sha256").hex()
        self._out += (
            f"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Novate-Key: {self._name}\r\nNovate-Time: {now}\r\nNovate-Signature: {proof}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        self.due[number] = due
        self._order.append(number)
        self.push()

    def push(self) -> None:
        """Send what waits, as far as it goes."""
        if not self._out:
            return
        try:
            del self._out[: self.peer.send(self._out)]
        except BlockingIOError:
            return

    def take(self, measured: Measured) -> None:
        """Read what has arrived and note the answers."""
        try:
            self._in += self.peer.recv(READ_BYTES)
        except BlockingIOError:
            return
        now = time.monotonic_ns()
        while (end := self._in.find(b"\r\n\r\n")) >= 0:
            head = self._in[:end]
            at = head.index(b"Content-Length: ") + 16
            whole = end + 4 + int(head[at : head.index(b"\r", at)])
            if len(self._in) < whole:
                return
            self._in = self._in[whole:]
            measured.latencies.append(now - self.due.pop(self._order.pop(0)))
            if head.startswith(b"HTTP/1.1 201"):
                measured.answered(1, now)
            else:
                measured.refused += 1


def bench_web(seconds: float, runs: int, durability: str, progress: Progress = SILENT) -> NodeBench:
    """Medians of each case. Raises RefusedError when no node can be started."""
    cases = []
    for at, case in enumerate(CASES):
        found: list[Run] = []
        with tempfile.TemporaryDirectory(prefix="novate-bench-") as place, _node(Path(place), durability) as (
            processes, sessions,
        ):  # fmt: skip
            measured_run(processes, sessions, case, WARM_SECONDS)
            for run in range(runs):
                progress(f"{case.name}, run {run + 1} of {runs}", at * runs + run, len(CASES) * runs)
                found.append(measured_run(processes, sessions, case, seconds))
        cases.append(case_result(case, found))
    return NodeBench(machine=this_machine(), seconds=seconds, durability=durability, cases=cases)


@contextmanager
def _node(place: Path, durability: str) -> Iterator[tuple[list[int], list[Session]]]:
    """(processes, connections) of a founded node with a web worker; stopped at the end."""
    config = place / "market.toml"
    config.write_text(DEFAULT.read_text(encoding="utf-8") + WEB.format(durability=durability), "utf-8")
    data = DataDirectory(place / "data")
    data.make()
    for number, account in enumerate(ACCOUNTS, 1):
        add_session(data, SessionTerms(
            name=f"BENCH-{number}", number=number, public_key=public_of(bytes([number]) * 32),
            permissions=Permission.READ | Permission.TRADE, accounts=(account,),
        ))  # fmt: skip
        new_hmac_secret(data, f"BENCH-{number}")
    secrets = hmac_secrets(data)
    with started_node(data, config) as (process, banner):
        port = int(str(banner["web"]).rpartition(":")[2])
        wait_until_up(port)
        names = itertools.cycle(zip(secrets.items(), ACCOUNTS, strict=True))
        numbers = itertools.count(1)
        sessions: list[Session] = [
            RestSession(port, name, secret, account, numbers)
            for (name, secret), account in itertools.islice(names, CONNECTIONS)
        ]
        yield [process, *_children(process)], sessions


def wait_until_up(port: int) -> None:
    """Until the web gateway has followed the venue. Raises RefusedError after a minute."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/v1/status")
            if msgspec.json.decode(connection.getresponse().read())["state"] == "up":
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise RefusedError("bench web: expected the web gateway to come up within a minute, it did not")


def _children(process: int) -> list[int]:
    """Processes that it has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(path.parent.name))
    return found
