"""A tiny market that touches every kernel once, so that all of them are compiled or loaded (`warm_up`)."""

from __future__ import annotations

from novate.domain.codes import CommandFlag, CommandKind, MarketState, OrderType, Side, TimeInForce
from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.records import new_commands, new_events
from novate.domain.terms import AccountTerms, VenueTerms

_ORDERS = (
    (1, Side.SELL, OrderType.LIMIT, 5, 100),
    (2, Side.BUY, OrderType.LIMIT, 3, 100),
    (2, Side.BUY, OrderType.LIMIT, 3, 90),
)


def rehearse() -> None:
    """Trade, amend, close and check a market of three orders."""
    from novate.venue.machine import Venue

    market = MarketTerms(
        market=0, taker_ppm=100, credit=CreditModel.DELIVERABLE, base_asset=1, static_band=50
    )
    accounts = (AccountTerms(account=1), AccountTerms(account=2))
    venue = Venue(VenueTerms(markets=(market,), accounts=accounts, check_accounts=True))
    commands = new_commands(7)
    for at, (account, asset) in enumerate(((1, 1), (2, 0))):
        commands["kind"][at] = CommandKind.CREDIT
        commands["account"][at] = account
        commands["client_order_id"][at] = at + 1
        commands["price"][at] = 10**9
        commands["stop"][at] = asset
    for number, (account, side, order_type, quantity, price) in enumerate(_ORDERS):
        order = commands[2 + number : 3 + number]
        order["kind"] = CommandKind.NEW
        order["account"] = account
        order["client_order_id"] = number + 1
        order["side"] = side
        order["order_type"] = order_type
        order["time_in_force"] = TimeInForce.GTC
        order["quantity"] = quantity
        order["price"] = price
        order["flags"] = CommandFlag.PRICE_GIVEN
    commands["kind"][5] = CommandKind.MASS_CANCEL
    commands["kind"][6] = CommandKind.STATE
    commands["state"][6] = MarketState.CLOSED
    venue.apply(commands, new_events(64))
    venue.state_root()
    venue.validate()
