"""A generated day, written as text and read back, is the same day."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from novate.domain.codes import (
    CommandFlag,
    CommandKind,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)
from novate.domain.records import Commands
from novate.domain.resolve import MarketScale, market_scales
from novate.gateway.files import read_orders
from novate.simulation.order_flow import order_flow
from tests.unit.gateway.market import CONFIGURATION, HEADER


def as_text(command: np.void, scale: MarketScale) -> str:
    """The command as a row of an order file."""
    flags = int(command["flags"])
    new = command["kind"] == CommandKind.NEW
    of_order = command["kind"] in (CommandKind.NEW, CommandKind.CANCEL, CommandKind.AMEND)
    quantity, display = (scale.quantity_text(int(command[name])) for name in ("quantity", "display"))
    values = {
        "time": str(command["time"]),
        "command": CommandKind(int(command["kind"])).name.lower(),
        "market": scale.symbol,
        "account": str(command["account"]) if of_order or flags & CommandFlag.ACCOUNT_GIVEN else "",
        "client_order_id": str(command["client_order_id"]) if of_order else "",
        "side": Side(int(command["side"])).name if new else "",
        "order_type": OrderType(int(command["order_type"])).name if new else "",
        "time_in_force": TimeInForce(int(command["time_in_force"])).name if new else "",
        "quantity": quantity if flags & CommandFlag.QUANTITY_GIVEN else "",
        "price": scale.price_text(int(command["price"])) if flags & CommandFlag.PRICE_GIVEN else "",
        "stop_price": scale.price_text(int(command["stop"])) if flags & CommandFlag.STOP_GIVEN else "",
        "display_quantity": display if flags & CommandFlag.DISPLAY_GIVEN else "",
        "expire_time": str(command["expire"]) if flags & CommandFlag.EXPIRE_GIVEN else "",
        "post_only": "true" if flags & CommandFlag.POST_ONLY else "",
        "hidden": "true" if flags & CommandFlag.HIDDEN else "",
        "stp": SelfTrade(int(command["stp"])).name if new else "",
        "state": MarketState(int(command["state"])).name if command["kind"] == CommandKind.STATE else "",
    }  # fmt: skip
    return ",".join(values.get(name, "") for name in HEADER.split(","))


def without_sessions(commands: Commands) -> Commands:
    plain = commands.copy()
    plain["session"] = 0
    return plain


def test_a_generated_day_survives_being_written_as_text(tmp_path: Path) -> None:
    day = without_sessions(np.concatenate(list(order_flow(CONFIGURATION, 11, 3_000))))
    scales = list(market_scales(CONFIGURATION).values())
    path = tmp_path / "day.csv"
    path.write_text("\n".join([HEADER, *(as_text(command, scales[command["market"]]) for command in day)]))
    orders = read_orders(path, "csv", CONFIGURATION)
    assert orders.rejects == []
    for field in day.dtype.names or ():
        assert np.array_equal(orders.commands[field], day[field]), field
