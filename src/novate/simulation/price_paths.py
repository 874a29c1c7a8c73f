"""Where each market stands at each moment of a generated day: one walk a market, all at once.

    orders sorted by (market, time)    step  step  step | step  step | ...     one normal step an order
    running sum, restarted a market    mid around the reference price, kept well inside the static band

Prices are ticks. The walk is real-valued and rounded once, here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.domain.terms import VenueTerms

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

DAILY_MOVE = 0.02
"""Standard deviation of the day's move, as a share of the price."""
SHARE_OF_BAND = 0.6
"""The mid stays within this share of the static band, so that orders around it are inside."""
DEFAULT_REFERENCE_TICKS = 10_000


class MarketLevels:
    """Reference price and reach of every market, in ticks."""

    def __init__(self, terms: VenueTerms) -> None:
        markets = terms.markets
        usual = [min(DEFAULT_REFERENCE_TICKS, max(market.max_price // 4, 1)) for market in markets]
        self.reference = np.array(
            [m.reference_price or level for m, level in zip(markets, usual, strict=True)], np.int64
        )
        self.max_price = np.array([market.max_price for market in markets], np.int64)
        wide = np.maximum(np.minimum(self.reference - 1, self.max_price - self.reference), 0)
        band = [m.static_band if m.static_band is not None else -1 for m in markets]
        self.band = np.where(np.array(band) < 0, wide, np.minimum(np.array(band), wide)).astype(np.int64)

    def inside(self, market: Int64s, price: Int64s) -> Int64s:
        """The nearest price that the market's band and limits let in."""
        reference, band = self.reference[market], self.band[market]
        return np.clip(price, np.maximum(reference - band, 1), reference + band)


def mid_prices(
    random: np.random.Generator, levels: MarketLevels, market: Int64s, share_of_day: Floats
) -> Int64s:
    """The mid, in ticks, of each order's market when the order arrives.

    market, share_of_day: (n,) of orders in time order; share_of_day runs from 0 to 1.
    """
    order = np.lexsort((share_of_day, market))
    sorted_market, when = market[order], share_of_day[order]
    first = np.ones(len(order), bool)
    first[1:] = sorted_market[1:] != sorted_market[:-1]
    gap = np.where(first, when, np.diff(when, prepend=0.0))
    walk = np.cumsum(random.standard_normal(len(order)) * np.sqrt(np.maximum(gap, 0.0)))
    starts = np.flatnonzero(first)
    # What the walk had reached before a market began is taken off again.
    before = np.where(starts > 0, walk[starts - 1], 0.0) if len(starts) else np.zeros(0)
    walk -= np.repeat(before, np.diff(np.append(starts, len(order))))
    reference, band = levels.reference[sorted_market], levels.band[sorted_market]
    move = np.clip(reference * DAILY_MOVE * walk, -SHARE_OF_BAND * band, SHARE_OF_BAND * band)
    mids = np.empty(len(order), np.int64)
    mids[order] = reference + np.rint(move).astype(np.int64)
    return mids
