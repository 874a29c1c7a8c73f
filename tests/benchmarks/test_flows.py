"""The flows that the benchmark feeds are what they claim to be, before any clock runs."""

from __future__ import annotations

import numpy as np

from novate.app.bench_flows import (
    bench_terms,
    churn_flow,
    commands_of_tape,
    on_a_warm_venue,
    opening_credit,
    spread,
    tape_flow,
    with_limits,
    zipf_markets,
)
from novate.app.bench_measure import EVENTS, drive
from novate.domain.codes import CommandKind, EventKind, TimeInForce
from novate.domain.machine import apply_all
from novate.domain.records import new_events
from novate.gateway.files.tape import TAPE_MESSAGE
from novate.simulation.tape_shapes import generate_tape
from novate.venue.machine import Venue


def tape(*messages: tuple[int, int, int, int, int, int]) -> np.ndarray:
    """Messages (type, side, ioc, quantity, order id, price)."""
    made = np.zeros(len(messages), TAPE_MESSAGE)
    for row, message in enumerate(messages):
        made["type"][row], made["side"][row], made["ioc"][row] = message[:3]
        made["quantity"][row], made["order_id"][row], made["price_ticks"][row] = message[3:]
    return made


def test_a_modify_is_a_cancel_and_a_new_order() -> None:
    commands, again = commands_of_tape(
        tape((0, 0, 0, 5, 7, 100), (2, 0, 0, 6, 7, 101), (1, 0, 0, 0, 7, 0)), 10
    )
    assert commands["kind"].tolist() == [
        CommandKind.NEW,
        CommandKind.CANCEL,
        CommandKind.NEW,
        CommandKind.CANCEL,
    ]
    assert again.tolist() == [2]
    assert commands["price"].tolist() == [100, 0, 101, 0]
    assert len(set(commands["account"].tolist())) == 1


def test_a_modify_of_a_dead_order_enters_nothing() -> None:
    messages = tape((0, 0, 0, 5, 7, 100), (1, 0, 0, 0, 7, 0), (2, 0, 0, 6, 7, 101), (0, 1, 1, 6, 8, 90))
    flow = tape_flow("case", messages, Venue(bench_terms(1, 10)), 10)
    assert flow.commands["kind"].tolist() == [
        CommandKind.NEW,
        CommandKind.CANCEL,
        CommandKind.CANCEL,
        CommandKind.NEW,
    ]
    assert flow.commands["time_in_force"][3] == TimeInForce.IOC
    assert flow.messages == 4


def test_no_order_of_a_full_book_is_refused_and_every_cancel_finds_its_order() -> None:
    flow = churn_flow("full", resting=200, levels=20, messages=1000, accounts=10)
    venue = Venue(flow.terms)
    opening = np.concatenate(apply_all(venue, flow.opening, new_events(EVENTS)))
    events = np.concatenate(apply_all(venue, flow.commands, new_events(EVENTS)))
    assert not np.isin([EventKind.REJECTED, EventKind.TRADE], [*opening["kind"], *events["kind"]]).any()
    assert np.count_nonzero(events["kind"] == EventKind.CANCELLED) == 500
    assert venue.resting_orders() == 200


def test_every_account_that_trades_gets_credit_for_what_it_trades() -> None:
    flow = churn_flow("full", resting=20, levels=5, messages=10, accounts=4)
    deposits = opening_credit(flow.opening)
    accounts = set(flow.opening["account"][flow.opening["kind"] == CommandKind.NEW].tolist())
    granted = set(zip(deposits["account"].tolist(), deposits["stop"].tolist(), strict=True))
    assert granted == {(account, asset) for account in accounts for asset in (0, 1)}
    assert deposits["client_order_id"].tolist() == list(range(1, len(deposits) + 1))


def test_the_busiest_market_is_busier_than_the_next() -> None:
    counts = np.bincount(zipf_markets(np.arange(1, 20_001), 1000), minlength=1000)
    assert counts[0] > 1.5 * counts[1] > 0
    assert counts[0] < 0.2 * counts.sum()


def test_orders_spread_over_accounts_evenly_and_always_alike() -> None:
    ids = np.arange(10_000)
    counts = np.bincount(spread(ids, 10), minlength=10)
    assert counts.min() > 900
    assert (spread(ids, 10) == spread(ids, 10)).all()


def test_a_small_event_buffer_is_drained_and_loses_nothing() -> None:
    flow = churn_flow("full", resting=100, levels=10, messages=400, accounts=10)
    counts = []
    for room in (EVENTS, 64):
        venue = Venue(flow.terms)
        drive(venue, [flow.opening], new_events(EVENTS))
        counts.append((drive(venue, flow.batches(50), new_events(room)), venue.state_root()))
    assert counts[0] == counts[1]


def test_a_warm_venue_trades_the_same_again() -> None:
    messages = generate_tape("normal", 500)
    flow = tape_flow("case", messages, Venue(bench_terms(3, 10)), 10, 3)
    outcomes = []
    for case in (flow, on_a_warm_venue(flow)):
        venue = Venue(case.terms)
        apply_all(venue, case.opening, new_events(EVENTS))
        assert venue.resting_orders() == 0
        events = np.concatenate(apply_all(venue, case.commands, new_events(EVENTS)))
        assert (events["kind"] == EventKind.TRADE).any()
        outcomes.append(events[["kind", "market", "price", "quantity", "leaves"]].tolist())
    assert outcomes[0] == outcomes[1]


def test_limits_are_set_for_every_account_and_member_and_change_nothing_else() -> None:
    flow = churn_flow("full", resting=100, levels=10, messages=400, accounts=10)
    limited = with_limits(flow, "limits-set")
    outcomes = []
    for case in (flow, limited):
        venue = Venue(case.terms)
        opening = np.concatenate(apply_all(venue, case.opening, new_events(EVENTS)))
        assert not (opening["kind"] == EventKind.REJECTED).any()
        events = np.concatenate(apply_all(venue, case.commands, new_events(EVENTS)))
        outcomes.append(events[["kind", "order_id", "price", "quantity"]].tolist())
    assert outcomes[0] == outcomes[1]
    assert len(limited.opening) - len(flow.opening) == (10 + 10) * 6
