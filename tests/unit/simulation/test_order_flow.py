"""The generated day: the same from the same seed, in order of time, lively, and acceptable to the venue."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest

from novate.app.configuration import embedded_configuration
from novate.domain.codes import CommandFlag, CommandKind, EventKind, OrderType, Reject, SelfTrade, TimeInForce
from novate.domain.configuration import Configuration
from novate.domain.machine import apply_all
from novate.domain.records import EVENT, ORDER_EVENT, Commands, Events, new_events
from novate.domain.resolve import opening_credit, venue_terms
from novate.simulation.order_flow import order_flow
from novate.venue.machine import Venue
from tests.unit.gateway.market import CONFIGURATION


def day(configuration: Configuration, seed: int = 7, orders: int = 5_000) -> Commands:
    return np.concatenate(list(order_flow(configuration, seed, orders)))


def matched(configuration: Configuration, commands: Commands) -> tuple[Venue, Events]:
    venue = Venue(venue_terms(configuration))
    buffer = new_events(65_536)
    apply_all(venue, opening_credit(configuration), buffer)
    return venue, np.concatenate([np.empty(0, EVENT), *apply_all(venue, commands, buffer)])


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    digests = [hashlib.sha256(day(CONFIGURATION, seed).tobytes()).hexdigest() for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_commands_come_in_order_of_time_with_as_many_orders_as_asked() -> None:
    commands = day(CONFIGURATION)
    assert (np.diff(commands["time"]) >= 0).all()
    assert (commands["kind"] == CommandKind.NEW).sum() == 5_000
    states = commands[commands["kind"] == CommandKind.STATE]["state"]
    assert states.tolist() == [2, 2, 2, 4, 4, 4, 1, 1, 1]


def test_every_kind_of_order_occurs() -> None:
    new = day(CONFIGURATION, orders=20_000)
    new = new[new["kind"] == CommandKind.NEW]
    assert set(new["order_type"].tolist()) == {
        OrderType.LIMIT, OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT,
    }  # fmt: skip
    assert set(new["time_in_force"].tolist()) == {
        TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD, TimeInForce.IOC, TimeInForce.FOK,
    }  # fmt: skip
    assert set(new["stp"].tolist()) == {int(mode) for mode in SelfTrade}
    assert set(new["account"].tolist()) == {1, 2, 3, 4}
    for flag in (CommandFlag.POST_ONLY, CommandFlag.HIDDEN, CommandFlag.DISPLAY_GIVEN):
        assert (new["flags"] & int(flag)).any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_venue_takes_the_day_and_trades(seed: int) -> None:
    configuration = embedded_configuration()
    venue, events = matched(configuration, day(configuration, seed, 20_000))
    venue.validate()
    trades = events[events["kind"] == EventKind.TRADE]
    assert set(trades["market"].tolist()) == set(range(len(configuration.instruments)))
    assert len(trades) > 5_000
    refused = events[events["kind"] == EventKind.REJECTED].view(ORDER_EVENT)
    reasons = Counter(Reject(int(reason)) for reason in refused["reason"])
    life = {
        Reject.UNKNOWN_ORDER,
        Reject.POST_ONLY_WOULD_TRADE,
        Reject.STOP_WOULD_TRIGGER,
        Reject.NO_LIQUIDITY,
    }
    assert set(reasons) <= life, "only what happens to careful people too"
    assert len(refused) < 0.1 * len(events)


def test_nothing_trades_before_the_open_or_after_the_close() -> None:
    configuration = embedded_configuration()
    commands = day(configuration, 5, 20_000)
    _, events = matched(configuration, commands)
    opening = len(opening_credit(configuration))
    trades = events[events["kind"] == EventKind.TRADE]
    times = commands["time"][trades["sequence"] - opening - 1]
    opened = commands["time"][(commands["kind"] == CommandKind.STATE) & (commands["state"] == 4)].max()
    assert times.min() >= opened
    assert (commands["time"][commands["kind"] == CommandKind.NEW] < opened).any()
    assert not (events["kind"] == EventKind.AUCTION_TRADE).any()


def test_a_market_without_a_reference_or_with_a_narrow_band_is_served() -> None:
    assert all(instrument.reference_price is None for instrument in CONFIGURATION.instruments)
    venue, events = matched(CONFIGURATION, day(CONFIGURATION))
    venue.validate()
    assert (events["kind"] == EventKind.TRADE).sum() > 1_000


def test_without_accounts_there_is_nobody_to_send_orders() -> None:
    with pytest.raises(ValueError, match="Expected at least one market and one trading account"):
        list(order_flow(Configuration(name="x", business_date="2026-10-09", currencies={}, instruments=(),
                                      members=(), accounts=()), 1, 1))  # fmt: skip
