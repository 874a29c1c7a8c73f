"""A small generated day, run once by the installed command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.processes import novate, small_configuration


@pytest.fixture(scope="session")
def small_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished run; nobody may change it."""
    place = tmp_path_factory.mktemp("small-day")
    out = place / "out"
    finished = novate("run", "--config", small_configuration(place), "--out", out)
    assert finished.returncode == 0, finished.stderr
    return out


@pytest.fixture
def day(small_day: Path, tmp_path: Path) -> Path:
    """A copy of the small day that a test may change."""
    return Path(shutil.copytree(small_day, tmp_path / "day"))
