"""What people send: kinds of orders with their shares, and how each is priced around the mid.

behind the touch    resting limit orders, post-only, icebergs, hidden       distance by a power law
through the touch   crossing limits, IOC, FOK, market orders                a few ticks too far
away from the mid   stops and stop-limits                                   triggered when it gets there
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandFlag, OrderType, SelfTrade, Side, TimeInForce
from novate.domain.records import Commands
from novate.domain.terms import VenueTerms
from novate.simulation.price_paths import Int64s, MarketLevels

Bools = npt.NDArray[np.bool_]


class Style(IntEnum):
    """Why an order is sent."""

    PASSIVE = 0
    POST_ONLY = 1
    ICEBERG = 2
    HIDDEN = 3
    CROSSING = 4
    IMMEDIATE = 5
    ALL_OR_NOTHING = 6
    MARKET = 7
    STOP = 8
    STOP_LIMIT = 9


SHARES = {
    Style.PASSIVE: 0.600,
    Style.POST_ONLY: 0.060,
    Style.ICEBERG: 0.035,
    Style.HIDDEN: 0.025,
    Style.CROSSING: 0.120,
    Style.IMMEDIATE: 0.080,
    Style.ALL_OR_NOTHING: 0.010,
    Style.MARKET: 0.030,
    Style.STOP: 0.020,
    Style.STOP_LIMIT: 0.020,
}
RESTING = (Style.PASSIVE, Style.POST_ONLY, Style.ICEBERG, Style.HIDDEN)
PLAIN_MODE = 0.85
"""Share of orders that leave self-trade prevention to the market."""
LONGEST_DISTANCE = 400
MEDIAN_NOTIONAL_MINOR = 1_500_000
LARGEST_LOTS = 50_000
ICEBERG_PEAKS = 5


@dataclass(frozen=True, slots=True)
class Mixed:
    """The attributes that the rest of a day's generation depends on."""

    style: Int64s
    distance: Int64s
    """Ticks behind the mid; below 0 through it."""


def mix(
    random: np.random.Generator, terms: VenueTerms, levels: MarketLevels, orders: Commands, mid: Int64s
) -> Mixed:
    """Fill in side, type, prices and quantities of new orders whose market is set."""
    count = len(orders)
    market = orders["market"].astype(np.int64)
    style = random.choice(len(SHARES), count, p=list(SHARES.values()))
    buys = random.random(count) < 0.5
    behind = _power_law(random, count, LONGEST_DISTANCE)
    through = -random.integers(1, 4, count)
    distance = np.where(np.isin(style, RESTING), behind, through)
    toward = np.where(buys, -1, 1)
    orders["side"] = np.where(buys, int(Side.BUY), int(Side.SELL))
    orders["price"] = levels.inside(market, mid + toward * distance)
    orders["flags"] = int(CommandFlag.QUANTITY_GIVEN | CommandFlag.PRICE_GIVEN)
    orders["order_type"] = int(OrderType.LIMIT)
    orders["time_in_force"] = np.where(random.random(count) < 0.7, int(TimeInForce.DAY), int(TimeInForce.GTC))
    modes = random.integers(int(SelfTrade.NONE), int(SelfTrade.DECREMENT), count, endpoint=True)
    orders["stp"] = np.where(random.random(count) < PLAIN_MODE, int(SelfTrade.DEFAULT), modes)
    orders["quantity"] = _quantities(random, terms, levels, market)
    _takers(orders, style)
    _shown_and_hidden(terms, orders, style)
    _stops(random, levels, orders, style, mid, buys)
    return Mixed(style, distance)


def _power_law(random: np.random.Generator, count: int, longest: int) -> Int64s:
    """1, 2, 3, ... with probability falling as the square; at most `longest`."""
    ticks = np.floor(1.0 / (1.0 - random.random(count)))
    return np.clip(ticks, 1, longest).astype(np.int64)


def _quantities(
    random: np.random.Generator, terms: VenueTerms, levels: MarketLevels, market: Int64s
) -> Int64s:
    """Lots of about MEDIAN_NOTIONAL_MINOR, spread by a log-normal law; within the market's largest order."""
    one_lot = np.array([m.notional_multiplier for m in terms.markets], np.float64) * levels.reference
    highest = np.minimum(np.array([m.max_quantity for m in terms.markets], np.int64), LARGEST_LOTS)
    median = np.maximum(MEDIAN_NOTIONAL_MINOR / one_lot, 1.0)[market]
    lots = np.rint(median * random.lognormal(0.0, 0.8, len(market))).astype(np.int64)
    return np.clip(lots, 1, highest[market])


def _takers(orders: Commands, style: Int64s) -> None:
    """Orders that never rest; a market order has no price."""
    orders["time_in_force"][style == Style.IMMEDIATE] = int(TimeInForce.IOC)
    orders["time_in_force"][style == Style.ALL_OR_NOTHING] = int(TimeInForce.FOK)
    market = style == Style.MARKET
    orders["order_type"][market] = int(OrderType.MARKET)
    orders["time_in_force"][market] = int(TimeInForce.IOC)
    orders["price"][market] = 0
    orders["flags"][market] = int(CommandFlag.QUANTITY_GIVEN)


def _shown_and_hidden(terms: VenueTerms, orders: Commands, style: Int64s) -> None:
    """Post-only, hidden, and icebergs that show a fifth."""
    orders["flags"][style == Style.POST_ONLY] |= np.uint16(CommandFlag.POST_ONLY)
    orders["flags"][style == Style.HIDDEN] |= np.uint16(CommandFlag.HIDDEN)
    least = np.array([market.min_display for market in terms.markets], np.int64)[orders["market"]]
    peak = np.maximum(orders["quantity"] // ICEBERG_PEAKS, least)
    iceberg = (style == Style.ICEBERG) & (peak < orders["quantity"])
    orders["display"] = np.where(iceberg, peak, 0)
    orders["flags"][iceberg] |= np.uint16(CommandFlag.DISPLAY_GIVEN)


def _stops(
    random: np.random.Generator,
    levels: MarketLevels,
    orders: Commands,
    style: Int64s,
    mid: Int64s,
    buys: Bools,
) -> None:
    """Stops wait on the far side of the mid, a few spreads away; a stop-limit gives a little more."""
    stops = np.isin(style, (Style.STOP, Style.STOP_LIMIT))
    market = orders["market"].astype(np.int64)
    away = np.where(buys, 1, -1) * (5 + _power_law(random, len(orders), LONGEST_DISTANCE))
    trigger = levels.inside(market, mid + away)
    limit = levels.inside(market, trigger + np.where(buys, 3, -3))
    plain = style == Style.STOP
    orders["stop"] = np.where(stops, trigger, 0)
    orders["price"] = np.where(stops, np.where(plain, 0, limit), orders["price"])
    orders["order_type"][plain] = int(OrderType.STOP)
    orders["order_type"][style == Style.STOP_LIMIT] = int(OrderType.STOP_LIMIT)
    orders["flags"][stops] |= np.uint16(CommandFlag.STOP_GIVEN)
    orders["flags"][plain] &= np.uint16(0xFFFF ^ CommandFlag.PRICE_GIVEN)
