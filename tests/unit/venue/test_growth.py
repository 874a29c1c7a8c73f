"""The machine grows with its use, whatever the size of the buffers, and comes back from a snapshot."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from novate.domain.codes import (
    CommandFlag,
    CommandKind,
    EventKind,
    Reason,
    Reject,
    Side,
    TimeInForce,
)
from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.limits import LimitKind
from novate.domain.records import Commands, new_events
from novate.domain.terms import AccountTerms, VenueTerms
from novate.venue.cells import MIN_EVENT_BUFFER
from novate.venue.machine import PIECE, Venue
from tests.unit.venue.market import command, limit_order, send, stop_order

ONE_MARKET = VenueTerms(markets=(MarketTerms(market=0),))
MANY = 12_000
TICKS_PER_BLOCK = 32


class Shelf:
    """A snapshot in memory: a writer and a reader at once."""

    def __init__(self) -> None:
        self.tables: dict[str, npt.NDArray[Any]] = {}

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        self.tables[name] = array.copy()

    def get(self, name: str) -> npt.NDArray[Any]:
        return self.tables[name]


def restored(venue: Venue) -> Venue:
    shelf = Shelf()
    venue.snapshot(shelf)
    other = Venue(venue.terms)
    other.restore(shelf)
    return other


def many_bids(count: int, **fields: Any) -> Commands:
    """Bids of one lot at 1,000 prices, by ten accounts."""
    number = np.arange(count)
    commands = np.repeat(limit_order(Side.BUY, 1, 1, 0, 0, **fields), count)
    commands["price"] = 1 + number % 1000 * 7
    commands["account"] = number % 10
    commands["client_order_id"] = number
    return commands


def kinds(events: npt.NDArray[Any]) -> dict[str, int]:
    found, counts = np.unique(events["kind"], return_counts=True)
    return {EventKind(int(kind)).name: int(count) for kind, count in zip(found, counts, strict=True)}


def test_fifty_thousand_markets_take_little_memory_and_any_of_them_trades() -> None:
    venue = Venue(VenueTerms(markets=tuple(MarketTerms(market=number) for number in range(50_000))))
    assert venue.memory_bytes() < 50_000 * 256
    for market in (0, 31_337, 49_999):
        send(venue, limit_order(Side.SELL, 100, 5, 1, 1, market=market))
        assert kinds(send(venue, limit_order(Side.BUY, 100, 5, 2, 1, market=market)))["TRADE"] == 1
    beyond = send(venue, limit_order(Side.BUY, 100, 5, 2, 1, market=50_000))
    assert beyond["reason"].tolist() == [Reject.UNKNOWN_MARKET]
    venue.validate()


def test_orders_grow_beyond_ten_thousand_and_survive_a_snapshot() -> None:
    commands = many_bids(MANY)
    at_once, one_by_one = Venue(ONE_MARKET), Venue(ONE_MARKET)
    send(at_once, commands, room=2 * MANY + MIN_EVENT_BUFFER)
    for start in range(0, MANY, 1111):
        send(one_by_one, commands[start : start + 1111], room=MIN_EVENT_BUFFER)
    again = restored(at_once)
    assert at_once.resting_orders() == MANY
    assert at_once.state_root() == one_by_one.state_root() == again.state_root()
    cancels = commands[::3].copy()
    cancels["kind"] = CommandKind.CANCEL
    later = np.concatenate([cancels, commands[::3]])
    expected = send(at_once, later)
    assert np.array_equal(send(one_by_one, later, room=MIN_EVENT_BUFFER), expected)
    assert np.array_equal(send(again, later), expected)
    assert at_once.state_root() == one_by_one.state_root() == again.state_root()
    again.validate()


def test_empty_venue_comes_back_from_a_snapshot_and_goes_on() -> None:
    venue = restored(Venue(ONE_MARKET))
    send(venue, many_bids(3 * PIECE))
    venue.validate()
    assert venue.resting_orders() == 3 * PIECE


def test_iceberg_that_shows_one_lot_is_swept_through_the_smallest_buffer() -> None:
    venue, quantity = Venue(ONE_MARKET), 100_000
    iceberg = {"display": 1, "flags": CommandFlag.DISPLAY_GIVEN}
    send(venue, limit_order(Side.SELL, 100, quantity, 1, 1, **iceberg))
    events = send(venue, limit_order(Side.BUY, 100, quantity, 2, 1), room=MIN_EVENT_BUFFER)
    assert kinds(events) == {
        "ACCEPTED": 1,
        "TRADE": quantity,
        "TRADE_PARTIES": quantity,
        "REFRESHED": quantity - 1,
        "BOOK_STATE": 1,
    }
    assert set(events["sequence"].tolist()) == {2}
    assert venue.resting_orders() == 0
    venue.validate()


def test_mass_cancel_of_twenty_thousand_orders() -> None:
    venue, count = Venue(ONE_MARKET), 20_000
    send(venue, many_bids(count))
    events = send(venue, command(CommandKind.MASS_CANCEL), room=MIN_EVENT_BUFFER)
    assert kinds(events) == {"CANCELLED": count, "MASS_DONE": 1, "BOOK_STATE": 1}
    cancelled = events[events["kind"] == EventKind.CANCELLED]
    assert cancelled["order_id"].tolist() == list(range(1, count + 1))
    assert set(cancelled["reason"].tolist()) == {Reason.MASS}
    assert events["price"][events["kind"] == EventKind.MASS_DONE].tolist() == [count]
    venue.validate()


def test_expiry_of_many_orders_at_one_time_goes_in_order_of_id() -> None:
    venue, count = Venue(ONE_MARKET), 5_000
    good_till = {"time_in_force": TimeInForce.GTD, "expire": 100, "flags": CommandFlag.EXPIRE_GIVEN}
    send(venue, many_bids(count, **good_till))
    again = restored(venue)
    events = send(venue, command(CommandKind.TIME, time=100), room=MIN_EVENT_BUFFER)
    assert kinds(events) == {"EXPIRED": count, "BOOK_STATE": 1}
    assert events["order_id"][:count].tolist() == list(range(1, count + 1))
    assert np.array_equal(send(again, command(CommandKind.TIME, time=100)), events)


def test_prices_far_apart_fill_a_ladder_up_to_the_markets_bound() -> None:
    blocks = 3_000
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0, max_price_blocks=blocks),)))
    prices = np.random.Generator(np.random.PCG64(1)).permutation(blocks) * TICKS_PER_BLOCK + 1
    far_apart = many_bids(blocks)
    far_apart["price"] = prices
    send(venue, far_apart)
    assert [line[0] for line in venue.book(0).bids] == sorted(prices.tolist(), reverse=True)
    new_price = blocks * TICKS_PER_BLOCK + 1
    beyond = limit_order(Side.BUY, new_price, 1, 20, 1)
    assert send(venue, beyond)["reason"].tolist() == [Reject.TOO_MANY_PRICE_LEVELS]
    near = limit_order(Side.BUY, 2, 1, 20, 1)
    assert "ACCEPTED" in kinds(send(venue, near))
    amend = command(
        CommandKind.AMEND, account=20, client_order_id=1, price=new_price, flags=CommandFlag.PRICE_GIVEN
    )
    assert send(venue, amend)["reason"].tolist() == [Reject.TOO_MANY_PRICE_LEVELS]
    other_side = limit_order(Side.SELL, new_price, 1, 21, 1)
    assert "ACCEPTED" in kinds(send(venue, other_side))
    venue.validate()


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL], ids=lambda side: side.name)
def test_parked_stops_are_under_the_same_bound_of_prices(side: Side) -> None:
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0, max_price_blocks=2),)))

    def reason(record: Commands) -> int:
        return int(send(venue, record)["reason"][0])

    stops = [stop_order(side, stop, 1, name) for name, stop in ((1, 100), (2, 200), (3, 201))]
    assert [reason(stop) for stop in stops] == [0, 0, 0]
    assert reason(stop_order(side, 300, 1, 4)) == Reject.TOO_MANY_PRICE_LEVELS
    amend = command(CommandKind.AMEND, account=1, client_order_id=2, stop=300, flags=CommandFlag.STOP_GIVEN)
    assert reason(amend) == Reject.TOO_MANY_PRICE_LEVELS
    venue.validate()


def test_margin_change_reaches_accounts_that_have_only_parked_stops() -> None:
    accounts = tuple(AccountTerms(account=number) for number in range(1, 301))
    market = MarketTerms(
        market=0, max_price=10_000, max_quantity=10_000, credit=CreditModel.MARGINED,
        reference_price=1_000, static_band=1_000, margin_per_lot_micro=10**6,
    )  # fmt: skip
    venue = Venue(VenueTerms(markets=(market,), accounts=accounts, limits=True))
    for account in range(1, 301):
        limit = command(CommandKind.SET_LIMIT, order_type=LimitKind.POSITION, account=account, price=10)
        send(venue, limit, stop_order(Side.BUY, 1_500, account, 1))
    events = send(venue, command(CommandKind.SET_MARGIN, client_order_id=1, price=2 * 10**6))
    assert kinds(events) == {"MARGIN_SET": 1}
    venue.validate()


def test_buffer_that_is_too_small_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=f"Expected room for at least {MIN_EVENT_BUFFER} events, was 31"):
        Venue(ONE_MARKET).apply(many_bids(1), new_events(31))
