"""Risk arrays, a pair of lines a contract, as columns: there are hundreds of thousands of them.

    81 contract, values 1-9, price of many digits   } 5 digits a value        83 } the same with 8 digits
    82 contract, values 10-16, delta, price, signs  }                         84 }

A piece of the file is one matrix of bytes, (lines, WIDTH); a field is a slice of its columns, and no line is
looked at alone unless it is wrong. A sign stands behind its number. Positive is a loss of +1 long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.model import SCENARIOS
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span.positional.layout import Field
from novate.gateway.span.positional.records import LARGEST_EXPONENT

WIDTH = 192
KEY = slice(2, 54)
"""The bytes of a pair that name the contract, the same on both lines."""
SERIES = [*range(2, 15), *range(25, 28), *range(29, 37), *range(38, 46)]
"""Exchange, product, type, month and day of the future, month and day of the option."""
RIGHT = 28
STRIKE = Field("strike", 48, 54)
PLUS, MINUS, BLANK, ZERO, YES = b"+- 0Y"
FIRST_VALUES = 9
PRICE_DIGITS, PRECISE_DIGITS = 7, 14
Matrix = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]


class Shape(NamedTuple):
    """Where the fields of a pair stand, for values of `digits` digits."""

    digits: int
    precise_price: Field
    precise_flag: int
    delta: Field
    price: Field
    strike_sign: Field
    factor: Field
    exponent: Field


SHAPES = {
    "81": Shape(
        5,
        Field("high-precision settlement price", 109, 122),
        123,
        Field("composite delta", 97, 101, 4),
        Field("settlement price", 111, 117),
        Field("sign of the strike", 119, 119),
        Field("contract value factor", 138, 151, 7),
        Field("contract value factor exponent", 152, 153),
    ),
    "83": Shape(
        8,
        Field("high-precision settlement price", 136, 149),
        150,
        Field("composite delta", 118, 122, 4),
        Field("settlement price", 132, 138),
        Field("sign of the strike", 140, 140),
        Field("contract value factor", 159, 172, 7),
        Field("contract value factor exponent", 173, 174),
    ),
}


@dataclass(slots=True)
class Rows:
    """Contracts as columns; `finished` puts them into file order."""

    series: list[bytes] = field(default_factory=list)
    """Every series of the file: its bytes of SERIES."""
    pieces: list[dict[str, npt.NDArray[Any]]] = field(default_factory=list)
    _index: dict[bytes, int] = field(default_factory=dict)

    def number(self, key: bytes) -> int:
        """The number of a series."""
        if key not in self._index:
            self._index[key] = len(self.series)
            self.series.append(key)
        return self._index[key]

    def finished(self) -> dict[str, npt.NDArray[Any]]:
        """series, line, right, strike, price, has_price, delta, factor, exponent, values (N, 16)."""
        if not self.pieces:
            return {}
        joined = {name: np.concatenate([one[name] for one in self.pieces]) for name in self.pieces[0]}
        self.pieces.clear()
        order = np.argsort(joined["line"], kind="stable")
        if (order != np.arange(len(order))).any():
            joined = {name: column[order] for name, column in joined.items()}
        return joined


class ArrayReader:
    """Takes the lines of risk arrays piece by piece; the first line of a pair can wait for its second."""

    def __init__(self) -> None:
        self.rows = Rows()
        self._waiting: tuple[list[bytes], list[int]] = ([], [])

    def take(self, lines: list[bytes], numbers: list[int]) -> None:
        """Read what is complete. SpanProblem for a line that breaks a rule."""
        lines, numbers = self._waiting[0] + lines, self._waiting[1] + numbers
        odd = len(lines) % 2
        self._waiting = (lines[len(lines) - odd :], numbers[len(numbers) - odd :])
        if len(lines) - odd:
            self._read(lines[: len(lines) - odd], np.array(numbers[: len(numbers) - odd], np.int64))

    def finish(self) -> None:
        """No more lines will come."""
        if self._waiting[0]:
            kind = self._waiting[0][0][:2].decode()
            second = f"a record {kind[0]}{int(kind[1]) + 1} behind record {kind}"
            place = f"line {self._waiting[1][0]}: record {kind}"
            raise SpanProblem(Kind.SCHEMA, place, second, "the end of the risk arrays")

    def _read(self, lines: list[bytes], numbers: Int64s) -> None:
        padded = b"".join([line[:WIDTH].ljust(WIDTH) for line in lines])
        matrix = np.frombuffer(padded, np.uint8).reshape(-1, WIDTH)
        _require_pairs(matrix, numbers)
        for kind, shape in SHAPES.items():
            first = np.flatnonzero(matrix[0::2, 1] == ord(kind[1])) * 2
            if len(first):
                pair = _Pair(kind, shape, matrix[first], matrix[first + 1], numbers[first])
                self.rows.pieces.append({**pair.columns(), **self._series(matrix[first])})

    def _series(self, first: Matrix) -> dict[str, npt.NDArray[Any]]:
        keys = np.ascontiguousarray(first[:, SERIES]).view(f"S{len(SERIES)}").ravel()
        names, places = np.unique(keys, return_inverse=True)
        numbers = np.array([self.rows.number(bytes(name)) for name in names.tolist()], np.int32)
        return {"series": numbers[places]}


def _require_pairs(matrix: Matrix, numbers: Int64s) -> None:
    """Every 81 has its 82 on the next line, every 83 its 84, for the same contract."""
    first, second = matrix[0::2], matrix[1::2]
    opens = (first[:, 1] == ord("1")) | (first[:, 1] == ord("3"))
    follows = (second[:, 1] == first[:, 1] + 1) & (numbers[1::2] == numbers[0::2] + 1)
    same = (first[:, KEY] == second[:, KEY]).all(axis=1)
    wrong = np.flatnonzero(~(opens & follows & same))
    if not len(wrong):
        return
    at = int(wrong[0])
    kinds = [bytes(one[at, :2]).decode() for one in (first, second)]
    if not opens[at]:
        before = f"record {kinds[0][0]}{int(kinds[0][1]) - 1} on the line before record {kinds[0]}"
        raise SpanProblem(Kind.SCHEMA, f"line {numbers[2 * at]}: record {kinds[0]}", before, "none")
    place, wanted = f"line {numbers[2 * at + 1]}", f"{kinds[0][0]}{int(kinds[0][1]) + 1}"
    expected = f"record {wanted} of the contract on the line before"
    found = f"record {kinds[1]}" if kinds[1] != wanted or same[at] else "one of another contract"
    raise SpanProblem(Kind.SCHEMA, place, expected, found)


class _Pair:
    """Pairs of one shape: (N, WIDTH) first lines, (N, WIDTH) second lines, N line numbers of the first."""

    def __init__(self, kind: str, shape: Shape, first: Matrix, second: Matrix, numbers: Int64s) -> None:
        self.kinds = (kind, f"{kind[0]}{int(kind[1]) + 1}")
        self.shape = shape
        self.lines = (first, second)
        self.numbers = numbers

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """All columns but the series."""
        shape, rest = self.shape, SCENARIOS - FIRST_VALUES
        values = np.hstack([self._values(0, FIRST_VALUES, 1), self._values(1, rest, FIRST_VALUES + 1)])
        price, has_price = self._price()
        delta, _ = self._number(1, shape.delta, required=True)
        strike, _ = self._number(0, STRIKE)
        factor, _ = self._number(1, shape.factor)
        exponent, _ = self._number(1, shape.exponent)
        wrong = np.flatnonzero(exponent > LARGEST_EXPONENT)
        if len(wrong):
            raise self._problem(1, int(wrong[0]), shape.exponent, f"at most {LARGEST_EXPONENT}")
        return {
            "line": self.numbers,
            "right": self.lines[0][:, RIGHT],
            "strike": self._with_sign(strike, shape.strike_sign),
            "price": price,
            "has_price": has_price,
            "delta": self._with_sign(delta, _sign_behind(shape.delta), may_be_blank=False),
            "factor": factor,
            "exponent": self._with_sign(exponent, _sign_behind(shape.exponent)),
            # Eight digits fit: the values of a large file are most of the memory that reading it takes.
            "values": values.astype(np.int32),
        }

    def _values(self, line: int, count: int, number: int) -> Int64s:
        """`count` values with the sign behind each."""
        digits = self.shape.digits
        start = STRIKE.last
        step = digits + 1
        part = self.lines[line][:, start : start + count * step].reshape(-1, count, step)
        figures, signs = part[:, :, :digits] - np.uint8(ZERO), part[:, :, digits]
        wrong = (figures > 9).any(axis=2) | ((signs != PLUS) & (signs != MINUS))
        if wrong.any():
            row, column = (int(found[0]) for found in np.nonzero(wrong))
            first = start + column * step + 1
            field_ = Field(f"array value {number + column}", first, first + digits)
            raise self._problem(line, row, field_, f"{digits} digits and + or -")
        values = figures @ (10 ** np.arange(digits - 1, -1, -1, dtype=np.int64))
        return np.where(signs == MINUS, -values, values)

    def _price(self) -> tuple[Int64s, npt.NDArray[np.bool_]]:
        """The price in 7 digits, or in 14 where the flag says so or there is no other."""
        shape = self.shape
        short, has_short = self._number(1, shape.price)
        precise, has_precise = self._number(0, shape.precise_price)
        flagged = self.lines[0][:, shape.precise_flag - 1] == YES
        wrong = np.flatnonzero(flagged & ~has_precise)
        if len(wrong):
            raise self._problem(0, int(wrong[0]), shape.precise_price, f"{PRECISE_DIGITS} digits")
        price = np.where(has_precise & (flagged | ~has_short), precise, short)
        return self._with_sign(price, _sign_behind(shape.price)), has_short | has_precise

    def _number(self, line: int, field_: Field, required: bool = False) -> tuple[Int64s, Any]:
        """A whole number and where it is there; blank is 0 unless it is required."""
        part = self.lines[line][:, field_.first - 1 : field_.last]
        figures, is_blank = part - np.uint8(ZERO), (part == BLANK).all(axis=1)
        wrong = (figures > 9).any(axis=1)
        if not required:
            wrong &= ~is_blank
        if wrong.any():
            width = field_.last - field_.first + 1
            expected = f"{width} digits" if required else f"{width} digits or blanks"
            raise self._problem(line, int(np.flatnonzero(wrong)[0]), field_, expected)
        figures = np.where(is_blank[:, None], np.uint8(0), figures)
        return figures @ (10 ** np.arange(part.shape[1] - 1, -1, -1, dtype=np.int64)), ~is_blank

    def _with_sign(self, numbers: Int64s, field_: Field, may_be_blank: bool = True) -> Int64s:
        signs = self.lines[1][:, field_.first - 1]
        wrong = (signs != PLUS) & (signs != MINUS)
        if may_be_blank:
            wrong &= signs != BLANK
        if wrong.any():
            expected = "+, - or a blank" if may_be_blank else "+ or -"
            raise self._problem(1, int(np.flatnonzero(wrong)[0]), field_, expected)
        return np.where(signs == MINUS, -numbers, numbers)

    def _problem(self, line: int, row: int, field_: Field, expected: str) -> SpanProblem:
        found = bytes(self.lines[line][row, field_.first - 1 : field_.last]).decode("latin-1")
        place = f"line {int(self.numbers[row]) + line}: record {self.kinds[line]}: {field_.place}"
        kind = Kind.ARRAY_LENGTH if field_.name.startswith("array") and not found.strip() else Kind.NUMBER
        return SpanProblem(kind, place, expected, repr(found))


def _sign_behind(field_: Field) -> Field:
    return Field(f"sign of the {field_.name}", field_.last + 1, field_.last + 1)
