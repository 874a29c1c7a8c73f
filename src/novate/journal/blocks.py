"""One block is one batch: header, records, trailer, in whole sectors of 512 bytes.

    sector 0            sector 1            ...            last sector
    +--------+----------------------------------------------------+-----+---------+
    | header | record | record | record | ...           | record  |zeros| trailer |
    | 64     | 64     | 64     | 64     |               | 64      |     | 16      |
    +--------+----------------------------------------------------+-----+---------+
      crc32c covers everything behind itself --------------------------->|
      hash = SHA-256 over header, records and zeros; the next header carries it

The trailer is outside of both and has its own checksum: it says how durable the past was when the block was
written, which may differ between two machines that hold the same records and must not change their hashes.

Invariants, on which recovery stands (docs/journal-format.md):
  - a block starts and ends on a sector, so no write touches a sector that holds an acknowledged block;
  - no sector of a complete block is empty and its last byte is not zero: magic and trailer see to the ends,
    and a record of 64 zero bytes is refused. So a zero sector inside a bad block says "never arrived", and
    no single flipped bit can say that;
  - the trailer names the last sequence that was durable when the block was written.

Cost: one checksum and one SHA-256 over the block, no work per record.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

import google_crc32c
import numpy as np

from novate.domain.records import RECORD_BYTES
from novate.journal.disk import Bytes

SECTOR_BYTES = 512
HEADER_BYTES = 64
TRAILER_BYTES = 16
CHECKED_FROM = 12
"""The checksum covers the block from this offset, directly behind the checksum itself."""

BLOCK_MAGIC = int.from_bytes(b"\xd7NVB", "little")
END_MAGIC = int.from_bytes(b"END\xd7", "little")
"""Every byte has at least two bits set, and the first is no command kind: no record can pose as a block."""

BLOCK_HEADER = np.dtype(
    [
        ("magic", "<u4"),
        ("length", "<u4"),
        ("crc32c", "<u4"),
        ("count", "<u4"),
        ("first_sequence", "<u8"),
        ("engine_ts", "<i8"),
        ("previous_hash", "V32"),
    ]
)
BLOCK_TRAILER = np.dtype([("durable_sequence", "<u8"), ("crc32c", "<u4"), ("magic", "<u4")])

_HEADER = struct.Struct("<IIIIQq32s")
_TRAILER = struct.Struct("<QII")
_CRC = struct.Struct("<I")

assert BLOCK_HEADER.itemsize == _HEADER.size == HEADER_BYTES
assert BLOCK_TRAILER.itemsize == _TRAILER.size == TRAILER_BYTES
assert BLOCK_HEADER.fields is not None
assert [BLOCK_HEADER.fields[name][1] for name in BLOCK_HEADER.names or ()] == [0, 4, 8, 12, 16, 24, 32]

NO_HASH = bytes(32)
"""What stands in for the previous block's hash in the first block of a journal."""


class Header(NamedTuple):
    """The 64 bytes in front of the records."""

    magic: int
    length: int
    crc32c: int
    records: int
    first_sequence: int
    engine_ts: int
    previous_hash: bytes


class Fault(NamedTuple):
    """Why bytes are not the block that belongs here."""

    expected: str
    found: str


class Block(NamedTuple):
    """A verified block: where it ends, what it holds, and the hash that the next one must carry."""

    first_sequence: int
    engine_ts: int
    hash: bytes
    end: int
    payload: Bytes

    @property
    def last_sequence(self) -> int:
        return self.first_sequence + len(self.payload) // RECORD_BYTES - 1


def extent_of(count: int) -> int:
    """Bytes on disk of a block of `count` records."""
    bare = HEADER_BYTES + count * RECORD_BYTES + TRAILER_BYTES
    return -(-bare // SECTOR_BYTES) * SECTOR_BYTES


def capacity_of(room: int) -> int:
    """How many records a block of at most `room` bytes can hold."""
    whole = room // SECTOR_BYTES * SECTOR_BYTES
    return max(0, (whole - HEADER_BYTES - TRAILER_BYTES) // RECORD_BYTES)


def encode(
    buffer: Bytes, payload: Bytes, first_sequence: int, engine_ts: int, previous_hash: bytes, durable: int
) -> Bytes:
    """Write a block into the buffer (at least `extent_of` long); returns the part that it fills."""
    count = len(payload) // RECORD_BYTES
    length = extent_of(count)
    block = buffer[:length]
    end = HEADER_BYTES + len(payload)
    _HEADER.pack_into(block.data, 0, BLOCK_MAGIC, length, 0, count, first_sequence, engine_ts, previous_hash)
    block[HEADER_BYTES:end] = payload
    block[end : length - TRAILER_BYTES] = 0
    _CRC.pack_into(block.data, 8, google_crc32c.value(block[CHECKED_FROM:-TRAILER_BYTES]))
    trailer = (durable, _trailer_checksum(block, durable), END_MAGIC)
    _TRAILER.pack_into(block.data, length - TRAILER_BYTES, *trailer)
    return block


def _trailer_checksum(block: Bytes, durable: int) -> int:
    """Over the header and the trailer's sequence, so that a trailer belongs to one block only."""
    crc: int = google_crc32c.value(block[:HEADER_BYTES].tobytes() + durable.to_bytes(8, "little"))
    return crc


def hash_of(block: Bytes) -> bytes:
    """SHA-256 over the block without its trailer: header, records, padding."""
    return hashlib.sha256(block[:-TRAILER_BYTES].data).digest()


def header_at(buffer: Bytes, at: int) -> Header:
    """The 64 bytes there, read as a header; nothing is checked."""
    return Header._make(_HEADER.unpack_from(buffer.data, at))


def durable_sequence_of(buffer: Bytes, at: int, length: int) -> int:
    """The trailer's witness: everything up to this sequence was durable before the block was written."""
    durable: int = _TRAILER.unpack_from(buffer.data, at + length - TRAILER_BYTES)[0]
    return durable


def shape_fault(header: Header, room: int) -> Fault | None:
    """What is wrong with a header by itself: marker, length against count, and room in the segment."""
    if header.magic != BLOCK_MAGIC:
        return Fault(f"the block marker {BLOCK_MAGIC:#010x}", f"{header.magic:#010x}")
    if header.records == 0 or header.length != extent_of(header.records):
        return Fault("a length that fits the record count", f"length {header.length}, count {header.records}")
    if header.length > room:
        return Fault(f"a block of at most {room} bytes", f"{header.length} bytes")
    return None


def link_fault(header: Header, first_sequence: int, previous_hash: bytes) -> Fault | None:
    """What is wrong with a header as the next link of the chain."""
    if header.first_sequence != first_sequence:
        return Fault(f"a block that starts with sequence {first_sequence}", f"{header.first_sequence}")
    if header.previous_hash != previous_hash:
        return Fault(f"previous block hash {previous_hash.hex()}", header.previous_hash.hex())
    return None


def body_fault(block: Bytes, header: Header) -> Fault | None:
    """What is wrong with the whole block: its checksum, then its trailer."""
    crc = google_crc32c.value(block[CHECKED_FROM:-TRAILER_BYTES])
    if crc != header.crc32c:
        return Fault(f"checksum {header.crc32c:#010x}", f"{crc:#010x}")
    durable, trailer_crc, magic = _TRAILER.unpack_from(block.data, header.length - TRAILER_BYTES)
    if magic != END_MAGIC:
        return Fault(f"the end marker {END_MAGIC:#010x}", f"{magic:#010x}")
    crc = _trailer_checksum(block, durable)
    if crc != trailer_crc:
        return Fault(f"trailer checksum {trailer_crc:#010x}", f"{crc:#010x}")
    return None
