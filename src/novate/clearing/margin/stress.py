"""Stress scenarios over all members at once.

    Scenario  moves of risk factors  --lot_changes-->  change of a lot (instrument, scenario)
    accounts of members              --one kernel--->  loss (account, scenario), over (member, scenario)

A scenario names factors, or instruments where one of them moves on its own; what it does not name moves by
`other`. Instruments come in the money of the house, so that all losses can be added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.stress import stress_members
from novate.clearing.margin.instruments import LOT_UNIT, Instrument, lot_changes

Int64s = npt.NDArray[np.int64]
LARGEST_SUM = 2**62
MOST_CELLS = 100_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """Relative moves in 10**-12."""

    name: str
    moves: Mapping[str, int]
    """By instrument or risk factor; an instrument's own entry comes first."""
    other: int = 0
    volatility: int = 0
    """Of the volatilities of options."""

    def move_of(self, instrument: Instrument) -> int:
        """By how much the factor of an instrument moves."""
        own = self.moves.get(instrument.code)
        return self.moves.get(instrument.factor, self.other) if own is None else own


@dataclass(frozen=True, slots=True)
class StressedAccount:
    """An account as a scenario finds it; collateral in minor units of the house's currency."""

    name: str
    member: str
    is_house: bool
    positions: Mapping[int, Fraction]
    collateral: int


@dataclass(frozen=True, slots=True)
class Stress:
    """What every scenario does, in minor units of the house's currency, rounded up."""

    scenarios: tuple[str, ...]
    accounts: tuple[StressedAccount, ...]
    members: tuple[str, ...]
    loss: Int64s
    """(accounts, scenarios); a gain is negative."""
    over: Int64s
    """(members, scenarios): what collateral does not cover, at least 0."""

    def over_by(self, group: Mapping[str, str]) -> dict[str, list[int]]:
        """The same by group of members, which fail together; a member without one is its own."""
        made: dict[str, list[int]] = {}
        for row, member in enumerate(self.members):
            name = group.get(member, member)
            sums = made.setdefault(name, [0] * len(self.scenarios))
            made[name] = [had + int(one) for had, one in zip(sums, self.over[row], strict=True)]
        return made


def in_house_money(instrument: Instrument, rate: Fraction, decimals: int) -> Instrument:
    """The same instrument with its values in the house's currency at `rate` of it for one of its own."""
    return replace(instrument, multiplier=instrument.multiplier * rate, decimals=decimals)


def stress(
    instruments: Sequence[Instrument], accounts: Sequence[StressedAccount], scenarios: Sequence[Scenario]
) -> Stress:
    """All accounts in all scenarios. ValueError for numbers that 64 bits do not hold."""
    if len(accounts) * len(scenarios) > MOST_CELLS:
        found = f"{len(accounts):,} x {len(scenarios):,}"
        raise ValueError(f"expected at most {MOST_CELLS:,} accounts times scenarios, was {found}")
    if sum(one.collateral for one in accounts) >= LARGEST_SUM:
        raise ValueError("expected collateral that 64 bits hold, was more")
    change = changes_of(instruments, scenarios)
    members = tuple(dict.fromkeys(one.member for one in accounts))
    number = {member: row for row, member in enumerate(members)}
    held = [sorted(one.positions.items()) for one in accounts]
    parts = lcm(*(quantity.denominator for positions in held for _, quantity in positions))
    _check_sums(held, change, parts)
    rows = [(row, int(quantity * parts)) for positions in held for row, quantity in positions]
    flat = np.array(rows, np.int64).reshape(-1, 2)
    loss = np.zeros((len(accounts), len(scenarios)), np.int64)
    over = np.zeros((len(members), len(scenarios)), np.int64)
    stress_members(
        np.concatenate([[0], np.cumsum([len(positions) for positions in held])]).astype(np.int64),
        np.ascontiguousarray(flat[:, 0]),
        np.ascontiguousarray(flat[:, 1]),
        change,
        LOT_UNIT * parts,
        np.array([one.collateral for one in accounts], np.int64),
        np.array([one.is_house for one in accounts], np.bool_),
        np.array([number[one.member] for one in accounts], np.int64),
        loss,
        over,
    )
    return Stress(tuple(one.name for one in scenarios), tuple(accounts), members, loss, over)


def changes_of(instruments: Sequence[Instrument], scenarios: Sequence[Scenario]) -> Int64s:
    """(instruments, scenarios) change of one lot in 10**-6 minor units."""
    made = np.zeros((len(instruments), len(scenarios)), np.int64)
    volatile = [one.volatility for one in scenarios]
    for row, instrument in enumerate(instruments):
        made[row] = lot_changes(instrument, [one.move_of(instrument) for one in scenarios], volatile)
    return made


def _check_sums(held: Sequence[Sequence[tuple[int, Fraction]]], change: Int64s, parts: int) -> None:
    """Refuse books whose losses could leave 62 bits: the largest loss of each account in any scenario."""
    largest = [max((abs(int(one)) for one in row), default=1) or 1 for row in change]
    if LOT_UNIT * parts >= LARGEST_SUM:
        raise ValueError("expected quantities with fewer decimals, was more than 64 bits hold")
    for positions in held:
        bound = sum(abs(int(quantity * parts)) * largest[row] for row, quantity in positions)
        if bound >= LARGEST_SUM:
            raise ValueError("expected losses of an account that 64 bits hold, was more")
