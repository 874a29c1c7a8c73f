"""What an ingress process and the core say to each other beyond the frames of clients.

    client --TCP--> ingress --Unix socket--> core
                      |  first frame: T, the client's address (64 bytes)
                      |  U frames: the flags byte says what the ingress found
                      +--> 0 not looked at, 1 every signature is good, 2 one is not

Only a process that the node itself has started may say this: the core asks the system who stands at the other
end of the socket. On every other connection the flags are 0, and everything else is a malformed frame.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

from novate.domain.records import RECORD_BYTES
from novate.domain.wire import HEADER_BYTES, Header, frame
from novate.gateway.binary.connection import Connection, Stage
from novate.gateway.binary.sessions import LOCAL

TRUNK_FRAME = ord("T")
FLAGS_AT = 5
"""Where the flags stand in a header."""
UNSEEN, VERIFIED, REFUTED = 0, 1, 2
UNREADABLE = 0xFF
"""Flags by which an ingress hands on a header that no frame of a client has; the core says why it ends."""
_CREDENTIALS = struct.Struct("iII")


def trunk_frame(address: str) -> bytes:
    """The first frame of an ingress: whom it speaks for."""
    return frame(TRUNK_FRAME, body=address.encode().ljust(RECORD_BYTES, b"\0"), count=1)


def address_in(body: memoryview) -> str:
    """The address of a T frame's body."""
    return bytes(body).rstrip(b"\0").decode("ascii", "replace")


def is_hello(connection: Connection, header: Header, ingress: Sequence[int]) -> bool:
    """May this connection say T now? Only as its first word, and only one of those processes."""
    return (
        connection.address == LOCAL
        and connection.stage is Stage.CHALLENGED
        and header.length == HEADER_BYTES + RECORD_BYTES
        and process_behind(connection.peer) in ingress
    )


def process_behind(peer: socket.socket) -> int:
    """Process id of who connected a Unix socket; 0 where the system does not say."""
    try:
        data = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except (OSError, AttributeError):
        return 0
    return int(_CREDENTIALS.unpack(data)[0])
