"""The sparse index: from a sequence number to a place shortly before it.

    sequence   1        4096       9000      16385
    position  (0,4096) (0,270k)  (0,600k)   (1,4096)        about one entry a megabyte, in memory only

It is rebuilt from segment headers when a journal is opened, and grows with what is appended and read. Every
entry is a verified position, so a read that starts there is verified from there.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from novate.journal.reader import Position, start_of
from novate.journal.segments import Segment

SPACING_BYTES = 1 << 20


class SparseIndex:
    """Positions in ascending order of sequence."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._positions = [start_of(segments, i) for i in range(len(segments))]

    def note(self, position: Position) -> None:
        """Remember a position, unless one not far before it is known."""
        near = self.before(position.sequence + 1)
        if near.segment != position.segment or position.offset - near.offset >= SPACING_BYTES:
            insort(self._positions, position)

    def begin_segment(self, position: Position) -> None:
        self._positions.append(position)

    def before(self, sequence: int) -> Position:
        """The last known position in front of the record `sequence`."""
        found = bisect_right(self._positions, sequence - 1, key=lambda position: position.sequence)
        return self._positions[max(0, found - 1)]
