"""The market's recent past: trades, candles, tickers and fills, each in a bounded window.

    History   what the gateway asks; this module keeps it in memory, a read model on disk may stand there

Everything is counted in ticks and lots; the edge makes decimals of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

MINUTE_NS = 60 * 10**9
INTERVALS = {"1m": MINUTE_NS, "5m": 5 * MINUTE_NS, "15m": 15 * MINUTE_NS, "1h": 60 * MINUTE_NS,
             "1d": 1440 * MINUTE_NS}  # fmt: skip
DAY_NS = INTERVALS["1d"]
MOST_TRADES = 10_000
"""Of a market."""
MOST_TRADES_IN_ALL = 500_000
MOST_CANDLES = 1_500
MOST_FILLS_IN_ALL = 300_000
T = TypeVar("T")


class TradeRow(NamedTuple):
    """A trade of a market."""

    trade_id: int
    previous: int
    time_ns: int
    price: int
    quantity: int
    side: int
    """Of the taker; 0: an auction."""


class FillRow(NamedTuple):
    """One party of a trade."""

    number: int
    previous: int
    time_ns: int
    trade_id: int
    market: int
    account: int
    order_id: int
    client_order_id: int
    side: int
    role: str
    price: int
    quantity: int
    leaves: int
    fee_minor: int


class CandleRow:
    """Prices and volume of one interval of one market."""

    __slots__ = ("close", "high", "low", "open", "start_ns", "trades", "volume")

    def __init__(self, start_ns: int, price: int) -> None:
        self.start_ns = start_ns
        self.open = self.high = self.low = self.close = price
        self.volume = self.trades = 0

    def add(self, price: int, quantity: int) -> None:
        """A trade of the interval."""
        if price > self.high:
            self.high = price
        if price < self.low:
            self.low = price
        self.close = price
        self.volume += quantity
        self.trades += 1


class History(Protocol):
    """What is asked of the past. Lists are newest first and hold at most `most`."""

    def trades(self, market: int, before: int | None, most: int) -> Sequence[TradeRow]:
        """Trades with numbers below `before`."""

    def candles(self, market: int, interval: str, before_ns: int | None, most: int) -> Sequence[CandleRow]:
        """Candles that begin before a time."""

    def fills(self, account: int, before: int | None, most: int) -> Sequence[FillRow]:
        """Fills of an account with event numbers below `before`."""


class MarketWindow:
    """Trades and candles of one market."""

    def __init__(self) -> None:
        self.trades: deque[TradeRow] = deque(maxlen=MOST_TRADES)
        self.candles: dict[str, deque[CandleRow]] = {name: deque(maxlen=MOST_CANDLES) for name in INTERVALS}
        self.last_trade = 0

    def add(self, trade_id: int, time_ns: int, price: int, quantity: int, side: int) -> TradeRow:
        """A trade, which is newer than all before it."""
        row = TradeRow(trade_id, self.last_trade, time_ns, price, quantity, side)
        self.last_trade = trade_id
        self.trades.append(row)
        for name, length in INTERVALS.items():
            candles = self.candles[name]
            start = time_ns - time_ns % length
            if not candles or candles[-1].start_ns < start:
                candles.append(CandleRow(start, price))
            candles[-1].add(price, quantity)
        return row

    def of_the_day(self, now_ns: int) -> CandleRow | None:
        """The last 24 hours as one candle, by minutes."""
        whole: CandleRow | None = None
        for candle in self.candles["1m"]:
            if candle.start_ns <= now_ns - DAY_NS:
                continue
            if whole is None:
                whole = CandleRow(candle.start_ns, candle.open)
            whole.high, whole.low = max(whole.high, candle.high), min(whole.low, candle.low)
            whole.close = candle.close
            whole.volume += candle.volume
            whole.trades += candle.trades
        return whole


class MemoryHistory:
    """`History` in memory: what fits the windows since the gateway's start and of the past that it read."""

    def __init__(
        self, markets: int, most_trades: int = MOST_TRADES_IN_ALL, most_fills: int = MOST_FILLS_IN_ALL
    ) -> None:
        self.markets = [MarketWindow() for _ in range(markets)]
        self._fills: dict[int, deque[FillRow]] = {}
        self._most_trades, self._most_fills = most_trades, most_fills
        # Whose turn it is to forget its oldest one.
        self._traded: deque[int] = deque()
        self._filled: deque[int] = deque()

    def add_trade(
        self, market: int, trade_id: int, time_ns: int, price: int, quantity: int, side: int
    ) -> TradeRow:
        """A trade, newer than all before it."""
        row = self.markets[market].add(trade_id, time_ns, price, quantity, side)
        self._traded.append(market)
        if len(self._traded) > self._most_trades:
            oldest = self.markets[self._traded.popleft()].trades
            if len(oldest) > 1:
                oldest.popleft()
        return row

    def add_fill(self, fill: FillRow) -> None:
        """A fill, newer than all before it."""
        self._fills.setdefault(fill.account, deque()).append(fill)
        self._filled.append(fill.account)
        if len(self._filled) > self._most_fills:
            self._fills[self._filled.popleft()].popleft()

    def trades(self, market: int, before: int | None, most: int) -> list[TradeRow]:
        """See History."""
        rows = reversed(self.markets[market].trades)
        return _page((row for row in rows if before is None or row.trade_id < before), most)

    def candles(self, market: int, interval: str, before_ns: int | None, most: int) -> list[CandleRow]:
        """See History."""
        rows = reversed(self.markets[market].candles[interval])
        return _page((row for row in rows if before_ns is None or row.start_ns < before_ns), most)

    def fills(self, account: int, before: int | None, most: int) -> list[FillRow]:
        """See History."""
        rows = reversed(self._fills.get(account, ()))
        return _page((row for row in rows if before is None or row.number < before), most)


def _page(rows: Iterable[T], most: int) -> list[T]:
    return list(islice(rows, most))
