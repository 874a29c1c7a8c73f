"""Kill switches, disconnections, order-to-trade limits and quotes: the compiled venue against its naive twin.

`FLOWS` of them for each test by default; `NOVATE_PROFILE=long`: 10,000.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import LONG
from tests.oracle.compare import (
    ROOM,
    SMALLEST_BUFFER,
    Json,
    check_batches,
    check_one_by_one,
    check_snapshot,
    expected_of,
    expected_of_records,
    naive_run,
)
from tests.oracle.interpreted import Interpreted
from tests.property.campaign import campaign, explain, whole
from tests.property.control_flows import control_flow_of, long_control_flow_of
from tests.property.flows import seeds, spoiled

FLOWS = 150


EVENTS = ("KILLED", "REVIVED", "DISCONNECTED", "LIMIT_SET", "MMP_TRIGGERED", "AUCTION_TRADE")
ENDS = ("KILL", "DISCONNECT", "QUOTE", "MMP", "OCO", "STP", "DAY")
REFUSALS = (
    "NEW VENUE_KILLED", "NEW MEMBER_KILLED", "NEW ACCOUNT_KILLED", "AMEND ACCOUNT_KILLED",
    "NEW_OCO ACCOUNT_KILLED", "QUOTE VENUE_KILLED", "QUOTE MEMBER_KILLED", "QUOTE ACCOUNT_KILLED",
    "KILL INVALID_TYPE", "KILL UNKNOWN_ACCOUNT", "REVIVE UNKNOWN_ACCOUNT", "DISCONNECT INVALID_TYPE",
    "DISCONNECT UNKNOWN_ACCOUNT", "NEW MAX_ORDER_TO_TRADE", "AMEND MAX_ORDER_TO_TRADE",
    "NEW_OCO MAX_ORDER_TO_TRADE", "QUOTE MAX_ORDER_TO_TRADE", "QUOTE MAX_MESSAGE_RATE",
    "SET_LIMIT INVALID_LIMIT", "QUOTE MARKET_CLOSED", "QUOTE MARKET_HALTED", "QUOTE MMP_ACTIVE",
    "QUOTE INVALID_TYPE", "QUOTE INVALID_QUOTE", "QUOTE DUPLICATE_ORDER", "QUOTE INVALID_QTY",
    "QUOTE INVALID_PRICE", "QUOTE PRICE_BAND", "QUOTE POST_ONLY_WOULD_TRADE", "QUOTE INSUFFICIENT_CREDIT",
    "QUOTE MAX_OPEN_ORDERS", "QUOTE MAX_ORDER_QTY", "QUOTE UNKNOWN_MARKET",
)  # fmt: skip


def test_control_flows_reach_every_event_and_every_reason() -> None:
    seen: Counter[str] = Counter()
    for seed in range(400):
        for events in naive_run(control_flow_of(seed))[2]:
            seen.update(event["ev"] for event in events)
            seen.update(event["reason"] for event in events if event["ev"] in ("CANCELLED", "EXPIRED"))
            refused = [event for event in events if event["ev"] == "REJECTED"]
            seen.update(f"{event['cmd']} {event['reason']}" for event in refused)
    assert [name for name in (*EVENTS, *ENDS, *REFUSALS) if seen[name] == 0] == []


@campaign(FLOWS)
@given(seed=seeds, cuts=st.lists(whole, max_size=4), room=st.integers(SMALLEST_BUFFER, 48), middle=whole)
def test_venue_equals_naive_venue_in_any_batches(seed: int, cuts: list[int], room: int, middle: int) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        check_batches(expected, result, cuts, room)
        check_batches(expected, result, [], ROOM)
        check_snapshot(expected, result, middle)

    explain(control_flow_of(seed), check)


@pytest.mark.parametrize("seed", range(30 if LONG else 2))
def test_deep_books_of_many_quotes_equal_the_naive_venue(seed: int) -> None:
    expected = expected_of(long_control_flow_of(seed))
    quoted = sum(event.get("reason") == "QUOTE" for events in expected.events for event in events)
    assert quoted > 50
    result = check_one_by_one(expected)
    check_batches(expected, result, [], SMALLEST_BUFFER)
    check_batches(expected, result, [1, 700], ROOM)
    check_snapshot(expected, result, len(expected.records) // 2)


@campaign(FLOWS)
@given(seed=seeds)
def test_records_with_senseless_fields_are_refused_alike(interpreted: Interpreted, seed: int) -> None:
    flow = control_flow_of(seed)
    good = expected_of(flow)
    expected = expected_of_records(good.terms, spoiled(good.records, seed))
    result = check_one_by_one(expected)
    assert interpreted.run(flow["header"], expected.records) == result
