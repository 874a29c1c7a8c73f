"""Quotes take two rows and two names where other commands take one: tables grow for them, in any batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandKind, EventKind, Reason, Side, TimeInForce
from novate.domain.instruments import MarketTerms
from novate.domain.machine import apply_all
from novate.domain.records import COMMAND, QUOTE_COMMAND, Commands, new_commands, new_events
from novate.domain.terms import VenueTerms
from novate.venue.cells import MIN_EVENT_BUFFER
from novate.venue.machine import PIECE, Venue
from tests.unit.venue.market import limit_order

ONE_MARKET = VenueTerms(markets=(MarketTerms(market=0),))


def quotes(count: int, first: int = 0) -> Commands:
    """That many quotes under names of their own, five lots a side, one tick beside each other."""
    records = new_commands(count)
    view = records.view(QUOTE_COMMAND)
    number = first + np.arange(count)
    view["kind"] = CommandKind.QUOTE
    view["time_in_force"] = TimeInForce.GTC
    view["account"] = 1 + number % 7
    view["bid_client_order_id"] = 2 * number
    view["ask_client_order_id"] = 2 * number + 1
    view["bid_price"] = 1000 - number % 500
    view["ask_price"] = 1001 + number % 500
    view["bid_quantity"] = 5
    view["ask_quantity"] = 5
    return records


def count_of(events: npt.NDArray[Any], kind: EventKind) -> int:
    return int(np.count_nonzero(events["kind"] == kind))


def applied(venue: Venue, commands: Commands, room: int = 65_536) -> npt.NDArray[Any]:
    return np.concatenate(apply_all(venue, commands, new_events(room)))


def test_a_batch_of_quotes_takes_two_rows_each() -> None:
    venue = Venue(ONE_MARKET)
    events = applied(venue, quotes(PIECE))
    assert count_of(events, EventKind.ACCEPTED) == 2 * PIECE
    assert venue.resting_orders() == 2 * PIECE
    venue.validate()


def test_quotes_leave_the_rows_of_the_orders_behind_them_in_the_batch() -> None:
    """Half a piece of quotes, half a piece of orders, which ask for no room of their own."""
    orders = np.repeat(limit_order(Side.BUY, 1, 1, 9, 0), PIECE // 2)
    orders["client_order_id"] = np.arange(len(orders))
    records = np.concatenate([quotes(PIECE // 2), orders, quotes(PIECE, first=PIECE)]).astype(COMMAND)
    whole, small = Venue(ONE_MARKET), Venue(ONE_MARKET)
    events = applied(whole, records)
    assert count_of(events, EventKind.ACCEPTED) == PIECE + PIECE // 2 + 2 * PIECE
    assert np.array_equal(events, applied(small, records, MIN_EVENT_BUFFER))
    assert whole.state_root() == small.state_root()
    whole.validate()


def test_small_batches_share_what_was_reserved_at_once() -> None:
    """Batches of a few commands run into each other's reserve."""
    venue, other = Venue(ONE_MARKET), Venue(ONE_MARKET)
    records = quotes(2 * PIECE)
    pieces = [applied(venue, piece) for piece in np.array_split(records, 700)]
    assert np.array_equal(np.concatenate(pieces), applied(other, records))
    assert venue.state_root() == other.state_root()
    venue.validate()


def test_quotes_that_are_replaced_reuse_their_rows() -> None:
    venue = Venue(ONE_MARKET)
    applied(venue, quotes(1000))
    moved = quotes(1000)
    moved.view(QUOTE_COMMAND)["bid_quantity"] = 4
    events = applied(venue, moved)
    cancelled = events[events["kind"] == EventKind.CANCELLED]
    assert len(cancelled) == count_of(events, EventKind.ACCEPTED) == 1000
    assert (cancelled["reason"] == Reason.QUOTE).all()
    assert len(applied(venue, moved)) == 0
    assert venue.resting_orders() == 2000
    venue.validate()
