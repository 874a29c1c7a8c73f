"""Leaves of the roots (C22): the texts of trades as bytes side by side, and roots over groups of legs.

    columns, rows in force --> TradeTexts  "NOVATE|17|1|" "NOVATE|18|1|" ...
    legs grouped by net    --> 32 bytes per group

A leg is numbered 2i for the buyer of trade i and 2i + 1 for its seller; the order of trades and of legs does
not matter, because a root is taken over the sorted leaves.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.roots import (
    MOST_DIGITS,
    root_of_lines,
    roots_of_groups,
    shared_beginning,
    write_texts,
)
from novate.clearing.kernels.sha256 import DIGEST
from novate.clearing.merkle import EMPTY_ROOT
from novate.clearing.trades.columns import Bools, Coded, Int64s, TradeColumns

Bytes = npt.NDArray[np.uint8]
BARS = 3
LINE_FEED = 10


class TradeTexts(msgspec.Struct, frozen=True):
    """`source|trade_id|version|` of each trade: text i is data[starts[i] : starts[i + 1]]."""

    data: Bytes
    starts: Int64s

    def __len__(self) -> int:
        return len(self.starts) - 1


def trade_texts(columns: TradeColumns, version: Int64s, rows: Int64s) -> TradeTexts:
    """The texts of the rows, whose names have passed the ladder."""
    source, source_starts = _packed(columns.source)
    trade_id, trade_id_starts = _packed(columns.trade_id)
    source_of, trade_id_of = columns.source.codes[rows], columns.trade_id.codes[rows]
    room = int(np.diff(source_starts)[source_of].sum() + np.diff(trade_id_starts)[trade_id_of].sum())
    data = np.empty(room + len(rows) * (MOST_DIGITS + BARS), np.uint8)
    starts = np.zeros(len(rows) + 1, np.int64)
    write_texts(
        source, source_starts, source_of, trade_id, trade_id_starts, trade_id_of, version[rows], data, starts
    )
    return TradeTexts(data[: starts[-1]], starts)


def group_roots(texts: TradeTexts, legs: Int64s, bounds: Int64s, wanted: Bools) -> list[bytes]:
    """RFC 6962 root of each group of legs, `legs[bounds[g] : bounds[g + 1]]`; nothing where not wanted."""
    out = np.zeros(DIGEST * len(wanted), np.uint8)
    shared = shared_beginning(texts.data, texts.starts)
    roots_of_groups(texts.data, texts.starts, legs, bounds, wanted, shared, out)
    whole = out.tobytes()
    return [
        whole[DIGEST * group : DIGEST * (group + 1)] if is_wanted else b""
        for group, is_wanted in enumerate(wanted.tolist())
    ]


def lines_root(lines: bytes) -> bytes:
    """RFC 6962 root over lines, each of which ends with the one LF that it holds."""
    data = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero(data == LINE_FEED)
    if not len(ends):
        return EMPTY_ROOT
    out = np.zeros(DIGEST, np.uint8)
    root_of_lines(data, ends, out)
    return out.tobytes()


def _packed(column: Coded) -> tuple[Bytes, Int64s]:
    """All values of a column side by side in UTF-8, and where each begins.

    A text that is no UTF-8 stays what it was in the file: its row is refused, but it stands in the column.
    """
    joined = "".join(column.values)
    data = joined.encode("utf-8", errors="surrogateescape")
    if len(data) == len(joined):
        lengths = np.fromiter(map(len, column.values), np.int64, len(column.values))
    else:
        encoded = (text.encode("utf-8", errors="surrogateescape") for text in column.values)
        lengths = np.fromiter(map(len, encoded), np.int64, len(column.values))
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return np.frombuffer(data, np.uint8), starts
