"""The jobs of `novate margin`: files in, exact results out.

parameters, positions, policy --Margining--> AccountRisk per account
trades                        --what_if-----> before and after, per account or per candidate
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from novate.clearing.margin.span.batch import BatchMargin
from novate.clearing.margin.span.contracts import ContractIndex
from novate.clearing.margin.span.policy import Policy, policy_of
from novate.clearing.margin.span.problems import SpanProblem
from novate.clearing.margin.span.requirement import SpanMargin
from novate.clearing.margin.span.result import AccountRisk, Figures
from novate.clearing.margin.span.tables import Tables
from novate.domain.units import INT64_MAX
from novate.gateway.span.positions import Portfolios, read_positions, read_trades
from novate.gateway.span.stored import open_parameters

MANY = 2000
"""Accounts from which the batch is worth its kernels and tables."""


@dataclass(frozen=True, slots=True)
class Change:
    """Margin of an account before and after trades that nobody has made yet."""

    name: str
    """The account, or the candidate by its line in the file."""
    before: AccountRisk
    after: AccountRisk


class Margining:
    """One parameter file under one policy, ready for portfolios."""

    def __init__(self, params: Path, policy: Policy, cached: bool = True) -> None:
        self.parameters = open_parameters(params, policy, cached)
        try:
            self.tables = Tables(self.parameters, policy)
        except SpanProblem as problem:
            raise problem.within(str(params)) from None
        self.index = ContractIndex(self.parameters)
        self.method = SpanMargin(self.tables)

    def portfolios(self, positions: Path) -> Portfolios:
        """The accounts of a positions file."""
        return read_positions(positions, self.index, self.tables)

    def margins(self, portfolios: Portfolios) -> Iterator[AccountRisk]:
        """Margin of each account, in file order."""
        for account, positions in portfolios.items():
            yield self.method.margin(account, positions)

    def totals(self, portfolios: Portfolios, many: int = MANY) -> list[AccountRisk]:
        """Totals of each account, in file order; from `many` accounts on all at once, without commodities."""
        if len(portfolios) < many:
            return list(self.margins(portfolios))
        held = [
            (owner, row, quantity)
            for owner, positions in enumerate(portfolios.values())
            for row, quantity in positions.items()
        ]
        decimals = _decimals(quantity for _, _, quantity in held)
        units = [int(quantity * 10**decimals) for _, _, quantity in held]
        if any(abs(unit) > INT64_MAX for unit in units):
            return list(self.margins(portfolios))
        engine = BatchMargin(self.tables)
        rows = np.array([(owner, row) for owner, row, _ in held], np.int64).reshape(-1, 2)
        book = engine.book(rows[:, 0], rows[:, 1], np.array(units, np.int64), len(portfolios), decimals)
        result = engine.margin(book)
        commodities = self.parameters.commodities
        place = [engine.currencies.index(one.currency) for one in commodities]
        made = [AccountRisk(account) for account in portfolios]
        pairs = {(int(one["account"]), place[int(one["commodity"])]) for one in result.commodities}
        for owner, currency in sorted(pairs):
            figures = Figures(*result.totals[owner, currency].tolist())
            made[owner].totals[engine.currencies[currency]] = figures
        return made

    def decimals(self, risk: AccountRisk) -> dict[str, int]:
        """Minor units of the currencies of a result."""
        return {currency: self.parameters.decimals_of(currency) for currency in risk.totals}

    def what_if(self, portfolios: Portfolios, trades: Path, one_by_one: bool) -> Iterator[Change]:
        """Margin with the trades of a file: of every account with all of its own, those without any included;
        or with each row as a candidate alone."""
        read = read_trades(trades, self.index, self.tables)
        if not one_by_one:
            after = {account: dict(positions) for account, positions in portfolios.items()}
            for account, row, quantity, _ in read:
                after[account] = added(after.get(account, {}), {row: quantity})
            for account, positions in after.items():
                yield self._change(account, account, portfolios.get(account, {}), positions)
            return
        for account, row, quantity, line in read:
            old = portfolios.get(account, {})
            yield self._change(account, f"{account}, line {line}", old, added(old, {row: quantity}))

    def _change(
        self, account: str, name: str, old: Mapping[int, Fraction], after: Mapping[int, Fraction]
    ) -> Change:
        return Change(name, self.method.margin(account, old), self.method.margin(account, after))


def added(positions: Mapping[int, Fraction], trades: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """Net positions after trades; what nets to zero is gone."""
    rows = {**positions, **trades}
    nets = {row: positions.get(row, Fraction(0)) + trades.get(row, Fraction(0)) for row in rows}
    return {row: quantity for row, quantity in nets.items() if quantity}


def _decimals(quantities: Iterable[Fraction]) -> int:
    """Decimals that show every one of these quantities."""
    most = 0
    for quantity in quantities:
        while (quantity * 10**most).denominator != 1:
            most += 1
    return most


def chosen_policy(choices: list[str]) -> Policy:
    """`["rate=2", "spot_after=inter"]` as a policy; UnknownPolicy for what is none."""
    return policy_of(dict(choice.partition("=")[::2] for choice in choices))
