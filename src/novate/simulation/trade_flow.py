"""Trades of a market day in numbers, from a seed: what the benchmark of the clearing house is fed with.

    trade 0..T-1   buyer, seller  0..P-1, never the same    instrument  0..I-1
                   quantity       1..1,000 units            price       10,000 +- 500 cents, by instrument

Parties and instruments are drawn evenly, which is the hardest case for a cache. Real flows crowd: with an
`exponent` above 0 instrument i is drawn in proportion to 1 / (i + 1)**exponent. The same seed gives the same
trades, and the first trades of a longer flow are those of a shorter one.
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
    trades: int, parties: int = 200, instruments: int = 5_000, seed: int = 23, exponent: float = 0
) -> Iterator[TradeFlow]:
    """A flow in pieces of at most a million trades; ValueError for fewer than two parties."""
    if parties < 2 or instruments < 1:
        raise ValueError(f"Expected two parties and an instrument, was {parties} and {instruments}")
    for first in range(0, trades, PIECE):
        # A generator of its own for every piece, drawn in full: a longer flow begins like a shorter one.
        random = np.random.Generator(np.random.PCG64([seed, first]))
        count = min(PIECE, trades - first)
        buyer = random.integers(0, parties, PIECE, np.int32)
        seller = (buyer + random.integers(1, parties, PIECE, np.int32)) % parties
        instrument = random.integers(0, instruments, PIECE, np.int32)
        if exponent:
            instrument = _crowded(random.random(PIECE), instruments, exponent)
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


def _crowded(drawn: npt.NDArray[np.float64], instruments: int, exponent: float) -> Int32s:
    """Numbers of instruments for numbers drawn evenly from 0 to 1."""
    shares = np.cumsum(1.0 / np.arange(1, instruments + 1) ** exponent)
    return (
        np.searchsorted(shares / shares[-1], drawn, side="right").clip(max=instruments - 1).astype(np.int32)
    )
