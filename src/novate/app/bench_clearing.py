"""`novate bench clearing`: what netting a trade costs, and what clearing a file of trades costs.

    net:novate      the netting kernel over columns of numbers            ns of CPU per trade
    net:polars      the same nets by Polars and by DuckDB, one thread each
    net:duckdb
    curve:N         the kernel again over N trades: the cost of a trade should not depend on N
    file:N          `novate clear`, from a Parquet file to the obligation file, in a process of its own
    file:nets:...   the nets of the same file by DuckDB and by Polars (`bench_files`)
    file-crowded:.. the same where members and instruments crowd
    house:N ...     whole days through the clearing machine alone (`bench_house`)
    day:N ...       the same as a firm lives it: file, journal, machine, ledger, all files (`bench_day`)

200 members, 5,000 instruments, evenly drawn trades (`simulation.trade_flow`). All three must give the same
nets, or the benchmark fails. docs/benchmarks.md says how to read the figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from novate.app.bench_day import PHASES as DAY_PHASES
from novate.app.bench_day import day_cases
from novate.app.bench_files import measure_files
from novate.app.bench_house import PHASES, house_cases
from novate.app.bench_machine import this_machine
from novate.app.bench_measure import CaseResult, case_result, undisturbed
from novate.app.bench_nets import duckdb_nets, polars_is_there, polars_nets, rows_of
from novate.app.progress import SILENT, Progress
from novate.clearing.trade_nets import TradeNumbers, net_trades
from novate.simulation.trade_flow import trade_flow

MEMBERS, INSTRUMENTS = 200, 5_000
FIRST_SIZE = 100_000
FILE_REPEATS = 3


class ClearingBench(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of the benchmark found."""

    machine: dict[str, str | int]
    results: list[CaseResult]
    notes: list[str]

    def case(self, name: str) -> CaseResult:
        return next(result for result in self.results if result.case == name)


def bench_clearing(
    trades: int = 10_000_000, house_trades: int = 1_000_000, repeats: int = 5, progress: Progress = SILENT
) -> ClearingBench:
    """Run every case over `trades` trades, and the curves up to there; days of the machine up to
    `house_trades`."""
    results = []
    engines = 3 if polars_is_there() else 2
    sizes = list(curve_sizes(house_trades))
    steps = 3 * engines + len([*curve_sizes(trades), *sizes, *PHASES, "fails", *sizes, *DAY_PHASES])
    progress("bench: drawing trades", 0, steps)
    cases = (
        _cases(trades, repeats),
        house_cases(sizes, min(repeats, FILE_REPEATS)),
        day_cases(sizes, min(repeats, FILE_REPEATS)),
    )
    for result in chain(*cases):
        results.append(result)
        progress(f"bench: {result.case}", len(results), steps)
    notes = [] if polars_is_there() else ["Polars is not installed (extra `bench`): no comparison with it"]
    return ClearingBench(machine=this_machine(), results=results, notes=notes)


def curve_sizes(trades: int) -> Iterator[int]:
    """Powers of ten from FIRST_SIZE on, and the whole flow."""
    size = FIRST_SIZE
    while size < trades:
        yield size
        size *= 10
    yield trades


def _cases(trades: int, repeats: int) -> Iterator[CaseResult]:
    columns = trade_numbers(trades)

    def kernel() -> Any:
        return net_trades(columns, MEMBERS, INSTRUMENTS)

    expected = rows_of(kernel())  # the kernel is compiled and loaded before a clock runs
    yield measure("net:novate", kernel, trades, repeats, nets=len(expected))
    others = {"net:duckdb": duckdb_nets}
    if polars_is_there():
        others["net:polars"] = polars_nets
    for name, prepared in others.items():
        ask = prepared(columns)
        if not np.array_equal(rows_of(ask()), expected):
            raise AssertionError(f"Expected the same nets from {name}, found others")
        yield measure(name, ask, trades, repeats, nets=len(expected))
    for size in curve_sizes(trades):
        part = partial(net_trades, first_trades(columns, size), MEMBERS, INSTRUMENTS)
        yield measure(f"curve:{size}", part, size, repeats)
    yield from measure_files(trades, min(repeats, FILE_REPEATS), MEMBERS, INSTRUMENTS)


def trade_numbers(trades: int) -> TradeNumbers:
    """The flow as the kernel takes it."""
    pieces = list(trade_flow(trades, MEMBERS, INSTRUMENTS))

    def whole(name: str) -> Any:
        return np.concatenate([getattr(piece, name) for piece in pieces])

    quantity = whole("quantity")
    return TradeNumbers(
        buyer=whole("buyer"),
        seller=whole("seller"),
        instrument=whole("instrument"),
        quantity=quantity,
        amount=quantity * whole("price_cents"),
    )


def first_trades(trades: TradeNumbers, count: int) -> TradeNumbers:
    """The first `count` of them."""
    return TradeNumbers(**{name: getattr(trades, name)[:count] for name in TradeNumbers.__struct_fields__})


def measure(case: str, ask: Callable[[], Any], trades: int, repeats: int, **details: int) -> CaseResult:
    """CPU per trade of a whole answer."""
    times = []
    for _ in range(repeats):
        with undisturbed():
            start = time.process_time_ns()
            ask()
            times.append((time.process_time_ns() - start) / trades)
    median = sorted(times)[len(times) // 2]
    return case_result(case, times, trades, per_second=round(1e9 / median), **details)


def figures(result: ClearingBench) -> Iterator[tuple[str, ...]]:
    """Rows of the table: case, trades a second, best, median and worst ns, trades."""
    for case in result.results:
        times = (f"{value:,.1f}" for value in (case.best_ns, case.median_ns, case.worst_ns))
        yield case.case, f"{case.details['per_second']:,}", *times, f"{case.messages:,}"
