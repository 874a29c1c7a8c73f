"""Events on their way out: made whole for a command, then drained into buffers of any size.

put(LEG, party=3, ...)  put_text("t-17")  -->  64 bytes, 64 bytes, ...  --drain--> caller's buffer
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from novate.domain.clearing_codes import ClearingEvent, ClearingFlag
from novate.domain.clearing_records import (
    CASH_STRUCT,
    DIGEST_STRUCT,
    EVENT_STRUCT,
    NOT_GIVEN,
    RECORD_BYTES,
    TEXT_BYTES,
    TEXT_STRUCT,
    Records,
    halves,
)

Int64s = npt.NDArray[np.int64]


class ObligationRows:
    """(instrument, quantity, amount) of the obligations of a command, as rows or as columns."""

    def __init__(self) -> None:
        self._columns: list[tuple[Int64s, Int64s, Int64s]] = []

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        for columns in self._columns:
            yield from zip(*(column.tolist() for column in columns), strict=True)

    def append(self, row: tuple[int, int, int]) -> None:
        """One more."""
        self.add_columns(*np.array([row], np.int64).T)

    def add_columns(self, instrument: Int64s, quantity: Int64s, amount: Int64s) -> None:
        """Many more."""
        self._columns.append((instrument, quantity, amount))

    def clear(self) -> None:
        """None yet."""
        self._columns.clear()


class Outbox:
    """A queue of packed event records."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._drained = 0
        self.rows = ObligationRows()
        """Of the last command, for `validate`."""

    def __len__(self) -> int:
        """Records that wait."""
        return (len(self._bytes) - self._drained) // RECORD_BYTES

    @property
    def mark(self) -> int:
        """Where the next record will stand; good until the next drain."""
        return len(self._bytes)

    def kind_at(self, mark: int) -> int:
        """Kind of the record at a mark."""
        return self._bytes[mark]

    def put(
        self,
        kind: int,
        *,
        code: int = 0,
        other_code: int = 0,
        flags: int = 0,
        party: int = NOT_GIVEN,
        instrument: int = NOT_GIVEN,
        currency: int = NOT_GIVEN,
        source: int = 0,
        day: int = 0,
        number: int = 0,
        version: int = 0,
        quantity: int = 0,
        amount: int = 0,
        third: int = 0,
        fourth: int = 0,
    ) -> None:
        """One event; the fields are those of CLEARING_EVENT."""
        head = (kind, code, other_code, flags, party, instrument, currency, source, day, number)
        try:
            self._bytes += EVENT_STRUCT.pack(*head, version, quantity, amount, third, fourth)
        except struct.error:
            lows, highs = halves((version, quantity, amount, third, fourth))
            self._bytes += EVENT_STRUCT.pack(*head, *lows)
            self._bytes += EVENT_STRUCT.pack(ClearingEvent.WIDE, *[0] * 9, *highs)

    def put_records(self, events: Records) -> None:
        """Many events that are made already."""
        self._bytes += events.tobytes()

    def put_text(self, text: bytes) -> None:
        """The text that belongs to the event before it."""
        for start in range(0, len(text) or 1, TEXT_BYTES):
            piece = text[start : start + TEXT_BYTES]
            more = ClearingFlag.MORE_TEXT if start + TEXT_BYTES < len(text) else 0
            self._bytes += TEXT_STRUCT.pack(ClearingEvent.TEXT, len(piece), 0, more, piece)

    def put_digest(self, kind: int, digest: bytes, day: int = 0, number: int = 0, rows: int = 0) -> None:
        """ROOT or FILE."""
        self._bytes += DIGEST_STRUCT.pack(kind, day, number, rows, digest)

    def put_cash_item(self, currency: int, sums: list[int]) -> None:
        """One currency of DAY_CLOSED."""
        try:
            self._bytes += CASH_STRUCT.pack(ClearingEvent.CASH_ITEM, currency, *sums)
        except struct.error:
            lows, highs = halves(sums)
            self._bytes += CASH_STRUCT.pack(ClearingEvent.CASH_ITEM, currency, *lows)
            self._bytes += CASH_STRUCT.pack(ClearingEvent.WIDE, currency, *highs)

    def drain(self, events: Records, written: int) -> int:
        """Move what fits behind `written` into the buffer; returns how many records it then holds."""
        count = min(len(self), len(events) - written)
        if count:
            found = np.frombuffer(self._bytes, np.uint8, count * RECORD_BYTES, self._drained)
            # As bytes: records would be copied field by field.
            events[written : written + count].view(np.uint8)[:] = found
            del found
            self._drained += count * RECORD_BYTES
        if self._drained == len(self._bytes):
            self._bytes = bytearray()
            self._drained = 0
        return written + count
