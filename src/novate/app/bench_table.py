"""The benchmark's result as a person reads it: one table, two sentences, the machine."""

from __future__ import annotations

from collections.abc import Iterator

from novate.app import bench_clearing, bench_span
from novate.app.bench import BenchResult
from novate.app.bench_clearing import ClearingBench
from novate.app.bench_features import FeatureBench
from novate.app.bench_ledger import LedgerBench, figures
from novate.app.bench_measure import CaseResult
from novate.app.bench_node import Must, NodeBench
from novate.app.bench_span import SpanBench
from novate.app.cli_screen import console, table


def print_bench(result: BenchResult) -> None:
    """Headline, table, what the state weighs, and the machine that it was measured on."""
    screen = console()
    screen.print(headline(result), style="bold", markup=False)
    shown = table("case", ">best ns", ">median ns", ">worst ns", ">messages", ">events")
    for case in result.results:
        times = [f"{value:,.1f}" for value in (case.best_ns, case.median_ns, case.worst_ns)]
        events = case.details.get("events")
        shown.add_row(case.case, *times, f"{case.messages:,}", f"{events:,}" if events else "")
    screen.print(shown)
    for line in (*remarks(result.results), *closing_lines(result), *result.notes):
        screen.print(line, markup=False)


def headline(result: BenchResult) -> str:
    """The answer in one sentence."""
    tapes = [case.median_ns for case in result.results if case.case.startswith("tape:")]
    return (
        f"A message costs {min(tapes):.0f} to {max(tapes):.0f} ns of CPU with accounts, credit, fees, "
        "limits and self-trade prevention switched on"
    )


def remarks(cases: list[CaseResult]) -> Iterator[str]:
    """What figures mean that are not CPU time of a batch."""
    for case in cases:
        if case.case == "single-call":
            yield f"single-call: wall, p50 of one command a call; p99 {case.details['p99_ns']:,.0f} ns"
        elif case.case == "replay":
            speed = case.details["commands_per_second"]
            yield f"replay: wall, {speed:,.0f} commands a second, checksums included"
        elif case.case.startswith("bourse:"):
            yield f"{case.case}: another package, one message a call, matching only"


def closing_lines(result: BenchResult) -> list[str]:
    """Memory, kernels, machine."""
    memory, kernels, machine = result.memory, result.kernels, result.machine
    return [
        f"{memory.bytes_per_resting_order:.0f} bytes per resting order, "
        f"{memory.bytes_per_idle_market:.0f} bytes per idle market",
        f"kernels ready in {kernels.cold_seconds:.1f} s cold, {kernels.warm_seconds:.2f} s warm",
        machine_line(machine),
    ]


def machine_line(machine: dict[str, str | int]) -> str:
    """What the figures were taken on."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}, "
        f"numba {machine['numba']}, numpy {machine['numpy']}"
    )


def print_features(result: FeatureBench) -> None:
    """Headline, table, and the machine."""
    screen = console()
    fifo, shared = result.case("fifo"), result.case("pro-rata")
    auction = result.case("auction-uncross")
    screen.print(
        f"An uncross of {auction.messages:,} orders takes {auction.details['cpu_seconds']} s of CPU; "
        f"pro-rata costs {shared.median_ns / fifo.median_ns:.2f} times FIFO",
        style="bold",
        markup=False,
    )
    shown = table("case", ">best ns", ">median ns", ">worst ns", ">orders", ">events", ">CPU s")
    for case in result.results:
        times = [f"{value:,.1f}" for value in (case.best_ns, case.median_ns, case.worst_ns)]
        seconds = case.details.get("cpu_seconds", "")
        shown.add_row(case.case, *times, f"{case.messages:,}", f"{case.details['events']:,}", f"{seconds}")
    screen.print(shown)
    screen.print(machine_line(result.machine), markup=False)


def print_ledger(result: LedgerBench) -> None:
    """Headline, table, memory, and the machine."""
    screen = console()
    plain = result.case("single-phase")
    screen.print(
        f"{plain.details['per_second']:,} single-phase transfers a second and core, "
        f"{plain.median_ns:.0f} ns of CPU each",
        style="bold",
        markup=False,
    )
    columns = ("case", ">per second", ">best ns", ">median ns", ">worst ns", ">transfers", ">created")
    shown = table(*columns)
    for row in figures(result):
        shown.add_row(*row)
    screen.print(shown)
    screen.print(f"{result.bytes_per_transfer:.0f} bytes per transfer", markup=False)
    screen.print(machine_line(result.machine), markup=False)


def _mark(reached: bool) -> str:
    return "yes" if reached else "NO"


def _asked(must: Must) -> str:
    """What is asked of a case in words."""
    times = [f"{name} {us:,}" for name, us in (("p50", must.p50_us), ("p99", must.p99_us)) if us]
    rate = [f"{must.per_second:,}/s"] if must.per_second else []
    return ", ".join(times + rate)


def print_node(result: NodeBench) -> None:
    """Table of latencies in microseconds and rates, and the machine."""
    screen = console()
    screen.print(
        f"A node over loopback, durability {result.durability}, runs of {result.seconds:g} s; "
        "latency in us from when an order was due to its receipt",
        style="bold",
        markup=False,
    )
    shown = table("case", ">per second", ">p50", ">p99", ">p99.9", ">slowest", ">load late p99",
                  ">others' CPU", ">refused", ">missing", "must", "reached")  # fmt: skip
    for case in result.cases:
        late = (case.p50_us, case.p99_us, case.p999_us, case.slowest_us, case.generator_lag_p99_us)
        counts = (f"{case.foreign_cpu_percent}%", f"{case.refused:,}", f"{case.missing:,}")
        asked = (_asked(case.must), _mark(case.reached) if any(case.must) else "")
        shown.add_row(case.case, f"{case.per_second:,}", *(f"{one:,}" for one in late), *counts, *asked)
    screen.print(shown)
    if result.restart is not None:
        one = result.restart
        screen.print(
            f"restart with {one.records:,} records behind the last snapshot: {one.seconds:g} s "
            f"({one.cpu_seconds:g} s of CPU), must {one.must_seconds:g} s: {_mark(one.reached)}",
            markup=False,
        )
    if result.followed is not None:
        seen = result.followed
        screen.print(
            f"{seen.subscribers:,} subscribers of a book were told {seen.messages_per_second:,} changes a "
            f"second each ({seen.megabytes_per_second:g} MB a second in all); {seen.cut_off} were cut off",
            markup=False,
        )
    screen.print(machine_line(result.machine), markup=False)


def print_clearing(result: ClearingBench) -> None:
    """Headline, table, what the file took, and the machine."""
    screen = console()
    kernel = result.case("net:novate")
    others = [case for case in result.results if case.case in ("net:polars", "net:duckdb")]
    nearest = min(others, key=lambda case: case.median_ns)
    screen.print(
        f"{kernel.details['per_second']:,} trades netted a second and core, "
        f"{nearest.median_ns / kernel.median_ns:.1f} times {nearest.case.removeprefix('net:')}",
        style="bold",
        markup=False,
    )
    shown = table("case", ">per second", ">best ns", ">median ns", ">worst ns", ">trades")
    for row in bench_clearing.figures(result):
        shown.add_row(*row)
    screen.print(shown)
    files = [case for case in result.results if "wall_seconds" in case.details]
    shown = table("from the Parquet file", ">CPU s", ">wall s", ">peak MiB", ">nets", ">CPU s by step")
    for case in files:
        told = case.details
        steps = [
            f"{name} {told[f'{name}_cpu_seconds']}"
            for name in ("reading", "clearing", "writing")
            if f"{name}_cpu_seconds" in told
        ]
        numbers = (told["cpu_seconds"], told["wall_seconds"], told["peak_mebibytes"])
        shown.add_row(case.case, *map(str, numbers), f"{told['obligations']:,}", ", ".join(steps))
    screen.print(shown)
    shown = table("a day of the house", ">bytes a trade", ">when it is gone", ">lines settled", ">fails")
    for case in result.results:
        names = ("bytes_per_trade", "bytes_per_trade_gone", "lines_settled", "fails")
        if names[0] in case.details:
            shown.add_row(case.case, *(f"{case.details[name]:,}" for name in names))
    screen.print(shown)
    shown = table("a day with journal and all files", ">CPU s", ">peak MiB", ">obligations")
    for case in result.results:
        if case.case.startswith("day:"):
            cpu, peak, count = (
                case.details[name] for name in ("cpu_seconds", "peak_mebibytes", "obligations")
            )
            shown.add_row(case.case, str(cpu), str(peak), f"{count:,}")
    screen.print(shown)
    for line in (*result.notes, machine_line(result.machine)):
        screen.print(line, markup=False)


def print_span(result: SpanBench) -> None:
    """The table of `novate bench span`, what was asked for beside what was measured, and the machine."""
    screen = console()
    made = table("CPU time, one core", ">best", ">median", ">must", ">reach for", "median meets")
    for row in bench_span.against_targets(result):
        made.add_row(*row)
    screen.print(made)
    made = table("case", ">best ms", ">median ms", ">worst ms", ">of", "")
    for row in bench_span.figures(result):
        made.add_row(*row)
    screen.print(made)
    screen.print(machine_line(result.machine), markup=False)
