"""A member's default, played through on copies: what its close-out costs and which layers pay for it.

    accounts of the defaulters  --loss of a scenario-->  gross loss of each account
    each client's collateral pays that client's loss; the house's collateral and gains pay the rest
    what is left  --declared layers, one after the other-->  payments, shortfall

Nothing here is changed: the drill takes values and returns values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from novate.clearing.default.waterfall import Layer, Payer, Waterfall, pay


class Source(StrEnum):
    """Whose money a layer is."""

    MARGIN = "margin"
    """Collateral of the defaulters, and gains of their own house accounts."""
    CONTRIBUTION = "contribution"
    """The defaulters' contributions to the default fund."""
    HOUSE = "house"
    """The clearing house's own resources: an amount."""
    CONTRIBUTIONS = "contributions"
    """The default fund of everybody else."""
    ASSESSMENT = "assessment"
    """What everybody else can be asked for: a multiple of its contribution."""
    GAINS = "gains"
    """What others gain in the scenario, and are paid less of."""


@dataclass(frozen=True, slots=True)
class LayerRule:
    """One declared layer; `amount` is for HOUSE, `multiple` for ASSESSMENT and GAINS (at most so much)."""

    name: str
    source: Source
    amount: int = 0
    multiple: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class DrillAccount:
    """An account at the end of the scenario, in minor units."""

    name: str
    member: str
    is_house: bool
    collateral: int
    loss: int
    """A gain is negative."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What a default costs, and who pays."""

    defaulters: tuple[str, ...]
    waterfall: Waterfall
    collateral_left: Mapping[str, int]
    """By account of a defaulter: what goes back to it, or moves on with a client that is ported."""
    fund_left: Mapping[str, int]
    """By member: what is left of its contribution, before assessments."""


def fire_drill(
    accounts: Sequence[DrillAccount],
    contributions: Mapping[str, int],
    defaulters: Sequence[str],
    rules: Sequence[LayerRule],
) -> Drill:
    """Play a default of one or more members through declared layers.

    ValueError unless MARGIN is the first layer, because a close-out is paid by the defaulter's own collateral
    before it is anybody's loss, and for a fund that is declared twice.
    """
    if (
        not rules
        or rules[0].source is not Source.MARGIN
        or any(one.source is Source.MARGIN for one in rules[1:])
    ):
        raise ValueError("expected the layer of source margin first and once, was another order")
    sources = [one.source for one in rules if one.source is not Source.HOUSE]
    twice = next((one for at, one in enumerate(sources) if one in sources[:at]), None)
    if twice is not None:
        raise ValueError(f"expected one layer of source {twice.value}, was a second")
    gross = 0
    used: dict[str, int] = {}
    gained: dict[str, int] = {}
    for member in defaulters:
        mine = [one for one in accounts if one.member == member]
        loss, gains = _own_resources(mine, used)
        gross += loss
        if gains:
            gained[member] = gains
    margin = [Payer(name, amount) for name, amount in used.items()]
    margin += [Payer(f"gains of {name}", amount) for name, amount in gained.items()]
    layers = [Layer(rules[0].name, tuple(margin))]
    layers += [_layer(rule, accounts, contributions, frozenset(defaulters)) for rule in rules[1:]]
    waterfall = pay(gross, layers)
    held = {one.name: one.collateral for one in accounts}
    return Drill(
        tuple(defaulters),
        waterfall,
        {name: held[name] - amount for name, amount in used.items()},
        _fund_left(contributions, rules, waterfall),
    )


def _fund_left(
    contributions: Mapping[str, int], rules: Sequence[LayerRule], waterfall: Waterfall
) -> dict[str, int]:
    left = dict(contributions)
    for rule, payment in zip(rules, waterfall.payments, strict=True):
        if rule.source in (Source.CONTRIBUTION, Source.CONTRIBUTIONS):
            for payer, share in zip(payment.layer.payers, payment.shares, strict=True):
                left[payer.name] -= share
    return left


def _own_resources(accounts: Sequence[DrillAccount], used: dict[str, int]) -> tuple[int, int]:
    """Gross loss of a member and the house gains used; what its collateral pays goes to `used`."""
    house = [one for one in accounts if one.is_house]
    clients = [one for one in accounts if not one.is_house]
    house_loss = sum(one.loss for one in house)
    uncovered = max(house_loss, 0)
    gross = uncovered
    for one in clients:
        loss = max(one.loss, 0)
        used[one.name] = min(loss, one.collateral)
        uncovered += loss - used[one.name]
        gross += loss
    gains = min(uncovered, max(-house_loss, 0))
    uncovered -= gains
    for one in house:
        used[one.name] = min(uncovered, one.collateral)
        uncovered -= used[one.name]
    return gross, gains


def _layer(
    rule: LayerRule,
    accounts: Sequence[DrillAccount],
    contributions: Mapping[str, int],
    defaulters: frozenset[str],
) -> Layer:
    if rule.source is Source.HOUSE:
        return Layer(rule.name, (Payer("clearing house", rule.amount),))
    if rule.source is Source.GAINS:
        gains = [
            Payer(one.name, _part(-one.loss, rule.multiple))
            for one in accounts
            if one.loss < 0 and one.member not in defaulters
        ]
        return Layer(rule.name, tuple(gains))
    fails = rule.source is Source.CONTRIBUTION
    multiple = rule.multiple if rule.source is Source.ASSESSMENT else Fraction(1)
    payers = [
        Payer(member, _part(amount, multiple))
        for member, amount in contributions.items()
        if (member in defaulters) == fails
    ]
    return Layer(rule.name, tuple(payers))


def _part(amount: int, share: Fraction) -> int:
    """A share of an amount, rounded down: nobody is asked for more than the rule says."""
    return amount * share.numerator // share.denominator
