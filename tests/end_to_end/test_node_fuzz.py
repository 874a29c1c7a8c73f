"""Frames that no client would send, a few here and a million by `make fuzz-node`: a node neither crashes nor
stalls, and what did get in is replayed to the same root.

    nine in ten    authentic frames of random records, of a trader and of an operator: they reach the venue
    some           authentic frames that were damaged on the way: the session ends, and is begun again
    some           anything at all from somebody who never logs in
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
from pathlib import Path

import numpy as np
import pytest

from novate.client import SessionEnded
from novate.domain import wire
from novate.domain.codes import CommandKind, Side
from novate.domain.records import COMMAND, Commands
from novate.gateway.binary import ServerSettings
from tests.end_to_end.nodes import RunningNode, running, terms
from tests.end_to_end.processes import replayed_root
from tests.end_to_end.test_node_hostile import dialled
from tests.end_to_end.test_node_sessions import PRICE

FRAMES = int(os.environ.get("NOVATE_FUZZ_FRAMES", "1500"))
PIECE = 25_000
"""Frames for one node: an operator of random words soon leaves no market open."""
LOOK_EVERY = 250
ANSWERED_EVERY = 8
"""Only now and then an answer is waited for."""
WORDS = (0, 1, 2, -1, PRICE, 1 << 31, 1 << 62, (1 << 63) - 1, -(1 << 63))
FIELDS: dict[str, tuple[int, ...]] = {
    "kind": (*map(int, CommandKind), *[int(CommandKind.NEW)] * 40),
    "side": (1, 2),
    "order_type": (*[1] * 12, *range(9)),
    "time_in_force": (*[1] * 12, *range(9)),
    "stp": (*[0] * 8, *range(7)),
    "state": (*[0] * 8, *range(40)),
    "flags": (*[48] * 12, 0, 49, 50, 112, 304, 560, 1072, 2048, 8240, (1 << 16) - 1),
    "market": (*[0] * 12, *range(11)),
    "account": (101, 101, 102, 201, 301, 0, 999, 1 << 31),
    "client_order_id": (*range(1, 4_000), -1, 0, (1 << 63) - 1),
    "time": (0,),
    "price": (*[PRICE] * 12, *WORDS),
    "stop": (*[0] * 20, *WORDS),
    "expire": (*[0] * 20, *WORDS),
    "quantity": (1, 1, 5, 5, 100, 0, 1 << 31),
    "display": (0, 0, 0, 0, 1, 5),
}
"""What a field is likely to hold: often what an order has, now and then something else."""
CHOICES = {name: np.array(values).astype(COMMAND[name]) for name, values in FIELDS.items()}


def random_records(chance: np.random.Generator, count: int) -> Commands:
    """Records of which each field is likely to mean something, and some are nothing but bytes."""
    records = np.frombuffer(bytearray(chance.bytes(64 * count)), COMMAND)
    mild = chance.random(count) < 0.9
    for name, values in CHOICES.items():
        records[name][mild] = chance.choice(values, int(mild.sum()))
    return records


def damaged(chance: random.Random, data: bytes) -> bytes:
    """A frame after something has happened to it."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed[: chance.randrange(len(changed))] if chance.random() < 0.3 else changed)


class Fuzzer:
    """Sends frames to one node."""

    def __init__(self, node: RunningNode, seed: int) -> None:
        self.node, self.chance = node, random.Random(seed)
        self.generator = np.random.default_rng(seed)
        self.watch = node.connect("WATCH")
        self.clients = {name: node.connect(name) for name in ("ALPINE", "OPERATOR")}
        self.looked = self.sent = 0

    def send(self) -> None:
        """One frame."""
        dice = self.chance.random()
        if dice < 0.03:
            self._strange()
        else:
            name = self.chance.choice([*self.clients])
            self._frame(name, is_damaged=dice < 0.08)

    def _frame(self, name: str, is_damaged: bool) -> None:
        client = self.clients[name]
        count = self.chance.choice((1, 1, 2, 3, 20))
        records = random_records(self.generator, count)
        records["session"][self.generator.random(count) < 0.9] = client.protocol.session
        nonce, data = client.protocol.commands(records)
        try:
            client._send(damaged(self.chance, data) if is_damaged else data)
            self.sent += 1
            if not is_damaged and self.sent % ANSWERED_EVERY == 0:
                client.receipt(nonce)
                client._notices.clear()
        except (OSError, SessionEnded):
            is_damaged = True
        if is_damaged:
            client._peer.close()
            self.clients[name] = self.node.connect(name)
        client._events.clear()

    def _strange(self) -> None:
        kind = self.chance.choice(b"LUROQCASNHZ\0\xff")
        body = self.chance.randbytes(self.chance.choice((0, 1, 64, 96, 192, 1000)))
        data = wire.HEADER.pack(16 + len(body), kind, 0, self.chance.randrange(1 << 16), 1) + body
        with contextlib.suppress(OSError), dialled(self.node) as peer:
            peer.sendall(damaged(self.chance, data))
            if self.chance.random() < 0.5:
                peer.shutdown(socket.SHUT_WR)

    def look(self) -> None:
        """Somebody else is served as if nothing were going on."""
        self.looked += 1
        order = self.watch.place_order(0, 301, self.looked, Side.BUY, 1, PRICE - 100)
        assert self.watch.receipt(order)["count"] == 1
        self.watch._events.clear()


@pytest.mark.parametrize("number", range(-(-FRAMES // PIECE)))
def test_frames_that_no_client_sends_neither_crash_nor_stall_a_node(number: int, tmp_path: Path) -> None:
    place = tmp_path / "node"
    sessions = [terms("ALPINE", 1, 101, 102), terms("OPERATOR", 9), terms("WATCH", 3, 301)]
    with running(place, sessions, ServerSettings(tcp="127.0.0.1:0", silence_ms=3_600_000)) as node:
        fuzzer = Fuzzer(node, number)
        for at in range(min(PIECE, FRAMES - number * PIECE)):
            fuzzer.send()
            if at % LOOK_EVERY == 0:
                fuzzer.look()
        venue = node.node.plane.venue
        assert venue.trades > 0, "expected some of it to be orders that meet"
    venue.validate()
    assert replayed_root(place) == venue.state_root().hex()
