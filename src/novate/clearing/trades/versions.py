"""Identity and versions (C7, C8): which deliveries are in force, repeated, or superseded.

    (NOVATE, 17) version 1 --> superseded     (NOVATE, 17) version 1 again, same content --> DUPLICATE
                 version 3 --> in force                                  other content   --> DUPLICATE_CONTENT

A row that was refused for its content leaves no trace: it is not remembered, so a later delivery of the
same version is the first. The highest version seen decides, whatever the order of arrival.

Cost: a hash per row (`kernels.identities`). Only trades delivered more than once are sorted and looked at row
by row.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.kernels.identities import first_rows
from novate.clearing.trades.capture import versions
from novate.clearing.trades.columns import Bools, Int16s, Int32s, Int64s, TradeColumns
from novate.domain.codes import ClearingReject

SMALLEST_TABLE = 1 << 6
CONTENT = (
    "trade_date", "instrument", "currency", "quantity", "price",
    "buyer_member", "buyer_account", "seller_member", "seller_account", "settle_date",
)  # fmt: skip
"""What a version is remembered with (C7)."""
FIRST_CONTENT_RUNG = ClearingReject.UNKNOWN_INSTRUMENT


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to every row; each is in exactly one of refused, duplicate, superseded and in force."""

    reason: Int16s
    is_duplicate: Bools
    is_superseded: Bools
    in_force: Bools


def resolve_versions(columns: TradeColumns, reason: Int16s) -> Versions:
    """Repeated and superseded deliveries among the rows; `reason` is the ladder's."""
    reason = reason.copy()
    is_duplicate, is_superseded = np.zeros(len(reason), bool), np.zeros(len(reason), bool)
    trade = _first_rows(columns)
    if trade is not None:
        rows = np.flatnonzero(_are_shared(trade))
        version = columns.version.look_up(versions(columns.version))
        for found in _repeated(trade, version, rows[_may_repeat(reason[rows])]):
            _answer_repetitions(columns, found, reason, is_duplicate)
        taken = rows[(reason[rows] == 0) & ~is_duplicate[rows]]
        order = taken[np.lexsort((version[taken], trade[taken]))]
        # In this order a trade's versions stand together, the highest last: any other is superseded.
        is_superseded[order[:-1]] = trade[order[:-1]] == trade[order[1:]]
    in_force = (reason == 0) & ~is_duplicate & ~is_superseded
    return Versions(reason=reason, is_duplicate=is_duplicate, is_superseded=is_superseded, in_force=in_force)


def _first_rows(columns: TradeColumns) -> Int32s | None:
    """Per row the first one of its trade, or None if every row is a trade of its own."""
    rows, texts = len(columns), columns.trade_id
    first = np.zeros(rows, np.int32)
    slots = np.zeros((max(SMALLEST_TABLE, 1 << (3 * rows // 2).bit_length()), 1), np.int64)
    source = np.ascontiguousarray(columns.source.codes)
    with np.errstate(over="ignore"):  # hashes wrap, which plain Python would remark upon
        repeated = first_rows(texts.data, texts.starts, source, slots, first)
    return first if repeated else None


def _are_shared(trade: Int32s) -> Bools:
    """Rows of trades that have more than one row."""
    is_later = trade != np.arange(len(trade))
    shared = np.zeros(len(trade), bool)
    shared[trade[is_later]] = True
    return np.asarray(shared | is_later)


def _may_repeat(reason: Int16s) -> Bools:
    return np.asarray((reason == 0) | (reason >= FIRST_CONTENT_RUNG))


def _repeated(trade: Int32s, version: Int64s, rows: Int64s) -> list[list[int]]:
    """Of these rows, in order of arrival, those of every (trade, version) that came more than once."""
    order = rows[np.lexsort((version[rows], trade[rows]))]
    same = (trade[order[1:]] == trade[order[:-1]]) & (version[order[1:]] == version[order[:-1]])
    runs: list[list[int]] = []
    previous = -2
    for place in np.flatnonzero(same).tolist():
        if place != previous + 1:
            runs.append([int(order[place])])
        runs[-1].append(int(order[place + 1]))
        previous = place
    return runs


def _answer_repetitions(columns: TradeColumns, rows: list[int], reason: Int16s, is_duplicate: Bools) -> None:
    """The first row without a fault is remembered; the later ones are compared with it."""
    remembered: tuple[str, ...] | None = None
    for row in rows:
        content = tuple(getattr(columns, name).text(row) for name in CONTENT)
        if remembered is None:
            if reason[row] == 0:
                remembered = content
        elif content == remembered:
            is_duplicate[row] = True
            reason[row] = 0
        else:
            reason[row] = ClearingReject.DUPLICATE_CONTENT
