"""Add-ons and options of the historical method, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from novate.app.margin import Margining
from novate.clearing.margin.add_ons import AddOnKind, AddOnRules, Bracket, add_ons
from novate.clearing.margin.historical import HistoricalMargin, HistoricalRules
from novate.clearing.margin.history import RETURN_UNIT, History
from novate.clearing.margin.instruments import LOT_UNIT, Instrument, lot_changes
from novate.clearing.margin.method import MarginMethod
from novate.clearing.margin.pricing.options_kernel import BSM, CALL, PUT
from novate.clearing.margin.pricing.revaluation import OptionTerms
from novate.clearing.margin.span.policy import STANDARD
from novate.clearing.margin.stress import Scenario, StressedAccount, stress

STOCK = Instrument(
    "ACME", "EUR", 2, "ACME", Fraction(50), issuer="ACME", daily_volume=Fraction(1000), bid_ask=Fraction(1, 5)
)
BRACKETS = (Bracket(Fraction(1), Fraction(1, 100)), Bracket(Fraction(3), Fraction(5, 100)))


def option(side: int, strike: float = 50.0, vol: float = 0.3) -> Instrument:
    terms = OptionTerms(BSM, side, strike, vol, 0.5)
    return Instrument("OPT", "EUR", 2, "ACME", Fraction(50), Fraction(100), terms, issuer="ACME")


def charges(instrument: Instrument, quantity: int, rules: AddOnRules, *groups: str) -> dict[AddOnKind, int]:
    found = add_ons([(instrument, Fraction(quantity))], frozenset(groups), rules, 2)
    return {one.kind: one.charge for one in found}


@pytest.mark.parametrize(
    ("quantity", "charge"),
    [
        (1000, 0),
        # Two days: 1,000 lots of 50.00 above the first, at 1 percent.
        (2000, 50_000),
        (-2000, 50_000),
        # Four days: 2,000 lots at 1 percent, 1,000 at 5 percent.
        (4000, 100_000 + 250_000),
    ],
)
def test_concentration_is_charged_by_brackets_of_days(quantity: int, charge: int) -> None:
    found = charges(STOCK, quantity, AddOnRules(brackets=BRACKETS))
    assert found == ({AddOnKind.CONCENTRATION: charge} if charge else {})


def test_liquidity_is_the_width_of_the_market_for_each_day_of_the_horizon() -> None:
    rules = AddOnRules(charges_liquidity=True)
    assert charges(STOCK, -30, rules) == {AddOnKind.LIQUIDITY: 30 * 20 * 2}


def test_own_issues_are_charged_in_full_and_only_where_they_would_lose() -> None:
    rules = AddOnRules(wrong_way_rate=Fraction(1))
    assert charges(STOCK, 10, rules, "ACME", "OTHER") == {AddOnKind.WRONG_WAY: 50_000}
    assert charges(STOCK, -10, rules, "ACME") == {}
    assert charges(STOCK, 10, rules, "OTHER") == {}
    # A put sold on oneself pays the strike when oneself fails; a put bought gains.
    (change,) = lot_changes(option(PUT), [-RETURN_UNIT])
    assert charges(option(PUT), -1, rules, "ACME") == {AddOnKind.WRONG_WAY: -(-int(change) // LOT_UNIT)}
    assert charges(option(PUT), 1, rules, "ACME") == {}


def test_an_option_is_priced_again_and_not_by_its_delta() -> None:
    up, down = lot_changes(option(CALL), [RETURN_UNIT // 5, -RETURN_UNIT // 5])
    assert up > -down > 0, "a bought call gains more than it loses"
    # Put and call differ by the forward, so their changes differ by the move of 10.00 x 100.
    put_up, _ = lot_changes(option(PUT), [RETURN_UNIT // 5, 0])
    assert abs(int(up) - int(put_up) - 1000 * 100 * LOT_UNIT) <= 2


def test_a_scenario_moves_volatility_too() -> None:
    account = StressedAccount("A", "M", False, {0: Fraction(-1)}, 0)
    calm, wild = (Scenario(name, {}, 0, vol) for name, vol in (("calm", 0), ("wild", RETURN_UNIT)))
    found = stress([option(CALL)], [account], [calm, wild])
    assert found.loss[0, 0] == 0
    assert found.loss[0, 1] > 0, "a sold option loses when volatility doubles"


def test_both_methods_answer_alike() -> None:
    history = History(("2026-01-01", "2026-01-02"), ("ACME",), ((-(10**10), 10**10),))
    worked = Path(__file__).parents[2] / "conformance" / "span" / "worked"
    span = Margining(worked / "T5.spn", STANDARD, cached=False)
    held = span.portfolios(worked / "T5.csv")["p"]
    methods: list[tuple[MarginMethod, Mapping[int, Fraction], int]] = [
        (HistoricalMargin([STOCK], history, HistoricalRules(lookback_days=2)), {0: Fraction(100)}, 5000),
        (span.method, held, 570_000),
    ]
    for method, positions, requirement in methods:
        answer = method.margin("A", positions)
        assert answer.account == "A"
        assert [total.requirement for total in answer.totals.values()] == [requirement]


def test_amounts_beyond_64_bits_are_exact() -> None:
    history = History(("2026-01-01", "2026-01-02"), ("ACME",), ((-(10**10), 10**10),))
    rules = HistoricalRules(lookback_days=2, decay=Fraction(1))
    method = HistoricalMargin([STOCK], history, rules)
    assert method.margin("A", {0: Fraction(10**15)}).totals["EUR"].requirement == 50 * 10**15
    tiny = method.margin("A", {0: Fraction(1, 10**30)}).totals["EUR"]
    assert tiny.requirement == 1, "rounded up"


def test_stress_refuses_what_64_bits_do_not_hold() -> None:
    scenario = Scenario("s", {}, -RETURN_UNIT)
    for quantity in (Fraction(10**12), Fraction(1, 10**30)):
        account = StressedAccount("A", "M", False, {0: quantity}, 0)
        with pytest.raises(ValueError, match="64 bits"):
            stress([STOCK], [account], [scenario])
    with pytest.raises(ValueError, match="collateral that 64 bits hold"):
        stress([STOCK], [StressedAccount("A", "M", False, {}, 2**62)], [scenario])
