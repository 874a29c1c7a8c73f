"""What travels over REST and WebSocket: the one definition of every message.

    these structs --> decoding with every bound --> OpenAPI 3.1, AsyncAPI 3, the interactive page

Prices, quantities and money are decimal text: canonical going out, text or whole numbers coming in. Times are
nanoseconds since 1970 as whole numbers. `seq` numbers a stream and `prev_seq` names the message before.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from novate.gateway.web.limits import MOST_BATCH, MOST_PAGE
from novate.gateway.web.order_ids import PATTERN

Decimal = Annotated[str, Meta(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$", max_length=38)]
Number = Decimal | Annotated[int, Meta(ge=-(10**18), le=10**18)]
Positive = (
    Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?$", max_length=38)]
    | Annotated[int, Meta(ge=0, le=10**18)]
)
Symbol = Annotated[str, Meta(min_length=1, max_length=40)]
ClientOrderId = Annotated[str, Meta(pattern=PATTERN, max_length=36)]
AccountNumber = Annotated[int, Meta(ge=0, le=2**32 - 1)]
TimeNs = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Meta(ge=1, le=MOST_PAGE)]
Cursor = Annotated[str, Meta(pattern=r"^[0-9]{1,19}$", max_length=19)]
Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market", "market_to_limit", "stop", "stop_limit", "if_touched"]
TimeInForce = Literal["gtc", "day", "gtd", "ioc", "fok", "at_open", "at_close"]
SelfTrade = Literal["none", "cancel_resting", "cancel_aggressing", "cancel_both", "decrement"]
Status = Literal["open", "waiting", "filled", "cancelled", "expired"]
Interval = Literal["1m", "5m", "15m", "1h", "1d"]


class Error(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The one shape of every refusal and failure."""

    code: int
    name: str
    message: str
    request_id: str
    field: str | None = None
    """The part of the request that is meant, where one is."""


class ErrorCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code that an Error can carry."""

    code: int
    name: str
    status: int
    """The HTTP status that goes with it."""


class ErrorCodes(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, ascending."""

    codes: list[ErrorCode]


# -- the venue ---------------------------------------------------------------------------------------------


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of the gateway, against which the time of signed requests is judged."""

    ts_ns: int


class NodeState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the venue takes orders, and how far this gateway has followed it."""

    name: str
    state: Literal["up", "behind", "down"]
    """behind: the gateway still reads what it missed; down: the core does not answer."""
    seq: int
    """Last command of the venue of which this gateway knows."""
    event: int
    """Last event of the venue's stream that it has read."""
    ts_ns: int
    uptime_seconds: int
    worker: int


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A rate: units that flow in per second, and how many are kept."""

    name: Literal["public", "read", "order", "cancel"]
    per: Literal["address", "key"]
    units_per_second: int
    burst: int


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A bound on something else than a rate."""

    name: str
    value: int
    unit: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every limit of the gateway."""

    rates: list[RateLimit]
    bounds: list[Bound]


class Market(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A market and the steps of its prices and quantities."""

    market: str
    instrument_id: int
    kind: Literal["spot", "equity", "future", "option", "perpetual"]
    base: str
    """What a buyer receives."""
    quote: str
    state: Literal["closed", "pre_open", "auction_call", "continuous", "halted"]
    tick: str
    lot: str
    min_price: str
    max_price: str
    max_quantity: str
    maker_ppm: int
    """Fee in millionths of the traded value; negative is a rebate."""
    taker_ppm: int
    settlement_days: int
    contract_size: str
    expiry: str | None = None


class Markets(msgspec.Struct, frozen=True, kw_only=True):
    """A page of markets."""

    items: list[Market]
    next: str | None
    """Cursor of the next page; null: this is the last one."""


Level = tuple[str, str]


class Book(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="book_snapshot"):
    """The displayed book: [price, quantity], best first."""

    market: str
    depth: int
    seq: int
    ts_ns: int
    bids: list[Level]
    asks: list[Level]
    checksum: int
    """CRC32 over the first ten levels of both sides."""


class BookUpdate(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="book"):
    """Levels that changed since `prev_seq`; quantity "0": the level is gone."""

    market: str
    depth: int
    seq: int
    prev_seq: int
    ts_ns: int
    bids: list[Level]
    asks: list[Level]
    checksum: int
    """Of the book after the change."""


class Trade(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="trade"):
    """A trade as everybody sees it; `seq` is its number."""

    market: str
    seq: int
    prev_seq: int
    """Number of the trade before in this market, 0: not known."""
    ts_ns: int
    price: str
    quantity: str
    taker_side: Literal["buy", "sell", "auction"]


class Trades(msgspec.Struct, frozen=True, kw_only=True):
    """A page of trades, newest first."""

    items: list[Trade]
    next: str | None


class Ticker(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="ticker"):
    """A market at a glance; of the last day where there was a trade."""

    market: str
    seq: int
    prev_seq: int
    ts_ns: int
    last: str | None
    bid: str | None
    bid_quantity: str | None
    ask: str | None
    ask_quantity: str | None
    open: str | None
    high: str | None
    low: str | None
    volume: str
    trades: int


class Tickers(msgspec.Struct, frozen=True, kw_only=True):
    """All tickers, or those of a page of markets."""

    items: list[Ticker]
    next: str | None


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """Prices and volume of one interval."""

    start_ns: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    trades: int


class Candles(msgspec.Struct, frozen=True, kw_only=True):
    """A page of candles, newest first; intervals without a trade are left out."""

    items: list[Candle]
    next: str | None


# -- orders ------------------------------------------------------------------------------------------------


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An order. Placing the same one twice under one client order id is placing it once."""

    market: Symbol
    client_order_id: ClientOrderId
    side: Side
    quantity: Positive
    type: OrderType = "limit"
    price: Number | None = None
    stop_price: Number | None = None
    time_in_force: TimeInForce = "gtc"
    display_quantity: Positive | None = None
    expire_ns: TimeNs | None = None
    post_only: bool = False
    hidden: bool = False
    reduce_only: bool = False
    self_trade: SelfTrade | None = None
    account: AccountNumber | None = None
    """Needed where the key has several accounts."""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order as it stands."""

    order_id: int
    client_order_id: str
    account: int
    market: str
    side: Side
    status: Status
    quantity: str
    filled: str
    leaves: str
    seq: int
    """Command of the venue that changed it last."""
    ts_ns: int
    price: str | None = None
    stop_price: str | None = None
    type: str | None = None
    """Not known of an order that came over another gateway and is closed."""
    time_in_force: str | None = None
    reason: str | None = None
    """Why it ended, where it was not filled."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """A page of orders, newest first."""

    items: list[Order]
    next: str | None


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An order, and whether this very request was taken before."""

    order: Order
    duplicate_same: bool
    known_since_ns: TimeNs
    """A closed order that was accepted before then is known no more: its client order id would be taken for
    a new one. 0: every order is known."""


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders that are sent together; each is taken or refused by itself, also one that is not well formed."""

    orders: Annotated[list[OrderRequest], Meta(min_length=1, max_length=MOST_BATCH)]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one of them: an order, or an error. Its field says where: orders[3].price."""

    client_order_id: str | None
    """null: it has none that can be read."""
    order: Order | None
    error: Error | None
    duplicate_same: bool


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """In the order in which they were sent."""

    results: list[BatchResult]
    known_since_ns: TimeNs
    """As in the answer to a single order."""


class AmendRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not given stays."""

    quantity: Positive | None = None
    price: Number | None = None
    stop_price: Number | None = None
    display_quantity: Positive | None = None
    market: Symbol | None = None
    account: AccountNumber | None = None


class CancelAllRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All open orders of an account, or only those of a market or a side."""

    market: Symbol | None = None
    side: Side | None = None
    account: AccountNumber | None = None


class CancelAllAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders were cancelled."""

    account: int
    cancelled: int
    seq: int


class CancelAfterRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dead-man's switch: unless it is set again in time, all orders of the account are cancelled."""

    seconds: Annotated[int, Meta(ge=0, le=86_400)]
    """0 takes it back."""
    account: AccountNumber | None = None


class CancelAfterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """When it acts; null: it is not set."""

    account: int
    at_ns: int | None


class Fill(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="fill"):
    """An account's side of a trade; `seq` numbers the venue's stream of events."""

    seq: int
    prev_seq: int
    ts_ns: int
    trade_id: int
    market: str
    account: int
    order_id: int
    client_order_id: str
    side: Side
    role: Literal["maker", "taker", "auction"]
    price: str
    quantity: str
    leaves: str
    fee: str
    """Negative is a rebate."""
    fee_asset: str


class Fills(msgspec.Struct, frozen=True, kw_only=True):
    """A page of fills, newest first."""

    items: list[Fill]
    next: str | None


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="order"):
    """Something happened to an order of the account."""

    seq: int
    prev_seq: int
    ts_ns: int
    event: Literal["accepted", "amended", "triggered", "cancelled", "expired", "decremented", "rejected"]
    order: Order | None
    client_order_id: str
    account: int
    error: str | None
    """Why it was rejected."""
