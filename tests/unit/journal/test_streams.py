"""A stream has what its journal says: torn ends are cut, lost ones made again, differences refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from novate.journal.errors import JournalError
from novate.journal.streams import Stream, StreamReader

WIDTH = 128


def records(first: int, last: int) -> npt.NDArray[np.void]:
    """Record n is full of the byte n."""
    return np.repeat(np.arange(first, last + 1, dtype=np.uint8), WIDTH).view(f"V{WIDTH // 2}")


def opened(path: Path) -> Stream:
    return Stream(path, WIDTH)


def written(path: Path, last: int) -> Path:
    stream = opened(path)
    stream.put(1, records(1, last))
    stream.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plane" / "stream"


def test_records_stand_where_their_number_says(path: Path) -> None:
    stream = opened(path)
    stream.put(1, records(1, 3))
    stream.put(4, records(4, 4))
    assert path.read_bytes() == records(1, 4).tobytes()
    assert stream.count == 4
    stream.put(5, records(5, 4))
    assert stream.count == 4, "nothing is put"


@pytest.mark.parametrize("rest", range(1, WIDTH))
def test_a_torn_record_is_cut_and_made_again(path: Path, rest: int) -> None:
    written(path, 3)
    with path.open("r+b") as file:
        file.truncate(2 * WIDTH + rest)
    stream = opened(path)
    assert stream.count == 2
    stream.put(1, records(1, 3))
    assert path.read_bytes() == records(1, 3).tobytes()


def test_what_is_told_again_must_be_what_is_there(path: Path) -> None:
    stream = opened(written(path, 5))
    stream.put(2, records(2, 7))
    assert path.read_bytes() == records(1, 7).tobytes(), "two new ones behind those that are the same"
    wrong = records(3, 6).copy()
    wrong.view(np.uint8)[2 * WIDTH + 5] ^= 1
    with pytest.raises(JournalError, match=r"stream: record 5: expected what the journal gives"):
        stream.put(3, wrong)
    assert path.read_bytes() == records(1, 7).tobytes(), "a difference is not repaired"


def test_a_gap_a_number_below_one_and_half_a_record_are_refused(path: Path) -> None:
    stream = opened(written(path, 5))
    for first in (0, 7):
        with pytest.raises(JournalError, match=f"expected record 1 to 6 next, was {first}"):
            stream.put(first, records(1, 1))
    with pytest.raises(JournalError, match="expected records of 128 bytes, was 64 bytes"):
        stream.put(6, records(6, 6)[:1])
    assert path.read_bytes() == records(1, 5).tobytes()


def test_records_that_the_journal_does_not_have_are_refused(path: Path) -> None:
    stream = opened(written(path, 5))
    stream.expect_end(5)
    with pytest.raises(JournalError, match="expected 4 records as the journal has them, was 5"):
        stream.expect_end(4)


def test_a_reader_sees_whole_records_from_any_number_on(path: Path) -> None:
    reader = StreamReader(path, WIDTH)
    assert len(reader.read(1, 10)) == 0, "there is no file yet"
    stream = opened(path)
    assert len(reader.read(1, 10)) == 0
    stream.put(1, records(1, 6))
    assert reader.read(3, 2).tobytes() == records(3, 4).tobytes()
    assert reader.read(5, 100).tobytes() == records(5, 6).tobytes()
    assert len(reader.read(7, 1)) == len(reader.read(9, 1)) == 0
    with path.open("ab") as file:
        file.write(b"half a record")
    assert reader.read(6, 2).tobytes() == records(6, 6).tobytes()
    reader.close()
    reader.close()
