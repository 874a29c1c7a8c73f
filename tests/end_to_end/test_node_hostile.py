"""Bytes that no client sends, peers that do not read, floods: a named answer, and nobody else notices."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from novate.app.node import core
from novate.client import Client, Credentials, Ended, SessionEnded, cancel_order, new_order
from novate.client.orders import together
from novate.client.protocol import Protocol
from novate.domain import wire
from novate.domain.codes import CommandKind, EventKind, Side
from novate.domain.records import new_commands
from novate.domain.session_codes import SessionKind, SessionReject
from novate.gateway.binary import ServerSettings
from novate.journal import Journal
from tests.end_to_end.nodes import RunningNode, events_until, refusals, running, seed_of
from tests.end_to_end.test_node_sessions import PRICE, collected, end_of

FRAMES = 300


def dialled(node: RunningNode) -> socket.socket:
    """A bare connection."""
    host, port = node.address.split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def last_word(peer: socket.socket) -> SessionReject | None:
    """Why the node hangs up; None if it does so without a word."""
    protocol = Protocol(Credentials("NOBODY", bytes(32)))
    reason = None
    try:
        while data := peer.recv(1 << 16):
            for message in protocol.receive(data)[0]:
                if isinstance(message, Ended):
                    reason = message.reason
    except ConnectionResetError:
        pass
    return reason


def a_trade_happens(client: Client, cid: int) -> None:
    """The node still does its work."""
    assert client.receipt(client.place_order(0, 101, cid, Side.BUY, 1, PRICE - 100))["count"] == 1


LARGE = wire.HEADER.pack(1 << 20, wire.LOGIN_FRAME, 0, 1, 0)
SMALL = wire.HEADER.pack(3, wire.LOGIN_FRAME, 0, 1, 0)
FLAGGED = wire.HEADER.pack(16, wire.CLIENT_HEARTBEAT, 1, 0, 0)
HOSTILE = {
    "a login of zeros": (wire.frame(wire.LOGIN_FRAME, body=bytes(192)), SessionReject.UNSUPPORTED_VERSION),
    "a short login": (wire.frame(wire.LOGIN_FRAME, body=bytes(10)), SessionReject.MALFORMED_FRAME),
    "too large": (LARGE, SessionReject.FRAME_TOO_LARGE),
    "too small": (SMALL, SessionReject.MALFORMED_FRAME),
    "flags": (FLAGGED, SessionReject.MALFORMED_FRAME),
    "commands first": (wire.frame(wire.COMMANDS_FRAME, body=bytes(96)), SessionReject.LOGIN_EXPECTED),
    "status over TCP": (wire.frame(wire.STATUS_FRAME), SessionReject.MALFORMED_FRAME),
    "text": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", SessionReject.FRAME_TOO_LARGE),
    "silence": (b"", SessionReject.LOGIN_EXPECTED),
    "half a header": (b"\x10\0\0", SessionReject.LOGIN_EXPECTED),
}


def test_bytes_that_no_client_sends_get_a_reason_and_the_line_is_cut(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("ALPINE") as client:
        for cid, (what, (data, reason)) in enumerate(HOSTILE.items(), 1):
            with dialled(node) as peer:
                peer.sendall(data)
                assert last_word(peer) is reason, what
            a_trade_happens(client, cid)


def test_random_frames_neither_crash_nor_stall_a_node(tmp_path: Path) -> None:
    chance = random.Random(7)
    with running(tmp_path / "node") as node, node.connect("ALPINE") as client:
        for cid in range(1, FRAMES + 1):
            with dialled(node) as peer:
                kind = chance.choice(b"LUROQCASNHZ\0\xff")
                body = chance.randbytes(chance.choice((0, 1, 64, 96, 192, 1000)))
                header = wire.HEADER.pack(16 + len(body), kind, 0, chance.randrange(1 << 16), cid)
                data = bytearray(header + body)
                if chance.random() < 0.5:
                    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
                peer.sendall(data)
                if chance.random() < 0.5:
                    peer.shutdown(socket.SHUT_WR)
            if cid % 50 == 0:
                a_trade_happens(client, cid)
        before = node.node.plane.journal.last_sequence
        assert client.receipt(client.send(cancel_order(0, 101, 50)))["first_sequence"] == before + 1


def raw(client: Client, change: Callable[[bytearray], None]) -> None:
    """Send a frame of one order after somebody has changed it."""
    _, data = client.protocol.commands(new_order(0, 101, 99, Side.BUY, 1, PRICE))
    changed = bytearray(data)
    change(changed)
    client._send(bytes(changed))


def flip(at: int) -> Callable[[bytearray], None]:
    """Flip one bit of a byte."""

    def change(data: bytearray) -> None:
        data[at] ^= 1

    return change


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("ALPINE", SessionKind.MAC, SessionReject.INVALID_MAC),
        ("BOREAL", SessionKind.FRAME, SessionReject.INVALID_SIGNATURE),
        ("CASTOR", SessionKind.ORDER, SessionReject.INVALID_SIGNATURE),
    ],
)
@pytest.mark.parametrize("at", [wire.HEADER_BYTES - 8, wire.HEADER_BYTES + 32, -1])
def test_a_changed_nonce_order_or_proof_ends_the_session(
    tmp_path: Path, name: str, kind: SessionKind, reason: SessionReject, at: int
) -> None:
    with running(tmp_path / "node") as node:
        client = node.connect(name, kind)
        before = node.node.plane.venue.sequence
        raw(client, flip(at))
        if at == wire.HEADER_BYTES - 8:
            # The nonce of the first frame was 1; with its lowest bit flipped it is none at all.
            assert end_of(client) in (reason, SessionReject.MALFORMED_FRAME)
        else:
            assert end_of(client) is reason
        time.sleep(0.1)
        assert node.node.plane.venue.sequence == before


@pytest.mark.parametrize(
    ("name", "account", "kind"),
    [
        ("ALPINE", 101, SessionKind.MAC),
        ("BOREAL", 201, SessionKind.FRAME),
        ("CASTOR", 301, SessionKind.ORDER),
    ],
)
def test_a_frame_that_is_sent_twice_counts_once(
    tmp_path: Path, name: str, account: int, kind: SessionKind
) -> None:
    with running(tmp_path / "node") as node, node.connect(name, kind) as client:
        nonce, data = client.protocol.commands(new_order(0, account, 1, Side.BUY, 1, PRICE))
        client._send(data)
        client.receipt(nonce)
        sequence = node.node.plane.venue.sequence
        client._send(data)
        assert refusals(client) == [SessionReject.NONCE_NOT_HIGHER]
        assert node.node.plane.venue.sequence == sequence
    if kind is SessionKind.MAC:
        return
    with running(tmp_path / "node") as node, node.connect(name, kind) as client:
        client._send(data)
        assert refusals(client) == [SessionReject.NONCE_NOT_HIGHER], "after a restart too"


def test_a_frame_that_arrives_byte_by_byte_is_a_frame(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("ALPINE") as client:
        nonce, data = client.protocol.commands(new_order(0, 101, 1, Side.BUY, 1, PRICE))
        for at in range(len(data)):
            client._send(data[at : at + 1])
        assert client.receipt(nonce)["count"] == 1


def test_a_connection_that_breaks_in_the_middle_of_a_frame_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("OPERATOR") as watch:
        client = node.connect("ALPINE")
        first, data = client.protocol.commands(new_order(0, 101, 1, Side.BUY, 1, PRICE))
        _, second = client.protocol.commands(new_order(0, 101, 2, Side.BUY, 1, PRICE))
        client._send(data + second[:50])
        client._peer.close()
        events = events_until(watch, EventKind.ACCEPTED)
        assert events[events["kind"] == EventKind.ACCEPTED]["contra_order_id"].tolist() == [1]
        with node.connect("ALPINE") as client:
            assert client.accepted.nonce == first


def test_a_slow_reader_is_cut_off_and_misses_nothing(tmp_path: Path) -> None:
    server = ServerSettings(tcp="127.0.0.1:0", out_bytes=1 << 17, heartbeat_ms=1_000)
    with running(tmp_path / "node", server=server) as node, node.connect("ALPINE") as client:
        lazy = Client.connect(str(node.data.socket), Credentials("OPERATOR", seed_of("OPERATOR")))
        cid = 0
        while node.node.server.counters.cut_off == 0:
            orders = [new_order(0, 101, cid + at, Side.BUY, 1, PRICE) for at in range(1, 129)]
            cancels = [cancel_order(0, 101, cid + at) for at in range(1, 129)]
            client.receipt(client.send(together(*orders, *cancels)))
            cid += 128
            assert cid < 1 << 20
        assert end_of(lazy) is SessionReject.SLOW_READER
        last, stream = lazy.protocol.last_number, lazy.protocol.stream
        with node.connect("OPERATOR", from_number=last + 1, stream=stream) as again:
            missed = collected(again, again.accepted.last_number - last)
            ended = missed[missed["kind"] == EventKind.CANCELLED]
            assert ended["contra_order_id"][-1] == cid


def test_a_flood_is_refused_by_name_while_cancels_pass(tmp_path: Path) -> None:
    server = ServerSettings(tcp="127.0.0.1:0", turn_commands=256, overload_ms=0)
    with running(tmp_path / "node", server=server) as node, node.connect("ALPINE") as client:
        client.receipt(client.place_order(0, 101, 1, Side.BUY, 1, PRICE))
        frames = [
            together(*(new_order(0, 101, 1000 * frame + at, Side.BUY, 1, PRICE - 50) for at in range(1, 200)))
            for frame in range(1, 20)
        ]
        sent = [client.protocol.commands(frame) for frame in frames]
        last, cancel = client.protocol.commands(cancel_order(0, 101, 1))
        client._send(b"".join(data for _, data in sent) + cancel)
        assert client.receipt(last)["count"] == 1
        assert set(refusals(client)) == {SessionReject.OVERLOAD}
        kinds = events_until(client, EventKind.CANCELLED)["kind"]
        assert EventKind.CANCELLED in kinds
        assert client.receipt(client.place_order(0, 101, 2, Side.BUY, 1, PRICE))["count"] == 1


def test_what_only_the_node_may_write_nobody_else_can(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("OPERATOR") as operator:
        for kind in (CommandKind.CONFIGURATION, CommandKind.EVIDENCE, CommandKind.TIME, 0, 99):
            command = new_commands(1)
            command["kind"] = kind
            assert operator.receipt(operator.send(command))["count"] == 0
            assert refusals(operator) == [SessionReject.MISSING_PERMISSION]


def test_more_connections_than_configured_are_turned_away(tmp_path: Path) -> None:
    server = ServerSettings(tcp="127.0.0.1:0", connections=3)
    with running(tmp_path / "node", server=server) as node:
        peers = [dialled(node) for _ in range(3)]
        with pytest.raises(SessionEnded) as ended:
            node.connect("ALPINE")
        assert ended.value.reason is SessionReject.TOO_MANY_CONNECTIONS
        for peer in peers:
            peer.close()
        time.sleep(0.2)
        node.connect("ALPINE").close()


@pytest.mark.parametrize("count", [500, pytest.param(9_500, marks=pytest.mark.long)])
def test_many_idle_connections_do_not_hurt(count: int, tmp_path: Path) -> None:
    """Both ends are in this process, so ten thousand are what twenty thousand open files allow."""
    server = ServerSettings(tcp="127.0.0.1:0", connections=count + 100, login_ms=60_000)
    with running(tmp_path / "node", server=server) as node:
        peers = [dialled(node) for _ in range(count)]
        with node.connect("ALPINE") as client:
            for cid in range(1, 20):
                a_trade_happens(client, cid)
        assert node.node.server.connection_count >= count
        for peer in peers:
            peer.close()


def test_one_who_catches_up_without_reading_costs_nothing(tmp_path: Path) -> None:
    server = ServerSettings(tcp="127.0.0.1:0", out_bytes=1 << 17)
    with running(tmp_path / "node", server=server, tick_ms=60_000) as node:
        with node.connect("ALPINE") as client:
            for cid in range(0, 12_800, 128):
                orders = [new_order(0, 101, cid + at, Side.BUY, 1, PRICE) for at in range(1, 129)]
                client.receipt(client.send(together(*orders)))
        credentials = Credentials("OPERATOR", seed_of("OPERATOR"))
        lazy = Client.connect(str(node.data.socket), credentials, from_number=1)
        time.sleep(0.5)
        turns: list[int] = []
        collect = node.node.server.collect
        node.node.server.collect = lambda *given: (turns.append(1), collect(*given))[1]  # type: ignore[assignment]
        time.sleep(1)
        assert len(turns) < 100, "the node spins for somebody who does not read"
        collected(lazy, lazy.accepted.last_number)
        lazy.close()


class ShiftedClock:
    """The clock of the machine, set by so much; the stopwatch goes on as ever."""

    monotonic_ns = staticmethod(time.monotonic_ns)

    def __init__(self, ahead_ns: int) -> None:
        self.ahead_ns = ahead_ns

    def time_ns(self) -> int:
        """What the clock shows."""
        return time.time_ns() + self.ahead_ns


def test_a_clock_that_jumps_neither_stops_the_market_nor_turns_its_time_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set while the node runs, and between two starts, to yesterday and to tomorrow."""
    day = 86_400 * 10**9
    clock = ShiftedClock(0)
    monkeypatch.setattr(core, "time", clock)
    cid = 0
    for ahead in (0, -day, day, 0):
        clock.ahead_ns = ahead
        with running(tmp_path / "node") as node, node.connect("ALPINE") as client:
            for jump in (0, -day, 2 * day):
                clock.ahead_ns = ahead + jump
                cid += 1
                a_trade_happens(client, cid)
    with Journal.open(tmp_path / "node" / "venue" / "journal", read_only=True) as journal:
        timed = (CommandKind.NEW, CommandKind.TIME)
        times = [int(t) for _, block in journal.read() for t in block["time"][np.isin(block["kind"], timed)]]
    assert times == sorted(times), "the venue's time never goes back"
    assert times[-1] - times[0] < 2 * day, "nor is it moved by a clock that is set while the node runs"
