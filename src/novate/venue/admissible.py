"""What a venue can be built from: every bound that the kernel relies on, checked once (K5, K20)."""

from __future__ import annotations

from collections.abc import Iterator

from novate.domain.codes import MarketState, SelfTrade
from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.records import MAX_ACCOUNT, MAX_MARKETS, MAX_PRICE, MAX_QUANTITY
from novate.domain.terms import VenueTerms
from novate.venue.combination_terms import combination_defects

MAX_NOTIONAL = 1 << 60
"""An order may hold its notional twice (a premium, and a fee of 100%) on top of a margin of up to 2**62: the
sum fits int64."""
MAX_SUMMED_NOTIONAL = 1 << 40
"""With limits the notionals of open orders are summed: four million of the largest fit int64."""
MAX_SHARED_QUANTITY = (1 << 31) - 1
"""Allocation by size multiplies two quantities: their product fits int64."""
MAX_CALL = 1 << 62
"""A call and an extension last less than the clock can go."""
MAX_EXTENSIONS = (1 << 32) - 1
"""EXTENDED counts them in 32 bits."""
MAX_LISTED_ACCOUNT = (1 << 24) - 1
_MAX_ASSET = (1 << 16) - 1
_MAX_STP_GROUP = (1 << 32) - 1
_MAX_MARGIN = 1 << 62
_MILLION = 1_000_000


def require_admissible(terms: VenueTerms) -> None:
    """Raises ValueError naming every term that the kernel could not bear."""
    defects = list(_defects(terms))
    if defects:
        raise ValueError("; ".join(defects))


def _defects(terms: VenueTerms) -> Iterator[str]:
    if not 0 <= terms.fee_account <= MAX_ACCOUNT:
        yield f"expected fee_account from 0 to {MAX_ACCOUNT}, was {terms.fee_account}"
    if not -(2**63) <= terms.hash_seed < 2**63:
        yield f"expected hash_seed from -2**63 to 2**63 - 1, was {terms.hash_seed}"
    if not 1 <= len(terms.markets) <= MAX_MARKETS:
        yield f"expected 1 to {MAX_MARKETS} markets, was {len(terms.markets)}"
    for number, market in enumerate(terms.markets):
        if market.market != number:
            yield f"expected market {number} at place {number}, was market {market.market}"
        for defect in _market_defects(market, terms.limits):
            yield f"market {number}: {defect}"
    yield from combination_defects(terms.markets)
    numbers = [account.account for account in terms.accounts]
    if len(set(numbers)) != len(numbers):
        yield "expected every account once"
    for account in terms.accounts:
        if not 0 <= account.account <= MAX_LISTED_ACCOUNT or not 0 <= account.member <= MAX_LISTED_ACCOUNT:
            yield f"expected account and member numbers up to {MAX_LISTED_ACCOUNT}, was {account}"
        if not 0 <= account.account_class <= 7:
            yield f"account {account.account}: expected a class from 0 to 7, was {account.account_class}"
        if not 0 <= account.stp_group <= _MAX_STP_GROUP:
            yield f"expected an stp_group from 0 to {_MAX_STP_GROUP}, was {account.stp_group}"


def _market_defects(terms: MarketTerms, limited: bool) -> Iterator[str]:
    reference = terms.min_price if terms.reference_price is None else terms.reference_price
    for name, value, lowest, highest in (
        ("max_quantity", terms.max_quantity, 1, MAX_QUANTITY),
        ("max_price", terms.max_price, 1, MAX_PRICE),
        # As far below zero as above it, so that max_price bounds the size of every price (R64).
        ("min_price", terms.min_price, -terms.max_price, 1),
        ("min_display", terms.min_display, 1, MAX_QUANTITY),
        ("reference_price", reference, min(terms.min_price, 1), terms.max_price),
        ("static_band", terms.static_band or 0, 0, MAX_PRICE),
        ("notional_multiplier", terms.notional_multiplier, 1, MAX_NOTIONAL),
        ("base_units_per_lot", terms.base_units_per_lot, 1, MAX_NOTIONAL // max(terms.max_quantity, 1)),
        ("margin_per_lot_micro", terms.margin_per_lot_micro, 0, _MAX_MARGIN),
        ("max_price_blocks", terms.max_price_blocks, 1, 1 << 24),
        ("maker_ppm", terms.maker_ppm or 0, -_MILLION, _MILLION),
        ("taker_ppm", terms.taker_ppm or 0, -_MILLION, _MILLION),
        ("base_asset", terms.base_asset, 0, _MAX_ASSET),
        ("quote_asset", terms.quote_asset, 0, _MAX_ASSET),
    ):
        if not lowest <= value <= highest:
            yield f"expected {name} from {lowest} to {highest}, was {value}"
    for name, word, words in (
        ("initial_state", terms.initial_state, [state.name for state in MarketState]),
        ("stp_default", terms.stp_default, [mode.name for mode in SelfTrade if mode]),
    ):
        if word not in words:
            yield f'expected {name} to be one of {", ".join(words)}, was "{word}"'
    yield from _notional_defects(terms, limited)
    if terms.credit is not CreditModel.NONE and terms.static_band is None and terms.protection is None:
        yield "expected a static_band or a protection where credit is used, was neither (K5)"
    if terms.min_price < 1 and (terms.credit is CreditModel.DELIVERABLE or terms.premium):
        yield (
            "expected credit none, or margined without premium, where min_price is below 1, "
            f"was {terms.credit}{' with premium' if terms.premium else ''} (R64)"
        )
    yield from _feature_defects(terms)
    yield from _call_defects(terms)


def _feature_defects(terms: MarketTerms) -> Iterator[str]:
    """Collars, protection, allocation by size."""
    for name, value, lowest, highest in (
        ("collar", terms.collar or 0, 0, MAX_PRICE),
        # What a protected market order leaves rests at its effective limit, which must be a price.
        ("protection", terms.protection or 0, 0, MAX_PRICE),
        ("auction_ppm", terms.auction_ppm, -_MILLION, _MILLION),
        ("pr_min", terms.pr_min, 0, MAX_QUANTITY),
        ("fifo_pct", terms.fifo_pct, 0, 100),
    ):
        if not lowest <= value <= highest:
            yield f"expected {name} from {lowest} to {highest}, was {value}"
    for name, word, words in (
        ("collar_action", terms.collar_action, ("CAP", "HALT", "AUCTION")),
        ("post_only", terms.post_only, ("REJECT", "SLIDE")),
        ("alloc", terms.alloc, ("FIFO", "PRO_RATA", "FIFO_PRO_RATA")),
    ):
        if word not in words:
            yield f'expected {name} to be one of {", ".join(words)}, was "{word}"'
    if terms.alloc != "FIFO" and terms.max_quantity > MAX_SHARED_QUANTITY:
        most = MAX_SHARED_QUANTITY
        yield f"expected max_quantity up to {most} with alloc {terms.alloc}, was {terms.max_quantity}"


def _call_defects(terms: MarketTerms) -> Iterator[str]:
    """Calls that end by themselves (R59, R60)."""
    for name, value, lowest, highest in (
        ("volatility_call", terms.volatility_call, 0, MAX_CALL),
        ("auction_band", terms.auction_band or 0, 0, MAX_PRICE),
        ("extension", terms.extension, 0, MAX_CALL),
        ("max_extensions", terms.max_extensions, 0, MAX_EXTENSIONS),
    ):
        if not lowest <= value <= highest:
            yield f"expected {name} from {lowest} to {highest}, was {value}"
    if terms.collar_action == "AUCTION" and terms.volatility_call == 0:
        yield "expected a volatility_call of 1 at least with collar_action AUCTION, was 0 (R59)"
    if terms.auction_band is not None:
        for name, value in (("extension", terms.extension), ("max_extensions", terms.max_extensions)):
            if value == 0:
                yield f"expected {name} of 1 at least with an auction_band, was 0 (R60)"


def _notional_defects(terms: MarketTerms, limited: bool) -> Iterator[str]:
    """K20, where money is worked out at all."""
    charged = terms.maker_ppm is not None or terms.taker_ppm is not None
    priced = charged or limited or terms.credit is not CreditModel.NONE
    largest = terms.max_quantity * terms.max_price * terms.notional_multiplier
    if priced and largest > MAX_NOTIONAL:
        yield f"expected max_quantity x max_price x notional_multiplier up to 2**60, was {largest} (K20)"
    elif limited and largest > MAX_SUMMED_NOTIONAL:
        yield (
            "expected max_quantity x max_price x notional_multiplier up to 2**40 where limits are on, "
            f"was {largest} (K20)"
        )
