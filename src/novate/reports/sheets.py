"""Tables of a day by columns: as CSV for each of their owners and as one Parquet file.

Sheet  names     account  isin  quantity          owner 0: lines 0, 1    members/ALPINE/x.csv
       columns   Words    Words  Numbers          owner 1: line 2        members/BOREAL/x.csv
       owners    0  0  1  ascending                                      x.parquet, the owner in front
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from novate.clearing.kernels.lines import Int64s
from novate.clearing.lines import NOTHING, Column, Lines, Numbers, Words, Written, packed, quoted

Bits = npt.NDArray[np.uint8]


class Gaps(msgspec.Struct, frozen=True):
    """A column of integers that are not all given."""

    values: Int64s
    is_given: Sequence[bool]


class Sheet(msgspec.Struct, frozen=True):
    """Lines of a table that belong to owners."""

    names: Sequence[str]
    columns: Sequence[Column | Gaps]
    owner: Int64s
    """Of each line, ascending."""

    def csv(self, owners: int) -> Iterator[bytes]:
        """The file of each owner from 0 on: a header, and the owner's lines."""
        header = (",".join(self.names) + "\n").encode()
        lines = csv_lines(self.columns, len(self.owner))
        bounds = np.searchsorted(self.owner, np.arange(owners + 1)).tolist()
        for number in range(owners):
            first, end = lines.starts[bounds[number]], lines.starts[bounds[number + 1]]
            yield b"".join([header, lines.data[first:end].data])

    def arrow(self, owners: Sequence[str]) -> pa.Table:
        """All lines, with the name of the owner in front."""
        arrays = [_words(self.owner, owners), *(arrow_of(one) for one in self.columns)]
        return pa.table(arrays, names=["member", *self.names])


def csv_lines(columns: Sequence[Column | Gaps], lines: int) -> Written:
    """The lines without a header; names with a comma or a quotation mark in them are quoted."""
    return Lines([_plain(one) for one in columns]).whole(lines)


def csv_of(names: Sequence[str], columns: Sequence[Column | Gaps], lines: int) -> bytes:
    """A CSV file: UTF-8 with a header, LF after every line."""
    return b"".join([(",".join(names) + "\n").encode(), csv_lines(columns, lines).content.data])


def parquet_of(table: pa.Table) -> bytes:
    """The bytes of a Parquet file."""
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def arrow_of(column: Column | Gaps) -> pa.Array:
    """A column of text or of int64."""
    if isinstance(column, Gaps):
        is_given = np.asarray(column.is_given, bool)
        values = np.where(is_given, column.values, 0)
        return _integers(values, np.packbits(is_given, bitorder="little"))
    if isinstance(column, Numbers):
        return _integers(column.values)
    if isinstance(column, Words):
        return _words(np.asarray(column.codes), column.values)
    texts = pa.LargeStringArray.from_buffers(
        len(column.starts) - 1, pa.py_buffer(column.starts), pa.py_buffer(column.data)
    )
    return texts.take(_integers(column.numbers)).cast(pa.string())


def _words(codes: Int64s, values: Sequence[str]) -> pa.Array:
    data, starts = packed(values)
    words = pa.StringArray.from_buffers(
        len(values), pa.py_buffer(starts.astype(np.int32)), pa.py_buffer(data)
    )
    if len(values) == 1:
        return pa.repeat(words[0], len(codes))
    return words.take(_integers(codes))


def _integers(values: Int64s, is_given: Bits | None = None) -> pa.Array:
    """An array of int64. Made of its buffers, because `pa.array` first loads pandas where it is installed,
    which takes longer than many a day."""
    whole = np.ascontiguousarray(values, np.int64)
    given = None if is_given is None else pa.py_buffer(is_given)
    return pa.Int64Array.from_buffers(pa.int64(), len(whole), [given, pa.py_buffer(whole)])


def _plain(column: Column | Gaps) -> Column:
    """The column as it stands in a line of CSV."""
    if isinstance(column, Gaps):
        is_given = np.asarray(column.is_given, bool)
        numbers, codes = np.unique(np.where(is_given, column.values, 0), return_inverse=True)
        words = ["", *map(str, numbers.tolist())]
        return Words(np.where(is_given, codes + 1, 0), words)
    if isinstance(column, Words):
        is_plain = quoted(NOTHING.join(column.values)) == NOTHING.join(column.values)
        return column if is_plain else Words(column.codes, [quoted(value) for value in column.values])
    return column


def worded(values: Sequence[str]) -> Words:
    """A column of texts of which some may repeat."""
    places: dict[str, int] = {}
    codes = np.array([places.setdefault(value, len(places)) for value in values], np.int64)
    return Words(codes, list(places) or [""])
