"""Spreads: charges for hedges within a commodity, credits for hedges across commodities.

    intra   legs A, B, merged     A long, then B long: n = min of what is there / ratio, charge, eat n * ratio
    spot    delivery month        |taken by spreads| * spread rate + |left| * outright rate
    inter   legs of commodities   signs must fit the sides:  n = min |x| / ratio,  credit per leg, eat

span-rules.md, sections 6 and 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from novate.clearing.margin.span.deltas import ZERO, NetDelta
from novate.clearing.margin.span.model import Commodity, Leg, Spread
from novate.clearing.margin.span.policy import Policy
from novate.clearing.margin.span.result import FormedSpread


@dataclass(slots=True)
class Held:
    """What spreads need to know of a commodity of an account."""

    commodity: Commodity
    delta: NetDelta
    wfpr: Fraction
    credit: Fraction = ZERO


Merged = dict[tuple[int, bool, str, str], Fraction]


def merged(legs: tuple[Leg, ...]) -> Merged:
    """Legs of the same place and side as one, their ratios added."""
    found: Merged = {}
    for leg in legs:
        key = (leg.cc, leg.tiered, leg.where, leg.side)
        found[key] = found.get(key, ZERO) + leg.ratio
    return found


def rounded_count(count: Fraction, policy: Policy) -> Fraction:
    """How often a spread is formed under `spread_rounding`: never more than `count`."""
    if policy.spread_rounding == "none":
        return count
    decimals = 0 if policy.spread_rounding == "floor" else int(policy.spread_rounding)
    return Fraction(count.numerator * 10**decimals // count.denominator, 10**decimals)


def charge_intra(
    held: Held, spreads: tuple[Spread, ...], periods: Mapping[str, int], policy: Policy
) -> list[FormedSpread]:
    """Form the spreads of one commodity in order, each first with A long and then with B long."""
    formed = []
    for spread in spreads:
        legs = merged(spread.legs)
        for long_side in ("A", "B"):
            one = _form_intra(held, spread, legs, long_side, periods, policy)
            if one is not None:
                formed.append(one)
    return formed


def _form_intra(
    held: Held, spread: Spread, legs: Merged, long_side: str, periods: Mapping[str, int], policy: Policy
) -> FormedSpread | None:
    delta = held.delta
    views = []
    for (_, tiered, where, side), ratio in legs.items():
        view = _tier_view(held, where) if tiered else _period_view(periods, where)
        views.append((view, 1 if side == long_side else -1, ratio))
    count = min(Fraction(delta.side(view, sign), ratio) for view, sign, ratio in views)
    count = rounded_count(count, policy)
    if count <= 0:
        return None
    for view, sign, ratio in views:
        delta.eat(view, count * ratio, sign)
    if spread.weighted:
        charge = sum(
            (_percent(count * leg.ratio * held.wfpr, _rate(leg, spread)) for leg in spread.legs), ZERO
        )
    else:
        charge = count * (spread.rate or ZERO)
    return FormedSpread(spread.priority, long_side, count, charge)


def _percent(amount: Fraction, rate: Fraction) -> Fraction:
    return Fraction(amount * rate, 100)


def _rate(leg: Leg, spread: Spread) -> Fraction:
    """The leg's own rate before the spread's."""
    return leg.rate if leg.rate is not None else spread.rate or ZERO


def _period_view(periods: Mapping[str, int], where: str) -> list[int]:
    return [periods[where]] if where in periods else []


def _tier_view(held: Held, number: str) -> list[int]:
    tier = next(tier for tier in held.commodity.intra_tiers if tier.number == number)
    return held.delta.tier(tier)


def charge_spot(held: Held, periods: Mapping[str, int]) -> Fraction:
    """The delivery month's charge on what spreads took and on what they left."""
    if not held.commodity.charges_spot:
        return ZERO
    charge = ZERO
    for one in held.commodity.spot_rates:
        period = periods.get(one.period)
        if period is not None and period in held.delta.net:
            left = held.delta.rem[period]
            charge += abs(held.delta.net[period] - left) * one.spread + abs(left) * one.outright
    return charge


def credit_inter(
    account: Mapping[int, Held], spreads: tuple[Spread, ...], periods: Mapping[str, int], policy: Policy
) -> list[FormedSpread]:
    """Form the spreads across commodities in order, each at most once; adds to each one's `credit`."""
    formed = []
    for spread in spreads:
        if all(leg.cc in account for leg in spread.legs):
            one = _form_inter(account, spread, periods, policy)
            if one is not None:
                formed.append(one)
    return formed


def _form_inter(
    account: Mapping[int, Held], spread: Spread, periods: Mapping[str, int], policy: Policy
) -> FormedSpread | None:
    legs = merged(spread.legs)
    views, counts, orientation = [], [], set()
    for (number, tiered, where, side), ratio in legs.items():
        held = account[number]
        view = _inter_view(held, where) if tiered else _period_view(periods, where)
        total = held.delta.total(view)
        if total == 0:
            return None
        sign = 1 if total > 0 else -1
        views.append((held, view, sign, ratio))
        counts.append(Fraction(abs(total), ratio))
        orientation.add(sign if side == "A" else -sign)
    count = rounded_count(min(counts), policy)
    if len(orientation) != 1 or count <= 0:
        return None
    credits = ZERO
    for leg in spread.legs:
        held, rate = account[leg.cc], _rate(leg, spread)
        credit = _percent(count * leg.ratio * held.wfpr, rate) if spread.weighted else count * rate
        held.credit += credit
        credits += credit
    for held, view, sign, ratio in views:
        held.delta.eat(view, count * ratio, sign)
    return FormedSpread(spread.priority, "A" if orientation == {1} else "B", count, credits)


def _inter_view(held: Held, number: str) -> list[int]:
    if number == "":
        return list(held.delta.rem)
    tier = next(tier for tier in held.commodity.inter_tiers if tier.number == number)
    return held.delta.tier(tier)
