"""What is appended is read back: same bytes, same numbers, from anywhere."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from novate.domain.records import COMMAND, CREDIT_COMMAND, new_commands
from novate.journal import Journal, JournalError
from novate.journal.disk import Disk
from tests.unit.journal.samples import IDENTITY, SMALL, commands, contents, fill, segment_files


def test_sequences_start_at_one_and_have_no_gap(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        assert journal.last_sequence == 0
        assert journal.root == bytes(32)
        assert journal.append(commands(3)) == 3
        assert journal.append(commands(1, 4)) == 4
        assert [first for first, _ in journal.read()] == [1, 4]
        assert contents(journal).tobytes() == commands(4).tobytes()
        assert journal.records_bytes == 256


def test_a_journal_continues_where_it_was_closed(tmp_path: Path) -> None:
    batches = [1, 6, 7, 20, 3, 50]
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, batches)
        root = journal.root
    for expected in (87, 92, 97):
        with Journal.open(tmp_path / "j") as journal:
            assert journal.last_sequence == expected
            assert expected > 87 or journal.root == root
            assert journal.recovery.cut_bytes == 0
            fill(journal, [5])
    with Journal.open(tmp_path / "j", read_only=True) as journal:
        assert contents(journal).tobytes() == commands(102).tobytes()


def test_reading_starts_at_any_sequence(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, [1, 30, 2, 40, 50, 1, 7])
        last = journal.last_sequence
        for start in range(1, last + 2):
            assert contents(journal, start).tobytes() == commands(last - start + 1, start).tobytes()
        with pytest.raises(JournalError, match="from 1 to 132, was 133"):
            next(iter(journal.read(last + 2)))


def test_a_reopened_journal_reads_from_the_middle_of_an_old_segment(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=2 << 20) as journal:
        fill(journal, [5000] * 20)
    with Journal.open(tmp_path / "j", read_only=True) as journal:
        assert len(segment_files(tmp_path / "j")) == 4
        for start in (99_999, 30_001, 30_002, 1):
            first, records = next(iter(journal.read(start)))
            assert first == start
            assert records["client_order_id"][0] == start
        assert contents(journal).tobytes() == commands(100_000).tobytes()


def test_a_batch_that_does_not_fit_begins_a_segment(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, [50, 20])
        names = [path.name for path in segment_files(tmp_path / "j")]
        assert names == [f"segment-{1:020d}", f"segment-{51:020d}"]
        assert contents(journal).tobytes() == commands(70).tobytes()


def test_a_batch_larger_than_a_segment_becomes_several_blocks(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        assert fill(journal, [2, 200])[-1][0] == 202
        sizes = [len(records) for _, records in journal.read()]
        assert sizes == [2, 62, 62, 62, 14]
        assert contents(journal).tobytes() == commands(202).tobytes()


def test_the_root_is_the_hash_of_the_last_block_and_follows_from_the_records(tmp_path: Path) -> None:
    roots = []
    for name, durability in (("a", "always"), ("b", "none")):
        with Journal.create(tmp_path / name, segment_bytes=SMALL, durability=durability) as journal:
            fill(journal, [3, 5])
            roots.append(journal.root)
            block = segment_files(tmp_path / name)[0].read_bytes()[4096 + 512 : 4096 + 1024 - 16]
            assert journal.root == hashlib.sha256(block).digest()
    assert roots[0] == roots[1]


def test_blocks_tell_engine_time_and_hash(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        journal.append(commands(2), engine_ts=1_700_000_000_000_000_000)
        journal.append(commands(2, 3), engine_ts=-1)
        assert [b.engine_ts for b in journal.blocks()] == [1_700_000_000_000_000_000, -1]
        assert list(journal.blocks())[-1].hash == journal.root


def test_records_that_are_read_can_be_written_to_without_touching_the_journal(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        journal.append(commands(4))
        for _, records in journal.read():
            assert records.dtype == COMMAND
            assert records.flags.writeable
            assert records.flags.c_contiguous
            records["price"] = 0
        assert contents(journal).tobytes() == commands(4).tobytes()


def test_records_of_other_layouts_and_strides_are_kept_byte_for_byte(tmp_path: Path) -> None:
    credit = np.zeros(3, CREDIT_COMMAND)
    credit["kind"] = 20
    credit["delta"] = (5, -6, 7)
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        journal.append(credit)
        journal.append(commands(9)[::2])
        kept = contents(journal).tobytes()
    assert kept == credit.tobytes() + commands(9)[::2].tobytes()


@pytest.mark.parametrize(
    ("records", "finding"),
    [
        (np.zeros(4, np.int64), "8-byte items"),
        (commands(4).reshape(2, 2), r"shape \(2, 2\)"),
        (new_commands(1), "record 0: expected a command, was 64 zero bytes"),
        (np.concatenate([commands(2), new_commands(1)]), "record 2"),
    ],
)
def test_what_is_no_batch_is_refused_and_the_journal_goes_on(
    tmp_path: Path, records: np.ndarray, finding: str
) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        with pytest.raises(JournalError, match=finding):
            journal.append(records)
        assert journal.append(commands(1)) == 1


def test_an_empty_batch_writes_nothing(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL, identity=IDENTITY) as journal:
        before = segment_files(tmp_path / "j")[0].read_bytes()
        assert journal.append(commands(0)) == 0
        assert segment_files(tmp_path / "j")[0].read_bytes() == before
        assert contents(journal).tobytes() == b""


def test_a_record_may_have_a_zero_first_byte_as_long_as_it_is_not_empty(tmp_path: Path) -> None:
    odd = np.zeros(2, "V64")
    odd.view(np.uint8)[[63, 127]] = 9
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        journal.append(odd)
        assert contents(journal).tobytes() == odd.tobytes()


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_weaker_durability_is_made_durable_at_close(tmp_path: Path, durability: str) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL, durability=durability) as journal:
        fill(journal, [10, 60, 5])
        assert journal.flush() == 75
        fill(journal, [1])
    with Journal.open(tmp_path / "j", read_only=True) as journal:
        assert contents(journal).tobytes() == commands(76).tobytes()


def test_a_closed_or_read_only_journal_takes_nothing(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "j", segment_bytes=SMALL)
    fill(journal, [2])
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="expected a journal open for writing, was read-only or closed"):
        journal.append(commands(1, 3))
    with Journal.open(tmp_path / "j", read_only=True) as reader:
        with pytest.raises(
            JournalError, match="expected a journal open for writing, was read-only or closed"
        ):
            reader.append(commands(1, 3))
        assert reader.last_sequence == 2


def test_a_reader_stopped_in_the_middle_leaves_nothing_open(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=4 << 20) as journal:
        fill(journal, [9000] * 8)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            for _first, _records in journal.read():
                break
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_segment_prepared_in_the_background_is_used_or_swept_away(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=4 << 20) as journal:
        fill(journal, [9000] * 4)
        assert len(segment_files(tmp_path / "j")) == 1
        fill(journal, [9000] * 10)
        assert len(segment_files(tmp_path / "j")) == 2
        assert contents(journal).tobytes() == commands(14 * 9000).tobytes()
    assert sorted(path.name for path in (tmp_path / "j").iterdir() if not path.name.startswith("seg")) == [
        "lock",
        "witness",
    ]


class WithoutDirectWrites(Disk):
    """A file system that has none."""

    def open_direct(self, path: Path) -> int | None:
        return None


@pytest.mark.parametrize("count", [1, 7, 8, 300])
def test_direct_and_flushed_writes_leave_the_same_files(tmp_path: Path, count: int) -> None:
    files = {}
    for name, disk in (("direct", Disk()), ("flushed", WithoutDirectWrites())):
        place = tmp_path / name
        with Journal.create(place, segment_bytes=1 << 16, identity=bytes(16), disk=disk) as journal:
            for block in range(20):
                journal.append(commands(count, block * count + 1), block)
        files[name] = {path.name: path.read_bytes() for path in place.iterdir() if path.name != "lock"}
        with Journal.open(place) as journal:
            assert journal.last_sequence == 20 * count
    assert files["direct"] == files["flushed"]


def test_a_direct_write_is_used_where_the_disk_has_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 8192)
    fd = Disk().open_direct(path)
    if fd is None:
        pytest.skip("the file system of this directory has no direct writes of 512 bytes")
    assert path.read_bytes() == b"x" * 8192, "trying it out changes nothing"
    os.close(fd)
