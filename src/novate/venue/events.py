"""Writing events: each function fills the next record of the buffer completely.

A step checks beforehand that the buffer has STEP_ROOM, so nothing here can overflow or fail.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.constants import (
    E_BOOK_STATE,
    E_REJECTED,
    E_STP_DECREMENT,
    E_TRADE,
    E_TRADE_PARTIES,
    FEES_ON,
)
from novate.venue.layout import EVENTS, SEQUENCE, Tables


@inlined
def order_event(
    s: Tables, kind: int, row: int, reason: int, flags: int, price: int, quantity: int, leaves: int, stop: int
) -> None:
    """An event about one order: ACCEPTED, CANCELLED, EXPIRED, AMENDED, TRIGGERED, REFRESHED."""
    at = s.header[EVENTS]
    s.header[EVENTS] = at + 1
    s.events["kind"][at] = kind
    s.events["side"][at] = s.orders["side"][row]
    s.events["reason"][at] = reason
    s.events["market"][at] = s.orders["market"][row]
    s.events["flags"][at] = flags
    s.events["sequence"][at] = s.header[SEQUENCE]
    s.events["order_id"][at] = s.orders["order_id"][row]
    s.events["contra_order_id"][at] = s.orders["client_order_id"][row]
    s.events["price"][at] = price
    s.events["quantity"][at] = quantity
    s.events["leaves"][at] = leaves
    s.events["account"][at] = s.orders["account"][row]
    s.events["contra_leaves"][at] = 0
    s.events["trade_id"][at] = stop


@kernel
def reject(s: Tables, at_command: int, reason: int) -> None:
    """REJECTED: the command's own names and the first rule that it broke."""
    at = s.header[EVENTS]
    s.header[EVENTS] = at + 1
    s.events["kind"][at] = E_REJECTED
    s.events["side"][at] = s.commands["side"][at_command]
    s.events["reason"][at] = reason
    s.events["market"][at] = s.commands["market"][at_command]
    s.events["flags"][at] = 0
    s.events["sequence"][at] = s.header[SEQUENCE]
    s.events["order_id"][at] = 0
    s.events["contra_order_id"][at] = s.commands["client_order_id"][at_command]
    s.events["price"][at] = 0
    s.events["quantity"][at] = s.commands["quantity"][at_command]
    s.events["leaves"][at] = 0
    s.events["account"][at] = s.commands["account"][at_command]
    s.events["contra_leaves"][at] = s.commands["kind"][at_command]
    s.events["trade_id"][at] = 0


@inlined
def trade_event(
    s: Tables, kind: int, maker: int, taker: int, price: int, quantity: int, trade_id: int
) -> None:
    """TRADE (or STP_DECREMENT, trade id 0): both orders with the leaves that they have now."""
    at = s.header[EVENTS]
    s.header[EVENTS] = at + 1
    s.events["kind"][at] = kind
    s.events["side"][at] = s.orders["side"][taker]
    s.events["reason"][at] = 0
    s.events["market"][at] = s.orders["market"][taker]
    s.events["flags"][at] = 0
    s.events["sequence"][at] = s.header[SEQUENCE]
    s.events["order_id"][at] = s.orders["order_id"][maker]
    s.events["contra_order_id"][at] = s.orders["order_id"][taker]
    s.events["price"][at] = price
    s.events["quantity"][at] = quantity
    s.events["leaves"][at] = s.orders["leaves"][maker]
    s.events["account"][at] = s.orders["account"][maker]
    s.events["contra_leaves"][at] = s.orders["leaves"][taker]
    s.events["trade_id"][at] = trade_id


@inlined
def trade(
    s: Tables, maker: int, taker: int, price: int, quantity: int, trade_id: int, fees_on: int, maker_fee: int,
    taker_fee: int,
) -> None:  # fmt: skip
    """TRADE and TRADE_PARTIES (see the PARTIES view of `novate.domain.records`)."""
    trade_event(s, E_TRADE, maker, taker, price, quantity, trade_id)
    at = s.header[EVENTS]
    s.header[EVENTS] = at + 1
    s.events["kind"][at] = E_TRADE_PARTIES
    s.events["side"][at] = s.orders["side"][taker]
    s.events["reason"][at] = 0
    s.events["market"][at] = s.orders["market"][taker]
    s.events["flags"][at] = FEES_ON if fees_on != 0 else 0
    s.events["sequence"][at] = s.header[SEQUENCE]
    s.events["order_id"][at] = s.orders["client_order_id"][maker]
    s.events["contra_order_id"][at] = s.orders["client_order_id"][taker]
    s.events["price"][at] = maker_fee
    s.events["quantity"][at] = 0
    s.events["leaves"][at] = 0
    s.events["account"][at] = s.orders["account"][maker]
    s.events["contra_leaves"][at] = s.orders["account"][taker]
    s.events["trade_id"][at] = taker_fee


@kernel
def decrement(s: Tables, maker: int, taker: int, quantity: int) -> None:
    """STP_DECREMENT at the maker's price."""
    trade_event(s, E_STP_DECREMENT, maker, taker, wide(s.orders["price"][maker]), quantity, 0)


@kernel
def market_event(
    s: Tables, kind: int, market: int, reason: int, account: int, value: int, from_state: int, to_state: int
) -> None:
    """STATE, MASS_DONE, REF_SET, POSITION_SET (the MARKET_EVENT view)."""
    at = s.header[EVENTS]
    s.header[EVENTS] = at + 1
    s.events["kind"][at] = kind
    s.events["side"][at] = 0
    s.events["reason"][at] = reason
    s.events["market"][at] = market
    s.events["flags"][at] = 0
    s.events["sequence"][at] = s.header[SEQUENCE]
    s.events["order_id"][at] = 0
    s.events["contra_order_id"][at] = 0
    s.events["price"][at] = value
    s.events["quantity"][at] = from_state
    s.events["leaves"][at] = to_state
    s.events["account"][at] = account
    s.events["contra_leaves"][at] = 0
    s.events["trade_id"][at] = 0


@kernel
def credit_event(
    s: Tables, kind: int, market: int, flags: int, account: int, clearing_seq: int, asset: int,
    available: int, reserved: int,
) -> None:  # fmt: skip
    """CREDIT_SET, MARGIN_SET, LIMIT_SET (the CREDIT_EVENT view)."""
    market_event(s, kind, market, 0, account, available, 0, 0)
    at = s.header[EVENTS] - 1
    s.events["flags"][at] = flags
    s.events["order_id"][at] = clearing_seq
    s.events["contra_order_id"][at] = asset
    s.events["trade_id"][at] = reserved


@inlined
def book_state(
    s: Tables, market: int, bid_price: int, bid_quantity: int, ask_price: int, ask_quantity: int
) -> None:
    """BOOK_STATE: best displayed price and quantity of each side, quantity 0 for none."""
    at = s.header[EVENTS]
    s.header[EVENTS] = at + 1
    s.events["kind"][at] = E_BOOK_STATE
    s.events["side"][at] = 0
    s.events["reason"][at] = 0
    s.events["market"][at] = market
    s.events["flags"][at] = 0
    s.events["sequence"][at] = s.header[SEQUENCE]
    s.events["order_id"][at] = bid_price
    s.events["contra_order_id"][at] = bid_quantity
    s.events["price"][at] = ask_price
    s.events["quantity"][at] = 0
    s.events["leaves"][at] = 0
    s.events["account"][at] = 0
    s.events["contra_leaves"][at] = 0
    s.events["trade_id"][at] = ask_quantity
