"""A command record as the naive venue reads it: any 64 bytes, also those that no scenario can say.

record --command_of--> {"cmd": "NEW", "side": "B", ...}     numbers without a name become "?7"
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from novate.domain.codes import (
    AuctionKind,
    CommandFlag,
    CommandKind,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from novate.domain.limits import LimitKind
from novate.domain.records import COMMAND, CREDIT_COMMAND, SET_LIMIT_COMMAND, SET_MARGIN_COMMAND

Json = dict[str, Any]
KNOWN = ("NEW", "CANCEL", "AMEND", "MASS_CANCEL", "STATE", "TIME", "SET_REF", "POSITION", "CREDIT",
         "SET_MARGIN", "SET_LIMIT", "CONFIGURATION")  # fmt: skip
OPTIONAL = {
    "price": (CommandFlag.PRICE_GIVEN, "price"),
    "stop": (CommandFlag.STOP_GIVEN, "stop"),
    "trail": (CommandFlag.TRAIL_GIVEN, "stop"),
    "display": (CommandFlag.DISPLAY_GIVEN, "display"),
}
SIDE_LETTERS = {int(Side.BUY): "B", int(Side.SELL): "S"}


def name_of(codes: type[IntEnum], number: int) -> str:
    return codes(number).name if number in set(codes) else f"?{number}"


def command_of(record: np.void) -> Json:
    """The JSON command that a record stands for."""
    array = np.array([record], COMMAND)
    row = {name: int(array[name][0]) for name in COMMAND.names or ()}
    kind = name_of(CommandKind, row["kind"])
    command: Json = {
        "cmd": kind if kind in KNOWN else f"?{kind.lstrip('?')}",
        "t": row["time"],
        "market": row["market"],
    }
    if kind in ("NEW", "CANCEL", "AMEND"):
        command.update(acct=row["account"], cid=row["client_order_id"])
    if kind in ("NEW", "AMEND"):
        flags = row["flags"]
        command.update(
            {name: row[field] if flags & flag else None for name, (flag, field) in OPTIONAL.items()}
        )
    if kind == "NEW":
        command.update(_new(row))
    elif kind == "AMEND":
        command["qty"] = row["quantity"] if row["flags"] & CommandFlag.QUANTITY_GIVEN else None
    elif kind == "MASS_CANCEL":
        command["acct"] = row["account"] if row["flags"] & CommandFlag.ACCOUNT_GIVEN else None
        command["session"] = row["session"] if row["flags"] & CommandFlag.SESSION_GIVEN else None
        command["side"] = SIDE_LETTERS.get(row["side"])
    elif kind == "STATE":
        auction = row["state"] >> 4
        command["to"] = name_of(MarketState, row["state"] & 15)
        command["auction"] = name_of(AuctionKind, auction) if auction else None
    elif kind == "SET_REF":
        command["price"] = row["price"]
    elif kind == "POSITION":
        command.update(acct=row["account"], qty=row["price"])
    elif kind in ("CREDIT", "SET_MARGIN", "SET_LIMIT"):
        command.update(_of_clearing(kind, array))
    return command


def _new(row: dict[str, int]) -> Json:
    flags = row["flags"]
    return {
        "side": SIDE_LETTERS.get(row["side"]),
        "qty": row["quantity"],
        "type": name_of(OrderType, row["order_type"]),
        "tif": name_of(TimeInForce, row["time_in_force"]),
        "stp": None if row["stp"] == SelfTrade.DEFAULT else name_of(SelfTrade, row["stp"]),
        "session": row["session"],
        "expire": row["expire"] if flags & CommandFlag.EXPIRE_GIVEN else None,
        "min_qty": 1 if flags & CommandFlag.MIN_QTY_GIVEN else None,
        "post_only": bool(flags & CommandFlag.POST_ONLY),
        "hidden": bool(flags & CommandFlag.HIDDEN),
        "reduce_only": bool(flags & CommandFlag.REDUCE_ONLY),
        "mmp": bool(flags & CommandFlag.MMP),
    }


def _of_clearing(kind: str, array: np.ndarray[Any, Any]) -> Json:
    layouts = {"CREDIT": CREDIT_COMMAND, "SET_MARGIN": SET_MARGIN_COMMAND, "SET_LIMIT": SET_LIMIT_COMMAND}
    view = array.view(layouts[kind])
    row = {name: int(view[name][0]) for name in layouts[kind].names or ()}
    if kind == "CREDIT":
        return {
            "acct": row["account"],
            "asset": row["asset"],
            "delta": row["delta"],
            "seq": row["clearing_seq"],
        }
    if kind == "SET_MARGIN":
        return {
            "class": row["account_class"],
            "margin": row["margin_per_lot_micro"],
            "seq": row["clearing_seq"],
        }
    holder = {"member" if row["holder_is_member"] == 1 else "acct": row["holder"]}
    # A holder that is neither account nor member has no limits: an unknown kind says the same.
    limit = name_of(LimitKind, row["limit"]) if row["holder_is_member"] < 2 else "?"
    return {**holder, "limit": limit, "value": row["value"], "window": row["window"]}
