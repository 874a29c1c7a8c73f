"""Margin by filtered historical simulation: what the portfolio would have lost on each day of the past.

    returns (factor, day) --scaled to today's volatility--> change of a lot (instrument, day)
    positions             --x change of a lot------------> loss per day, largest first
    the k largest         --value at risk: the k-th; expected shortfall: their mean
                          --over the horizon, x sqrt(days)
                          --blended with a period of stress, floored by the long run, buffered
                          --+ concentration, liquidity, wrong-way add-ons--> requirement

k is (1 - confidence) of the days, rounded up, at least 1. The measures against procyclicality are the three
of the EMIR technical standards (RTS 153/2013, Article 28): a buffer of 25 percent or more that is used up in
a crisis, a weight of 25 percent or more for stressed days, a floor by the volatility of ten years.

A requirement is owed to the house, so every amount is rounded up to a whole minor unit. Cost of a method:
O(factors x days + instruments x days); of an account: O(its instruments x days).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import isqrt, lcm

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.add_ons import AddOn, AddOnRules, add_ons
from novate.clearing.margin.history import History, mean_variance, scaled_returns, volatility
from novate.clearing.margin.instruments import LOT_UNIT, Instrument, lot_changes, rounded_up
from novate.domain.units import INT64_MAX, div_ceil, div_half_up

Int64s = npt.NDArray[np.int64]


class Measure(StrEnum):
    """What is taken of the largest losses."""

    VALUE_AT_RISK = "value-at-risk"
    EXPECTED_SHORTFALL = "expected-shortfall"


@dataclass(frozen=True, slots=True)
class HistoricalRules:
    """The house's choices; shares are exact fractions of 1."""

    confidence: Fraction = Fraction(99, 100)
    measure: Measure = Measure.EXPECTED_SHORTFALL
    decay: Fraction = Fraction(97, 100)
    """Of the variance from day to day; 1 switches the filter off."""
    lookback_days: int = 500
    """Days used, the newest of the history."""
    horizon_days: int = 1
    """Margin period of risk; losses of a day grow by its square root."""
    stress_weight: Fraction = Fraction(0)
    stress_first: str = ""
    stress_last: str = ""
    """ISO dates of the stressed period, both included."""
    floor_days: int = 0
    """Days of the long run whose volatility is the least; 0 for no floor."""
    buffer: Fraction = Fraction(0)
    buffer_used: Fraction = Fraction(0)
    """The share of the buffer that is given up at present, because margin rises in a crisis."""


@dataclass(frozen=True, slots=True)
class TailLoss:
    """One of the k largest losses: the day and the loss in minor units, rounded up."""

    day: str
    loss: int


@dataclass(frozen=True, slots=True)
class HistoricalFigures:
    """One currency of one account, in minor units."""

    decimals: int
    days: int
    tail: tuple[TailLoss, ...]
    """The k largest losses, largest first."""
    value_at_risk: int
    """The k-th largest loss of a day; negative if it is a gain."""
    expected_shortfall: int
    unscaled: int
    """The measure of the same days as they were, without scaling."""
    current: int
    """The measure over the horizon, at least 0."""
    stressed: int
    blended: int
    floor: int
    floored: int
    """The larger of blended and floor."""
    buffer: int
    add_ons: tuple[AddOn, ...]
    requirement: int
    """Floored, buffer and add-ons together."""
    contributions: dict[str, int]
    """By instrument: its part of the mean of the tail; the parts add up but for their rounding."""


@dataclass(slots=True)
class AccountHistory:
    """One account. A currency in which nothing is held is not there."""

    account: str
    totals: dict[str, HistoricalFigures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tail:
    """The k largest of the losses, largest first, and the days that they are of."""

    days: tuple[int, ...]
    losses: tuple[int, ...]
    unit: int
    """Of a loss: how many are a minor unit of money. Everything below is in minor units."""

    def value_at_risk(self) -> Fraction:
        """The smallest of them."""
        return Fraction(self.losses[-1], self.unit)

    def expected_shortfall(self) -> Fraction:
        """Their mean, never below the value at risk."""
        return Fraction(sum(self.losses), len(self.losses) * self.unit)

    def measured(self, measure: Measure) -> Fraction:
        """What the house takes."""
        if measure is Measure.VALUE_AT_RISK:
            return self.value_at_risk()
        return self.expected_shortfall()


def tail_size(days: int, confidence: Fraction) -> int:
    """k: how many of the largest losses count."""
    share = (1 - confidence) * days
    return max(1, div_ceil(share.numerator, share.denominator))


def tail_of(losses: Sequence[int] | Int64s, size: int, unit: int) -> Tail:
    """The `size` largest losses; of equal ones the older first."""
    if isinstance(losses, np.ndarray):
        order = np.argsort(-losses, kind="stable")[:size].tolist()
    else:
        order = sorted(range(len(losses)), key=lambda day: (-losses[day], day))[:size]
    return Tail(tuple(order), tuple(int(losses[day]) for day in order), unit)


class Changes:
    """Change of one lot of every instrument on every day: what a history means for what is held.

    A factor is scaled, and an instrument valued, when somebody is found to hold it.
    """

    def __init__(
        self, instruments: Sequence[Instrument], history: History, decay: Fraction, floors: Mapping[str, int]
    ) -> None:
        self.days = history.days
        self._instruments = instruments
        self._returns = dict(zip(history.factors, history.returns, strict=True))
        self._decay, self._floors = decay, floors
        self._scaled: dict[str, list[int]] = {}
        self._changes: dict[int, tuple[Int64s, int]] = {}

    def of(self, row: int) -> tuple[Int64s, int]:
        """(days,) changes of a lot, and the largest of them in size, at least 1."""
        if row not in self._changes:
            instrument = self._instruments[row]
            name = instrument.factor
            if name not in self._scaled:
                floor = self._floors.get(name, 0)
                self._scaled[name] = scaled_returns(self._returns[name], self._decay, floor)
            changes = lot_changes(instrument, self._scaled[name])
            self._changes[row] = changes, max(int(np.abs(changes).max()), 1)
        return self._changes[row]

    def losses_of(
        self, positions: Mapping[int, Fraction], instruments: Sequence[Instrument], currency: str
    ) -> list[Fraction]:
        """Loss by day of what is held in one currency, in minor units."""
        lots, parts = whole_lots(of_currency(positions, instruments, currency))
        return [Fraction(int(loss), parts * LOT_UNIT) for loss in self.losses(lots)]

    def losses(self, positions: Mapping[int, int]) -> list[int] | Int64s:
        """Loss of a portfolio by day, in the units of a lot's change; exact at any size."""
        held = [(quantity, *self.of(row)) for row, quantity in positions.items()]
        if sum(abs(quantity) * largest for quantity, _, largest in held) > INT64_MAX:
            columns = [(quantity, changes.tolist()) for quantity, changes, _ in held]
            return [-sum(quantity * days[at] for quantity, days in columns) for at in range(len(self.days))]
        total = np.zeros(len(self.days), np.int64)
        for quantity, changes, _ in held:
            total -= quantity * changes
        return total


class HistoricalMargin:
    """Margin by one history under one set of rules. ValueError where the history is too short.

    `margin` and `before_add_ons` raise ValueError for amounts of one lot that 64 bits do not hold.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        history: History,
        rules: HistoricalRules,
        add_on_rules: AddOnRules | None = None,
    ) -> None:
        self.instruments = tuple(instruments)
        self.rules = rules
        self.add_on_rules = add_on_rules
        count = len(history.days)
        needed = max(rules.lookback_days, rules.floor_days)
        if count < needed:
            raise ValueError(f"expected a history of at least {needed:,} returns, was {count:,}")
        recent = history.window(count - rules.lookback_days, count)
        plain = Fraction(1)
        self._current = Changes(instruments, recent, rules.decay, {})
        self._recent = recent
        self._stressed = self._floor = None
        if rules.stress_weight:
            period = history.between(rules.stress_first, rules.stress_last)
            if not period.days:
                found = f"no return from {rules.stress_first} to {rules.stress_last}"
                raise ValueError(f"expected a stressed period inside the history, was {found}")
            self._stressed = Changes(instruments, period, plain, {})
        if rules.floor_days:
            long_run = history.window(count - rules.floor_days, count)
            floors = {
                name: volatility(mean_variance(returns))
                for name, returns in zip(long_run.factors, long_run.returns, strict=True)
            }
            self._floor = Changes(instruments, recent, rules.decay, floors)

    def margin(
        self, account: str, positions: Mapping[int, Fraction], groups: frozenset[str] = frozenset()
    ) -> AccountHistory:
        """Margin of net quantities by row of `instruments`.

        `groups` are the issuers whose failure would come with the holder's own (itself and its affiliates).
        """
        result = AccountHistory(account)
        for currency in self._currencies(positions):
            held = of_currency(positions, self.instruments, currency)
            result.totals[currency] = self._figures(held, groups)
        return result

    def largest_change(self) -> int:
        """What one lot of anything gains or loses at most, in 10**-6 minor units; values everything now.

        ValueError for amounts of one lot that 64 bits do not hold.
        """
        used = [one for one in (self._current, self._stressed, self._floor) if one is not None]
        rows = range(len(self.instruments))
        return max((one.of(row)[1] for one in used for row in rows), default=0)

    def before_add_ons(self, positions: Mapping[int, Fraction]) -> dict[str, int]:
        """By currency: the requirement without add-ons, and without the breakdown."""
        made = {}
        for currency in self._currencies(positions):
            lots, parts = whole_lots(of_currency(positions, self.instruments, currency))
            unit = LOT_UNIT * parts
            loss = self._measure(self._current, lots, unit)
            made[currency] = sum(self._dampened(over_horizon(loss, self.rules.horizon_days), lots, unit)[-2:])
        return made

    def _currencies(self, positions: Mapping[int, Fraction]) -> list[str]:
        return sorted({self.instruments[row].currency for row, quantity in positions.items() if quantity})

    @cached_property
    def _unscaled(self) -> Changes:
        return Changes(self.instruments, self._recent, Fraction(1), {})

    def _figures(self, held: Mapping[int, Fraction], groups: frozenset[str]) -> HistoricalFigures:
        lots, parts = whole_lots(held)
        unit = LOT_UNIT * parts
        losses = self._current.losses(lots)
        tail = tail_of(losses, tail_size(len(losses), self.rules.confidence), unit)
        current = over_horizon(tail.measured(self.rules.measure), self.rules.horizon_days)
        stressed, blended, floor, floored, buffer = self._dampened(current, lots, unit)
        charges: tuple[AddOn, ...] = ()
        if self.add_on_rules is not None:
            sizes = [(self.instruments[row], quantity) for row, quantity in held.items()]
            charges = add_ons(sizes, groups, self.add_on_rules, self.rules.horizon_days)
        return HistoricalFigures(
            decimals=self.instruments[next(iter(held))].decimals,
            days=len(losses),
            tail=tuple(
                TailLoss(self._current.days[day], div_ceil(loss, unit))
                for day, loss in zip(tail.days, tail.losses, strict=True)
            ),
            value_at_risk=rounded_up(tail.value_at_risk()),
            expected_shortfall=rounded_up(tail.expected_shortfall()),
            unscaled=rounded_up(self._measure(self._unscaled, lots, unit)),
            current=current,
            stressed=stressed,
            blended=blended,
            floor=floor,
            floored=floored,
            buffer=buffer,
            add_ons=charges,
            requirement=floored + buffer + sum(one.charge for one in charges),
            contributions=self._contributions(lots, tail, unit),
        )

    def _dampened(self, current: int, lots: Mapping[int, int], unit: int) -> tuple[int, int, int, int, int]:
        """Stressed, blended, floor, floored, buffer: the measures against procyclicality."""
        rules = self.rules
        stressed, blended, floor = 0, current, 0
        if self._stressed is not None:
            stressed = over_horizon(self._measure(self._stressed, lots, unit), rules.horizon_days)
            weight = rules.stress_weight
            blended = rounded_up((1 - weight) * current + weight * stressed)
        if self._floor is not None:
            floor = over_horizon(self._measure(self._floor, lots, unit), rules.horizon_days)
        floored = max(blended, floor)
        return stressed, blended, floor, floored, rounded_up(floored * rules.buffer * (1 - rules.buffer_used))

    def _measure(self, changes: Changes, lots: Mapping[int, int], unit: int) -> Fraction:
        losses = changes.losses(lots)
        size = tail_size(len(losses), self.rules.confidence)
        return tail_of(losses, size, unit).measured(self.rules.measure)

    def _contributions(self, lots: Mapping[int, int], tail: Tail, unit: int) -> dict[str, int]:
        made = {}
        for row, quantity in lots.items():
            changes, _ = self._current.of(row)
            lost = -quantity * sum(int(changes[day]) for day in tail.days)
            made[self.instruments[row].code] = div_half_up(lost, unit * len(tail.days))
        return made


def of_currency(
    positions: Mapping[int, Fraction], instruments: Sequence[Instrument], currency: str
) -> dict[int, Fraction]:
    """What is held in instruments of a currency, by row, ascending."""
    return {
        row: Fraction(quantity)
        for row, quantity in sorted(positions.items())
        if quantity and instruments[row].currency == currency
    }


def whole_lots(positions: Mapping[int, Fraction]) -> tuple[dict[int, int], int]:
    """Quantities as whole numbers of the parts of a lot, and how many parts a lot has."""
    parts = lcm(*(quantity.denominator for quantity in positions.values()))
    return {row: int(quantity * parts) for row, quantity in positions.items()}, parts


def over_horizon(loss: Fraction, days: int) -> int:
    """A day's loss over several days by the square root of time, at least 0, rounded up to a whole unit."""
    if loss <= 0:
        return 0
    square = loss * loss * days
    # The least n with n^2 >= p / q is the least with n^2 >= ceil(p / q), because n is whole.
    return isqrt(div_ceil(square.numerator, square.denominator) - 1) + 1
