"""Merkle roots of plain positions by the column (C22).

    legs --distinct trades--> "VENUE|T-17|1|" ... --groups of legs--> 32 bytes a position

A leg is plain if it is a trade's and no reversal, of the same version as the trade's other legs, and the
names of its trade are texts without a bar, so that leaves sort as `kernels.roots` sorts them.
"""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.lines import SLACK
from novate.clearing.kernels.sha256 import DIGEST
from novate.clearing.leaves import group_roots
from novate.clearing.lines import BAR, Column, Lines, Numbers, Rows, Words, Written
from novate.clearing.merkle import merkle_root
from novate.clearing.state import State
from novate.domain.clearing_records import Records
from novate.domain.codes import Side

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def plain_legs(state: State, legs: Records) -> tuple[Bools, Written, Int64s]:
    """(which legs are plain, the texts of their trades, the number of each leg's leaf among these).

    Leaf 2i is the buyer's of the trade with text i, 2i + 1 its seller's. The number of a leg that is not
    plain means nothing.
    """
    trade = legs["trade"].astype(np.int64)
    plain = (trade >= 0) & (legs["is_reversal"] == 0)
    # One entry more than there are trades: where every leg that is not plain is looked for.
    trade = np.where(plain, trade, state.trades.count)
    is_named, version = np.zeros(state.trades.count + 1, bool), np.zeros(state.trades.count + 1, np.int64)
    is_named[trade[plain]] = True
    version[trade[plain]] = legs["version"][plain]
    trades = np.flatnonzero(is_named)
    place = np.cumsum(is_named) - 1
    texts, has_odd_name = texts_of(state, trades, version[trades])
    # A corrected trade may have legs of two versions behind positions; there is one text for each trade.
    plain &= legs["version"] == version[trade]
    plain[plain] = ~has_odd_name[trade[plain]]
    return plain, texts, 2 * place[trade] + (legs["side"] == Side.SELL)


def texts_of(state: State, trades: Int64s, version: Int64s) -> tuple[Written, Bools]:
    """(`source|trade id|version|` of trades, given by their rows; for all trades, whether a name is odd)."""
    rows, heap = state.trades.array, bytes(state.texts.heap) + bytes(SLACK)
    # Names stand side by side in the order of the rows.
    starts = np.append(rows["name_start"], len(state.texts.heap))
    data = np.frombuffer(heap, np.uint8)
    has_odd_name = np.array([_is_odd(name) for name in state.sources], bool)[rows["source"]]
    bars = np.flatnonzero(data == ord(BAR))
    has_odd_name[np.searchsorted(starts, bars, "right") - 1] = True
    names = [name.decode(errors="replace") for name in state.sources]
    columns: list[Column] = [
        Words(rows["source"][trades], names),
        Rows(trades, data, starts),
        Numbers(version),
    ]
    return Lines(columns, separator=BAR, last=BAR).whole(len(trades)), has_odd_name


def _is_odd(source: bytes) -> bool:
    """Not a text, or one with a bar."""
    return BAR.encode() in source or source.decode(errors="replace").encode() != source


def roots_of_plain(texts: Written, numbers: Int64s, bounds: Int64s, wanted: Bools) -> npt.NDArray[np.uint8]:
    """The root of each wanted group, `numbers[bounds[g] : bounds[g + 1]]`, (groups, 32)."""
    if not wanted.any():
        return np.zeros((len(wanted), DIGEST), np.uint8)
    return group_roots(texts, numbers.astype(np.int32), bounds, wanted)


def roots_of_legs(state: State, behind: list[array[int]]) -> list[bytes]:
    """The root over each list of rows of legs; no list is empty."""
    bounds = np.cumsum([0, *map(len, behind)])
    rows = np.frombuffer(b"".join(one.tobytes() for one in behind), np.int64)
    plain, texts, numbers = plain_legs(state, state.legs.array.take(rows))
    is_plain = np.logical_and.reduceat(plain, bounds[:-1]) if len(behind) else plain
    roots = roots_of_plain(texts, numbers, bounds, is_plain)
    return [
        root.tobytes() if by_column else merkle_root(state.leaves(legs))
        for root, by_column, legs in zip(roots, is_plain.tolist(), behind, strict=True)
    ]
