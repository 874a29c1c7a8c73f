"""A file as lines, and a line as a record: every question names its field, and what came instead.

    bytes --lines_of--> Block: the few records of terms, the many lines of risk arrays, numbers of lines
    b"4 YM    100101..." --Record--> record.digits("months") -> 1

A blank field is None; a field that is partly blank or holds anything but digits is a SpanProblem:
`line 812: record 4: month 1, bytes 15-20: expected 6 digits or blanks, was '2025 6'`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from novate.clearing.margin.span.periods import PHYSICAL, canonical
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span.positional.layout import ARRAYS, LAYOUTS, Field

LONGEST_LINE = 512
"""Bytes of a line; the longest layout has 192, and fields may be added behind it."""
MOST_RECORDS = 1_000_000
"""Records of terms, which are held at once: ten times those of a house with all of its markets."""
LARGEST_EXPONENT = 14
"""Digits that a locator or an exponent moves the point at most: no number has more digits."""
END_OF_FILE = b"\r\x1a"
"""What may stand behind the last line; 0x1A once ended files."""
_CONTROL = bytes([*range(32), *range(127, 160)])
_READABLE = bytes(code for code in range(256) if code not in _CONTROL)
_ARRAYS = frozenset(one.encode() for one in ARRAYS)


class Record:
    """One line of a type that has a layout."""

    __slots__ = ("data", "fields", "kind", "line")

    def __init__(self, data: bytes, line: int) -> None:
        self.kind = data[:2].decode("latin-1").ljust(2)
        self.data = data
        self.line = line
        self.fields = LAYOUTS[self.kind]

    def text(self, name: str) -> str:
        """The characters of a field without blanks around them; empty where it is blank."""
        return self._bytes(self.fields[name]).decode("latin-1").strip()

    def required(self, name: str) -> str:
        """Text that must be there."""
        found = self.text(name)
        if not found:
            raise self.problem(Kind.SCHEMA, name, "a text", "blanks")
        return found

    def one_of(self, name: str, allowed: dict[str, str], what: str) -> str:
        """The meaning of a code; SpanProblem (unsupported) for one that is not in `allowed`."""
        found = self.text(name)
        if found not in allowed:
            raise self.problem(Kind.UNSUPPORTED, name, what, repr(found))
        return allowed[found]

    def digits(self, name: str) -> int | None:
        """A whole number; None where it is blank."""
        field = self.fields[name]
        found = self._bytes(field)
        if not found.strip():
            return None
        if not found.isdigit():
            width = field.last - field.first + 1
            expected = f"{width} digit{'s' if width > 1 else ''} or blanks"
            raise self.problem(Kind.NUMBER, name, expected, repr(found.decode("latin-1")))
        return int(found)

    def number(self, name: str) -> Fraction | None:
        """A number with the decimals of its field; None where it is blank."""
        found = self.digits(name)
        return None if found is None else Fraction(found, 10 ** self.fields[name].decimals)

    def required_number(self, name: str) -> Fraction:
        """A number that must be there."""
        found = self.number(name)
        if found is None:
            raise self.problem(Kind.SCHEMA, name, "a number", "blanks")
        return found

    def signed(self, name: str, sign: str) -> int:
        """A small whole number with a sign byte of its own, 0 where it is blank."""
        found = self.digits(name) or 0
        if found > LARGEST_EXPONENT:
            raise self.problem(Kind.NUMBER, name, f"at most {LARGEST_EXPONENT}", str(found))
        return -found if self.text(sign) == "-" else found

    def period(self, month: str, day: str) -> str | None:
        """A contract period of two fields, canonical; None where the month is blank."""
        months, rest = self.text(month), self.text(day)
        if not months:
            return None
        try:
            return canonical(months + rest)
        except ValueError:
            expected = "a period (6 digits, up to 3 more characters)"
            raise self.problem(Kind.PERIOD, month, expected, repr(months + rest)) from None

    def is_zero(self, name: str) -> bool:
        """Whether a field says nothing: blanks and zeros."""
        return not self._bytes(self.fields[name]).strip(b" 0")

    def problem(self, kind: Kind, name: str, expected: str, found: str) -> SpanProblem:
        """A problem of a field."""
        place = f"line {self.line}: record {self.kind.strip()}: {self.fields[name].place}"
        return SpanProblem(kind, place, expected, found)

    def _bytes(self, field: Field) -> bytes:
        return self.data[field.first - 1 : field.last].ljust(field.last - field.first + 1)


def is_no_period(code: str | None) -> bool:
    """Whether a period stands for none: blank, or zeros."""
    return code is None or code == PHYSICAL


@dataclass(slots=True)
class Block:
    """What one piece of the file brought."""

    records: list[Record]
    arrays: list[bytes]
    """Lines of risk arrays."""
    lines: list[int]
    """Their numbers."""
    others: list[tuple[str, int]]
    """Type and line of every record that has no layout here."""


def blocks_of(chunks: Iterable[bytes]) -> Iterator[Block]:
    """The lines of a file, sorted by what they are.

    SpanProblem for what is no text, has too long lines, or ends within one: blanks at the end of a line may
    be left out, so that a record that was cut off would be read as one whose last fields are blank.
    """
    rest, line = b"", 1
    for chunk in chunks:
        lines = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        rest = lines.pop()
        _require_short(max([*lines, rest], key=len), [*lines, rest], line)
        yield _block(lines, line)
        line += len(lines)
    rest = rest.rstrip(END_OF_FILE)
    if rest.strip():
        expected = "an end of line behind the last record"
        raise SpanProblem(Kind.SCHEMA, f"line {line}", expected, "the end of the file: it may be cut off")
    yield _block([rest], line)


def _require_short(longest: bytes, lines: list[bytes], first: int) -> None:
    if len(longest) > LONGEST_LINE:
        place = f"line {first + lines.index(longest)}"
        expected = f"lines of at most {LONGEST_LINE} bytes"
        raise SpanProblem(Kind.SCHEMA, place, expected, f"{len(longest):,} bytes without an end of line")


def _block(lines: list[bytes], first: int) -> Block:
    if b"".join(lines).translate(None, _READABLE):
        number, found = next(
            (number, one.translate(None, _READABLE))
            for number, one in enumerate(lines, first)
            if one.translate(None, _READABLE)
        )
        raise SpanProblem(Kind.SCHEMA, f"line {number}", "text", f"a control character (0x{found[0]:02x})")
    block = Block([], [], [], [])
    known = {name.encode() for name in LAYOUTS}
    for number, line in enumerate(lines, first):
        kind = line[:2]
        if kind in _ARRAYS:
            block.arrays.append(line)
            block.lines.append(number)
        elif kind.ljust(2) in known:
            block.records.append(Record(line, number))
        elif line.strip():
            block.others.append((kind.decode("latin-1").ljust(2), number))
    return block
