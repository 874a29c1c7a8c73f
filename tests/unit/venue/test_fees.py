"""Fees of fills are exact for every notional, and are rounded against the client (R50)."""

from __future__ import annotations

import pytest

from novate.domain.codes import EventKind, Side
from novate.domain.instruments import MarketTerms
from novate.domain.records import PARTIES
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.unit.venue.market import limit_order, send

LARGEST = 1 << 30


def fees(price: int, quantity: int, maker_ppm: int, taker_ppm: int) -> tuple[int, int]:
    """(maker's, taker's) fee of one fill."""
    market = MarketTerms(
        market=0, max_price=LARGEST, max_quantity=LARGEST, maker_ppm=maker_ppm, taker_ppm=taker_ppm
    )
    venue = Venue(VenueTerms(markets=(market,)))
    sell = limit_order(Side.SELL, price, quantity, 1, 1)
    events = send(venue, sell, limit_order(Side.BUY, price, quantity, 2, 1))
    (parties,) = events[events["kind"] == EventKind.TRADE_PARTIES].view(PARTIES)
    return int(parties["maker_fee"]), int(parties["taker_fee"])


def rounded_up(notional: int, ppm: int) -> int:
    """ceil(notional x ppm / 1e6) without any bound on the size of the product."""
    return -(-notional * ppm // 1_000_000)


@pytest.mark.parametrize("ppm", [0, 1, 250, 333_333, 1_000_000])
@pytest.mark.parametrize(
    ("price", "quantity"),
    [
        (999, 1),
        (1_000_000, 1),
        (2**21, 2**21 - 1),
        (2**21, 2**21),
        (2**21 + 1, 2**21 + 3),
        (LARGEST, LARGEST),
    ],
    ids=["small", "a million", "below 2**42", "2**42", "above 2**42", "largest"],
)
def test_fee_is_rounded_up_and_rebate_down_for_notionals_of_any_size(
    price: int, quantity: int, ppm: int
) -> None:
    fee = rounded_up(price * quantity, ppm)
    rebate = price * quantity * ppm // 1_000_000
    assert fees(price, quantity, -ppm, ppm) == (-rebate, fee)
    assert fees(price, quantity, ppm, -ppm) == (fee, -rebate)
