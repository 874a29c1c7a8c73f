"""Archives: every reader finds what was put in, and the bytes are the same wherever they are written."""

from __future__ import annotations

import io
import zipfile
import zlib
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.zipped import zipped
from novate.clearing.kernels.deflate import LONGEST, SHORTEST, TOKENS, WINDOW, deflate, room_for
from novate.processor import WORD

LINES = b"".join(b"<Id>%d</Id><Amt Ccy='USD'>%d.%02d</Amt>\n" % (i, i * i, i % 100) for i in range(900))
CHANCE = np.random.default_rng(7).integers(0, 256, TOKENS + 999, np.uint8).tobytes()
"""More tokens than a block has."""


def deflated(text: bytes, behind: bytes = bytes(WORD)) -> bytes:
    data, out = np.frombuffer(text + behind, np.uint8).copy(), np.full(room_for(len(text)), 0xEE, np.uint8)
    return out[: deflate(data, len(text), out)].tobytes()


def inflated(data: bytes) -> bytes:
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    text = reader.decompress(data)
    assert reader.eof
    assert not reader.unused_data
    return text


@pytest.mark.parametrize("text", [
    b"", b"a", b"ab" * 3, LINES, CHANCE, bytes(range(256)) * 3, CHANCE[: WINDOW - 6] + CHANCE[:6] + b"x",
    CHANCE[:WINDOW] + CHANCE[:300], CHANCE[: WINDOW + 1] + CHANCE[:300],
    *(b"abcdefgh" + b"a" * (size + 1) for size in (SHORTEST, LONGEST - 1, LONGEST, LONGEST + 1, 5 * LONGEST)),
], ids=lambda text: f"{len(text)} bytes")  # fmt: skip
def test_a_text_is_read_again_as_it_was(text: bytes) -> None:
    assert inflated(deflated(text)) == text


def test_every_length_and_many_distances_are_read_again() -> None:
    for length in range(SHORTEST, LONGEST + 2):
        distance = 1 + length * length % (WINDOW - 1)
        text = CHANCE[:distance] + CHANCE[:length] + b"!"
        assert inflated(deflated(text)) == text, (length, distance)


@given(
    st.lists(st.sampled_from([b"<Unit>", b"</Unit><Amt Ccy='USD'>", b"7", b"08", CHANCE[:50]]), max_size=90)
)
def test_any_text_of_repeated_parts_is_read_again(parts: list[bytes]) -> None:
    assert inflated(deflated(b"".join(parts))) == b"".join(parts)


def test_a_code_of_very_unequal_letters_is_no_longer_than_15_bits() -> None:
    """Fourteen letters that come 1, 2, 3, 5, ... times, and the end once, below 64 that come often."""
    counts = [1, 2]
    while len(counts) < 14:
        counts.append(counts[-1] + counts[-2])
    rare = np.repeat(np.arange(14, dtype=np.uint8), counts)
    often = np.frombuffer(CHANCE, np.uint8)[:60_000] % 64 + 20
    text = np.random.default_rng(3).permutation(np.concatenate([rare, often])).tobytes()
    assert inflated(deflated(text)) == text


def test_alike_lines_become_small() -> None:
    assert len(deflated(LINES)) < len(zlib.compress(LINES, 1))


def test_the_bytes_are_the_same_on_every_machine_and_whatever_stands_behind_the_text() -> None:
    data = deflated(LINES + CHANCE[:9999])
    assert data == deflated(LINES + CHANCE[:9999], LINES[:WORD])
    assert sha256(data).hexdigest() == "51869d194869cc2d02c95e62aeb127ca55aa2fe41c76894fd13fa25ea69a20d0"


def test_an_archive_has_its_files_in_the_order_of_their_names() -> None:
    files: dict[str, list[bytes | memoryview]] = {
        "b/2.xml": [LINES[:70], b"", memoryview(LINES)],
        "a.xml": [b"x"],
        "ä.xml": [],
    }
    archive = zipfile.ZipFile(io.BytesIO(zipped(files)))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == {
        "a.xml": b"x", "b/2.xml": LINES[:70] + LINES, "ä.xml": b"",
    }  # fmt: skip
    assert archive.namelist() == sorted(files)
    one = archive.getinfo("b/2.xml")
    assert (one.date_time, one.external_attr >> 16) == ((1980, 1, 1, 0, 0, 0), 0o644)
    assert zipfile.ZipFile(io.BytesIO(zipped({}))).namelist() == []


def test_an_archive_may_have_more_files_than_16_bits_can_count() -> None:
    data = zipped({f"{number:05}": [] for number in range(65_600)})
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert len(archive.namelist()) == 65_600
    assert archive.read("65599") == b""
