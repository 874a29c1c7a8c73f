"""Several workers of one gateway give one answer: a signed request is taken once, a key has one rate."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.webs import WebNode

CONNECTIONS = 24


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    """A node whose gateway has two workers."""
    running = WebNode(tmp_path_factory.mktemp("workers"), workers=2)
    yield running
    running.process.kill()


@pytest.fixture
def connections(node: WebNode) -> Iterator[list[http.client.HTTPConnection]]:
    """Connections to both workers, which take the core's orders both."""
    made: list[http.client.HTTPConnection] = []
    workers: dict[str, str] = {}
    deadline = time.monotonic() + 60
    while len(made) < CONNECTIONS or set(workers.values()) != {"up"} or len(workers) < 2:
        assert time.monotonic() < deadline, workers
        made.append(http.client.HTTPConnection(node.host, node.port, timeout=20))
        made[-1].request("GET", "/v1/status")
        answer = made[-1].getresponse()
        workers[str(answer.getheader("Request-Id")).partition("-")[0]] = json.loads(answer.read())["state"]
    yield made
    for one in made:
        one.close()


def answers(
    connections: list[http.client.HTTPConnection],
    method: str,
    target: str,
    sent: list[tuple[bytes, dict[str, str]]],
) -> list[tuple[str, str]]:
    """(worker, name of the error or nothing) of one request on each connection, all of them at once."""
    for one, (body, headers) in zip(connections, sent, strict=True):
        one.request(method, target, body or None, headers)
    found = []
    for one in connections:
        answer = one.getresponse()
        worker = str(answer.getheader("Request-Id")).partition("-")[0]
        found.append((worker, json.loads(answer.read()).get("name", "")))
    return found


def test_a_signed_request_is_taken_once_by_all_workers_together(
    node: WebNode, connections: list[http.client.HTTPConnection]
) -> None:
    for _ in range(5):
        headers = node.headers("ALPINE", "GET", "/v1/accounts", b"")
        found = answers(connections, "GET", "/v1/accounts", [(b"", headers)] * len(connections))
        assert {worker for worker, _ in found} == {"0", "1"}
        assert sorted(name for _, name in found) == ["", *["REQUEST_REPLAYED"] * (len(connections) - 1)]


def test_a_key_has_one_rate_in_all_workers_together(
    node: WebNode, connections: list[http.client.HTTPConnection]
) -> None:
    began, passed = time.monotonic(), 0
    for _ in range(2):
        sent = [(b"{}", node.headers("SLOW", "POST", "/v1/orders", b"{}")) for _ in connections]
        found = answers(connections, "POST", "/v1/orders", sent)
        assert {name for _, name in found} <= {"INVALID_FIELD", "TOO_MANY_REQUESTS"}
        passed += sum(name == "INVALID_FIELD" for _, name in found)
    # Two at once and one a second, however many workers are asked.
    assert 2 <= passed <= 2 + time.monotonic() - began


def test_a_worker_that_is_started_again_has_not_forgotten(node: WebNode) -> None:
    headers = node.headers("BOREAL", "GET", "/v1/accounts", b"")
    assert node.send("GET", "/v1/accounts", b"", headers).status == 200
    names = set()
    for worker in node.processes_of("novate.app.node.web_worker"):
        os.kill(worker, signal.SIGKILL)
    node.wait_until_up()
    for _ in range(CONNECTIONS):
        names.add(node.send("GET", "/v1/accounts", b"", headers).json["name"])
    assert names <= {"REQUEST_REPLAYED", "TIME_OUTSIDE_WINDOW"}
