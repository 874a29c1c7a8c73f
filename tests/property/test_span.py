"""SPAN on drawn portfolios: one at a time as the naive twin, many at once as one at a time, and laws."""

from __future__ import annotations

import functools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.margin.span.batch import BatchMargin
from novate.clearing.margin.span.model import ParameterFile
from novate.clearing.margin.span.policy import CHOICES, STANDARD, policy_of
from novate.clearing.margin.span.problems import SpanProblem
from novate.clearing.margin.span.requirement import SpanMargin
from novate.clearing.margin.span.result import AccountRisk, CommodityRisk
from novate.clearing.margin.span.tables import Tables
from novate.gateway.span import columnar
from novate.gateway.span.source import chunks
from novate.gateway.span.spn import model_of, read_spn
from novate.gateway.span.xml_rows import rows_of
from tests.oracle import naive_span
from tests.span_cases import FOLDER, differences, naive_book

SMALL, MEDIUM = FOLDER / "dev" / "small.spn", FOLDER / "dev" / "medium.spn.gz"
FIELDS = tuple(CommodityRisk.__dataclass_fields__)
RISK_POLICIES = (
    "intra_order",
    "spot_after",
    "wfpr_default",
    "cap_anov",
    "oof_delta_period",
    "rounding_stage",
    "rounding_mode",
)
Positions = dict[int, Fraction]


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """Margin needs no venue without its compiler, which the other campaigns start."""


@functools.cache
def parameters(path: Path) -> ParameterFile:
    return read_spn(path)


@functools.cache
def exact(path: Path, choices: tuple[tuple[str, str], ...] = ()) -> SpanMargin:
    return SpanMargin(Tables(parameters(path), policy_of(dict(choices))))


@functools.cache
def batch(path: Path, choices: tuple[tuple[str, str], ...] = ()) -> BatchMargin:
    return BatchMargin(Tables(parameters(path), policy_of(dict(choices))))


def policies() -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    chosen = {name: st.sampled_from(CHOICES[name]) for name in RISK_POLICIES}
    chosen["spread_rounding"] = st.sampled_from(["none", "floor", "2"])
    chosen["delta_decimals"] = st.sampled_from(["none", "0", "3"])
    return st.fixed_dictionaries(chosen).map(lambda found: tuple(sorted(found.items())))


def portfolios(path: Path, most: int = 12, decimals: bool = True) -> st.SearchStrategy[Positions]:
    """Net positions; quantities of few sizes, so that spreads are used up to the last lot."""
    whole = st.integers(-30, 30).map(Fraction)
    sizes = whole | st.integers(-400, 400).map(lambda n: Fraction(n, 4)) if decimals else whole
    rows = st.integers(0, len(parameters(path).contracts) - 1)
    return st.dictionaries(rows, sizes.filter(bool), max_size=most)


def naive_name(path: Path, row: int) -> tuple[Any, ...]:
    found = parameters(path)
    family = found.families[int(found.contracts.family[row])]
    side = ("", "C", "P")[int(found.contracts.side[row])]
    strike = found.contracts.strike.value(row)
    period = found.periods[int(found.contracts.period[row])]
    return (family.exchange, family.kind.name, family.code, period, side, strike)


def as_naive(risk: AccountRisk) -> dict[str, Any]:
    """A result in the shape of the naive twin's."""
    ccs, totals = {}, {}
    for code, one in risk.commodities.items():
        figures = {
            name: Fraction(getattr(one.figures, name), 10**one.decimals) for name in one.figures.__slots__
        }
        exact_fields = ("scan_risk", "time_risk", "volatility_risk", "price_risk", "wfpr", "intra_charge")
        exact_fields += ("spot_charge", "inter_credit", "som", "active_scenario", "currency")
        ccs[code] = {name: getattr(one, name) for name in exact_fields} | figures
        ccs[code]["net_delta_by_period"] = one.net_delta
        unit = 10**one.decimals
        total = risk.totals[one.currency]
        totals[one.currency] = {name: Fraction(getattr(total, name), unit) for name in total.__slots__}
    return {"ccs": ccs, "totals": totals}


@given(st.sampled_from([SMALL, MEDIUM]), policies(), st.data())
@settings(max_examples=50, deadline=None)
def test_one_account_equals_the_naive_twin_under_every_policy(path: Path, choices: Any, data: Any) -> None:
    positions = data.draw(portfolios(path))
    policy = {**naive_span.DEFAULTS, **dict(choices)}
    book = naive_book(path, policy["oof_delta_period"])
    want = naive_span.margin(book, {naive_name(path, row): q for row, q in positions.items()}, policy)
    got = exact(path, choices).margin("a", positions)
    assert differences(as_naive(got), want) == []


def figures_of(risk: AccountRisk, number: dict[str, int]) -> dict[int, tuple[int, ...]]:
    return {
        number[code]: (one.active_scenario, *(getattr(one.figures, name) for name in one.figures.__slots__))
        for code, one in risk.commodities.items()
    }


def batch_policies() -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """Policies that the kernel knows: all that do not round on the way."""
    names = ("intra_order", "spot_after", "wfpr_default", "cap_anov", "oof_delta_period")
    chosen = {name: st.sampled_from(CHOICES[name]) for name in names}
    return st.fixed_dictionaries(chosen).map(lambda found: tuple(sorted(found.items())))


@given(st.sampled_from([SMALL, MEDIUM]), batch_policies(), st.data())
@settings(max_examples=40, deadline=None)
def test_many_accounts_at_once_equal_one_at_a_time(path: Path, choices: Any, data: Any) -> None:
    accounts = data.draw(st.lists(portfolios(path, 8, decimals=False), min_size=1, max_size=6))
    rows = [(n, row, int(q)) for n, positions in enumerate(accounts) for row, q in positions.items()]
    owner, contract, quantity = (np.array([one[at] for one in rows], np.int64) for at in range(3))
    engine = batch(path, choices)
    result = engine.margin(engine.book(owner, contract, quantity, len(accounts)))
    assert engine.packed is not None
    number = {one.code: at for at, one in enumerate(parameters(path).commodities)}
    for n, positions in enumerate(accounts):
        want = exact(path, choices).margin("a", positions)
        mine = result.commodities[result.commodities["account"] == n]
        names = ("active", "risk", "nov", "requirement", "initial_risk", "initial_requirement")
        got = {int(one["commodity"]): tuple(int(one[name]) for name in names) for one in mine}
        assert got == figures_of(want, number)
        for at, currency in enumerate(result.currencies):
            total = want.totals.get(currency)
            expected = [getattr(total, name) for name in total.__slots__] if total else [0] * 5
            assert result.totals[n, at].tolist() == expected


def test_quantities_beyond_the_kernel_take_the_exact_way_and_agree() -> None:
    engine = batch(MEDIUM)
    rows = np.arange(0, 60, 3)
    book = engine.book(np.zeros(len(rows), np.int64), rows, np.full(len(rows), 7 * 10**8), 1)
    result = engine.margin(book)
    want = exact(MEDIUM).margin("a", {int(row): Fraction(7 * 10**8) for row in rows})
    number = {one.code: at for at, one in enumerate(parameters(MEDIUM).commodities)}
    assert result.exact_accounts == 1
    assert max(one["risk"] for one in result.commodities) > 10**12
    assert {int(one["commodity"]): int(one["risk"]) for one in result.commodities} == {
        number[code]: one.figures.risk for code, one in want.commodities.items()
    }


@given(st.data(), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_scaling_a_portfolio_scales_every_amount(data: Any, factor: int) -> None:
    positions = data.draw(portfolios(MEDIUM))
    small = exact(MEDIUM).margin("a", positions)
    large = exact(MEDIUM).margin("a", {row: q * factor for row, q in positions.items()})
    for code, one in small.commodities.items():
        other = large.commodities[code]
        for name in ("scan_risk", "time_risk", "volatility_risk", "price_risk", "intra_charge"):
            assert getattr(other, name) == factor * getattr(one, name)
        for name in ("spot_charge", "inter_credit", "som", "option_value", "base"):
            assert getattr(other, name) == factor * getattr(one, name)
        assert (other.wfpr, other.active_scenario) == (one.wfpr, one.active_scenario)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_scanning_risk_of_two_portfolios_is_at_most_the_sum(data: Any) -> None:
    one, other = data.draw(portfolios(MEDIUM)), data.draw(portfolios(MEDIUM))
    both = {row: one.get(row, Fraction(0)) + other.get(row, Fraction(0)) for row in {**one, **other}}
    risks = [exact(MEDIUM).margin("a", positions).commodities for positions in (one, other, both)]
    tiered = {cc.code for cc in parameters(MEDIUM).commodities if cc.scan_tiers}
    for code, risk in risks[2].items():
        if code not in tiered:
            parts = [found[code].scan_risk for found in risks[:2] if code in found]
            assert risk.scan_risk <= sum(parts)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_order_changes_nothing_and_a_flat_book_needs_nothing(data: Any) -> None:
    positions = data.draw(portfolios(SMALL))
    shuffled = dict(data.draw(st.permutations(list(positions.items()))))
    assert exact(SMALL).margin("a", shuffled) == exact(SMALL).margin("a", positions)
    flat = exact(SMALL).margin("a", dict.fromkeys(positions, Fraction(0)))
    assert (flat.commodities, flat.totals) == ({}, {})


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_options_that_were_bought_lose_at_most_their_premium_and_need_nothing_more(data: Any) -> None:
    """Up to what rounding of the file's arrays and prices can make: a unit of each per contract."""
    tables = exact(SMALL).tables
    contracts = parameters(SMALL).contracts
    positions = {row: abs(q) for row, q in data.draw(portfolios(SMALL)).items() if tables.is_premium[row]}
    capped = policy_of({"cap_anov": "true"})
    result = SpanMargin(Tables(parameters(SMALL), capped)).margin("a", positions)
    unit = Fraction(1, 10 ** parameters(SMALL).arrays.decimals)
    price_unit = Fraction(1, 10**contracts.price.decimals)
    slack = sum(
        (q * (unit + price_unit * contracts.factor.value(row)) for row, q in positions.items()), Fraction(0)
    )
    for one in result.commodities.values():
        assert one.scan_risk <= one.option_value + slack
        charges = one.intra_charge + one.spot_charge
        assert Fraction(one.figures.requirement, 10**one.decimals) <= charges + slack + 1


@given(st.binary(min_size=1, max_size=6), st.integers(0, 89_000), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_refused_or_means_something_but_never_fails_otherwise(
    junk: bytes, place: int, inserted: bool
) -> None:
    data = SMALL.read_bytes()
    damaged = data[:place] + junk + data[place + (0 if inserted else len(junk)) :]
    try:
        found = model_of(rows_of([damaged], "1"), STANDARD)
    except SpanProblem as problem:
        said = str(problem)
    else:
        said = f"{found.arrays.units.shape[1]} values"
    assert said.isprintable()


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_the_size_of_the_chunks_makes_no_difference(size: int) -> None:
    data = (FOLDER / "worked" / "T5.spn").read_bytes()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    cut, whole = rows_of(pieces, "1"), rows_of([data], "1")
    assert cut.rows.tobytes() == whole.rows.tobytes()
    assert (cut.texts, cut.entries.tolist()) == (whole.texts, whole.entries.tolist())


@pytest.mark.parametrize("path", [SMALL, MEDIUM])
def test_columns_and_xml_give_the_same_bits(path: Path, tmp_path: Path) -> None:
    source = columnar.digest_of(path)
    kept = tmp_path / "kept"
    assert columnar.write_columns(parameters(path), source, STANDARD, kept)
    read = columnar.read_columns(kept, source, STANDARD)
    assert read is not None
    again = model_of(rows_of(chunks(path), "1"), STANDARD)
    for one in (read, again):
        first, second = (
            b"".join(columnar.pieces(each, source, STANDARD)) for each in (one, parameters(path))
        )
        assert first == second
    assert Tables(read, STANDARD).ranges == exact(path).tables.ranges


@pytest.mark.parametrize("place", [0, 20, 5000, -1])
def test_a_cache_with_a_wrong_byte_or_of_another_source_is_not_believed(place: int, tmp_path: Path) -> None:
    source = columnar.digest_of(SMALL)
    content = b"".join(columnar.pieces(parameters(SMALL), source, STANDARD))
    damaged = bytearray(content)
    damaged[place] ^= 1
    assert columnar.decoded(content, source, STANDARD) is not None
    assert columnar.decoded(bytes(damaged), source, STANDARD) is None
    assert columnar.decoded(content, b"another source", STANDARD) is None
    assert columnar.decoded(content, source, policy_of({"rate": "2"})) is None
    assert columnar.decoded(content[:-9], source, STANDARD) is None


def test_margin_beyond_the_records_is_refused_and_not_wrapped() -> None:
    engine = batch(MEDIUM)
    book = engine.book(np.zeros(1, np.int64), np.zeros(1, np.int64), np.full(1, 2**61), 1)
    with pytest.raises(OverflowError, match="expected amounts within int64"):
        engine.margin(book)
