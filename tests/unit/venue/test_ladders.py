"""Ladders of prices far apart: they grow, shrink and share one memory."""

from __future__ import annotations

from novate.domain.codes import CommandKind, Reject, Side
from novate.domain.instruments import MarketTerms
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.unit.venue.market import command, limit_order, send

FAR = 1_000


def bids(venue: Venue, market: int) -> list[int]:
    """Prices of the bids of a market, best first."""
    return [line[0] for line in venue.book(market).bids]


def test_memory_that_a_grown_ladder_gives_back_goes_to_one_other_ladder_only() -> None:
    venue = Venue(VenueTerms(markets=tuple(MarketTerms(market=number) for number in range(4))))
    for number in range(1, 21):
        send(venue, limit_order(Side.BUY, number * FAR, 1, 1, number))
    # The first ladder has grown twice by now: pieces of its former sizes lie free.
    for market in (1, 2, 3):
        for number in range(1, 8):
            send(venue, limit_order(Side.BUY, number * FAR + market, 1, 1, number, market=market))
            venue.validate()
    assert bids(venue, 0) == [number * FAR for number in range(20, 0, -1)]
    for market in (1, 2, 3):
        assert bids(venue, market) == [number * FAR + market for number in range(7, 0, -1)]


def test_ladder_that_empties_from_any_end_keeps_its_order() -> None:
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    left = list(range(1, 13))
    for number in (7, 3, 12, 1, 9, 5, 11, 2, 10, 4, 8, 6):
        send(venue, limit_order(Side.BUY, number * FAR, 1, 1, number))
        venue.validate()
    for number in (12, 1, 6, 11, 2, 7, 10, 3, 9, 4, 8, 5):
        send(venue, command(CommandKind.CANCEL, account=1, client_order_id=number))
        left.remove(number)
        venue.validate()
        assert bids(venue, 0) == [number * FAR for number in reversed(left)]


def test_market_takes_as_many_blocks_of_prices_as_its_terms_say_and_none_more() -> None:
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0, max_price_blocks=3),)))
    for number in (2, 3, 1):
        assert send(venue, limit_order(Side.BUY, number * FAR, 1, 1, number))["reason"][0] == 0
    beyond = send(venue, limit_order(Side.BUY, 4 * FAR, 1, 1, 4))
    assert beyond["reason"].tolist() == [Reject.TOO_MANY_PRICE_LEVELS]
    assert send(venue, limit_order(Side.BUY, 3 * FAR, 1, 1, 5))["reason"][0] == 0
    assert bids(venue, 0) == [3 * FAR, 3 * FAR, 2 * FAR, FAR]
