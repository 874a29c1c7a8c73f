"""Orders as the events tell them: every open one, and the newest of those that are closed.

    ACCEPTED --> open --TRADE, AMENDED, TRIGGERED--> open --TRADE to zero, CANCELLED, EXPIRED--> closed
                                                                                                 (bounded)

Open orders from before the gateway's time are read from the core when it starts (`adopt`). An order is found
by the venue's id, or by account and client order id; of several orders under one client order id the newest.
What is not here any more, or never was, `novate.gateway.web.history` asks of the views.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from novate.domain.codes import OrderType, Reason, Side, TimeInForce
from novate.domain.queries import OrderLineFlag

MOST_CLOSED = 200_000
MOST_CLOSED_OF_ACCOUNT = 5_000
NO_ORDER = 1 << 63
"""No order has an id so high."""


class TrackedOrder:
    """One order. Prices are ticks, quantities lots."""

    __slots__ = (
        "account", "client_order_id", "digest", "filled", "leaves", "market", "order_id", "order_type",
        "placed_ns", "price", "quantity", "reason", "sequence", "side", "status", "stop", "time_in_force",
        "time_ns",
    )  # fmt: skip

    def __init__(self, order_id: int, account: int, market: int, client_order_id: int, side: int) -> None:
        self.order_id = order_id
        self.account = account
        self.market = market
        self.client_order_id = client_order_id
        self.side = side
        self.price: int | None = None
        self.stop: int | None = None
        self.quantity = self.leaves = self.filled = 0
        self.order_type = self.time_in_force = 0
        """0: not known."""
        self.status = "open"
        self.reason = 0
        self.sequence = self.time_ns = self.placed_ns = 0
        self.digest: tuple[object, ...] | None = None
        """What was asked for, where it came over this gateway."""

    @property
    def is_live(self) -> bool:
        """Can it still trade?"""
        return self.status in ("open", "waiting")


class OrderTable:
    """All orders that the gateway knows."""

    def __init__(self, most_closed: int = MOST_CLOSED) -> None:
        self._most_closed = most_closed
        self._by_id: dict[int, TrackedOrder] = {}
        self._by_client: dict[tuple[int, int], TrackedOrder] = {}
        self._open: dict[int, dict[int, TrackedOrder]] = {}
        self._closed: deque[TrackedOrder] = deque()
        self._closed_of: dict[int, deque[TrackedOrder]] = {}
        self._gone: dict[int, tuple[int, int]] = {}
        self.first_order = 0
        """The first one whose acceptance was read; 0: none yet."""
        self._first_ns = self._forgotten_ns = 0
        """Later than the acceptance of the first one that was read, and of the newest that was forgotten."""
        self.is_whole = False
        """Was the stream read from its beginning?"""
        self.adopted_sequence = 0
        """The command as of which the core told its open orders; 0: not yet."""

    def __len__(self) -> int:
        return len(self._by_id)

    # -- asking -------------------------------------------------------------------------------------------

    def by_id(self, order_id: int) -> TrackedOrder | None:
        """The order with the venue's id."""
        return self._by_id.get(order_id)

    def by_client(self, account: int, client_order_id: int) -> TrackedOrder | None:
        """The newest order of an account under a client order id."""
        return self._by_client.get((account, client_order_id))

    def open_of(self, account: int) -> list[TrackedOrder]:
        """Live orders of an account, newest first."""
        return [*self._open.get(account, {}).values()][::-1]

    def newest_of(self, account: int) -> Iterator[TrackedOrder]:
        """All orders of an account that are known, by order id, newest first."""
        live = [*self._open.get(account, {}).values()]
        return iter(sorted([*live, *self._closed_of.get(account, ())], key=lambda one: -one.order_id))

    def floor(self, account: int, now: int) -> tuple[int, int]:
        """(order id from which on all of an account's orders are known, command up to which a read model must
        be complete to know what became of the others). `now`: the last command that was read."""
        order_id, sequence = self._gone.get(account, (0, 0))
        if self.is_whole:
            return order_id, sequence
        return max(order_id, self.first_order or NO_ORDER), max(sequence, self.adopted_sequence or now)

    def known_since_ns(self, now_ns: int) -> int:
        """Every order accepted from then on is known by its client order id, of older ones only the open
        ones; 0: every order of the venue is. `now_ns`: where nothing was read yet."""
        if self.is_whole:
            return self._forgotten_ns
        return max(self._first_ns, self._forgotten_ns) or now_ns

    # -- telling ------------------------------------------------------------------------------------------

    def read(self, order: TrackedOrder) -> None:
        """An order whose acceptance the stream tells."""
        if not self.first_order:
            # Several are accepted at one time: of those before this one nothing is known.
            self.first_order, self._first_ns = order.order_id, order.placed_ns + 1
        self.accept(order)

    def accept(self, order: TrackedOrder) -> None:
        """A new order."""
        self._by_id[order.order_id] = order
        self._by_client[order.account, order.client_order_id] = order
        self._open.setdefault(order.account, {})[order.order_id] = order

    def fill(self, order: TrackedOrder, quantity: int, leaves: int) -> None:
        """It traded."""
        order.filled += quantity
        order.leaves = leaves
        if leaves == 0:
            self._close(order, "filled", 0)

    def end(self, order: TrackedOrder, status: str, reason: int) -> None:
        """CANCELLED or EXPIRED."""
        if reason == Reason.AMEND and order.leaves == 0:
            status = "filled"
        self._close(order, status, reason)

    def _close(self, order: TrackedOrder, status: str, reason: int) -> None:
        if not order.is_live:
            return
        order.status, order.reason = status, reason
        of_account = self._open.get(order.account)
        if of_account is not None:
            of_account.pop(order.order_id, None)
        self._closed.append(order)
        closed = self._closed_of.setdefault(order.account, deque())
        closed.append(order)
        if len(closed) > MOST_CLOSED_OF_ACCOUNT:
            self._note_gone(closed.popleft())
        if len(self._closed) > self._most_closed:
            self._forget(self._closed.popleft())

    def _forget(self, order: TrackedOrder) -> None:
        self._forgotten_ns = max(self._forgotten_ns, order.placed_ns + 1)
        self._by_id.pop(order.order_id, None)
        key = (order.account, order.client_order_id)
        if self._by_client.get(key) is order:
            del self._by_client[key]
        closed = self._closed_of.get(order.account)
        if closed and closed[0] is order:
            self._note_gone(closed.popleft())

    def _note_gone(self, order: TrackedOrder) -> None:
        """The list of its account has it no longer."""
        order_id, sequence = self._gone.get(order.account, (0, 0))
        self._gone[order.account] = max(order_id, order.order_id + 1), max(sequence, order.sequence)

    def adopt(self, lines: np.ndarray[tuple[int], np.dtype[np.void]], sequence: int, now_ns: int) -> None:
        """Live orders as the core has them (ORDER_LINE); what the stream has told already is made whole."""
        for line in lines:
            order_id = int(line["order_id"])
            order = self._by_id.get(order_id)
            if order is None:
                order = TrackedOrder(
                    order_id, int(line["account"]), int(line["market"]), int(line["client_order_id"]),
                    int(line["side"]),
                )  # fmt: skip
                order.sequence, order.time_ns = sequence, now_ns
                self.accept(order)
            flags = int(line["flags"])
            order.price = int(line["price"]) if flags & OrderLineFlag.PRICE_GIVEN else None
            order.stop = int(line["stop"]) if flags & OrderLineFlag.STOP_GIVEN else None
            order.leaves, order.filled = int(line["leaves"]), int(line["done"])
            order.quantity = order.leaves + order.filled
            order.order_type, order.time_in_force = int(line["order_type"]), int(line["time_in_force"])
            order.status = "open" if flags & OrderLineFlag.RESTING else "waiting"


TYPE_NAMES = {
    OrderType.LIMIT: "limit", OrderType.MARKET: "market", OrderType.MTL: "market_to_limit",
    OrderType.STOP: "stop", OrderType.STOP_LIMIT: "stop_limit", OrderType.TRAILING_STOP: "trailing_stop",
    OrderType.IF_TOUCHED: "if_touched",
}  # fmt: skip
TYPES = {name: kind for kind, name in TYPE_NAMES.items()}
LIFETIMES = {kind.name.lower(): kind for kind in TimeInForce}
LIFETIME_NAMES = {kind: name for name, kind in LIFETIMES.items()}
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
SIDE_NAMES = {1: "buy", 2: "sell"}
