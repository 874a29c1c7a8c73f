"""The jobs of `novate margin stress` and `novate margin fire-drill`: files in, values out, nothing written.

rules, positions, collateral (or a history), fund  --DefaultJob--> stressed accounts
    all scenarios  --StressReport-->  losses over margin, covers, contributions
    one scenario   --Drill--------->  layers consumed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from novate.app.margin_history import HistoricalJob
from novate.app.margin_rules import Rules, amount_of, layer_rules, read_rules, scenarios_of
from novate.app.problems import RefusedError
from novate.clearing.default.drill import Drill, DrillAccount, LayerRule, Source, fire_drill
from novate.clearing.default.fund import Cover, ScenarioCover, contributions, scenario_covers, worst
from novate.clearing.margin.history import RETURN_UNIT
from novate.clearing.margin.stress import Scenario, Stress, StressedAccount, in_house_money, stress
from novate.domain.units import div_half_up
from novate.gateway.margin.holdings import (
    read_collateral,
    read_fund,
    read_holdings,
    read_stress_prices,
)
from novate.reports.default_page import StressPicture


@dataclass(frozen=True, slots=True)
class DefaultFiles:
    """What the two commands are given; the collateral is that of a file, or the margin of a history."""

    rules: Path
    positions: Path
    collateral: Path | None = None
    fund: Path | None = None
    prices: Path | None = None
    returns: Path | None = None


@dataclass(frozen=True, slots=True)
class CoverLine:
    """One rule: what it asks for, in which scenario, of whom, and what there is."""

    cover: Cover
    worst: ScenarioCover
    needed: int
    resources: int
    """The default fund; for cover-2 also the house's own layers."""


@dataclass(frozen=True, slots=True)
class StressReport:
    """All scenarios, the covers over them, and a fund of the size that the house's rule asks for."""

    currency: str
    decimals: int
    stress: Stress
    covers: tuple[ScenarioCover, ...]
    lines: tuple[CoverLine, ...]
    cover: Cover
    """The one that the house has chosen."""
    contributions: Mapping[str, int]
    sized: Mapping[str, int]

    @property
    def chosen(self) -> CoverLine:
        """The line of the house's own rule."""
        return next(line for line in self.lines if line.cover is self.cover)

    def picture(self) -> StressPicture:
        """What the run comes to by the house's rule."""
        line = self.chosen
        resources = line.resources if sum(self.contributions.values()) else 0
        return StressPicture(self.currency, self.decimals, self.cover, line.worst, resources)

    @property
    def is_breached(self) -> bool:
        """Whether there is a fund and it is too small."""
        return bool(sum(self.contributions.values())) and self.chosen.resources < self.chosen.needed


class DefaultJob:
    """Members with positions, collateral and contributions, in the money of the house."""

    def __init__(self, files: DefaultFiles) -> None:
        self.files = files
        history = None
        if files.prices is not None or files.returns is not None:
            history = HistoricalJob(files.rules, files.prices, files.returns)
            self.rules: Rules = history.rules
            self.own = history.instruments
        else:
            self.rules = read_rules(files.rules)
            self.own = self.rules.instruments({})
        self.currency, self.decimals = self.rules.house_currency()
        self.rates = {name: self.rules.rate_of(name) for name in self.rules.file.currencies}
        self.instruments = [in_house_money(one, self.rates[one.currency], self.decimals) for one in self.own]
        self.holdings = read_holdings(files.positions, {one.code: row for row, one in enumerate(self.own)})
        held = self._collateral(history)
        self.accounts = [
            StressedAccount(
                name, self.holdings.member[name], name in self.holdings.house, positions, held.get(name, 0)
            )
            for name, positions in self.holdings.positions.items()
        ]
        self.contributions = self._contributions()

    def _collateral(self, history: HistoricalJob | None) -> dict[str, int]:
        """Minor units of the house by account; what is not the house's currency is rounded down."""
        if self.files.collateral is not None:
            by_currency = read_collateral(self.files.collateral, self.rules.file.currencies)
            unknown = [name for name in by_currency if name not in self.holdings.positions]
            if unknown:
                expected = "accounts of the positions file"
                raise RefusedError(
                    f"{self.files.collateral}: expected {expected}, was {', '.join(unknown[:20])}"
                )
        elif history is not None:
            by_currency = {
                one.account: {name: total.requirement for name, total in one.totals.items()}
                for one in history.margins(self.holdings)
            }
        else:
            by_currency = {}
        return {
            account: sum(self._exchanged(amount, name) for name, amount in amounts.items())
            for account, amounts in by_currency.items()
        }

    def _exchanged(self, amount: int, currency: str) -> int:
        value = (
            amount
            * self.rates[currency]
            * Fraction(10) ** (self.decimals - self.rules.file.currencies[currency])
        )
        return value.numerator // value.denominator

    def _contributions(self) -> dict[str, int]:
        if self.files.fund is not None:
            return read_fund(self.files.fund, self.decimals)
        return {
            one.code: amount_of(one.contribution, self.decimals, f"member {one.code}: contribution")
            for one in self.rules.file.member
        }

    def report(self) -> StressReport:
        """All scenarios of the rules over all members."""
        scenarios = scenarios_of(self.rules, self.own)
        found = self._stressed(scenarios)
        covers = scenario_covers(found.scenarios, found.over_by(self.rules.group))
        fund = sum(self.contributions.values())
        layers = layer_rules(self.rules, self.decimals)
        own = sum(one.amount for one in layers if one.source is Source.HOUSE)
        lines = []
        for cover in Cover:
            most = worst(covers, cover)
            resources = fund + (own if cover is Cover.COVER_2 else 0)
            lines.append(CoverLine(cover, most, most.needed(cover), resources))
        cover = self.rules.file.fund.cover
        minimum = amount_of(self.rules.file.fund.minimum, self.decimals, "fund: minimum")
        needed = next(line.needed for line in lines if line.cover is cover)
        sized = contributions(needed, self._margin_of_members(), minimum)
        return StressReport(
            currency=self.currency,
            decimals=self.decimals,
            stress=found,
            covers=covers,
            lines=tuple(lines),
            cover=cover,
            contributions=self.contributions,
            sized=sized,
        )

    def _margin_of_members(self) -> dict[str, int]:
        made: dict[str, int] = {}
        for one in self.accounts:
            made[one.member] = made.get(one.member, 0) + one.collateral
        return made

    def _stressed(self, scenarios: Sequence[Scenario]) -> Stress:
        try:
            return stress(self.instruments, self.accounts, scenarios)
        except ValueError as error:
            raise RefusedError(f"{self.files.positions}: {error}") from error

    def drill(self, defaulters: Sequence[str], scenario: Scenario, wrong_way: bool = False) -> Drill:
        """Let members fail in a scenario; with `wrong_way` what their groups have issued is worth nothing."""
        failing = [member for name in defaulters for member in self._members_of(name)]
        if wrong_way:
            issuers = frozenset().union(*(self.rules.groups_of(member) for member in failing))
            worthless = {one.code: -RETURN_UNIT for one in self.own if one.issuer in issuers}
            scenario = replace(scenario, moves={**scenario.moves, **worthless})
        found = self._stressed([scenario])
        accounts = [
            DrillAccount(one.name, one.member, one.is_house, one.collateral, int(found.loss[row, 0]))
            for row, one in enumerate(self.accounts)
        ]
        rules: list[LayerRule] = layer_rules(self.rules, self.decimals)
        try:
            return fire_drill(accounts, self.contributions, list(dict.fromkeys(failing)), rules)
        except ValueError as error:
            raise RefusedError(f"{self.files.rules}: {error}") from error

    def _members_of(self, name: str) -> list[str]:
        """A member by its own name, or all that have positions of a group by the group's."""
        members = list(dict.fromkeys(one.member for one in self.accounts))
        if name in members:
            return [name]
        grouped = [member for member in members if self.rules.group.get(member) == name]
        if not grouped:
            known = ", ".join(members[:20])
            raise RefusedError(
                f"--defaulter: expected one of the members with positions ({known}) or a group, was {name}"
            )
        return grouped

    def scenario(self, name: str) -> Scenario:
        """A scenario of the rules by its name."""
        found = {one.name: one for one in scenarios_of(self.rules, self.own)}
        if name not in found:
            listed = ", ".join(list(found)[:20]) or "none"
            raise RefusedError(f"{self.files.rules}: expected one of the scenarios {listed}, was {name}")
        return found[name]

    def scenario_of_prices(self, path: Path) -> Scenario:
        """A scenario that takes each risk factor to a price."""
        before: dict[str, Fraction] = {}
        for one in self.own:
            before.setdefault(one.factor, one.price)
        after = read_stress_prices(path, before)
        moves = {}
        for name, price in before.items():
            change = Fraction(after[name] - price, price) * RETURN_UNIT
            moves[name] = div_half_up(change.numerator, change.denominator)
        return Scenario(path.name, moves)
