"""Reading on where one stopped, beside the process that writes.

    segment   | header | block | block | block | zeros ...
                         passed   given   held back: its flush may not have returned yet

A block is durable when another one stands behind it, because the writer waits for each flush (durability
`always`). So the last block is held back until it has a successor, or until the writer is gone; a node that
has nothing to write journals the time once a second. A block that is half copied is looked at
again. Every look verifies a little more than it gives, about a run.
"""

from __future__ import annotations

from pathlib import Path

from novate.journal.blocks import Block
from novate.journal.disk import Disk
from novate.journal.errors import JournalCorrupt, JournalError
from novate.journal.index import SparseIndex
from novate.journal.reader import Position, Walk
from novate.journal.segments import find_segments

PATIENCE = 20
"""So often a bad block may be found at the same place, one look after the other, before it is an error."""


class Tail:
    """A place in a journal that moves on with every look. Takes no lock and changes nothing."""

    def __init__(self, directory: Path, from_sequence: int = 1, disk: Disk | None = None) -> None:
        """Begin with the block that holds record `from_sequence`, or with the first one behind the present
        end. Raises JournalError, JournalCorrupt, OSError."""
        self.directory = directory
        self._disk = disk or Disk()
        self._segments = find_segments(self._disk, directory)
        if not self._segments:
            raise JournalError(f"{directory}: expected a journal, was a directory without segments")
        self._next = from_sequence
        self._position: Position = SparseIndex(self._segments).before(from_sequence)
        self._looks = 0

    def read(self, whole: bool = False) -> list[Block]:
        """The next verified blocks, none if there is nothing new; with `whole` the last one is not held
        back, because nobody writes any more. Raises JournalCorrupt for bytes that stay wrong."""
        while True:
            blocks = self._pass(whole)
            wanted = [block for block in blocks if block.last_sequence >= self._next]
            if wanted or not blocks:
                return wanted

    def _pass(self, whole: bool) -> list[Block]:
        """Move behind the next blocks that are known to be durable."""
        self._find_new_segments()
        walk = Walk(self._disk, self._segments, self._position)
        try:
            blocks = self._look(walk)
            if not blocks:
                return []
            between = walk.position
            more = self._look(walk)
        finally:
            walk.close()
        if more or whole:
            self._position = between
            return blocks
        durable = blocks[:-1]
        if durable:
            self._position = between._replace(
                offset=durable[-1].end, sequence=durable[-1].last_sequence, root=durable[-1].hash
            )
        return durable

    def _look(self, walk: Walk) -> list[Block]:
        try:
            blocks = walk.next_run()
        except JournalCorrupt:
            self._looks += 1
            if self._looks > PATIENCE:
                raise
            return []
        if blocks:
            self._looks = 0
        return blocks

    def _find_new_segments(self) -> None:
        names = self._disk.names(self.directory)
        if sum(name.startswith("segment-") for name in names) != len(self._segments):
            self._segments = find_segments(self._disk, self.directory)
