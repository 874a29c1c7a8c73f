"""Records that stand before their command: texts, parts, and the trades of a batch.

    TEXT --> text      PART --> parts      BATCH --> batch, TRADE ... --> its trades until it is complete

Whatever is staged belongs to the next command and is gone after it, also if that command is refused.
"""

from __future__ import annotations

from novate.clearing.commands import Command, Staged
from novate.clearing.trades.batches import Trades
from novate.domain.clearing_codes import ClearingFlag
from novate.domain.clearing_records import RECORD_BYTES, TEXT_BYTES


class Staging:
    """What waits for its command."""

    def __init__(self) -> None:
        self.text: bytes | None = None
        self.text_goes_on = False
        self.parts: list[tuple[int, int]] = []
        self.head: Command | None = None
        """The BATCH whose trades are still coming."""
        self.trades: Trades = []

    @property
    def is_empty(self) -> bool:
        """Nothing waits for a command."""
        return self.text is None and not self.parts and self.head is None

    def add_text(self, raw: bytes, at: int) -> None:
        """Stage the text of record number `at` of the raw bytes; a new text takes the place of an old one."""
        start = at * RECORD_BYTES
        length, flags = raw[start + 1], raw[start + 3]
        piece = raw[start + 4 : start + 4 + min(length, TEXT_BYTES)]
        self.text = (self.text or b"") + piece if self.text_goes_on else piece
        self.text_goes_on = bool(flags & ClearingFlag.MORE_TEXT)

    def take(self) -> Staged:
        """What was staged, which is then gone."""
        staged = Staged(self.text, tuple(self.parts))
        self.text, self.text_goes_on, self.parts = None, False, []
        return staged

    def take_batch(self) -> tuple[Command, Trades] | None:
        """The batch with its trades, which is then gone; None if there is none."""
        if self.head is None:
            return None
        found = (self.head, self.trades)
        self.head, self.trades = None, []
        return found
