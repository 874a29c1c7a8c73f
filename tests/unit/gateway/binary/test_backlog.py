"""When a node is late: by how long what is sent now would wait, not by whether anything waits."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from novate.domain.wire import CLIENT_HEARTBEAT, HEADER_BYTES, frame
from novate.gateway.binary.backlog import LOOK_NS, Backlog
from novate.gateway.binary.connection import Connection

LATE_NS = 20 * LOOK_NS
FRAMES = 2_000


@pytest.fixture
def connection() -> Iterator[Connection]:
    """One to which so many frames have been sent, of which few have been read."""
    one, other = socket.socketpair()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    other.sendall(frame(CLIENT_HEARTBEAT) * FRAMES)
    connection = Connection(one, "unix", b"", 0, 1 << 20, [])
    connection.receive()
    yield connection
    connection.close()
    other.close()


def take(connection: Connection, count: int) -> None:
    for _ in range(count):
        while connection.next_frame() is None:
            assert connection.receive()


def test_what_is_pending_is_what_was_sent_and_not_taken(connection: Connection) -> None:
    assert connection.pending_bytes() == FRAMES * HEADER_BYTES
    take(connection, 700)
    assert connection.taken_bytes == 700 * HEADER_BYTES
    assert connection.pending_bytes() == (FRAMES - 700) * HEADER_BYTES


def test_who_is_served_quickly_may_wait_for_ever(connection: Connection) -> None:
    backlog = Backlog(LATE_NS)
    for look in range(1, 5):
        backlog.look([connection], look * LOOK_NS)
        assert not backlog.is_late
        take(connection, FRAMES // 10)


def test_what_would_wait_too_long_is_late_at_once(connection: Connection) -> None:
    backlog = Backlog(LATE_NS)
    backlog.look([connection], LOOK_NS)
    take(connection, FRAMES // 100)
    backlog.look([connection], 2 * LOOK_NS)
    assert backlog.is_late
    backlog.look([], 2 * LOOK_NS + 1)
    assert not backlog.is_late


def test_of_whom_nothing_is_taken_is_late_after_that_time(connection: Connection) -> None:
    backlog = Backlog(LATE_NS)
    found = []
    for look in range(25):
        backlog.look([connection], look * LOOK_NS)
        found.append(backlog.is_late)
    # First seen at the second look.
    assert found.index(True) == 1 + LATE_NS // LOOK_NS
    assert all(found[1 + LATE_NS // LOOK_NS :])


def test_without_patience_whoever_waits_is_late(connection: Connection) -> None:
    backlog = Backlog(0)
    backlog.look([connection], 1)
    assert backlog.is_late
    backlog.look([], 2)
    assert not backlog.is_late
