"""Every group of rules in one venue: the compiled venue against its naive twin, in batches, uncompiled.

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
from tests.property.flows import seeds, spoiled
from tests.property.mixed_flows import mixed_flow_of

FLOWS = 100

REACHED = (
    "ACCEPTED", "REJECTED", "TRADE", "REFRESHED", "STP_DECREMENT", "CANCELLED", "EXPIRED", "AMENDED",
    "TRIGGERED", "STATE", "AUCTION", "AUCTION_TRADE", "INDICATIVE", "MMP_TRIGGERED", "MASS_DONE",
    "BOOK_STATE", "IMPLIED_STATE", "SCHEDULED", "SCHEDULE_CLEARED", "EXTENDED", "KILLED", "REVIVED",
    "DISCONNECTED", "CREDIT_SET", "LIMIT_SET",
    "KILL", "DISCONNECT", "QUOTE", "MMP", "OCO", "STP", "COLLAR", "DAY", "GTD", "AUCTION", "REDUCE_ONLY",
    "ACCOUNT_KILLED", "MEMBER_KILLED", "VENUE_KILLED", "MAX_ORDER_TO_TRADE", "MAX_MESSAGE_RATE",
    "INVALID_QUOTE", "INVALID_PEG", "INVALID_DISCRETION", "INVALID_COMBO", "INVALID_IN_STATE",
    "INVALID_TIME", "MMP_ACTIVE", "INSUFFICIENT_CREDIT", "POST_ONLY_WOULD_TRADE", "PRICE_BAND",
    "linked: QUOTE trades", "linked: peg trades", "linked: discretionary trades", "linked: OCO trades",
    "linked: AUCTION_TRADE by the clock", "linked: EXTENDED", "linked: MMP_TRIGGERED", "KILL of a peg",
    "KILL of an all-or-none order", "a watcher acts behind a timer", "a watcher acts behind a quote",
)  # fmt: skip


@campaign(FLOWS)
@given(seed=seeds, cuts=st.lists(whole, max_size=4), room=st.integers(SMALLEST_BUFFER, 48), middle=whole)
def test_everything_together_equals_the_naive_venue_in_any_batches(
    seed: int, cuts: list[int], room: int, middle: int
) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        check_batches(expected, result, cuts, room)
        check_batches(expected, result, [], SMALLEST_BUFFER)
        check_snapshot(expected, result, middle)

    explain(mixed_flow_of(seed), check)


@campaign(FLOWS)
@given(seed=seeds)
def test_senseless_records_among_everything_are_answered_alike(interpreted: Interpreted, seed: int) -> None:
    flow = mixed_flow_of(seed)
    good = expected_of(flow)
    expected = expected_of_records(good.terms, spoiled(good.records, seed))
    result = check_one_by_one(expected)
    assert interpreted.run(flow["header"], expected.records) == result


@campaign(FLOWS)
@given(seed=seeds)
def test_everything_together_is_the_same_uncompiled(interpreted: Interpreted, seed: int) -> None:
    flow = mixed_flow_of(seed)
    expected = expected_of(flow)
    assert interpreted.run(flow["header"], expected.records) == check_one_by_one(expected)


@pytest.mark.parametrize("seed", range(20 if LONG else 1))
def test_long_mixed_days_equal_the_naive_venue(seed: int) -> None:
    expected = expected_of(mixed_flow_of(seed, commands=1200))
    result = check_one_by_one(expected)
    check_batches(expected, result, [], SMALLEST_BUFFER)
    check_batches(expected, result, [300, 777], ROOM)
    check_snapshot(expected, result, len(expected.records) // 2)


def test_mixed_flows_reach_the_rules_of_every_group_and_their_meetings() -> None:
    seen: Counter[str] = Counter()
    for seed in range(150):
        _count(mixed_flow_of(seed), seen)
    assert [name for name in REACHED if seen[name] == 0] == []


def _count(flow: Json, seen: Counter[str]) -> None:
    linked = {number for market in flow["header"]["markets"] for number in market.get("legs", [])}
    linked |= {number for number, market in enumerate(flow["header"]["markets"]) if "legs" in market}
    home: dict[int, int] = {}
    kind: dict[int, str] = {}
    for command, events in zip(*naive_run(flow)[1:], strict=True):
        for event in events:
            name, market = event["ev"], event.get("market")
            seen[name] += 1
            seen[event.get("reason", "")] += 1
            if name == "ACCEPTED":
                home[event["oid"]] = event["market"]
                kind[event["oid"]] = _kind(command)
            elif name == "TRADE" and {home[event["maker"]], home[event["taker"]]} != {market}:
                for order in (event["maker"], event["taker"]):
                    seen[f"linked: {kind[order]} trades"] += 1
            elif name == "CANCELLED" and event["reason"] == "KILL":
                seen[f"KILL of {kind[event['oid']]}"] += 1
                seen[f"KILL of a {kind[event['oid']]}"] += 1
            elif name in ("EXTENDED", "MMP_TRIGGERED") and market in linked:
                seen[f"linked: {name}"] += 1
            elif name == "AUCTION_TRADE" and market in linked and command["cmd"] == "TIME":
                seen["linked: AUCTION_TRADE by the clock"] += 1
            elif name in ("AMENDED", "TRIGGERED") and kind[event["oid"]] in WATCHERS:
                seen["a watcher acts behind a timer"] += command["cmd"] == "TIME"
                seen["a watcher acts behind a quote"] += command["cmd"] == "QUOTE"


WATCHERS = ("peg", "discretionary", "an all-or-none order")


def _kind(command: Json) -> str:
    if command.get("peg") is not None:
        return "peg"
    if command.get("discretion") is not None:
        return "discretionary"
    if command.get("aon"):
        return "an all-or-none order"
    return "OCO" if command["cmd"] == "NEW_OCO" else str(command["cmd"])
