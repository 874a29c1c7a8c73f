"""Timers in numbers that no scenario has: the bound of a venue, and what is beyond it (R57)."""

from __future__ import annotations

import numpy as np

from novate.domain.codes import CommandFlag, CommandKind, EventKind, MarketState, Reason, Reject, Side
from novate.domain.instruments import MarketTerms
from novate.domain.machine import apply_all
from novate.domain.records import EVENT, Commands, Events, new_commands, new_events
from novate.domain.terms import VenueTerms
from novate.venue.cells import MAX_TIMERS
from novate.venue.machine import Venue

ROOM = 4096


def venue() -> Venue:
    """Market 0 may be called by its collar, market 1 has only schedules."""
    called = MarketTerms(
        market=0, reference_price=100, collar=1, collar_action="AUCTION", volatility_call=10**9
    )
    return Venue(VenueTerms(markets=(called, MarketTerms(market=1))))


def apply(machine: Venue, commands: Commands) -> Events:
    return np.concatenate([np.empty(0, EVENT), *apply_all(machine, commands, new_events(ROOM))])


def schedules(times: list[int], market: int = 1) -> Commands:
    commands = new_commands(len(times))
    commands["kind"] = CommandKind.SCHEDULE
    commands["market"] = market
    commands["state"] = int(MarketState.HALTED)
    commands["price"] = times
    return commands


def beyond_the_collar() -> Commands:
    commands = new_commands(2)
    commands["kind"] = CommandKind.NEW
    commands["account"] = [1, 2]
    commands["client_order_id"] = 1
    commands["side"] = [Side.SELL, Side.BUY]
    commands["order_type"] = commands["time_in_force"] = 1
    commands["quantity"] = 1
    commands["price"] = 110
    commands["flags"] = int(CommandFlag.PRICE_GIVEN)
    return commands


def test_a_venue_holds_65536_timers_and_a_call_has_its_own_all_the_same() -> None:
    machine = venue()
    times = [10 + (7919 * i) % 1000 for i in range(MAX_TIMERS)]
    events = apply(machine, schedules(times))
    assert set(events["kind"].tolist()) == {EventKind.SCHEDULED}
    (refused,) = apply(machine, schedules([5]))
    assert (refused["kind"], refused["reason"]) == (EventKind.REJECTED, Reject.TOO_MANY_TIMERS)
    events = apply(machine, beyond_the_collar())
    assert Reason.COLLAR in events[events["kind"] == EventKind.STATE]["reason"].tolist()
    machine.validate()
    pending = machine.timers()
    assert len(pending) == MAX_TIMERS + 1
    assert [(one.at, one.number) for one in pending] == sorted((one.at, one.number) for one in pending)
    assert [one.number for one in pending if one.by_call] == [MAX_TIMERS + 1]


def test_clearing_leaves_the_timers_of_other_markets_in_order() -> None:
    machine = venue()
    apply(machine, schedules([(37 * i) % 101 + 1 for i in range(100)], market=0))
    apply(machine, schedules([(53 * i) % 103 + 1 for i in range(100)], market=1))
    clear = schedules([0], market=0)
    clear["state"] = 0
    (cleared,) = apply(machine, clear)
    assert (cleared["kind"], cleared["price"]) == (EventKind.SCHEDULE_CLEARED, 100)
    machine.validate()
    assert {one.market for one in machine.timers()} == {1}
    halfway = new_commands(1)
    halfway["kind"] = CommandKind.TIME
    halfway["time"] = 50
    apply(machine, halfway)
    machine.validate()
    assert min(one.at for one in machine.timers()) > 50
