"""JSON of limits, kill switches, disconnections and quotes (K19, R61 to R63, R65).

    {"cmd": "KILL", "scope": "MEMBER", "holder": 2}  -->  KILL_COMMAND record
    SCOPE_EVENT record  -->  {"ev": "KILLED", "scope": "MEMBER", "holder": 2, "count": 3}

`novate.app.conform_records` takes the two tables at the end of this file into its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from novate.domain.codes import CommandFlag, EventKind, Scope, TimeInForce
from novate.domain.limits import LimitKind
from novate.domain.records import (
    DISCONNECT_COMMAND,
    EVENT,
    KILL_COMMAND,
    QUOTE_COMMAND,
    SCOPE_EVENT,
    SET_LIMIT_COMMAND,
    Commands,
    Events,
)

Json = dict[str, Any]

VENUE_WIDE_COMMANDS = ("SET_LIMIT", "KILL", "REVIVE", "DISCONNECT")
VENUE_WIDE_EVENTS = (EventKind.LIMIT_SET, EventKind.KILLED, EventKind.REVIVED, EventKind.DISCONNECTED)
_LARGEST_U4 = 2**32 - 1
_LARGEST_I8 = 2**63 - 1


# -- commands ------------------------------------------------------------------------------------------


def _set_limit(record: Commands, command: Json) -> None:
    view = record.view(SET_LIMIT_COMMAND)
    is_member = command.get("acct") is None
    view["holder_is_member"] = is_member
    view["holder"] = command["member"] if is_member else command["acct"]
    view["limit"] = LimitKind[command["limit"]] if command["limit"] in LimitKind.__members__ else 0
    view["value"] = command["value"]
    view["window"] = command.get("window", 0)
    view["free"] = _lots(command.get("free"))


def _quote(record: Commands, command: Json) -> None:
    """Both sides of a quote (R65); a side without a quantity needs no price."""
    view = record.view(QUOTE_COMMAND)
    view["market"] = command.get("market", 0)
    view["account"] = command["acct"]
    view["session"] = command.get("session", 0)
    tif = command.get("tif") or "GTC"
    view["time_in_force"] = TimeInForce[tif] if tif in TimeInForce.__members__ else 0
    view["bid_client_order_id"] = command["cid"]
    view["ask_client_order_id"] = command["ask_cid"]
    for side in ("bid", "ask"):
        quantity, price = command.get(f"{side}_qty"), command.get(side)
        if price is None:
            # A price that is missing is none of any market.
            price = _LARGEST_I8 if quantity else 0
        view[f"{side}_quantity"] = _lots(quantity)
        view[f"{side}_price"] = min(max(price, -_LARGEST_I8), _LARGEST_I8)


def _kill(record: Commands, command: Json) -> None:
    """KILL and REVIVE (R61)."""
    view = record.view(KILL_COMMAND)
    view["scope"] = Scope[command["scope"]] if command["scope"] in Scope.__members__ else 0
    view["holder"] = command.get("holder") or 0


def _disconnect(record: Commands, command: Json) -> None:
    view = record.view(DISCONNECT_COMMAND)
    view["session"] = command["session"]
    if command.get("acct") is not None:
        view["account"] = command["acct"]
        view["flags"] = CommandFlag.ACCOUNT_GIVEN


def _lots(number: int | None) -> int:
    """A number as the record can hold it: one out of range becomes one that is refused."""
    return min(max(number or 0, 0), _LARGEST_U4)


# -- events --------------------------------------------------------------------------------------------


def _row(record: Events, layout: np.dtype[np.void]) -> dict[str, int]:
    view = record.view(layout)
    return {name: int(view[name][0]) for name in layout.names or ()}


def _limit_set(record: Events) -> Json:
    row = _row(record, EVENT)
    kind = LimitKind(row["quantity"])
    holder = "member" if row["side"] else "acct"
    found: Json = {holder: row["account"], "limit": kind.name, "value": row["price"]}
    if kind in (LimitKind.MESSAGE_RATE, LimitKind.ORDER_TO_TRADE):
        found["window"] = row["trade_id"]
    if kind == LimitKind.ORDER_TO_TRADE:
        found["free"] = row["leaves"]
    return found


def _revived(record: Events) -> Json:
    row = _row(record, SCOPE_EVENT)
    scope = Scope(row["scope"])
    return {"scope": scope.name, "holder": None if scope == Scope.VENUE else row["holder"]}


def _killed(record: Events) -> Json:
    return {**_revived(record), "count": _row(record, SCOPE_EVENT)["count"]}


def _disconnected(record: Events) -> Json:
    row = _row(record, SCOPE_EVENT)
    account = row["holder"] if row["scope"] else None
    return {"session": row["session"], "acct": account, "count": row["count"]}


CONTROL_CODERS: dict[str, Callable[[Commands, Json], None]] = {
    "SET_LIMIT": _set_limit,
    "QUOTE": _quote,
    "KILL": _kill,
    "REVIVE": _kill,
    "DISCONNECT": _disconnect,
}
CONTROL_DECODERS: dict[EventKind, Callable[[Events], Json]] = {
    EventKind.LIMIT_SET: _limit_set,
    EventKind.KILLED: _killed,
    EventKind.REVIVED: _revived,
    EventKind.DISCONNECTED: _disconnected,
}
