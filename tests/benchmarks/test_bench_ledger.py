"""The benchmark of the ledger runs end to end at a tiny scale, in the promised shape. No figure is judged."""

from __future__ import annotations

import json

import msgspec
import pytest

from novate.app import bench_ledger as bench
from novate.app.bench_ledger import LedgerBench
from novate.app.bench_page import page_of
from novate.app.bench_table import print_ledger
from novate.app.cli import execute

SCALE = 20_000


@pytest.fixture(scope="module")
def tiny() -> LedgerBench:
    return bench.bench_ledger(repeats=2, scale=SCALE)


def test_every_promised_case_is_measured(tiny: LedgerBench) -> None:
    cases = ["single-phase", "limited", "two-phase", "timeouts", "chains", "broken-chains"]
    assert [case.case for case in tiny.results] == cases
    for case in tiny.results:
        assert 0 < case.best_ns <= case.median_ns <= case.worst_ns
        assert case.messages == SCALE
    assert tiny.bytes_per_transfer > 48


def test_flows_do_what_they_say() -> None:
    for make, created in ((bench.single_phase, SCALE), (bench.two_phase, SCALE), (bench.chains, SCALE)):
        ledger = bench.run(make(SCALE))
        assert ledger.stored == created
        ledger.validate()
    assert bench.run(bench.broken_chains(SCALE)).stored == 0
    assert bench.run(bench.limited(SCALE)).stored == SCALE + bench.ACCOUNTS
    assert not bench.run(bench.two_phase(SCALE)).trial()[0].sums.debits_pending
    late = bench.run(bench.timeouts(SCALE))
    late.time(10**6)
    assert len(late.expired) == SCALE % bench.BATCH
    assert late.trial()[0].sums.debits_pending == 0


def test_a_person_and_a_page_see_every_case(tiny: LedgerBench, capsys: pytest.CaptureFixture[str]) -> None:
    print_ledger(tiny)
    shown = capsys.readouterr().out
    assert all(case.case in shown for case in tiny.results)
    assert "bytes per transfer" in shown
    lines = list(page_of(msgspec.json.encode(tiny)))
    assert len(lines) == 3 + len(tiny.results)


def test_the_command_gives_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "FLOWS", (bench.single_phase,))
    measured = bench.bench_ledger
    monkeypatch.setattr(bench, "bench_ledger", lambda progress: measured(1, progress, BATCHES))
    assert execute(["bench", "ledger", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["results"][0]["case"] == "single-phase"
    assert found["results"][0]["messages"] == BATCHES


BATCHES = 2 * bench.BATCH
