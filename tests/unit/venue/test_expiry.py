"""Good-till-date orders end at their time, in order, however many of them were cancelled before (R21)."""

from __future__ import annotations

from random import Random

import pytest

from novate.domain.codes import CommandFlag, CommandKind, EventKind, Side, TimeInForce
from novate.domain.instruments import MarketTerms
from novate.domain.records import Commands
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.unit.venue.market import command, limit_order, send

ORDERS = 64
LAST_TIME = 100


def good_till(expire: int, name: int) -> Commands:
    """A bid of one lot; its order id is its name, because names count from 1."""
    return limit_order(
        Side.BUY, 100, 1, 1, name,
        time_in_force=TimeInForce.GTD, expire=expire, flags=CommandFlag.EXPIRE_GIVEN,
    )  # fmt: skip


def expired_at(venue: Venue, time: int) -> list[int]:
    """Order ids that end when the clock reaches a time, in the order of their events."""
    events = send(venue, command(CommandKind.TIME, time=time))
    return [int(number) for number in events["order_id"][events["kind"] == EventKind.EXPIRED]]


@pytest.mark.parametrize("seed", range(4))
def test_cancelled_orders_leave_the_others_their_turn(seed: int) -> None:
    random = Random(seed)
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    expiry = {name: random.randint(1, LAST_TIME) for name in range(1, ORDERS + 1)}
    send(venue, *(good_till(expire, name) for name, expire in expiry.items()))
    for name in random.sample(sorted(expiry), ORDERS // 2):
        send(venue, command(CommandKind.CANCEL, account=1, client_order_id=name))
        del expiry[name]
    for time in range(1, LAST_TIME + 1):
        due = sorted(name for name, expire in expiry.items() if expire == time)
        assert expired_at(venue, time) == due, f"at {time}"
    assert venue.resting_orders() == 0


def test_late_order_that_is_cancelled_does_not_hold_up_an_early_one() -> None:
    """The order that fills the place of the cancelled one in the heap expires before those around it."""
    heap = [1, 50, 2, 60, 70, 3, 4, 80, 81, 82, 83, 90, 91, 92, 5]  # expiries; the children of i: 2i+1, 2i+2
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    send(venue, *(good_till(expire, name) for name, expire in enumerate(heap, 1)))
    send(venue, command(CommandKind.CANCEL, account=1, client_order_id=heap.index(60) + 1))
    for time in (1, 2, 3, 4, 5, 50, 70):
        assert expired_at(venue, time) == [heap.index(time) + 1]
