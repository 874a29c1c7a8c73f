"""Margin of an account with every number on the way to it, as data.

    AccountRisk -> commodities: CommodityRisk (scan, time, volatility, ... requirement), totals per currency

Exact numbers are Fractions in units of money; the five figures of span-rules.md, section 10, are integers in
minor units, because they are rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class FormedSpread:
    """A spread that was formed: its priority, which side was long, how often, and what it cost."""

    priority: int
    long_side: str
    count: Fraction
    charge: Fraction


@dataclass(frozen=True, slots=True)
class Figures:
    """The five rounded figures in minor units."""

    risk: int
    nov: int
    requirement: int
    initial_risk: int
    initial_requirement: int


@dataclass(slots=True)
class CommodityRisk:
    """One combined commodity of one account."""

    code: str
    currency: str
    decimals: int
    """Of the currency's minor unit."""
    losses: tuple[Fraction, ...]
    """Of the whole position per scenario."""
    scan_risk: Fraction
    active_scenario: int
    """Counted from 1."""
    paired_scenario: int
    time_risk: Fraction
    volatility_risk: Fraction
    price_risk: Fraction
    wfpr_method: str
    wfpr: Fraction
    net_delta: dict[str, Fraction]
    """By period, ascending."""
    intra_spreads: list[FormedSpread] = field(default_factory=list)
    intra_charge: Fraction = Fraction(0)
    spot_charge: Fraction = Fraction(0)
    inter_credit: Fraction = Fraction(0)
    remaining_after_intra: dict[str, Fraction] = field(default_factory=dict)
    remaining_final: dict[str, Fraction] = field(default_factory=dict)
    som: Fraction = Fraction(0)
    base: Fraction = Fraction(0)
    """Of scan + intra + spot - inter and the short option minimum the larger."""
    ratio: Fraction = Fraction(1)
    initial_ratio: Fraction = Fraction(1)
    option_value: Fraction = Fraction(0)
    is_capped: bool = False
    """Whether more option value than risk is of no use to other commodities."""
    figures: Figures = Figures(0, 0, 0, 0, 0)


@dataclass(slots=True)
class AccountRisk:
    """One account. A commodity of which nothing is held is not there."""

    account: str
    commodities: dict[str, CommodityRisk] = field(default_factory=dict)
    inter_spreads: list[FormedSpread] = field(default_factory=list)
    totals: dict[str, Figures] = field(default_factory=dict)
    """By currency: sums of the rounded figures; the requirement is never negative."""
