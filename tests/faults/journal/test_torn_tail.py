"""A write that was cut short is cut off; a journal that was cut short is refused.

before     | acknowledged | acknowledged | zeros ...
torn       | acknowledged | acknowledged | part of a block | zeros ...     opens, reports, goes on
damaged    | acknowledged | acknowled                                      refuses, with the place
"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest

from novate.journal import DataLoss, Journal, JournalCorrupt, JournalError
from tests.faults.journal.disks import ReplacingDisk
from tests.unit.journal.samples import (
    assert_is_beginning,
    commands,
    contents,
    fill,
    killed_journal,
    refusal,
    segment_files,
)

HEADER = 4096
SECTOR = 512
KEPT = [4, 9]
TORN = 20
BEGINS = HEADER + 512 + 1024
TORN_LENGTH = 1536


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blocks of 4, 9 and 20 records; the tests tear the last one."""
    directory = tmp_path_factory.mktemp("torn") / "j"
    killed_journal(directory, [*KEPT, TORN])
    return directory


def damaged(whole: Path, into: Path, data: bytes) -> Path:
    """A copy of the journal whose only segment holds `data`."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(whole, into)
    segment_files(into)[0].write_bytes(data)
    return into


def assert_cut_and_continued(place: Path) -> None:
    """The torn block is gone, said so, its bytes are zero again, and the journal goes on."""
    with Journal.open(place, read_only=True) as reader:
        assert reader.last_sequence == 13
    with Journal.open(place) as journal:
        found = journal.recovery
        assert (found.last_sequence, found.offset) == (13, BEGINS)
        assert 0 < found.cut_bytes <= TORN_LENGTH
        assert found.reason
        assert not any(segment_files(place)[0].read_bytes()[BEGINS:])
        fill(journal, [2, 30])
        assert_is_beginning(journal)
    with Journal.open(place) as journal:
        assert journal.recovery.cut_bytes == 0
        assert journal.last_sequence == 45


def test_a_write_cut_at_any_byte_is_cut_off(whole: Path, quick_path: Path) -> None:
    path = segment_files(whole)[0]
    data = path.read_bytes()
    for length in range(1, TORN_LENGTH):
        torn = data[: BEGINS + length] + bytes(8192 - BEGINS - length)
        with Journal.open(whole, read_only=True, disk=ReplacingDisk(path, torn)) as reader:
            assert reader.last_sequence == 13
            assert reader.recovery.cut_bytes > 0
        if length % 97 == 1:
            assert_cut_and_continued(damaged(whole, quick_path / "j", torn))


def test_any_lost_sectors_of_the_last_write_are_cut_off(whole: Path, quick_path: Path) -> None:
    data = segment_files(whole)[0].read_bytes()
    for arrived in range(1, 7):
        torn = bytearray(data)
        for sector in range(3):
            if not arrived >> sector & 1:
                torn[BEGINS + sector * SECTOR : BEGINS + (sector + 1) * SECTOR] = bytes(SECTOR)
        assert_cut_and_continued(damaged(whole, quick_path / "j", bytes(torn)))


def test_a_crash_while_the_torn_bytes_are_zeroed_is_no_damage(whole: Path, quick_path: Path) -> None:
    data = segment_files(whole)[0].read_bytes()
    torn = bytearray(data[: BEGINS + 1100] + bytes(8192 - BEGINS - 1100))
    for zeroed in range(3):
        half = bytearray(torn)
        half[BEGINS + zeroed * SECTOR : BEGINS + (zeroed + 1) * SECTOR] = bytes(SECTOR)
        assert_cut_and_continued(damaged(whole, quick_path / "j", bytes(half)))


def test_the_first_block_of_a_journal_can_be_torn_too(quick_path: Path) -> None:
    killed_journal(quick_path / "good", [7])
    path = segment_files(quick_path / "good")[0]
    data = path.read_bytes()
    for length in range(1, 1024):
        torn = data[: HEADER + length] + bytes(4096 - length)
        with Journal.open(quick_path / "good", read_only=True, disk=ReplacingDisk(path, torn)) as journal:
            assert (journal.last_sequence, journal.root) == (0, bytes(32))
            assert journal.recovery.cut_bytes > 0


@pytest.mark.parametrize("closed", [False, True])
def test_a_file_truncated_at_any_byte_of_its_last_two_blocks_is_refused(
    whole: Path, quick_path: Path, closed: bool
) -> None:
    shutil.copytree(whole, quick_path / "good")
    if closed:
        Journal.open(quick_path / "good").close()
    path = segment_files(quick_path / "good")[0]
    data = path.read_bytes()
    for length in range(HEADER + 512, BEGINS + TORN_LENGTH):
        error = refusal(quick_path / "good", ReplacingDisk(path, data[:length]))
        assert isinstance(error, JournalCorrupt), length
        assert f"expected a file of 8192 bytes, was {length} bytes" in str(error)
        if length % 97 == 0:
            path.write_bytes(data[:length])
            with pytest.raises(JournalCorrupt):
                Journal.open(quick_path / "good")
            assert path.stat().st_size == length
            path.write_bytes(data)


def test_zeros_from_any_byte_of_the_last_two_blocks_are_data_loss_when_a_witness_knows_better(
    whole: Path, quick_path: Path
) -> None:
    shutil.copytree(whole, quick_path / "good")
    Journal.open(quick_path / "good").close()
    path = segment_files(quick_path / "good")[0]
    data = path.read_bytes()
    for length in range(HEADER + 512, BEGINS + TORN_LENGTH):
        torn = data[:length] + bytes(8192 - length)
        error = refusal(quick_path / "good", ReplacingDisk(path, torn))
        assert isinstance(error, DataLoss | JournalCorrupt)
        assert length < BEGINS or isinstance(error, DataLoss)
        if length % 97 == 0:
            path.write_bytes(torn)
            with pytest.raises(JournalError):
                Journal.open(quick_path / "good")
            assert path.read_bytes() == torn
            path.write_bytes(data)


def test_zeros_in_a_block_with_a_valid_one_behind_it_are_corruption(whole: Path, quick_path: Path) -> None:
    data = segment_files(whole)[0].read_bytes()
    for start in range(HEADER + 512, BEGINS, SECTOR):
        hole = data[:start] + bytes(SECTOR) + data[start + SECTOR :]
        place = damaged(whole, quick_path / "j", hole)
        with pytest.raises(JournalCorrupt, match=f"a later block at offset {BEGINS} proves it was durable"):
            Journal.open(place)


def test_bytes_that_no_write_can_have_left_are_corruption(whole: Path, quick_path: Path) -> None:
    data = segment_files(whole)[0].read_bytes()
    random = Random(7)
    for _ in range(50):
        junk = random.randbytes(random.randrange(1, 1024))
        at = BEGINS + TORN_LENGTH
        place = damaged(whole, quick_path / "j", data[:at] + junk + data[at + len(junk) :])
        error = refusal(place)
        assert isinstance(error, JournalCorrupt)
        assert (error.offset, error.sequence) == (at, 34)


def test_a_torn_block_with_other_bytes_behind_it_is_corruption(whole: Path, quick_path: Path) -> None:
    data = bytearray(segment_files(whole)[0].read_bytes())
    data[BEGINS + SECTOR : BEGINS + 2 * SECTOR] = bytes(SECTOR)
    data[BEGINS + TORN_LENGTH + 9 : BEGINS + TORN_LENGTH + 12] = b"\xff\xff\xff"
    error = refusal(damaged(whole, quick_path / "j", bytes(data)))
    assert isinstance(error, JournalCorrupt)
    assert error.offset == BEGINS + TORN_LENGTH


def test_weak_durability_cuts_back_to_the_first_block_that_did_not_arrive(quick_path: Path) -> None:
    killed_journal(quick_path / "good", [4, 9, 20, 3], durability="none")
    data = segment_files(quick_path / "good")[0].read_bytes()
    random = Random(3)
    sectors = [*range(HEADER, BEGINS + TORN_LENGTH + 512, SECTOR)]
    for _ in range(60):
        torn = bytearray(data)
        for sector in sectors:
            if random.random() < 0.3:
                torn[sector : sector + SECTOR] = bytes(SECTOR)
        with Journal.open(damaged(quick_path / "good", quick_path / "j", bytes(torn))) as journal:
            assert journal.last_sequence in (0, 4, 13, 33, 36)
            assert_is_beginning(journal)
            fill(journal, [1])
        with Journal.open(quick_path / "j") as journal:
            assert journal.recovery.cut_bytes == 0


def test_a_torn_tail_is_only_reported_by_a_reader(whole: Path, quick_path: Path) -> None:
    data = segment_files(whole)[0].read_bytes()
    torn = data[: BEGINS + 700] + bytes(8192 - BEGINS - 700)
    place = damaged(whole, quick_path / "j", torn)
    with Journal.open(place, read_only=True) as reader:
        assert 640 < reader.recovery.cut_bytes <= 700
        assert contents(reader).tobytes() == commands(13).tobytes()
    assert segment_files(place)[0].read_bytes() == torn


def test_records_that_look_like_a_block_are_not_taken_for_one(quick_path: Path) -> None:
    killed_journal(quick_path / "inner", [4, 6])
    block = segment_files(quick_path / "inner")[0].read_bytes()[HEADER + 512 : HEADER + 1024]
    with Journal.create(quick_path / "j", segment_bytes=16384) as journal:
        journal.append(np.concatenate([commands(7).view("V64"), np.frombuffer(block, "V64")]))
        journal.append(commands(2))
    with Journal.open(quick_path / "j") as journal:
        assert [len(r) for _, r in journal.read()] == [15, 2]
