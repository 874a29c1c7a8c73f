"""A tail reads what is durable, beside the writer, without a gap and without a repetition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from novate.domain.codes import CommandKind
from novate.domain.records import Commands, new_commands
from novate.journal import Journal
from novate.journal.errors import JournalCorrupt
from novate.journal.tail import PATIENCE, Tail

SMALL = 64 << 10
"""A segment of so many bytes is full after a few blocks."""


def records(first: int, count: int) -> Commands:
    """TIME commands whose time is their number."""
    made = new_commands(count)
    made["kind"], made["time"] = CommandKind.TIME, np.arange(first, first + count)
    return made


def times(tail: Tail, whole: bool = False) -> list[int]:
    """What the tail gives, until it gives nothing."""
    found: list[int] = []
    while blocks := tail.read(whole):
        for block in blocks:
            found += block.payload.view(new_commands(0).dtype)["time"].tolist()
    return found


def test_the_last_block_is_held_back_until_another_one_proves_it_durable(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j") as journal:
        tail = Tail(tmp_path / "j")
        assert times(tail) == []
        journal.append(records(1, 3))
        assert times(tail) == [], "its flush may not have returned"
        journal.append(records(4, 2))
        assert times(tail) == [1, 2, 3]
        assert times(tail) == []
    assert times(tail, whole=True) == [4, 5], "nobody writes any more"


def test_a_tail_goes_on_into_new_segments(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        tail, found = Tail(tmp_path / "j"), []
        for at in range(60):
            journal.append(records(1 + 100 * at, 100))
            found += times(tail)
        assert len(list((tmp_path / "j").glob("segment-*"))) > 3
        assert found == list(range(1, 5901))
    assert times(tail, whole=True) == list(range(5901, 6001))


@pytest.mark.parametrize("start", [1, 150, 151, 3000, 6000])
def test_a_tail_begins_with_the_block_that_holds_a_sequence(tmp_path: Path, start: int) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        for at in range(60):
            journal.append(records(1 + 100 * at, 100))
    first = (start - 1) // 100 * 100 + 1
    assert times(Tail(tmp_path / "j", start), whole=True) == list(range(first, 6001))


def test_a_large_block_alone_does_not_stop_the_tail(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j") as journal:
        tail = Tail(tmp_path / "j")
        for at in range(3):
            journal.append(records(1 + 40_000 * at, 40_000))
        assert times(tail) == list(range(1, 80_001))


def test_a_half_copied_block_is_looked_at_again_and_a_bad_one_told(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j") as journal:
        journal.append(records(1, 3))
        journal.append(records(4, 3))
        journal.append(records(7, 3))
    (segment,) = (tmp_path / "j").glob("segment-*")
    good = segment.read_bytes()
    second = 4096 + 512
    with segment.open("r+b") as file:
        file.seek(second + 100)
        file.write(b"\xff" * 8)
    tail = Tail(tmp_path / "j")
    assert times(tail) == [], "what stands behind the first block is no block yet"
    segment.write_bytes(good)
    assert times(tail) == [1, 2, 3, 4, 5, 6]
    with segment.open("r+b") as file:
        file.seek(second + 512 + 100)
        file.write(b"\xff" * 8)
    for _ in range(PATIENCE):
        assert times(tail) == []
    with pytest.raises(JournalCorrupt):
        tail.read()
