"""How the campaigns of generated flows are run: how many, from which seeds, and what a failure shows.

    @campaign(150)                     150 flows by default, 10,000 with NOVATE_PROFILE=long
    @given(seed=seeds, ...)
    def test_...: explain(flow_of(seed), check)       fails with the smallest flow that still fails

By default the seeds are always the same ones, so that a run can be repeated; the long profile draws new ones.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.conftest import LONG
from tests.oracle.compare import Json
from tests.property.flows import smallest

LONG_CAMPAIGN = 10_000

whole = st.integers(0, 10_000)
"""Where a flow is cut."""


def campaign(flows: int) -> settings:
    """The settings of a campaign of so many flows by default."""
    return settings(
        max_examples=LONG_CAMPAIGN if LONG else flows,
        deadline=None,
        database=None,
        derandomize=not LONG,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def explain(flow: Json, check: Callable[[Json], None]) -> None:
    """Run a check; if it fails, fail with the smallest flow that shows it."""

    def fails(candidate: Json) -> bool:
        try:
            check(candidate)
        except Exception:
            return True
        return False

    if fails(flow):
        shown = smallest(flow, fails)
        lines = "\n".join(str(command) for command in shown["commands"])
        try:
            check(shown)
        except Exception as fault:
            pytest.fail(f"{fault}\nheader: {shown['header']}\ncommands:\n{lines}")
