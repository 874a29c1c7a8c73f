"""Order books: asked of the core when they have changed, once for everybody who wants them.

    book_changed[market] --(tick or request)--> DEPTH question, one on its way a market --> DepthView
                                                                    |--> levels that changed, CRC32

The checksum is a CRC32 over the canonical text of the first ten levels: bids, then asks, best first, price
and quantity with colons between.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import NamedTuple

import numpy as np

from novate.domain.codes import Side
from novate.domain.queries import DEPTH_LINE, MOST_LEVELS, QueryKind
from novate.gateway.web.amounts import MarketScreen
from novate.gateway.web.messages import Book, BookUpdate, Level
from novate.gateway.web.trunk import Trunk
from novate.gateway.web.venue_view import VenueView

CHECKED_LEVELS = 10
STREAM_DEPTHS = (10, 50, 200)
Levels = list[tuple[int, int]]


class DepthView(NamedTuple):
    """A book as of one command of the venue; prices in ticks, quantities in lots."""

    sequence: int
    time_ns: int
    levels: int
    """How many levels a side were asked for."""
    bids: Levels
    asks: Levels


class Books:
    """The books of all markets."""

    def __init__(self, trunk: Trunk, view: VenueView) -> None:
        self._trunk = trunk
        self._view = view
        self._known: dict[int, DepthView] = {}
        self._on_way: dict[int, tuple[int, asyncio.Task[DepthView]]] = {}

    def forget(self) -> None:
        """What was known is of a connection that has ended."""
        self._known.clear()

    def known(self, market: int, levels: int) -> DepthView | None:
        """The present book, if it is known."""
        known = self._known.get(market)
        if known is None or known.levels < levels or known.sequence < self._view.book_changed[market]:
            return None
        return known

    async def read(self, market: int, levels: int) -> DepthView:
        """The present book with at least so many levels. Raises WebRefused."""
        levels = next((one for one in (*STREAM_DEPTHS, MOST_LEVELS) if one >= levels), MOST_LEVELS)
        known = self.known(market, levels)
        if known is not None:
            return known
        on_way = self._on_way.get(market)
        if on_way is None or on_way[0] < levels:
            task = asyncio.create_task(self._ask(market, levels))
            self._on_way[market] = on_way = (levels, task)
            task.add_done_callback(lambda _: self._arrived(market, task))
        return await asyncio.shield(on_way[1])

    def _arrived(self, market: int, task: asyncio.Task[DepthView]) -> None:
        on_way = self._on_way.get(market)
        if on_way is not None and on_way[1] is task:
            del self._on_way[market]
        if not task.cancelled():
            task.exception()

    async def _ask(self, market: int, levels: int) -> DepthView:
        answer = await self._trunk.ask(QueryKind.DEPTH, market=market, most=levels)
        lines = np.frombuffer(answer.lines, DEPTH_LINE)
        is_bid = lines["side"] == Side.BUY
        found = DepthView(
            sequence=int(answer.record["sequence"]),
            time_ns=int(answer.record["time"]),
            levels=levels,
            bids=_pairs(lines[is_bid]),
            asks=_pairs(lines[~is_bid]),
        )
        self._known[market] = found
        return found


def _pairs(lines: np.ndarray[tuple[int], np.dtype[np.void]]) -> Levels:
    return list(zip(lines["price"].tolist(), lines["quantity"].tolist(), strict=True))


def texts(market: MarketScreen, levels: Levels) -> list[Level]:
    """Levels as canonical decimals."""
    return [(market.price(price), market.quantity(quantity)) for price, quantity in levels]


def checksum(bids: list[Level], asks: list[Level]) -> int:
    """CRC32 over the first ten levels of both sides, as documented above."""
    parts = [part for level in (*bids[:CHECKED_LEVELS], *asks[:CHECKED_LEVELS]) for part in level]
    return zlib.crc32(":".join(parts).encode("ascii"))


def snapshot(market: MarketScreen, depth: int, view: DepthView) -> Book:
    """The whole of a book down to a depth."""
    bids, asks = texts(market, view.bids[:depth]), texts(market, view.asks[:depth])
    return Book(
        market=market.symbol, depth=depth, seq=view.sequence, ts_ns=view.time_ns, bids=bids, asks=asks,
        checksum=checksum(bids, asks),
    )  # fmt: skip


def difference(market: MarketScreen, depth: int, before: DepthView, after: DepthView) -> BookUpdate | None:
    """What a subscriber needs to come from one book to the next; None: nothing that it sees has changed."""
    bids = _changed(before.bids[:depth], after.bids[:depth])
    asks = _changed(before.asks[:depth], after.asks[:depth])
    if not bids and not asks:
        return None
    return BookUpdate(
        market=market.symbol, depth=depth, seq=after.sequence, prev_seq=before.sequence, ts_ns=after.time_ns,
        bids=texts(market, bids), asks=texts(market, asks),
        checksum=checksum(
            texts(market, after.bids[:CHECKED_LEVELS]), texts(market, after.asks[:CHECKED_LEVELS])
        ),
    )  # fmt: skip


def _changed(before: Levels, after: Levels) -> Levels:
    """Levels that are new or have another quantity; those that are gone with quantity 0."""
    old, new = dict(before), dict(after)
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, quantity) for price, quantity in after if old.get(price) != quantity]
