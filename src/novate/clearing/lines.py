"""Files of lines, written by the column: what a file has of texts is packed once, its numbers stay numbers.

    Lines([numbers, words of ["A", "B"], texts of a column])
        .whole(2)  -->  17,A,T-1            data and where each line begins
                        18,B,T-2

A column of one text only is written as a part of what stands between the others. See `kernels.lines` for
how a field is kept. Texts that hold a separator are the caller's to quote (`quoted`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from novate.clearing.kernels.lines import MOST_DIGITS, SLACK, Bytes, Int64s, write_lines

COMMA, QUOTE, BAR, LINE_FEED, NOTHING = ",", '"', "|", "\n", ""
LINES_AT_ONCE = 1 << 13
"""So many that their fields stay in a processor's cache."""


class Picked(msgspec.Struct, frozen=True):
    """A column that is `values` at `rows`, taken there when some of its lines are asked for."""

    values: Any
    rows: Int64s

    def __getitem__(self, lines: slice) -> Any:
        return self.values[self.rows[lines]]


class Numbers(msgspec.Struct, frozen=True):
    """A column of integers above -2**63."""

    values: Any


class Words(msgspec.Struct, frozen=True):
    """A column of few texts: line i says `values[codes[i]]`."""

    codes: Any
    values: Sequence[str]


class Rows(msgspec.Struct, frozen=True):
    """A column of many texts: line i says text `numbers[i]` of data and starts; below zero, word -1 - it of
    `values`."""

    numbers: Any
    data: Bytes
    starts: Int64s
    values: Sequence[str] = ()


Column = Numbers | Words | Rows


class Written(msgspec.Struct, frozen=True):
    """Lines one after the other: line i is data[starts[i] : starts[i + 1]]; behind them stands `SLACK`."""

    data: Bytes
    starts: Int64s

    @property
    def content(self) -> Bytes:
        return self.data[: self.starts[-1]]


class Lines:
    """All lines of a table; all of its columns that are `Rows` share their data."""

    def __init__(self, columns: Sequence[Column], separator: str = COMMA, last: str = LINE_FEED) -> None:
        parts: list[Column | str] = []
        for column in columns:
            parts += (column, separator)
        self._take([*parts[:-1], last])

    @classmethod
    def of_parts(cls, parts: Sequence[Column | str]) -> Lines:
        """Lines of columns and of texts that are the same in every line, one behind the other."""
        lines = cls.__new__(cls)
        lines._take(parts)
        return lines

    def _take(self, parts: Sequence[Column | str]) -> None:
        self._columns: list[Column] = []
        self._firsts: list[int] = []
        values: list[str] = []
        fixed = [""]  # what stands in front of the first column, and behind each
        for part in parts:
            if isinstance(part, str):
                fixed[-1] += part
                continue
            if isinstance(part, Words) and len(part.values) == 1:
                fixed[-1] += part.values[0]
                continue
            self._columns.append(part)
            self._firsts.append(len(values))
            values += [] if isinstance(part, Numbers) else part.values
            fixed.append("")
        self._words, self._word_starts = packed([*values, *fixed])
        self._word_lengths = np.diff(self._word_starts)
        self._head, self._tails = len(values), len(values) + 1 + np.arange(len(self._columns))
        self._fixed_length = int(self._word_lengths[self._head :].sum())
        self._rows = next((one for one in self._columns if isinstance(one, Rows)), None)
        self._longest = [
            0 if isinstance(column, Numbers)
            else int(self._word_lengths[first : first + len(column.values)].max(initial=0))
            for column, first in zip(self._columns, self._firsts, strict=True)
        ]  # fmt: skip
        """Of the words of each column, in bytes."""
        self._is_number = np.array([isinstance(column, Numbers) for column in self._columns], bool)

    def pieces(self, end: int, first: int = 0) -> Iterator[memoryview]:
        """The bytes of the lines from `first` to before `end`, in pieces."""
        for begin in range(first, end, LINES_AT_ONCE):
            fields, room = self._fields(begin, min(begin + LINES_AT_ONCE, end))
            data, starts = np.empty(room, np.uint8), np.zeros(fields.shape[1] + 1, np.int64)
            self._write(fields, data, starts)
            yield data[: starts[-1]].data

    def whole(self, lines: int) -> Written:
        """The first `lines` lines side by side."""
        data, starts = np.empty(SLACK, np.uint8), np.zeros(lines + 1, np.int64)
        for first in range(0, lines, LINES_AT_ONCE):
            end = min(first + LINES_AT_ONCE, lines)
            fields, room = self._fields(first, end)
            written = int(starts[first])
            if written + room > len(data):
                # As much as all lines need if they are like those so far, and a little more.
                data = _longer(data[:written], room + written * lines // max(first, 1) * 17 // 16)
            self._write(fields, data, starts[first : end + 1])
        return Written(data[: int(starts[-1]) + SLACK], starts)

    def _fields(self, first: int, end: int) -> tuple[Int64s, int]:
        """(the fields of some lines, the bytes that they need at most)."""
        fields = np.empty((len(self._columns), end - first), np.int64)
        room = (end - first) * self._fixed_length + SLACK
        for place, column in enumerate(self._columns):
            room += self._fill(fields[place], column, place, slice(first, end))
        return fields, room

    def _write(self, fields: Int64s, data: Bytes, starts: Int64s) -> None:
        """Lines into `data` from starts[0] on; where each begins is left in `starts`."""
        nothing = self._words, self._word_starts
        texts, text_starts = (self._rows.data, self._rows.starts) if self._rows else nothing
        write_lines(
            fields,
            self._is_number,
            self._head,
            self._tails,
            self._words,
            self._word_starts,
            texts,
            text_starts,
            data,
            starts,
        )

    def _fill(self, field: Int64s, column: Column, place: int, lines: slice) -> int:
        """The fields of one column; the bytes that they need at most."""
        first_word, longest = self._firsts[place], self._longest[place]
        if isinstance(column, Numbers):
            field[:] = column.values[lines]
            return MOST_DIGITS * len(field)
        if isinstance(column, Words):
            np.subtract(-1 - first_word, column.codes[lines], out=field)
            return longest * len(field)
        field[:] = column.numbers[lines]
        texts = field
        if column.values:
            texts = field[field >= 0]
            field[field < 0] -= first_word
        lengths = column.starts[texts + 1] - column.starts[texts]
        return int(lengths.sum()) + longest * (len(field) - len(texts))


def number_column(sums: Any) -> Column:
    """Integers of any size: those that do not fit int64 are in an array of Python's."""
    if sums.dtype == object:
        return Words(np.arange(len(sums)), [str(one) for one in sums])
    return Numbers(sums)


def packed(values: Sequence[str]) -> tuple[Bytes, Int64s]:
    """Texts side by side in UTF-8, and where each begins; what was no UTF-8 is shown, not passed on."""
    raw = [value.encode("utf-8", errors="backslashreplace") for value in values]
    starts = np.zeros(len(raw) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, raw), np.int64, len(raw)), out=starts[1:])
    return np.frombuffer(b"".join(raw) + bytes(SLACK), np.uint8), starts


def quoted(*cells: object) -> str:
    """Cells as they stand in a line of CSV, with a comma between them."""
    return COMMA.join(map(_quoted, map(str, cells)))


def _quoted(cell: str) -> str:
    if COMMA not in cell and QUOTE not in cell and LINE_FEED not in cell:
        return cell
    return QUOTE + cell.replace(QUOTE, 2 * QUOTE) + QUOTE


def _longer(data: Bytes, room: int) -> Bytes:
    longer = np.empty(room, np.uint8)
    longer[: len(data)] = data
    return longer
