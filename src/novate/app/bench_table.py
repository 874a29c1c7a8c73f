"""The benchmark's result as a person reads it: one table, two sentences, the machine."""

from __future__ import annotations

from novate.app.bench import BenchResult
from novate.app.bench_measure import CaseResult
from novate.app.cli_screen import console, table

WALL = "single-call"


def print_bench(result: BenchResult) -> None:
    """Headline, table, what the state weighs, and the machine that it was measured on."""
    screen = console()
    screen.print(headline(result), style="bold", markup=False)
    shown = table("case", ">best ns", ">median ns", ">worst ns", ">messages", "remarks")
    for case in result.results:
        shown.add_row(
            case.case,
            f"{case.best_ns:,.1f}",
            f"{case.median_ns:,.1f}",
            f"{case.worst_ns:,.1f}",
            f"{case.messages:,}",
            remarks(case),
        )
    screen.print(shown)
    for line in (*closing_lines(result), *result.notes):
        screen.print(line, markup=False)


def headline(result: BenchResult) -> str:
    """The answer in one sentence."""
    tapes = [case.median_ns for case in result.results if case.case.startswith("tape:")]
    return (
        f"A message costs {min(tapes):.0f} to {max(tapes):.0f} ns of CPU with accounts, credit, fees, "
        "limits and self-trade prevention switched on"
    )


def remarks(case: CaseResult) -> str:
    """What a figure means beside the others."""
    if case.case == WALL:
        return f"wall, p50 of single calls; p99 {case.details['p99_ns']:,.0f} ns"
    if case.case == "replay":
        return f"{case.details['commands_per_second']:,.0f} commands a second, checksums included"
    if case.case.startswith("bourse:"):
        return "another package, one message per call, matching only"
    return f"batches of {case.details['batch']:,}, {case.details['events']:,} events"


def closing_lines(result: BenchResult) -> list[str]:
    """Memory, kernels, machine."""
    memory, kernels, machine = result.memory, result.kernels, result.machine
    return [
        f"{memory.bytes_per_resting_order:.0f} bytes per resting order, "
        f"{memory.bytes_per_idle_market:.0f} bytes per idle market",
        f"kernels ready in {kernels.cold_seconds:.1f} s cold, {kernels.warm_seconds:.2f} s warm",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}, "
        f"numba {machine['numba']}, numpy {machine['numpy']}",
    ]
