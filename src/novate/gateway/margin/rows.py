"""Rows of a CSV file with their lines, for small files that are taken whole or not at all.

    positions.csv --numbered_rows--> (2, {"member": "M1", "account": "A", "instrument": "ACME", ...}), ...

Every defect is a FileProblem: file, line, column, expectation, finding.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from novate.clearing.margin.span.numbers import scaled
from novate.domain.units import INT64_MAX
from novate.gateway.files.problems import FileProblem, shortened

LARGEST_BYTES = 512 * 1024**2
LONGEST_NAME = 64
LARGEST_NUMBER = 10**15


@dataclass(frozen=True, slots=True)
class Row:
    """One row, which can say where it stands."""

    path: Path
    line: int
    fields: Mapping[str, str]

    def problem(self, column: str, expected: str, found: str) -> FileProblem:
        """A defect of one field."""
        return FileProblem(self.path, expected, _quoted(found), f"line {self.line}: {column}")

    def name(self, column: str) -> str:
        """A name: printable, without space around it, not empty, at most 64 characters."""
        text = self.fields[column]
        if not text or text != text.strip() or not text.isprintable() or len(text) > LONGEST_NAME:
            raise self.problem(column, f"a name of 1..{LONGEST_NAME} characters", text)
        return text

    def decimal(self, column: str) -> tuple[int, int]:
        """A decimal of at most 10**15 in size: its digits, and how many of them stand behind the point."""
        text = self.fields[column]
        try:
            digits, decimals = scaled(text)
        except ValueError:
            raise self.problem(column, "a decimal number", text) from None
        if abs(digits) > LARGEST_NUMBER * 10**decimals:
            raise self.problem(column, f"a number of at most {LARGEST_NUMBER:,}", text)
        return digits, decimals

    def number(self, column: str) -> Fraction:
        """The same as a fraction."""
        digits, decimals = self.decimal(column)
        return Fraction(digits, 10**decimals)

    def minor_units(self, column: str, decimals: int) -> int:
        """An amount that is not negative, in minor units."""
        value = self.number(column)
        units = value * 10**decimals
        if units < 0 or units.denominator != 1 or units > INT64_MAX:
            expected = f"an amount of at least 0 with at most {decimals} decimals"
            raise self.problem(column, expected, self.fields[column])
        return int(units)

    def day(self, column: str) -> str:
        """An ISO date."""
        text = self.fields[column]
        try:
            if len(text) != 10:
                raise ValueError
            date.fromisoformat(text)
        except ValueError:
            raise self.problem(column, "a date such as 2026-03-02", text) from None
        return text


def numbered_rows(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
    """Rows of a file that has exactly these columns, in any order; those of `optional` may be missing."""
    header, rows = _read(path)
    unknown = [name for name in header if name not in columns and name not in optional]
    missing = [name for name in columns if name not in header]
    if unknown or missing or len(set(header)) != len(header):
        expected = f"the columns {','.join(columns)}"
        expected += f" (and perhaps {','.join(optional)})" if optional else ""
        raise FileProblem(path, expected, _quoted(",".join(header)), "line 1")
    empty = dict.fromkeys(optional, "")
    for line, fields in rows:
        yield Row(path, line, {**empty, **dict(zip(header, fields, strict=True))})


def wide_rows(path: Path, first: str) -> tuple[list[str], Iterator[Row]]:
    """Names of the columns after the first, which has to be `first`; and the rows."""
    header, rows = _read(path)
    names = header[1:]
    if header[:1] != [first] or not names or len(set(header)) != len(header) or not all(names):
        expected = f"the column {first}, then one for each risk factor, each once"
        raise FileProblem(path, expected, _quoted(",".join(header)), "line 1")
    return names, (Row(path, line, dict(zip(header, fields, strict=True))) for line, fields in rows)


def _read(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise FileProblem(path, "comma-separated values", str(error), "line 1") from error
    return header, _fields(path, reader, len(header))


def _fields(path: Path, reader: Iterator[list[str]], count: int) -> Iterator[tuple[int, list[str]]]:
    try:
        for fields in reader:
            line: int = reader.line_num  # type: ignore[attr-defined]
            if len(fields) != count and fields:
                raise FileProblem(path, f"{count} fields", str(len(fields)), f"line {line}")
            if fields:
                yield line, fields
    except csv.Error as error:
        place = f"line {reader.line_num}"  # type: ignore[attr-defined]
        raise FileProblem(path, "comma-separated values", str(error), place) from error


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise FileProblem(path, "a CSV file", "a directory")
        if path.stat().st_size > LARGEST_BYTES:
            raise FileProblem(path, f"at most {LARGEST_BYTES:,} bytes", f"{path.stat().st_size:,}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileProblem(path, "a CSV file", "nothing: there is no such file") from None
    except OSError as error:
        raise FileProblem(path, "a readable file", error.strerror or str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x}"
        raise FileProblem(path, "text in UTF-8", found, f"line {line}") from error


def _quoted(text: str) -> str:
    """Printable and short: a hostile file can hold anything."""
    shown = "".join(mark if mark.isprintable() else "?" for mark in shortened(text))
    return f'"{shown}"' if text else "nothing"
