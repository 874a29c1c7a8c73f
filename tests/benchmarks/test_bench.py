"""The benchmark runs end to end at a tiny scale and gives the promised shape. No figure is judged here."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from novate.app.bench import BenchResult, bench_matching, scenario_of
from novate.app.bench_machine import KernelStart, seconds_of_a_start
from novate.app.bench_page import page
from novate.app.bench_table import closing_lines, headline, print_bench
from novate.gateway.files.problems import FileProblem
from novate.gateway.files.tape import tape_bytes
from novate.simulation.tape_shapes import generate_tape

TAPES = ["tape:normal", "tape:static", "tape:swing-25", "tape:swing-40", "tape:flash-crash"]
OTHERS = ["batch-64", "limits-set", "single-call", "replay", "markets-1000", "wide-book", "million-resting"]


def warm_start_only() -> KernelStart:
    """A real new process, with kernels that are compiled already: a cold one takes too long here."""
    seconds = seconds_of_a_start()
    return KernelStart(cold_seconds=seconds, warm_seconds=seconds)


@pytest.fixture(scope="module")
def tiny() -> BenchResult:
    """Every case, with a few hundred orders."""
    return bench_matching(repeats=2, scale=400, kernel_start=warm_start_only)


def test_every_promised_case_is_measured(tiny: BenchResult) -> None:
    cases = [case.case for case in tiny.results if not case.case.startswith("bourse:")]
    assert sorted(cases) == sorted([*TAPES, *OTHERS])


def test_the_json_has_the_promised_shape(tiny: BenchResult) -> None:
    data = json.loads(tiny.to_json())
    assert {"cpu", "cores", "python", "numba", "numpy"} <= data["machine"].keys()
    for result in data["results"]:
        assert 0 < result["best_ns"] <= result["median_ns"] <= result["worst_ns"], result["case"]
        assert result["messages"] > 0
    assert data["memory"]["bytes_per_resting_order"] > 0
    assert data["memory"]["bytes_per_idle_market"] > 0
    assert data["kernels"].keys() == {"cold_seconds", "warm_seconds"}
    assert data["kernels"]["warm_seconds"] > 0


def test_a_person_sees_every_case_and_the_machine(
    tiny: BenchResult, capsys: pytest.CaptureFixture[str]
) -> None:
    print_bench(tiny)
    shown = capsys.readouterr().out
    assert headline(tiny) in shown
    assert all(case.case in shown for case in tiny.results)
    assert closing_lines(tiny)[-1] in shown


def test_the_table_of_the_documents_is_made_from_the_json(tiny: BenchResult) -> None:
    again = msgspec.json.decode(tiny.to_json(), type=BenchResult)
    lines = list(page(again))
    assert lines == list(page(tiny))
    assert len({line.count("|") for line in lines}) == 1
    cases = {case.case: case for case in tiny.results}
    wide = next(line for line in lines if "wide book" in line)
    assert f"| {cases['wide-book'].median_ns:.0f} ns |" in wide


def test_a_tape_from_a_file_takes_the_place_of_the_generated_ones(tmp_path: Path) -> None:
    path = tmp_path / "orders_calm_s1_n300.bin"
    path.write_bytes(tape_bytes(generate_tape("normal", 300)))
    result = bench_matching(path, repeats=1, scale=300, kernel_start=warm_start_only)
    assert [case.case for case in result.results if case.case.startswith("tape:")] == ["tape:calm"]
    assert scenario_of(Path("mine.bin.gz")) == "mine"


def test_a_tape_without_messages_is_refused_in_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty.bin"
    empty.write_bytes(b"100_WBEM" + bytes([1, 0, 0, 0]) + bytes(4))
    with pytest.raises(FileProblem, match="expected messages to measure with, was a tape of 0 messages"):
        bench_matching(empty)
