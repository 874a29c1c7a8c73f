"""How a house margins, in numbers: part of the terms of a clearing house (docs/margin-rules.md, M1).

contracts    instrument -> FUTURE or PREMIUM, and its expiry     positions that stay open
eligible     what is collateral, at which haircut and limit      in the order of the eligibility list
layers       who pays for a default, in this order
"""

from __future__ import annotations

import msgspec

from novate.domain.clearing_codes import LossLayer, MarginStyle
from novate.domain.margin import MILLION

MOST_ASSESSMENT_PPM = 100 * MILLION
LONGEST_DEADLINE_NS = 30 * 24 * 3600 * 10**9
MOST_MONEY = 2**62


class ContractTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One margined contract."""

    style: MarginStyle
    expiry: int
    """Day ordinal; at the roll of this day its positions end (M6)."""


class EligibleAsset(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the eligibility list (M7)."""

    book: int
    """HOLDINGS or CASH."""
    asset: int
    haircut_ppm: int = 0
    limit_ppm: int = MILLION


class MarginTerms(msgspec.Struct, frozen=True, kw_only=True):
    """All of M1; money in minor units of `currency`."""

    currency: int
    contracts: dict[int, ContractTerms]
    method: str
    threshold: int
    minimum_call: int
    deadline_ns: int
    currency_haircut_ppm: int
    assessment_ppm: int
    layers: list[LossLayer]
    eligible: list[EligibleAsset]


def require_margin_terms(terms: MarginTerms, instruments: int, currencies: int) -> None:
    """ValueError naming the first term that cannot be. `instruments`, `currencies`: how many there are."""
    bounds = (
        ("a threshold", terms.threshold, 0, MOST_MONEY),
        ("a minimum call", terms.minimum_call, 1, MOST_MONEY),
        ("a deadline in nanoseconds", terms.deadline_ns, 0, LONGEST_DEADLINE_NS),
        ("a currency haircut in ppm", terms.currency_haircut_ppm, 0, MILLION),
        ("assessments in ppm", terms.assessment_ppm, 0, MOST_ASSESSMENT_PPM),
        ("a margin currency by number", terms.currency, 0, currencies - 1),
    )
    for what, number, least, most in bounds:
        if not least <= number <= most:
            raise ValueError(f"Expected {what} of {least} to {most}, was {number}")
    if len(set(terms.layers)) != len(terms.layers):
        raise ValueError(f"Expected each layer at most once, was {[layer.name for layer in terms.layers]}")
    for contract in terms.contracts:
        if not 0 <= contract < instruments:
            raise ValueError(f"Expected contracts among {instruments} instruments, was {contract}")
    places = [(one.book, one.asset) for one in terms.eligible]
    if len(set(places)) != len(places):
        raise ValueError(f"Expected each asset once on the eligibility list, was {places}")
    for entry in terms.eligible:
        if not (0 <= entry.haircut_ppm <= MILLION and 0 <= entry.limit_ppm <= MILLION):
            found = f"{entry.haircut_ppm} and {entry.limit_ppm}"
            raise ValueError(f"Expected haircut and limit of 0 to {MILLION} ppm, was {found}")
        if entry.book == 0 and entry.asset in terms.contracts:
            raise ValueError(f"Expected securities as collateral, was margined contract {entry.asset}")
