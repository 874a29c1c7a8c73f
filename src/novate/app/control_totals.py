"""What a trade file says of itself: lines at its end, or metadata of a Parquet file.

    17,NOVATE,1,2026-10-09,...
    #version,1             number of the file's form; another one is not read
    #count,1               rows of trades, with the refused ones
    #quantity,300          sum of the quantities as they are written

Each line may be missing. A file that gives a total that its rows do not have was cut or joined on the way:
nothing of it is taken. In Parquet they are metadata of the schema: `novate.count`, `novate.quantity`,
`novate.version`.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from novate.clearing.trades.columns import Coded
from novate.domain.units import format_decimal, parse_decimal

FILE_FORM = "1"
NAMES = ("version", "count", "quantity")
PREFIX = "novate."


class FileReject(StrEnum):
    """Why nothing of a file was taken; the names stand in its return file."""

    UNREADABLE_FILE = "UNREADABLE_FILE"
    WRONG_FILE_VERSION = "WRONG_FILE_VERSION"
    UNKNOWN_CONTROL_LINE = "UNKNOWN_CONTROL_LINE"
    CONTROL_TOTAL = "CONTROL_TOTAL"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"


def split_totals(data: bytes) -> tuple[bytes, dict[str, str]]:
    """(the file without the lines at its end that begin with #, what these say)."""
    totals: dict[str, str] = {}
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        line = data[start:end].strip()
        if line and not line.startswith(b"#"):
            break
        if line:
            name, _, value = line[1:].decode("utf-8", errors="backslashreplace").partition(",")
            # A name that comes twice is kept as one that nobody knows.
            totals[f"{name}, a second time" if name in totals else name] = value
        end = start
    return (data[:end], totals) if totals else (data, {})


def totals_of_metadata(metadata: dict[bytes, bytes]) -> dict[str, str]:
    """The same of a Parquet file; metadata of others are passed over."""
    texts = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in metadata.items()}
    return {key.removeprefix(PREFIX): text for key, text in texts.items() if key.startswith(PREFIX)}


def broken_total(totals: dict[str, str], rows: int, quantity: Coded) -> tuple[FileReject, str] | None:
    """The first thing that a file says of itself and that is not so: (name, expectation and finding).

    `rows`: all rows read, also those without the form of a trade; `quantity`: the column of the others.
    """
    for name in totals:
        if name not in NAMES:
            expected = ", ".join(f"#{known}" for known in NAMES)
            return FileReject.UNKNOWN_CONTROL_LINE, f'expected lines {expected} at the end, was "#{name}"'
    version = totals.get("version", FILE_FORM)
    if version != FILE_FORM:
        said = f'version: expected the form {FILE_FORM}, was "{version}"'
        return FileReject.WRONG_FILE_VERSION, said
    count = totals.get("count")
    if count is not None and count != str(rows):
        return FileReject.CONTROL_TOTAL, f'count: expected {rows} as the file has rows, was "{count}"'
    given = totals.get("quantity")
    if given is None:
        return None
    found = quantity_total(quantity)
    if _decimal(given) != _decimal(found):
        return FileReject.CONTROL_TOTAL, f'quantity: expected {found} as the rows add up to, was "{given}"'
    return None


def quantity_total(quantity: Coded) -> str:
    """Sum of a column of quantities; texts that are no numbers count nothing. Exact at any size."""
    times = np.bincount(quantity.codes, minlength=len(quantity.values)).tolist() if quantity.values else []
    numbers = [(_decimal(text), count) for text, count in zip(quantity.values, times, strict=True)]
    parsed = [(*number, count) for number, count in numbers if number is not None]
    digits = max((decimals for _, decimals, _ in parsed), default=0)
    total = sum(unscaled * 10 ** (digits - decimals) * count for unscaled, decimals, count in parsed)
    return format_decimal(total, digits)


def _decimal(text: str) -> tuple[int, int] | None:
    """The number in its shortest form, so that 300 and 300.00 are equal; None for no number."""
    try:
        unscaled, decimals = parse_decimal(text)
    except ValueError:
        return None
    while decimals and unscaled % 10 == 0:
        unscaled, decimals = unscaled // 10, decimals - 1
    return unscaled, decimals
