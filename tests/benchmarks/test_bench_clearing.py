"""The benchmark of the clearing house runs end to end at a tiny scale. No figure is judged."""

from __future__ import annotations

import json

import numpy as np
import pytest

from novate.app import bench_clearing as bench
from novate.app.bench_clearing import ClearingBench
from novate.app.bench_day import PHASES as DAY_PHASES
from novate.app.bench_house import PHASES
from novate.app.bench_nets import duckdb_nets, rows_of
from novate.app.bench_table import print_clearing
from novate.app.cli import execute
from novate.clearing.trade_nets import net_trades
from novate.simulation.trade_flow import trade_flow

TRADES = 300


@pytest.fixture(scope="module")
def tiny() -> ClearingBench:
    return bench.bench_clearing(TRADES, TRADES, repeats=1)


def test_every_promised_case_is_measured(tiny: ClearingBench) -> None:
    cases = {case.case for case in tiny.results if "polars" not in case.case}
    files = {f"file:{TRADES}", "file:nets:duckdb", f"file-crowded:{TRADES}", "file-crowded:nets:duckdb"}
    house = {f"house:{TRADES}", "house-fails", *(f"house-{phase}" for phase in PHASES)}
    day = {f"day:{TRADES}", *(f"day-{phase}" for phase in DAY_PHASES)}
    assert cases == {"net:novate", "net:duckdb", f"curve:{TRADES}", *files, *house, *day}
    assert all(case.messages == TRADES for case in tiny.results)
    # Nearly every leg of so few trades is a net of its own.
    assert tiny.case(f"file:{TRADES}").details["obligations"] == tiny.case("net:novate").details["nets"]


def test_a_day_of_the_house_settles_but_for_the_fails_that_were_planted(tiny: ClearingBench) -> None:
    whole, failing = (tiny.case(name).details for name in (f"house:{TRADES}", "house-fails"))
    # Most legs of so few trades are positions of their own, and each of these settles in one line.
    assert TRADES < whole["lines_settled"] <= 2 * TRADES
    assert (whole["fails"], whole["bytes_per_trade_gone"]) == (0, 0)
    assert 0 < failing["fails"] < 0.2 * 2 * TRADES
    assert failing["lines_settled"] < whole["lines_settled"]
    assert 0 < failing["bytes_per_trade_gone"] < failing["bytes_per_trade"]


def test_a_day_as_a_firm_lives_it_has_the_obligations_of_the_machine_alone(tiny: ClearingBench) -> None:
    assert TRADES < tiny.case(f"day:{TRADES}").details["obligations"] <= 2 * TRADES


def test_the_curve_ends_with_the_whole_flow() -> None:
    assert list(bench.curve_sizes(10**7)) == [10**5, 10**6, 10**7]
    assert list(bench.curve_sizes(250_000)) == [100_000, 250_000]


def test_a_longer_flow_begins_like_a_shorter_one() -> None:
    (short,), (longer,) = trade_flow(10), trade_flow(20)
    assert np.array_equal(short.buyer, longer.buyer[:10])
    assert np.array_equal(short.price_cents, longer.price_cents[:10])
    assert not np.any(longer.buyer == longer.seller)


def test_duckdb_answers_with_the_same_nets() -> None:
    trades = bench.trade_numbers(2_000)
    nets = net_trades(trades, bench.MEMBERS, bench.INSTRUMENTS)
    assert np.array_equal(rows_of(nets), rows_of(duckdb_nets(trades)()))


def test_a_person_sees_every_case(tiny: ClearingBench, capsys: pytest.CaptureFixture[str]) -> None:
    print_clearing(tiny)
    shown = capsys.readouterr().out
    assert all(case.case in shown for case in tiny.results)


def test_the_command_gives_json(
    tiny: ClearingBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    monkeypatch.setattr(bench, "bench_clearing", lambda *sizes, **options: asked.append(sizes) or tiny)
    assert execute(["bench", "clearing", "--json", "--trades", "50", "--house-trades", "20"]) == 0
    assert asked == [(50, 20)]
    assert json.loads(capsys.readouterr().out)["results"][0]["messages"] == TRADES
