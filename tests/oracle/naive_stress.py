"""The naive twin of the stress kernel: one account, one scenario, one position at a time, in fractions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from novate.clearing.margin.stress import StressedAccount

Table = dict[tuple[str, int], int]


def losses(accounts: Sequence[StressedAccount], change: Sequence[Sequence[Fraction]]) -> Table:
    """By account and scenario: the loss in whole minor units, rounded up; `change` is that of a lot."""
    return {
        (one.name, scenario): math.ceil(
            -sum(quantity * change[row][scenario] for row, quantity in one.positions.items())
        )
        for one in accounts
        for scenario in range(len(change[0]))
    }


def over_margin(accounts: Sequence[StressedAccount], lost: Table, scenarios: int) -> Table:
    """By member and scenario: what its collateral does not cover."""
    made = {}
    for member in {one.member for one in accounts}:
        mine = [one for one in accounts if one.member == member]
        for scenario in range(scenarios):
            clients = sum(
                max(0, lost[one.name, scenario] - one.collateral) for one in mine if not one.is_house
            )
            house = sum(lost[one.name, scenario] - one.collateral for one in mine if one.is_house)
            made[member, scenario] = max(0, clients + house)
    return made
