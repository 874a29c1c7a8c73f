"""What the archive knows of a trade: its versions, and its legs after all splits since they left.

identity --archive--> rows --> Retired: highest version, contents, legs as they would be in memory
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
from novate.domain.codes import Side


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
    rows = rows_of(state.archive, identity) if state.archived else np.zeros(0, ARCHIVED)
    if not len(rows):
        return None
    of_kind = {kind: rows[rows["kind"] == kind] for kind in ArchivedKind}
    trade = of_kind[ArchivedKind.TRADE].view(ARCHIVED_TRADE)[0]
    versions = of_kind[ArchivedKind.VERSION].view(ARCHIVED_VERSION)
    contents = {int(one["version"]): one["content"].tobytes() for one in versions}
    in_force = int(trade["in_force"])
    contents[in_force] = trade["content"].tobytes()
    legs = [
        _leg(state, in_force, _numbers(one)) for one in of_kind[ArchivedKind.LEG].view(ARCHIVED_LEG)
    ] or _both_legs(state, in_force, _numbers(trade))
    return Retired(
        identity, in_force, int(trade["highest"]), bool(trade["is_cancelled"]), bool(trade["is_netted"]),
        contents, legs,
    )  # fmt: skip


def _numbers(row: np.void) -> dict[str, int]:
    names = row.dtype.names or ()
    return {name: int(row[name]) for name in names if name not in ("identity", "content")}


def _both_legs(state: State, version: int, trade: dict[str, int]) -> list[Leg]:
    """The legs that a TRADE holds, if it does."""
    if not trade["leg_kind"]:
        return []
    bought = {**trade, "party": trade["buyer"], "side": Side.BUY, "lieu": 0}
    sold = {**bought, "party": trade["seller"], "side": Side.SELL}
    sold |= {name: -trade[name] for name in ("quantity", "amount")}
    return [_leg(state, version, one) for one in (bought, sold)]


def _leg(state: State, version: int, one: dict[str, int]) -> Leg:
    """A leg as it would be in memory: splits since it left are applied (C46)."""
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
    row = np.zeros(1, ARCHIVED_VERSION)
    row[0] = (trade.identity, ArchivedKind.VERSION, version, content)
    put(state, row.view(ARCHIVED))
