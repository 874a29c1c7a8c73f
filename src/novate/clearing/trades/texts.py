"""A column in which every row has a text of its own: bytes side by side, without a Python object per row.

    data    T 1 7 T 1 8 0 T 1 9 ........     starts  0 3 7 10       text i is data[starts[i] : starts[i + 1]]
                                 slack

Bytes are those of the file. What is no UTF-8 becomes surrogates where a text is asked for, which no check of
a name lets pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.lines import SLACK, Bytes, Int64s

Bools = npt.NDArray[np.bool_]
SCANNED = 1 << 22
"""Bytes that are looked at together."""
FIRST_PLAIN, LAST_PLAIN = 0x21, 0x7E
FIRST_SIMPLE, LAST_SIMPLE = ord("-"), ord("z")
"""Digits, letters and some signs, none of which is a mark."""
MOST_NAME_BYTES = 128
"""Of a trade id or a source. ISO 20022 has 35 to 52 characters for one; every one is remembered for ever."""
TRANSFER_SOURCE = "TRANSFER"
"""What stands for a source in the leaves of position transfers (C22)."""
MARKS = b'|,"'
"""Printable, and yet not everywhere a part of a text like any other."""


class Texts(msgspec.Struct, frozen=True):
    """N texts; behind the last one stand `SLACK` bytes at least, which belong to none."""

    data: Bytes
    starts: Int64s
    odd: Int64s
    """Rows, ascending, whose text is empty, has more than MOST_NAME_BYTES, or holds anything but printable
    ASCII without space and marks."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def raw(self, row: int) -> bytes:
        return self.data[self.starts[row] : self.starts[row + 1]].tobytes()

    def text(self, row: int) -> str:
        return self.raw(row).decode("utf-8", errors="surrogateescape")

    def between(self, first: int, end: int) -> Texts:
        """The texts from `first` to before `end`, without copying them."""
        places = np.searchsorted(self.odd, [first, end])
        return Texts(self.data, self.starts[first : end + 1], self.odd[places[0] : places[1]] - first)


def texts_of(texts: Sequence[str]) -> Texts:
    """A column of these texts."""
    raw = [text.encode("utf-8", errors="surrogateescape") for text in texts]
    starts = np.zeros(len(raw) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, raw), np.int64, len(raw)), out=starts[1:])
    return texts_in(np.frombuffer(b"".join(raw) + bytes(SLACK), np.uint8), starts)


def texts_in(data: Bytes, starts: Int64s) -> Texts:
    """A column of the texts that `starts` (N + 1,) marks in `data`, which ends with `SLACK` bytes more."""
    return Texts(data, starts, _odd_rows(data[: starts[-1]], starts))


def _odd_rows(data: Bytes, starts: Int64s) -> Int64s:
    lengths = np.diff(starts)
    found = [np.flatnonzero((lengths == 0) | (lengths > MOST_NAME_BYTES))]
    for first in range(0, len(data), SCANNED):
        part = data[first : first + SCANNED]
        # Nearly all texts are digits and letters: one look at a byte tells that it is nothing special.
        if int((part - np.uint8(FIRST_SIMPLE)).max()) <= LAST_SIMPLE - FIRST_SIMPLE:
            continue
        odd = (part - np.uint8(FIRST_PLAIN)) > LAST_PLAIN - FIRST_PLAIN
        for mark in MARKS:
            odd |= part == mark
        if odd.any():
            places = np.flatnonzero(odd) + first
            found.append(np.searchsorted(starts, places, side="right") - 1)
    return np.unique(np.concatenate(found))
