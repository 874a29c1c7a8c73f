"""A delivery of trades as columns of text, each column a list of distinct values and a code per row.

    row  source  trade_id  version  trade_date  instrument  price  quantity  currency  buyer ... seller ...
      1  NOVATE  17        1        2026-10-09  US00NOVA..  182.5  300       USD       ALPINE HOUS  ...
      2  NOVATE  18        1        2026-10-09  US00NOVA..  182.6  100       USD       BOREAL CLIE  ...

A value that stands in a million rows is looked at once: every check of a form, and every conversion of a
text, costs one step per *distinct* value. Text stays text until `capture`, because C7 compares a repeated
delivery by its text.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Int16s = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]

FIELDS = (
    "trade_id", "source", "version", "trade_date", "instrument", "price", "quantity", "currency",
    "buyer_member", "buyer_account", "seller_member", "seller_account",
)  # fmt: skip
"""The columns of a trade file, in their order."""


class Coded(msgspec.Struct, frozen=True):
    """One column: `values[codes[i]]` is the text of row i; an empty text says that nothing was given."""

    codes: Int64s
    values: list[str]

    def text(self, row: int) -> str:
        return self.values[int(self.codes[row])]

    def number(self, texts: dict[str, int], missing: int) -> Int64s:
        """Per row the number that `texts` gives its text, or `missing`."""
        table = np.array([texts.get(value, missing) for value in self.values], np.int64)
        return table[self.codes] if len(table) else np.zeros(0, np.int64)


class TradeColumns(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery: one entry per row in every column; rows are in order of arrival."""

    row: Int64s
    """Number under which messages name the row."""
    trade_id: Coded
    source: Coded
    version: Coded
    trade_date: Coded
    instrument: Coded
    price: Coded
    quantity: Coded
    currency: Coded
    buyer_member: Coded
    buyer_account: Coded
    seller_member: Coded
    seller_account: Coded
    settle_date: Coded
    """An explicit settlement date (C5), or nothing."""
    arrival: Coded
    """Business date on which the row arrives (C6); nothing: its own trade date."""

    def __len__(self) -> int:
        return len(self.row)


def coded(texts: Iterable[str]) -> Coded:
    """A column from one text per row; values are numbered in order of first appearance."""
    numbers: dict[str, int] = {}
    codes = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)
    return Coded(codes, list(numbers))


def constant(text: str, rows: int) -> Coded:
    """A column that says the same in every row."""
    return Coded(np.zeros(rows, np.int64), [text])


def trade_columns(columns: dict[str, Coded], row: Int64s | None = None) -> TradeColumns:
    """A delivery from its named columns; optional ones may be absent. ValueError for a missing one."""
    missing = [name for name in FIELDS if name not in columns]
    if missing:
        raise ValueError(f"Expected the columns {', '.join(FIELDS)}, found no {', '.join(missing)}")
    rows = len(columns["trade_id"].codes)
    optional = {name: columns.get(name, constant("", rows)) for name in ("settle_date", "arrival")}
    if row is None:
        row = np.arange(1, rows + 1, dtype=np.int64)
    return TradeColumns(row=row, **{name: columns[name] for name in FIELDS}, **optional)
