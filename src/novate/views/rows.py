"""Events as columns: a batch of 64-byte records becomes one Arrow table for each table of the views.

    ACCEPTED, TRADE + TRADE_PARTIES, CANCELLED, AMENDED, ...   -->   trades | fills | orders | changes | ...

Cost: a few array operations a batch, nothing an event. A batch holds whole blocks of the journal, so that a
staged leg and its command are never parted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from novate.client.views import Role, Status
from novate.domain.codes import CommandFlag, CommandKind, EventFlag, EventKind, OrderType, Side
from novate.domain.records import (
    CREDIT_COMMAND,
    CREDIT_EVENT,
    MARKET_EVENT,
    ORDER_EVENT,
    PARTIES,
    SCOPE_EVENT,
    Commands,
    Events,
    is_timed,
    is_trade,
)

Columns = dict[str, npt.NDArray[Any]]


ENDS = {EventKind.CANCELLED: Status.CANCELLED, EventKind.EXPIRED: Status.EXPIRED}
UNCHANGED = -1
"""In a change: the price or the quantity stays as it was."""


def tables_of(
    first_sequence: int, first_event: int, commands: Commands, events: Events
) -> dict[str, pa.Table]:
    """Arrow tables of a batch: trades, fills, orders, changes, rejects, states,
    switches, credits.

    commands: (n,) COMMAND from `first_sequence` on, whole blocks; events: (m,) EVENT, all of theirs, numbered
    from `first_event` on. `orders` are the new ones as they came in; `changes` are what became of orders, in
    order.
    """
    times = np.where(is_timed(commands), commands["time"], 0)
    when = times[events["sequence"] - first_sequence]
    number = first_event + np.arange(len(events))
    trades, fills, traded = _trades(events, when, number)
    columns = {
        "trades": trades,
        "fills": fills,
        "orders": _orders(first_sequence, commands, events, when),
        "changes": _joined([traded, *_changes(events, when, number)]),
        "rejects": _rejects(events, when),
        "states": _states(events, when),
        "switches": _switches(events, when),
        "credits": _credits(first_sequence, commands, events, when),
    }
    return {name: pa.table(made) for name, made in columns.items()}


def _trades(
    events: Events, when: npt.NDArray[Any], number: npt.NDArray[Any]
) -> tuple[Columns, Columns, Columns]:
    """(trades, fills, changes of the orders that traded)."""
    at = np.flatnonzero(is_trade(events))
    told, parties = events[at], events[at + 1].view(PARTIES)
    side = told["side"]
    trades = {
        name: told[name] for name in ("trade_id", "market", "sequence", "price", "quantity", "side")
    } | {"time_ns": when[at]}
    auction = side == Side.NONE
    buys = np.where(auction | (side == Side.SELL), Side.BUY, Side.SELL)
    maker = {
        "role": np.where(auction, Role.AUCTION, Role.MAKER),
        "account": parties["maker_account"],
        "order_id": told["order_id"],
        "client_order_id": parties["maker_client_order_id"],
        "side": buys,
        "leaves": told["leaves"],
        "fee": parties["maker_fee"],
    }
    taker = {
        "role": np.where(auction, Role.AUCTION, Role.TAKER),
        "account": parties["taker_account"],
        "order_id": told["contra_order_id"],
        "client_order_id": parties["taker_client_order_id"],
        "side": np.where(buys == Side.BUY, Side.SELL, Side.BUY),
        "leaves": told["contra_leaves"],
        "fee": parties["taker_fee"],
    }
    common = {name: np.tile(trades[name], 2) for name in trades if name != "side"}
    # A fill is the event that tells of it: the maker's the TRADE, the taker's the parties behind it.
    event = {"event": np.concatenate([number[at], number[at] + 1])}
    fills = _joined([maker, taker]) | common | event
    changes = _change(
        fills["order_id"], np.tile(number[at], 2), fills["sequence"], fills["time_ns"],
        leaves=fills["leaves"], filled=fills["quantity"],
        status=np.where(fills["leaves"] == 0, Status.FILLED, Status.OPEN),
    )  # fmt: skip
    return trades, fills, changes


def _orders(first_sequence: int, commands: Commands, events: Events, when: npt.NDArray[Any]) -> Columns:
    at = np.flatnonzero(events["kind"] == EventKind.ACCEPTED)
    told = events[at].view(ORDER_EVENT)
    place = told["sequence"] - first_sequence
    sent = commands[place]
    # The second order of a pair stands in the LEG record before the pair.
    leg = (sent["kind"] == CommandKind.NEW_OCO) & (sent["client_order_id"] != told["client_order_id"])
    sent = commands[np.where(leg, np.maximum(place - 1, 0), place)]
    quoted = sent["kind"] == CommandKind.QUOTE
    stops = ~quoted & (sent["flags"] & CommandFlag.STOP_GIVEN != 0) & (
        sent["flags"] & CommandFlag.TRAIL_GIVEN == 0
    )  # fmt: skip
    nothing = np.zeros(len(at), np.int64)
    return {
        "order_id": told["order_id"],
        "account": told["account"],
        "market": told["market"],
        "client_order_id": told["client_order_id"],
        "side": told["side"],
        "order_type": np.where(quoted, np.uint8(OrderType.LIMIT), sent["order_type"]),
        "time_in_force": sent["time_in_force"],
        "session": sent["session"],
        "price": told["price"],
        "has_price": told["flags"] & EventFlag.PRICE_IS_NULL == 0,
        "stop": sent["stop"],
        "has_stop": stops,
        "quantity": told["quantity"],
        "leaves": told["quantity"],
        "filled": nothing,
        "status": np.full(len(at), Status.OPEN, np.uint8),
        "reason": nothing,
        "accepted_sequence": told["sequence"],
        "accepted_ns": when[at],
        "sequence": told["sequence"],
        "time_ns": when[at],
    }


def _changes(events: Events, when: npt.NDArray[Any], number: npt.NDArray[Any]) -> list[Columns]:
    """Ends, amendments and decrements."""
    found = []
    for kind, status in ENDS.items():
        at = np.flatnonzero(events["kind"] == kind)
        told = events[at].view(ORDER_EVENT)
        found.append(
            _change(told["order_id"], number[at], told["sequence"], when[at], leaves=np.zeros(len(at)),
                    status=np.full(len(at), status), reason=told["reason"])
        )  # fmt: skip
    for kind in (EventKind.AMENDED, EventKind.TRIGGERED):
        at = np.flatnonzero(events["kind"] == kind)
        told = events[at].view(ORDER_EVENT)
        priced = told["flags"] & EventFlag.PRICE_IS_NULL == 0
        amended = kind == EventKind.AMENDED
        found.append(
            _change(told["order_id"], number[at], told["sequence"], when[at], price=told["price"],
                    has_price=priced, leaves=told["leaves" if amended else "quantity"], stop=told["stop"],
                    has_stop=(told["flags"] & EventFlag.STOP_GIVEN != 0) & amended,
                    quantity=told["quantity"] if amended else np.full(len(at), UNCHANGED))
        )  # fmt: skip
    at = np.flatnonzero(events["kind"] == EventKind.STP_DECREMENT)
    told = events[at]
    for order, leaves in (("order_id", "leaves"), ("contra_order_id", "contra_leaves")):
        found.append(
            _change(told[order], number[at], told["sequence"], when[at], leaves=told[leaves],
                    less=told["quantity"])
        )  # fmt: skip
    return found


def _change(
    order_id: npt.NDArray[Any], number: npt.NDArray[Any], sequence: npt.NDArray[Any],
    time_ns: npt.NDArray[Any], **others: npt.NDArray[Any],
) -> Columns:  # fmt: skip
    """Columns of a change; what is not given is zero, a status OPEN, a quantity as before."""
    usual = {"leaves": 0, "filled": 0, "status": Status.OPEN, "reason": 0, "price": 0, "has_price": False,
             "stop": 0, "has_stop": False, "quantity": UNCHANGED, "less": 0}  # fmt: skip
    made: Columns = {"order_id": order_id, "number": number, "sequence": sequence, "time_ns": time_ns}
    for name, value in usual.items():
        kind = np.bool_ if name.startswith("has_") else np.int64
        made[name] = np.asarray(others.get(name, np.full(len(order_id), value))).astype(kind)
    return made


def _rejects(events: Events, when: npt.NDArray[Any]) -> Columns:
    at = np.flatnonzero(events["kind"] == EventKind.REJECTED)
    told = events[at].view(ORDER_EVENT)
    names = ("sequence", "account", "market", "client_order_id", "command", "reason")
    return {name: told[name] for name in names} | {"time_ns": when[at]}


def _states(events: Events, when: npt.NDArray[Any]) -> Columns:
    at = np.flatnonzero(events["kind"] == EventKind.STATE)
    told = events[at].view(MARKET_EVENT)
    names = ("sequence", "market", "from_state", "to_state", "reason")
    return {name: told[name] for name in names} | {"time_ns": when[at]}


def _switches(events: Events, when: npt.NDArray[Any]) -> Columns:
    kinds = events["kind"]
    at = np.flatnonzero((kinds == EventKind.KILLED) | (kinds == EventKind.REVIVED))
    told = events[at].view(SCOPE_EVENT)
    names = ("sequence", "scope", "holder")
    return {name: told[name] for name in names} | {
        "is_on": kinds[at] == EventKind.KILLED,
        "cancelled": told["count"],
        "time_ns": when[at],
    }


def _credits(first_sequence: int, commands: Commands, events: Events, when: npt.NDArray[Any]) -> Columns:
    at = np.flatnonzero(
        (events["kind"] == EventKind.CREDIT_SET) & (events["flags"] & EventFlag.REPEATED == 0)
    )
    told = events[at].view(CREDIT_EVENT)
    sent = commands[told["sequence"] - first_sequence].view(CREDIT_COMMAND)
    names = ("sequence", "account", "asset", "available", "reserved", "clearing_seq")
    return {name: told[name] for name in names} | {"delta": sent["delta"], "time_ns": when[at]}


def _joined(parts: list[Columns]) -> Columns:
    """Parts with the same columns, one behind the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
