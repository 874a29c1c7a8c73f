"""Segment files that are missing, exchanged, foreign or repeated."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from novate.journal import DataLoss, Journal, JournalCorrupt
from tests.unit.journal.samples import SMALL, fill, killed_journal, refusal, segment_files


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Four segments of one large block each."""
    killed_journal(tmp_path / "j", [50, 50, 50, 50])
    assert len(segment_files(tmp_path / "j")) == 4
    return tmp_path / "j"


def test_a_missing_segment_in_the_middle_is_corruption(place: Path) -> None:
    segment_files(place)[1].unlink()
    for read_only in (True, False):
        with pytest.raises(JournalCorrupt, match="expected segment number 2, was number 3"):
            Journal.open(place, read_only=read_only)


def test_a_missing_first_segment_is_corruption(place: Path) -> None:
    segment_files(place)[0].unlink()
    with pytest.raises(JournalCorrupt, match="expected segment number 1, was number 2"):
        Journal.open(place)


def test_a_missing_last_segment_is_data_loss(place: Path) -> None:
    segment_files(place)[3].unlink()
    with pytest.raises(DataLoss, match="expected 4 segments, as the witness says, was 3"):
        Journal.open(place)


def test_exchanged_segments_are_corruption(place: Path) -> None:
    _, second, third, _ = segment_files(place)
    second.rename(place / "aside")
    third.rename(second)
    (place / "aside").rename(third)
    with pytest.raises(JournalCorrupt, match="expected base sequence 51, was 101"):
        Journal.open(place)


def test_a_segment_of_another_journal_is_corruption(place: Path, tmp_path: Path) -> None:
    with Journal.create(tmp_path / "other", segment_bytes=SMALL) as other:
        fill(other, [50, 50, 50, 50])
    for number in (1, 3):
        shutil.copytree(place, tmp_path / "mixed")
        shutil.copy(segment_files(tmp_path / "other")[number], segment_files(tmp_path / "mixed")[number])
        with pytest.raises(JournalCorrupt, match="expected journal 000102"):
            Journal.open(tmp_path / "mixed")
        shutil.rmtree(tmp_path / "mixed")


def test_a_segment_of_the_same_journal_with_another_history_is_refused(place: Path, tmp_path: Path) -> None:
    killed_journal(tmp_path / "other", [49, 1, 50, 50, 50])
    with Journal.open(place, read_only=True) as journal:
        assert journal.last_sequence == 200
    for number in (1, 2):
        shutil.copytree(place, tmp_path / "mixed")
        foreign, own = segment_files(tmp_path / "other"), segment_files(tmp_path / "mixed")
        assert foreign[number].name == own[number].name
        shutil.copy(foreign[number], own[number])
        assert isinstance(refusal(tmp_path / "mixed"), JournalCorrupt)
        shutil.rmtree(tmp_path / "mixed")


def test_a_last_block_lost_from_an_older_segment_is_corruption(place: Path) -> None:
    path = segment_files(place)[1]
    data = path.read_bytes()
    path.write_bytes(data[:4096] + bytes(4096))
    error = refusal(place)
    assert isinstance(error, JournalCorrupt)
    assert "expected records through sequence 100, was the end at 50" in str(error)


def test_an_older_state_of_the_last_segment_is_data_loss(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, [50, 20])
        last = segment_files(tmp_path / "j")[1]
        old = last.read_bytes()
        fill(journal, [3])
    last.write_bytes(old)
    with pytest.raises(DataLoss, match=r"through sequence 73, which the witness says .* was the end at 70"):
        Journal.open(tmp_path / "j")


def test_another_history_under_the_same_witness_is_corruption(tmp_path: Path) -> None:
    killed_journal(tmp_path / "a", [5, 5])
    killed_journal(tmp_path / "b", [3, 7])
    for name in ("a", "b"):
        Journal.open(tmp_path / name).close()
    shutil.copy(tmp_path / "b" / "witness", tmp_path / "a" / "witness")
    with pytest.raises(JournalCorrupt, match="witness: offset 0: sequence 10: expected root"):
        Journal.open(tmp_path / "a")


def test_a_valid_block_in_the_place_of_another_is_corruption(tmp_path: Path) -> None:
    killed_journal(tmp_path / "j", [3, 3, 3, 3])
    killed_journal(tmp_path / "other", [2, 1, 3, 3, 3])
    path = segment_files(tmp_path / "j")[0]
    data = path.read_bytes()
    foreign = segment_files(tmp_path / "other")[0].read_bytes()
    blocks = [data[at : at + 512] for at in range(4096, 4096 + 4 * 512, 512)]
    same_sequence = foreign[4096 + 1024 : 4096 + 1536]
    for order, offset in (
        ([0, 2, 1, 3], 4608),
        ([0, 1, 1, 3], 5120),
        ([1, 1, 2, 3], 4096),
    ):
        path.write_bytes(data[:4096] + b"".join(blocks[i] for i in order) + data[6144:])
        error = refusal(tmp_path / "j")
        assert isinstance(error, JournalCorrupt)
        assert error.offset == offset
        assert "expected a block that starts with sequence" in str(error)
    path.write_bytes(data[:4096] + blocks[0] + same_sequence + data[5120:])
    error = refusal(tmp_path / "j")
    assert isinstance(error, JournalCorrupt)
    assert (error.offset, error.sequence) == (4608, 4)
    assert "expected previous block hash" in str(error)
