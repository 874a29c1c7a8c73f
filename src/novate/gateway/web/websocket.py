"""WebSocket frames (RFC 6455): the handshake's key, whole messages out of bytes, frames out of messages.

opcode | length | payload      a server never masks, so one frame serves every subscriber
client frames are unmasked and assembled by `websockets`; what is no WebSocket ends the connection
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct

from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from novate.gateway.web.limits import LARGEST_MESSAGE

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT = 0x81


def accept_key(key: bytes) -> bytes | None:
    """What a server answers to Sec-WebSocket-Key; None for what is no such key."""
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            return None
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(hashlib.sha1(key + _MAGIC).digest())


def text_frame(payload: bytes) -> bytes:
    """A whole text frame of a server."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", _TEXT, 126, size) + payload
    return struct.pack(">BBQ", _TEXT, 127, size) + payload


class Incoming:
    """Bytes of a client as whole text messages; what the protocol itself answers is in `answers`."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(state=State.OPEN, max_size=LARGEST_MESSAGE)
        self._parts: list[bytes] = []
        self._size = 0
        self.is_over = False

    def receive(self, data: bytes) -> tuple[list[bytes], bytes]:
        """(messages, bytes to send back): pongs, and the close frame where this is the end."""
        protocol = self._protocol
        messages: list[bytes] = []
        protocol.receive_data(data)
        for frame in protocol.events_received():
            if isinstance(frame, Frame) and not self._take(frame, messages):
                break
        answer = b"".join(part for part in protocol.data_to_send() if part)
        self.is_over = self.is_over or protocol.state is not State.OPEN or protocol.close_expected()
        return messages, answer

    def _take(self, frame: Frame, messages: list[bytes]) -> bool:
        if frame.opcode is Opcode.BINARY:
            self._fail(CloseCode.UNSUPPORTED_DATA, "expected text")
            return False
        if frame.opcode not in (Opcode.TEXT, Opcode.CONT):
            return True
        self._parts.append(bytes(frame.data))
        self._size += len(frame.data)
        if self._size > LARGEST_MESSAGE:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "MESSAGE_TOO_LARGE")
            return False
        if frame.fin:
            messages.append(b"".join(self._parts))
            self._parts, self._size = [], 0
        return True

    def _fail(self, code: CloseCode, reason: str) -> None:
        self._protocol.fail(code, reason)
        self.is_over = True

    def close(self, code: int, reason: str) -> bytes:
        """The close frame."""
        try:
            self._protocol.send_close(code, reason)
        except (ProtocolError, RuntimeError):
            return b""
        self.is_over = True
        return b"".join(part for part in self._protocol.data_to_send() if part)
