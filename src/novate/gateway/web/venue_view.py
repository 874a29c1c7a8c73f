"""The venue as its events tell it: orders, trades, fills, best prices, which books have changed.

    trunk --events of a piece--> VenueView --> order table, windows, tops
                                      |------> requests that are waiting get their outcomes
                                      |------> followers (WebSocket channels) are told

One pass over the records of a piece, one branch a kind; nothing is kept that is not bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from novate.client.protocol import Accepted
from novate.domain.codes import EventFlag, EventKind, MarketState
from novate.gateway.web.order_table import OrderTable, TrackedOrder
from novate.gateway.web.trunk import Waiting
from novate.gateway.web.windows import FillRow, MemoryHistory, TradeRow

Times = Callable[[int], tuple[int, npt.NDArray[np.int64]]]
"""(first sequence, times): when the commands from a sequence on were journaled."""

_EVENT = struct.Struct("<BBHHHqqqqIIIIq")
_LOW = 0xFFFFFFFF
_E = {kind.name: int(kind) for kind in EventKind}
_ACCEPTED, _REJECTED, _TRADE, _PARTIES = _E["ACCEPTED"], _E["REJECTED"], _E["TRADE"], _E["TRADE_PARTIES"]
_REFRESHED, _DECREMENT, _CANCELLED = _E["REFRESHED"], _E["STP_DECREMENT"], _E["CANCELLED"]
_EXPIRED, _AMENDED, _TRIGGERED, _STATE = _E["EXPIRED"], _E["AMENDED"], _E["TRIGGERED"], _E["STATE"]
_AUCTION_TRADE, _BOOK_STATE, _MASS_DONE = _E["AUCTION_TRADE"], _E["BOOK_STATE"], _E["MASS_DONE"]
_CREDIT_SET, _DISCONNECTED = _E["CREDIT_SET"], _E["DISCONNECTED"]
_REPEATED = int(EventFlag.REPEATED)
_UNPRICED, _KEEPS_STOP = int(EventFlag.PRICE_IS_NULL), int(EventFlag.STOP_GIVEN)
_WAITING_TYPES = (4, 5, 6, 7)
_WAITING_LIFETIMES = (6, 7)
MOST_ACCOUNT_EVENTS = 2_000


class Top:
    """Best displayed prices of a market; quantity 0: none."""

    __slots__ = ("ask", "ask_quantity", "bid", "bid_quantity", "sequence", "time_ns")

    def __init__(self) -> None:
        self.bid = self.bid_quantity = self.ask = self.ask_quantity = self.sequence = self.time_ns = 0


class Follower(Protocol):
    """Who is told what happens, after it was taken into account."""

    def traded(self, market: int, row: TradeRow) -> None:
        """A trade of a market."""

    def filled(self, fill: FillRow) -> None:
        """One party's side of it."""

    def changed(self, number: int, event: str, order: TrackedOrder, time_ns: int) -> None:
        """Something happened to an order."""

    def rejected(self, number: int, account: int, client_order_id: int, reason: int, time_ns: int) -> None:
        """An order was refused by the venue."""


class VenueView:
    """Reads the stream of a trunk."""

    def __init__(self, markets: list[int], times: Times) -> None:
        """`markets`: the state that each market begins with (MarketState)."""
        self.orders = OrderTable()
        self.history = MemoryHistory(len(markets))
        self.tops = [Top() for _ in markets]
        self.states = [*markets]
        self.book_changed = [0] * len(markets)
        """Sequence of the last command that may have changed a market's book."""
        self.ticker_changed: set[int] = set()
        self.sequence = 0
        self.time_ns = 0
        self.clearing_sequence = -1
        """Of the last CREDIT that the stream told; -1: none yet."""
        self.follower: Follower | None = None
        self.on_resumed: Callable[[], None] | None = None
        self._times = times
        self._timeline: tuple[int, npt.NDArray[np.int64]] = (1, np.zeros(0, np.int64))
        self._trade: tuple[int, ...] = ()
        self._waiting: dict[int, Waiting] = {}
        self._last_fill: dict[int, int] = {}

    def resumed(self, accepted: Accepted) -> None:
        """See trunk.StreamReader."""
        self._timeline = (1, np.zeros(0, np.int64))
        if not self.history.first_number:
            self.history.first_number = accepted.next_number
            self.history.first_sequence = accepted.sequence
            self.orders.is_whole = accepted.next_number == 1
        if self.on_resumed is not None:
            self.on_resumed()

    def time_of(self, sequence: int) -> int:
        """When a command of the past was journaled."""
        first, times = self._timeline
        if not len(times) or sequence < first:
            first, times = self._timeline = self._times(sequence)
        at = sequence - first
        return int(times[at]) if 0 <= at < len(times) else self.time_ns

    def take(self, number: int, records: bytes, clock_ns: int, waiting: dict[int, Waiting]) -> int:
        """See trunk.StreamReader. `clock_ns` 0: these are events of the past."""
        sequence = self.sequence
        self._waiting = waiting
        if number == self.history.first_number:
            # The windows begin within this command.
            self.history.first_sequence = _EVENT.unpack_from(records)[5]
        number -= 1
        for event in _EVENT.iter_unpack(records):
            number += 1
            kind = event[0]
            if event[5] != sequence:
                sequence = event[5]
                self.time_ns = clock_ns or self.time_of(sequence)
            if kind == _BOOK_STATE:
                self._top(event)
                continue
            outcome = self._event(kind, number, event)
            if outcome is not None and waiting:
                one = waiting.get(sequence)
                if one is not None:
                    one.outcomes.append(outcome)
        self.sequence = sequence
        return sequence

    def _event(self, kind: int, number: int, event: tuple[int, ...]) -> tuple[Any, ...] | None:
        """Take one event; returns what a request that waits for its sequence should know of it."""
        market = event[3]
        if kind == _ACCEPTED:
            return self._accepted(number, event)
        if kind in (_TRADE, _AUCTION_TRADE):
            self._trade = (number, *event)
            self.book_changed[market] = event[5]
            return None
        if kind == _PARTIES:
            self._parties(event)
            return None
        if kind in (_CANCELLED, _EXPIRED, _AMENDED, _TRIGGERED):
            self.book_changed[market] = event[5]
            order = self.orders.by_id(event[6])
            if order is None:
                return (kind, None)
            return self._order_event(kind, number, event, order)
        if kind == _REJECTED:
            if self.follower is not None:
                self.follower.rejected(number, event[11], event[7], event[2], self.time_ns)
            return (kind, event[2])
        if kind == _DECREMENT:
            self._decrement(number, event)
        elif kind == _REFRESHED:
            self.book_changed[market] = event[5]
        elif kind == _STATE:
            self.states[market] = event[10]
            self.book_changed[market] = event[5]
            self.ticker_changed.add(market)
        elif kind in (_MASS_DONE, _DISCONNECTED):
            return (kind, event[8])
        elif kind == _CREDIT_SET:
            self.clearing_sequence = max(self.clearing_sequence, event[6])
            return (kind, event[8], event[13], bool(event[4] & _REPEATED))
        return None

    def _top(self, event: tuple[int, ...]) -> None:
        """BOOK_STATE: bid, bid quantity, ask, ask quantity."""
        top = self.tops[event[3]]
        top.bid, top.bid_quantity, top.ask, top.ask_quantity = event[6], event[7], event[8], event[13]
        top.sequence, top.time_ns = event[5], self.time_ns
        self.book_changed[event[3]] = event[5]
        self.ticker_changed.add(event[3])

    def _accepted(self, number: int, event: tuple[int, ...]) -> tuple[Any, ...]:
        _, side, _, market, flags, sequence, order_id, client_order_id, price, quantity, leaves = event[:11]
        order = TrackedOrder(order_id, event[11], market, client_order_id, side)
        order.price = None if flags & _UNPRICED else price
        order.quantity, order.leaves = quantity, leaves
        order.sequence = sequence
        order.time_ns = order.placed_ns = self.time_ns
        asked = self._waiting.get(sequence)
        if asked is not None and asked.context is not None:
            _describe(order, asked.context)
        self.orders.read(order)
        self.book_changed[market] = sequence
        if self.follower is not None:
            self.follower.changed(number, "accepted", order, self.time_ns)
        return (_ACCEPTED, order)

    def _order_event(
        self, kind: int, number: int, event: tuple[int, ...], order: TrackedOrder
    ) -> tuple[Any, ...]:
        order.sequence, order.time_ns = event[5], self.time_ns
        if kind == _CANCELLED:
            name = "cancelled"
            self.orders.end(order, "cancelled", event[2])
        elif kind == _EXPIRED:
            name = "expired"
            self.orders.end(order, "expired", event[2])
        elif kind == _AMENDED:
            name = "amended"
            if not event[4] & _UNPRICED:
                order.price = event[8]
            if event[4] & _KEEPS_STOP:
                order.stop = event[13]
            order.quantity, order.leaves = event[9], event[10]
        else:
            name = "triggered"
            order.status = "open"
        if self.follower is not None:
            self.follower.changed(number, name, order, self.time_ns)
        return (kind, order)

    def _decrement(self, number: int, event: tuple[int, ...]) -> None:
        """Both orders shrink without a trade (R27)."""
        self.book_changed[event[3]] = event[5]
        for order_id, leaves in ((event[6], event[10]), (event[7], event[12])):
            order = self.orders.by_id(order_id)
            if order is not None:
                order.quantity -= event[9]
                order.leaves = leaves
                order.sequence, order.time_ns = event[5], self.time_ns
                if self.follower is not None:
                    self.follower.changed(number, "decremented", order, self.time_ns)

    def _parties(self, event: tuple[int, ...]) -> None:
        """TRADE_PARTIES: with the TRADE before it the trade is whole."""
        if not self._trade:
            # The windows begin between the two: what they begin with is the next trade.
            return
        number, kind, side, _, market, _, sequence, maker_id, taker_id, price, quantity, leaves = self._trade[
            :12
        ]
        taker_leaves, trade_id = self._trade[13:]
        is_auction = kind == _AUCTION_TRADE
        row = self.history.add_trade(
            market, trade_id, self.time_ns, price, quantity, 0 if is_auction else side, sequence
        )
        self.ticker_changed.add(market)
        follower = self.follower
        if follower is not None:
            follower.traded(market, row)
        maker_side = 1 if is_auction else 3 - side
        maker = (event[11], maker_id, event[6], maker_side, leaves, event[8], "maker")
        taker = (event[12], taker_id, event[7], 3 - maker_side, taker_leaves, event[13], "taker")
        for account, order_id, client_order_id, own_side, own_leaves, fee, role in (maker, taker):
            fill = FillRow(
                number, self._last_fill.get(account, 0), self.time_ns, trade_id, market, account,
                order_id, client_order_id, own_side, "auction" if is_auction else role, price, quantity,
                own_leaves, fee, sequence,
            )  # fmt: skip
            self._last_fill[account] = number
            self.history.add_fill(fill)
            order = self.orders.by_id(order_id)
            if order is not None:
                order.sequence, order.time_ns = sequence, self.time_ns
                self.orders.fill(order, quantity, own_leaves)
            if follower is not None:
                follower.filled(fill)
            number += 1


def _describe(order: TrackedOrder, context: Any) -> None:
    """What the event does not say of an order, its request does."""
    order.order_type, order.time_in_force, order.stop, order.digest = context
    if order.order_type in _WAITING_TYPES or order.time_in_force in _WAITING_LIFETIMES:
        order.status = "waiting"


STATE_NAMES = {int(state): state.name.lower() for state in MarketState}
