"""Snapshots: what a machine puts in comes out again, or is refused with a reason."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from novate.domain.machine import SnapshotReader, SnapshotWriter
from novate.domain.records import COMMAND, EVENT, Commands, Events
from novate.journal import DataLoss, Journal, JournalError
from tests.unit.journal.samples import SMALL, commands, fill, killed_journal

GAPS = np.dtype({"names": ["b", "a"], "formats": ["<i8", "<u2"], "offsets": [16, 3], "itemsize": 40})
NESTED = np.dtype([("level", [("price", "<i8"), ("sizes", "<u4", (3, 2))]), ("name", "S5")])


class Counter:
    """A machine whose state is a handful of arrays of every shape that a snapshot must keep."""

    consumed = 0

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.arrays: dict[str, npt.NDArray[np.void] | npt.NDArray[np.int64]] = {
            "orders": commands(33, 1 + seed),
            "gaps": random.integers(0, 256, 5 * GAPS.itemsize, np.uint8).view(GAPS),
            "nested": random.integers(0, 256, 2 * NESTED.itemsize, np.uint8).view(NESTED),
            "clock": np.array(seed, np.int64),
            "empty": np.zeros((0, 4), np.int32),
            "matrix": np.asfortranarray(random.integers(0, 9, (3, 5))),
            "flags": np.array([True, False, True]),
        }

    def apply(self, commands: Commands, events: Events) -> int:
        raise NotImplementedError

    def state_root(self) -> bytes:
        return hashlib.sha256(b"".join(a.tobytes() for a in self.arrays.values())).digest()

    def snapshot(self, into: SnapshotWriter) -> None:
        for name, array in self.arrays.items():
            into.put(name, array)

    def restore(self, source: SnapshotReader) -> None:
        self.arrays = {name: source.get(name) for name in self.arrays}

    def validate(self) -> None:
        pass


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A journal of 20 commands with snapshots at 10 and 20."""
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, [10])
        journal.snapshots.write(10, Counter(10))
        fill(journal, [10])
        journal.snapshots.write(20, Counter(20))
    return tmp_path / "j"


def test_a_machine_is_restored_byte_for_byte(place: Path) -> None:
    with Journal.open(place) as journal:
        found = journal.snapshots.newest()
        assert found is not None
        sequence, root, reader = found
        machine = Counter()
        machine.restore(reader)
        assert (sequence, root) == (20, Counter(20).state_root())
        assert machine.state_root() == root
        for name, array in Counter(20).arrays.items():
            kept = reader.get(name)
            assert (kept.dtype, kept.shape) == (array.dtype, array.shape)
            assert kept.tobytes() == array.tobytes()
        with pytest.raises(KeyError):
            reader.get("nothing")


def test_all_lists_by_sequence_with_state_roots(place: Path) -> None:
    with Journal.open(place, read_only=True) as journal:
        listed = [(name.sequence, name.state_root) for name in journal.snapshots.all()]
    assert listed == [(n, Counter(n).state_root()) for n in (10, 20)]


def test_a_journal_without_snapshots_has_no_newest(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        assert journal.snapshots.newest() is None
        journal.snapshots.write(0, Counter())
        newest = journal.snapshots.newest()
        assert newest is not None
        assert newest[0] == 0


def test_any_flipped_bit_of_a_snapshot_is_refused_and_the_older_one_is_used(place: Path) -> None:
    with Journal.open(place, read_only=True) as journal:
        path = journal.snapshots.all()[-1].path
        good = path.read_bytes()
        # Every bit of the trailer, every third of the header, and a sample of what lies between.
        ends = [*range(0, 128 * 8, 3), *range((len(good) - 96) * 8, len(good) * 8)]
        for bit in (*ends, *(byte * 8 + byte % 8 for byte in range(128, len(good) - 96, 5))):
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            path.write_bytes(bad)
            found = journal.snapshots.newest()
            assert found is not None
            assert found[0] == 10, bit
            assert len(journal.snapshots.refusals) == 1
            assert str(path) in journal.snapshots.refusals[0]
        path.write_bytes(good)
        assert journal.snapshots.newest() is not None
        assert journal.snapshots.refusals == ()


def test_a_snapshot_cut_at_any_byte_is_refused(place: Path) -> None:
    with Journal.open(place, read_only=True) as journal:
        path = journal.snapshots.all()[-1].path
        good = path.read_bytes()
        for length in [*range(0, len(good), 7), len(good) - 1]:
            path.write_bytes(good[:length])
            found = journal.snapshots.newest()
            assert found is not None
            assert found[0] == 10


def test_a_snapshot_under_another_name_or_of_another_journal_is_refused(tmp_path: Path, place: Path) -> None:
    with Journal.open(place, read_only=True) as journal:
        older, newer = journal.snapshots.all()
        newer.path.write_bytes(older.path.read_bytes())
        found = journal.snapshots.newest()
        assert found is not None
        assert found[0] == 10
        assert "header of this journal's sequence 20, was another" in journal.snapshots.refusals[0]
    with Journal.create(tmp_path / "other", segment_bytes=SMALL) as other:
        fill(other, [10])
        (tmp_path / "other" / older.path.name).write_bytes(older.path.read_bytes())
        assert other.snapshots.newest() is None
        assert len(other.snapshots.refusals) == 1


def test_a_snapshot_ahead_of_the_journal_is_refused_when_written_and_when_found(tmp_path: Path) -> None:
    killed_journal(tmp_path / "j", [5, 5])
    with Journal.open(tmp_path / "j") as journal:
        with pytest.raises(JournalError, match="expected a sequence from 0 to 10, was 11"):
            journal.snapshots.write(11, Counter())
        path = journal.snapshots.write(10, Counter())
    path.rename(path.with_name(path.name.replace(f"{10:020d}", f"{12:020d}")))
    with pytest.raises(DataLoss, match="expected records through sequence 12, of which there is a snapshot"):
        Journal.open(tmp_path / "j")


def test_a_snapshot_makes_weakly_durable_records_durable_and_witnessed(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j", segment_bytes=SMALL, durability="none") as journal:
        fill(journal, [5])
        journal.snapshots.write(3, Counter())
        witness = (tmp_path / "j" / "witness").read_bytes()
        assert int.from_bytes(witness[32:40], "little") == 5


def test_a_failing_machine_leaves_no_half_snapshot(place: Path) -> None:
    class Twice(Counter):
        def snapshot(self, into: SnapshotWriter) -> None:
            into.put("a", np.zeros(3, EVENT))
            into.put("a", np.zeros(3, COMMAND))

    with Journal.open(place) as journal:
        before = sorted(place.iterdir())
        with pytest.raises(JournalError, match="array 'a': expected each name once, was put twice"):
            journal.snapshots.write(20, Twice())
        assert sorted(place.iterdir()) == before
        assert journal.append(commands(1, 21)) == 21


def test_a_reader_writes_no_snapshot(place: Path) -> None:
    with (
        Journal.open(place, read_only=True) as journal,
        pytest.raises(JournalError, match="open for writing"),
    ):
        journal.snapshots.write(20, Counter())
