"""Between the JSON of scenario files and the records of the venue.

    {"cmd": "NEW", "acct": 1, "side": "B", ...}  --commands_from_json-->  COMMAND record
    EVENT records  --events_to_json-->  {"ev": "ACCEPTED", "oid": 1, ...}   (the fields of R51)

TRADE and the TRADE_PARTIES record behind it become one object. With `multi`, events name their market.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from novate.app import conform_control
from novate.app.conform_shape import require_shape
from novate.app.conform_terms import has_terms, signed, terms_of
from novate.app.conform_time import TIME_DECODERS, schedule
from novate.domain.codes import (
    AuctionKind,
    CommandFlag,
    CommandKind,
    EventFlag,
    EventKind,
    MarketState,
    OrderType,
    Reason,
    Reject,
    SelfTrade,
    Side,
    TimeInForce,
)
from novate.domain.records import (
    AUCTION_EVENT,
    BOOK_STATE_EVENT,
    COMMAND,
    CREDIT_COMMAND,
    CREDIT_EVENT,
    EVENT,
    MARKET_EVENT,
    MMP_EVENT,
    ORDER_EVENT,
    PARTIES,
    SET_MARGIN_COMMAND,
    Commands,
    Events,
    new_commands,
)

Json = dict[str, Any]

SIDES = {"B": Side.BUY, "S": Side.SELL}
SIDE_NAMES = {Side.BUY: "B", Side.SELL: "S"}
GIVEN = {
    "qty": CommandFlag.QUANTITY_GIVEN,
    "price": CommandFlag.PRICE_GIVEN,
    "stop": CommandFlag.STOP_GIVEN,
    "trail": CommandFlag.TRAIL_GIVEN,
    "display": CommandFlag.DISPLAY_GIVEN,
    "expire": CommandFlag.EXPIRE_GIVEN,
    "min_qty": CommandFlag.MIN_QTY_GIVEN,
}
ATTRIBUTES = {
    "post_only": CommandFlag.POST_ONLY,
    "hidden": CommandFlag.HIDDEN,
    "reduce_only": CommandFlag.REDUCE_ONLY,
    "mmp": CommandFlag.MMP,
    "aon": CommandFlag.ALL_OR_NONE,
}
ORDER_COMMANDS = ("NEW", "CANCEL", "AMEND", "NEW_OCO", "QUOTE")
LARGEST_U4 = 2**32 - 1
LARGEST_I8 = 2**63 - 1


# -- commands ------------------------------------------------------------------------------------------


def commands_from_json(command: Json) -> Commands:
    """One command as its record, behind the record that it stages. KeyError for an unknown command,
    ValueError for a field that is not of the type that docs/scenario-format.md says."""
    require_shape(command)
    record = new_commands(1)
    CODERS[command["cmd"]](record, command)
    record["kind"] = CommandKind[command["cmd"]]
    record["time"] = command.get("t", 0)
    staged = _staged(command)
    return record if staged is None else np.concatenate([staged, record])


def _staged(command: Json) -> Commands | None:
    """The TERMS or LEG record that goes before a command."""
    if command["cmd"] == "NEW_OCO":
        leg = new_commands(1)
        _new(leg, command["stop"] | {"acct": command["acct"], "market": command.get("market", 0)})
        leg["kind"] = CommandKind.LEG
        return leg
    if command["cmd"] == "NEW" and has_terms(command):
        return terms_of(command)
    return None


def _order_fields(record: Commands, command: Json) -> None:
    """Fields that NEW and AMEND share; a number out of its field's range becomes one that is refused."""
    flags = 0
    for name, flag in GIVEN.items():
        if command.get(name) is not None:
            flags |= flag
    for name, flag in ATTRIBUTES.items():
        if command.get(name):
            flags |= flag
    if has_terms(command):
        flags |= CommandFlag.HAS_TERMS
    record["flags"] = flags
    record["market"] = command.get("market", 0)
    record["account"] = command["acct"]
    record["client_order_id"] = command["cid"]
    record["quantity"] = _saturated(command.get("qty"), LARGEST_U4)
    record["display"] = _saturated(command.get("display"), LARGEST_U4)
    record["price"] = signed(command.get("price"))
    stop = command.get("stop") if command.get("stop") is not None else command.get("trail")
    record["stop"] = signed(stop)
    record["expire"] = _saturated(command.get("expire"), LARGEST_I8)


def _saturated(number: int | None, largest: int) -> int:
    return min(max(number or 0, 0), largest)


def _new(record: Commands, command: Json) -> None:
    _order_fields(record, command)
    record["side"] = SIDES[command["side"]]
    record["order_type"] = OrderType[command.get("type") or "LIMIT"]
    record["time_in_force"] = TimeInForce[command.get("tif") or "GTC"]
    record["stp"] = SelfTrade[command.get("stp") or "DEFAULT"]
    record["session"] = command.get("session", 0)


def _new_pair(record: Commands, command: Json) -> None:
    """The limit leg; the trigger leg is staged."""
    _new(record, command["limit"] | {"acct": command["acct"], "market": command.get("market", 0)})


def _protection(record: Commands, command: Json) -> None:
    record["market"] = command.get("market", 0)
    record["account"] = command["acct"]
    record["price"] = command.get("window", 0)
    record["stop"] = command.get("max_qty", 0)


def _named_order(record: Commands, command: Json) -> None:
    record["market"] = command.get("market", 0)
    record["account"] = command["acct"]
    record["client_order_id"] = command["cid"]


def _mass_cancel(record: Commands, command: Json) -> None:
    flags = 0
    record["market"] = command.get("market", 0)
    if command.get("acct") is not None:
        record["account"] = command["acct"]
        flags |= CommandFlag.ACCOUNT_GIVEN
    if command.get("session") is not None:
        record["session"] = command["session"]
        flags |= CommandFlag.SESSION_GIVEN
    record["flags"] = flags
    record["side"] = SIDES[command["side"]] if command.get("side") else Side.NONE


def _state(record: Commands, command: Json) -> None:
    record["market"] = command.get("market", 0)
    auction = AuctionKind[command["auction"]] if command.get("auction") else AuctionKind.NONE
    record["state"] = MarketState[command["to"]] | auction << 4


def _time(record: Commands, command: Json) -> None:
    """TIME carries nothing but its time."""


def _set_ref(record: Commands, command: Json) -> None:
    record["market"] = command.get("market", 0)
    record["price"] = signed(command["price"])


def _position(record: Commands, command: Json) -> None:
    record["market"] = command.get("market", 0)
    record["account"] = command["acct"]
    record["price"] = command["qty"]


def _credit(record: Commands, command: Json) -> None:
    view = record.view(CREDIT_COMMAND)
    view["account"] = command["acct"]
    view["asset"] = command["asset"]
    view["delta"] = command["delta"]
    view["clearing_seq"] = command["seq"]


def _set_margin(record: Commands, command: Json) -> None:
    view = record.view(SET_MARGIN_COMMAND)
    view["market"] = command.get("market", 0)
    view["account_class"] = command["class"]
    view["margin_per_lot_micro"] = command["margin"]
    view["clearing_seq"] = command["seq"]


CODERS: dict[str, Callable[[Commands, Json], None]] = {
    "NEW": _new,
    "NEW_OCO": _new_pair,
    "MMP_SET": _protection,
    "MMP_RESET": _protection,
    "CANCEL": _named_order,
    "AMEND": _order_fields,
    "MASS_CANCEL": _mass_cancel,
    "STATE": _state,
    "TIME": _time,
    "SET_REF": _set_ref,
    "POSITION": _position,
    "CREDIT": _credit,
    "SET_MARGIN": _set_margin,
    **conform_control.CONTROL_CODERS,
    "SCHEDULE": schedule,
}
assert COMMAND.itemsize == CREDIT_COMMAND.itemsize


# -- events --------------------------------------------------------------------------------------------


def events_to_json(events: Events, multi: bool = False) -> list[Json]:
    """R51 objects of event records, in order."""
    found: list[Json] = []
    for at in range(len(events)):
        record = events[at : at + 1]
        kind = EventKind(int(record["kind"][0]))
        if kind == EventKind.TRADE_PARTIES:
            found[-1].update(_fees(record, found[-1]["ev"] == EventKind.AUCTION_TRADE.name))
            continue
        event = {"ev": kind.name, **DECODERS[kind](record)}
        if multi and not _is_venue_wide(kind, event):
            event["market"] = int(record["market"][0])
        found.append(event)
    return found


def _is_venue_wide(kind: EventKind, event: Json) -> bool:
    """Events that are about no market."""
    if kind == EventKind.REJECTED:
        return event["cmd"] in ("CREDIT", "TIME", *conform_control.VENUE_WIDE_COMMANDS)
    return kind in (EventKind.CREDIT_SET, *conform_control.VENUE_WIDE_EVENTS)


def _row(record: Events, layout: np.dtype[np.void]) -> dict[str, int]:
    view = record.view(layout)
    return {name: int(view[name][0]) for name in layout.names or ()}


def _price(row: dict[str, int]) -> int | None:
    return None if row["flags"] & EventFlag.PRICE_IS_NULL else row["price"]


def _accepted(record: Events) -> Json:
    row = _row(record, ORDER_EVENT)
    return {
        "oid": row["order_id"],
        "acct": row["account"],
        "cid": row["client_order_id"],
        "qty": row["quantity"],
        "price": _price(row),
    }


def _rejected(record: Events) -> Json:
    row = _row(record, ORDER_EVENT)
    command = row["command"]
    name = CommandKind(command).name if command in set(CommandKind) else str(command)
    who = {"acct": row["account"], "cid": row["client_order_id"]} if name in ORDER_COMMANDS else {}
    return {"cmd": name, **who, "reason": Reject(row["reason"]).name}


def _trade(record: Events) -> Json:
    row = _row(record, EVENT)
    return {
        "tid": row["trade_id"],
        "maker": row["order_id"],
        "taker": row["contra_order_id"],
        "side": SIDE_NAMES[Side(row["side"])],
        "price": row["price"],
        "qty": row["quantity"],
        "mleft": row["leaves"],
        "tleft": row["contra_leaves"],
    }


def _fees(record: Events, in_auction: bool) -> Json:
    row = _row(record, PARTIES)
    if not row["flags"] & EventFlag.FEES_ON:
        return {}
    first, second = ("bfee", "sfee") if in_auction else ("mfee", "tfee")
    return {first: row["maker_fee"], second: row["taker_fee"]}


def _auction_trade(record: Events) -> Json:
    row = _row(record, EVENT)
    return {
        "tid": row["trade_id"],
        "buy": row["order_id"],
        "sell": row["contra_order_id"],
        "price": row["price"],
        "qty": row["quantity"],
        "bleft": row["leaves"],
        "sleft": row["contra_leaves"],
    }


def _auction(record: Events) -> Json:
    row = _row(record, AUCTION_EVENT)
    return {"price": _price(row), "qty": row["volume"], "imbalance": row["imbalance"]}


def _mmp(record: Events) -> Json:
    return {"acct": _row(record, MMP_EVENT)["account"]}


def _mmp_set(record: Events) -> Json:
    row = _row(record, MMP_EVENT)
    return {"acct": row["account"], "window": row["window"], "max_qty": row["max_quantity"]}


def _refreshed(record: Events) -> Json:
    row = _row(record, ORDER_EVENT)
    return {"oid": row["order_id"], "disp": row["quantity"], "left": row["leaves"]}


def _decrement(record: Events) -> Json:
    trade = _trade(record)
    return {name: trade[name] for name in ("maker", "taker", "price", "qty", "mleft", "tleft")}


def _ended(record: Events) -> Json:
    row = _row(record, ORDER_EVENT)
    return {"oid": row["order_id"], "qty": row["quantity"], "reason": Reason(row["reason"]).name}


def _amended(record: Events) -> Json:
    row = _row(record, ORDER_EVENT)
    stop = {"stop": row["stop"]} if row["flags"] & EventFlag.STOP_GIVEN else {}
    kept = bool(row["flags"] & EventFlag.KEPT_PRIORITY)
    return {
        "oid": row["order_id"],
        "price": _price(row),
        "qty": row["quantity"],
        "leaves": row["leaves"],
        "kept": kept,
        **stop,
    }


def _triggered(record: Events) -> Json:
    row = _row(record, ORDER_EVENT)
    return {"oid": row["order_id"], "price": _price(row), "qty": row["quantity"]}


def _state_changed(record: Events) -> Json:
    row = _row(record, MARKET_EVENT)
    return {
        "from": MarketState(row["from_state"]).name,
        "to": MarketState(row["to_state"]).name,
        "reason": Reason(row["reason"]).name,
    }


def _mass_done(record: Events) -> Json:
    return {"count": _row(record, MARKET_EVENT)["value"]}


def _ref_set(record: Events) -> Json:
    return {"price": _row(record, MARKET_EVENT)["value"]}


def _position_set(record: Events) -> Json:
    row = _row(record, MARKET_EVENT)
    return {"acct": row["account"], "qty": row["value"]}


def _book_state(record: Events) -> Json:
    row = _row(record, BOOK_STATE_EVENT)
    found: Json = {}
    for side in ("bid", "ask"):
        quantity = row[f"{side}_quantity"]
        found[side] = row[f"{side}_price"] if quantity else None
        found[f"{side}_qty"] = quantity
    return found


def _repeated(row: dict[str, int]) -> Json:
    return {"repeated": True} if row["flags"] & EventFlag.REPEATED else {}


def _credit_set(record: Events) -> Json:
    row = _row(record, CREDIT_EVENT)
    return {
        "acct": row["account"],
        "asset": row["asset"],
        "seq": row["clearing_seq"],
        "available": row["available"],
        "reserved": row["reserved"],
        **_repeated(row),
    }


def _margin_set(record: Events) -> Json:
    row = _row(record, EVENT)
    return {"seq": row["order_id"], "class": row["account"], "margin": row["price"], **_repeated(row)}


DECODERS: dict[EventKind, Callable[[Events], Json]] = {
    EventKind.ACCEPTED: _accepted,
    EventKind.REJECTED: _rejected,
    EventKind.TRADE: _trade,
    EventKind.AUCTION: _auction,
    EventKind.INDICATIVE: _auction,
    EventKind.AUCTION_TRADE: _auction_trade,
    EventKind.MMP_TRIGGERED: _mmp,
    EventKind.MMP_RESET: _mmp,
    EventKind.MMP_SET: _mmp_set,
    EventKind.REFRESHED: _refreshed,
    EventKind.STP_DECREMENT: _decrement,
    EventKind.CANCELLED: _ended,
    EventKind.EXPIRED: _ended,
    EventKind.AMENDED: _amended,
    EventKind.TRIGGERED: _triggered,
    EventKind.STATE: _state_changed,
    EventKind.MASS_DONE: _mass_done,
    EventKind.REF_SET: _ref_set,
    EventKind.POSITION_SET: _position_set,
    EventKind.BOOK_STATE: _book_state,
    EventKind.IMPLIED_STATE: _book_state,
    EventKind.CREDIT_SET: _credit_set,
    EventKind.MARGIN_SET: _margin_set,
    **conform_control.CONTROL_DECODERS,
    **TIME_DECODERS,
}
