"""What holds for every test: the long campaigns run only when asked for."""

from __future__ import annotations

import os

import pytest

LONG = os.environ.get("NOVATE_PROFILE") == "long"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what is marked `long`, unless the long profile is on."""
    if LONG:
        return
    waits = pytest.mark.skip(reason="a long campaign: run it with `make long`")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(waits)
