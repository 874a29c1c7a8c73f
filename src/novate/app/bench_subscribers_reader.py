"""The readers of `novate bench subscribers`: many WebSockets of one book, in a process of their own.

    python -m novate.app.bench_subscribers_reader HOST PORT COUNT MARKET
    says "ready", then {"messages": ..., "bytes": ...} since the last line for every line it is told

It takes what comes and counts it; nothing is checked, so that it needs little of the machine that it shares.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Callable

import msgspec

READ_BYTES = 1 << 18
SECONDS = 30.0
BEHIND_EVERYBODY = 15
MESSAGE = b'"type":"book"'


class Counted(msgspec.Struct, frozen=True):
    """What all sockets have read since the last question."""

    messages: int
    bytes: int
    lost: int
    """Sockets that the gateway has cut off."""


def subscriber(host: str, port: int, market: str) -> socket.socket:
    """A WebSocket that follows a market's book; returns when the gateway has said so."""
    peer = socket.create_connection((host, port), SECONDS)
    peer.sendall(
        b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    asked = msgspec.json.encode(
        {"op": "subscribe", "id": 1, "channel": "book", "market": market, "depth": 10}
    )
    _read_until(peer, b"\r\n\r\n")
    # A mask of zeros is a mask: what is sent stays as it is.
    peer.sendall(bytes([0x81, 0x80 | len(asked)]) + bytes(4) + asked)
    _read_until(peer, b'"answer"')
    peer.setblocking(False)
    return peer


def _read_until(peer: socket.socket, end: bytes) -> None:
    said = b""
    while end not in said:
        got = peer.recv(READ_BYTES)
        said += got
        if not got or b'"error"' in said:
            raise ConnectionError(f"expected {end!r}, was {said[-200:]!r}")


def follow(peers: list[socket.socket], say: Callable[[str], None]) -> None:
    """Read until the other end of the input is closed."""
    poll = select.epoll()
    by_number = {peer.fileno(): peer for peer in peers}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    messages = bytes_ = lost = 0
    while True:
        for number, _ in poll.poll():
            peer = by_number.get(number)
            if peer is None:
                if not os.read(sys.stdin.fileno(), 64):
                    return
                say(msgspec.json.encode(Counted(messages, bytes_, lost)).decode())
                messages = bytes_ = 0
                continue
            try:
                data = peer.recv(READ_BYTES)
            except OSError:
                data = b""
            messages += data.count(MESSAGE)
            bytes_ += len(data)
            if not data:
                lost += 1
                poll.unregister(number)
                by_number.pop(number).close()


def main(arguments: list[str]) -> None:
    """See the module."""
    host, port, count, market = arguments[0], int(arguments[1]), int(arguments[2]), arguments[3]
    os.nice(BEHIND_EVERYBODY)
    peers = [subscriber(host, port, market) for _ in range(count)]

    def say(line: str) -> None:
        print(line, flush=True)

    say("ready")
    follow(peers, say)


if __name__ == "__main__":
    main(sys.argv[1:])
