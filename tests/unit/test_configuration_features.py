"""The features of a market in `novate.toml`: what they become, and which of them make no sense together."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.configuration import ConfigurationError, load_configuration
from novate.domain.configuration import Configuration, canonical_json, from_canonical_json
from novate.domain.instruments import MarketTerms
from novate.domain.resolve import venue_terms
from novate.venue.machine import Venue

HEAD = """
business_date = 2026-03-02
[currencies.USD]
[currencies.EUR]
"""
MARKET = """
[[instruments]]
symbol = "{symbol}"
kind = "future"
currency = "USD"
expiry = 2026-12-18
tick = 0.05
lot = 10
"""
FAR = MARKET.format(symbol="FAR")


def load(tmp_path: Path, *lines: str, more: str = "") -> Configuration:
    path = tmp_path / "novate.toml"
    path.write_text(HEAD + MARKET.format(symbol="NEAR") + "\n".join(lines) + more)
    return load_configuration(path)


def terms(tmp_path: Path, *lines: str) -> MarketTerms:
    return venue_terms(load(tmp_path, *lines)).markets[0]


def mistakes(tmp_path: Path, *lines: str, more: str = "") -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, *lines, more=more)
    return [error.removeprefix("novate.toml: instruments[0].") for error in caught.value.errors]


def test_every_feature_becomes_a_term_in_ticks_lots_and_nanoseconds(tmp_path: Path) -> None:
    market = terms(
        tmp_path,
        "maker_ppm = 1", "taker_ppm = 2", "auction_ppm = 3",
        "collar = 1.5", 'collar_action = "AUCTION"', 'volatility_call = "5m"',
        "auction_band = 2", 'extension = "250ms"', "max_extensions = 2",
        "protection = 0.5", 'post_only = "SLIDE"',
        'alloc = "FIFO_PRO_RATA"', "pr_min = 30", "fifo_pct = 25", "top_order = true",
        "min_price = -12.5", "reference_price = -0.05", 'initial_state = "AUCTION_CALL"',
    )  # fmt: skip
    assert (market.maker_ppm, market.taker_ppm, market.auction_ppm) == (1, 2, 3)
    assert (market.collar, market.collar_action, market.volatility_call) == (30, "AUCTION", 300 * 10**9)
    assert (market.auction_band, market.extension, market.max_extensions) == (40, 250 * 10**6, 2)
    assert (market.protection, market.post_only) == (10, "SLIDE")
    assert (market.alloc, market.pr_min, market.fifo_pct) == ("FIFO_PRO_RATA", 3, 25)
    assert market.top_order
    assert (market.min_price, market.reference_price) == (-250, -1)
    assert market.max_price >= 250
    assert market.initial_state == "AUCTION_CALL"


def test_a_market_without_features_has_the_terms_of_the_rulebook(tmp_path: Path) -> None:
    market, plain = terms(tmp_path), MarketTerms(market=0)
    for name in (
        "collar", "collar_action", "volatility_call", "auction_band", "extension", "max_extensions", "legs",
        "protection", "post_only", "alloc", "pr_min", "fifo_pct", "top_order", "auction_ppm", "min_price",
    ):  # fmt: skip
        assert getattr(market, name) == getattr(plain, name), name
    assert not venue_terms(load(tmp_path)).positions


def test_features_survive_the_journal_and_make_a_venue(tmp_path: Path) -> None:
    configuration = load(tmp_path, "collar = 1", 'collar_action = "HALT"', 'alloc = "PRO_RATA"')
    assert from_canonical_json(canonical_json(configuration)) == configuration
    Venue(venue_terms(configuration))


def test_positions_are_kept_where_the_venue_says_so(tmp_path: Path) -> None:
    path = tmp_path / "novate.toml"
    path.write_text("positions = true\n" + HEAD + FAR)
    assert venue_terms(load_configuration(path)).positions


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1ns", 1), ("7us", 7_000), ("250ms", 250_000_000), ("300s", 300 * 10**9), ("5m", 300 * 10**9),
     ("24h", 86_400 * 10**9)],
)  # fmt: skip
def test_durations(tmp_path: Path, text: str, nanoseconds: int) -> None:
    lines = ("collar = 1", 'collar_action = "AUCTION"', f'volatility_call = "{text}"')
    assert terms(tmp_path, *lines).volatility_call == nanoseconds


@pytest.mark.parametrize("text", ['"5"', '"m"', '"5 m"', '"-5m"', '"0s"', '"25h"', "300", "1.5", '"\u0665m"'])
def test_what_is_no_duration_is_told(tmp_path: Path, text: str) -> None:
    lines = ("collar = 1", 'collar_action = "CAP"', f"volatility_call = {text}")
    (mistake,) = mistakes(tmp_path, *lines)
    expected = 'volatility_call: expected a duration from 1ns to 24h such as "5m", "300s" or "250ms", was '
    assert mistake.startswith(expected)


LARGEST = "68719476671 ticks"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["collar = 0.07"], "collar: expected a price on the tick of 0.05, was 0.07"),
        (["collar = 0"], f"collar: expected 1 to {LARGEST}, was 0 = 0 ticks"),
        (["protection = -1"], 'protection: expected a decimal such as "0.01", was -1'),
        (
            ['collar_action = "HALT"'],
            'collar: expected a collar, because collar_action is "HALT", was nothing',
        ),
        (
            ["collar = 1", 'collar_action = "AUCTION"'],
            'volatility_call: expected a duration, because collar_action is "AUCTION" and its call must end,'
            " was nothing",
        ),
        (
            ["collar = 1", 'volatility_call = "5m"'],
            'collar_action: expected "AUCTION", because volatility_call is given, was "CAP"',
        ),
        (['collar_action = "STOP"'], 'collar_action: expected one of "CAP", "HALT", "AUCTION", was "STOP"'),
        (
            ["auction_band = 1", "max_extensions = 2"],
            "extension: expected a value, because auction_band and max_extensions would do nothing alone,"
            " was nothing",
        ),
        (
            ["top_order = true"],
            'alloc: expected "PRO_RATA" or "FIFO_PRO_RATA", because top_order is given, was "FIFO"',
        ),
        (
            ['alloc = "PRO_RATA"', "fifo_pct = 40"],
            'alloc: expected "FIFO_PRO_RATA", because fifo_pct is given, was "PRO_RATA"',
        ),
        (['alloc = "PRO_RATA"', "pr_min = 15"], "pr_min: expected a quantity in lots of 10, was 15"),
        (
            ['alloc = "PRO_RATA"', "max_quantity = 21474836480", "max_price = 1"],
            'max_quantity: expected at most 2147483647 lots with alloc "PRO_RATA",'
            " was 21474836480 = 2147483648 lots",
        ),
        (
            ["auction_ppm = 5"],
            "maker_ppm: expected maker_ppm and taker_ppm too, because fees are off without them (R50),"
            " was nothing",
        ),
        (["auction_ppm = -5"], "auction_ppm: expected a whole number from 0 to 1000000, was -5"),
        (["min_price = 2", "max_price = 1"], "min_price: expected at most max_price, was 2 above 1"),
        (
            ["min_price = -2", "max_price = 1"],
            "min_price: expected no lower price than minus max_price (R64), was -2 with max_price 1",
        ),
        (
            ["min_price = -1", "reference_price = -1.05"],
            f"reference_price: expected -20 to {LARGEST}, was -1.05 = -21 ticks",
        ),
        (["reference_price = -1"], f"reference_price: expected 1 to {LARGEST}, was -1 = -20 ticks"),
        (['min_price = "1e3"'], 'min_price: expected a decimal such as "-0.50", was "1e3"'),
        (['legs = ["FAR"]'], 'legs: expected two symbols such as ["NEAR", "FAR"], was ["FAR"]'),
        (["legs = [1, 2]"], 'legs: expected two symbols such as ["NEAR", "FAR"], was [1, 2]'),
        (['legs = ["FAR", "FAR"]'], 'legs: expected two different instruments, was "FAR" twice'),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path: Path, lines: list[str], message: str) -> None:
    assert mistakes(tmp_path, *lines) == [message]


def test_a_protection_bounds_market_orders_as_well_as_a_band(tmp_path: Path) -> None:
    lines = ('credit = "margined"', "margin_per_lot = 100", "protection = 1")
    Venue(venue_terms(load(tmp_path, *lines)))
    (mistake,) = mistakes(tmp_path, *lines[:2])
    assert mistake.startswith("static_band: expected a band, or a protection, because the market uses credit")


def test_prices_below_zero_need_a_market_that_takes_no_premium(tmp_path: Path) -> None:
    option = HEAD + MARKET.format(symbol="C").replace("future", "option")
    option += 'strike = 10\noption_type = "CALL"\nmin_price = 0\n'
    path = tmp_path / "novate.toml"
    path.write_text(option)
    load_configuration(path)
    path.write_text(option + 'credit = "margined"\nmargin_per_lot = 1\nprotection = 1\n')
    with pytest.raises(ConfigurationError, match="expected a price above 0, because a premium is paid"):
        load_configuration(path)


SPREAD = MARKET.format(symbol="NEAR-FAR") + 'min_price = -100\nlegs = ["NEAR", "FAR"]\n'


def test_a_combination_names_its_legs_by_their_symbols(tmp_path: Path) -> None:
    configuration = load(tmp_path, more=FAR + SPREAD)
    assert [market.legs for market in venue_terms(configuration).markets] == [None, None, (0, 1)]


@pytest.mark.parametrize(
    ("near", "far", "spread", "message"),
    [
        (
            "", FAR, SPREAD.replace('"FAR"', '"FUR"'),
            'expected a configured other instrument, was "FUR"; did you mean "FAR"?',
        ),
        (
            "", FAR, SPREAD.replace('"FAR"', '"NEAR-FAR"'),
            'expected a configured other instrument, was "NEAR-FAR"; did you mean "NEAR"?',
        ),
        (
            "", FAR.replace("USD", "EUR"), SPREAD,
            'expected a leg FAR with currency "USD" as the combination has, was "EUR"',
        ),
        (
            "", FAR.replace("0.05", "0.1"), SPREAD,
            "expected a leg FAR with tick 0.05 as the combination has, was 0.1",
        ),
        (
            "", FAR + 'alloc = "PRO_RATA"\n', SPREAD,
            'expected a leg FAR with alloc "FIFO", was "PRO_RATA"',
        ),
        ("collar = 1\n", FAR, SPREAD, "expected a leg NEAR without a collar, was 1"),
        (
            "", FAR, SPREAD + SPREAD.replace("NEAR-FAR", "SECOND"),
            "expected legs of no other combination, was NEAR of NEAR-FAR",
        ),
    ],
)  # fmt: skip
def test_legs_must_fit(tmp_path: Path, near: str, far: str, spread: str, message: str) -> None:
    found = mistakes(tmp_path, near, more=far + spread)
    assert any(mistake.endswith(f".legs: {message}") for mistake in found), found


def test_a_combination_uses_no_credit(tmp_path: Path) -> None:
    credit = 'credit = "margined"\nmargin_per_lot = 100\nstatic_band = 1\nreference_price = 1\n'
    found = mistakes(tmp_path, more=FAR + SPREAD + credit)
    assert found == ['novate.toml: instruments[2].credit: expected "none" for a combination, was "margined"']
