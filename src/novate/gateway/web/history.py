"""Lists that reach back to the first command: the newest part from the windows, what is older from the views.

    newest                                                                             oldest
    | window in memory: rows of the stream, at once | views: rows of the journal, asked for |
                                         the seam --^

Both number their rows alike: trades and orders by their ids, fills by their events, candles by their begin.
So a cursor means the same on either side, in every worker and after every restart. The seam is where the
oldest row of the window stands: the views are asked for what is below it, and believed only when they have
taken every command into account up to the one of that row. Then nothing is missing between the two and
nothing is there twice.

A list that the window holds is answered at once, without a question and without a task. One that reaches
further is an awaitable of Found; where the views do not answer it says so in `missing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from novate.client.views import Candles, Fills, LedgerEntries, Orders, Trades
from novate.gateway.web.older import (
    AGAIN_SECONDS,
    STATUS_NUMBERS,
    LedgerRow,
    Older,
    OlderMissing,
    candles_of,
    entries_of,
    fills_of,
    orders_of,
    trades_of,
    unavailable,
)
from novate.gateway.web.order_table import TrackedOrder
from novate.gateway.web.venue_view import VenueView
from novate.gateway.web.windows import INTERVALS, MOST_CANDLES, CandleRow, FillRow, MarketWindow, TradeRow

SECOND = 10**9
LIVE = ("open", "waiting")
T = TypeVar("T")
Row = TypeVar("Row", TradeRow, FillRow)


class Found(NamedTuple, Generic[T]):
    """Rows of a list, newest first."""

    rows: Sequence[T]
    missing: str = ""
    """Why rows behind the last one could not be read; empty: none is missing."""


Listed: TypeAlias = Found[T] | Awaitable[Found[T]]


class History:
    """What the gateway asks of the past. Lists are newest first and hold at most `most` rows."""

    def __init__(self, view: VenueView, older: Older) -> None:
        self._view = view
        self._windows = view.history
        self.older = older

    def trades(self, market: int, before: int | None, most: int) -> Listed[TradeRow]:
        """Trades of a market with numbers below `before`."""
        rows = self._windows.trades(market, before, most)
        oldest = self._windows.oldest_trade(market)
        if len(rows) == most or self._windows.reaches_back(oldest):
            return Found(rows)
        return self._older_trades(market, _lower(before, oldest and oldest.trade_id), most, rows,
                                  self._needed(oldest))  # fmt: skip

    async def _older_trades(
        self, market: int, before: int | None, most: int, rows: list[TradeRow], needed: int
    ) -> Found[TradeRow]:
        # One more than is wanted names what stands before the last of them.
        question = Trades(market=market, before=before, limit=most - len(rows) + 1)
        try:
            older = trades_of(await self.older.ask(question, needed))
        except OlderMissing as missing:
            return Found(rows, str(missing))
        return Found(_joined(rows, older, older[0].trade_id if older else 0)[:most])

    def fills(
        self, account: int, before: int | None, most: int, market: int | None = None, since_ns: int = 0
    ) -> Listed[FillRow]:
        """Fills of an account with event numbers below `before`: of a market, since a time."""
        rows = self._windows.fills(account, before, most, market, since_ns)
        oldest = self._windows.oldest_fill(account)
        is_recent = oldest is not None and oldest.time_ns < since_ns
        if len(rows) == most or is_recent or self._windows.reaches_back(oldest):
            return Found(rows)
        question = Fills(
            accounts=[account], market=market, before=_lower(before, oldest and oldest.number),
            limit=most - len(rows),
        )  # fmt: skip
        return self._older_fills(question, rows, since_ns, oldest, self._needed(oldest))

    async def _older_fills(
        self, question: Fills, rows: list[FillRow], since_ns: int, oldest: FillRow | None, needed: int
    ) -> Found[FillRow]:
        previous = 0
        try:
            older = fills_of(await self.older.ask(question, needed))
            if rows and rows[-1] is oldest and oldest.previous == 0:
                # Of one market only, the newest of them need not be the one before.
                before = Fills(accounts=question.accounts, before=oldest.number, limit=1)
                nearest = older if question.market is None else fills_of(await self.older.ask(before, needed))
                previous = nearest[0].number if nearest else 0
        except OlderMissing as missing:
            return Found(rows, str(missing))
        return Found(_joined(rows, [row for row in older if row.time_ns >= since_ns], previous))

    def candles(self, market: int, interval: str, before_ns: int | None, most: int) -> Listed[CandleRow]:
        """Candles that begin before a time."""
        rows = self._windows.candles(market, interval, before_ns, most)
        if len(rows) == most or self._windows.candles_reach_back(market, interval):
            return Found(rows)
        oldest = self._windows.oldest_candle(market, interval)
        before_trade = None if oldest is None else oldest.first_trade or None
        if oldest is not None and not before_trade:
            before_ns = _lower(before_ns, oldest.start_ns)
        # One more, because the first of them may be the older part of the last one here.
        question = Candles(
            market=market, seconds=INTERVALS[interval] // SECOND, before=before_ns, before_trade=before_trade,
            limit=most - len(rows) + 1,
        )  # fmt: skip
        needed = self._windows.first_sequence if oldest is None else oldest.sequence
        return self._older_candles(question, rows, most, needed)

    async def _older_candles(
        self, question: Candles, rows: list[CandleRow], most: int, needed: int
    ) -> Found[CandleRow]:
        try:
            older = candles_of(await self.older.ask(question, needed))
        except OlderMissing as missing:
            # The oldest one may have begun before the window did.
            return Found(rows[:-1], str(missing))
        if rows and older and rows[-1].start_ns == older[0].start_ns:
            rows[-1] = rows[-1].behind(older.pop(0))
        return Found([*rows, *older][:most])

    def orders(
        self,
        account: int,
        before: int | None,
        most: int,
        market: int | None = None,
        status: str | None = None,
    ) -> Listed[TrackedOrder]:
        """Orders of an account with ids below `before`: of a market, of a status."""
        table = self._view.orders
        rows: list[TrackedOrder] = []
        for order in table.newest_of(account):
            if (
                (before is None or order.order_id < before)
                and (market is None or order.market == market)
                and status in (None, order.status)
            ):
                rows.append(order)
                if len(rows) == most:
                    break
        floor, needed = table.floor(account, self._view.sequence)
        if floor == 0 or status in LIVE or (len(rows) == most and rows[-1].order_id >= floor):
            return Found(rows)
        question = Orders(
            accounts=[account], market=market, status=STATUS_NUMBERS[status] if status else None,
            before=before, limit=most,
        )  # fmt: skip
        return self._older_orders(question, rows, most, floor, needed)

    async def _older_orders(
        self, question: Orders, rows: list[TrackedOrder], most: int, floor: int, needed: int
    ) -> Found[TrackedOrder]:
        try:
            older = orders_of(await self.older.ask(question, needed))
        except OlderMissing as missing:
            if not self.older.is_kept:
                return Found(rows, str(missing))
            return Found([order for order in rows if order.order_id >= floor], str(missing))
        # What the stream has told of an order is newer than what the views know.
        known = {order.order_id: order for order in rows}
        for order in older:
            known.setdefault(order.order_id, self._view.orders.by_id(order.order_id) or order)
        return Found(sorted(known.values(), key=lambda order: -order.order_id)[:most])

    async def order(self, account: int, client_order_id: int) -> TrackedOrder | None:
        """The newest order of an account under a client order id, of those that memory does not have.

        Raises OlderMissing.
        """
        floor, needed = self._view.orders.floor(account, self._view.sequence)
        if floor == 0 or not self.older.is_kept:
            return None
        question = Orders(accounts=[account], client_order_id=client_order_id, limit=1)
        found = orders_of(await self.older.ask(question, needed))
        return found[0] if found else None

    async def entries(self, members: list[str], before: int | None, most: int) -> Found[LedgerRow]:
        """Entries of the clearing house's ledger, of members or of all: only the views have them."""
        question = LedgerEntries(members=members, before=before, limit=most)
        try:
            return Found(entries_of(await self.older.ask(question)))
        except OlderMissing as missing:
            raise unavailable(str(missing)) from None

    async def prime(self) -> None:
        """Tell the windows of trades what stands before them, as soon as the views answer: tickers tell of a
        whole day then, and whoever resumes a stream of trades is told whether something is missing."""
        for market, window in enumerate(self._windows.markets):
            while self.older.is_kept and not self._windows.reaches_back(self._windows.oldest_trade(market)):
                try:
                    if await self._prime(market, window):
                        self._view.ticker_changed.add(market)
                        break
                except OlderMissing:
                    await asyncio.sleep(AGAIN_SECONDS)

    async def _prime(self, market: int, window: MarketWindow) -> bool:
        """Whether it is done; not where the first trade of the window came meanwhile."""
        oldest = self._windows.oldest_trade(market)
        cut, needed = None if oldest is None else oldest.trade_id, self._needed(oldest)
        # The second names what stands before the first.
        last = trades_of(await self.older.ask(Trades(market=market, before=cut, limit=2), needed))
        question = Candles(market=market, seconds=60, before_trade=cut, limit=MOST_CANDLES)
        minutes = candles_of(await self.older.ask(question, needed))
        if oldest is None and window.trades:
            return False
        if last:
            window.prime(last[0], minutes)
        return True

    def _needed(self, oldest: TradeRow | FillRow | None) -> int:
        """The command up to which the views must be complete to know what stands before a window."""
        return self._windows.first_sequence if oldest is None else oldest.sequence


def _lower(one: int | None, other: int | None) -> int | None:
    """The lower of two bounds, each of which may be missing."""
    return min((bound for bound in (one, other) if bound is not None), default=None)


def _joined(rows: list[Row], older: list[Row], previous: int) -> list[Row]:
    """Rows of a window and those before them; the last of the window is told its `previous` where it knew
    none."""
    if rows and previous and rows[-1].previous == 0:
        rows[-1] = rows[-1]._replace(previous=previous)
    return rows + older
