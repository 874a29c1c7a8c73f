"""Orders in and out of the web: the same four verbs for REST and WebSocket.

    OrderRequest --ticks, lots--> command of 64 bytes --> trunk --> outcome --> Order
                 \\--known already: the same --> the order as it is        another one --> DUPLICATE_DIFFERENT

Idempotent by (account, client order id): on its way, open, closed and refused orders are all remembered.
Verbs end by calling `done` once, with what became of it or with a WebRefused.
"""

from __future__ import annotations

import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

from novate.domain.codes import (
    CommandFlag,
    CommandKind,
    EventKind,
    OrderType,
    Reason,
    Reject,
    SelfTrade,
    TimeInForce,
)
from novate.domain.records import MAX_QUANTITY, RECORD_BYTES
from novate.gateway.web.amounts import MarketScreen, Screens
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.keys import Key
from novate.gateway.web.messages import AmendRequest, CancelAllAnswer, CancelAllRequest, Order, OrderRequest
from novate.gateway.web.order_ids import OrderIds
from novate.gateway.web.order_table import (
    LIFETIME_NAMES,
    LIFETIMES,
    SIDE_NAMES,
    SIDES,
    TYPE_NAMES,
    TYPES,
    TrackedOrder,
)
from novate.gateway.web.refusals import NOTHING, Sent, refusal_of
from novate.gateway.web.trunk import Trunk, Waiting
from novate.gateway.web.venue_view import VenueView

_COMMAND = struct.Struct("<BBBBBBHHHIqqqqqII")
assert _COMMAND.size == RECORD_BYTES
_PRICELESS = (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP)
MOST_REFUSED = 50_000
FEW_MARKETS = 64
_INT64 = 1 << 63
Done: TypeAlias = Callable[[Any, bool], None]
"""(what became of it or a WebRefused, whether it was taken before)."""
_FLAGS = {flag.name: int(flag) for flag in CommandFlag}
_QUANTITY, _PRICE, _STOP = _FLAGS["QUANTITY_GIVEN"], _FLAGS["PRICE_GIVEN"], _FLAGS["STOP_GIVEN"]
_DISPLAY, _EXPIRE, _ACCOUNT = _FLAGS["DISPLAY_GIVEN"], _FLAGS["EXPIRE_GIVEN"], _FLAGS["ACCOUNT_GIVEN"]
_POST_ONLY, _HIDDEN, _REDUCE_ONLY = _FLAGS["POST_ONLY"], _FLAGS["HIDDEN"], _FLAGS["REDUCE_ONLY"]
_NEW, _AMEND, _CANCEL, _MASS = (
    int(CommandKind.NEW), int(CommandKind.AMEND), int(CommandKind.CANCEL), int(CommandKind.MASS_CANCEL),
)  # fmt: skip
_ACCEPTED, _REJECTED, _MASS_DONE = int(EventKind.ACCEPTED), int(EventKind.REJECTED), int(EventKind.MASS_DONE)
_AMENDED, _CANCELLED = int(EventKind.AMENDED), int(EventKind.CANCELLED)
_TYPES = {name: int(kind) for name, kind in TYPES.items()}
_LIFETIMES = {name: int(kind) for name, kind in LIFETIMES.items()}
_SIDES = {name: int(side) for name, side in SIDES.items()}
_SELF_TRADE = {kind.name.lower(): int(kind) for kind in SelfTrade}
_LIMIT, _STOP_LIMIT, _GTC = int(OrderType.LIMIT), int(OrderType.STOP_LIMIT), int(TimeInForce.GTC)
_REASONS = {int(reason): reason.name for reason in Reason}


class OrderDesk:
    """Places, amends and cancels."""

    def __init__(self, trunk: Trunk, view: VenueView, screens: Screens) -> None:
        self.ids = OrderIds()
        self._trunk = trunk
        self._view = view
        self._screens = screens
        self._on_way: dict[tuple[int, int], tuple[tuple[object, ...], list[Done]]] = {}
        self._refused: OrderedDict[tuple[int, int], tuple[tuple[object, ...], Reject]] = OrderedDict()

    # -- place --------------------------------------------------------------------------------------------

    def place(self, key: Key, request: OrderRequest, done: Done) -> None:
        """Place an order. Raises WebRefused for what is refused at once."""
        market = self._screens.market(request.market)
        account = account_of(key, request.account)
        number = self.ids.number(request.client_order_id)
        command, digest, context = _new(market, account, number, request)
        name = (account, number)
        if self._is_known(name, digest, done):
            return
        self._trunk.submit(command, Waiting(lambda waiting: self._placed(name, waiting), context))
        self._on_way[name] = (digest, [done])

    @property
    def known_since_ns(self) -> int:
        """From when on an order that is sent again is known; see OrderTable.known_since_ns."""
        return self._view.orders.known_since_ns(time.time_ns())

    def _is_known(self, name: tuple[int, int], digest: tuple[object, ...], done: Done) -> bool:
        """Answer an order that was sent before; False for a new one."""
        on_way = self._on_way.get(name)
        if on_way is not None:
            if on_way[0] != digest:
                raise _different()
            on_way[1].append(done)
            return True
        order = self._view.orders.by_client(*name)
        if order is not None:
            if not _is_same(order, digest):
                raise _different()
            done(self.order(order), True)
            return True
        refused = self._refused.get(name)
        if refused is not None:
            if refused[0] != digest:
                raise _different()
            done(self._refusal(refused[1], digest), True)
            return True
        return False

    def _refusal(self, reason: Reject, digest: tuple[object, ...]) -> WebRefused:
        market, quantity, price, stop, display = (int(digest[at]) for at in (0, 6, 7, 8, 10))  # type: ignore[call-overload]
        return refusal_of(reason, self._screens.markets[market], Sent(quantity, price, stop, display))

    def _placed(self, name: tuple[int, int], waiting: Waiting) -> None:
        digest, everybody = self._on_way.pop(name)
        result: Any = None
        duplicate = False
        for outcome in waiting.outcomes:
            if outcome[0] == _ACCEPTED:
                result = self.order(outcome[1])
                break
            if outcome[0] == _REJECTED:
                result = self._rejected(name, digest, Reject(outcome[1]))
                duplicate = isinstance(result, Order)
                break
        if result is None:
            result = WebRefused(waiting.refusal or WebReject.NO_ANSWER_IN_TIME)
        for at, done in enumerate(everybody):
            done(result, duplicate or at > 0)

    def _rejected(self, name: tuple[int, int], digest: tuple[object, ...], reason: Reject) -> Any:
        if reason is Reject.DUPLICATE_ORDER:
            order = self._view.orders.by_client(*name)
            if order is not None and _is_same(order, digest):
                return self.order(order)
        else:
            self._refused[name] = (digest, reason)
            if len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)
        return self._refusal(reason, digest)

    # -- amend, cancel ------------------------------------------------------------------------------------

    def amend(self, key: Key, client_order_id: str, request: AmendRequest, done: Done) -> None:
        """Change an open order. Raises WebRefused for what is refused at once."""
        account, number, market = self._open_order(key, client_order_id, request.account, request.market)
        flags = quantity = price = stop = display = 0
        if request.quantity is not None:
            flags, quantity = _QUANTITY, _lots(market, request.quantity, "quantity")
        if request.price is not None:
            flags, price = flags | _PRICE, _ticks(market, request.price, "price")
        if request.stop_price is not None:
            flags, stop = flags | _STOP, _ticks(market, request.stop_price, "stop_price")
        if request.display_quantity is not None:
            flags, display = flags | _DISPLAY, _lots(market, request.display_quantity, "display_quantity")
        if not flags:
            raise WebRefused(
                WebReject.NOTHING_TO_AMEND, "Expected a price or a quantity to change to, was none"
            )
        command = _COMMAND.pack(
            _AMEND,
            0,
            0,
            0,
            0,
            0,
            flags,
            market.number,
            0,
            account,
            number,
            0,
            price,
            stop,
            0,
            quantity,
            display,
        )
        sent = Sent(quantity, price, stop, display)
        self._trunk.submit(command, Waiting(lambda waiting: self._changed(waiting, market, sent, done)))

    def cancel(
        self, key: Key, client_order_id: str, account: int | None, market: str | None, done: Done
    ) -> None:
        """Cancel an open order. Raises WebRefused for what is refused at once."""
        own, number, screen = self._open_order(key, client_order_id, account, market)
        command = _COMMAND.pack(_CANCEL, 0, 0, 0, 0, 0, 0, screen.number, 0, own, number, 0, 0, 0, 0, 0, 0)
        self._trunk.submit(command, Waiting(lambda waiting: self._changed(waiting, screen, NOTHING, done)))

    def _open_order(
        self, key: Key, client_order_id: str, account: int | None, market: str | None
    ) -> tuple[int, int, MarketScreen]:
        own = account_of(key, account)
        number = self.ids.find(client_order_id)
        if number is None:
            raise unknown_order()
        if market is not None:
            return own, number, self._screens.market(market)
        order = self._view.orders.by_client(own, number)
        if order is None:
            raise _no_open_order()
        if not order.is_live:
            raise WebRefused(
                WebReject.ORDER_NOT_OPEN, f"Expected an open order, it is {order.status}", "client_order_id"
            )
        return own, number, self._screens.markets[order.market]

    def _changed(self, waiting: Waiting, market: MarketScreen, sent: Sent, done: Done) -> None:
        for outcome in waiting.outcomes:
            if outcome[0] == _REJECTED:
                done(refusal_of(Reject(outcome[1]), market, sent), False)
                return
            if outcome[0] in (_AMENDED, _CANCELLED) and outcome[1] is not None:
                done(self.order(outcome[1]), False)
                return
        done(WebRefused(waiting.refusal or WebReject.NO_ANSWER_IN_TIME), False)

    def cancel_all(self, key: Key, request: CancelAllRequest, done: Done) -> None:
        """Cancel everything of an account, a market or a side. Raises WebRefused at once."""
        account = account_of(key, request.account)
        if request.market is not None:
            markets = [self._screens.market(request.market).number]
        elif len(self._screens.markets) <= FEW_MARKETS:
            markets = [*range(len(self._screens.markets))]
        else:
            markets = sorted({order.market for order in self._view.orders.open_of(account)})
        side = _SIDES[request.side] if request.side else 0
        found = CancelledOrders(account, len(markets), self._view, done)
        if not markets:
            found.finish()
        for market in markets:
            command = _COMMAND.pack(
                _MASS, side, 0, 0, 0, 0, _ACCOUNT, market, 0, account, 0, 0, 0, 0, 0, 0, 0
            )
            self._trunk.submit(command, Waiting(found.take))

    # -- telling ------------------------------------------------------------------------------------------

    def order(self, order: TrackedOrder) -> Order:
        """An order as the web shows it."""
        market = self._screens.markets[order.market]
        # What the venue keeps as the price of a market order is how far its protection lets it go.
        price, stop = None if order.order_type in _PRICELESS else order.price, order.stop
        return Order(
            order_id=order.order_id,
            client_order_id=self.ids.text(order.client_order_id),
            account=order.account,
            market=market.symbol,
            side=SIDE_NAMES[order.side],  # type: ignore[arg-type]
            status=order.status,  # type: ignore[arg-type]
            quantity=market.quantity(order.quantity),
            filled=market.quantity(order.filled),
            leaves=market.quantity(order.leaves if order.is_live else 0),
            seq=order.sequence,
            ts_ns=order.time_ns,
            price=None if price is None else market.price(price),
            stop_price=None if stop is None else market.price(stop),
            type=TYPE_NAMES.get(order.order_type),  # type: ignore[call-overload]
            time_in_force=LIFETIME_NAMES.get(order.time_in_force),  # type: ignore[call-overload]
            reason=_REASONS.get(order.reason) if order.reason else None,
        )


class CancelledOrders:
    """Counts what the MASS_CANCELs of one request cancelled."""

    def __init__(self, account: int, expected: int, view: VenueView, done: Done) -> None:
        self._account = account
        self._left = expected
        self._view = view
        self._done = done
        self._count = 0
        self._refusal: WebRefused | None = None

    def take(self, waiting: Waiting) -> None:
        """One of them is answered."""
        self._left -= 1
        if waiting.refusal is not None:
            self._refusal = WebRefused(waiting.refusal)
        for outcome in waiting.outcomes:
            if outcome[0] == _MASS_DONE:
                self._count += outcome[1]
            elif outcome[0] == _REJECTED:
                self._refusal = refusal_of(Reject(outcome[1]), None, NOTHING)
        if self._left == 0:
            self.finish()

    def finish(self) -> None:
        """All are answered."""
        answer = CancelAllAnswer(account=self._account, cancelled=self._count, seq=self._view.sequence)
        self._done(self._refusal or answer, False)


def account_of(key: Key, account: int | None) -> int:
    """The account that is meant, which is the key's. Raises WebRefused."""
    if account is None:
        if key.accounts is None or len(key.accounts) != 1:
            raise WebRefused(
                WebReject.ACCOUNT_NEEDED, "Expected an account, because the key has several", "account"
            )
        return key.accounts[0]
    if not key.owns(account):
        raise WebRefused(
            WebReject.ACCOUNT_NOT_YOURS, f"Expected an account of the key, was {account}", "account"
        )
    return account


def _new(
    market: MarketScreen, account: int, number: int, request: OrderRequest
) -> tuple[bytes, tuple[object, ...], tuple[object, ...]]:
    """(command, what makes it the same order, what its events do not say)."""
    side, kind = _SIDES[request.side], _TYPES[request.type]
    lifetime = _LIFETIMES[request.time_in_force]
    if kind not in (_LIMIT, _STOP_LIMIT):
        # What does not rest at a price of its own ends at once, unless something else was said.
        if lifetime == _GTC and kind == int(OrderType.MARKET):
            lifetime = int(TimeInForce.IOC)
    elif request.price is None:
        raise WebRefused(WebReject.PRICE_NEEDED, "Expected a price of a limit order, was none", "price")
    flags = _QUANTITY
    quantity = _lots(market, request.quantity, "quantity")
    price = stop = expire = display = 0
    if request.price is not None:
        flags, price = flags | _PRICE, _ticks(market, request.price, "price")
    if request.stop_price is not None:
        flags, stop = flags | _STOP, _ticks(market, request.stop_price, "stop_price")
    if request.display_quantity is not None:
        flags, display = flags | _DISPLAY, _lots(market, request.display_quantity, "display_quantity")
    if request.expire_ns is not None:
        flags, expire = flags | _EXPIRE, request.expire_ns
    flags |= request.post_only and _POST_ONLY
    flags |= request.hidden and _HIDDEN
    flags |= request.reduce_only and _REDUCE_ONLY
    guard = _SELF_TRADE[request.self_trade] if request.self_trade else 0
    digest = (market.number, side, kind, lifetime, guard, flags, quantity, price, stop, expire, display)
    command = _COMMAND.pack(
        _NEW, side, kind, lifetime, guard, 0, flags, market.number, 0, account, number, 0, price, stop,
        expire, quantity, display,
    )  # fmt: skip
    return command, digest, (kind, lifetime, stop if request.stop_price is not None else None, digest)


def _lots(market: MarketScreen, value: str | int, field: str) -> int:
    lots = market.lots(value, field)
    if lots > MAX_QUANTITY:
        raise WebRefused(Reject.INVALID_QTY, f"Expected at most {MAX_QUANTITY} lots, was {lots}", field)
    return lots


def _ticks(market: MarketScreen, value: str | int, field: str) -> int:
    ticks = market.ticks(value, field)
    if not -_INT64 <= ticks < _INT64:
        raise WebRefused(Reject.INVALID_PRICE, "Expected a price that fits 64 bits of ticks", field)
    return ticks


def _is_same(order: TrackedOrder, digest: tuple[object, ...]) -> bool:
    """Is this what was asked for? Of an order from elsewhere: as far as its events tell."""
    if order.digest is not None:
        return order.digest == digest
    market, side, quantity, price = digest[0], digest[1], digest[6], digest[7]
    return (order.market, order.side, order.quantity, order.price or 0) == (market, side, quantity, price)


def _different() -> WebRefused:
    return WebRefused(
        WebReject.DUPLICATE_DIFFERENT,
        "Expected a client order id that no order with other content has, one has it",
        "client_order_id",
    )


def _no_open_order() -> WebRefused:
    """There may be one that is closed, of which only the views know."""
    return WebRefused(
        Reject.UNKNOWN_ORDER,
        "Expected an open order of the account, found none; GET /v1/orders/{client_order_id} finds others",
        "client_order_id",
    )


def unknown_order() -> WebRefused:
    """The account has no such order."""
    return WebRefused(Reject.UNKNOWN_ORDER, "Expected an order of the account, found none", "client_order_id")
