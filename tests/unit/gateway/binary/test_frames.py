"""Frames of MAC sessions: the kernel against the long way round, one frame at a time."""

from __future__ import annotations

import hashlib
import random
import socket
from collections.abc import Iterator

import numpy as np
import pytest

from novate.domain import wire
from novate.domain.records import COMMAND, RECORD_BYTES
from novate.domain.session_codes import Permission, SessionKind
from novate.gateway.binary.admission import Admission
from novate.gateway.binary.authentication import check_commands
from novate.gateway.binary.connection import BUFFER_BYTES, Connection
from novate.gateway.binary.frames import (
    CELLS,
    COUNT,
    END,
    FRAME_COLUMNS,
    FRAMES,
    NONCE,
    START,
    mac_cells,
    take_frames,
)
from novate.gateway.binary.refusal import Refused
from novate.gateway.binary.sessions import Session, SessionTerms
from novate.gateway.binary.turn import Turn

KEY = bytes(range(32))
TERMS = SessionTerms(
    name="M", number=9, public_key=b"", kind=SessionKind.MAC, permissions=Permission.TRADE,
    accounts=(101,), orders_per_second=50,
)  # fmt: skip
ROOM = 600
"""Commands of a turn: two of the largest frames and a little."""


def proven(header: bytes, body: bytes) -> bytes:
    """A frame with the MAC that it must have."""
    return header + body + hashlib.blake2b(header + body, key=KEY, digest_size=32).digest()


def good_frame(chance: random.Random, nonce: int, count: int) -> bytes:
    """Random commands."""
    return proven(wire.commands_header(SessionKind.MAC, count, nonce), chance.randbytes(count * RECORD_BYTES))


def spoiled(chance: random.Random, frame: bytes) -> bytes:
    """A frame of which something is wrong, most often proven all the same."""
    header = wire.header_at(frame)
    body = frame[wire.HEADER_BYTES : -wire.MAC_BYTES]
    fields = header._asdict()
    fields |= chance.choice(
        [
            {"kind": wire.CLIENT_HEARTBEAT},
            {"flags": 1},
            {"records": 0},
            {"records": header.records + 1},
            {"records": 0xFFFF},
            {"length": header.length + RECORD_BYTES},
            {"length": 15},
            {"length": 0xFFFF_FFFF},
            {"number": 0},
            {"number": wire.MAX_NONCE + 1},
            {"number": -1},
            {"number": header.number - 1},
        ]
    )
    if chance.random() < 0.3:
        at = chance.randrange(len(frame))
        return frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :]
    return proven(wire.HEADER.pack(*fields.values()), body)


def random_stream(chance: random.Random) -> bytes:
    """Frames one behind the other, most of them good, the last one perhaps not all there."""
    parts, nonce = [], chance.choice((0, 5, wire.MAX_NONCE - 4))
    for _ in range(chance.randrange(1, 12)):
        nonce += chance.choice((0, 1, 1, 1, 1, 3))
        one = good_frame(chance, max(nonce, 1), chance.choice((1, 1, 1, 2, 3, 16, 100, 256)))
        parts.append(spoiled(chance, one) if chance.random() < 0.1 else one)
    stream = b"".join(parts)
    return stream[: len(stream) - chance.choice((0, 0, 1, 40, 90))][:BUFFER_BYTES]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    for end in (one, other):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    yield one, other
    one.close()
    other.close()


def outcome(connection: Connection, is_quick: bool) -> tuple[object, ...]:
    """Everything that a turn and its session know after what the connection holds was read."""
    session, turn, said = Session(TERMS), Turn(Admission([TERMS]), ROOM), []
    turn.begin()
    while True:
        if is_quick:
            turn.take(connection, session)
        if not turn.has_room(wire.MAX_COMMANDS):
            break
        try:
            got = connection.next_frame()
            if got is None:
                break
            header, whole = got
            if header.kind != wire.COMMANDS_FRAME:
                said.append(("other", header))
                continue
            records, proof = check_commands(connection, session, header, whole, bytes(16))
        except Refused as refused:
            said.append((refused.reason, refused.value))
            break
        if header.number <= session.nonce:
            said.append(("taken before", header))
            continue
        turn.add(connection, session, header.number, records, proof)
    turn.judge(False, 1)
    turn.notify(10, 77)
    told = b"".join(bytes(one) for one in connection._out)
    block = turn.block(10, 77)
    return session.nonce, turn.count, turn.frames, connection.unread, said, notices_in(told), block.tobytes()


def notices_in(told: bytes) -> bytes:
    """The records of all frames: into how many they are parted depends on the runs."""
    found = b""
    while told:
        header = wire.header_at(told)
        found += told[wire.HEADER_BYTES : header.length]
        told = told[header.length :]
    return found


@pytest.mark.parametrize("seed", range(150))
def test_the_kernel_takes_what_the_long_way_takes(
    seed: int, ends: tuple[socket.socket, socket.socket]
) -> None:
    stream = random_stream(random.Random(seed))
    found = []
    for is_quick in (True, False):
        connection = Connection(ends[0], "unix", b"", 0, 1 << 30, [])
        connection.mac = wire.keyed_mac(KEY)
        connection.mac_cells = mac_cells(KEY)
        ends[1].sendall(stream)
        while connection.unread < len(stream):
            assert connection.receive()
        found.append(outcome(connection, is_quick))
    assert found[0] == found[1]


@pytest.mark.parametrize("count", [1, 2, 3, 255, 256])
def test_a_frame_is_taken_whole_and_only_with_its_own_mac(count: int) -> None:
    frame = good_frame(random.Random(count), 7, count)
    words, frames = np.zeros((ROOM, 8), np.int64), np.zeros((ROOM, FRAME_COLUMNS), np.int64)

    def taken(data: bytes) -> tuple[int, list[int]]:
        cells = np.zeros(CELLS, np.int64)
        cells[END] = len(data)
        whole = np.frombuffer(bytearray(data), np.uint8)
        return take_frames(whole, mac_cells(KEY), words, words[:, 0].copy(), frames, cells), cells.tolist()

    number, cells = taken(frame)
    assert number == 1
    assert [cells[at] for at in (START, NONCE, COUNT, FRAMES)] == [len(frame), 7, count, 1]
    assert words[:count].tobytes() == frame[wire.HEADER_BYTES : -wire.MAC_BYTES]
    for at in (0, 5, 8, 15, 16, 79, len(frame) // 2, len(frame) - 33, len(frame) - 32, len(frame) - 1):
        number, cells = taken(frame[:at] + bytes([frame[at] ^ 4]) + frame[at + 1 :])
        assert number == 0, at
        assert [cells[at] for at in (START, NONCE, COUNT, FRAMES)] == [0, 0, 0, 0]
    assert taken(frame[:-1])[0] == 0


def test_a_frame_waits_for_the_next_turn_where_the_largest_would_not_fit() -> None:
    chance = random.Random(1)
    data = b"".join(good_frame(chance, nonce, 200) for nonce in range(1, 6))
    words = np.zeros((ROOM, 8), np.int64)
    cells = np.zeros(CELLS, np.int64)
    cells[END] = len(data)
    frames = np.zeros((ROOM, FRAME_COLUMNS), np.int64)
    whole = np.frombuffer(bytearray(data), np.uint8)
    assert take_frames(whole, mac_cells(KEY), words, words[:, 0].copy(), frames, cells) == 2
    assert cells[COUNT] == 400
    assert words.view(COMMAND).size == ROOM


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_other_length_is_none(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"was {len(key)}"):
        mac_cells(key)
