"""The two streams between the planes, kept by whoever owns the journal that they follow from.

    DIR/venue/journal     --fills-->    DIR/venue/fills       128 bytes a fill, number = trade id
    DIR/clearing/journal  --deltas-->   DIR/clearing/credit    64 bytes a CREDIT command of the venue

Each is written by a watcher of its plane, so only after the journal; what a replay tells again must be what
stands there. A stream that has lost records is made again from the first record of its journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from novate.app.venue_credit import CreditWriter
from novate.app.venue_fills import FILL_BYTES, as_fills, fills_of
from novate.domain.clearing_records import Records
from novate.domain.codes import CommandKind
from novate.domain.records import CREDIT_COMMAND, RECORD_BYTES, Events
from novate.journal.errors import JournalError
from novate.journal.streams import Stream, StreamReader

FILLS = Path("venue") / "fills"
CREDIT = Path("clearing") / "credit"
MOST_RECORDS = 2**40
VENUE_JOURNAL = Path("venue") / "journal"
CLEARING_JOURNAL = Path("clearing") / "journal"
DOOR = "clearing.sock"
"""Of a house that runs beside a node (`novate.app.clearing_door`)."""


class HasCredits(Protocol):
    """A clearing house, as far as its credit is asked for."""

    @property
    def credits(self) -> int:
        """Number of the last CREDIT."""


class StreamBehind(JournalError):  # noqa: N818 -- the name says what the stream is
    """The stream lacks records from before the snapshot with which a replay begins."""


class FillStream:
    """Watches a venue and publishes its fills."""

    def __init__(self, directory: Path) -> None:
        self.stream = Stream(directory / FILLS, FILL_BYTES)
        self._next = 1

    def begin(self, trades: int) -> None:
        """The venue has done so many trades; StreamBehind if not all of them are published."""
        self._next = trades + 1
        if self.stream.count < trades:
            raise StreamBehind(
                f"{self.stream.path}: expected at least {trades} fills, was {self.stream.count}"
            )

    def take(self, events: Events) -> None:
        """Publish what is new."""
        fills = fills_of(events)
        if len(fills):
            self.stream.put(self._next, fills)
            self._next += len(fills) // 2

    @property
    def last(self) -> int:
        """Number of the last fill."""
        return self._next - 1


class CreditStream:
    """Watches a house and publishes its deltas as commands of the venue."""

    def __init__(self, directory: Path, writer: CreditWriter) -> None:
        self.path = directory / CREDIT
        self.stream = Stream(self.path, RECORD_BYTES)
        self._writer = writer

    def begin(self, house: HasCredits, is_founding: bool) -> None:
        """The house has told `house.credits` deltas so far. StreamBehind unless the stream surely has them:
        what the venue has no credit for is not in it, so only a later number proves that."""
        if not house.credits or not self._writer.has_credit:
            self._writer.count = 0
            return
        numbers = read_credit(self.path)["house_credit"]
        if not len(numbers) or numbers[-1] < house.credits:
            raise StreamBehind(f"{self.path}: expected credit up to {house.credits}, was less")
        again = np.flatnonzero(np.diff(numbers) <= 0)
        if len(again):
            raise JournalError(
                f"{self.path}: record {again[0] + 2}: expected a later number of the house than "
                f"{numbers[again[0]]}, was {numbers[again[0] + 1]}"
            )
        self._writer.count = int(np.searchsorted(numbers, house.credits, side="right"))

    def before_roll(self, house: HasCredits) -> None:
        """Nothing: deltas come with a command of their own."""

    def take(self, events: Records) -> None:
        """Publish what is new."""
        before = self._writer.count
        commands = self._writer.commands(events)
        if len(commands):
            self.stream.put(before + 1, commands)

    @property
    def last(self) -> int:
        """How many commands for the venue there are."""
        return self._writer.count


class FillReader:
    """Reads the fills of a venue, while it may be trading."""

    def __init__(self, directory: Path) -> None:
        self._reader = StreamReader(directory / FILLS, FILL_BYTES)

    def read(self, first: int, most: int) -> Events:
        """(2n,) EVENT of fills `first` and up, at most so many; none where there are none yet."""
        return as_fills(self._reader.read(first, most))

    @property
    def count(self) -> int:
        """How many fills are published."""
        return self._reader.count


class CreditReader:
    """Reads the deltas of a house, while it may be telling more."""

    def __init__(self, directory: Path, opening: int, taken: int) -> None:
        """`opening` credits of its configuration the venue began with; its last number is `taken`."""
        self.taken = taken
        """Number of the last delta that was read, the opening credit counted in."""
        self._opening = opening
        self._reader = StreamReader(directory / CREDIT, RECORD_BYTES)

    def read(self, most: int) -> npt.NDArray[np.uint8]:
        """(n, 64) bytes of what comes next, at most so many. Raises JournalError for anything but the next
        numbers of credit."""
        data = self._reader.read(self.taken - self._opening + 1, most)
        if not len(data):
            return data
        commands = np.frombuffer(data.tobytes(), CREDIT_COMMAND)
        expected = np.arange(self.taken + 1, self.taken + 1 + len(commands))
        wrong = (commands["kind"] != CommandKind.CREDIT) | (commands["clearing_seq"] != expected)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise JournalError(
                f"{self._reader.path}: record {self.taken - self._opening + 1 + at}: "
                f"expected CREDIT number {expected[at]}, was kind {commands['kind'][at]} "
                f"number {commands['clearing_seq'][at]}"
            )
        self.taken += len(commands)
        return data

    def open_again(self) -> None:
        """The house was started again and may have made its stream anew."""
        self._reader.close()


def read_credit(path: Path) -> npt.NDArray[np.void]:
    """All commands of a credit stream, as CREDIT_COMMAND."""
    reader = StreamReader(path, RECORD_BYTES)
    try:
        data = reader.read(1, MOST_RECORDS)
    finally:
        reader.close()
    return np.frombuffer(data.tobytes(), CREDIT_COMMAND)
