"""`novate bench matching`: what a message costs, case by case, and what an order and a market weigh.

    {"machine": {"cpu": .., "cores": .., ..},
     "results": [{"case": "tape:normal", "best_ns": .., "median_ns": .., "worst_ns": .., ...}, ...],
     "memory": {"bytes_per_resting_order": .., "bytes_per_idle_market": ..},
     "kernels": {"cold_seconds": .., "warm_seconds": ..}}

Each case is run `repeats` times on a fresh venue with everything switched on (`bench_flows`).
docs/benchmarks.md says what each case is and how to read the figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy.typing as npt

from novate.app.bench_bourse import bourse_cpu_ns, bourse_is_there
from novate.app.bench_flows import Flow, bench_terms, churn_flow, on_a_warm_venue, tape_flow, with_limits
from novate.app.bench_machine import KernelStart, measure_kernel_start, this_machine
from novate.app.bench_measure import (
    CaseResult,
    case_result,
    measure_batches,
    measure_single_calls,
    memory_per_market,
    memory_per_order,
    undisturbed,
)
from novate.app.bench_replay import measure_replay
from novate.app.progress import SILENT, Progress
from novate.gateway.files.problems import FileProblem
from novate.gateway.files.tape import read_tape
from novate.simulation.tape_shapes import SHAPES, generate_tape
from novate.venue.machine import Venue

Tape = npt.NDArray[Any]

ACCOUNTS = 1000
MANY_ACCOUNTS = 10_000
MANY_MARKETS = 1000
IDLE_MARKETS = 50_000
WIDE_LEVELS = 5000
OTHER_CASES = (
    "batch-64",
    "limits-set",
    "single-call",
    "replay",
    "bourse",
    "markets-1000",
    "wide-book",
    "million-resting",
)


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the state weighs."""

    bytes_per_resting_order: float
    bytes_per_idle_market: float


class BenchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of the benchmark found."""

    machine: dict[str, str | int]
    results: list[CaseResult]
    memory: Memory
    kernels: KernelStart
    notes: list[str]

    def to_json(self) -> str:
        """The result as JSON; its shape is part of the interface."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()


def bench_matching(
    tape: Path | None = None,
    repeats: int = 5,
    progress: Progress = SILENT,
    scale: int = 1_000_000,
    kernel_start: Callable[[], KernelStart] = measure_kernel_start,
) -> BenchResult:
    """Run every case. `scale` is the number of new orders of a generated flow and of orders in the full
    book. `tape` takes the place of the generated flows, in every case that is fed from one."""
    flows = _Flows(tape, scale)
    results: list[CaseResult] = []
    steps = len(flows.scenarios) + len(OTHER_CASES) + 2
    progress("bench: first flow", 0, steps)
    for result in _cases(flows, repeats):
        results.append(result)
        progress(f"bench: {result.case}", len(results), steps)
    memory = _memory(scale)
    progress("bench: memory", steps - 1, steps)
    return BenchResult(
        machine=this_machine(),
        results=results,
        memory=memory,
        kernels=kernel_start(),
        notes=[] if bourse_is_there() else ["bourse is not installed (extra `bench`): no comparison with it"],
    )


class _Flows:
    """The tapes of this run: the one that was given, or a generated one of each shape."""

    def __init__(self, tape: Path | None, scale: int) -> None:
        self.scale = scale
        self.given = read_tape(tape) if tape else None
        if tape and self.given is not None and not len(self.given):
            raise FileProblem(tape, "messages to measure with", "a tape of 0 messages")
        self.scenarios = [scenario_of(tape)] if tape else list(SHAPES)

    def tape(self, scenario: str) -> Tape:
        """The messages of one scenario."""
        return self.given if self.given is not None else generate_tape(scenario, self.scale)

    def in_one_market(self, name: str, tape: Tape) -> Flow:
        """The tape as commands of one market."""
        return tape_flow(name, tape, Venue(bench_terms(1, ACCOUNTS)), ACCOUNTS)

    def in_many_markets(self, name: str, tape: Tape) -> Flow:
        """The tape spread over many markets and accounts."""
        venue = Venue(bench_terms(MANY_MARKETS, MANY_ACCOUNTS))
        return tape_flow(name, tape, venue, MANY_ACCOUNTS, MANY_MARKETS)


def scenario_of(tape: Path) -> str:
    """`orders_swing-25_s23_n10000.bin.gz` is the scenario swing-25; any other file is named by itself."""
    known = re.match(r"orders_([A-Za-z0-9-]+)_s\d+", tape.name)
    return known.group(1) if known else tape.name.split(".")[0]


def _cases(flows: _Flows, repeats: int) -> Iterator[CaseResult]:
    main = "normal" if "normal" in flows.scenarios else flows.scenarios[0]
    for scenario in flows.scenarios:
        tape = flows.tape(scenario)
        flow = flows.in_one_market(f"tape:{scenario}", tape)
        warm = on_a_warm_venue(flow)
        yield measure_batches(warm, Venue, repeats)
        if scenario == main:
            yield measure_batches(warm, Venue, repeats, batch=64, case="batch-64")
            yield measure_batches(with_limits(warm, "limits-set"), Venue, repeats)
            yield measure_single_calls(warm, Venue, repeats)
            yield measure_replay(flow, Venue, repeats)
            if bourse_is_there():
                yield _bourse(scenario, tape, repeats)
            many = flows.in_many_markets("markets-1000", tape)
            yield measure_batches(on_a_warm_venue(many), Venue, repeats)
    messages = 2 * flows.scale
    for name, resting in (("wide-book", flows.scale // 20), ("million-resting", flows.scale)):
        yield measure_batches(churn_flow(name, resting, WIDE_LEVELS, messages, ACCOUNTS), Venue, repeats)


def _bourse(scenario: str, tape: Tape, repeats: int) -> CaseResult:
    with undisturbed():
        times = [bourse_cpu_ns(tape) for _ in range(repeats)]
    return case_result(f"bourse:{scenario}", times, len(tape), interface="one message per call")


def _memory(scale: int) -> Memory:
    full = churn_flow("memory", scale, WIDE_LEVELS, 2, ACCOUNTS)
    return Memory(
        bytes_per_resting_order=round(memory_per_order(full, Venue), 1),
        bytes_per_idle_market=round(memory_per_market(lambda n: bench_terms(n, 1), Venue, IDLE_MARKETS), 1),
    )
