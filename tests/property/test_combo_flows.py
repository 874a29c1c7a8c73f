"""Combinations: the compiled venue against its naive twin, in batches, over snapshots, and uncompiled.

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
from tests.property.combo_flows import combo_flow_of
from tests.property.flows import seeds, spoiled

FLOWS = 150


@campaign(FLOWS)
@given(seed=seeds, cuts=st.lists(whole, max_size=4), room=st.integers(SMALLEST_BUFFER, 48), middle=whole)
def test_combinations_equal_the_naive_venue_in_any_batches(
    seed: int, cuts: list[int], room: int, middle: int
) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        check_batches(expected, result, cuts, room)
        check_batches(expected, result, [], ROOM)
        check_snapshot(expected, result, middle)

    explain(combo_flow_of(seed), check)


@campaign(FLOWS)
@given(seed=seeds)
def test_senseless_records_of_combinations_are_answered_alike(interpreted: Interpreted, seed: int) -> None:
    flow = combo_flow_of(seed)
    good = expected_of(flow)
    expected = expected_of_records(good.terms, spoiled(good.records, seed))
    result = check_one_by_one(expected)
    assert interpreted.run(flow["header"], expected.records) == result


@pytest.mark.parametrize("seed", range(40 if LONG else 2))
def test_long_days_of_combinations_equal_the_naive_venue(seed: int) -> None:
    """Every table grows in the middle of some implied trade."""
    expected = expected_of(combo_flow_of(seed, commands=1200))
    result = check_one_by_one(expected)
    check_batches(expected, result, [], SMALLEST_BUFFER)
    check_batches(expected, result, [300, 777], ROOM)
    check_snapshot(expected, result, len(expected.records) // 2)


def test_combo_flows_reach_what_combinations_have() -> None:
    """Implied trades in each of the three markets, cascades and protections that go over to another one."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        flow = combo_flow_of(seed)
        _count(flow, seen)
    wanted = [
        "IMPLIED_STATE", "implied, aggressor in near", "implied, aggressor in far",
        "implied, aggressor in combination", "implied at a price of 0 or below", "implied, refreshed",
        "implied, pair broken", "implied, TRIGGERED", "implied, AMENDED", "cascade over two markets",
        "protection in another market",
    ]  # fmt: skip
    assert [name for name in wanted if seen[name] == 0] == []


def _count(flow: Json, seen: Counter[str]) -> None:
    places = {}
    for number, market in enumerate(flow["header"]["markets"]):
        if "legs" in market:
            near, far = market["legs"]
            places.update({near: "near", far: "far", number: "combination"})
    home: dict[int, int] = {}
    for command, events in zip(*naive_run(flow)[1:], strict=True):
        aggressor: Json = {}
        implied = False
        for event in events:
            seen[event["ev"]] += 1
            if event["ev"] == "ACCEPTED":
                home[event["oid"]] = event["market"]
            if event["ev"] in ("ACCEPTED", "AMENDED", "TRIGGERED"):
                aggressor, implied = event, False
            if event["ev"] == "TRADE" and {home[event["maker"]], home[event["taker"]]} != {event["market"]}:
                implied = True
                seen[f"implied, aggressor in {places[home[aggressor['oid']]]}"] += 1
                seen[f"implied, {aggressor['ev']}"] += 1
                seen["implied at a price of 0 or below"] += event["price"] <= 0
            seen["implied, refreshed"] += implied and event["ev"] == "REFRESHED"
            seen["implied, pair broken"] += implied and event.get("reason") == "OCO"
            elsewhere = event["ev"] == "MMP_TRIGGERED" and event["market"] != command.get("market")
            seen["protection in another market"] += elsewhere
        triggered = {event["market"] for event in events if event["ev"] == "TRIGGERED"}
        seen["cascade over two markets"] += len(triggered) > 1
