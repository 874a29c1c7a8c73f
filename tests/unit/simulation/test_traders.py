"""Simulated traders send the same orders for the same seed, and orders that a venue takes."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from novate.app.bootstrap import found_plane, opening_records
from novate.app.configuration import load_configuration
from novate.app.demo import demonstration_text
from novate.app.node.settings import load_settings
from novate.app.problems import RefusedError
from novate.app.simulate import crew_of, rehearse
from novate.domain.codes import CommandKind, EventKind
from novate.domain.configuration import Configuration
from novate.domain.records import is_trade
from novate.domain.resolve import venue_terms
from novate.simulation.traders import Crew, Traders

SECOND = 10**9
TODAY = datetime.date(2026, 11, 28)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Configuration, tuple[int, ...]]:
    """The demonstration market and the accounts of its traders."""
    path = tmp_path_factory.mktemp("demo") / "market.toml"
    path.write_text(demonstration_text(TODAY), encoding="utf-8")
    return load_configuration(path), load_settings(path).traders.accounts


def test_the_demonstration_has_three_pairs_two_shares_and_a_future_with_a_month_to_go(
    demo: tuple[Configuration, tuple[int, ...]],
) -> None:
    configuration, _ = demo
    assert sorted(one.kind.value for one in configuration.instruments) == sorted(
        ["spot"] * 3 + ["equity"] * 2 + ["future"]
    )
    assert configuration.business_date == "2026-11-30", "the Monday after a Saturday"
    assert configuration.instruments[-1].symbol == "NX50-MAR27"
    assert configuration.instruments[-1].expiry == "2027-03-19"


@pytest.mark.parametrize(
    "today", [datetime.date(2026, 1, 1) + datetime.timedelta(days=n) for n in (0, 58, 200, 349, 364)]
)
def test_the_demonstration_can_be_founded_on_any_day(tmp_path: Path, today: datetime.date) -> None:
    path = tmp_path / "market.toml"
    path.write_text(demonstration_text(today), encoding="utf-8")
    assert load_configuration(path).business_date >= today.isoformat()


def test_the_same_seed_sends_the_same_orders(demo: tuple[Configuration, tuple[int, ...]]) -> None:
    first, again, other = (rehearse(*demo, seed, 200, 5.0) for seed in (7, 7, 8))
    assert first == again
    assert first.commands > 1000
    assert first.sha256 != other.sha256


def test_a_venue_takes_nearly_all_of_it_and_trades(
    demo: tuple[Configuration, tuple[int, ...]], tmp_path: Path
) -> None:
    configuration, accounts = demo
    traders = Traders(venue_terms(configuration), crew_of(configuration, accounts), 1, 1000)
    plane = found_plane(tmp_path / "journal", configuration, durability="none")
    plane.take(opening_records(configuration))
    rejected, trades, accepted, commands = 0, 0, 0, 0
    for second in range(120):
        sent = traders.next(60, second * SECOND) if second else traders.begin()
        sent["time"] = second * SECOND
        events = plane.take(sent)
        commands += len(sent)
        kinds = events["kind"]
        rejected += int((kinds == EventKind.REJECTED).sum())
        accepted += int((kinds == EventKind.ACCEPTED).sum())
        trades += int(is_trade(events).sum())
    resting = [plane.venue.book(market, 10) for market in range(6)]
    plane.close()
    assert rejected < commands // 50
    assert accepted > commands // 2
    assert trades > commands // 20
    assert all(book.bids and book.asks for book in resting), "every market has two sides"


def test_makers_quote_and_nobody_else(demo: tuple[Configuration, tuple[int, ...]]) -> None:
    configuration, accounts = demo
    crew = crew_of(configuration, accounts)
    assert crew == Crew((301, 302, 501), (191, 291, 391, 401, 491, 492, 502))
    sent = Traders(venue_terms(configuration), crew, 3, 1).next(2000, 0)
    quotes = sent["kind"] == CommandKind.QUOTE
    assert set(sent["account"][quotes].tolist()) == set(crew.makers)
    assert set(sent["account"][~quotes].tolist()) == set(crew.others)
    names = sent["client_order_id"][~quotes]
    assert len(np.unique(names)) == len(names)


@pytest.mark.parametrize(("accounts", "said"), [([999], "was 999"), ([101], "at least two")])
def test_accounts_that_cannot_trade_are_refused(
    demo: tuple[Configuration, tuple[int, ...]], accounts: list[int], said: str
) -> None:
    with pytest.raises(RefusedError, match=said):
        crew_of(demo[0], accounts)
