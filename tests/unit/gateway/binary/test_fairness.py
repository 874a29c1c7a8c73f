"""Who is read when more wants in than a turn can take: everybody, by turns."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import pytest

from novate.domain import wire
from novate.domain.records import RECORD_BYTES
from novate.domain.session_codes import Permission, SessionKind
from novate.gateway.binary import EventLog, Server, ServerSettings, SessionTerms
from novate.gateway.binary import server as server_module
from novate.gateway.binary.connection import Stage
from novate.gateway.binary.frames import mac_cells

KEY = bytes(32)


def terms_of(kind: SessionKind, count: int) -> list[SessionTerms]:
    return [
        SessionTerms(name=f"S{n}", number=n, public_key=b"", kind=kind, permissions=Permission.TRADE)
        for n in range(1, count + 1)
    ]


def taken_by_session(tmp_path: Path, kind: SessionKind, count: int, turns: int, size: int) -> list[int]:
    """Commands that each of `count` sessions got in, all of which send as fast as they can."""
    log = EventLog(tmp_path / "events", bytes(16))
    settings = ServerSettings(tcp="", turn_commands=1_024)
    server = Server(settings, terms_of(kind, count), log, bytes(16), tmp_path / "s.sock", 1)
    clients = []
    for session in server.sessions.values():
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(tmp_path / "s.sock"))
        client.setblocking(False)
        clients.append(client)
        server.collect(0, 1)
        connection = [*server._connections.values()][-1]
        connection.session, connection.stage = session, Stage.LIVE
        session.connection = connection
        if kind is SessionKind.MAC:
            connection.mac, connection.mac_cells = wire.keyed_mac(KEY), mac_cells(KEY)
    nonces, waiting, found = [0] * count, [b""] * count, [0] * count
    chance = random.Random(1)
    for _ in range(turns):
        for at, client in enumerate(clients):
            while True:
                if not waiting[at]:
                    nonces[at] += 1
                    waiting[at] = frame_of(kind, chance, nonces[at], size)
                try:
                    waiting[at] = waiting[at][client.send(waiting[at]) :]
                except BlockingIOError:
                    break
        for run in server.collect(0, 1).runs:
            found[run.session.terms.number - 1] += run.end - run.first
    for client in clients:
        client.close()
    server.close(server_module.SessionReject.NODE_STOPPING)
    log.close()
    return found


def frame_of(kind: SessionKind, chance: random.Random, nonce: int, size: int) -> bytes:
    header = wire.commands_header(kind, size, nonce)
    body = chance.randbytes(size * RECORD_BYTES)
    if kind is not SessionKind.MAC:
        return header + body + bytes(wire.SIGNATURE_BYTES)
    mac = wire.keyed_mac(KEY)
    mac.update(header + body)
    return header + body + mac.digest()


def test_everybody_with_a_mac_gets_in(tmp_path: Path) -> None:
    found = taken_by_session(tmp_path, SessionKind.MAC, 12, 40, 256)
    assert min(found) * 2 > max(found), found


def test_everybody_with_a_signature_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody signs and nothing is verified: what is tested is who is read.
    def check(_c: object, _s: object, header: wire.Header, whole: memoryview, _i: bytes) -> object:
        end = wire.HEADER_BYTES + header.records * RECORD_BYTES
        return whole[wire.HEADER_BYTES : end], bytes(whole[end:])

    monkeypatch.setattr(server_module, "check_commands", check)
    found = taken_by_session(tmp_path, SessionKind.FRAME, 3, 100, 1)
    assert min(found) * 2 > max(found), found
