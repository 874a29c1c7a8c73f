"""A combination: three markets of which an order in one may trade against the two others (R70 to R73)."""

from __future__ import annotations

from typing import Any

import pytest

from novate.domain.codes import EventKind, Side
from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.machine import BrokenInvariant
from novate.domain.records import MAX_PRICE
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.unit.venue.market import limit_order, send

NEAR, FAR, SPREAD = 0, 1, 2


def terms_of(near: Any = None, far: Any = None, spread: Any = None) -> VenueTerms:
    return VenueTerms(
        markets=(
            MarketTerms(market=NEAR, **near or {}),
            MarketTerms(market=FAR, **far or {}),
            MarketTerms(market=SPREAD, legs=(NEAR, FAR), **{"min_price": -100, **(spread or {})}),
        )
    )


def three_markets() -> Venue:
    """Near is offered at 103, far is bid at 98: the difference is implied at 5."""
    venue = Venue(terms_of())
    send(venue, limit_order(Side.SELL, 103, 5, 1, 1, market=NEAR))
    send(venue, limit_order(Side.BUY, 98, 2, 2, 1, market=FAR))
    venue.validate()
    return venue


def test_buyer_of_the_difference_trades_in_both_legs() -> None:
    venue = three_markets()
    events = send(venue, limit_order(Side.BUY, 5, 2, 3, 1, market=SPREAD))
    trades = events[events["kind"] == EventKind.TRADE]
    assert trades["market"].tolist() == [NEAR, FAR]
    assert trades["price"].tolist() == [103, 98]
    assert trades["side"].tolist() == [Side.BUY, Side.SELL]
    assert [venue.book(market).last for market in (NEAR, FAR, SPREAD)] == [103, 98, None]
    venue.validate()


def test_prices_at_both_ends_of_the_largest_range_are_exact() -> None:
    venue = Venue(
        terms_of(
            near={"max_price": MAX_PRICE},
            far={"max_price": MAX_PRICE, "min_price": -MAX_PRICE},
            spread={"max_price": MAX_PRICE, "min_price": -MAX_PRICE},
        )
    )
    send(venue, limit_order(Side.SELL, MAX_PRICE, 1, 1, 1, market=NEAR))
    send(venue, limit_order(Side.BUY, MAX_PRICE, 1, 2, 1, market=SPREAD))
    events = send(venue, limit_order(Side.BUY, 0, 1, 3, 1, market=FAR))
    assert events["price"][events["kind"] == EventKind.TRADE].tolist() == [MAX_PRICE, 0]
    send(venue, limit_order(Side.SELL, -MAX_PRICE, 1, 1, 2, market=SPREAD))
    assert venue.book(SPREAD).asks[0][0] == -MAX_PRICE
    venue.validate()


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (terms_of(near={"credit": CreditModel.MARGINED, "static_band": 5}), 'market 0, .* credit "none"'),
        (terms_of(far={"alloc": "PRO_RATA"}), 'market 1, .* alloc "FIFO", was "PRO_RATA"'),
        (terms_of(spread={"collar": 3}), "market 2, .* no collar, was 3"),
        (terms_of(spread={"min_price": -(2**40)}), "market 2: expected min_price from"),
    ],
    ids=["credit", "allocation", "collar", "range"],
)
def test_configuration_names_the_market_and_what_is_wrong(terms: VenueTerms, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Venue(terms)


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ((0, 0), "two other markets as legs"),
        ((0, 2), "two other markets as legs"),
        ((0, 7), "legs from 0 to 2"),
        ((-1, 0), "legs from 0 to 2"),
        ((0, 1, 0), "two other markets as legs"),
    ],
    ids=str,
)
def test_legs_are_two_other_markets(legs: Any, message: str) -> None:
    markets = (MarketTerms(market=0), MarketTerms(market=1), MarketTerms(market=2, legs=legs))
    with pytest.raises(ValueError, match=message):
        Venue(VenueTerms(markets=markets))


def test_validation_notices_what_was_published_wrongly() -> None:
    venue = three_markets()
    row = int(venue._tables["markets"]["features"][SPREAD])
    venue._tables["features"]["implied_ask"][row] += 1
    with pytest.raises(BrokenInvariant, match="IMPLIED_STATE is not what the books imply"):
        venue.validate()


def test_validation_notices_markets_that_do_not_name_each_other() -> None:
    venue = three_markets()
    row = int(venue._tables["markets"]["features"][FAR])
    venue._tables["features"]["near"][row] = FAR
    with pytest.raises(BrokenInvariant, match="combination do not name each other"):
        venue.validate()
