"""Trades of a market day in numbers, from a seed: what the benchmark of the clearing house is fed with.

    trade 0..T-1   buyer, seller  0..P-1, never the same    instrument  0..I-1
                   quantity       1..1,000 units            price       10,000 +- 500 cents, by instrument

Parties and instruments are drawn evenly, which is the hardest case for a cache, or crowd as they do in real
markets: the n-th is drawn with a weight of 1 / n. The same seed gives the same trades, and the first trades
of a longer flow are those of a shorter one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

PIECE = 1_000_000
MOST_UNITS = 1_000
MIDDLE_CENTS, SWING_CENTS = 10_000, 500


@dataclass(frozen=True, slots=True)
class TradeFlow:
    """Columns of one piece of a flow, an entry per trade."""

    first: int
    """Number of the piece's first trade."""
    buyer: Int32s
    seller: Int32s
    instrument: Int32s
    quantity: Int64s
    price_cents: Int64s

    def __len__(self) -> int:
        return len(self.buyer)


def trade_flow(
    trades: int, parties: int = 200, instruments: int = 5_000, seed: int = 23, crowded: bool = False
) -> Iterator[TradeFlow]:
    """A flow in pieces of at most a million trades; ValueError for fewer than two parties."""
    if parties < 2 or instruments < 1:
        raise ValueError(f"Expected two parties and an instrument, was {parties} and {instruments}")
    for first in range(0, trades, PIECE):
        # A generator of its own for every piece, drawn in full: a longer flow begins like a shorter one.
        random = np.random.Generator(np.random.PCG64([seed, first]))
        count = min(PIECE, trades - first)
        if crowded:
            buyer, instrument = _crowd(random, parties), _crowd(random, instruments)
            seller = _crowd(random, parties)
            seller[seller == buyer] = (seller[seller == buyer] + 1) % parties
        else:
            buyer = random.integers(0, parties, PIECE, np.int32)
            seller = (buyer + random.integers(1, parties, PIECE, np.int32)) % parties
            instrument = random.integers(0, instruments, PIECE, np.int32)
        quantity = random.integers(1, MOST_UNITS, PIECE, np.int64, endpoint=True)
        swing = random.integers(-SWING_CENTS, SWING_CENTS, PIECE, np.int64, endpoint=True)
        yield TradeFlow(
            first,
            buyer[:count],
            seller[:count].astype(np.int32),
            instrument[:count],
            quantity[:count],
            MIDDLE_CENTS + swing[:count],
        )


def _crowd(random: np.random.Generator, count: int) -> Int32s:
    """A piece of numbers below `count`, the n-th with a weight of 1 / n."""
    reached = np.cumsum(1 / np.arange(1, count + 1))
    drawn = np.searchsorted(reached, random.random(PIECE) * reached[-1], side="right")
    return np.asarray(drawn, np.int32)
