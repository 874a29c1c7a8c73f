"""From events to the pictures of a market's day: prints and best prices, gathered block by block.

    trade       --> print   (market, time, price, quantity, incoming side; none in an auction)
    BOOK_STATE  --> quote   (market, time, best bid, best ask)
                    |
                    v  equal slices of the day
    slice i: low, high, last price | bought, sold, auctioned | bid, ask at its end (carried from before)

Only what a picture needs is kept, 33 bytes a print and 27 a quote; the slices are cut at the end, when the
length of the day is known. All arithmetic is in integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.domain.codes import EventKind, Side
from novate.domain.records import BOOK_STATE_EVENT, Commands, Events, is_timed, is_trade
from novate.reports.model import MarketLine, MarketSeries

SLICES = 240
NO_PRICE = -(2**40)
"""Of a quote: the side shows nothing. Prices of a venue lie above it, negative ones too."""

PRINT = np.dtype([("market", "u2"), ("time", "i8"), ("sequence", "i8"), ("price", "i8"), ("quantity", "i8"),
                  ("side", "u1")])  # fmt: skip
QUOTE = np.dtype([("market", "u2"), ("time", "i8"), ("sequence", "i8"), ("bid", "i8"), ("ask", "i8")])

Array = npt.NDArray[Any]


class MarketFace(msgspec.Struct, frozen=True, kw_only=True):
    """How a market's integers are written: what the report needs to know of the configuration."""

    symbol: str
    currency: str
    digits: int
    tick_units: int
    price_digits: int
    lot_units: int
    quantity_digits: int
    notional_multiplier: int


class MarketDay:
    """Takes blocks of commands and their events; gives series and lines at the end."""

    def __init__(self) -> None:
        self._prints: list[Array] = []
        self._quotes: list[Array] = []
        self._now = 0
        self._first_sequence = 0
        self._block_times: Array = np.empty(0, np.int64)

    def commands(self, commands: Commands, first_sequence: int) -> None:
        """The commands whose events come next: they carry the time."""
        spoken = np.where(is_timed(commands), commands["time"], 0)
        times = np.maximum.accumulate(np.maximum(spoken, self._now))
        self._now = int(times[-1]) if len(times) else self._now
        self._block_times = times
        self._first_sequence = first_sequence

    def events(self, events: Events) -> None:
        """Events of the commands given last, in any number of blocks."""
        trades = events[is_trade(events)]
        if len(trades):
            prints = np.empty(len(trades), PRINT)
            prints["time"] = self._block_times[trades["sequence"] - self._first_sequence]
            for name in ("market", "sequence", "price", "quantity", "side"):
                prints[name] = trades[name]
            self._prints.append(prints)
        states = events[events["kind"] == EventKind.BOOK_STATE].view(BOOK_STATE_EVENT)
        if len(states):
            quotes = np.empty(len(states), QUOTE)
            quotes["time"] = self._block_times[states["sequence"] - self._first_sequence]
            for name in ("market", "sequence"):
                quotes[name] = states[name]
            quotes["bid"] = np.where(states["bid_quantity"] > 0, states["bid_price"], NO_PRICE)
            quotes["ask"] = np.where(states["ask_quantity"] > 0, states["ask_price"], NO_PRICE)
            self._quotes.append(quotes)

    def trade_times(self, count: int) -> Array:
        """Times of the first `count` trades."""
        times = [prints["time"] for prints in self._prints]
        return np.concatenate([np.empty(0, np.int64), *times])[:count]

    def finish(
        self, faces: Sequence[MarketFace], pictures: int
    ) -> tuple[list[MarketSeries], list[MarketLine]]:
        """Series of the `pictures` markets with the largest turnover, and a line for each that traded.

        Turnovers of different currencies are compared by their number of minor units.
        """
        prints = np.concatenate(self._prints) if self._prints else np.empty(0, PRINT)
        quotes = np.concatenate(self._quotes) if self._quotes else np.empty(0, QUOTE)
        order = np.argsort(prints["market"], kind="stable")
        traded, starts = np.unique(prints["market"][order], return_index=True)
        groups = np.split(order, starts[1:]) if len(traded) else []
        by_market = {int(market): prints[rows] for market, rows in zip(traded, groups, strict=True)}
        lines = {market: _line(faces[market], rows) for market, rows in by_market.items()}
        ranked = sorted(lines, key=lambda market: (-lines[market].turnover_minor, market))
        edges, by_time = _slices(prints, quotes)
        series = [
            _series(
                faces[market],
                lines[market],
                by_market[market],
                quotes[quotes["market"] == market],
                edges,
                by_time,
            )
            for market in ranked[:pictures]
        ]
        return series, [lines[market] for market in ranked]


def exact_sum(products: Array) -> int:
    """The sum of int64 values as a Python integer, which cannot overflow."""
    return (int((products >> 32).sum()) << 32) + int((products & 0xFFFFFFFF).sum())


def _line(face: MarketFace, prints: Array) -> MarketLine:
    prices = prints["price"]
    unit = face.tick_units
    return MarketLine(
        symbol=face.symbol,
        currency=face.currency,
        digits=face.digits,
        price_digits=face.price_digits,
        quantity_digits=face.quantity_digits,
        trades=len(prints),
        volume=int(prints["quantity"].sum()) * face.lot_units,
        turnover_minor=exact_sum(np.abs(prices) * prints["quantity"]) * face.notional_multiplier,
        first_price=int(prices[0]) * unit,
        low_price=int(prices.min()) * unit,
        high_price=int(prices.max()) * unit,
        last_price=int(prices[-1]) * unit,
    )


def _slices(prints: Array, quotes: Array) -> tuple[Array, bool]:
    """Starts of equal slices from the first print or quote to the last; by sequence if no time passes."""
    for key in ("time", "sequence"):
        values = [part[key] for part in (prints, quotes) if len(part)]
        if not values:
            continue
        low = min(int(part.min()) for part in values)
        high = max(int(part.max()) for part in values)
        if high > low:
            width = -(-(high + 1 - low) // SLICES)
            return low + width * np.arange(SLICES, dtype=np.int64), key == "time"
    return np.arange(1, dtype=np.int64), False


def _series(
    face: MarketFace, line: MarketLine, prints: Array, quotes: Array, edges: Array, by_time: bool
) -> MarketSeries:
    key = "time" if by_time else "sequence"
    place = np.searchsorted(edges, prints[key], side="right") - 1
    count = len(edges)
    prices = prints["price"] * face.tick_units
    low = np.full(count, np.iinfo(np.int64).max)
    high = np.full(count, np.iinfo(np.int64).min)
    last = np.zeros(count, np.int64)
    np.minimum.at(low, place, prices)
    np.maximum.at(high, place, prices)
    last[place] = prices  # Of several prints of one slice the last one stays.
    size = prints["quantity"] * face.lot_units
    volume = np.zeros((len(Side), count), np.int64)
    np.add.at(volume, (prints["side"], place), size)
    traded = low <= high
    bid, ask = (_carried(quotes, key, edges, name) for name in ("bid", "ask"))
    return MarketSeries(
        symbol=face.symbol,
        currency=face.currency,
        price_digits=face.price_digits,
        quantity_digits=face.quantity_digits,
        trades=line.trades,
        volume=line.volume,
        turnover_minor=line.turnover_minor,
        digits=face.digits,
        first_price=line.first_price,
        last_price=line.last_price,
        low_price=line.low_price,
        high_price=line.high_price,
        starts=tuple(edges.tolist()),
        by_time=by_time,
        low=_known(low, traded),
        high=_known(high, traded),
        last=_known(last, traded),
        bought=tuple(volume[Side.BUY].tolist()),
        sold=tuple(volume[Side.SELL].tolist()),
        auctioned=tuple(volume[Side.NONE].tolist()),
        bid=_known(bid * face.tick_units, bid != NO_PRICE),
        ask=_known(ask * face.tick_units, ask != NO_PRICE),
    )


def _carried(quotes: Array, key: str, edges: Array, name: str) -> Array:
    """The value at the end of each slice: the last one said in it or before it; NO_PRICE before the first."""
    if not len(quotes):
        return np.full(len(edges), NO_PRICE)
    ends = np.append(edges[1:], np.iinfo(np.int64).max)
    at = np.searchsorted(quotes[key], ends, side="left") - 1
    return np.where(at >= 0, quotes[name][np.maximum(at, 0)], NO_PRICE)


def _known(values: Array, known: Array) -> tuple[int | None, ...]:
    return tuple(
        value if there else None for value, there in zip(values.tolist(), known.tolist(), strict=True)
    )
