"""Thousands of live orders answer to their names, whatever was cancelled before and however they came."""

from __future__ import annotations

from random import Random

from novate.domain.codes import CommandKind, EventKind, Side
from novate.domain.instruments import MarketTerms
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.unit.venue.market import command, limit_order, send

ORDERS = 5_000
BATCH = 1_000


def test_every_live_order_is_found_and_a_cancelled_one_is_not() -> None:
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    for first in range(0, ORDERS, BATCH):
        send(venue, *(limit_order(Side.BUY, 100, 1, 1, name) for name in range(first, first + BATCH)))
    venue.validate()
    names = list(range(ORDERS))
    Random(1).shuffle(names)
    for first in range(0, ORDERS, ORDERS // 2):
        chosen = names[first : first + ORDERS // 2]
        cancels = [command(CommandKind.CANCEL, account=1, client_order_id=name) for name in chosen]
        events = send(venue, *cancels)
        cancelled = events[events["kind"] == EventKind.CANCELLED]
        assert cancelled["contra_order_id"].tolist() == chosen
        venue.validate()
        again = send(venue, *cancels)
        assert set(again["kind"].tolist()) == {EventKind.REJECTED}
    assert venue.resting_orders() == 0
