"""How a house margins what it clears: the table `margin` of the configuration (docs/margin-rules.md).

    currency, method            in what a requirement is told, and who computes it
    threshold, minimum_call,    when a call is made, how large it is at least, and how long it may stay open
    deadline_ns
    collateral                  what is taken as collateral, at which haircut, up to which share
    layers, assessment_ppm      who pays for a default, in which order, and how far members can be assessed

A house without the table is a house without margin. Money is in minor units, shares are parts of a million.
"""

from __future__ import annotations

import msgspec

MILLION = 1_000_000
HOUR_NS = 3_600_000_000_000
LAYERS = (
    "DEFAULTER_COLLATERAL",
    "DEFAULTER_CONTRIBUTION",
    "HOUSE",
    "SURVIVOR_CONTRIBUTIONS",
    "ASSESSMENTS",
)
"""The order of EMIR, article 45."""


class CollateralTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the eligibility list (M7)."""

    asset: str
    """A currency, or an instrument by its clearing id."""
    haircut_ppm: int = 0
    limit_ppm: int = MILLION
    """The share of an account's requirement that this asset covers at most."""


class MarginConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The table `margin`."""

    currency: str
    method: str = "SPAN"
    threshold: int = 0
    minimum_call: int = 1
    deadline_ns: int = HOUR_NS
    currency_haircut_ppm: int = 0
    """Taken off collateral in any other currency than that of the requirement."""
    assessment_ppm: int = MILLION
    """A member is assessed up to this share of what its contribution was when the default began."""
    layers: tuple[str, ...] = LAYERS
    collateral: tuple[CollateralTerms, ...] = ()
