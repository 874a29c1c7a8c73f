"""The benchmark of features runs end to end at a tiny scale, in the promised shape. No figure is judged."""

from __future__ import annotations

import json

import msgspec
import pytest

from novate.app.bench_features import (
    ALLOCATIONS,
    CASCADES,
    FeatureBench,
    bench_features,
    burst_flow,
    call_flow,
    chain_flow,
)
from novate.app.bench_flows import Flow
from novate.app.bench_measure import EVENTS, opened
from novate.app.bench_page import page_of
from novate.app.bench_table import print_features
from novate.domain.codes import EventKind
from novate.domain.machine import apply_all
from novate.domain.records import Events, new_events
from novate.venue.machine import Venue


@pytest.fixture(scope="module")
def tiny() -> FeatureBench:
    return bench_features(repeats=2, scale=400)


def answer(flow: Flow) -> Events:
    """The events of the measured commands, in one piece."""
    (events,) = apply_all(opened(flow, Venue), flow.commands, new_events(EVENTS))
    return events


def test_every_promised_case_is_measured(tiny: FeatureBench) -> None:
    cascades = [f"stop-{kind}-{count}" for count in CASCADES for kind in ("chain", "burst")]
    assert [case.case for case in tiny.results] == [*ALLOCATIONS, "auction-uncross", *cascades]
    for case in tiny.results:
        assert 0 < case.best_ns <= case.median_ns <= case.worst_ns
        assert float(case.details["events"]) > 0


def test_a_person_and_a_page_see_every_case(tiny: FeatureBench, capsys: pytest.CaptureFixture[str]) -> None:
    print_features(tiny)
    shown = capsys.readouterr().out
    assert all(case.case in shown for case in tiny.results)
    lines = list(page_of(msgspec.json.encode(tiny)))
    assert len(lines) == 2 + len(tiny.results)
    assert json.loads(msgspec.json.encode(tiny))["machine"]["numba"]


def test_a_chain_sets_off_one_stop_after_the_other() -> None:
    kinds = answer(chain_flow(50))["kind"].tolist()
    assert kinds.count(EventKind.TRIGGERED) == 50
    assert kinds.count(EventKind.TRADE) == 51
    trades = [at for at, kind in enumerate(kinds) if kind == EventKind.TRADE]
    triggers = [at for at, kind in enumerate(kinds) if kind == EventKind.TRIGGERED]
    assert all(
        trade < trigger < after for trade, trigger, after in zip(trades, triggers, trades[1:], strict=False)
    )


def test_a_burst_sets_off_all_stops_by_one_print() -> None:
    kinds = answer(burst_flow(50))["kind"].tolist()
    assert kinds.count(EventKind.TRIGGERED) == 50
    assert kinds.count(EventKind.TRADE) == 51


def test_the_call_uncrosses_about_half_of_its_volume() -> None:
    events = answer(call_flow(2000))
    trades = events[events["kind"] == EventKind.AUCTION_TRADE]
    (auction,) = events[events["kind"] == EventKind.AUCTION]
    assert len(trades) > 200
    assert set(trades["price"].tolist()) == {int(auction["price"])}
