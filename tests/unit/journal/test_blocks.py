"""The block, byte by byte, and the property on which recovery stands."""

from __future__ import annotations

import struct

import google_crc32c
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from novate.journal.blocks import (
    BLOCK_HEADER,
    BLOCK_TRAILER,
    SECTOR_BYTES,
    body_fault,
    capacity_of,
    encode,
    extent_of,
    header_at,
    link_fault,
    shape_fault,
)
from novate.journal.disk import Bytes
from tests.unit.journal.samples import commands

ROOT = bytes(range(32))


def block_of(count: int, payload: Bytes | None = None) -> Bytes:
    payload = commands(count, 10).view(np.uint8) if payload is None else payload
    return encode(np.full(extent_of(count) + 99, 7, np.uint8), payload, 10, -5, ROOT, 9)


def test_the_layout_is_the_documented_one() -> None:
    block = block_of(2).tobytes()
    assert len(block) == 512
    assert block[0:4] == b"\xd7NVB"
    assert struct.unpack_from("<IIIQq", block, 4) == (512, google_crc32c.value(block[12:-16]), 2, 10, -5)
    assert block[32:64] == ROOT
    assert block[64:192] == commands(2, 10).tobytes()
    assert block[192:496] == bytes(304)
    assert block[496:] == struct.pack("<QI", 9, google_crc32c.value(block[:64] + block[496:504])) + b"END\xd7"
    assert BLOCK_HEADER.itemsize == 64
    assert BLOCK_TRAILER.itemsize == 16


def test_extent_and_capacity_agree() -> None:
    for count in range(1, 300):
        assert extent_of(count) % SECTOR_BYTES == 0
        assert capacity_of(extent_of(count)) >= count
        assert capacity_of(extent_of(count) - 1) < count
    assert capacity_of(0) == 0
    assert capacity_of(511) == 0


def test_a_whole_block_has_no_fault() -> None:
    for count in (1, 6, 7, 100):
        block = block_of(count)
        header = header_at(block, 0)
        assert shape_fault(header, len(block)) is None
        assert link_fault(header, 10, ROOT) is None
        assert body_fault(block, header) is None


def test_every_kind_of_fault_is_named() -> None:
    header = header_at(block_of(3), 0)
    assert "marker" in str(shape_fault(header._replace(magic=1), 512))
    assert "record count" in str(shape_fault(header._replace(records=9), 512))
    assert "record count" in str(shape_fault(header._replace(length=0, records=0), 512))
    assert "at most 511 bytes" in str(shape_fault(header, 511))
    assert "sequence 11" in str(link_fault(header, 11, ROOT))
    assert "previous block hash" in str(link_fault(header, 10, bytes(32)))
    block = block_of(3)
    block[100] ^= 1
    assert "checksum" in str(body_fault(block, header))


@given(st.integers(1, 40), st.data())
def test_no_sector_of_a_block_is_empty_whatever_its_records(count: int, data: st.DataObject) -> None:
    payload = np.zeros(count * 64, np.uint8)
    for record in range(count):
        payload[record * 64 + data.draw(st.integers(0, 63))] = 1 << data.draw(st.integers(0, 7))
    block = block_of(count, payload)
    bits = np.bitwise_count(block).reshape(-1, SECTOR_BYTES).sum(axis=1)
    assert bits.min() >= 2
    assert int(np.bitwise_count(block[-1])) >= 2
