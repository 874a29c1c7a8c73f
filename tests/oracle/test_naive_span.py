"""The naive twin of SPAN gives every number of the oracle, so it may judge where the oracle is silent."""

from __future__ import annotations

import pytest

from tests.span_cases import Run, differences, fractions_of, naive_result, runs


@pytest.mark.parametrize("run", list(runs()), ids=str)
def test_the_naive_twin_agrees_with_the_oracle(run: Run) -> None:
    got = naive_result(run)
    assert got.keys() == run.accounts.keys()
    found = []
    for name, want in run.accounts.items():
        if run.is_full:
            found += differences(got[name], fractions_of(want), name)
        else:
            totals = fractions_of({"ccs": {}, "totals": want["totals"]})["totals"]
            found += differences(got[name]["totals"], totals, name)
    assert not found
