"""Timers, schedules, volatility calls and extensions: the venue against its naive twin (R57 to R60).

`FLOWS` of them for each test by default; `NOVATE_PROFILE=long`: 10,000.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import LONG
from tests.oracle.compare import (
    SMALLEST_BUFFER,
    Json,
    check_batches,
    check_one_by_one,
    check_snapshot,
    expected_of,
    expected_of_records,
    naive_run,
)
from tests.property.campaign import campaign, explain, whole
from tests.property.flows import seeds, spoiled
from tests.property.time_flows import long_time_flow_of, time_flow_of

FLOWS = 150

HAPPENS = (
    "SCHEDULED", "SCHEDULE_CLEARED", "EXTENDED", "STATE SCHEDULE", "STATE TIMER", "several timers",
    "STATE COLLAR to AUCTION_CALL", "STATE SCHEDULE within a call", "TRIGGERED by a timer",
    "AUCTION_TRADE by a timer", "EXPIRED by a timer", "EXTENDED by a timer", "EXTENDED by a command",
    "COLLAR by a timer", "INVALID_TIME",
)  # fmt: skip


@campaign(FLOWS)
@given(seed=seeds, cuts=st.lists(whole, max_size=4), room=st.integers(SMALLEST_BUFFER, 48), middle=whole)
def test_timers_fire_as_the_naive_venue_says(seed: int, cuts: list[int], room: int, middle: int) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        check_batches(expected, result, cuts, room)
        check_snapshot(expected, result, middle)

    explain(time_flow_of(seed), check)


@campaign(FLOWS)
@given(seed=seeds, room=st.integers(SMALLEST_BUFFER, 48))
def test_senseless_schedules_are_refused_alike(seed: int, room: int) -> None:
    good = expected_of(time_flow_of(seed))
    expected = expected_of_records(good.terms, spoiled(good.records, seed))
    check_batches(expected, check_one_by_one(expected), [], room)


@pytest.mark.parametrize("seed", range(20 if LONG else 2))
def test_many_timers_beside_deep_books(seed: int) -> None:
    expected = expected_of(long_time_flow_of(seed))
    assert len(expected.timers) > 16, "the table of timers had no reason to grow"
    result = check_one_by_one(expected)
    check_batches(expected, result, [1, 700], SMALLEST_BUFFER)
    check_snapshot(expected, result, len(expected.records) // 2)


def test_time_flows_reach_everything_that_timers_do() -> None:
    seen: Counter[str] = Counter()
    for seed in range(150):
        _, commands, events = naive_run(time_flow_of(seed))
        for command, answer in zip(commands, events, strict=True):
            seen.update(_notes(command["cmd"], answer))
    assert [name for name in HAPPENS if seen[name] == 0] == []


def _notes(command: str, answer: list[Json]) -> list[str]:
    """What is worth counting in the events of a command."""
    by_timer = command not in ("NEW", "NEW_OCO", "AMEND", "STATE")
    found = []
    for event in answer:
        name = event["ev"]
        found += [name, event.get("reason", "")]
        if name == "STATE":
            found += [f"STATE {event['reason']}", f"STATE {event['reason']} to {event['to']}"]
            if event["reason"] == "SCHEDULE" and event["from"] == event["to"]:
                found.append("STATE SCHEDULE within a call")
        if by_timer:
            found += [f"{name} by a timer", f"{event.get('reason')} by a timer"]
        elif name == "EXTENDED" and command == "STATE":
            found.append("EXTENDED by a command")
    if sum(event["ev"] == "STATE" and event["reason"] in ("SCHEDULE", "TIMER") for event in answer) > 1:
        found.append("several timers")
    return found
