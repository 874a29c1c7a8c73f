"""A delivery of trades as columns of text.

    row  trade_id  source  version  trade_date  instrument  price  quantity  currency  buyer ... seller ...
      1  17        NOVATE  1        2026-10-09  US00NOVA..  182.5  300       USD       ALPINE HOUS  ...
      2  18        NOVATE  1        2026-10-09  US00NOVA..  182.6  100       USD       BOREAL CLIE  ...

    trade_id            bytes side by side, and where each begins (`texts`): every row has its own
    all other columns   a list of distinct values and a code per row

A value that stands in a million rows is looked at once: every check of a form, and every conversion of a
text, costs one step per *distinct* value. Text stays text until `capture`, because C7 compares a repeated
delivery by its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.trades.texts import Texts, texts_of

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Int16s = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]

FIELDS = (
    "trade_id", "source", "version", "trade_date", "instrument", "price", "quantity", "currency",
    "buyer_member", "buyer_account", "seller_member", "seller_account",
)  # fmt: skip
"""The columns of a trade file, in their order."""
OPTIONAL_COLUMNS = ("settle_date", "arrival")
CODED_COLUMNS = (*FIELDS[1:], *OPTIONAL_COLUMNS)
PIECE = 1 << 16
"""Rows that are looked at together: few enough for a processor's cache."""


class Coded(msgspec.Struct, frozen=True):
    """One column: `values[codes[i]]` is the text of row i; an empty text says that nothing was given."""

    codes: Int32s
    values: list[str]

    def text(self, row: int) -> str:
        return self.values[int(self.codes[row])]

    def look_up(self, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Per row the entry of its value; `table` has one for each value."""
        if len(self.values) == 1:
            return np.broadcast_to(table[0], len(self.codes))
        return table[self.codes]

    def table(self, number: Callable[[str], int]) -> Int64s:
        """A number for each value."""
        return np.fromiter(map(number, self.values), np.int64, len(self.values))


class TradeColumns(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery: one entry per row in every column; rows are in order of arrival."""

    row: Int64s
    """Number under which messages name the row."""
    trade_id: Texts
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

    def between(self, first: int, end: int) -> TradeColumns:
        """The rows from `first` to before `end`, without copying them."""
        parts = {name: getattr(self, name) for name in CODED_COLUMNS}
        return TradeColumns(
            row=self.row[first:end],
            trade_id=self.trade_id.between(first, end),
            **{name: Coded(column.codes[first:end], column.values) for name, column in parts.items()},
        )


def pieces(rows: int) -> Iterator[tuple[int, int]]:
    """(first, end) of pieces of at most `PIECE` rows."""
    for first in range(0, rows, PIECE):
        yield first, min(first + PIECE, rows)


def coded(texts: Iterable[str]) -> Coded:
    """A column from one text per row; values are numbered in order of first appearance."""
    numbers: dict[str, int] = {}
    codes = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int32)
    return Coded(codes, list(numbers))


def constant(text: str, rows: int) -> Coded:
    """A column that says the same in every row, and takes no memory for them."""
    return Coded(np.broadcast_to(np.int32(0), rows), [text])


def trade_columns(columns: dict[str, Coded | Texts], row: Int64s | None = None) -> TradeColumns:
    """A delivery from its named columns; optional ones may be absent. ValueError for a missing one."""
    missing = [name for name in FIELDS if name not in columns]
    if missing:
        raise ValueError(f"Expected the columns {', '.join(FIELDS)}, found no {', '.join(missing)}")
    trade_id: Any = columns["trade_id"]
    if isinstance(trade_id, Coded):
        trade_id = texts_of([trade_id.values[code] for code in trade_id.codes.tolist()])
    rows = len(trade_id)
    optional: dict[str, Any] = {name: columns.get(name, constant("", rows)) for name in OPTIONAL_COLUMNS}
    if row is None:
        row = np.arange(1, rows + 1, dtype=np.int64)
    given: dict[str, Any] = {name: columns[name] for name in FIELDS[1:]}
    return TradeColumns(row=row, trade_id=trade_id, **given, **optional)
