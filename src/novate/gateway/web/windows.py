"""The market's recent past in memory: trades, candles, tickers and fills, each in a bounded window.

What a window no longer has, or never had because the gateway began later, `novate.gateway.web.history` asks
of the views; therefore a row knows the command that caused it, and which row stands before it. Everything is
counted in ticks and lots; the edge makes decimals of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice, takewhile
from typing import NamedTuple, TypeVar

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
    """The trade before it in its market; 0: there is none, or none is known."""
    time_ns: int
    price: int
    quantity: int
    side: int
    """Of the taker; 0: an auction."""
    sequence: int
    """Of the command that caused it."""


class FillRow(NamedTuple):
    """One party of a trade."""

    number: int
    """Of its event in the venue's stream."""
    previous: int
    """The fill before it of the same account; 0: there is none, or none is known."""
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
    sequence: int


class CandleRow:
    """Prices and volume of one interval of one market."""

    __slots__ = ("close", "first_trade", "high", "low", "open", "sequence", "start_ns", "trades", "volume")

    def __init__(self, start_ns: int, price: int, first_trade: int = 0, sequence: int = 0) -> None:
        self.start_ns = start_ns
        self.open = self.high = self.low = self.close = price
        self.volume = self.trades = 0
        self.first_trade = first_trade
        """The trade that it begins with; 0: it came whole from the views."""
        self.sequence = sequence
        """Of the command that caused that trade, or up to which the views were complete."""

    def add(self, price: int, quantity: int) -> None:
        """A trade of the interval."""
        if price > self.high:
            self.high = price
        if price < self.low:
            self.low = price
        self.close = price
        self.volume += quantity
        self.trades += 1

    def behind(self, older: CandleRow) -> CandleRow:
        """The same interval, with what of it happened before."""
        whole = CandleRow(self.start_ns, older.open)
        whole.high, whole.low = max(older.high, self.high), min(older.low, self.low)
        whole.close = self.close
        whole.volume, whole.trades = older.volume + self.volume, older.trades + self.trades
        return whole


class MarketWindow:
    """Trades and candles of one market."""

    def __init__(self) -> None:
        self.trades: deque[TradeRow] = deque(maxlen=MOST_TRADES)
        self.candles: dict[str, deque[CandleRow]] = {name: deque(maxlen=MOST_CANDLES) for name in INTERVALS}
        self.last_trade = 0

    def add(
        self, trade_id: int, time_ns: int, price: int, quantity: int, side: int, sequence: int
    ) -> TradeRow:
        """A trade, which is newer than all before it."""
        row = TradeRow(trade_id, self.last_trade, time_ns, price, quantity, side, sequence)
        self.last_trade = trade_id
        self.trades.append(row)
        for name, length in INTERVALS.items():
            candles = self.candles[name]
            start = time_ns - time_ns % length
            if not candles or candles[-1].start_ns < start:
                candles.append(CandleRow(start, price, trade_id, sequence))
            candles[-1].add(price, quantity)
        return row

    def prime(self, last: TradeRow, minutes: list[CandleRow]) -> None:
        """What stands before the window, of a read model: the trade before it, and whole minutes, newest
        first, of which the newest may be the older part of the oldest one here."""
        if not self.trades:
            self.trades.append(last)
            self.last_trade = last.trade_id
        elif self.trades[0].previous == 0:
            self.trades[0] = self.trades[0]._replace(previous=last.trade_id)
        kept = [*self.candles["1m"]]
        if kept and minutes and kept[0].start_ns == minutes[0].start_ns:
            kept[0] = kept[0].behind(minutes[0])
            kept[0].sequence = minutes[0].sequence
            minutes = minutes[1:]
        self.candles["1m"] = deque([*minutes[::-1], *kept], maxlen=MOST_CANDLES)

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
    """What fits the windows since the gateway's start and of the past that it read then.

    Lists are newest first and hold at most `most`.
    """

    def __init__(
        self, markets: int, most_trades: int = MOST_TRADES_IN_ALL, most_fills: int = MOST_FILLS_IN_ALL
    ) -> None:
        self.markets = [MarketWindow() for _ in range(markets)]
        self.first_number = 0
        """Of the first event that was read; 1: from the beginning; 0: none yet."""
        self.first_sequence = 0
        """The command of that event: what stands before the windows happened up to it."""
        self._fills: dict[int, deque[FillRow]] = {}
        self._most_trades, self._most_fills = most_trades, most_fills
        # Whose turn it is to forget its oldest one.
        self._traded: deque[int] = deque()
        self._filled: deque[int] = deque()

    def add_trade(
        self, market: int, trade_id: int, time_ns: int, price: int, quantity: int, side: int, sequence: int
    ) -> TradeRow:
        """A trade, newer than all before it."""
        row = self.markets[market].add(trade_id, time_ns, price, quantity, side, sequence)
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
            oldest = self._fills[self._filled.popleft()]
            if len(oldest) > 1:
                oldest.popleft()

    def trades(self, market: int, before: int | None, most: int) -> list[TradeRow]:
        """Trades of a market with numbers below `before`."""
        rows = reversed(self.markets[market].trades)
        return _page((row for row in rows if before is None or row.trade_id < before), most)

    def candles(self, market: int, interval: str, before_ns: int | None, most: int) -> list[CandleRow]:
        """Candles that begin before a time."""
        rows = reversed(self.markets[market].candles[interval])
        return _page((row for row in rows if before_ns is None or row.start_ns < before_ns), most)

    def fills(
        self, account: int, before: int | None, most: int, market: int | None = None, since_ns: int = 0
    ) -> list[FillRow]:
        """Fills of an account with event numbers below `before`: of a market, since a time."""
        rows = reversed(self._fills.get(account, ()))
        wanted = (
            row
            for row in takewhile(lambda row: row.time_ns >= since_ns, rows)
            if (before is None or row.number < before) and (market is None or row.market == market)
        )
        return _page(wanted, most)

    def oldest_trade(self, market: int) -> TradeRow | None:
        """The oldest trade of a market that is kept."""
        trades = self.markets[market].trades
        return trades[0] if trades else None

    def oldest_fill(self, account: int) -> FillRow | None:
        """The oldest fill of an account that is kept."""
        fills = self._fills.get(account)
        return fills[0] if fills else None

    def reaches_back(self, oldest: TradeRow | FillRow | None) -> bool:
        """Does nothing stand before the oldest row of a window, or before a window without any row?"""
        return self.first_number == 1 and (oldest is None or oldest.previous == 0)

    def oldest_candle(self, market: int, interval: str) -> CandleRow | None:
        """The oldest candle of a market that is kept."""
        candles = self.markets[market].candles[interval]
        return candles[0] if candles else None

    def candles_reach_back(self, market: int, interval: str) -> bool:
        """Does no candle stand before the oldest one?"""
        return self.first_number == 1 and len(self.markets[market].candles[interval]) < MOST_CANDLES


def _page(rows: Iterable[T], most: int) -> list[T]:
    return list(islice(rows, most))
