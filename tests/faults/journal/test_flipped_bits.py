"""Any single bit of a journal reads wrongly: it is noticed, said, and never repaired.

The journal is the hardest one: left by a killed process, so that no witness vouches for its last blocks.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from novate.journal import Journal, JournalCorrupt, JournalError, JournalVersionError
from tests.faults.journal.disks import FlippingDisk
from tests.unit.journal.samples import fill, killed_journal, read_through, refusal, segment_files

HEADER = 4096
WRITTEN_HEADER = 112
"""Bytes of a segment header that carry something; the rest of its 4096 is zero."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments: blocks of 3, 8 and 35 records fill the first, then 2 and 7; nobody changes it."""
    directory = tmp_path_factory.mktemp("flips") / "j"
    killed_journal(directory, [3, 8, 35, 2, 7])
    return directory


def bits_of(first: int, last: int) -> range:
    return range(first * 8, last * 8)


def assert_every_flip_is_refused(path: Path, bits: Iterable[int]) -> None:
    silent = [bit for bit in bits if refusal(path.parent, FlippingDisk(path, bit)) is None]
    assert silent == []


def test_the_journal_itself_is_whole(place: Path) -> None:
    assert len(segment_files(place)) == 2
    assert len(read_through(place)) == 55


def test_every_bit_of_the_last_acknowledged_block_is_noticed(place: Path) -> None:
    path = segment_files(place)[1]
    for bit in bits_of(HEADER + 512, HEADER + 1536):
        error = refusal(place, FlippingDisk(path, bit))
        assert isinstance(error, JournalCorrupt), bit
        assert (error.file, error.offset, error.sequence) == (path, HEADER + 512, 49)


def test_every_bit_of_the_block_before_it_is_noticed(place: Path) -> None:
    path = segment_files(place)[1]
    for bit in bits_of(HEADER, HEADER + 512):
        error = refusal(place, FlippingDisk(path, bit))
        assert isinstance(error, JournalCorrupt), bit
        assert (error.offset, error.sequence) == (HEADER, 47)


def test_every_bit_of_a_block_in_an_older_segment_is_noticed(place: Path) -> None:
    path = segment_files(place)[0]
    for bit in bits_of(HEADER, HEADER + 512):
        error = refusal(place, FlippingDisk(path, bit))
        assert isinstance(error, JournalCorrupt), bit
        assert (error.file, error.offset, error.sequence) == (path, HEADER, 1)
    assert_every_flip_is_refused(path, range((HEADER + 512) * 8, 8192 * 8, 7))


@pytest.mark.parametrize("segment", [0, 1])
def test_every_bit_of_a_segment_header_is_noticed(place: Path, segment: int) -> None:
    path = segment_files(place)[segment]
    assert_every_flip_is_refused(path, bits_of(0, WRITTEN_HEADER))
    assert_every_flip_is_refused(path, range(WRITTEN_HEADER * 8, HEADER * 8, 29))


def test_a_bit_in_the_zeros_behind_the_last_block_is_noticed(place: Path) -> None:
    path = segment_files(place)[1]
    zeros = bits_of(HEADER + 512 + 1024, 8192)
    assert_every_flip_is_refused(path, [*zeros[: 64 * 8], *zeros[64 * 8 :: 23], *zeros[-8:]])


def test_every_bit_of_the_witness_is_noticed(place: Path) -> None:
    for bit in bits_of(0, 512):
        error = refusal(place, FlippingDisk(place / "witness", bit))
        assert isinstance(error, JournalCorrupt | JournalVersionError), bit


def test_the_lock_file_says_nothing_about_the_journal(place: Path) -> None:
    (place / "lock").write_bytes(b"\xff\xfe nonsense")
    assert len(read_through(place)) == 55


def test_zeros_between_the_segments_are_noticed(tmp_path: Path) -> None:
    killed_journal(tmp_path / "j", [3, 40, 30])
    first, _ = segment_files(tmp_path / "j")
    assert_every_flip_is_refused(first, range((HEADER + 512 + 3072) * 8, 8192 * 8, 11))


def test_a_writer_refuses_and_leaves_every_byte_as_it_was(tmp_path: Path) -> None:
    killed_journal(tmp_path / "good", [3, 8, 35, 2, 7])
    for bit in range(HEADER * 8, 8192 * 8, 509):
        directory = tmp_path / "bad"
        shutil.copytree(tmp_path / "good", directory)
        path = segment_files(directory)[1]
        damaged = bytearray(path.read_bytes())
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(JournalError, match=f"{path.name}: offset .* expected .*, was "):
            Journal.open(directory)
        assert path.read_bytes() == damaged
        shutil.rmtree(directory)


@pytest.mark.long
@pytest.mark.parametrize("name", [0, 1])
def test_every_bit_of_every_segment_is_noticed(place: Path, name: int) -> None:
    assert_every_flip_is_refused(segment_files(place)[name], bits_of(0, 8192))


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_weak_durability_notices_flips_in_its_last_blocks_too(tmp_path: Path, durability: str) -> None:
    killed_journal(tmp_path / "j", [3, 2, 7], durability=durability)
    path = segment_files(tmp_path / "j")[0]
    for bit in range(HEADER * 8, (HEADER + 2048) * 8, 3):
        assert refusal(tmp_path / "j", FlippingDisk(path, bit)) is not None, bit


def test_a_closed_journal_notices_flips_in_its_last_block(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=8192) as journal:
        fill(journal, [5])
    assert_every_flip_is_refused(segment_files(tmp_path / "j")[0], bits_of(HEADER, HEADER + 512)[::5])
