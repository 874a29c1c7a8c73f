"""The jobs of `novate margin fhs` and `novate margin backtest`: files in, exact results out.

rules, prices or returns, positions --HistoricalJob--> AccountHistory per account
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from novate.app.margin_rules import Rules, read_rules
from novate.app.problems import RefusedError
from novate.app.progress import SILENT, Progress
from novate.clearing.margin.coverage import Coverage, Outcome, backtest, first_tested, model_alone
from novate.clearing.margin.historical import AccountHistory, HistoricalMargin, Measure
from novate.clearing.margin.history import History
from novate.clearing.margin.instruments import Instrument
from novate.gateway.margin.histories import PriceHistory, read_prices, read_returns
from novate.gateway.margin.holdings import Holdings, read_holdings


class HistoricalJob:
    """Rules and a history, ready for portfolios."""

    def __init__(self, rules: Path, prices: Path | None, returns: Path | None) -> None:
        self.rules: Rules = read_rules(rules)
        self.source = prices or returns
        read = self._read(prices, returns)
        self.history: History = read.history
        self.instruments: list[Instrument] = self.rules.instruments(read.last)
        self._check_factors()
        self.rows = {one.code: row for row, one in enumerate(self.instruments)}

    def _read(self, prices: Path | None, returns: Path | None) -> PriceHistory:
        if prices is not None:
            return read_prices(prices)
        assert returns is not None  # the command asks for one of the two
        return read_returns(returns)

    def _check_factors(self) -> None:
        for one in self.instruments:
            if one.factor not in self.history.factors:
                factors = ", ".join(self.history.factors[:20])
                found = f"{one.factor} of instrument {one.code}"
                raise RefusedError(
                    f"{self.source}: expected a column for each factor, was no {found}: {factors}"
                )

    def method(self, history: History | None = None) -> HistoricalMargin:
        """The method at the end of a history, by default of the whole."""
        try:
            return HistoricalMargin(
                self.instruments, history or self.history, self.rules.method, self.rules.add_ons
            )
        except ValueError as error:
            raise RefusedError(f"{self.source}: {error}") from error

    def holdings(self, positions: Path) -> Holdings:
        """The accounts of a positions file."""
        return read_holdings(positions, self.rows)

    def margins(self, holdings: Holdings) -> Iterator[AccountHistory]:
        """Margin of each account, in file order."""
        method = self.method()
        for account, positions in holdings.positions.items():
            with self._valued():
                risk = method.margin(account, positions, self.rules.groups_of(holdings.member[account]))
            yield risk

    @contextmanager
    def _valued(self) -> Iterator[None]:
        """Names the rules where a lot of an instrument is worth more than can be counted."""
        try:
            yield
        except ValueError as error:
            raise RefusedError(f"{self.rules.path}: {error}") from error

    def backtest(self, holdings: Holdings, of: str, progress: Progress = SILENT) -> list[Coverage]:
        """Coverage of every account and currency, over all days that have a full lookback before them.

        `of` names a measure, or is empty for the requirement before add-ons.
        """
        rules = self.rules.method
        if of:
            rules = model_alone(rules, Measure(of))
        first, last = first_tested(self.history, rules), len(self.history.days)
        if first >= last:
            expected = f"a history of more than the {first:,} returns that a first requirement needs"
            raise RefusedError(f"{self.source}: expected {expected}, was {last:,}")
        found: dict[tuple[str, str], list[Outcome]] = {}
        days = backtest(self.instruments, self.history, rules, holdings.positions)
        with self._valued():
            for done, outcomes in enumerate(days):
                progress("backtest: days", done, last - first)
                for key, outcome in outcomes.items():
                    found.setdefault(key, []).append(outcome)
        return [Coverage(*key, tuple(outcomes)) for key, outcomes in found.items()]
