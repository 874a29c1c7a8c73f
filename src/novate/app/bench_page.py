"""The benchmark's result as a table for a document, so that no figure is ever copied by hand.

novate bench matching --json > out/bench.json
python -m novate.app.bench_page out/bench.json            prints the table of README.md
novate bench features --json > out/features.json
python -m novate.app.bench_page out/features.json         prints the table of docs/benchmarks.md
novate bench ledger --json > out/ledger.json
python -m novate.app.bench_page out/ledger.json           prints its table of the ledger
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from novate.app.bench import BenchResult
from novate.app.bench_features import FeatureBench
from novate.app.bench_ledger import LedgerBench
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


FEATURES = {
    "fifo": "price and time, nothing of it configured",
    "fifo-collared": "price and time in a market with features (a collar)",
    "pro-rata": "pro-rata",
    "fifo-pro-rata": "40% by time, then pro-rata",
    "fifo-pro-rata-top": "the same, the top order first",
    "auction-uncross": "uncross of a call, per order in it",
    "stop-chain": "stops, each set off by the trade of the one before, per activation",
    "stop-burst": "stops, all set off by one print, per activation",
}


def feature_page(result: FeatureBench) -> Iterator[str]:
    """Lines of Markdown: what, how many orders, median, best to worst, CPU seconds of the whole."""
    yield "| case | orders | median | best to worst | CPU of the whole |"
    yield "|---|---:|---:|---:|---:|"
    for case in result.results:
        name = case.case if case.case in FEATURES else case.case.rpartition("-")[0]
        seconds = case.details.get("cpu_seconds")
        whole = f"{float(seconds):.3f} s" if seconds is not None else ""
        times = f"{case.median_ns:.0f} ns | {case.best_ns:.0f} to {case.worst_ns:.0f}"
        yield f"| {FEATURES[name]} | {case.messages:,} | {times} | {whole} |"


LEDGER = {
    "single-phase": "payments between 10,000 accounts",
    "limited": "the same, every account with a limit and a history",
    "two-phase": "pending transfers and their posts, half of each",
    "timeouts": "pending transfers that all expire, the expiry included",
    "chains": "payments in chains of four",
    "broken-chains": "the same, the last member of each chain refused",
}


def ledger_page(result: LedgerBench) -> Iterator[str]:
    """Lines of Markdown: what, transfers a second, median, best to worst; memory at the end."""
    yield "| requests of 8,192 | transfers a second and core | median | best to worst |"
    yield "|---|---:|---:|---:|"
    for case in result.results:
        times = f"{case.median_ns:.0f} ns | {case.best_ns:.0f} to {case.worst_ns:.0f}"
        yield f"| {LEDGER[case.case]} | {float(case.details['per_second']) / 1e6:.1f} million | {times} |"
    yield f"| memory per transfer | {result.bytes_per_transfer:.0f} bytes | | |"


def page_of(data: bytes) -> Iterator[str]:
    """The table of any of the benchmarks."""
    found = msgspec.json.decode(data)
    if "bytes_per_transfer" in found:
        return ledger_page(msgspec.json.decode(data, type=LedgerBench))
    if "memory" in found:
        return page(msgspec.json.decode(data, type=BenchResult))
    return feature_page(msgspec.json.decode(data, type=FeatureBench))


if __name__ == "__main__":
    print("\n".join(page_of(Path(sys.argv[1]).read_bytes())))
