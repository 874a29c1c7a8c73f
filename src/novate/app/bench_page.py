"""The benchmark's result as a table for a document, so that no figure is ever copied by hand.

novate bench matching --json > out/bench.json
python -m novate.app.bench_page out/bench.json        prints the table of README.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from novate.app.bench import BenchResult
from novate.app.bench_measure import CaseResult

BATCHES = (
    ("batch-64", "the normal tape in batches of 64"),
    ("limits-set", "the normal tape, all six limits set on every account and member"),
    ("markets-1000", "1,000 markets, 10,000 accounts"),
    ("wide-book", "wide book: 5,000 levels a side, random cancels"),
    ("million-resting", "a million resting orders, random cancels"),
)


def page(result: BenchResult) -> Iterator[str]:
    """Lines of Markdown: what, median, best to worst."""
    cases = {case.case: case for case in result.results}
    tapes = [case for case in result.results if case.case.startswith("tape:")]
    yield "| CPU per message, everything switched on | median | best to worst |"
    yield "|---|---:|---:|"
    names = ", ".join(case.case.removeprefix("tape:") for case in tapes)
    yield _row(f"tapes of {tapes[0].messages:,} messages ({names}), batches of 4,096", tapes)
    for name, words in BATCHES:
        yield _row(words, [cases[name]])
    yield "| **one command per Python call**, wall time | | |"
    yield _row("Novate, everything switched on, p50", [cases["single-call"]])
    for case in result.results:
        if case.case.startswith("bourse:"):
            yield _row("`bourse`, matching only, same tape, same run, CPU", [case])
    yield "| **the rest** | | |"
    speed = float(cases["replay"].details["commands_per_second"])
    yield f"| replay from the journal, checksums included | {speed / 1e6:.1f} million commands/s | |"
    memory, kernels = result.memory, result.kernels
    yield f"| memory per resting order | {memory.bytes_per_resting_order:.0f} bytes | |"
    yield f"| memory per idle market | {memory.bytes_per_idle_market:.0f} bytes | |"
    yield f"| kernels ready, cold / warm | {kernels.cold_seconds:.1f} s / {kernels.warm_seconds:.2f} s | |"


def _row(words: str, cases: list[CaseResult]) -> str:
    medians = sorted(case.median_ns for case in cases)
    best, worst = min(case.best_ns for case in cases), max(case.worst_ns for case in cases)
    median = f"{medians[0]:.0f}" if len(cases) == 1 else f"{medians[0]:.0f} to {medians[-1]:.0f}"
    return f"| {words} | {median} ns | {best:.0f} to {worst:.0f} |"


if __name__ == "__main__":
    print("\n".join(page(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=BenchResult))))
