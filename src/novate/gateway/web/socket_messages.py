"""Messages of a WebSocket beyond those that REST has too: what a client asks and what it is told of that."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from novate.gateway.web.messages import (
    AccountNumber,
    AmendRequest,
    CancelAllRequest,
    ClientOrderId,
    Error,
    OrderRequest,
    Symbol,
    TimeNs,
)

RequestNumber = Annotated[int, Meta(ge=0, le=2**53)]
Channel = Literal["book", "trades", "ticker", "orders", "fills"]
Depth = Literal[10, 50, 200]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    """What every request has: a number that comes back in its answer."""

    id: RequestNumber = 0


class Login(Asked, frozen=True, kw_only=True, tag="login"):
    """Who is there; signed as a request with the method WS and the target /v1/ws."""

    key: Annotated[str, Meta(max_length=16)]
    time: Annotated[str, Meta(max_length=19)]
    signature: Annotated[str, Meta(max_length=128)]


class Subscribe(Asked, frozen=True, kw_only=True, tag="subscribe"):
    """Tell me from now on; with `last_seq`: everything behind it first."""

    channel: Channel
    market: Symbol | None = None
    """Of book, trades and ticker."""
    depth: Depth = 10
    account: AccountNumber | None = None
    """Of orders and fills; needed where the key has several."""
    last_seq: TimeNs | None = None


class Unsubscribe(Asked, frozen=True, kw_only=True, tag="unsubscribe"):
    """No longer."""

    channel: Channel
    market: Symbol | None = None
    depth: Depth = 10
    account: AccountNumber | None = None


class Ping(Asked, frozen=True, kw_only=True, tag="ping"):
    """Are you there?"""


class PlaceOrder(Asked, frozen=True, kw_only=True, tag="place_order"):
    """As POST /v1/orders."""

    order: OrderRequest


class AmendOrder(Asked, frozen=True, kw_only=True, tag="amend_order"):
    """As PATCH /v1/orders/{client_order_id}."""

    client_order_id: ClientOrderId
    changes: AmendRequest


class CancelOrder(Asked, frozen=True, kw_only=True, tag="cancel_order"):
    """As DELETE /v1/orders/{client_order_id}."""

    client_order_id: ClientOrderId
    market: Symbol | None = None
    account: AccountNumber | None = None


class CancelAll(Asked, frozen=True, kw_only=True, tag="cancel_all"):
    """As POST /v1/orders/cancel-all."""

    of: CancelAllRequest


class CancelOnDisconnect(Asked, frozen=True, kw_only=True, tag="cancel_on_disconnect"):
    """Whether all open orders of an account end with this connection."""

    on: bool
    account: AccountNumber | None = None


ClientMessage = (
    Login | Subscribe | Unsubscribe | Ping | PlaceOrder | AmendOrder | CancelOrder | CancelAll
    | CancelOnDisconnect
)  # fmt: skip


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="answer"):
    """A request was done."""

    id: int
    ts_ns: int
    result: Any = None
    cost: int = 0
    """Units of the rate that it took."""
    remaining: int | None = None
    """Units that are left of it."""


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """A request was refused, or the connection ends."""

    id: int
    ts_ns: int
    error: Error
    cost: int = 0


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="heartbeat"):
    """Sent every five seconds."""

    ts_ns: int
    seq: int
    """Last command of the venue that the gateway knows of."""
