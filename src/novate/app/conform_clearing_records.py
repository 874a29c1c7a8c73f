"""Records of commands, one at a time: what every writer of commands of the clearing house stands on.

{"member": "A", "account": "HOUS"} -> party 0        "12.50" -> 1250, 2 decimals        text -> TEXT records
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from novate.clearing.house_terms import CCP, HouseTerms
from novate.domain.clearing_codes import ClearingCommand, ClearingFlag
from novate.domain.clearing_records import (
    COMMAND_STRUCT,
    NOT_GIVEN,
    TEXT_BYTES,
    TEXT_STRUCT,
    UNKNOWN,
    UNKNOWN_ACCOUNT,
)

Json = dict[str, Any]
PRICE_FORM = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
INT64_MAX = 2**63 - 1
INT128_MAX = 2**127 - 1
INT128_DIGITS = 39


class RecordWriter:
    """Names to numbers; remembers which sources have a number already."""

    def __init__(self, terms: HouseTerms, sources: Sequence[str] = ()) -> None:
        """`sources`: what the house has been named already, in the order of the numbers."""
        self._parties = {party: number for number, party in enumerate(terms.parties)}
        self._members = {member for member, _ in terms.parties} - {CCP[0], "WORLD"}
        self._accounts = {name: number for number, name in enumerate(terms.accounts)}
        self._instruments = {one.name: number for number, one in enumerate(terms.instruments)}
        self._currencies = {one.name: number for number, one in enumerate(terms.currencies)}
        self.sources = list(sources)
        """Names in the order of their numbers."""
        self._numbers = {name: number for number, name in enumerate(self.sources)}
        self._out = bytearray()

    def _put(
        self, kind: ClearingCommand, *, code: int = 0, flags: int = 0, party: int = NOT_GIVEN,
        other_party: int = NOT_GIVEN, instrument: int = NOT_GIVEN, currency: int = NOT_GIVEN,
        source: int = 0, day: int = 0, other_day: int = 0, version: int = 0, quantity: int = 0,
        price: str | None = None, low: int = 0,
    ) -> None:  # fmt: skip
        decimals = zeros = high = 0
        if price is not None:
            low, high, decimals, zeros, price_flags = price_fields(price)
            flags |= price_flags
        self._out += COMMAND_STRUCT.pack(
            kind, code, decimals, flags, party, other_party, instrument, currency, zeros, source, day,
            other_day, version, quantity, low, high,
        )  # fmt: skip

    def _put_text(self, text: str) -> None:
        data = text.encode()
        for start in range(0, len(data) or 1, TEXT_BYTES):
            piece = data[start : start + TEXT_BYTES]
            more = ClearingFlag.MORE_TEXT if start + TEXT_BYTES < len(data) else 0
            self._out += TEXT_STRUCT.pack(ClearingCommand.TEXT, len(piece), 0, more, piece)

    def _source(self, name: str) -> int:
        """Number of a source, named to the house the first time."""
        if name not in self._numbers:
            self._numbers[name] = len(self.sources)
            self.sources.append(name)
            self._put_text(name)
            self._put(ClearingCommand.SOURCE, source=self._numbers[name])
        return self._numbers[name]

    def _party(self, member: str, account: str) -> int:
        if member in self._members or (member, account) == CCP:
            return self._parties.get((member, account), UNKNOWN_ACCOUNT)
        return UNKNOWN

    def _instrument(self, name: str) -> int:
        return self._instruments.get(text_of(name), UNKNOWN)


def price_fields(text: str) -> tuple[int, int, int, int, int]:
    """(low, high, decimals, zeros in front, flags) of a price; what is no price of C1 is flagged."""
    decimals = len(text.partition(".")[2])
    if not PRICE_FORM.fullmatch(text) or decimals > 255:
        return 0, 0, 0, 0, ClearingFlag.INVALID_PRICE
    written = text.replace(".", "")
    significant = written.lstrip("0") or "0"
    zeros = min(len(written) - len(significant), 2**16 - 1)
    # No price beyond 128 bits can be within max_amount, so the largest stands for all of them. Python reads
    # only so many digits, and a file may hold any number of them.
    digits = INT128_MAX if len(significant) > INT128_DIGITS else min(int(significant), INT128_MAX)
    low = digits & (2**64 - 1)
    return low - 2**64 if low > INT64_MAX else low, digits >> 64, decimals, zeros, 0


def price_text(digits: int, decimals: int, zeros: int) -> str:
    """The inverse of `price_fields`."""
    written = "0" * zeros + str(digits)
    return f"{written[:-decimals]}.{written[-decimals:]}" if decimals else written


def text_of(value: object) -> str:
    """A text; TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"a text expected, {value!r}")
    return value


def number_of(value: object) -> int:
    """An integer that a record can bear; ValueError for anything else."""
    if type(value) is not int or abs(value) > INT64_MAX:
        raise ValueError(f"an integer of 64 bits expected, {value!r}")
    return value


def clamped(value: object) -> int:
    """A number that a rule refuses if it is out of range, however far."""
    if type(value) is not int:
        raise TypeError(f"an integer expected, {value!r}")
    return max(-INT64_MAX, min(value, INT64_MAX))


def day_of(value: object) -> int:
    """Day ordinal of an ISO date; TypeError or ValueError for anything else."""
    return datetime.date.fromisoformat(text_of(value)).toordinal()
