"""Small files beside the trades: marking prices, and holdings to begin with. Whole or not at all.

    instrument,price                    NOVA,183.00
    member,account,asset,quantity       ALPINE,HOUS,NOVA,300      ALPINE,HOUS,USD,1000000.00

Every line is read before anything is done, and all mistakes are reported at once with their lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

from novate.app.clearing_names import Names, WrittenError
from novate.clearing.house_terms import WORLD, HouseTerms

MARK_COLUMNS = ("instrument", "price")
HOLDING_COLUMNS = ("member", "account", "asset", "quantity")
MOST_MISTAKES = 20
Row = dict[str, str]


class SmallFileError(Exception):
    """A file of which nothing was taken; the message names every line that is wrong."""


def read_marks(path: Path, names: Names) -> list[tuple[str, str]]:
    """(clearing id, price) of every line. Raises SmallFileError, OSError."""

    def check(row: Row) -> None:
        if names.instrument(row["instrument"]) not in names.quantity_digits:
            raise WrittenError(f'instrument: expected one of the configuration, was "{row["instrument"]}"')
        if not re.search("[1-9]", names.price(row["price"])):
            raise WrittenError(f'price: expected a decimal above 0, was "{row["price"]}"')

    rows = _rows(path, MARK_COLUMNS, ("instrument",), check)
    return [(names.instrument(row["instrument"]), row["price"]) for row in rows]


def read_holdings(path: Path, names: Names, terms: HouseTerms) -> list[tuple[str, str, str]]:
    """(MEMBER/ACCOUNT, asset, quantity) of every line. Raises SmallFileError, OSError."""
    parties = {*terms.parties} - {WORLD}

    def check(row: Row) -> None:
        asset, party = row["asset"], (row["member"], row["account"])
        if party not in parties:
            raise WrittenError(f"member, account: expected a configured party, was {'/'.join(party)}")
        if asset in names.currency_digits:
            amount = names.minor(row["quantity"], asset)
        elif names.instrument(asset) in names.quantity_digits:
            amount = names.units(row["quantity"], names.instrument(asset))
        else:
            raise WrittenError(f'asset: expected a configured instrument or currency, was "{asset}"')
        if not amount > 0:
            raise WrittenError(f'quantity: expected a number above 0, was "{row["quantity"]}"')

    rows = _rows(path, HOLDING_COLUMNS, ("member", "account", "asset"), check)
    return [(f"{row['member']}/{row['account']}", row["asset"], row["quantity"]) for row in rows]


def _rows(
    path: Path, columns: tuple[str, ...], key: tuple[str, ...], check: Callable[[Row], None]
) -> list[Row]:
    """All lines of a file with exactly these columns, each key once. SmallFileError with all mistakes."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as fault:
        raise SmallFileError(f"{path}: expected UTF-8, found another byte at {fault.start}") from fault
    reader = csv.DictReader(lines, strict=True)
    if sorted(reader.fieldnames or ()) != sorted(columns):
        found = ",".join(reader.fieldnames or ()) or "nothing"
        raise SmallFileError(f"{path}: expected the columns {','.join(columns)}, was {found}")
    rows: list[Row] = []
    mistakes: list[str] = []
    seen: set[tuple[str, ...]] = set()
    try:
        for row in reader:
            place = f"{path}: line {reader.line_num}"
            if None in row or None in row.values():
                mistakes.append(f"{place}: expected {len(columns)} fields, was another number")
                continue
            identity = tuple(row[name] for name in key)
            try:
                check(row)
            except WrittenError as fault:
                mistakes.append(f"{place}: {fault}")
            if identity in seen:
                mistakes.append(f"{place}: expected {' '.join(identity)} once, was there before")
            seen.add(identity)
            rows.append(row)
    except csv.Error as fault:
        mistakes.append(f"{path}: line {reader.line_num}: expected CSV, was: {fault}")
    if mistakes:
        more = len(mistakes) - MOST_MISTAKES
        said = mistakes[:MOST_MISTAKES] + ([f"and {more} more mistakes"] if more > 0 else [])
        raise SmallFileError("\n".join([*said, "nothing of it was taken"]))
    return rows
