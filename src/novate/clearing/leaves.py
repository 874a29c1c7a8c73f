"""Leaves of the roots (C22): the texts of trades as bytes side by side, and roots over groups of legs.

    columns, rows in force --> "NOVATE|17|1|" "NOVATE|18|1|" ...
    legs grouped by net    --> 32 bytes per group

A leg is numbered 2i for the buyer of trade i and 2i + 1 for its seller; the order of trades does not matter,
because a root is taken over the sorted leaves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.lines import Bytes, Int64s
from novate.clearing.kernels.roots import root_of_lines, roots_of_groups, shared_beginning, texts_ascend
from novate.clearing.kernels.sha256 import DIGEST
from novate.clearing.lines import BAR, Column, Lines, Picked, Rows, Words, Written
from novate.clearing.merkle import EMPTY_ROOT
from novate.clearing.trades.capture import versions
from novate.clearing.trades.columns import Bools, Int32s, TradeColumns


def trade_texts(columns: TradeColumns, rows: Int64s) -> Written:
    """`source|trade_id|version|` of each of the rows, whose names have passed the ladder."""
    ids = columns.trade_id
    version = [str(number) for number in versions(columns.version).tolist()]
    table: list[Column] = [
        Words(Picked(columns.source.codes, rows), columns.source.values),
        Rows(rows, ids.data, ids.starts),
        Words(Picked(columns.version.codes, rows), version),
    ]
    return Lines(table, separator=BAR, last=BAR).whole(len(rows))


def group_roots(texts: Written, legs: Int32s, bounds: Int64s, wanted: Bools) -> npt.NDArray[np.uint8]:
    """RFC 6962 root of each group of legs, `legs[bounds[g] : bounds[g + 1]]`, as (groups, 32); zeros where
    it is not wanted."""
    out = np.zeros(DIGEST * len(wanted), np.uint8)
    is_sorted = texts_ascend(texts.data, texts.starts)
    shared = 0 if is_sorted else shared_beginning(texts.data, texts.starts)
    roots_of_groups(texts.data, texts.starts, legs, bounds, wanted, shared, is_sorted, out)
    return out.reshape(-1, DIGEST)


def lines_root(data: Bytes, starts: Int64s) -> bytes:
    """RFC 6962 root over the lines data[starts[i] : starts[i + 1]] without their LF; behind them stands
    `SLACK`."""
    if len(starts) < 2:
        return EMPTY_ROOT
    out = np.zeros(DIGEST, np.uint8)
    root_of_lines(data, starts, out)
    return out.tobytes()
