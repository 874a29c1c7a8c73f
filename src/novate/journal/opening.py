"""Creating and opening: the order of the steps in which a journal comes to life.

    create   lock -> witness "nothing yet" -> first segment -> witness "segment 1"
    open     lock -> witness -> segment headers -> flush, drop the cache -> recover -> zero a torn tail
             -> witness "this much is durable"

The witness is read before the directory is listed, so that a reader beside a living writer never sees a
witness ahead of the files. A journal is writable only with the lock, and the lock dies with its process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from novate.journal.blocks import NO_HASH, SECTOR_BYTES
from novate.journal.disk import PARTIAL, Disk, read_file
from novate.journal.errors import DataLoss, JournalCorrupt, JournalError, JournalLocked
from novate.journal.index import SparseIndex
from novate.journal.reader import Position, start_of
from novate.journal.recovery import Recovery, recover
from novate.journal.segments import (
    DURABILITIES,
    LEAST_SEGMENT_BYTES,
    MOST_SEGMENT_BYTES,
    SEGMENT_HEADER_BYTES,
    Segment,
    SegmentHeader,
    create_segment,
    find_segments,
    prepare_segment,
)
from novate.journal.snapshots import Snapshots
from novate.journal.witness import WITNESS_NAME, Witness, read_witness, write_witness

LOCK_NAME = "lock"
LIVE_READ_ATTEMPTS = 5
"""A reader beside a living writer can see a block half copied; looking again settles it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that a journal needs to start."""

    segments: list[Segment]
    index: SparseIndex
    end: Position
    recovery: Recovery
    lock_fd: int | None  # None: read-only


def create_journal(
    disk: Disk, directory: Path, segment_bytes: int, durability: str, identity: bytes
) -> Opened:
    """An empty journal with its first segment, durable on return."""
    _check_settings(segment_bytes, durability, identity)
    try:
        if directory.exists() and not directory.is_dir():
            raise JournalError(f"{directory}: expected a directory for a new journal, was a file")
        disk.make_directory(directory)
        disk.fsync_directory(directory.parent)
        lock_fd = _take_lock(disk, directory)
        try:
            opened = _create(disk, directory, segment_bytes, durability, identity)
            return replace(opened, lock_fd=lock_fd)
        except BaseException:
            disk.close(lock_fd)
            raise
    except OSError as error:
        raise JournalError(f"{directory}: expected to create a journal, was: {error}") from error


def _check_settings(segment_bytes: int, durability: str, identity: bytes) -> None:
    least, most = LEAST_SEGMENT_BYTES, MOST_SEGMENT_BYTES
    if not least <= segment_bytes <= most or segment_bytes % SEGMENT_HEADER_BYTES:
        raise JournalError(
            f"segment_bytes: expected a multiple of {SEGMENT_HEADER_BYTES} from {least} to {most}, "
            f"was {segment_bytes}"
        )
    if durability not in DURABILITIES:
        raise JournalError(f"durability: expected one of {', '.join(DURABILITIES)}, was {durability!r}")
    if len(identity) != 16:
        raise JournalError(f"identity: expected 16 bytes, was {len(identity)}")


def _create(disk: Disk, directory: Path, segment_bytes: int, durability: str, identity: bytes) -> Opened:
    names = disk.names(directory)
    if any(name.startswith(("segment-", "snapshot-")) and not name.endswith(PARTIAL) for name in names):
        raise JournalError(f"{directory}: expected a directory without a journal, was one with a journal")
    _remove_partial_files(disk, directory)
    write_witness(disk, directory, Witness(identity, 0, 0, NO_HASH))
    header = SegmentHeader(identity, 1, 1, segment_bytes, NO_HASH, durability)
    spare = prepare_segment(disk, directory, segment_bytes)
    segments = [create_segment(disk, directory, spare, header)]
    write_witness(disk, directory, Witness(identity, 0, 1, NO_HASH))
    end = start_of(segments, 0)
    report = Recovery(0, NO_HASH, segments[0].path.name, end.offset, 0, "")
    return Opened(segments, SparseIndex(segments), end, report, None)


def open_journal(disk: Disk, directory: Path, read_only: bool) -> Opened:
    """Recover what is there. Raises the errors of `novate.journal.errors`, and changes nothing then."""
    try:
        if not directory.is_dir():
            found = "a file" if directory.exists() else "nothing there"
            raise JournalError(f"{directory}: expected the directory of a journal, was {found}")
        return _open_to_read(disk, directory) if read_only else _open_to_write(disk, directory)
    except OSError as error:
        raise JournalError(f"{directory}: expected to open a journal, was: {error}") from error


def _open_to_read(disk: Disk, directory: Path) -> Opened:
    for _ in range(LIVE_READ_ATTEMPTS - 1):
        try:
            return _recover(disk, directory)
        except JournalCorrupt:
            if not _has_living_writer(disk, directory):
                raise
    return _recover(disk, directory)


def _open_to_write(disk: Disk, directory: Path) -> Opened:
    _expect_a_journal(disk, directory)
    lock_fd = _take_lock(disk, directory)
    try:
        opened = _recover(disk, directory, flush=True)
        _remove_partial_files(disk, directory)
        if opened.recovery.cut_bytes:
            _zero_tail(disk, opened)
        header = opened.segments[-1].header
        now = Witness(header.identity, opened.end.sequence, header.number, opened.end.root)
        if now != read_witness(disk, directory):
            write_witness(disk, directory, now)
        return replace(opened, lock_fd=lock_fd)
    except BaseException:
        disk.close(lock_fd)
        raise


def _recover(disk: Disk, directory: Path, flush: bool = False) -> Opened:
    _expect_a_journal(disk, directory)
    witness = read_witness(disk, directory)
    snapshots = Snapshots(disk, directory, b"", lambda: 0).all()
    segments = find_segments(disk, directory)
    if not segments:
        if witness is None or witness.segments:
            raise DataLoss(f"{directory}: expected the segments of a journal, was none")
        raise JournalError(
            f"{directory}: expected a journal, was one whose creation was interrupted; create it again, "
            "which finishes it"
        )
    if witness is None:
        raise JournalCorrupt(directory / WITNESS_NAME, 0, 0, "a witness file", "nothing there")
    if witness.identity != segments[0].header.identity:
        found = segments[0].header.identity.hex()
        raise JournalCorrupt(segments[0].path, 0, 1, f"journal {witness.identity.hex()}", f"journal {found}")
    if flush:
        _read_from_the_disk_itself(disk, segments[-1])
    index = SparseIndex(segments)
    report, end = recover(disk, str(directory), segments, witness, index)
    if snapshots and snapshots[-1].sequence > end.sequence:
        raise DataLoss(
            f"{directory}: expected records through sequence {snapshots[-1].sequence}, of which there is "
            f"a snapshot, was the end at {end.sequence}"
        )
    return Opened(segments, index, end, report, None)


def _expect_a_journal(disk: Disk, directory: Path) -> None:
    names = disk.names(directory)
    if not any(name == WITNESS_NAME or name.startswith(("segment-", "snapshot-")) for name in names):
        found = "files that are no journal" if names else "an empty directory"
        raise JournalError(f"{directory}: expected a journal, was {found}")


def _read_from_the_disk_itself(disk: Disk, segment: Segment) -> None:
    """What recovery finds must survive the next power cut too: flush it, then read it back from the disk."""
    fd = disk.open(segment.path, write=True)
    try:
        disk.fdatasync(fd)
        disk.forget_cache(fd)
    finally:
        disk.close(fd)


def _zero_tail(disk: Disk, opened: Opened) -> None:
    """Make the torn bytes zero again, so that the next block falls on ground that recovery can judge."""
    length = -(-opened.recovery.cut_bytes // SECTOR_BYTES) * SECTOR_BYTES
    fd = disk.open(opened.segments[-1].path, write=True)
    try:
        disk.write_all(fd, bytes(length), opened.end.offset)
        disk.fdatasync(fd)
    finally:
        disk.close(fd)


def _take_lock(disk: Disk, directory: Path) -> int:
    path = directory / LOCK_NAME
    fd = disk.open(path, write=True, create=True)
    if not disk.lock(fd):
        holder = read_file(disk, path, 32).tobytes().decode("ascii", "replace").strip() or "unknown"
        disk.close(fd)
        raise JournalLocked(f"{directory}: expected to be the only writer, was locked by process {holder}")
    try:
        disk.truncate(fd, 0)
        disk.write_all(fd, f"{os.getpid()}\n".encode(), 0)
    except OSError:
        disk.close(fd)
        raise
    return fd


def _has_living_writer(disk: Disk, directory: Path) -> bool:
    try:
        fd = disk.open(directory / LOCK_NAME)
    except OSError:
        return False
    try:
        return not disk.lock(fd)
    finally:
        disk.close(fd)


def _remove_partial_files(disk: Disk, directory: Path) -> None:
    for name in disk.names(directory):
        if name.endswith(PARTIAL):
            disk.remove(directory / name)
