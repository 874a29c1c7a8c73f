"""Counters of limits are counted again from the orders; one that is wrong stops the machine (K19)."""

from __future__ import annotations

import re

import numpy as np
import pytest

from novate.app.conform_records import commands_from_json
from novate.domain.instruments import MarketTerms
from novate.domain.machine import BrokenInvariant, apply_all
from novate.domain.records import new_events
from novate.domain.terms import AccountTerms, VenueTerms
from novate.venue.machine import Venue

ACCOUNTS = (AccountTerms(account=1, member=1), AccountTerms(account=2, member=1))
TERMS = VenueTerms(
    markets=(MarketTerms(market=0, max_quantity=1000, max_price=1000),), accounts=ACCOUNTS, limits=True
)
ORDER = {"cmd": "NEW", "acct": 1, "side": "B", "qty": 5, "price": 100}
COMMANDS = [
    *({"cmd": "SET_LIMIT", "acct": 1, "limit": kind, "value": 10_000}
      for kind in ("OPEN_ORDERS", "POSITION", "GROSS_NOTIONAL")),
    {**ORDER, "cid": 1},
    {**ORDER, "cid": 2, "price": 90},
    {**ORDER, "cid": 3, "acct": 2, "side": "S", "qty": 2},
]  # fmt: skip


def venue_with_orders() -> Venue:
    venue = Venue(TERMS)
    commands = np.concatenate([commands_from_json(command) for command in COMMANDS])
    apply_all(venue, commands, new_events(1024))
    venue.validate()
    return venue


@pytest.mark.parametrize(
    ("table", "field", "row", "says"),
    [
        ("holders", "orders_now", 1, "account 1: expected orders_now 2, was 3 (K19)"),
        ("holders", "gross_now", 1, "account 1: expected gross_now 750, was 751 (K19)"),
        ("holders", "orders_now", -1, "member 1: expected orders_now 2, was 3 (K19)"),
    ],
)
def test_a_counter_that_is_not_the_sum_of_its_orders_is_found(
    table: str, field: str, row: int, says: str
) -> None:
    venue = venue_with_orders()
    venue._tables[table][field][row] += 1
    with pytest.raises(BrokenInvariant, match=re.escape(says)):
        venue.validate()


def test_open_lots_that_no_order_has_are_found() -> None:
    venue = venue_with_orders()
    positions = venue._tables["positions"]
    positions["open_sell"][np.flatnonzero(positions["open_buy"] == 8)[0]] += 1
    with pytest.raises(BrokenInvariant, match=r"open lots \[8, 1\] are not those of its orders"):
        venue.validate()
