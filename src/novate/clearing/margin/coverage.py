"""Backtest of a method: on how many days would an account have lost more than it had to leave?

    day            t       t + 1    t + 2
    requirement    R(t) made of the days up to t, for positions that stay as they are
    loss           what the day after takes                 exception: loss above R(t)

Nothing of a day is known to the requirement that is tested on it. The requirement is that of one day, with
what tames procyclicality and without add-ons, because those stand for more than a day's loss of value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from novate.clearing.margin.historical import Changes, HistoricalMargin, HistoricalRules, Measure
from novate.clearing.margin.history import History
from novate.clearing.margin.instruments import Instrument, rounded_up


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was charged for one day, and what was lost on it; a gain is negative."""

    day: str
    requirement: Fraction
    loss: Fraction

    @property
    def is_exception(self) -> bool:
        """Whether the requirement did not cover the loss."""
        return self.loss > self.requirement


@dataclass(frozen=True, slots=True)
class Coverage:
    """The outcomes of one account in one currency, oldest first."""

    account: str
    currency: str
    outcomes: tuple[Outcome, ...]

    @property
    def hits(self) -> tuple[bool, ...]:
        """Of each day, whether it was an exception."""
        return tuple(one.is_exception for one in self.outcomes)

    @property
    def exceptions(self) -> tuple[Outcome, ...]:
        """The days that were not covered."""
        return tuple(one for one in self.outcomes if one.is_exception)


def first_tested(history: History, rules: HistoricalRules) -> int:
    """The first day with a full lookback and long run before it, and the stressed period if one is used."""
    first = max(rules.lookback_days, rules.floor_days)
    if rules.stress_weight:
        first = max(first, sum(day <= rules.stress_last for day in history.days))
    return first


def model_alone(rules: HistoricalRules, measure: Measure) -> HistoricalRules:
    """The same model without what tames procyclicality: coverage of a value at risk is exactly asked for."""
    zero = Fraction(0)
    return replace(rules, measure=measure, stress_weight=zero, floor_days=0, buffer=zero)


def backtest(
    instruments: Iterable[Instrument],
    history: History,
    rules: HistoricalRules,
    accounts: Mapping[str, Mapping[int, Fraction]],
) -> Iterator[dict[tuple[str, str], Outcome]]:
    """Day by day, from `first_tested` on: the outcome of each account and currency in which it holds."""
    held = tuple(instruments)
    of_a_day = replace(rules, horizon_days=1)
    realised = Changes(held, history, Fraction(1), {})
    losses = {
        (account, currency): realised.losses_of(positions, held, currency)
        for account, positions in accounts.items()
        for currency in sorted({held[row].currency for row in positions})
    }
    for day in range(first_tested(history, rules), len(history.days)):
        method = HistoricalMargin(held, history.window(0, day), of_a_day)
        made = {}
        for account, positions in accounts.items():
            for currency, charged in method.before_add_ons(positions).items():
                # A loss is rounded up like the requirement, or equal ones would differ by the rounding.
                loss = rounded_up(losses[account, currency][day])
                made[account, currency] = Outcome(history.days[day], Fraction(charged), Fraction(loss))
        yield made
