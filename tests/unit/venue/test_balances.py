"""Balances of many accounts: the table grows and every account keeps its own (K1, K4)."""

from __future__ import annotations

import pytest

from novate.domain.codes import CommandKind, Side
from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.unit.venue.market import command, limit_order, send

MARKET = MarketTerms(market=0, credit=CreditModel.DELIVERABLE, base_asset=1, static_band=1_000)
ACCOUNTS = range(1, 701)
MONEY, SHARES = 0, 1


@pytest.mark.parametrize("at_once", [True, False], ids=["in one batch", "one by one"])
def test_hundreds_of_accounts_hold_what_was_granted_less_what_their_orders_reserve(at_once: bool) -> None:
    venue = Venue(VenueTerms(markets=(MARKET,)))
    grants = [
        command(CommandKind.CREDIT, account=account, client_order_id=account, price=10_000 + account)
        for account in ACCOUNTS
    ]
    # Sellers without shares open a balance only to be refused.
    orders = [limit_order(Side.BUY, 100, 7, account, 1) for account in ACCOUNTS]
    orders += [limit_order(Side.SELL, 101, 7, account, 2) for account in ACCOUNTS]
    if at_once:
        send(venue, *grants, *orders)
    else:
        for record in (*grants, *orders):
            send(venue, record)
    assert all(venue.balance(account, MONEY) == (9_300 + account, 700) for account in ACCOUNTS)
    assert all(venue.balance(account, SHARES) == (0, 0) for account in ACCOUNTS)
    venue.validate()
