"""A segment: one preallocated, zeroed file that blocks fill from the front.

    segment-00000000000000000001            segment-00000000000000004097
    +--------+-------+-------+----------+   +--------+-------+------------------+
    | header | block | block | zeros    |   | header | block | zeros            |
    | 4096   |       |       |          |   | 4096   |       |                  |
    +--------+-------+-------+----------+   +--------+-------+------------------+
      base 1   hash -> prev  hash ----------> previous root

The file is named after its first sequence. It appears under its name only when it is complete (space
reserved, zeroed, header written, flushed), so a segment file with a bad header or a wrong size is damage
and never the trace of a crash.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import google_crc32c

from novate.journal.blocks import NO_HASH, SECTOR_BYTES
from novate.journal.disk import PARTIAL, Disk, read_file
from novate.journal.errors import JournalCorrupt, JournalVersionError
from novate.journal.witness import FORMAT_VERSION

SEGMENT_HEADER_BYTES = 4096
DEFAULT_SEGMENT_BYTES = 64 << 20
LEAST_SEGMENT_BYTES = 2 * SEGMENT_HEADER_BYTES
MOST_SEGMENT_BYTES = 1 << 30

DURABILITIES = ("always", "interval", "none")

_MAGIC = b"NOVATEJ\xd7"
_LAYOUT = struct.Struct("<8sII16sQQQ32sII")
_NAME = re.compile(r"segment-(\d{20})")


class SegmentHeader(NamedTuple):
    """What a segment says of itself; the same for its whole life."""

    identity: bytes
    number: int  # 1, 2, 3, ... in the journal
    base_sequence: int
    segment_bytes: int
    previous_root: bytes  # hash of the last block of the segment before
    durability: str


class Segment(NamedTuple):
    """A segment file with its verified header."""

    path: Path
    header: SegmentHeader


def encode_header(header: SegmentHeader) -> bytes:
    """The 4096 bytes: the checksum covers all of them, counted with the checksum itself as zero."""
    bare = _LAYOUT.pack(
        _MAGIC,
        FORMAT_VERSION,
        0,
        header.identity,
        header.number,
        header.base_sequence,
        header.segment_bytes,
        header.previous_root,
        DURABILITIES.index(header.durability),
        SECTOR_BYTES,
    ).ljust(SEGMENT_HEADER_BYTES, b"\0")
    return bare[:12] + struct.pack("<I", google_crc32c.value(bare)) + bare[16:]


def prepare_segment(disk: Disk, directory: Path, segment_bytes: int) -> Path:
    """Reserve and zero the file of a segment whose place in the journal is not known yet.

    The long part of beginning a segment. OSError (a full disk) leaves no file.
    """
    spare = directory / f"spare{PARTIAL}"
    fd = disk.open(spare, write=True, create=True)
    try:
        disk.truncate(fd, 0)
        disk.preallocate(fd, segment_bytes)
        disk.fdatasync(fd)
    except OSError:
        with contextlib.suppress(OSError):
            disk.remove(spare)
        raise
    finally:
        disk.close(fd)
    return spare


def create_segment(disk: Disk, directory: Path, spare: Path, header: SegmentHeader) -> Segment:
    """Make a prepared file the next segment; complete and durable on return."""
    path = directory / f"segment-{header.base_sequence:020d}"
    fd = disk.open(spare, write=True)
    try:
        disk.write_all(fd, encode_header(header), 0)
        disk.fdatasync(fd)
    finally:
        disk.close(fd)
    disk.rename(spare, path)
    disk.fsync_directory(directory)
    return Segment(path, header)


def find_segments(disk: Disk, directory: Path) -> list[Segment]:
    """All segments in order, each header and the order itself verified."""
    names = [name for name in disk.names(directory) if _NAME.fullmatch(name)]
    segments = [Segment(directory / name, _read_header(disk, directory / name)) for name in names]
    for number, segment in enumerate(segments, start=1):
        _check_order(segments, number, segment)
    return segments


def _read_header(disk: Disk, path: Path) -> SegmentHeader:
    fd = disk.open(path)
    try:
        size = disk.size(fd)
    finally:
        disk.close(fd)
    data = read_file(disk, path, SEGMENT_HEADER_BYTES).tobytes()
    base = int(path.name.removeprefix("segment-"))
    if len(data) < SEGMENT_HEADER_BYTES:
        raise JournalCorrupt(path, 0, base, f"a header of {SEGMENT_HEADER_BYTES} bytes", f"{len(data)} bytes")
    magic, version, _, identity, number, sequence, segment_bytes, root, durability, _ = _LAYOUT.unpack_from(
        data
    )
    if magic == _MAGIC and version > FORMAT_VERSION:
        raise JournalVersionError(f"{path}: expected format version {FORMAT_VERSION}, was {version}")
    if durability >= len(DURABILITIES):
        raise JournalCorrupt(path, 0, base, "a known durability", f"number {durability}")
    header = SegmentHeader(identity, number, sequence, segment_bytes, root, DURABILITIES[durability])
    if encode_header(header) != data:
        raise JournalCorrupt(path, 0, base, "a segment header with a good checksum", "other bytes")
    if size != segment_bytes:
        raise JournalCorrupt(path, size, base, f"a file of {segment_bytes} bytes", f"{size} bytes")
    return header


def _check_order(segments: Sequence[Segment], number: int, segment: Segment) -> None:
    path, header = segment
    base = int(path.name.removeprefix("segment-"))
    if header.base_sequence != base:
        raise JournalCorrupt(path, 0, base, f"base sequence {base}", f"{header.base_sequence}")
    if header.identity != segments[0].header.identity:
        raise JournalCorrupt(
            path, 0, base, f"journal {segments[0].header.identity.hex()}", f"journal {header.identity.hex()}"
        )
    if header.number != number:
        raise JournalCorrupt(path, 0, base, f"segment number {number}", f"number {header.number}")
    if number == 1 and (base != 1 or header.previous_root != NO_HASH):
        raise JournalCorrupt(path, 0, base, "a first segment that starts with sequence 1", f"{base}")
