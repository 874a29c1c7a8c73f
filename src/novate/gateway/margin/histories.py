"""A history of risk factors from CSV: prices or relative returns, one row a day, one column a factor.

    date,ACME,BOND                     days      2026-03-03
    2026-03-02,50.00,99.10     --->    returns   ACME  0.02   BOND  -0.001...
    2026-03-03,51.00,99.00             last      ACME  51     BOND  99

Days ascend. Prices are above zero, because a relative return needs a price that it is relative to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from novate.clearing.margin.history import RETURN_DECIMALS, RETURN_UNIT, History, return_of
from novate.gateway.files.problems import FileProblem
from novate.gateway.margin.rows import Row, wide_rows

MOST_RETURNS = 5_000_000
"""Days times factors: as much as a few seconds can scale."""
LARGEST_RETURN = 100


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Returns, and where the file has prices, the last of each factor."""

    history: History
    last: dict[str, Fraction]


def read_prices(path: Path) -> PriceHistory:
    """A history from prices; FileProblem, also for fewer than two days."""
    names, rows = wide_rows(path, "date")
    days: list[str] = []
    columns: list[list[int]] = [[] for _ in names]
    before: list[tuple[int, int]] | None = None
    for row in _ascending(rows):
        prices = [row.decimal(name) for name in names]
        for name, price in zip(names, prices, strict=True):
            if price[0] <= 0:
                raise row.problem(name, "a price above 0", row.fields[name])
        if before is not None:
            days.append(row.fields["date"])
            for column, name, old, new in zip(columns, names, before, prices, strict=True):
                column.append(_within(row, name, return_of(old, new)))
            _check_size(path, row, len(days) * len(names))
        before = prices
    if before is None or not days:
        raise FileProblem(path, "prices of at least two days", f"{0 if before is None else 1}")
    history = History(tuple(days), tuple(names), tuple(map(tuple, columns)))
    last = {name: Fraction(digits, 10**behind) for name, (digits, behind) in zip(names, before, strict=True)}
    return PriceHistory(history, last)


def read_returns(path: Path) -> PriceHistory:
    """A history from relative returns of at most twelve decimals; FileProblem, also for none at all."""
    names, rows = wide_rows(path, "date")
    days: list[str] = []
    columns: list[list[int]] = [[] for _ in names]
    for row in _ascending(rows):
        days.append(row.fields["date"])
        for column, name in zip(columns, names, strict=True):
            digits, decimals = row.decimal(name)
            value, rest = divmod(digits * RETURN_UNIT, 10**decimals)
            if rest or value < -RETURN_UNIT:
                expected = f"a return of at least -1 with at most {RETURN_DECIMALS} decimals"
                raise row.problem(name, expected, row.fields[name])
            column.append(_within(row, name, value))
        _check_size(path, row, len(days) * len(names))
    if not days:
        raise FileProblem(path, "returns of at least one day", "0")
    return PriceHistory(History(tuple(days), tuple(names), tuple(map(tuple, columns))), {})


def _ascending(rows: Iterator[Row]) -> Iterator[Row]:
    last = ""
    for row in rows:
        day = row.day("date")
        if day <= last:
            raise row.problem("date", f"a day after {last}", day)
        last = day
        yield row


def _within(row: Row, name: str, value: int) -> int:
    if abs(value) > LARGEST_RETURN * RETURN_UNIT:
        raise row.problem(name, f"a return of at most {LARGEST_RETURN}", row.fields[name])
    return value


def _check_size(path: Path, row: Row, count: int) -> None:
    if count > MOST_RETURNS:
        raise FileProblem(path, f"at most {MOST_RETURNS:,} returns", "more", f"line {row.line}")
