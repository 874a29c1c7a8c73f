"""An obligation file read back: rows, and how many digits its integers have.

    obligations.csv --> body: rows          --> ReadObligations(rows, currency_digits, quantity_digits)
                        footer: # lines     --> digits; control totals and digest, checked

Nothing is taken on trust: row count, digest and totals of the footer must be those of the body. A file
without a footer is refused. `docs/obligation-file.md` describes every line.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from novate.clearing.obligations import COLUMNS, FOOTER_FORM, HEADER, Obligation

NUMBERS = ("quantity", "amount_minor", "gross_legs")
CODES = {
    "movement": ("RECE", "DELI", "NONE"),
    "pay": ("CRDT", "DEBT", "NONE"),
    "type": ("NEW1", "FAIL", "COEV"),
}


class ObligationFileError(ValueError):
    """A file that is not a whole obligation file; the message names the line."""


class ReadObligations(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a file in its order, and the digits of its integers."""

    rows: tuple[Obligation, ...]
    currency_digits: dict[str, int]
    """Digits of the minor unit of each currency with rows."""
    quantity_digits: dict[str, int]
    """Digits of the unit of each instrument with rows."""


def read_obligations(content: bytes) -> ReadObligations:
    """The rows of a whole obligation file. ObligationFileError where a line or a control total is wrong."""
    body, mark, footer = content.partition(b"\n#")
    if not mark:
        raise ObligationFileError("Expected a footer of control totals, found no line that begins with #")
    body += b"\n"
    try:
        lines, closing = body.decode().split("\n")[:-1], ("#" + footer.decode()).split("\n")[:-1]
    except UnicodeDecodeError as fault:
        raise ObligationFileError(f"Expected UTF-8, found another byte at {fault.start}") from fault
    if lines[0] + "\n" != HEADER:
        raise ObligationFileError(f'line 1: expected the header {HEADER.strip()}, was "{lines[0]}"')
    rows = tuple(_row(number, line) for number, line in enumerate(lines[1:], 2))
    read = ReadObligations(
        rows=rows,
        currency_digits=_digits(closing, "#ccy", 1, 2),
        quantity_digits=_digits(closing, "#isin", 1, 3),
    )
    _check_footer(read, closing, sha256(body).hexdigest())
    return read


def _row(number: int, line: str) -> Obligation:
    cells = line.split(",")
    if len(cells) != len(COLUMNS):
        raise ObligationFileError(f"line {number}: expected {len(COLUMNS)} fields, found {len(cells)}")
    texts = dict(zip(COLUMNS, cells, strict=True))
    for name in NUMBERS:
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", texts[name], re.ASCII):
            raise ObligationFileError(f'line {number}: {name}: expected a whole number, was "{texts[name]}"')
    for name, codes in CODES.items():
        if texts[name] not in codes:
            expected = ", ".join(codes)
            raise ObligationFileError(
                f'line {number}: {name}: expected one of {expected}, was "{texts[name]}"'
            )
    if not _is_date(texts["settle_date"]):
        raise ObligationFileError(
            f'line {number}: settle_date: expected an ISO date, was "{texts["settle_date"]}"'
        )
    for code, value in (("movement", "quantity"), ("pay", "amount_minor")):
        if (texts[code] == "NONE") != (texts[value] == "0"):
            raise ObligationFileError(
                f"line {number}: expected {value} 0 exactly where {code} is NONE, was {texts[value]}"
            )
    numbers = {name: int(texts[name]) for name in NUMBERS}
    return msgspec.convert({**texts, **numbers}, Obligation)


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _digits(closing: list[str], mark: str, key: int, place: int) -> dict[str, int]:
    found = {}
    for line in closing:
        cells = line.split(",")
        if cells[0] != mark:
            continue
        if len(cells) <= place or not re.fullmatch("[0-9]{1,2}", cells[place], re.ASCII):
            raise ObligationFileError(f'footer: expected digits in field {place + 1}, was "{line}"')
        found[cells[key]] = int(cells[place])
    return found


def _check_footer(read: ReadObligations, closing: list[str], digest: str) -> None:
    """Every control total of the footer, computed again from the rows."""
    expected = {f"#footer,{FOOTER_FORM}", f"#rows,{len(read.rows)}", f"#sha256,{digest}"}
    expected |= {*total_lines(read.rows, read.currency_digits, read.quantity_digits)}
    missing = sorted(expected - set(closing))
    if missing:
        raise ObligationFileError(f"footer: expected the line {missing[0]}, as the rows say, found none such")


def total_lines(
    rows: Sequence[Obligation], currency_digits: dict[str, int], quantity_digits: dict[str, int]
) -> list[str]:
    """The `#isin` and `#ccy` lines of a footer, in its order."""
    currency_of = {row.isin: row.ccy for row in rows}
    return [
        f"#isin,{isin},{currency_of[isin]},{quantity_digits.get(isin)},{sums}"
        for isin, sums in _sums(rows, lambda row: (row.isin, row.signed_quantity))
    ] + [
        f"#ccy,{ccy},{currency_digits.get(ccy)},{sums}"
        for ccy, sums in _sums(rows, lambda row: (row.ccy, row.signed_amount))
    ]


def _sums(
    rows: Sequence[Obligation], entry: Callable[[Obligation], tuple[str, int]]
) -> list[tuple[str, str]]:
    """Per key, ascending, the four figures of a footer line: rows, out, in, difference."""
    totals: dict[str, list[int]] = {}
    for row in rows:
        key, signed = entry(row)
        one = totals.setdefault(key, [0, 0, 0])
        one[0] += 1
        one[1] += max(-signed, 0)
        one[2] += max(signed, 0)
    return [(key, f"{count},{out},{into},{into - out}") for key, (count, out, into) in sorted(totals.items())]
