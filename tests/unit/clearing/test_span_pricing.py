"""Option prices against known values and laws, risk arrays, and a house's own parameter file."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from novate.app.cli import execute
from novate.app.margin_arrays import publish_file
from novate.app.problems import RefusedError
from novate.clearing.margin.pricing.arrays import (
    Scenarios,
    Terms,
    implied_volatility,
    risk_arrays,
    theoretical_prices,
    whole_units,
)
from novate.clearing.margin.pricing.options_kernel import (
    BACHELIER,
    BINOMIAL,
    BLACK_76,
    BSM,
    CALL,
    LINEAR,
    PUT,
)
from novate.clearing.margin.span.batch import BatchMargin
from novate.clearing.margin.span.policy import STANDARD
from novate.clearing.margin.span.requirement import SpanMargin
from novate.clearing.margin.span.tables import Tables
from novate.clearing.margin.span.what_if import HolderIndex, OrderMargin, margin_of_holders, moved
from novate.gateway.span.spn import read_spn
from tests.span_cases import FOLDER
from tests.tidy.sources import ROOT

LISTING = ROOT / "docs" / "examples" / "listing.toml"


def terms(model: int, *rows: tuple[int, float, float, float, float, float, float]) -> Terms:
    """Rows of side, underlying, strike, volatility, time, rate, carry."""
    side, *real = zip(*rows, strict=True)
    columns = [np.array(column, np.float64) for column in real]
    count = len(rows)
    sizes = [np.full(count, value) for value in (50.0, 8.0, 0.05)]
    return Terms(np.full(count, model), np.array(side, np.int64), *columns, *sizes)


@pytest.mark.parametrize(
    ("model", "row", "price"),
    [
        (BLACK_76, (CALL, 100, 100, 0.2, 1, 0.0, 0), 7.965567),
        (BLACK_76, (PUT, 100, 100, 0.2, 1, 0.05, 0), 7.965567 * math.exp(-0.05)),
        (BSM, (CALL, 42, 40, 0.2, 0.5, 0.1, 0), 4.759422),
        (BSM, (PUT, 42, 40, 0.2, 0.5, 0.1, 0), 0.808599),
        (BACHELIER, (CALL, -5, -5, 20, 0.25, 0.0, 0), 20 * 0.5 / math.sqrt(2 * math.pi)),
        (BINOMIAL, (PUT, 50, 50, 0.4, 5 / 12, 0.1, 0), 4.283),
        (LINEAR, (0, 100, 0, 0, 1, 0.05, 0.02), 100 * math.exp(0.03)),
    ],
)
def test_prices_of_the_literature(model: int, row: tuple[float, ...], price: float) -> None:
    """Hull's examples (42/40 European, 50/50 American put), and closed forms at the money."""
    found, _ = theoretical_prices(terms(model, row))  # type: ignore[arg-type]
    assert found[0] == pytest.approx(price, abs=0.006 if model == BINOMIAL else 2e-6)


def drawn(model: int, count: int = 400) -> Terms:
    chance = np.random.default_rng(7)
    vol = chance.uniform(10, 40, count) if model == BACHELIER else chance.uniform(0.1, 0.8, count)
    columns = (
        chance.integers(1, 3, count),
        np.full(count, 100.0),
        chance.uniform(75, 130, count),
        vol,
        chance.uniform(0.1, 2, count),
        chance.uniform(0, 0.08, count),
        chance.uniform(0, 0.04, count),
    )
    return terms(model, *(tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)))


@pytest.mark.parametrize("model", [BLACK_76, BSM, BACHELIER])
def test_puts_and_calls_are_at_parity_and_prices_give_their_volatility_back(model: int) -> None:
    some = drawn(model)
    call, _ = theoretical_prices(replace(some, side=np.full(len(some), CALL)))
    put, _ = theoretical_prices(replace(some, side=np.full(len(some), PUT)))
    growth = np.exp((some.rate - some.carry) * some.time) if model == BSM else 1.0
    forward = some.underlying * growth
    assert call - put == pytest.approx(np.exp(-some.rate * some.time) * (forward - some.strike), abs=1e-9)
    assert implied_volatility(some, theoretical_prices(some)[0]) == pytest.approx(some.vol, rel=1e-6)


def test_american_options_are_worth_at_least_exercise_and_nearly_the_european() -> None:
    american = drawn(BINOMIAL, 60)
    european, _ = theoretical_prices(replace(american, model=np.full(60, BSM)))
    price, delta = theoretical_prices(american)
    sign = np.where(american.side == CALL, 1, -1)
    assert (price >= sign * (american.underlying - american.strike) - 1e-9).all()
    assert (price >= european - 0.03).all()
    assert (np.abs(delta) <= 1 + 1e-9).all()


def test_a_price_that_no_volatility_gives_has_none() -> None:
    assert np.isnan(implied_volatility(drawn(BLACK_76, 3), np.array([-1.0, 1e6, -5.0]))).all()


def test_a_future_s_array_is_the_scenario_table_and_a_long_option_loses_at_most_its_price() -> None:
    future = terms(LINEAR, (0, 100, 0, 0, 1, 0, 0))
    losses, delta = risk_arrays(future, Scenarios(2.0, 0.35, 0.0), 2)
    thirds = [0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3]
    assert losses[0].tolist() == [round(-40000 * third / 3) for third in thirds] + [-28000, 28000]
    assert delta[0] == 9997 + 3
    options = drawn(BLACK_76)
    losses, _ = risk_arrays(options, Scenarios(), 2)
    assert (losses.max(axis=1) <= theoretical_prices(options)[0] * 50 * 100 + 1).all()


def test_amounts_are_rounded_half_away_from_zero_and_never_wrapped() -> None:
    assert whole_units(np.array([0.125, -0.125, 2.5]), 2).tolist() == [13, -13, 250]
    for bad in (math.nan, math.inf, 1e30):
        with pytest.raises(ValueError, match="expected an amount of 64 bits"):
            whole_units(np.array([bad]), 2)


def test_a_listing_becomes_a_file_that_margins_its_contracts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own.spn"
    assert execute(["margin", "arrays", str(LISTING), "--out", str(out), "--json"]) == 0
    assert '"risk_arrays":15' in capsys.readouterr().out
    found = read_spn(out)
    assert (found.arrays.units == publish_file(LISTING).arrays.units).all()
    header = "account,exchange,cc,pfCode,contract_type,period,option_type,strike,quantity\n"
    positions = tmp_path / "p.csv"
    positions.write_text(header + "a,XNVT,OIL,OIL,FUT,202604,,,2\na,XNVT,OIL,OOIL,OOF,202607,P,65,-1\n")
    command = ["margin", "span", "--params", str(out), "--positions", str(positions), "--json"]
    assert execute(command) == 0
    assert '"nov":"-2480.00"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'model = "black-76"',
            'model = "black-77"',
            "expected a model of black-76, bsm, bachelier, binomial",
        ),
        ("calls = [8.20, 5.25, 3.15]", "calls = [8.20, 5.25]", "expected volatility, or calls and puts"),
        ("calls = [8.20,", "calls = [0.01,", "expected a price that some volatility gives, was 0.01"),
        ('underlying = "202607"', 'underlying = "202609"', "expected an underlying of OIL, was 202609"),
        ('strikes = ["65", ', 'strikes = ["sixty", ', "strike: expected a decimal number, was 'sixty'"),
        ("vol_scan = 0.06", "vol_scam = 0.06", "vol_scam"),
        ("USD = 2", "USD = 12", "expected decimals of 0..9, was USD = 12"),
    ],
)
def test_a_listing_that_cannot_be_priced_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "listing.toml"
    path.write_text(LISTING.read_text().replace(old, new, 1))
    with pytest.raises(RefusedError, match=r"listing\.toml") as caught:
        publish_file(path)
    assert message in str(caught.value)


@pytest.fixture(scope="module")
def engine() -> BatchMargin:
    return BatchMargin(Tables(read_spn(FOLDER / "dev" / "medium.spn.gz"), STANDARD))


def test_an_order_s_margin_is_that_of_the_account_with_it(engine: BatchMargin) -> None:
    exact = SpanMargin(engine.tables)
    positions = {3: 5, 40: -7, 200: 12, 700: -3}
    account = OrderMargin(engine, positions)
    trades = [(3, -5), (3, 2), (41, 9), (1, -4), (1500, 1), (40, 0), (900, 0)]
    for contract, quantity in trades:
        after = dict(positions)
        after[contract] = after.get(contract, 0) + quantity
        want = exact.margin("a", {row: Fraction(q) for row, q in after.items() if q}).totals
        expected = [want[one].requirement if one in want else 0 for one in engine.currencies]
        assert account.with_trade(contract, quantity).tolist() == expected
    now = account.requirement()
    changes = account.increments(trades)
    assert (changes[0] == account.with_trade(*trades[0]) - now).all()
    assert not changes[5].any()
    assert not changes[6].any()


def test_after_a_move_only_the_holders_are_margined_again(engine: BatchMargin) -> None:
    owner, contract = np.repeat(np.arange(40), 3), np.arange(0, 1440, 12)
    book = engine.book(owner, contract, np.full(120, 4), 40)
    holders = HolderIndex(engine.tables, book)
    commodity = int(engine.tables.commodity[contract[0]])
    rows = engine.tables.parameters.contracts.array[engine.tables.commodity == commodity]
    shifted = BatchMargin(moved(engine.tables, rows, engine.tables.parameters.arrays.units[rows] * 2))
    accounts, part = margin_of_holders(shifted, holders, commodity)
    assert 0 < len(accounts) < 40
    before, after = engine.margin(book).totals, shifted.margin(book).totals
    assert (part.totals == after[accounts]).all()
    rest = np.setdiff1d(np.arange(40), accounts)
    assert (before[rest] == after[rest]).all()
    assert (before[accounts] != after[accounts]).any()
