"""Recovery: where the journal ends, and whether what lies behind that end is a torn write or damage.

    | block 118..120 | block 121..128 | ??? ......... zeros |        the last segment
                                       ^ the first place without a valid block

  all zero                                             clean end
  a later valid block says this one was durable        JournalCorrupt
  a sector that never arrived, or a write cut short    torn: never acknowledged, cut and reported
  anything else, one flipped bit included              JournalCorrupt
  the end lies before the witness                      DataLoss

The reasoning, with the crash states that are possible, stands in docs/journal-format.md. In short: only the
last write can be unflushed, a lost sector is all zero because the file was, and no sector of a complete
block is; so the two cannot be confused by any single bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.journal.blocks import (
    BLOCK_MAGIC,
    HEADER_BYTES,
    SECTOR_BYTES,
    body_fault,
    durable_sequence_of,
    header_at,
    link_fault,
    shape_fault,
)
from novate.journal.disk import Bytes, Disk
from novate.journal.errors import DataLoss, JournalCorrupt
from novate.journal.index import SparseIndex
from novate.journal.reader import Position, Walk, start_of
from novate.journal.segments import Segment
from novate.journal.witness import Witness


class Recovery(NamedTuple):
    """What opening the journal found."""

    last_sequence: int
    root: bytes
    segment: str  # file name of the last segment
    offset: int  # where its blocks end
    cut_bytes: int  # from there to the last byte of a torn, never acknowledged write; 0 at a clean end
    reason: str  # what was wrong with the torn block; empty at a clean end


def recover(
    disk: Disk, directory: str, segments: Sequence[Segment], witness: Witness, index: SparseIndex
) -> tuple[Recovery, Position]:
    """Verify from the witness to the end; the report and the place where writing goes on."""
    if witness.segments > len(segments):
        raise DataLoss(
            f"{directory}: expected {witness.segments} segments, as the witness says, was {len(segments)}"
        )
    walk = Walk(disk, segments, _start(segments, witness))
    fault: JournalCorrupt | None = None
    try:
        fault = _walk_to_the_end(walk, segments, witness, index)
        end = walk.position
        tail = _tail(disk, segments[end.segment], end.offset)
    finally:
        walk.close()
    cut = judge_tail(tail, end, segments[end.segment], fault)
    if end.sequence < witness.sequence:
        raise DataLoss(
            f"{segments[end.segment].path}: offset {end.offset}: expected records through sequence "
            f"{witness.sequence}, which the witness says were acknowledged, was the end at {end.sequence}"
        )
    reason = f"expected {fault.expected}, was {fault.found}" if fault else "the first sector never arrived"
    report = Recovery(
        end.sequence, end.root, segments[end.segment].path.name, end.offset, cut, reason if cut else ""
    )
    return report, end


def _start(segments: Sequence[Segment], witness: Witness) -> Position:
    """The segment in which the witness lies: what is before it was durable when the witness was written."""
    index = max(i for i, s in enumerate(segments) if i == 0 or s.header.base_sequence <= witness.sequence + 1)
    return start_of(segments, index)


def _walk_to_the_end(
    walk: Walk, segments: Sequence[Segment], witness: Witness, index: SparseIndex
) -> JournalCorrupt | None:
    """Pass every valid block; the fault at which the last segment's blocks end, if they end with one."""
    _check_witness(walk.position.sequence, walk.position.root, segments, witness)
    try:
        while run := walk.next_run():
            for block in run:
                _check_witness(block.last_sequence, block.hash, segments, witness)
            index.note(walk.position)
    except JournalCorrupt as fault:
        if walk.position.segment < len(segments) - 1 or fault.file != segments[-1].path:
            raise
        return fault
    return None


def _check_witness(sequence: int, root: bytes, segments: Sequence[Segment], witness: Witness) -> None:
    if sequence == witness.sequence and root != witness.root:
        raise JournalCorrupt(
            segments[-1].path.with_name("witness"), 0, sequence, f"root {root.hex()}", witness.root.hex()
        )


def _tail(disk: Disk, segment: Segment, offset: int) -> Bytes:
    """Everything behind the last valid block, in whole sectors."""
    tail = np.empty(segment.header.segment_bytes - offset, np.uint8)
    fd = disk.open(segment.path)
    try:
        got = disk.pread_into(fd, tail, offset)
    finally:
        disk.close(fd)
    return tail[:got]


def judge_tail(tail: Bytes, end: Position, segment: Segment, fault: JournalCorrupt | None) -> int:
    """How many bytes to cut: 0 for a clean end. Raises `JournalCorrupt` for anything but a torn write."""
    sectors = tail.reshape(-1, SECTOR_BYTES)
    arrived: npt.NDArray[np.bool_] = np.any(sectors, axis=1)
    if not arrived.any():
        return 0
    here = (segment.path, end.offset, end.sequence + 1)
    if fault is None:
        fault = JournalCorrupt(*here, "a block or zeros", "an empty sector with other bytes behind it")
    later = later_durable_block(tail, end.sequence)
    if later is not None:
        raise JournalCorrupt(
            *here, f"{fault.expected} (a later block at offset {end.offset + later} proves it was durable)",
            fault.found,
        )  # fmt: skip
    torn_to = _torn_extent(tail, arrived, end)
    if torn_to is None:
        raise fault
    only_one_write = segment.header.durability == "always"
    stray = _stray_sector(sectors, arrived, torn_to // SECTOR_BYTES, only_one_write)
    if stray is not None:
        at = end.offset + stray * SECTOR_BYTES
        raise JournalCorrupt(segment.path, at, end.sequence + 1, "zeros behind the last block", "other bytes")
    return int(np.flatnonzero(tail)[-1]) + 1


def later_durable_block(tail: Bytes, last_good: int) -> int | None:
    """Offset of a valid block whose trailer says that the block after `last_good` had been durable."""
    markers = tail.view("<u4")[:: SECTOR_BYTES // 4]
    for sector in np.flatnonzero(markers == BLOCK_MAGIC):
        at = int(sector) * SECTOR_BYTES
        header = header_at(tail, at)
        if shape_fault(header, len(tail) - at) or header.first_sequence <= last_good + 1:
            continue
        if body_fault(tail[at : at + header.length], header):
            continue
        if durable_sequence_of(tail, at, header.length) > last_good:
            return at
    return None


def _torn_extent(tail: Bytes, arrived: npt.NDArray[np.bool_], end: Position) -> int | None:
    """Length of the write that was torn at the front of the tail; None if it does not look like one.

    0 means that the first sector never arrived, so that the length is not known.
    """
    if not arrived[0]:
        return 0
    header = header_at(tail, 0)
    if shape_fault(header, len(tail)) or link_fault(header, end.sequence + 1, end.root):
        return SECTOR_BYTES if _is_cut_header(tail, end) else None
    sectors = header.length // SECTOR_BYTES
    if not arrived[:sectors].all() or tail[header.length - 1] == 0:
        return header.length
    return None


def _is_cut_header(tail: Bytes, end: Position) -> bool:
    """True if the write stopped inside the header: a true beginning of it, and nothing but zeros behind."""
    written = int(np.flatnonzero(tail)[-1]) + 1
    if written >= HEADER_BYTES:
        return False
    known = {0: BLOCK_MAGIC.to_bytes(4, "little"), 16: (end.sequence + 1).to_bytes(8, "little"), 32: end.root}
    for offset, value in known.items():
        there = tail[offset : min(written, offset + len(value))].tobytes()
        if not value.startswith(there):
            return False
    return True


def _stray_sector(
    sectors: Bytes,
    arrived: npt.NDArray[np.bool_],
    behind: int,
    only_one_write: bool,
) -> int | None:
    """A sector behind the torn block that no write can have left there.

    With a flush for every block nothing may lie behind the torn one. Where its length is unknown, or where
    several blocks may have been unflushed, a written sector has at least two bits set; a single bit is
    damage.
    """
    candidates = np.flatnonzero(arrived[behind:]) + behind
    if behind and only_one_write:
        return int(candidates[0]) if len(candidates) else None
    for sector in candidates:
        if int(np.bitwise_count(sectors[sector]).sum()) < 2:
            return int(sector)
    return None
