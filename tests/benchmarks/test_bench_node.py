"""The benches of a node, in small: what they say hangs together."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from novate.app.bench_node import Case, Must, NodeBench, Run, case_result
from novate.app.bench_node_load import Measured
from novate.app.bench_node_picture import picture
from novate.app.bench_restart import bench_restart, plane_commands
from novate.app.bench_subscribers import bench_subscribers
from novate.app.bench_turn import TurnCase, bench_turn
from novate.app.configuration import embedded_configuration
from novate.domain.codes import EventKind
from novate.domain.machine import apply_all
from novate.domain.records import new_events
from novate.domain.resolve import opening_credit, venue_terms
from novate.domain.session_codes import SessionKind
from novate.venue.machine import Venue


def run_of(latency_us: int, commands: int) -> Run:
    """A second in which so many commands were answered, each after so long."""
    measured = Measured(latencies=[latency_us * 1_000] * 100, lags=[1_000], nanoseconds=10**9)
    measured.answered(commands - 1, measured.start_ns + 5)
    measured.answered(1, measured.start_ns + 10**9)
    return Run(measured, 0.1)


@pytest.mark.parametrize(
    ("latency_us", "commands", "reached"), [(400, 900, True), (501, 900, False), (400, 799, False)]
)
def test_a_case_is_reached_when_time_and_rate_are(latency_us: int, commands: int, reached: bool) -> None:
    case = Case("one", SessionKind.MAC, 1, rate=800, must=Must(p50_us=500, per_second=800))
    result = case_result(case, [run_of(latency_us, commands)])
    assert result.reached is reached
    assert (result.p50_us, result.per_second, result.by_second) == (latency_us, commands, [commands - 1, 1])


def test_the_orders_of_the_load_rest_trade_and_leave_nothing_behind() -> None:
    configuration = embedded_configuration()
    venue, buffer = Venue(venue_terms(configuration)), new_events(65_536)
    apply_all(venue, opening_credit(configuration), buffer)
    block = plane_commands()
    events = np.concatenate(apply_all(venue, block, buffer))
    # Two at one price for each of the four sessions, and of the other orders as many as are cancelled.
    assert venue.resting_orders() <= 8
    assert venue.trades > len(block) // 200
    rejected = (events["kind"] == EventKind.REJECTED).sum()
    assert rejected <= 2 * venue.trades + 8  # cancels of what has traded


def test_the_picture_has_a_line_for_every_case_and_their_names() -> None:
    cases = [
        case_result(Case(f"case <{at}>", SessionKind.MAC, 1, rate=1, must=Must(500)), [run_of(100, 50)])
        for at in range(3)
    ]
    result = NodeBench(machine={"cpu": "A & B"}, seconds=1, durability="always", cases=cases)
    root = ElementTree.fromstring(picture(result))
    texts = [one.text for one in root.iter() if one.tag.endswith("text")]
    assert {f"case <{at}>" for at in range(3)} <= set(texts)
    assert len([one for one in root.iter() if one.tag.endswith("polyline")]) == 6


def test_a_turn_of_every_kind_of_session_has_a_cost() -> None:
    cases = [TurnCase(kind.name, kind, 2, 2) for kind in SessionKind]
    for case in bench_turn(3, cases=cases).cases:
        assert case.turns == 3
        assert case.turn_us > case.frame_us > case.order_us > 0


def test_a_restart_applies_what_lies_behind_the_snapshot() -> None:
    result = bench_restart(1, records=10_000)
    assert (result.records, result.runs) == (10_000, 1)
    assert result.cpu_seconds > 0


def test_those_who_follow_a_book_are_told_its_changes() -> None:
    found = bench_subscribers(0.6, 1, "none", subscribers=20)
    alone, watched = found.cases
    assert min(alone.per_second, watched.per_second) > 0
    assert watched.must.p99_us == pytest.approx(1.1 * alone.p99_us, abs=1)
    assert found.followed is not None
    assert (found.followed.subscribers, found.followed.cut_off) == (20, 0)
    assert found.followed.messages_per_second > 0
