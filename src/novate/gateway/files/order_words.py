"""The columns of an order file and the words in them, each with the code that it stands for.

`docs/order-files.md` shows them to people; this is the one place that knows them.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

from novate.domain.codes import (
    AuctionKind,
    CommandKind,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from novate.gateway.files.problems import FileProblem

REQUIRED_COLUMNS = ("time", "command", "market", "account", "client_order_id", "side", "quantity", "price")
OPTIONAL_COLUMNS = (
    "order_type",
    "time_in_force",
    "stop_price",
    "trail",
    "display_quantity",
    "min_quantity",
    "expire_time",
    "post_only",
    "hidden",
    "reduce_only",
    "mmp",
    "stp",
    "session",
    "state",
    "leg_client_order_id",
    "leg_order_type",
    "leg_price",
    "leg_stop_price",
    "leg_trail",
    "window",
    "max_quantity",
)
COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS


def _words(codes: type[IntEnum], *, without: tuple[str, ...] = ()) -> dict[str, int]:
    return {code.name: int(code) for code in codes if code.name not in without}


KINDS = {
    kind.name: int(kind)
    for kind in (
        CommandKind.NEW,
        CommandKind.CANCEL,
        CommandKind.AMEND,
        CommandKind.MASS_CANCEL,
        CommandKind.STATE,
        CommandKind.NEW_OCO,
        CommandKind.MMP_SET,
        CommandKind.MMP_RESET,
        CommandKind.SET_REF,
        CommandKind.POSITION,
    )
}
SIDES = {**_words(Side, without=("NONE",)), "B": int(Side.BUY), "S": int(Side.SELL)}
ORDER_TYPES = _words(OrderType)
TIMES_IN_FORCE = _words(TimeInForce)
SELF_TRADE_MODES = _words(SelfTrade)
YES_OR_NO = {"TRUE": 1, "YES": 1, "1": 1, "FALSE": 0, "NO": 0, "0": 0}
STATES = {
    **_words(MarketState),
    **{
        f"{MarketState.AUCTION_CALL.name}:{kind.name}": int(MarketState.AUCTION_CALL) | int(kind) << 4
        for kind in AuctionKind
        if kind is not AuctionKind.NONE
    },
}
"""Field `state` of the record: the state in the low four bits, the kind of auction in the high four."""


def check_columns(path: Path, names: list[str]) -> None:
    """Raises FileProblem unless every required column is there, and each at most once, and no other."""
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        found = ", ".join(names)[:200] or "an empty line"
        raise FileProblem(path, f"the column {missing[0]}", f"only {found}", "header")
    for name in names:
        if name not in COLUMNS:
            raise FileProblem(path, f"only the columns {', '.join(COLUMNS)}", f'"{name[:80]}"', "header")
        if names.count(name) > 1:
            raise FileProblem(path, "each column once", f'"{name}" {names.count(name)} times', "header")
