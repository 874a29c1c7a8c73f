"""Writing events: each function fills the next record of the buffer completely.

A record is written as eight words (EVENT_WORDS), because eight stores cost half of what fourteen narrow ones
do, and a message makes two events:

    head = kind | side << 8 | reason << 16 | market << 32 | flags << 48
    sizes = quantity | leaves << 32        parties = account | contra_leaves << 32

A step checks beforehand that the buffer has STEP_ROOM, so nothing here can overflow or fail.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.cells import EVENTS, NO_PRICE, SEQUENCE
from novate.venue.constants import (
    E_AUCTION_TRADE,
    E_BOOK_STATE,
    E_IMPLIED_STATE,
    E_REJECTED,
    E_STP_DECREMENT,
    E_TRADE,
    E_TRADE_PARTIES,
    FEES_ON,
    PRICE_IS_NULL,
)
from novate.venue.layout import Tables

_LOW_HALF = 0xFFFFFFFF


@inlined
def head_of(kind: int, side: int, reason: int, market: int, flags: int) -> int:
    """The first word of a record."""
    return kind | (side << 8) | (reason << 16) | (market << 32) | (flags << 48)


@inlined
def write(
    s: Tables,
    head: int,
    order_id: int,
    contra_order_id: int,
    price: int,
    sizes: int,
    parties: int,
    trade_id: int,
) -> None:
    """Append one record."""
    at = s.header[EVENTS]
    s.header[EVENTS] = at + 1
    s.events["head"][at] = head
    s.events["sequence"][at] = s.header[SEQUENCE]
    s.events["order_id"][at] = order_id
    s.events["contra_order_id"][at] = contra_order_id
    s.events["price"][at] = price
    s.events["sizes"][at] = sizes
    s.events["parties"][at] = parties
    s.events["trade_id"][at] = trade_id


@inlined
def order_event(
    s: Tables, kind: int, row: int, reason: int, flags: int, price: int, quantity: int, leaves: int, stop: int
) -> None:
    """An event about one order: ACCEPTED, CANCELLED, EXPIRED, AMENDED, TRIGGERED, REFRESHED."""
    side = wide(s.orders["side"][row])
    write(
        s,
        head_of(kind, side, reason, wide(s.orders["market"][row]), flags),
        wide(s.orders["order_id"][row]),
        wide(s.orders["client_order_id"][row]),
        price,
        quantity | (leaves << 32),
        wide(s.orders["account"][row]),
        stop,
    )


@inlined
def priced_event(s: Tables, kind: int, row: int, price: int, quantity: int, leaves: int) -> None:
    """ACCEPTED, TRIGGERED: an order event whose price may be null."""
    unpriced = price == NO_PRICE
    flags = PRICE_IS_NULL if unpriced else 0
    order_event(s, kind, row, 0, flags, 0 if unpriced else price, quantity, leaves, 0)


@kernel
def reject(s: Tables, i: int, reason: int) -> None:
    """REJECTED: the command's own names and the first rule that it broke."""
    write(
        s,
        head_of(E_REJECTED, wide(s.commands["side"][i]), reason, wide(s.commands["market"][i]), 0),
        0,
        wide(s.commands["client_order_id"][i]),
        0,
        wide(s.commands["quantity"][i]),
        wide(s.commands["account"][i]) | (wide(s.commands["kind"][i]) << 32),
        0,
    )


@inlined
def trade_event(
    s: Tables, kind: int, maker: int, taker: int, price: int, quantity: int, trade_id: int
) -> None:
    """TRADE (or STP_DECREMENT, trade id 0): both orders with the leaves that they have now."""
    write(
        s,
        head_of(kind, wide(s.orders["side"][taker]), 0, wide(s.orders["market"][taker]), 0),
        wide(s.orders["order_id"][maker]),
        wide(s.orders["order_id"][taker]),
        price,
        quantity | (wide(s.orders["leaves"][maker]) << 32),
        wide(s.orders["account"][maker]) | (wide(s.orders["leaves"][taker]) << 32),
        trade_id,
    )


@inlined
def trade(
    s: Tables, maker: int, taker: int, price: int, quantity: int, trade_id: int, fees_on: int, maker_fee: int,
    taker_fee: int,
) -> None:  # fmt: skip
    """TRADE and TRADE_PARTIES (see the PARTIES view of `novate.domain.records`)."""
    trade_event(s, E_TRADE, maker, taker, price, quantity, trade_id)
    flags = FEES_ON if fees_on != 0 else 0
    side = wide(s.orders["side"][taker])
    write(
        s,
        head_of(E_TRADE_PARTIES, side, 0, wide(s.orders["market"][taker]), flags),
        wide(s.orders["client_order_id"][maker]),
        wide(s.orders["client_order_id"][taker]),
        maker_fee,
        0,
        wide(s.orders["account"][maker]) | (wide(s.orders["account"][taker]) << 32),
        taker_fee,
    )


@kernel
def leg_trade(
    s: Tables, market: int, side: int, maker: int, taker: int, price: int, quantity: int, trade_id: int,
    fees_on: int, maker_fee: int, taker_fee: int,
) -> None:  # fmt: skip
    """TRADE and TRADE_PARTIES in a leg of a combination, whose order belongs to another market (R71).

    `side` is the taker's in this market.
    """
    write(
        s,
        head_of(E_TRADE, side, 0, market, 0),
        wide(s.orders["order_id"][maker]),
        wide(s.orders["order_id"][taker]),
        price,
        quantity | (wide(s.orders["leaves"][maker]) << 32),
        wide(s.orders["account"][maker]) | (wide(s.orders["leaves"][taker]) << 32),
        trade_id,
    )
    write(
        s,
        head_of(E_TRADE_PARTIES, side, 0, market, FEES_ON if fees_on != 0 else 0),
        wide(s.orders["client_order_id"][maker]),
        wide(s.orders["client_order_id"][taker]),
        maker_fee,
        0,
        wide(s.orders["account"][maker]) | (wide(s.orders["account"][taker]) << 32),
        taker_fee,
    )


@kernel
def auction_trade(
    s: Tables, buy: int, sell: int, price: int, quantity: int, trade_id: int, fees_on: int, buy_fee: int,
    sell_fee: int,
) -> None:  # fmt: skip
    """AUCTION_TRADE and TRADE_PARTIES: the buyer stands where a trade has its maker, the seller as taker."""
    market = wide(s.orders["market"][buy])
    write(
        s,
        head_of(E_AUCTION_TRADE, 0, 0, market, 0),
        wide(s.orders["order_id"][buy]),
        wide(s.orders["order_id"][sell]),
        price,
        quantity | (wide(s.orders["leaves"][buy]) << 32),
        wide(s.orders["account"][buy]) | (wide(s.orders["leaves"][sell]) << 32),
        trade_id,
    )
    write(
        s,
        head_of(E_TRADE_PARTIES, 0, 0, market, FEES_ON if fees_on != 0 else 0),
        wide(s.orders["client_order_id"][buy]),
        wide(s.orders["client_order_id"][sell]),
        buy_fee,
        0,
        wide(s.orders["account"][buy]) | (wide(s.orders["account"][sell]) << 32),
        sell_fee,
    )


@kernel
def auction_event(s: Tables, kind: int, market: int, price: int, volume: int, imbalance: int) -> None:
    """AUCTION, INDICATIVE (the AUCTION_EVENT view); NO_PRICE is null."""
    flags = 0
    if price == NO_PRICE:
        flags = PRICE_IS_NULL
        price = 0
    write(s, head_of(kind, 0, 0, market, flags), volume, imbalance, price, 0, 0, 0)


@kernel
def mmp_event(s: Tables, kind: int, market: int, account: int, window: int, quantity: int) -> None:
    """MMP_SET, MMP_RESET, MMP_TRIGGERED (the MMP_EVENT view)."""
    write(s, head_of(kind, 0, 0, market, 0), 0, window, quantity, 0, account, 0)


@kernel
def reject_leg(s: Tables, i: int, reason: int) -> None:
    """REJECTED of a pair, under the name of its trigger leg, which is staged (R34)."""
    kind = wide(s.commands["kind"][i])
    write(
        s,
        head_of(E_REJECTED, wide(s.staged["side"][0]), reason, wide(s.commands["market"][i]), 0),
        0,
        wide(s.staged["client_order_id"][0]),
        0,
        wide(s.staged["quantity"][0]),
        wide(s.commands["account"][i]) | (kind << 32),
        0,
    )


@kernel
def decrement(s: Tables, maker: int, taker: int, quantity: int) -> None:
    """STP_DECREMENT at the maker's price."""
    trade_event(s, E_STP_DECREMENT, maker, taker, wide(s.orders["price"][maker]), quantity, 0)


@kernel
def market_event(
    s: Tables, kind: int, market: int, reason: int, account: int, value: int, from_state: int, to_state: int
) -> None:
    """STATE, MASS_DONE, REF_SET, POSITION_SET (the MARKET_EVENT view)."""
    sizes = from_state | (to_state << 32)
    write(s, head_of(kind, 0, reason, market, 0), 0, 0, value, sizes, account & _LOW_HALF, 0)


@kernel
def credit_event(
    s: Tables, kind: int, market: int, flags: int, account: int, clearing_seq: int, asset: int,
    available: int, reserved: int,
) -> None:  # fmt: skip
    """CREDIT_SET and MARGIN_SET (the CREDIT_EVENT view; of MARGIN_SET `account` is the account class)."""
    head = head_of(kind, 0, 0, market, flags)
    write(s, head, clearing_seq, asset, available, 0, account & _LOW_HALF, reserved)


@kernel
def limit_event(
    s: Tables, kind: int, is_member: int, limit: int, holder: int, value: int, window: int, free: int
) -> None:
    """LIMIT_SET: side = holder is a member, quantity = LimitKind, leaves = free messages, account = holder,
    trade id = window."""
    write(s, head_of(kind, is_member, 0, 0, 0), 0, 0, value, limit | (free << 32), holder, window)


@kernel
def scope_event(s: Tables, kind: int, scope: int, holder: int, session: int, count: int) -> None:
    """KILLED, REVIVED, DISCONNECTED (the SCOPE_EVENT view)."""
    write(s, head_of(kind, scope, 0, 0, 0), 0, 0, count, session, holder, 0)


@kernel
def implied_state(
    s: Tables, market: int, bid_price: int, bid_quantity: int, ask_price: int, ask_quantity: int
) -> None:
    """IMPLIED_STATE: as BOOK_STATE, of what the other markets of a combination imply (R73)."""
    head = head_of(E_IMPLIED_STATE, 0, 0, market, 0)
    write(s, head, bid_price, bid_quantity, ask_price, 0, 0, ask_quantity)


@inlined
def book_state(
    s: Tables, market: int, bid_price: int, bid_quantity: int, ask_price: int, ask_quantity: int
) -> None:
    """BOOK_STATE: best displayed price and quantity of each side, quantity 0 for none."""
    head = head_of(E_BOOK_STATE, 0, 0, market, 0)
    write(s, head, bid_price, bid_quantity, ask_price, 0, 0, ask_quantity)
