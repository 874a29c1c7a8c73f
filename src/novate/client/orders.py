"""Commands as a client writes them: one function a verb, the same verbs as everywhere in Novate.

Prices are ticks, quantities lots, markets numbers: what they mean in money and units is in the market's
configuration. Session number and time are left to the session and to the node.
"""

from __future__ import annotations

import numpy as np

from novate.domain.codes import CommandFlag, CommandKind, OrderType, SelfTrade, Side, TimeInForce
from novate.domain.records import Commands, new_commands


def new_order(
    market: int,
    account: int,
    client_order_id: int,
    side: Side,
    quantity: int,
    price: int | None = None,
    *,
    order_type: OrderType = OrderType.LIMIT,
    time_in_force: TimeInForce = TimeInForce.GTC,
    stop: int | None = None,
    display: int | None = None,
    expire: int | None = None,
    self_trade: SelfTrade = SelfTrade.DEFAULT,
    flags: int = 0,
) -> Commands:
    """(1,) a NEW. `price` and `stop` in ticks, `quantity` and `display` in lots, `expire` in nanoseconds."""
    command = _command(CommandKind.NEW, market, account, client_order_id)
    command["side"], command["order_type"], command["time_in_force"] = side, order_type, time_in_force
    command["stp"] = self_trade
    command["quantity"] = quantity
    given = CommandFlag(flags) | CommandFlag.QUANTITY_GIVEN
    given |= _optional(command, "price", price, CommandFlag.PRICE_GIVEN)
    given |= _optional(command, "stop", stop, CommandFlag.STOP_GIVEN)
    given |= _optional(command, "display", display, CommandFlag.DISPLAY_GIVEN)
    given |= _optional(command, "expire", expire, CommandFlag.EXPIRE_GIVEN)
    command["flags"] = given
    return command


def amend_order(
    market: int,
    account: int,
    client_order_id: int,
    *,
    quantity: int | None = None,
    price: int | None = None,
    stop: int | None = None,
    display: int | None = None,
) -> Commands:
    """(1,) an AMEND; what is not given stays."""
    command = _command(CommandKind.AMEND, market, account, client_order_id)
    command["flags"] = (
        _optional(command, "quantity", quantity, CommandFlag.QUANTITY_GIVEN)
        | _optional(command, "price", price, CommandFlag.PRICE_GIVEN)
        | _optional(command, "stop", stop, CommandFlag.STOP_GIVEN)
        | _optional(command, "display", display, CommandFlag.DISPLAY_GIVEN)
    )
    return command


def cancel_order(market: int, account: int, client_order_id: int) -> Commands:
    """(1,) a CANCEL."""
    return _command(CommandKind.CANCEL, market, account, client_order_id)


def cancel_all(market: int, account: int, side: Side = Side.NONE) -> Commands:
    """(1,) a MASS_CANCEL of the account's orders in a market, on one side or on both."""
    command = _command(CommandKind.MASS_CANCEL, market, account, 0)
    command["side"], command["flags"] = side, CommandFlag.ACCOUNT_GIVEN
    return command


def together(*commands: Commands) -> Commands:
    """Several commands as one array, for one frame."""
    return np.concatenate(commands)


def _command(kind: CommandKind, market: int, account: int, client_order_id: int) -> Commands:
    command = new_commands(1)
    command["kind"], command["market"], command["account"] = kind, market, account
    command["client_order_id"] = client_order_id
    return command


def _optional(command: Commands, name: str, value: int | None, flag: CommandFlag) -> CommandFlag:
    if value is None:
        return CommandFlag(0)
    command[name] = value
    return flag
