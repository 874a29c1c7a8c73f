"""What must hold for every portfolio, loss and set of layers, by whatever numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.default.drill import DrillAccount, LayerRule, Source, fire_drill
from novate.clearing.default.fund import Cover, contributions, scenario_covers
from novate.clearing.default.waterfall import Layer, Payer, pay, shared
from novate.clearing.margin.historical import (
    AccountHistory,
    HistoricalMargin,
    HistoricalRules,
    Measure,
    over_horizon,
)
from novate.clearing.margin.history import History
from novate.clearing.margin.instruments import LOT_UNIT, Instrument
from novate.clearing.margin.stress import Scenario, StressedAccount, changes_of, stress
from tests.oracle import naive_stress

AMOUNT = st.integers(0, 10**12)
MOVE = st.integers(-(10**12), 3 * 10**11)
QUANTITY = st.fractions(-1000, 1000, max_denominator=8)
PAYERS = st.lists(AMOUNT, max_size=5)
FACTORS = ("A", "B", "C")
INSTRUMENTS = [
    Instrument(name, "EUR", 2, name, Fraction(price), Fraction(multiplier))
    for name, price, multiplier in (("A", "50.25", 100), ("B", "0.0125", 1000), ("C", 1999, 1))
]


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """Margin needs no venue without its compiler, which the other campaigns start."""


def layers_of(amounts: list[list[int]]) -> list[Layer]:
    return [
        Layer(f"layer {at}", tuple(Payer(f"payer {at}.{number}", one) for number, one in enumerate(payers)))
        for at, payers in enumerate(amounts)
    ]


@settings(deadline=None)
@given(AMOUNT, st.lists(PAYERS, max_size=6))
def test_payments_and_shortfall_are_the_loss(loss: int, amounts: list[list[int]]) -> None:
    found = pay(loss, layers_of(amounts))
    assert sum(one.paid for one in found.payments) + found.shortfall == loss
    for one in found.payments:
        assert sum(one.shares) == one.paid
        assert all(
            0 <= share <= payer.available for payer, share in zip(one.layer.payers, one.shares, strict=True)
        )
    used_up = [one.paid == one.layer.available for one in found.payments]
    for at, one in enumerate(found.payments):
        assert not one.paid or all(used_up[:at]), "a layer pays only when those before it are empty"
    assert not found.shortfall or all(used_up)


@settings(deadline=None)
@given(AMOUNT, AMOUNT, st.lists(PAYERS, max_size=6))
def test_a_larger_loss_takes_no_less_from_any_layer(loss: int, more: int, amounts: list[list[int]]) -> None:
    small, large = pay(loss, layers_of(amounts)), pay(loss + more, layers_of(amounts))
    for one, other in zip(small.payments, large.payments, strict=True):
        assert one.paid <= other.paid
    assert small.shortfall <= large.shortfall


@settings(deadline=None)
@given(AMOUNT, st.lists(PAYERS, min_size=1, max_size=6), AMOUNT)
def test_a_larger_layer_spares_those_below_it(loss: int, amounts: list[list[int]], more: int) -> None:
    large = [[*amounts[0], more], *amounts[1:]]
    before, after = pay(loss, layers_of(amounts)), pay(loss, layers_of(large))
    for one, other in zip(before.payments[1:], after.payments[1:], strict=True):
        assert other.paid <= one.paid
    assert after.shortfall <= before.shortfall


@settings(deadline=None)
@given(st.lists(AMOUNT, max_size=6), st.data())
def test_shares_add_up_and_are_within_one_of_their_proportion(
    weights: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, 2 * sum(weights)))
    shares = shared(amount, weights)
    assert sum(shares) == (amount if sum(weights) else 0)
    for share, weight in zip(shares, weights, strict=True):
        assert not sum(weights) or abs(share - Fraction(amount * weight, sum(weights))) < 1


@settings(deadline=None)
@given(AMOUNT, st.lists(AMOUNT, min_size=1, max_size=6), st.integers(0, 10**6))
def test_a_fund_is_never_smaller_than_asked(size: int, weights: list[int], minimum: int) -> None:
    made = contributions(size, {f"M{at}": one for at, one in enumerate(weights)}, minimum)
    assert sum(made.values()) >= size
    assert all(one >= minimum for one in made.values())


@settings(deadline=None)
@given(st.lists(st.lists(AMOUNT, min_size=3, max_size=3), min_size=1, max_size=6))
def test_covers_are_ordered_and_within_a_scenario(rows: list[list[int]]) -> None:
    over = {f"M{at}": row for at, row in enumerate(rows)}
    for column, one in enumerate(scenario_covers(["a", "b", "c"], over)):
        losses = [*sorted((row[column] for row in rows), reverse=True), 0, 0]
        assert one.needed(Cover.COVER_1) == losses[0]
        assert one.needed(Cover.COVER_2) == losses[0] + losses[1]
        assert one.needed(Cover.COVER_1) <= one.needed(Cover.EMIR_42) <= one.needed(Cover.COVER_2)


HISTORIES = st.integers(2, 30).flatmap(
    lambda days: st.lists(
        st.lists(st.integers(-(10**11), 10**11), min_size=days, max_size=days), min_size=3, max_size=3
    )
)
POSITIONS = st.dictionaries(st.integers(0, 2), QUANTITY, max_size=3)


def margined(returns: list[list[int]], positions: dict[int, Fraction], **rules: Any) -> AccountHistory:
    days = tuple(f"2026-01-{day + 1:02d}" for day in range(len(returns[0])))
    history = History(days, FACTORS, tuple(map(tuple, returns)))
    chosen = HistoricalRules(confidence=Fraction(9, 10), lookback_days=len(days))
    return HistoricalMargin(INSTRUMENTS, history, replace(chosen, **rules)).margin("A", positions)


@settings(deadline=None, max_examples=60)
@given(HISTORIES, POSITIONS)
def test_the_shortfall_is_never_below_the_value_at_risk(
    returns: list[list[int]], positions: dict[int, Fraction]
) -> None:
    for one in margined(returns, positions).totals.values():
        assert one.expected_shortfall >= one.value_at_risk
        assert one.tail[0].loss >= one.expected_shortfall
        assert one.requirement >= 0


@settings(deadline=None, max_examples=60)
@given(HISTORIES, POSITIONS, st.integers(1, 1000))
def test_k_times_the_portfolio_needs_k_times_the_margin(
    returns: list[list[int]], positions: dict[int, Fraction], factor: int
) -> None:
    once = margined(returns, positions).totals
    often = margined(returns, {row: factor * quantity for row, quantity in positions.items()}).totals
    for currency, one in once.items():
        # Both are the least whole amount that is enough, so k times the first is at most k too large.
        assert 0 <= factor * one.requirement - often[currency].requirement < factor or one.requirement == 0


@settings(deadline=None, max_examples=60)
@given(HISTORIES, POSITIONS, POSITIONS)
def test_expected_shortfall_of_two_portfolios_together_is_at_most_their_sum(
    returns: list[list[int]], first: dict[int, Fraction], second: dict[int, Fraction]
) -> None:
    both = {row: first.get(row, Fraction(0)) + second.get(row, Fraction(0)) for row in {**first, **second}}
    alone = [margined(returns, one).totals.get("EUR") for one in (first, second)]
    together = margined(returns, both).totals.get("EUR")
    if together is not None:
        assert together.requirement <= sum(one.requirement for one in alone if one is not None)


@settings(deadline=None, max_examples=40)
@given(HISTORIES, POSITIONS)
def test_the_house_asks_for_more_with_each_measure_against_procyclicality(
    returns: list[list[int]], positions: dict[int, Fraction]
) -> None:
    plain = margined(returns, positions).totals
    floored = margined(returns, positions, floor_days=len(returns[0])).totals
    buffered = margined(returns, positions, buffer=Fraction(1, 4)).totals
    for currency, one in plain.items():
        assert floored[currency].requirement >= one.requirement
        assert buffered[currency].requirement == one.requirement + -(-one.requirement // 4)


@settings(deadline=None)
@given(st.fractions(-(10**9), 10**9), st.integers(1, 100))
def test_a_horizon_is_rounded_up_to_the_next_unit(loss: Fraction, days: int) -> None:
    found = over_horizon(loss, days)
    if loss <= 0:
        assert found == 0
    else:
        assert (found - 1) ** 2 < loss * loss * days <= found**2


ACCOUNTS = st.lists(
    st.tuples(st.integers(0, 3), st.booleans(), POSITIONS, st.integers(0, 10**8)), min_size=1, max_size=8
)
SCENARIOS = st.lists(st.tuples(MOVE, MOVE, MOVE), min_size=1, max_size=4)


def stressed(rows: list[tuple[int, bool, dict[int, Fraction], int]]) -> list[StressedAccount]:
    return [
        StressedAccount(f"A{at}", f"M{member}", is_house, positions, collateral)
        for at, (member, is_house, positions, collateral) in enumerate(rows)
    ]


def scenarios_of(moves: list[tuple[int, int, int]]) -> list[Scenario]:
    return [Scenario(str(at), dict(zip(FACTORS, one, strict=True)), 0, 0) for at, one in enumerate(moves)]


@settings(deadline=None, max_examples=80)
@given(ACCOUNTS, SCENARIOS)
def test_the_kernel_equals_its_naive_twin(
    rows: list[tuple[int, bool, dict[int, Fraction], int]], moves: list[tuple[int, int, int]]
) -> None:
    accounts, scenarios = stressed(rows), scenarios_of(moves)
    found = stress(INSTRUMENTS, accounts, scenarios)
    change = [[Fraction(int(one), LOT_UNIT) for one in row] for row in changes_of(INSTRUMENTS, scenarios)]
    losses = naive_stress.losses(accounts, change)
    over = naive_stress.over_margin(accounts, losses, len(scenarios))
    for scenario in range(len(scenarios)):
        for row, account in enumerate(accounts):
            assert found.loss[row, scenario] == losses[account.name, scenario]
        for row, member in enumerate(found.members):
            assert found.over[row, scenario] == over[member, scenario]


@settings(deadline=None, max_examples=80)
@given(ACCOUNTS, SCENARIOS)
def test_a_drill_leaves_to_the_layers_what_stress_says_is_over_margin(
    rows: list[tuple[int, bool, dict[int, Fraction], int]], moves: list[tuple[int, int, int]]
) -> None:
    accounts, (scenario, *_) = stressed(rows), scenarios_of(moves)
    found = stress(INSTRUMENTS, accounts, [scenario])
    ends = [
        DrillAccount(one.name, one.member, one.is_house, one.collateral, int(found.loss[row, 0]))
        for row, one in enumerate(accounts)
    ]
    for row, member in enumerate(found.members):
        drill = fire_drill(ends, {}, [member], [LayerRule("margin", Source.MARGIN)])
        assert drill.waterfall.shortfall == found.over[row, 0]
        assert all(left >= 0 for left in drill.collateral_left.values())


def test_measures_are_taken_of_the_same_days() -> None:
    returns = [[-(10**10), 2 * 10**10, -3 * 10**10, 0], [0] * 4, [0] * 4]
    value_at_risk = margined(returns, {0: Fraction(1)}, measure=Measure.VALUE_AT_RISK).totals["EUR"]
    shortfall = margined(returns, {0: Fraction(1)}, confidence=Fraction(1, 2)).totals["EUR"]
    assert value_at_risk.tail[0] == shortfall.tail[0]
    assert [one.day for one in shortfall.tail] == ["2026-01-03", "2026-01-01"]
