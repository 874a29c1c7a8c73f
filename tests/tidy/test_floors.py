"""Imports point down, concrete rooms meet in one place, and the compiler has one door."""

from __future__ import annotations

import pytest

from tests.tidy.floors import (
    FLOORS,
    imports_that_run_up,
    meetings_outside_bootstrap,
    numba_outside_its_door,
)
from tests.tidy.sources import product, report, sample


def test_every_import_of_the_product_points_down() -> None:
    findings = [found for source in product() for found in imports_that_run_up(source)]
    assert not findings, report(findings)


def test_concrete_rooms_meet_only_in_the_bootstrap() -> None:
    findings = [found for source in product() for found in meetings_outside_bootstrap(source)]
    assert not findings, report(findings)


def test_nobody_but_its_door_imports_the_compiler() -> None:
    findings = [found for source in product() for found in numba_outside_its_door(source)]
    assert not findings, report(findings)


def test_the_rules_see_the_whole_package() -> None:
    assert {"compiled", "domain", "journal", "venue", "clearing", "app"} <= {s.floor for s in product()}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("novate.domain.units", "from novate.venue.machine import Venue"),
        ("novate.venue.fees", "from novate.clearing import netting"),
        ("novate.clearing.netting", "import novate.venue.machine"),
        ("novate.venue.fees", "from ..clearing.netting import net"),
        ("novate.venue.fees", "def late():\n    from novate.app import run\n"),
        ("novate.journal.writer", "from novate import venue"),
        ("novate.reports.page", "from novate.simulation.flow import day"),
        ("novate.compiled", "from novate.domain.codes import Side"),
        ("novate.venue.fees", "from novate.helpers import anything"),
        ("novate.helpers.anything", "import numpy"),
    ],
)
def test_an_import_that_runs_up_or_beside_is_found(name: str, text: str) -> None:
    assert len(list(imports_that_run_up(sample(name, text)))) == 1


def test_an_import_that_points_down_is_not_a_finding() -> None:
    text = "import numpy\nfrom novate.domain.codes import Side\nfrom . import fees\nimport novate.compiled"
    assert list(imports_that_run_up(sample("novate.venue.machine", text))) == []
    assert max(FLOORS, key=FLOORS.__getitem__) == "app"


def test_wiring_outside_the_bootstrap_is_found() -> None:
    text = "from novate.venue.machine import Venue\nfrom novate.journal.writer import JournalWriter"
    assert len(list(meetings_outside_bootstrap(sample("novate.app.run", text)))) == 1
    assert list(meetings_outside_bootstrap(sample("novate.app.bootstrap", text))) == []
    assert list(meetings_outside_bootstrap(sample("novate.app.run", "import novate.adapters.kafka")))


def test_numba_behind_the_back_of_its_door_is_found() -> None:
    for text in ("import numba", "from numba.core import types", "from llvmlite import ir"):
        assert list(numba_outside_its_door(sample("novate.venue.machine", text)))
        assert list(numba_outside_its_door(sample("novate.compiled", text))) == []
