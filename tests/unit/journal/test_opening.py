"""Places that are no journal, second writers, other versions, wrong settings: each says what it is."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import google_crc32c
import pytest

from novate.journal import DataLoss, Journal, JournalCorrupt, JournalError, JournalLocked, JournalVersionError
from tests.unit.journal.samples import SMALL, commands, contents, fill, segment_files

HOLDER = """
import sys
from novate.journal import Journal
with Journal.open(sys.argv[1]) as journal:
    print(journal.last_sequence, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A closed journal of ten commands."""
    with Journal.create(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, [4, 6])
    return tmp_path / "j"


@pytest.mark.parametrize("read_only", [False, True])
def test_places_without_a_journal_say_what_they_are(tmp_path: Path, read_only: bool) -> None:
    (tmp_path / "file").write_text("orders")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    for name, finding in [
        ("file", "expected the directory of a journal, was a file"),
        ("nowhere", "expected the directory of a journal, was nothing there"),
        ("empty", "expected a journal, was an empty directory"),
        ("other", "expected a journal, was files that are no journal"),
    ]:
        with pytest.raises(JournalError, match=finding):
            Journal.open(tmp_path / name, read_only=read_only)
    assert list((tmp_path / "empty").iterdir()) == []


def test_an_existing_journal_is_not_created_again(place: Path) -> None:
    before = segment_files(place)[0].read_bytes()
    with pytest.raises(JournalError, match="was one with a journal"):
        Journal.create(place, segment_bytes=SMALL)
    assert segment_files(place)[0].read_bytes() == before


def test_a_file_is_no_place_for_a_new_journal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("orders")
    with pytest.raises(JournalError, match="expected a directory for a new journal, was a file"):
        Journal.create(tmp_path / "file")
    with pytest.raises(JournalError, match="expected to create a journal, was"):
        Journal.create(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "orders"


@pytest.mark.parametrize(
    ("settings", "finding"),
    [
        ({"segment_bytes": 4096}, "segment_bytes: expected a multiple of 4096 from 8192"),
        ({"segment_bytes": 10_000}, "was 10000"),
        ({"segment_bytes": 2 << 30}, "was 2147483648"),
        ({"durability": "sometimes"}, "durability: expected one of always, interval, none, was 'sometimes'"),
        ({"identity": b"short"}, "identity: expected 16 bytes, was 5"),
    ],
)
def test_settings_are_checked(tmp_path: Path, settings: dict[str, object], finding: str) -> None:
    with pytest.raises(JournalError, match=finding):
        Journal.create(tmp_path / "j", **settings)  # type: ignore[arg-type]
    assert not (tmp_path / "j").exists()


def test_a_second_writer_in_the_same_process_is_refused(place: Path) -> None:
    with Journal.open(place), pytest.raises(JournalLocked, match=f"was locked by process {os.getpid()}"):
        Journal.open(place)
    with Journal.open(place) as journal:
        assert journal.last_sequence == 10


def test_a_second_process_is_refused_and_readers_are_not(place: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "10\n"
        with pytest.raises(JournalLocked, match=f"the only writer, was locked by process {holder.pid}"):
            Journal.open(place)
        with pytest.raises(JournalLocked):
            Journal.create(place, segment_bytes=SMALL)
        with Journal.open(place, read_only=True) as reader:
            assert contents(reader).tobytes() == commands(10).tobytes()
        holder.communicate("")
    with Journal.open(place) as journal:
        assert journal.append(commands(1, 11)) == 11


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize("name", ["segment-00000000000000000001", "witness"])
def test_a_newer_version_is_named(place: Path, name: str, checksum: bool) -> None:
    path = place / name
    data = bytearray(path.read_bytes())
    whole = 4096 if name.startswith("segment") else 512
    data[8:16] = struct.pack("<II", 2, 0)
    if checksum:
        data[12:16] = struct.pack("<I", google_crc32c.value(bytes(data[:whole])))
    path.write_bytes(data)
    for read_only in (True, False):
        with pytest.raises(JournalVersionError, match=f"{name}: expected format version 1, was 2"):
            Journal.open(place, read_only=read_only)


def test_a_read_only_open_changes_nothing_and_needs_no_right_to_write(place: Path) -> None:
    (place / "lock").unlink()
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in place.iterdir()}
    with Journal.open(place, read_only=True) as journal:
        contents(journal)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in place.iterdir()} == before


def test_a_missing_witness_is_damage(place: Path) -> None:
    (place / "witness").unlink()
    with pytest.raises(JournalCorrupt, match="expected a witness file, was nothing there"):
        Journal.open(place)


def test_missing_segments_are_data_loss(place: Path) -> None:
    segment_files(place)[0].unlink()
    with pytest.raises(DataLoss, match="expected the segments of a journal, was none"):
        Journal.open(place)


def test_half_written_files_of_a_crash_are_swept_away(place: Path) -> None:
    (place / "segment-00000000000000000011.partial").write_bytes(b"half")
    (place / "snapshot-x.partial").write_bytes(b"half")
    with Journal.open(place) as journal:
        assert journal.last_sequence == 10
    assert not list(place.glob("*.partial"))
