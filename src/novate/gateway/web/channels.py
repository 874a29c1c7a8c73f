"""Channels: what subscribers are told, made once for all of them and sent once a tick.

    trades, changed books and tickers  --tick-->  one frame a group --> every socket of the group, one write
    orders and fills of an account     ---------> at once, to the sockets of that account

A group is (channel, market or account, depth). Between two ticks a book may change a thousand times: its
group is told the difference between what it was told last and what is. Costs of the core: one question a
market and tick, however many listen.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from novate.domain.codes import Reject
from novate.gateway.web.account_routes import fill_of
from novate.gateway.web.books import DepthView, difference, snapshot
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.market_routes import ticker_of, trade_of
from novate.gateway.web.messages import OrderEvent
from novate.gateway.web.order_table import TrackedOrder
from novate.gateway.web.requests import encode
from novate.gateway.web.socket_messages import Heartbeat
from novate.gateway.web.websocket import text_frame
from novate.gateway.web.windows import MOST_FILLS_IN_ALL, FillRow, TradeRow

if TYPE_CHECKING:
    from novate.gateway.web.gateway import Gateway
    from novate.gateway.web.sockets import Socket

HEARTBEAT_SECONDS = 5.0
MOST_ORDER_EVENTS = 200_000
"""Of all accounts, for those who come back."""
NOTHING_KNOWN = 1 << 63


class Group(NamedTuple):
    """What a subscription is for."""

    channel: str
    subject: int
    """Number of the market or of the account."""
    depth: int = 0


class OrderRow(NamedTuple):
    """An event of an order, as it is kept for those who come back."""

    number: int
    previous: int
    time_ns: int
    event: str
    order: TrackedOrder | None
    client_order_id: int
    reason: int


def message_frame(message: msgspec.Struct) -> bytes:
    """A message as a text frame."""
    return text_frame(encode(message))


class Channels:
    """All groups and their subscribers. Implements venue_view.Follower."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._groups: dict[Group, set[Socket]] = {}
        self._books: dict[Group, DepthView] = {}
        """What each group was told last."""
        self._looked: dict[Group, int] = {}
        """Sequence as of which each group was compared last."""
        self._tickers: dict[int, int] = {}
        self._trades: dict[int, list[TradeRow]] = {}
        self._orders: dict[int, deque[OrderRow]] = {}
        self._ordered: deque[int] = deque()
        """Accounts in the order of their events: whose turn it is to forget one."""
        self._waiting: set[Socket] = set()
        self._reading: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._beat_at = 0.0

    # -- subscribing --------------------------------------------------------------------------------------

    def join(self, group: Group, socket: Socket, last_seq: int | None) -> int:
        """Tell a socket of a group from now on; what it missed is sent first. Returns the stream's last seq.

        Raises WebRefused when what it missed is no longer there.
        """
        missed, last = self._missed(group, last_seq)
        self._groups.setdefault(group, set()).add(socket)
        for message in missed:
            socket.send(message_frame(message))
        return last

    def leave(self, group: Group, socket: Socket) -> None:
        """No longer."""
        members = self._groups.get(group)
        if members is None:
            return
        members.discard(socket)
        if not members:
            del self._groups[group]
            self._books.pop(group, None)
            self._looked.pop(group, None)

    def _missed(self, group: Group, last_seq: int | None) -> tuple[list[msgspec.Struct], int]:
        gateway = self._gateway
        # Of fills and orders the numbers are those of the venue's events, all of which were read from one on.
        known_from = gateway.view.history.first_number or NOTHING_KNOWN
        if group.channel == "trades":
            market = gateway.screens.markets[group.subject]
            trades = gateway.view.history.markets[group.subject].trades
            # What has not been told yet is told with the next tick, to whoever has joined by then too.
            told = len(trades) - len(self._trades.get(group.subject, ()))
            rows = [trade for _, trade in zip(range(told), trades, strict=False)]
            last = rows[-1].trade_id if rows else 0
            if known_from > 1:
                known_from = rows[0].trade_id if rows else NOTHING_KNOWN
            found = _behind([(row.trade_id, row.previous, row) for row in rows], last_seq, known_from)
            return [trade_of(market, row) for row in found], last
        if group.channel == "fills":
            fills = gateway.view.history.fills(group.subject, None, MOST_FILLS_IN_ALL)[::-1]
            last = fills[-1].number if fills else 0
            found = _behind([(row.number, row.previous, row) for row in fills], last_seq, known_from)
            return [fill_of(gateway, row) for row in found], last
        if group.channel == "orders":
            kept = self._orders.get(group.subject, ())
            last = kept[-1].number if kept else 0
            found = _behind([(row.number, row.previous, row) for row in kept], last_seq, known_from)
            return [self._order_event(group.subject, row) for row in found], last
        return [], gateway.view.sequence

    async def open_book(self, group: Group, socket: Socket) -> None:
        """The book as the group knows it, for a new subscriber. Raises WebRefused."""
        gateway = self._gateway
        market = gateway.screens.markets[group.subject]
        view = self._books.get(group)
        if view is None:
            view = await gateway.books.read(group.subject, group.depth)
            view = self._books.setdefault(group, view)
        if socket in self._groups.get(group, ()):
            socket.send(message_frame(snapshot(market, group.depth, view)))
            socket.sees_book(group)

    # -- what happens -------------------------------------------------------------------------------------

    def traded(self, market: int, row: TradeRow) -> None:
        """See venue_view.Follower."""
        self._trades.setdefault(market, []).append(row)

    def filled(self, fill: FillRow) -> None:
        """See venue_view.Follower."""
        members = self._groups.get(Group("fills", fill.account))
        if members:
            self._tell(members, message_frame(fill_of(self._gateway, fill)))

    def changed(self, number: int, event: str, order: TrackedOrder, time_ns: int) -> None:
        """See venue_view.Follower."""
        self._order(order.account, number, event, order, order.client_order_id, 0, time_ns)

    def rejected(self, number: int, account: int, client_order_id: int, reason: int, time_ns: int) -> None:
        """See venue_view.Follower."""
        self._order(account, number, "rejected", None, client_order_id, reason, time_ns)

    def _order(
        self, account: int, number: int, event: str, order: TrackedOrder | None, client_order_id: int,
        reason: int, time_ns: int,
    ) -> None:  # fmt: skip
        kept = self._orders.get(account)
        if kept is None:
            kept = self._orders[account] = deque()
        row = OrderRow(number, kept[-1].number if kept else 0, time_ns, event, order, client_order_id, reason)
        kept.append(row)
        self._ordered.append(account)
        if len(self._ordered) > MOST_ORDER_EVENTS:
            oldest = self._orders[self._ordered.popleft()]
            if len(oldest) > 1:
                oldest.popleft()
        members = self._groups.get(Group("orders", account))
        if members:
            self._tell(members, message_frame(self._order_event(account, row)))

    def _order_event(self, account: int, row: OrderRow) -> OrderEvent:
        desk = self._gateway.desk
        return OrderEvent(
            seq=row.number,
            prev_seq=row.previous,
            ts_ns=row.time_ns,
            event=row.event,  # type: ignore[arg-type]
            order=desk.order(row.order) if row.order is not None else None,
            client_order_id=desk.ids.text(row.client_order_id),
            account=account,
            error=Reject(row.reason).name if row.reason else None,
        )

    def _tell(self, members: set[Socket], frame: bytes) -> None:
        """Queue a frame; it is sent when the present piece of the stream is read."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        for socket in members:
            socket.queue(frame)
        self._waiting |= members

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for socket in waiting:
            socket.flush()

    # -- the tick -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tick until cancelled."""
        seconds = self._gateway.settings.tick_ms / 1000
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + seconds, loop.time())
            await asyncio.sleep(due - loop.time())
            self.tick()

    def tick(self) -> None:
        """Tell everybody what has happened since the last one."""
        gateway = self._gateway
        trades, self._trades = self._trades, {}
        for market, rows in trades.items():
            members = self._groups.get(Group("trades", market))
            if members:
                screen = gateway.screens.markets[market]
                self._tell(members, b"".join([message_frame(trade_of(screen, row)) for row in rows]))
        changed, gateway.view.ticker_changed = gateway.view.ticker_changed, set()
        for market in changed:
            members = self._groups.get(Group("ticker", market))
            if members:
                ticker = ticker_of(gateway, gateway.screens.markets[market], self._tickers.get(market, 0))
                self._tickers[market] = ticker.seq
                self._tell(members, message_frame(ticker))
        self._tick_books()
        now = time.monotonic()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = now
            if gateway.sockets:
                beat = Heartbeat(ts_ns=time.time_ns(), seq=gateway.view.sequence)
                self._tell(gateway.sockets, message_frame(beat))

    def _tick_books(self) -> None:
        """Ask for every book that somebody follows and that has changed."""
        wanted: dict[int, int] = {}
        for group, view in self._books.items():
            looked = max(view.sequence, self._looked.get(group, 0))
            if looked < self._gateway.view.book_changed[group.subject]:
                wanted[group.subject] = max(group.depth, wanted.get(group.subject, 0))
        for market, depth in wanted.items():
            if market not in self._reading:
                self._reading.add(market)
                task = asyncio.get_running_loop().create_task(self._follow(market, depth))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _follow(self, market: int, depth: int) -> None:
        """Read one book and tell each of its groups what has changed."""
        try:
            view = await self._gateway.books.read(market, depth)
        except WebRefused:
            return
        finally:
            self._reading.discard(market)
        screen = self._gateway.screens.markets[market]
        for group, before in [*self._books.items()]:
            if group.subject != market or view.levels < group.depth or view.sequence <= before.sequence:
                continue
            self._looked[group] = view.sequence
            update = difference(screen, group.depth, before, view)
            if update is None:
                # Nothing that the group sees: it stays where it was, and so does what it compares with.
                continue
            self._books[group] = view
            frame = message_frame(update)
            members = {socket for socket in self._groups.get(group, ()) if socket.has_book(group)}
            if members:
                self._tell(members, frame)


def _behind(rows: list[tuple[int, int, Any]], last_seq: int | None, known_from: int) -> list[Any]:
    """What stands behind a number in a stream. `known_from`: from that number on everything is kept.

    Raises WebRefused if something between is missing, or may be.
    """
    if last_seq is None:
        return []
    found = [(previous, row) for number, previous, row in rows if number > last_seq]
    previous = found[0][0] if found else 0
    is_unknown = previous == 0 and (bool(found) or not rows) and last_seq < known_from - 1
    if previous > last_seq or is_unknown:
        raise WebRefused(
            WebReject.RESUME_TOO_OLD,
            "Expected a number that is still kept; read the list and subscribe anew",
            "last_seq",
        )
    return [row for _, row in found]
