"""Lines of a comma-separated text, checked one by one and then handed over as columns of text.

    chunk of bytes          lines                     well formed?        columns
    "a,b\nc\n"d",e\n..."    a,b | c | "d",e           yes no yes          [a, d], [b, e]   rows [1, 3]
                                                         \\--> refused: row 2

A line that has not as many fields as the header is refused with its number; its neighbours are not
affected. Blank lines are counted as lines and are no rows. A quoted field may hold commas, not line ends.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from novate.domain.codes import RowReject
from novate.gateway.files.problems import FileProblem, RejectedRow, shortened
from novate.gateway.files.source import chunks

LONGEST_LINE = 64 * 1024
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
COMMA, QUOTE, RETURN, NEWLINE = b',"\r\n'


@dataclass(frozen=True, slots=True)
class TextRows:
    """Some consecutive rows of a file as columns of text."""

    columns: pa.Table
    """One string column a field; only the well-formed rows."""
    rows: npt.NDArray[np.int64]
    """Row number of each of them, ascending."""
    malformed: list[RejectedRow]
    read: int
    """Rows in this piece: well formed and malformed."""


class LineReader:
    """Reads the header when it is asked for, then the rest in pieces."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._chunks = chunks(path)
        self._rest = b""
        self._line = 0
        """Lines handed out so far, the header included."""

    def header(self) -> list[str]:
        """Names in the first line. Raises FileProblem if there is none or if it is not text."""
        while NEWLINE not in self._rest:
            chunk = next(self._chunks, b"")
            self._rest += chunk
            if not chunk or len(self._rest) > LONGEST_LINE:
                break
        line, _, self._rest = self._rest.partition(b"\n")
        self._line = 1
        text = self._decoded(line.removeprefix(b"\xef\xbb\xbf"), 1)
        if len(line) > LONGEST_LINE:
            found = f"a line of more than {LONGEST_LINE:,} bytes"
            raise FileProblem(self.path, "a line of column names", found, "line 1")
        if "\0" in text:
            raise FileProblem(self.path, "a line of column names", "binary data", "line 1")
        if "\r" in text.rstrip("\r"):
            raise FileProblem(
                self.path, "lines that end in \\n or \\r\\n", "lines that end in \\r alone", "line 1"
            )
        return [name.strip().strip('"').strip().lower() for name in text.split(",")]

    def pieces(self, names: list[str], header_lines: int) -> Iterator[TextRows]:
        """The remaining lines, a chunk at a time; `names` gives the fields that each must have."""
        for block in self._blocks():
            yield self._piece(block, names, header_lines)

    def _blocks(self) -> Iterator[bytes]:
        """Bytes that end with a line end."""
        rest = self._rest
        for chunk in self._chunks:
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield rest + chunk[:cut]
                rest = chunk[cut:]
            else:
                rest += chunk
                if len(rest) > 64 * LONGEST_LINE:
                    raise FileProblem(
                        self.path, "lines of text", f"more than {len(rest):,} bytes in one line"
                    )
        if rest:
            yield rest if rest.endswith(b"\n") else rest + b"\n"

    def _piece(self, block: bytes, names: list[str], header_lines: int) -> TextRows:
        self._decoded(block, self._line + 1)
        lines = _Lines(block.replace(b"\r\n", b"\n"), len(names), self._line + 1 - header_lines)
        self._line += lines.count
        return lines.rows(names)

    def _decoded(self, block: bytes, first_line: int) -> str:
        try:
            return block.decode("utf-8")
        except UnicodeDecodeError as error:
            line = first_line + block.count(b"\n", 0, error.start)
            found = f"byte 0x{block[error.start]:02x}, which is none"
            if first_line == 1 and block[:2] in UTF_16_MARKS:
                found = "text that begins as UTF-16 does"
            raise FileProblem(self.path, "text in UTF-8", found, f"line {line}") from error


class _Lines:
    """The lines of one block, all looked at together; only the odd ones one by one."""

    def __init__(self, block: bytes, fields: int, first_row: int) -> None:
        data = np.frombuffer(block, np.uint8)
        self.block = block
        self.fields = fields
        self.first_row = first_row
        self.ends = np.flatnonzero(data == NEWLINE)
        self.starts = np.concatenate((np.zeros(1, np.int64), self.ends[:-1] + 1))
        self.count = len(self.ends)
        commas = np.add.reduceat(data == COMMA, self.starts, dtype=np.int32)
        self.good = (commas == fields - 1) & (self.ends - self.starts <= LONGEST_LINE)
        self.odd = np.zeros(self.count, bool)
        for mark in (QUOTE, RETURN, 0):
            if mark in block:
                self.odd[np.searchsorted(self.ends, np.flatnonzero(data == mark))] = True

    def rows(self, names: list[str]) -> TextRows:
        """Good lines as columns, the others as refusals; blank lines are neither."""
        text = self.block
        malformed: list[RejectedRow] = []
        if not self.good.all() or self.odd.any():
            text, malformed = self._sorted_out()
        rows = np.flatnonzero(self.good) + self.first_row
        return TextRows(_columns(text, names), rows, malformed, len(rows) + len(malformed))

    def _sorted_out(self) -> tuple[bytes, list[RejectedRow]]:
        """The careful way: keep the good lines, rewrite quoted ones, refuse the others."""
        kept: list[bytes] = []
        malformed: list[RejectedRow] = []
        self.good &= ~self.odd
        for index, (start, end) in enumerate(zip(self.starts.tolist(), self.ends.tolist(), strict=True)):
            line = self.block[start:end]
            if self.good[index]:
                kept.append(line)
            elif line:
                fields = _quoted_fields(line) if self.odd[index] else line.split(b",")
                if fields is not None and len(fields) == self.fields and len(line) <= LONGEST_LINE:
                    kept.append(_rewritten(fields))
                    self.good[index] = True
                else:
                    malformed.append(_refused(self.first_row + index, line, fields, self.fields))
        return b"\n".join(kept), malformed


def _quoted_fields(line: bytes) -> list[bytes] | None:
    """Fields of a line that holds quotes or stray bytes; None if it is no line of comma-separated text."""
    text = line.decode("utf-8")
    if "\r" in text or "\0" in text:
        return None
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return [field.encode() for field in rows[0]]


def _rewritten(fields: list[bytes]) -> bytes:
    """The fields as one line in the quoting that pyarrow reads."""
    into = io.StringIO()
    csv.writer(into, lineterminator="").writerow([field.decode() for field in fields])
    return into.getvalue().encode()


def _refused(row: int, line: bytes, fields: list[bytes] | None, expected: int) -> RejectedRow:
    if len(line) > LONGEST_LINE:
        found = f"a line of {len(line):,} bytes"
    elif fields is None:
        found = "a line with an open quote or a control character"
    else:
        found = f"{len(fields)} fields"
    message = f"row: expected {expected} fields separated by commas, was {found}"
    raw = shortened(line[: 4 * LONGEST_LINE].decode("utf-8", "replace"))
    return RejectedRow(row, RowReject.MALFORMED_ROW.name, message, raw)


def _columns(text: bytes, names: list[str]) -> pa.Table:
    """Columns of text; every line of `text` is known to have as many fields as there are names."""
    if not text.strip(b"\n"):
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa_csv.read_csv(
        io.BytesIO(text),
        read_options=pa_csv.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=False),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False, check_utf8=False
        ),
    ).combine_chunks()
