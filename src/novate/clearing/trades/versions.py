"""Identity and versions (C7, C8): which deliveries are in force, repeated, or superseded.

    (NOVATE, 17) version 1 --> superseded     (NOVATE, 17) version 1 again, same content --> DUPLICATE
                 version 3 --> in force                                  other content   --> DUPLICATE_CONTENT

A row that was refused for its content leaves no trace: it is not remembered, so a later delivery of the
same version is the first. The highest version seen decides, whatever the order of arrival.

Cost: sorting the identities. Only identities delivered more than once are looked at row by row.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.trades.columns import Bools, Int16s, Int64s, TradeColumns
from novate.domain.codes import ClearingReject

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


def resolve_versions(columns: TradeColumns, version: Int64s, reason: Int16s) -> Versions:
    """Repeated and superseded deliveries among the rows; `reason` is the ladder's."""
    reason = reason.copy()
    is_duplicate = np.zeros(len(reason), bool)
    width = max(len(columns.source.values), 1)
    trade = columns.trade_id.codes * width + columns.source.codes
    for rows in _repeated(trade, version, reason):
        _answer_repetitions(columns, rows, reason, is_duplicate)
    taken = np.flatnonzero((reason == 0) & ~is_duplicate)
    order = taken[np.lexsort((version[taken], trade[taken]))]
    is_superseded = np.zeros(len(reason), bool)
    # In this order a trade's versions stand together, the highest last: any other is superseded.
    is_superseded[order[:-1]] = trade[order[:-1]] == trade[order[1:]]
    in_force = (reason == 0) & ~is_duplicate & ~is_superseded
    return Versions(reason=reason, is_duplicate=is_duplicate, is_superseded=is_superseded, in_force=in_force)


def _repeated(trade: Int64s, version: Int64s, reason: Int16s) -> list[list[int]]:
    """Rows, in order of arrival, of every (trade, version) that was delivered more than once."""
    candidates = np.flatnonzero((reason == 0) | (reason >= FIRST_CONTENT_RUNG))
    order = candidates[np.lexsort((version[candidates], trade[candidates]))]
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
