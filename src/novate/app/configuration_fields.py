"""One table of a TOML file, read field by field; what is wrong is written down and reading goes on.

    {"tick": "abc", "tikc": 1}  at "instruments[2]"
        table.decimal("tick")   --> "1", and  instruments[2].tick: expected a decimal ..., was "abc"
        table.finish()          --> and       instruments[2].tikc: unknown key, did you mean "tick"?

A field that is wrong is answered with a value of the right type, so that the structs can be built and all
mistakes of a file are found in one run; the values are never used, because the caller then refuses the file.
"""

from __future__ import annotations

import datetime
import difflib
import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import Any, TypeVar

from novate.domain.units import parse_decimal, parse_signed

E = TypeVar("E", bound=Enum)
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/:+-]{0,63}", re.ASCII)
"""Names that land in files: no comma, no bar, no quote, so that a CSV cell never needs quoting."""
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", re.ASCII)
DURATION = re.compile(r"([0-9]{1,18})(ns|us|ms|s|m|h)", re.ASCII)
NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
LONGEST_NS = 24 * NANOSECONDS["h"]


class WrittenNumber(str):
    """A number with a point as it stands in the file: a decimal where one is expected, no text."""


def shown(value: Any) -> str:
    """A value as the reader of the file would write it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str | bool | int) and not isinstance(value, WrittenNumber):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


class Table:
    """A TOML table, the path under which messages name it, and the list that mistakes go to."""

    def __init__(self, values: dict[str, Any], path: str, file: str, errors: list[str]) -> None:
        self.values = values
        self.path = path
        self.file = file
        self.errors = errors
        self.asked: list[str] = []

    def mistake(self, key: str, message: str) -> None:
        self.errors.append(f"{self.file}: {self._place(key)}: {message}")

    def expected(self, key: str, what: str) -> None:
        self.mistake(key, f"expected {what}, was {shown(self.values.get(key))}")

    def finish(self) -> None:
        """Every key that nobody asked for is a mistake, most likely of spelling."""
        for key in self.values:
            if key not in self.asked:
                near = difflib.get_close_matches(key, self.asked, n=1, cutoff=0.6)
                hint = f'did you mean "{near[0]}"?' if near else f"expected one of {', '.join(self.asked)}"
                self.mistake(key, f"unknown key, {hint}")

    # -- single values ------------------------------------------------------------------------------------

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if isinstance(value, str) and value.strip() and not isinstance(value, WrittenNumber):
            return value
        if value != default or default is None:
            self.expected(key, "a text")
        return default or ""

    def word(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if key not in self.values and default is not None:
            return default
        written = isinstance(value, str) and not isinstance(value, WrittenNumber)
        if written and WORD.fullmatch(value) and value == value.strip():
            return str(value)
        self.expected(key, "a name of letters, digits and . _ / : + - (at most 64)")
        return default or ""

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if self._get(key, None) is not None else None

    def one_of(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self._get(key, default)
        if value not in allowed:
            self.expected(key, "one of " + ", ".join(f'"{name}"' for name in allowed))
            return allowed[0]
        return str(value)

    def optional_word(self, key: str, allowed: Sequence[str]) -> str | None:
        return self.one_of(key, allowed) if self._get(key, None) is not None else None

    def choice(self, key: str, kind: type[E], default: E | None = None) -> E:
        values = [str(member.value) for member in kind]
        return kind(self.one_of(key, values, None if default is None else str(default.value)))

    def boolean(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.expected(key, "true or false")
            return default
        return value

    def integer(self, key: str, default: int | None, low: int, high: int) -> int:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.expected(key, f"a whole number from {low} to {high}")
            return low if default is None else default
        return value

    def optional_integer(self, key: str, low: int, high: int) -> int | None:
        return self.integer(key, None, low, high) if self._get(key, None) is not None else None

    def decimal(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return str(value)
        try:
            if not isinstance(value, str) or len(value) > 40:
                raise ValueError
            parse_decimal(value)
        except ValueError:
            self.expected(key, 'a decimal such as "0.01"')
            return default or "1"
        return str(value)

    def optional_signed(self, key: str) -> str | None:
        """A decimal that may lie below zero."""
        value = self._get(key, None)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        try:
            if not isinstance(value, str) or len(value) > 40:
                raise ValueError
            parse_signed(value)
        except ValueError:
            self.expected(key, 'a decimal such as "-0.50"')
            return None
        return str(value)

    def duration_ns(self, key: str) -> int:
        """A time such as "5m" or "300s" in nanoseconds; nothing is 0."""
        value = self._get(key, None)
        if value is None:
            return 0
        match = DURATION.fullmatch(value) if isinstance(value, str) else None
        nanoseconds = int(match[1]) * NANOSECONDS[match[2]] if match else 0
        if not 0 < nanoseconds <= LONGEST_NS:
            self.expected(key, 'a duration from 1ns to 24h such as "5m", "300s" or "250ms"')
            return 0
        return nanoseconds

    def optional_pair(self, key: str) -> tuple[str, str] | None:
        """Two texts."""
        value = self._get(key, None)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(isinstance(one, str) and one.strip() for one in value)
        ):
            found = json.dumps(value, default=str, ensure_ascii=False)
            self.mistake(key, f'expected two symbols such as ["NEAR", "FAR"], was {found}')
            return None
        return value[0], value[1]

    def optional_decimal(self, key: str) -> str | None:
        return self.decimal(key) if self._get(key, None) is not None else None

    def date(self, key: str) -> str:
        return self._iso_date(key, self._get(key, None), "2000-01-03")

    def optional_date(self, key: str) -> str | None:
        return self.date(key) if self._get(key, None) is not None else None

    def clock(self, key: str) -> str:
        """A time of day as HH:MM:SS; seconds may be left out, and TOML's own form will do."""
        value = self._get(key, None)
        text = value
        if isinstance(value, datetime.time) and value.tzinfo is None:
            text = value.isoformat()
        if not isinstance(text, str) or not CLOCK.fullmatch(text):
            self.expected(key, 'a time of day such as "08:50" or "08:50:30"')
            return "00:00:00"
        return text if len(text) == len("00:00:00") else f"{text}:00"

    # -- lists and tables ---------------------------------------------------------------------------------

    def dates(self, key: str) -> tuple[str, ...]:
        values = self._list(key, [])
        return tuple(sorted({self._iso_date(key, value, "2000-01-03") for value in values}))

    def integers(self, key: str, default: tuple[int, ...], low: int, high: int) -> tuple[int, ...]:
        values = self._list(key, list(default))
        if any(
            isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high
            for value in values
        ):
            self.mistake(
                key, f"expected whole numbers from {low} to {high}, was {json.dumps(values, default=str)}"
            )
            return default
        return tuple(sorted(set(values)))

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        values = self._list(key, list(default))
        if any(not isinstance(value, str) or isinstance(value, WrittenNumber) for value in values):
            self.mistake(key, f"expected a list of texts, was {json.dumps(values, default=str)}")
            return default
        return tuple(dict.fromkeys(values))

    def choices(self, key: str, kind: type[E], default: tuple[E, ...]) -> tuple[E, ...]:
        values = self._list(key, [member.value for member in default])
        allowed = [member.value for member in kind]
        if not values or any(value not in allowed for value in values) or len(set(values)) < len(values):
            names = ", ".join(str(name) for name in allowed)
            self.mistake(key, f"expected a list of {names}, each once, was {json.dumps(values, default=str)}")
            return default
        return tuple(kind(value) for value in values)

    def table(self, key: str) -> Table:
        value = self._get(key, {})
        if not isinstance(value, dict):
            self.expected(key, "a table")
            value = {}
        return Table(value, self._place(key), self.file, self.errors)

    def named_tables(self, key: str) -> dict[str, Table]:
        parent = self.table(key)
        for name in parent.values:
            if not WORD.fullmatch(name):
                parent.mistake(name, "expected a name of letters, digits and . _ / : + - (at most 64)")
        return {name: parent.table(name) for name in parent.values}

    def rows(self, key: str, fewest: int, most: int) -> list[Table]:
        values = self._list(key, [])
        if not fewest <= len(values) <= most:
            self.mistake(key, f"expected {fewest} to {most} tables [[{key}]], was {len(values)}")
        rows = []
        for index, value in enumerate(values):
            if isinstance(value, dict):
                rows.append(Table(value, f"{self._place(key)}[{index}]", self.file, self.errors))
            else:
                self.mistake(f"{key}[{index}]", f"expected a table [[{key}]], was {shown(value)}")
        return rows

    # -- below --------------------------------------------------------------------------------------------

    def _place(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _get(self, key: str, default: Any) -> Any:
        if key not in self.asked:
            self.asked.append(key)
        return self.values.get(key, default)

    def _list(self, key: str, default: list[Any]) -> list[Any]:
        value = self._get(key, default)
        if not isinstance(value, list):
            self.expected(key, "a list")
            return default
        return value

    def _iso_date(self, key: str, value: Any, fallback: str) -> str:
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return value.isoformat()
        try:
            if not isinstance(value, str) or len(value) != 10:
                raise ValueError
            return datetime.date.fromisoformat(value).isoformat()
        except ValueError:
            self.mistake(key, f"expected a date such as 2026-03-02, was {shown(value)}")
            return fallback
