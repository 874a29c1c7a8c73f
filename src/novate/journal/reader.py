"""Reading: a walk over blocks that verifies everything it passes.

    position --> [block][block][block] --> position --> ...          one run: about a megabyte of blocks
                  checksum, hash chain, sequence, trailer

At the end of a segment the walk checks that the rest of the file is zero and that the next segment's header
continues the chain. Whatever does not hold is `JournalCorrupt`, with the blocks before it already given out.

Cost: one SHA-256 and one CRC32C over every byte, a few microseconds a block, nothing a record. The blocks'
records are views of the run's buffer, which lives as long as any of them does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from novate.domain.records import RECORD_BYTES
from novate.journal.blocks import (
    HEADER_BYTES,
    SECTOR_BYTES,
    Block,
    Fault,
    Header,
    body_fault,
    hash_of,
    header_at,
    link_fault,
    shape_fault,
)
from novate.journal.disk import Bytes, Disk
from novate.journal.errors import JournalCorrupt
from novate.journal.segments import SEGMENT_HEADER_BYTES, Segment

RUN_BYTES = 1 << 20


class Position(NamedTuple):
    """A place between two blocks: what lies before it ends with `sequence` and hashes to `root`."""

    segment: int  # index in the list of segments
    offset: int
    sequence: int
    root: bytes


def start_of(segments: Sequence[Segment], index: int) -> Position:
    """The place before the first block of a segment."""
    header = segments[index].header
    return Position(index, SEGMENT_HEADER_BYTES, header.base_sequence - 1, header.previous_root)


class Walk:
    """Moves over verified blocks from a position to `end`, or to where the blocks of the last segment end."""

    def __init__(
        self, disk: Disk, segments: Sequence[Segment], start: Position, end: Position | None = None
    ) -> None:
        self.position = start
        self._disk = disk
        self._segments = segments
        self._end = end
        self._fd: int | None = None

    def close(self) -> None:
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None

    def next_run(self) -> list[Block]:
        """The next verified blocks; an empty list at the end. Raises `JournalCorrupt`."""
        while not self._at_end():
            blocks = self._blocks_here()
            if blocks:
                return blocks
            if self.position.segment == len(self._segments) - 1:
                if self._end is None:
                    break
                raise self.corrupt(Fault(f"blocks through sequence {self._end.sequence}", "zeros"))
            self._enter_next_segment()
        self.close()
        return []

    def corrupt(self, fault: Fault) -> JournalCorrupt:
        """The error that says: at the present position, this."""
        path = self._segments[self.position.segment].path
        return JournalCorrupt(path, self.position.offset, self.position.sequence + 1, *fault)

    def bytes_ahead(self) -> int:
        """Bytes of the files between here and the end, unused room of full segments included."""
        if self._end is None:
            return 0
        segments = self._segments[self.position.segment : self._end.segment]
        whole = sum(segment.header.segment_bytes for segment in segments)
        return whole + self._end.offset - self.position.offset

    def _at_end(self) -> bool:
        end = self._end
        return end is not None and self.position[:2] == end[:2]

    def _limit(self) -> int:
        """Where the blocks of the present segment must have ended."""
        if self._end is not None and self.position.segment == self._end.segment:
            return self._end.offset
        return self._segments[self.position.segment].header.segment_bytes

    def _load(self, wanted: int) -> Bytes:
        """The bytes from the present position on, no more than the segment has."""
        if self._fd is None:
            self._fd = self._disk.open(self._segments[self.position.segment].path)
        offset = self.position.offset
        length = max(0, min(wanted, self._limit() - offset))
        window = np.empty(length, np.uint8)
        got = self._disk.pread_into(self._fd, window, offset)
        if got < length:
            raise self.corrupt(Fault(f"{length} bytes", f"{got} bytes to the end of the file"))
        return window

    def _blocks_here(self) -> list[Block]:
        window = self._load(RUN_BYTES)
        blocks: list[Block] = []
        at = 0
        while at + SECTOR_BYTES <= len(window):
            header = header_at(window, at)
            if header.magic == 0 and not window[at : at + HEADER_BYTES].any():
                break
            fault = self._header_fault(header)
            if fault is None and at + header.length > len(window):
                if blocks:
                    break
                window = self._load(header.length)
                continue
            if fault is None:
                fault = body_fault(window[at : at + header.length], header)
            if fault is not None:
                if blocks:
                    break
                raise self.corrupt(fault)
            blocks.append(self._pass(window[at : at + header.length], header))
            at += header.length
        return blocks

    def _header_fault(self, header: Header) -> Fault | None:
        _, offset, sequence, root = self.position
        return shape_fault(header, self._limit() - offset) or link_fault(header, sequence + 1, root)

    def _pass(self, bytes_: Bytes, header: Header) -> Block:
        """Move behind a verified block."""
        segment, offset, sequence, _ = self.position
        root = hash_of(bytes_)
        end = offset + header.length
        self.position = Position(segment, end, sequence + header.records, root)
        payload = bytes_[HEADER_BYTES : HEADER_BYTES + header.records * RECORD_BYTES]
        return Block(header.first_sequence, header.engine_ts, root, end, payload)

    def _enter_next_segment(self) -> None:
        self._check_zero_to_the_end()
        self.close()
        following = start_of(self._segments, self.position.segment + 1)
        path = self._segments[following.segment].path
        here = self.position
        if following.sequence != here.sequence:
            raise self.corrupt(
                Fault(f"records through sequence {following.sequence}", f"the end at {here.sequence}")
            )
        if following.root != here.root:
            raise JournalCorrupt(
                path, 0, here.sequence + 1, f"previous root {here.root.hex()}", following.root.hex()
            )
        self.position = following

    def _check_zero_to_the_end(self) -> None:
        here = self.position
        while True:
            rest = self._load(RUN_BYTES)
            if not len(rest):
                break
            if rest.any():
                at = here.offset + int(np.flatnonzero(rest)[0])
                self.position = here._replace(offset=at)
                raise self.corrupt(Fault("zeros behind the last block", "other bytes"))
            self.position = self.position._replace(offset=self.position.offset + len(rest))
        self.position = here
