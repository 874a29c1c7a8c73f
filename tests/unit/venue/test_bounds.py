"""The largest numbers that may be configured are computed exactly, and larger ones are refused."""

from __future__ import annotations

from typing import Any

import pytest

from novate.domain.codes import Reject, Side
from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.records import MAX_PRICE
from novate.domain.terms import AccountTerms, VenueTerms
from novate.venue.admissible import MAX_NOTIONAL
from novate.venue.machine import Venue
from tests.unit.venue.market import limit_order, send

LARGEST = 1 << 30


def venue_of(**terms: Any) -> Venue:
    return Venue(VenueTerms(markets=(MarketTerms(market=0, **terms),)))


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL], ids=lambda side: side.name)
def test_largest_price_has_one_place_in_the_book(side: Side) -> None:
    venue = venue_of(max_price=MAX_PRICE)
    for name, price in enumerate((MAX_PRICE, 1, MAX_PRICE)):
        send(venue, limit_order(side, price, 1, 1, name))
    venue.validate()
    book = venue.book(0)
    prices = [line[0] for line in book.bids or book.asks]
    assert prices == ([MAX_PRICE, MAX_PRICE, 1] if side == Side.BUY else [1, MAX_PRICE, MAX_PRICE])


@pytest.mark.parametrize(
    "terms",
    [
        {"credit": CreditModel.DELIVERABLE, "base_asset": 1, "taker_ppm": 1_000_000},
        {"credit": CreditModel.MARGINED, "premium": True, "taker_ppm": 1_000_000,
         "margin_per_lot_micro": 2**62},
    ],
    ids=["deliverable", "option"],
)  # fmt: skip
def test_largest_order_without_credit_is_refused(terms: dict[str, Any]) -> None:
    assert LARGEST * LARGEST == MAX_NOTIONAL
    venue = venue_of(
        max_price=LARGEST, max_quantity=LARGEST, reference_price=LARGEST, static_band=LARGEST, **terms
    )
    events = send(venue, limit_order(Side.BUY, LARGEST, LARGEST, 1, 1))
    assert events["reason"].tolist() == [Reject.INSUFFICIENT_CREDIT]
    venue.validate()


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"max_quantity": 0}, "expected max_quantity from 1 to"),
        ({"max_price": MAX_PRICE + 1}, "expected max_price from 1 to"),
        ({"static_band": 2**63 - 1}, "expected static_band from 0 to"),
        ({"reference_price": 0}, "expected reference_price from 1 to"),
        ({"max_price": LARGEST, "max_quantity": LARGEST + 1, "taker_ppm": 1}, r"up to 2\*\*60"),
        ({"margin_per_lot_micro": -1}, "expected margin_per_lot_micro from 0 to"),
        ({"initial_state": "OPEN"}, 'expected initial_state to be one of .*, was "OPEN"'),
        ({"stp_default": "CANCEL"}, 'expected stp_default to be one of .*, was "CANCEL"'),
    ],
)
def test_terms_out_of_bounds_are_named(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        venue_of(**terms)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"fee_account": -1}, "expected fee_account from 0 to"),
        ({"hash_seed": 2**63}, "expected hash_seed from"),
        ({"accounts": (AccountTerms(account=1, stp_group=2**32),)}, "expected an stp_group from 0 to"),
    ],
)
def test_venue_terms_out_of_bounds_are_named(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Venue(VenueTerms(markets=(MarketTerms(market=0),), **terms))
