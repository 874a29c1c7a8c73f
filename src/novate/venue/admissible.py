"""What a venue can be built from: every bound that the kernel relies on, checked once (K5, K20)."""

from __future__ import annotations

from collections.abc import Iterator

from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.records import MAX_MARKETS, MAX_PRICE, MAX_QUANTITY
from novate.domain.terms import VenueTerms

MAX_NOTIONAL = 1 << 62
MAX_SUMMED_NOTIONAL = 1 << 40
"""With limits the notionals of open orders are summed: four million of the largest fit int64."""
MAX_LISTED_ACCOUNT = (1 << 24) - 1
_MAX_ASSET = (1 << 16) - 1
_MILLION = 1_000_000


def require_admissible(terms: VenueTerms) -> None:
    """Raises ValueError naming every term that the kernel could not bear."""
    defects = list(_defects(terms))
    if defects:
        raise ValueError("; ".join(defects))


def _defects(terms: VenueTerms) -> Iterator[str]:
    if not 1 <= len(terms.markets) <= MAX_MARKETS:
        yield f"expected 1 to {MAX_MARKETS} markets, was {len(terms.markets)}"
    for number, market in enumerate(terms.markets):
        if market.market != number:
            yield f"expected market {number} at place {number}, was market {market.market}"
        for defect in _market_defects(market, terms.limits):
            yield f"market {number}: {defect}"
    numbers = [account.account for account in terms.accounts]
    if len(set(numbers)) != len(numbers):
        yield "expected every account once"
    for account in terms.accounts:
        if not 0 <= account.account <= MAX_LISTED_ACCOUNT or not 0 <= account.member <= MAX_LISTED_ACCOUNT:
            yield f"expected account and member numbers up to {MAX_LISTED_ACCOUNT}, was {account}"
        if not 0 <= account.account_class <= 7:
            yield f"account {account.account}: expected a class from 0 to 7, was {account.account_class}"


def _market_defects(terms: MarketTerms, limited: bool) -> Iterator[str]:
    for name, value, highest in (
        ("max_quantity", terms.max_quantity, MAX_QUANTITY),
        ("max_price", terms.max_price, MAX_PRICE),
        ("min_display", terms.min_display, MAX_QUANTITY),
        ("notional_multiplier", terms.notional_multiplier, MAX_NOTIONAL),
        ("base_units_per_lot", terms.base_units_per_lot, MAX_NOTIONAL // terms.max_quantity),
        ("max_price_blocks", terms.max_price_blocks, 1 << 24),
    ):
        if not 1 <= value <= highest:
            yield f"expected {name} from 1 to {highest}, was {value}"
    for name, ppm in (("maker_ppm", terms.maker_ppm), ("taker_ppm", terms.taker_ppm)):
        if ppm is not None and not -_MILLION <= ppm <= _MILLION:
            yield f"expected {name} from {-_MILLION} to {_MILLION}, was {ppm}"
    if not (0 <= terms.base_asset <= _MAX_ASSET and 0 <= terms.quote_asset <= _MAX_ASSET):
        yield f"expected asset numbers up to {_MAX_ASSET}, was {terms.base_asset}, {terms.quote_asset}"
    charged = terms.maker_ppm is not None or terms.taker_ppm is not None
    priced = charged or limited or terms.credit is not CreditModel.NONE
    largest = terms.max_quantity * terms.max_price * terms.notional_multiplier
    if priced and largest > MAX_NOTIONAL:
        yield f"expected max_quantity x max_price x notional_multiplier up to 2**62, was {largest} (K20)"
    elif limited and largest > MAX_SUMMED_NOTIONAL:
        yield (
            "expected max_quantity x max_price x notional_multiplier up to 2**40 where limits are on, "
            f"was {largest} (K20)"
        )
    if terms.credit is not CreditModel.NONE and terms.static_band is None:
        yield "expected a static_band where credit is used, was none (K5)"
