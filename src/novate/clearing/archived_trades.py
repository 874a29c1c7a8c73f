"""What the archive knows of a trade: its versions, and its legs after all splits since they left.

identity --archive--> records --> Retired: highest version, contents, legs as they would be in memory
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novate.clearing.archive import (
    ARCHIVED,
    ARCHIVED_LEG,
    ARCHIVED_TRADE,
    ARCHIVED_VERSION,
    ArchivedKind,
    rows_of,
)
from novate.clearing.retirement import put
from novate.clearing.rows import NO_ROW, Leg
from novate.clearing.state import State
from novate.domain.clearing_codes import LegState


class Retired(NamedTuple):
    """A trade in the archive."""

    identity: bytes
    in_force: int
    highest: int
    is_cancelled: bool
    is_netted: bool
    contents: dict[int, bytes]
    """Version -> digest of its content."""
    legs: list[Leg]
    """Current legs, all of them SETTLED; none of a cancelled trade."""


def retired(state: State, identity: bytes) -> Retired | None:
    """A trade of the archive; None for one that is not there."""
    records = rows_of(state.archive, identity) if state.archived else np.zeros(0, ARCHIVED)
    if not len(records):
        return None
    of_kind = {kind: records[records["kind"] == kind] for kind in ArchivedKind}
    trade = of_kind[ArchivedKind.TRADE].view(ARCHIVED_TRADE)[0]
    versions = of_kind[ArchivedKind.VERSION].view(ARCHIVED_VERSION)
    contents = {int(one["version"]): one["content"].tobytes() for one in versions}
    legs = [_leg(state, int(trade["in_force"]), one) for one in of_kind[ArchivedKind.LEG].view(ARCHIVED_LEG)]
    return Retired(
        identity, int(trade["in_force"]), int(trade["highest"]), bool(trade["is_cancelled"]),
        bool(trade["is_netted"]), contents, legs,
    )  # fmt: skip


def _leg(state: State, version: int, record: np.void) -> Leg:
    """A leg as it would be in memory: splits since it left are applied (C46)."""
    one = {name: int(record[name]) for name in record.dtype.names or () if name != "identity"}
    quantity = abs(one["quantity"])
    for name in state.splits.get(one["instrument"], ())[one["splits"] :]:
        quantity = quantity * state.corporate[name].new // state.corporate[name].old
    return Leg(
        NO_ROW, NO_ROW, version, one["party"], one["instrument"],
        quantity if one["quantity"] > 0 else -quantity, one["amount"], one["lieu"], one["due"],
        one["trade_day"], one["side"], one["leg_kind"], LegState.SETTLED, 0,
    )  # fmt: skip


def remember_version(state: State, trade: Retired, version: int, content: bytes) -> None:
    """One more version of a trade of the archive: lower than its highest, so it changes nothing else (C8)."""
    record = np.zeros(1, ARCHIVED_VERSION)
    record[0] = (trade.identity, ArchivedKind.VERSION, version, content)
    put(state, record.view(ARCHIVED))
