"""Level FULL: the compiled venue against its naive twin, in other batches, over snapshots, uncompiled.

The same campaigns as `test_venue_equals_naive`, on flows that mix every rule from R1 to R56.
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
from tests.property.flows import seeds, spoiled
from tests.property.full_flows import full_flow_of, long_full_flow_of

FLOWS = 120


@campaign(FLOWS)
@given(seed=seeds, cuts=st.lists(whole, max_size=4), room=st.integers(SMALLEST_BUFFER, 48), middle=whole)
def test_full_venue_equals_naive_venue_in_any_batches(
    seed: int, cuts: list[int], room: int, middle: int
) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        check_batches(expected, result, cuts, room)
        check_snapshot(expected, result, middle)

    explain(full_flow_of(seed), check)


@pytest.mark.parametrize("seed", range(40 if LONG else 2))
def test_deep_books_of_level_full_equal_the_naive_venue(seed: int) -> None:
    expected = expected_of(long_full_flow_of(seed))
    result = check_one_by_one(expected)
    check_batches(expected, result, [], SMALLEST_BUFFER)
    check_batches(expected, result, [1, 1030], ROOM)
    check_snapshot(expected, result, len(expected.records) // 2)


@campaign(FLOWS)
@given(seed=seeds)
def test_records_of_level_full_with_senseless_fields_are_refused_alike(
    interpreted: Interpreted, seed: int
) -> None:
    flow = full_flow_of(seed)
    good = expected_of(flow)
    expected = expected_of_records(good.terms, spoiled(good.records, seed))
    result = check_one_by_one(expected)
    assert interpreted.run(flow["header"], expected.records) == result


@campaign(FLOWS)
@given(seed=seeds)
def test_compiled_equals_interpreted_at_level_full(interpreted: Interpreted, seed: int) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        assert interpreted.run(flow["header"], expected.records) == result

    explain(full_flow_of(seed), check)
