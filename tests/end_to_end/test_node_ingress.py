"""Ingress processes: they verify for the core, and everybody gets the answers that the core gives."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from novate.app.node.core import NodeStatus
from novate.app.node.directory import DataDirectory
from novate.app.node.inquiry import status_of
from novate.app.verify_signatures import verify_signatures
from novate.client import Client, Credentials, SessionEnded, new_order
from novate.client.orders import together
from novate.domain import wire
from novate.domain.codes import Side
from novate.domain.session_codes import SessionKind, SessionReject
from novate.gateway.binary.ingress import Ingress
from novate.gateway.binary.trunk import FLAGS_AT, VERIFIED, trunk_frame
from tests.end_to_end.nodes import (
    NodeProcess,
    RunningNode,
    market_file,
    refusals,
    running,
    seed_of,
    terms,
    usual_sessions,
    write_sessions,
)
from tests.end_to_end.test_node_hostile import HOSTILE, flip, last_word
from tests.end_to_end.test_node_sessions import PRICE, end_of

SIGNING = (("BOREAL", 201, SessionKind.FRAME), ("CASTOR", 301, SessionKind.ORDER))
EVERY_KIND = (("ALPINE", 101, SessionKind.MAC), *SIGNING)


@dataclass
class Beside:
    """A node with an ingress in a thread of this process, which the node takes for its own."""

    node: RunningNode
    address: str

    def connect(self, name: str, kind: SessionKind) -> Client:
        return Client.connect(self.address, Credentials(name, seed_of(name), kind))

    def dialled(self) -> socket.socket:
        host, port = self.address.split(":")
        return socket.create_connection((host, int(port)), timeout=5)

    @property
    def verified(self) -> int:
        return self.node.node.server.counters.verified_beside


@contextmanager
def beside(place: Path) -> Iterator[Beside]:
    sessions = [*usual_sessions(), terms("LOCAL", 5, 501, addresses=("unix",))]
    listener = socket.create_server(("127.0.0.1", 0))
    name = "{}:{}".format(*listener.getsockname())
    stopping = threading.Event()
    with running(place, sessions) as node:
        node.node.server.ingress = lambda: [os.getpid()]
        ingress = Ingress(listener, node.data.socket, sessions, 100)

        def work() -> None:
            while not stopping.is_set():
                ingress.turn(20)
            ingress.close()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield Beside(node, name)
        finally:
            stopping.set()
            thread.join()


def test_signed_orders_are_verified_beside_the_core_and_proven_in_the_journal(tmp_path: Path) -> None:
    with beside(tmp_path / "node") as one:
        for name, account, kind in EVERY_KIND:
            with one.connect(name, kind) as client:
                orders = [new_order(0, account, cid, Side.BUY, 1, PRICE) for cid in (1, 2, 3)]
                for at in range(4):
                    for order in orders:
                        order["client_order_id"] += 3 * at
                    assert client.receipt(client.send(together(*orders)))["count"] == 3
        assert one.verified == 8, "every frame of the two that sign, none of the one with a MAC"
    counts = verify_signatures(tmp_path / "node" / "venue/journal")
    assert counts.fault == ""
    assert (counts.frames, counts.orders, counts.by_word) == (4, 12, 12)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    with beside(tmp_path_factory.mktemp("ingress") / "node") as one:
        yield one


@pytest.mark.parametrize("what", HOSTILE)
def test_bytes_that_no_client_sends_get_the_answer_of_the_core(shared: Beside, what: str) -> None:
    data, reason = HOSTILE[what]
    with shared.dialled() as peer:
        peer.sendall(data)
        assert last_word(peer) is reason


@pytest.mark.parametrize(("name", "account", "kind"), EVERY_KIND)
@pytest.mark.parametrize("at", [wire.HEADER_BYTES - 7, wire.HEADER_BYTES + 32, -1])
def test_a_changed_nonce_order_or_proof_ends_the_session(
    shared: Beside, name: str, account: int, kind: SessionKind, at: int
) -> None:
    client = shared.connect(name, kind)
    before = shared.node.node.plane.venue.sequence
    _, data = client.protocol.commands(new_order(0, account, 99, Side.BUY, 1, PRICE))
    changed = bytearray(data)
    flip(at)(changed)
    client._send(bytes(changed))
    wrong = SessionReject.INVALID_MAC if kind is SessionKind.MAC else SessionReject.INVALID_SIGNATURE
    assert end_of(client) is wrong
    assert shared.node.node.plane.venue.sequence == before


@pytest.mark.parametrize(("name", "account", "kind"), SIGNING)
def test_a_client_cannot_say_that_it_was_verified(
    shared: Beside, name: str, account: int, kind: SessionKind
) -> None:
    for address in (shared.address, shared.node.address, str(shared.node.data.socket)):
        client = Client.connect(address, Credentials(name, seed_of(name), kind))
        _, data = client.protocol.commands(new_order(0, account, 99, Side.BUY, 1, PRICE))
        changed = bytearray(data)
        changed[FLAGS_AT] = VERIFIED
        client._send(bytes(changed))
        assert end_of(client) is SessionReject.MALFORMED_FRAME


@pytest.mark.parametrize(("name", "account", "kind"), EVERY_KIND)
def test_a_frame_that_is_sent_twice_counts_once(
    shared: Beside, name: str, account: int, kind: SessionKind
) -> None:
    with shared.connect(name, kind) as client:
        nonce, data = client.protocol.commands(new_order(0, account, 7, Side.BUY, 1, PRICE))
        client._send(data + data)
        client.receipt(nonce)
        assert refusals(client) == [SessionReject.NONCE_NOT_HIGHER]


def test_a_client_is_known_by_its_own_address_and_not_by_that_of_the_ingress(shared: Beside) -> None:
    with pytest.raises(SessionEnded) as ended:
        shared.connect("LOCAL", SessionKind.MAC)
    assert ended.value.reason is SessionReject.ADDRESS_NOT_ALLOWED


def test_only_a_process_of_the_node_speaks_for_others(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(node.data.socket))
        peer.sendall(trunk_frame("10.0.0.1"))
        assert last_word(peer) is SessionReject.MALFORMED_FRAME


def test_a_frame_that_arrives_in_pieces_is_a_frame(shared: Beside) -> None:
    with shared.connect("BOREAL", SessionKind.FRAME) as client:
        nonce, data = client.protocol.commands(new_order(0, 201, 70, Side.BUY, 1, PRICE))
        for at in range(0, len(data), 7):
            client._send(data[at : at + 7])
        assert client.receipt(nonce)["count"] == 1


def test_what_a_client_sent_before_it_left_still_counts(shared: Beside) -> None:
    before = shared.node.node.plane.venue.sequence
    client = shared.connect("BOREAL", SessionKind.FRAME)
    _, data = client.protocol.commands(new_order(0, 201, 80, Side.BUY, 1, PRICE))
    client._send(data)
    client._peer.close()
    deadline = time.monotonic() + 5
    # The evidence of the login, the order, its signature.
    while shared.node.node.plane.venue.sequence < before + 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    with shared.connect("BOREAL", SessionKind.FRAME) as client:
        assert client.accepted.nonce > 0
        assert client.protocol.nonce == client.accepted.nonce


def hear_to_the_end(client: Client) -> None:
    """First what was still told, then the end of the line."""
    while len(client.events(20)):
        continue


def test_a_configured_ingress_is_started_again_when_it_dies(tmp_path: Path) -> None:
    write_sessions(tmp_path / "node", usual_sessions())
    config = market_file(tmp_path, ingress=1, ingress_tcp="127.0.0.1:0", clearing_house=False, login_ms=2_000)
    node = NodeProcess(tmp_path / "node", config)
    try:
        address = str(node.banner["ingress"])
        credentials = Credentials("CASTOR", seed_of("CASTOR"), SessionKind.ORDER)
        for visit in range(2):
            client = Client.connect(address, credentials, timeout=20)
            order = new_order(0, 301, visit, Side.BUY, 1, PRICE)
            assert client.receipt(client.send(order))["count"] == 1
            children = f"/proc/{node.process.pid}/task/{node.process.pid}/children"
            (child,) = map(int, Path(children).read_text().split())
            os.kill(child, signal.SIGKILL)
            with pytest.raises((ConnectionError, SessionEnded)):
                hear_to_the_end(client)
        status = status_of(DataDirectory(tmp_path / "node"))
        assert isinstance(status, NodeStatus)
        assert status.verified_beside == 2
    finally:
        code, _, _ = node.end(signal.SIGINT)
    assert code == 0
