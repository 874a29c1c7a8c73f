"""Settled trades leave memory at the end of a roll; what is left moves together.

    trades   a b c d        b and d have a waiting or open leg       trades   b d
    legs     a a b b c d    a and c go to the archive          -->   legs     b b d
                            legs that are GONE go nowhere

Which trades leave follows from the state alone, so the archive is the same for any batching. Rows of trades
and legs are numbers of this house's memory and nobody else's: everything that holds one is renumbered here.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.archive import (
    ARCHIVED,
    ARCHIVED_LEG,
    ARCHIVED_TRADE,
    ARCHIVED_VERSION,
    Archived,
    ArchivedKind,
)
from novate.clearing.rows import NO_ROW, Texts
from novate.clearing.state import State
from novate.clearing.trade_index import TradeIndex
from novate.domain.clearing_codes import LegState
from novate.domain.machine import BrokenInvariant

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PIECE = 2**12
"""Trades whose records are made together."""


def retire(state: State) -> None:
    """Every trade to which no waiting or open leg belongs goes to the archive."""
    legs = state.legs.array
    is_live = np.isin(legs["state"], (LegState.WAITING, LegState.OPEN))
    owners = legs["trade"][is_live]
    stays = np.zeros(state.trades.count, bool)
    stays[owners[owners >= 0]] = True
    if stays.all() and is_live.all():
        return
    settled = np.flatnonzero(legs["state"] == LegState.SETTLED)
    leaves = ~stays[legs["trade"][settled]]
    if not stays.all():
        count_lieu(state, settled[leaves])
        put(state, records_of(state, np.flatnonzero(~stays), settled[leaves]))
    is_live[settled[~leaves]] = True
    move_together(state, stays, is_live)


def put(state: State, records: Archived) -> None:
    """Add records to the archive, and to what the house commits to."""
    if len(state.archive) != state.archived:
        raise BrokenInvariant(f"expected {state.archived} rows in the archive, was {len(state.archive)}")
    state.archive.append(records)
    state.archived += len(records)
    digest = sha256(state.archived_digest)
    digest.update(records.view(np.uint8).data)
    state.archived_digest = digest.digest()


def count_lieu(state: State, legs: Int64s) -> None:
    """Cash in lieu of current legs counts for ever (C53), also of those that leave."""
    rows = state.legs.array
    for row in legs[rows["lieu"][legs] != 0].tolist():
        leg = state.leg(row)
        currency = state.currency(leg.instrument)
        state.archived_lieu[currency] = state.archived_lieu.get(currency, 0) + abs(leg.lieu)


def records_of(state: State, trades: Int64s, legs: Int64s) -> Archived:
    """TRADE, its versions, its current legs, buyer's first; for each of the trades, ascending."""
    count = state.trades.count
    is_leaving = np.zeros(count, bool)
    is_leaving[trades] = True
    of_version = state.versions.array["trade"]
    versions = np.flatnonzero(is_leaving[of_version])
    versions = versions[np.argsort(of_version[versions], kind="stable")]
    columns = state.legs.array
    legs = legs[np.lexsort((columns["side"][legs], columns["trade"][legs]))]
    owners = of_version[versions], columns["trade"][legs]
    sizes = [np.bincount(one, minlength=count)[trades] for one in owners]
    ends = [np.concatenate(([0], np.cumsum(one))) for one in (*sizes, 1 + sizes[0] + sizes[1])]
    records = np.zeros(int(ends[2][-1]), ARCHIVED)
    applied = np.array([len(state.splits.get(one, ())) for one in range(len(state.terms.instruments))])
    # Column by column, but in pieces that stay in the processor's cache meanwhile.
    for at in range(0, len(trades), PIECE):
        to = min(at + PIECE, len(trades))
        some = [slice(one[at], one[to]) for one in ends]
        of_leg = legs[some[1]]
        found = _filled(
            state, records[some[2]], (trades[at:to], versions[some[0]], of_leg), [one[at:to] for one in sizes]
        )
        found["splits"][found["kind"] == ArchivedKind.LEG] = applied[columns["instrument"][of_leg]]
    return records


def _filled(
    state: State, records: Archived, rows: tuple[Int64s, Int64s, Int64s], sizes: list[Int64s]
) -> npt.NDArray[np.void]:
    """Records of trades, versions and legs, given by their rows; sizes: versions and legs of each trade."""
    trades, versions, legs = rows
    whole = 1 + sizes[0] + sizes[1]
    first = np.cumsum(whole) - whole
    _fill(records.view(ARCHIVED_TRADE), first, ArchivedKind.TRADE, state.trades.array, trades)
    places = _places(first + 1, sizes[0])
    _fill(records.view(ARCHIVED_VERSION), places, ArchivedKind.VERSION, state.versions.array, versions)
    places = _places(first + 1 + sizes[0], sizes[1])
    found = records.view(ARCHIVED_LEG)
    _fill(found, places, ArchivedKind.LEG, state.legs.array, legs)
    found["leg_kind"][places] = state.legs.array["kind"][legs]
    # The identity of a trade stands in all of its records.
    found["identity"] = np.repeat(state.trades.array["identity"][trades], whole)
    return found


def _places(first: Int64s, sizes: Int64s) -> Int64s:
    """first[0], first[0] + 1, ... as many as sizes[0], then first[1] ..."""
    return np.repeat(first - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))


def _fill(
    records: npt.NDArray[Any], places: Int64s, kind: ArchivedKind, columns: npt.NDArray[Any], rows: Int64s
) -> None:
    """Fields of the same name."""
    records["kind"][places] = kind
    for name in records.dtype.names or ():
        if name not in ("identity", "kind") and name in (columns.dtype.names or ()):
            records[name][places] = columns[name][rows]


def move_together(state: State, trades: Bools, legs: Bools) -> None:
    """Keep these trades and legs, and the versions and names of these trades."""
    versions = trades[state.versions.array["trade"]]
    of_trade, of_version, of_leg = (_numbers(kept) for kept in (trades, versions, legs))
    names = state.texts
    state.trades.keep(trades, first_leg=of_leg, first_version=of_version)
    state.versions.keep(versions, trade=of_trade, next=of_version)
    state.legs.keep(legs, trade=of_trade, next=of_leg)
    state.texts = kept_names(state, names)
    state.trade_rows = TradeIndex()
    state.trade_rows.enter(state.trades.array["identity"], 0)
    state.waiting.forget()
    state.positions.renumber(of_leg)
    for item in state.items.values():
        item.trade = int(of_trade[item.trade])
        item.buyer_leg, item.seller_leg = int(of_leg[item.buyer_leg]), int(of_leg[item.seller_leg])
    state.items = {item.trade: item for item in state.items.values()}
    for giveup in state.giveups.values():
        giveup.trade = int(of_trade[giveup.trade])


def _numbers(kept: Bools) -> Int64s:
    """The new number of each row; NO_ROW for one that goes."""
    return np.where(kept, np.cumsum(kept) - 1, NO_ROW)


def kept_names(state: State, names: Texts) -> Texts:
    """The names of all trades, side by side."""
    trades = state.trades.array
    lengths = trades["name_length"].astype(np.int64)
    places = _places(trades["name_start"], lengths)
    found = Texts()
    found.add(np.frombuffer(names.heap, np.uint8)[places].tobytes())
    trades["name_start"] = np.cumsum(lengths) - lengths
    return found
