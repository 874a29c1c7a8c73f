"""The venue without its compiler, for every campaign that compares with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oracle.interpreted import Interpreted


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> Iterator[Interpreted]:
    """Started before the first campaign of a module, so that both processes read the same sources."""
    worker = Interpreted()
    yield worker
    worker.close()
