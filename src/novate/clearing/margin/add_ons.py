"""Add-ons to a margin that takes every position as if it could be closed at today's price.

    concentration   the part of a position above so many days of the market's volume, at a rate of its value
    liquidity       the width of the market, for every day of the horizon
    wrong-way       what is worth nothing when its own holder fails: long in own or affiliates' issues

All three are data: brackets, rates and groups are the house's. Charges are rounded up to a minor unit each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from novate.clearing.margin.history import RETURN_UNIT
from novate.clearing.margin.instruments import LOT_UNIT, Instrument, lot_changes, rounded_up


class AddOnKind(StrEnum):
    """Why more is charged than the losses of the past say."""

    CONCENTRATION = "concentration"
    LIQUIDITY = "liquidity"
    WRONG_WAY = "wrong-way"


@dataclass(frozen=True, slots=True)
class Bracket:
    """From so many days of the market's volume on, each further lot costs `rate` of its value."""

    above_days: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True)
class AddOnRules:
    """The house's rates; brackets ascend by `above_days`, and each holds until the next."""

    brackets: tuple[Bracket, ...] = ()
    charges_liquidity: bool = False
    wrong_way_rate: Fraction = Fraction(0)
    """Of what is lost when an issuer of the holder's own group fails."""


@dataclass(frozen=True, slots=True)
class AddOn:
    """One charge: why, for what, from which size, in minor units."""

    kind: AddOnKind
    instrument: str
    basis: Fraction
    """Days of volume; width in units of price; loss in minor units: what the charge is taken of."""
    charge: int


def add_ons(
    positions: Iterable[tuple[Instrument, Fraction]], groups: frozenset[str], rules: AddOnRules, days: int
) -> tuple[AddOn, ...]:
    """All charges that are not zero, by instrument in the order given; `days` is the horizon."""
    made = [
        one
        for instrument, quantity in positions
        for one in (
            *_concentration(instrument, quantity, rules),
            *_liquidity(instrument, quantity, rules, days),
            *_wrong_way(instrument, quantity, groups, rules),
        )
    ]
    return tuple(one for one in made if one.charge)


def _concentration(instrument: Instrument, quantity: Fraction, rules: AddOnRules) -> Iterator[AddOn]:
    if not instrument.daily_volume or not rules.brackets:
        return
    days = Fraction(abs(quantity), instrument.daily_volume)
    charge = Fraction(0)
    for at, bracket in enumerate(rules.brackets):
        until = rules.brackets[at + 1].above_days if at + 1 < len(rules.brackets) else days
        inside = max(min(days, until) - bracket.above_days, Fraction(0))
        charge += inside * instrument.daily_volume * abs(instrument.lot_value()) * bracket.rate
    yield AddOn(AddOnKind.CONCENTRATION, instrument.code, days, rounded_up(charge))


def _liquidity(instrument: Instrument, quantity: Fraction, rules: AddOnRules, days: int) -> Iterator[AddOn]:
    if rules.charges_liquidity:
        width = instrument.bid_ask * instrument.multiplier * 10**instrument.decimals
        charge = rounded_up(abs(quantity) * width * days)
        yield AddOn(AddOnKind.LIQUIDITY, instrument.code, instrument.bid_ask, charge)


def _wrong_way(
    instrument: Instrument, quantity: Fraction, groups: frozenset[str], rules: AddOnRules
) -> Iterator[AddOn]:
    """What the position loses when the price of its issuer falls to nothing: options are priced again."""
    if not rules.wrong_way_rate or not instrument.issuer or instrument.issuer not in groups:
        return
    (change,) = lot_changes(instrument, [-RETURN_UNIT])
    loss = -quantity * Fraction(int(change), LOT_UNIT)
    if loss > 0:
        yield AddOn(AddOnKind.WRONG_WAY, instrument.code, loss, rounded_up(loss * rules.wrong_way_rate))
