"""A command record as the naive venue reads it: any 64 bytes, also those that no scenario can say.

record --command_of--> {"cmd": "NEW", "side": "B", ...}     numbers without a name become "?7"

`Staging` puts a TERMS or LEG record and the command behind it together, as one JSON command says them.
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
    Peg,
    Scope,
    SelfTrade,
    Side,
    TimeInForce,
)
from novate.domain.limits import LimitKind
from novate.domain.records import (
    COMMAND,
    CREDIT_COMMAND,
    KILL_COMMAND,
    QUOTE_COMMAND,
    SET_LIMIT_COMMAND,
    SET_MARGIN_COMMAND,
)

Json = dict[str, Any]
KNOWN = ("NEW", "CANCEL", "AMEND", "MASS_CANCEL", "STATE", "TIME", "SET_REF", "POSITION", "CREDIT",
         "SET_MARGIN", "SET_LIMIT", "CONFIGURATION", "EVIDENCE", "NEW_OCO", "MMP_SET", "MMP_RESET", "QUOTE",
         "KILL", "REVIVE", "DISCONNECT", "SCHEDULE")  # fmt: skip
OPTIONAL = {
    "price": (CommandFlag.PRICE_GIVEN, "price"),
    "stop": (CommandFlag.STOP_GIVEN, "stop"),
    "trail": (CommandFlag.TRAIL_GIVEN, "stop"),
    "display": (CommandFlag.DISPLAY_GIVEN, "display"),
}
SIDE_LETTERS = {int(Side.BUY): "B", int(Side.SELL): "S"}


def name_of(codes: type[IntEnum], number: int) -> str:
    return codes(number).name if number in set(codes) else f"?{number}"


class Staging:
    """Reads record after record; remembers the one that is staged for the next."""

    def __init__(self) -> None:
        self.staged: dict[str, int] | None = None

    def command_of(self, record: np.void) -> Json | None:
        """The command of a record, None for one that is only staged."""
        row = _row(np.array([record], COMMAND))
        staged, self.staged = self.staged, None
        if row["kind"] in (CommandKind.TERMS, CommandKind.LEG):
            self.staged = row
            return None
        return command_of(record, staged)


def _row(array: np.ndarray[Any, Any]) -> dict[str, int]:
    return {name: int(array[name][0]) for name in COMMAND.names or ()}


def command_of(record: np.void, staged: dict[str, int] | None = None) -> Json:
    """The JSON command that a record stands for, with the record that is staged for it."""
    array = np.array([record], COMMAND)
    row = _row(array)
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
        command.update(_new(row, staged))
    elif kind == "NEW_OCO":
        command.update(acct=row["account"], limit=_leg(row), stop=None)
        if staged is not None and staged["kind"] == CommandKind.LEG:
            same = all(staged[name] == row[name] for name in ("account", "market", "side"))
            command["stop"] = _leg(staged) if same else None
    elif kind in ("MMP_SET", "MMP_RESET"):
        command.update(acct=row["account"], window=row["price"], max_qty=row["stop"])
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
    elif kind == "SCHEDULE":
        command.update(_schedule(row))
    elif kind == "SET_REF":
        command["price"] = row["price"]
    elif kind == "POSITION":
        command.update(acct=row["account"], qty=row["price"])
    elif kind in ("QUOTE", "KILL", "REVIVE", "DISCONNECT"):
        command.update(_of_control(kind, array))
    elif kind in ("CREDIT", "SET_MARGIN", "SET_LIMIT"):
        command.update(_of_clearing(kind, array))
    return command


def _schedule(row: dict[str, int]) -> Json:
    """R58: no state and no kind takes back; a kind alone is a state that does not exist."""
    if row["state"] == 0:
        return {"clear": True}
    kind = row["state"] >> 4
    return {
        "at": row["price"],
        "to": name_of(MarketState, row["state"] & 15),
        "auction": name_of(AuctionKind, kind) if kind else None,
    }


def _leg(row: dict[str, int]) -> Json:
    """A leg of a pair; no leg has terms."""
    flags = row["flags"]
    given = {name: row[field] if flags & flag else None for name, (flag, field) in OPTIONAL.items()}
    leg = {"cid": row["client_order_id"], **given, **_new(row, None)}
    if flags & (CommandFlag.HAS_TERMS | CommandFlag.MIN_QTY_GIVEN):
        leg["min_qty"] = 1
    return leg


def _new(row: dict[str, int], staged: dict[str, int] | None) -> Json:
    flags = row["flags"]
    terms = staged if staged is not None and staged["kind"] == CommandKind.TERMS else None
    least = None
    if flags & CommandFlag.MIN_QTY_GIVEN:
        least = 0 if terms is None else terms["quantity"]
    needs = flags & (CommandFlag.HAS_TERMS | CommandFlag.MIN_QTY_GIVEN)
    return {
        "missing_terms": bool(needs) and terms is None,
        "side": SIDE_LETTERS.get(row["side"], f"?{row['side']}"),
        "qty": row["quantity"],
        "type": name_of(OrderType, row["order_type"]),
        "tif": name_of(TimeInForce, row["time_in_force"]),
        "stp": None if row["stp"] == SelfTrade.DEFAULT else name_of(SelfTrade, row["stp"]),
        "session": row["session"],
        "expire": row["expire"] if flags & CommandFlag.EXPIRE_GIVEN else None,
        "min_qty": least,
        "post_only": bool(flags & CommandFlag.POST_ONLY),
        "hidden": bool(flags & CommandFlag.HIDDEN),
        "reduce_only": bool(flags & CommandFlag.REDUCE_ONLY),
        "mmp": bool(flags & CommandFlag.MMP),
        "aon": bool(flags & CommandFlag.ALL_OR_NONE),
        **_attention(terms if flags & CommandFlag.HAS_TERMS else None),
    }


def _attention(terms: dict[str, int] | None) -> Json:
    """Peg and discretion of a TERMS record, which is read like the record of an order."""
    if terms is None:
        return {"peg": None, "offset": 0, "discretion": None}
    peg = terms["order_type"]
    return {
        "peg": name_of(Peg, peg) if peg else None,
        "offset": terms["price"],
        "discretion": terms["stop"] or None,
    }


def _viewed(array: np.ndarray[Any, Any], layout: np.dtype[np.void]) -> dict[str, int]:
    view = array.view(layout)
    return {name: int(view[name][0]) for name in layout.names or ()}


def _of_control(kind: str, array: np.ndarray[Any, Any]) -> Json:
    """Quotes, kill switches and disconnections."""
    if kind == "QUOTE":
        row = _viewed(array, QUOTE_COMMAND)
        return {
            "acct": row["account"], "session": row["session"],
            "tif": name_of(TimeInForce, row["time_in_force"]),
            "cid": row["bid_client_order_id"], "bid": row["bid_price"], "bid_qty": row["bid_quantity"],
            "ask_cid": row["ask_client_order_id"], "ask": row["ask_price"], "ask_qty": row["ask_quantity"],
        }  # fmt: skip
    if kind == "DISCONNECT":
        whole = _row(array)
        given = whole["flags"] & CommandFlag.ACCOUNT_GIVEN
        return {"session": whole["session"], "acct": whole["account"] if given else None}
    row = _viewed(array, KILL_COMMAND)
    return {"scope": name_of(Scope, row["scope"]), "holder": row["holder"]}


def _of_clearing(kind: str, array: np.ndarray[Any, Any]) -> Json:
    layouts = {"CREDIT": CREDIT_COMMAND, "SET_MARGIN": SET_MARGIN_COMMAND, "SET_LIMIT": SET_LIMIT_COMMAND}
    row = _viewed(array, layouts[kind])
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
    return {**holder, "limit": limit, "value": row["value"], "window": row["window"], "free": row["free"]}
