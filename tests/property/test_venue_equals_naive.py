"""The compiled venue against its naive twin, against itself in other batches, and against itself uncompiled.

`FLOWS` of them for each test by default; `NOVATE_PROFILE=long`: 10,000.
"""

from __future__ import annotations

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
)
from tests.oracle.interpreted import Interpreted
from tests.property.campaign import campaign, explain, whole
from tests.property.flows import flow_of, long_flow_of, seeds, spoiled

FLOWS = 200


@campaign(FLOWS)
@given(seed=seeds, cuts=st.lists(whole, max_size=4), room=st.integers(SMALLEST_BUFFER, 48), middle=whole)
def test_venue_equals_naive_venue_in_any_batches(seed: int, cuts: list[int], room: int, middle: int) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        check_batches(expected, result, cuts, room)
        check_batches(expected, result, [], ROOM)
        check_snapshot(expected, result, middle)

    explain(flow_of(seed), check)


@pytest.mark.parametrize("seed", range(60 if LONG else 3))
def test_deep_books_of_many_accounts_equal_the_naive_venue(seed: int) -> None:
    """Thousands of commands in one batch: every table grows, and nobody can tell."""
    expected = expected_of(long_flow_of(seed))
    assert sum(event["ev"] == "ACCEPTED" for events in expected.events for event in events) > 300
    result = check_one_by_one(expected)
    check_batches(expected, result, [], SMALLEST_BUFFER)
    check_batches(expected, result, [1, 1030, 3000], ROOM)
    check_snapshot(expected, result, len(expected.records) // 2)


@campaign(FLOWS)
@given(seed=seeds)
def test_records_with_senseless_fields_are_refused_alike(interpreted: Interpreted, seed: int) -> None:
    """Any 64 bytes are a command: the venue answers with the same refusal, compiled or not."""
    flow = flow_of(seed)
    good = expected_of(flow)
    expected = expected_of_records(good.terms, spoiled(good.records, seed))
    result = check_one_by_one(expected)
    assert interpreted.run(flow["header"], expected.records) == result


@campaign(FLOWS)
@given(seed=seeds)
def test_compiled_equals_interpreted(interpreted: Interpreted, seed: int) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        assert interpreted.run(flow["header"], expected.records) == result, (
            "compiled differs from interpreted"
        )

    explain(flow_of(seed), check)
