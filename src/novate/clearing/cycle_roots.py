"""Merkle roots of plain positions by the column (C22).

    legs --distinct trades--> "VENUE|T-17|1|" ... --groups of legs--> 32 bytes a position

A leg is plain if it is a trade's and no reversal, and no name of its trade has a bar, so that texts sort as
the kernel sorts them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.house_texts import MOST_DIGITS, Texts, leaf_texts
from novate.clearing.kernels.roots import roots_of_groups, shared_beginning
from novate.clearing.kernels.sha256 import DIGEST
from novate.clearing.leaves import TradeTexts
from novate.clearing.state import State
from novate.clearing.text_columns import Table
from novate.domain.clearing_records import Records
from novate.domain.codes import Side

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
BARS = 3


def plain_legs(state: State, legs: Records) -> tuple[Bools, TradeTexts, Int64s]:
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
    texts, has_bar = texts_of(state, trades, version[trades])
    plain[plain] = ~has_bar[place[trade[plain]]]
    return plain, texts, 2 * place[trade] + (legs["side"] == Side.SELL)


def texts_of(state: State, trades: Int64s, version: Int64s) -> tuple[TradeTexts, Bools]:
    """(`source|trade id|version|` of trades, given by their rows; whether a name has a bar)."""
    rows = state.trades.array
    heads = Table(name + b"|" for name in state.sources).rows(rows["source"][trades])
    heap = np.frombuffer(state.texts.heap, np.uint8)
    tails = Texts(heap, rows["name_start"][trades], rows["name_length"][trades].astype(np.int64))
    room = int(heads.length.sum() + tails.length.sum()) + len(trades) * (MOST_DIGITS + BARS)
    data, starts = np.zeros(room, np.uint8), np.zeros(len(trades) + 1, np.int64)
    has_bar = np.array([b"|" in name for name in state.sources], bool)[rows["source"][trades]]
    leaf_texts(heads, tails, version, data, starts, has_bar)
    return TradeTexts(data[: starts[-1]], starts), has_bar


def roots_of_plain(
    texts: TradeTexts, numbers: Int64s, bounds: Int64s, wanted: Bools
) -> npt.NDArray[np.uint8]:
    """The root of each wanted group, `numbers[bounds[g] : bounds[g + 1]]`, (groups, 32)."""
    out = np.zeros(DIGEST * len(wanted), np.uint8)
    if wanted.any():
        shared = shared_beginning(texts.data, texts.starts)
        roots_of_groups(texts.data, texts.starts, numbers, bounds, wanted, shared, out)
    return out.reshape(-1, DIGEST)
