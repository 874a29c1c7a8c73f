"""Settled trades leave memory at the end of a roll; what is left moves together.

    trades   a b c d        b and d have a waiting or open leg       trades   b d
    legs     a a b b c d    a and c go to the archive          -->   legs     b b d
                            legs that are GONE go nowhere

Which trades leave follows from the state alone, so the archive is the same for any batching. Rows of trades
and legs are numbers of this house's memory and nobody else's: everything that holds one is renumbered here.
"""

from __future__ import annotations

from hashlib import sha256

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
from novate.domain.codes import Side
from novate.domain.machine import BrokenInvariant

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PIECE = 2**12
"""Trades whose rows are made together."""


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
        put(state, rows_of_trades(state, np.flatnonzero(~stays), settled[leaves]))
    is_live[settled[~leaves]] = True
    move_together(state, stays, is_live)


def put(state: State, rows: Archived) -> None:
    """Add rows to the archive, and to what the house commits to."""
    if len(state.archive) != state.archived:
        raise BrokenInvariant(f"expected {state.archived} rows in the archive, was {len(state.archive)}")
    state.archive.append(rows)
    state.archived += len(rows)
    digest = sha256(state.archived_digest)
    digest.update(rows.view(np.uint8).data)
    state.archived_digest = digest.digest()


def count_lieu(state: State, legs: Int64s) -> None:
    """Cash in lieu of current legs counts for ever (C53), also of those that leave."""
    rows = state.legs.array
    for row in legs[rows["lieu"][legs] != 0].tolist():
        leg = state.leg(row)
        currency = state.currency(leg.instrument)
        state.archived_lieu[currency] = state.archived_lieu.get(currency, 0) + abs(leg.lieu)


def rows_of_trades(state: State, trades: Int64s, legs: Int64s) -> Archived:
    """TRADE, its other versions, its other legs, buyer's first; for each of the trades, ascending."""
    count, columns = state.trades.count, state.legs.array
    legs = legs[np.lexsort((columns["side"][legs], columns["trade"][legs]))]
    pairs = opposites(state, legs)
    is_first = np.zeros(len(legs), bool)
    is_first[pairs] = True
    is_second = np.zeros(len(legs), bool)
    is_second[pairs + 1] = True
    buyers, sellers, others = legs[is_first], legs[is_second], legs[~is_first & ~is_second]
    main, versions = versions_of(state, trades)
    first_leg = np.full(count, NO_ROW, np.int64)
    first_leg[columns["trade"][buyers]] = np.arange(len(buyers))
    owners = state.versions.array["trade"][versions], columns["trade"][others]
    sizes = [np.bincount(one, minlength=count)[trades] for one in owners]
    ends = [np.concatenate(([0], np.cumsum(one))) for one in (*sizes, 1 + sizes[0] + sizes[1])]
    rows = np.zeros(int(ends[2][-1]), ARCHIVED)
    # Column by column, but in pieces that stay in the processor's cache meanwhile.
    for at in range(0, len(trades), PIECE):
        to = min(at + PIECE, len(trades))
        some = [slice(one[at], one[to]) for one in ends]
        piece, whole = rows[some[2]], 1 + sizes[0][at:to] + sizes[1][at:to]
        first = np.cumsum(whole) - whole
        _fill_trades(state, piece, first, (trades[at:to], main[at:to]))
        pair = first_leg[trades[at:to]]
        has_pair = pair >= 0
        _fill_pairs(state, piece, first[has_pair], (buyers[pair[has_pair]], sellers[pair[has_pair]]))
        _fill_versions(state, piece, _places(first + 1, sizes[0][at:to]), versions[some[0]])
        _fill_legs(state, piece, _places(first + 1 + sizes[0][at:to], sizes[1][at:to]), others[some[1]])
        # The identity of a trade stands in all of its rows.
        identities = state.trades.array["identity"][trades[at:to]]
        piece.view(ARCHIVED_TRADE)["identity"] = np.repeat(identities, whole)
    return rows


def opposites(state: State, legs: Int64s) -> Int64s:
    """Where the legs of a trade begin that has only two, each other's opposite; legs are sorted by trade and
    side."""
    columns = state.legs.array.take(legs)
    starts = np.flatnonzero(np.diff(columns["trade"], prepend=-1))
    starts = starts[np.diff(np.append(starts, len(legs))) == 2]
    one, other = columns.take(starts), columns.take(starts + 1)
    is_pair = (one["side"] == Side.BUY) & (other["side"] == Side.SELL)
    is_pair &= (one["lieu"] == 0) & (other["lieu"] == 0)
    for name in ("quantity", "amount"):
        is_pair &= one[name] == -other[name]
    for name in ("instrument", "due", "trade_day", "kind"):
        is_pair &= one[name] == other[name]
    pairs: Int64s = starts[is_pair]
    return pairs


def versions_of(state: State, trades: Int64s) -> tuple[Int64s, Int64s]:
    """(row of the version in force of each trade, rows of all their other versions by trade)."""
    versions, columns = state.versions.array, state.trades.array
    is_leaving = np.zeros(state.trades.count, bool)
    is_leaving[trades] = True
    found = np.flatnonzero(is_leaving[versions["trade"]])
    of_trade = versions["trade"][found]
    is_main = versions["version"][found] == columns["in_force"][of_trade]
    main = np.zeros(state.trades.count, np.int64)
    main[of_trade[is_main]] = found[is_main]
    others = found[~is_main]
    return main[trades], others[np.argsort(versions["trade"][others], kind="stable")]


def _fill_trades(state: State, rows: Archived, places: Int64s, of: tuple[Int64s, Int64s]) -> None:
    """TRADE of each trade, with the content of a version; of: their rows."""
    trades, versions = of
    found = rows.view(ARCHIVED_TRADE)
    found["kind"][places] = ArchivedKind.TRADE
    for name in ("number", "source", "in_force", "highest", "is_cancelled", "is_netted"):
        found[name][places] = state.trades.array[name][trades]
    found["content"][places] = state.versions.array["content"][versions]


def _fill_pairs(state: State, rows: Archived, places: Int64s, of: tuple[Int64s, Int64s]) -> None:
    """Both legs in the rows of their trades; of: rows of the buyers' and of the sellers' legs."""
    buyers, sellers = of
    found, legs = rows.view(ARCHIVED_TRADE), state.legs.array
    for name in ("instrument", "quantity", "amount", "due", "trade_day"):
        found[name][places] = legs[name][buyers]
    found["buyer"][places], found["seller"][places] = legs["party"][buyers], legs["party"][sellers]
    found["leg_kind"][places] = legs["kind"][buyers]
    found["splits"][places] = _applied(state, legs["instrument"][buyers])


def _fill_versions(state: State, rows: Archived, places: Int64s, versions: Int64s) -> None:
    """VERSION of each."""
    found = rows.view(ARCHIVED_VERSION)
    found["kind"][places] = ArchivedKind.VERSION
    for name in ("version", "content"):
        found[name][places] = state.versions.array[name][versions]


def _fill_legs(state: State, rows: Archived, places: Int64s, legs: Int64s) -> None:
    """LEG of each."""
    found, columns = rows.view(ARCHIVED_LEG), state.legs.array
    found["kind"][places] = ArchivedKind.LEG
    for name in ("side", "party", "instrument", "lieu", "quantity", "amount", "due", "trade_day"):
        found[name][places] = columns[name][legs]
    found["leg_kind"][places] = columns["kind"][legs]
    found["splits"][places] = _applied(state, columns["instrument"][legs])


def _applied(state: State, instruments: npt.NDArray[np.int32]) -> Int64s:
    """How many splits each instrument has had."""
    counts = np.zeros(len(state.terms.instruments), np.int64)
    for instrument, names in state.splits.items():
        counts[instrument] = len(names)
    return counts[instruments]


def _places(first: Int64s, sizes: Int64s) -> Int64s:
    """first[0], first[0] + 1, ... as many as sizes[0], then first[1] ..."""
    return np.repeat(first - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))


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
