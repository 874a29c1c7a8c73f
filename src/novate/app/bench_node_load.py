"""The load of `novate bench node`: four sessions on one thread, by the clock or as fast as answers come.

    by the clock   frame i is due at start + i / rate; its latency counts from then, not from when it was
                   sent, so that a node that stalls is charged for every order that had to wait
    by answers     every session keeps so many frames on the way

The orders of a session repeat a cycle of two halves. In each, thirty rest at thirty prices and are cancelled
again, and two at one price wait for those of the others until they trade or the next half cancels them. Who
buys there in one half sells in the next, so that nobody runs out of money. All rules, credit and fees are on.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from novate.client.blocking import READ_BYTES, connected
from novate.client.orders import cancel_order, new_order, together
from novate.client.protocol import Accepted, Credentials, Ended, Notices, Protocol, SessionEnded
from novate.domain.codes import Side
from novate.domain.records import RECORD_BYTES, Commands
from novate.domain.session_codes import NoticeKind
from novate.domain.wire import MAX_COMMANDS

HALF = 64
CYCLE = 2 * HALF
RESTING = 30
MEETING = (RESTING, RESTING + 1)
"""What is added to the number of a half: client order ids of the two that meet others."""
PRICE = 18_250
WORDS = RECORD_BYTES // 8
_RECEIPT = int(NoticeKind.RECEIPT)
GRACE_NS = 3_000_000_000
"""Answers that have not come so long after the last order are missing."""


@dataclass
class Measured:
    """Raw figures of one run."""

    latencies: list[int] = field(default_factory=list)
    """Nanoseconds from when a frame was due to its receipt, one for each frame."""
    lags: list[int] = field(default_factory=list)
    """Nanoseconds by which the generator itself was late."""
    commands: int = 0
    refused: int = 0
    missing: int = 0
    nanoseconds: int = 0
    by_second: dict[int, int] = field(default_factory=dict)
    """Commands that were answered in each second of the run."""
    start_ns: int = field(default_factory=time.monotonic_ns)

    def answered(self, commands: int, now_ns: int) -> None:
        """Count commands that were taken."""
        self.commands += commands
        second = (now_ns - self.start_ns) // 1_000_000_000
        self.by_second[second] = self.by_second.get(second, 0) + commands


class Session:
    """One connection with its endless cycle of orders."""

    def __init__(self, address: str, credentials: Credentials, account: int, number: int, size: int) -> None:
        self.peer = connected(address, 10.0)
        self.protocol = Protocol(credentials)
        self.due: dict[int, int] = {}
        """Nonce of a frame on the way -> when it was due."""
        self._size = size
        self._at = self._passed = 0
        self._cycle = cycle_of(account, number)
        self._waiting: deque[memoryview] = deque()
        self._log_in()

    def _log_in(self) -> None:
        while not self.protocol.session:
            messages, answer = self.protocol.receive(self.peer.recv(READ_BYTES))
            if answer:
                self.peer.sendall(answer)
            for message in messages:
                if isinstance(message, Ended):
                    raise SessionEnded(message.reason, message.value)
                assert isinstance(message, Accepted)
        self.peer.setblocking(False)

    def send(self, due: int) -> None:
        """The next frame; what the socket does not take now is sent with `push`."""
        first, passed = self._at % CYCLE, self._at // CYCLE
        if passed != self._passed:
            # A client order id is used once: every time round they are higher.
            self._cycle["client_order_id"] += (passed - self._passed) * CYCLE
            self._passed = passed
        commands = self._cycle[first : first + self._size]
        self._at += self._size
        nonce, data = self.protocol.commands(commands)
        self.due[nonce] = due
        self._waiting.append(memoryview(data))
        self.push()

    def push(self) -> None:
        """Send what waits, as far as it goes."""
        while self._waiting:
            data = self._waiting[0]
            try:
                sent = self.peer.send(data)
            except BlockingIOError:
                return
            if sent < len(data):
                self._waiting[0] = data[sent:]
                return
            self._waiting.popleft()

    def take(self, measured: Measured) -> None:
        """Read what has arrived and note the receipts. Raises SessionEnded."""
        try:
            data = self.peer.recv(READ_BYTES)
        except BlockingIOError:
            return
        now = time.monotonic_ns()
        for message in self.protocol.receive(data)[0]:
            if isinstance(message, Ended):
                raise SessionEnded(message.reason, message.value)
            if isinstance(message, Notices):
                # Kind, count and nonce by their places: fields of arrays cost more than all the rest.
                for word, nonce, *_ in message.records.view(np.int64).reshape(-1, WORDS).tolist():
                    if word & 0xFF == _RECEIPT:
                        measured.latencies.append(now - self.due.pop(nonce))
                        measured.answered(word >> 48, now)
                    else:
                        measured.refused += 1


def cycle_of(account: int, number: int) -> Commands:
    """The orders of one session, repeated so that a frame may begin anywhere in the cycle."""
    away = 1 if number % 2 else -1
    rests = Side.SELL if number % 2 else Side.BUY
    parts = []
    for half in (1, 2):
        base = half * HALF
        meets = Side(Side.BUY if (number + half) % 2 else Side.SELL)
        parts += [cancel_order(0, account, base - HALF + cid) for cid in MEETING]
        parts += [
            new_order(0, account, base + cid, rests, 1 + cid % 5, PRICE + away * (10 + cid))
            for cid in range(RESTING)
        ]
        parts += [cancel_order(0, account, base + cid) for cid in range(RESTING)]
        parts += [new_order(0, account, base + cid, meets, 1, PRICE) for cid in MEETING]
    once = together(*parts)
    assert len(once) == CYCLE
    repeated = np.concatenate([once] * (1 + MAX_COMMANDS // CYCLE))
    repeated["client_order_id"] += np.repeat(np.arange(len(repeated) // CYCLE) * CYCLE, CYCLE)
    return repeated


def by_the_clock(sessions: list[Session], rate: int, size: int, seconds: float) -> Measured:
    """Offer `rate` commands a second in frames of `size`, in turn over the sessions."""
    measured = Measured()
    gap = size * 1_000_000_000 / rate
    peers = {one.peer: one for one in sessions}
    start = time.monotonic_ns()
    frames = int(seconds * rate / size)
    sent = 0
    last = start
    while sent < frames or any(one.due for one in sessions):
        now = time.monotonic_ns()
        while sent < frames and (due := start + int(sent * gap)) <= now:
            sessions[sent % len(sessions)].send(due)
            last = time.monotonic_ns()
            measured.lags.append(last - due)
            sent += 1
        if now - last > GRACE_NS:
            break
        wait = (start + int(sent * gap) - time.monotonic_ns()) / 1e9 if sent < frames else 0.1
        _serve(peers, max(0.0, wait), measured)
    measured.nanoseconds = time.monotonic_ns() - start
    measured.missing = sum(len(one.due) for one in sessions)
    return measured


def by_answers(sessions: list[Session], window: int, seconds: float) -> Measured:
    """Keep `window` frames of every session on the way; what is measured is how many answers come."""
    measured = Measured()
    peers = {one.peer: one for one in sessions}
    start = time.monotonic_ns()
    end = start + int(seconds * 1e9)
    while (now := time.monotonic_ns()) < end:
        for one in sessions:
            while len(one.due) < window:
                one.send(now)
        _serve(peers, 0.1, measured)
    measured.nanoseconds = time.monotonic_ns() - start
    return measured


def _serve(peers: dict[socket.socket, Session], wait: float, measured: Measured) -> None:
    """Wait for answers, at most `wait` seconds, and take them."""
    for peer in select.select(list(peers), [], [], wait)[0]:
        peers[peer].take(measured)
    for one in peers.values():
        one.push()
