"""Frames of the binary protocol: what node and client both know of it, without sockets and without keys.

    +--------+------+-------+-------+--------+---------------------------+----------------+
    | length | kind | flags | count | number | count records of 64 bytes | authentication |
    | u32    | u8   | u8 = 0| u16   | i64    |                           | of commands    |
    +--------+------+-------+-------+--------+---------------------------+----------------+
     <------------- 16 bytes ------------->

All numbers are little-endian; `length` counts the whole frame. A frame of commands ends with 32 bytes of MAC
(session kind MAC), 64 bytes of signature (FRAME) or one signature of 64 bytes a record (ORDER). What is
signed begins with a tag that says what it is and with the identity of the journal, so that a signature
serves one purpose at one venue. `docs/binary-protocol.md` describes every byte.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

import numpy as np

from novate.domain.records import RECORD_BYTES
from novate.domain.session_codes import SessionKind

PROTOCOL_VERSION = 1
HEADER = struct.Struct("<IBBHq")
HEADER_BYTES = HEADER.size
MAC_BYTES = 32
SIGNATURE_BYTES = 64
KEY_BYTES = 32
IDENTITY_BYTES = 16
MAX_COMMANDS = 256
"""Commands of one frame."""
MAX_NONCE = 1 << 62
MAX_EVENTS = 1024
"""Events of one frame."""
LARGEST_CLIENT_FRAME = HEADER_BYTES + MAX_COMMANDS * (RECORD_BYTES + SIGNATURE_BYTES)

# Kinds of frames, client to node.
LOGIN_FRAME = ord("L")
COMMANDS_FRAME = ord("U")
CLIENT_HEARTBEAT = ord("R")
LOGOUT_FRAME = ord("O")
STATUS_FRAME = ord("Q")
# Node to client.
CHALLENGE_FRAME = ord("C")
ACCEPTED_FRAME = ord("A")
REJECTED_FRAME = ord("J")
EVENTS_FRAME = ord("S")
NOTICES_FRAME = ord("N")
NODE_HEARTBEAT = ord("H")
END_FRAME = ord("Z")

LOGIN_TAG = b"NOVATE LOGIN 1\0\0"
FRAME_TAG = b"NOVATE FRAME 1\0\0"
ORDER_TAG = b"NOVATE ORDER 1\0\0"
MAC_PERSON = b"novate mac 1"


def _layout(itemsize: int, **fields: tuple[str, int]) -> np.dtype[np.void]:
    """A packed record: name -> (format, offset)."""
    names = list(fields)
    formats = [form for form, _ in fields.values()]
    offsets = [offset for _, offset in fields.values()]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": itemsize})


CHALLENGE = _layout(
    64,
    version=("<u4", 0),
    identity=("V16", 16),  # of the venue's journal
    challenge=("V32", 32),  # fresh for every connection
)

LOGIN = _layout(
    128,
    name=("S16", 0),
    version=("<u4", 16),
    kind=("u1", 20),  # SessionKind
    clock=("u1", 21),  # 1: a CLOCK notice before the events of every turn
    from_number=("<i8", 32),  # first event wanted; 0: only what is still to come
    stream=("V16", 48),  # identity of the stream that from_number counts in; zeros when it is 0 or 1
    key=("V32", 64),  # X25519, made for this login
)

ACCEPTED = _layout(
    128,
    session=("<u2", 0),
    kind=("u1", 2),
    permissions=("u1", 3),
    heartbeat_ms=("<u4", 4),
    nonce=("<i8", 8),  # highest that was taken from this session so far
    next_number=("<i8", 16),  # of the first event that follows
    last_number=("<i8", 24),  # of the last event that there is now
    sequence=("<i8", 32),  # of the last command of the venue
    stream=("V16", 48),
    key=("V32", 64),  # X25519 of the node, made for this login
)

NOTICE = _layout(
    64,
    kind=("u1", 0),  # NoticeKind
    command=("u1", 1),  # REFUSED: CommandKind
    reason=("<u2", 2),  # SessionReject
    index=("<u2", 4),  # REFUSED: of the command in its frame
    count=("<u2", 6),  # RECEIPT: commands of the frame that were taken
    nonce=("<i8", 8),  # of the frame
    first_sequence=("<i8", 16),  # RECEIPT; 0 if none was taken
    client_order_id=("<i8", 24),  # REFUSED
    time=("<i8", 32),  # RECEIPT, CLOCK: the venue's clock
    account=("<u4", 40),  # REFUSED
    value=("<i8", 48),  # what the reason counts: a limit, the last nonce, ...
)

assert (CHALLENGE.itemsize, LOGIN.itemsize, ACCEPTED.itemsize, NOTICE.itemsize) == (64, 128, 128, 64)
assert HEADER_BYTES == 16


class Header(NamedTuple):
    """The 16 bytes in front of every frame."""

    length: int
    kind: int
    flags: int
    records: int
    number: int


def frame(kind: int, number: int = 0, body: bytes = b"", count: int = 0) -> bytes:
    """A whole frame."""
    return HEADER.pack(HEADER_BYTES + len(body), kind, 0, count, number) + body


def header_at(data: bytes | bytearray | memoryview, at: int = 0) -> Header:
    """The header that stands there; nothing is checked."""
    return Header._make(HEADER.unpack_from(data, at))


def authentication_bytes(kind: int, count: int) -> int:
    """How many bytes behind `count` commands prove who sent them."""
    if kind == SessionKind.MAC:
        return MAC_BYTES
    return SIGNATURE_BYTES if kind == SessionKind.FRAME else count * SIGNATURE_BYTES


def commands_header(kind: int, count: int, nonce: int) -> bytes:
    """The header of a frame of commands."""
    length = HEADER_BYTES + count * RECORD_BYTES + authentication_bytes(kind, count)
    return HEADER.pack(length, COMMANDS_FRAME, 0, count, nonce)


def login_message(challenge: bytes, login: bytes) -> bytes:
    """What a client signs to log in: 16 + 64 + 128 bytes."""
    return LOGIN_TAG + challenge + login


def frame_message(identity: bytes, header: bytes, records: bytes) -> bytes:
    """What is signed once for a frame of commands."""
    return FRAME_TAG + identity + header + records


def order_message(identity: bytes, nonce: int, record: bytes) -> bytes:
    """What is signed for one command: 104 bytes. The i-th command of a frame has the frame's nonce + i."""
    return ORDER_TAG + identity + nonce.to_bytes(8, "little", signed=True) + record


def mac_key(shared: bytes, challenge: bytes, login: bytes, node_key: bytes) -> bytes:
    """The key of a login's MACs: bound to the secret of both X25519 keys and to all that was said."""
    derived = hashlib.blake2b(challenge + login + node_key, key=shared, digest_size=32, person=MAC_PERSON)
    return derived.digest()


def keyed_mac(key: bytes) -> hashlib.blake2b:
    """A keyed BLAKE2b over nothing yet; `copy`, `update` with header and records, `digest`."""
    return hashlib.blake2b(key=key, digest_size=MAC_BYTES)


def stream_identity(journal: bytes, accounts: tuple[int, ...] | None, market_data: bool) -> bytes:
    """16 bytes that name what an event number counts: a journal, accounts (None: all), with or without the
    market's own events. A session with other accounts is another stream."""
    said = "all" if accounts is None else ",".join(map(str, sorted(accounts)))
    return hashlib.blake2b(f"{said};{market_data:d}".encode(), key=journal, digest_size=16).digest()
