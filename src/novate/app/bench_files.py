"""From a Parquet file of trades to the obligation file, and the nets alone by other means, each in a process.

    trades.parquet --novate clear--> obligations.csv, positions.csv, returns.csv, rejects.csv
                   --DuckDB--------> sums of quantity and amount per member and instrument, and nothing else
                   --Polars--------> the same

A process of its own is the only way to know what a run costs in memory, and start and imports belong to what
a user waits for. All three must find equally many nets and the same money, or the benchmark fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from novate.app.bench_measure import CaseResult, case_result, peak_kibibytes
from novate.app.bench_nets import polars_is_there
from novate.app.bench_trades import write_trade_file
from novate.app.clear import clear_file

Found = dict[str, int]
"""What one process says: CPU and wall nanoseconds, peak, number of nets and minor units to pay."""
FILE_NETS = """
    with trades as (
        select *, quantity::bigint as units, quantity::bigint * replace(price, '.', '')::bigint as amount
        from read_parquet($path)
    ), legs as (
        select buyer_member as party, instrument, units, -amount as amount from trades
        union all
        select seller_member as party, instrument, -units as units, amount from trades
    ), nets as (
        select party, instrument, sum(units)::bigint as units, sum(amount)::bigint as amount from legs
        group by party, instrument having sum(units) <> 0 or sum(amount) <> 0
    )
    select count(*), sum(greatest(-amount, 0))::bigint from nets
"""


def measure_files(trades: int, repeats: int, members: int, instruments: int) -> Iterator[CaseResult]:
    """`file:N` and `file-crowded:N`, each followed by the nets of the same file by DuckDB and Polars."""
    for name, crowded in (("file", False), ("file-crowded", True)):
        with tempfile.TemporaryDirectory(prefix="novate-bench-") as folder:
            path = Path(folder) / "trades.parquet"
            write_trade_file(path, trades, members, instruments, crowded)
            own = _runs("novate", path, repeats)
            yield _case(f"{name}:{trades}", own, trades)
            for other in ("duckdb", "polars") if polars_is_there() else ("duckdb",):
                found = _runs(other, path, repeats)
                if any(found[0][key] != own[0][key] for key in ("nets", "pay_minor")):
                    raise AssertionError(f"Expected the nets {own[0]} from {other}, found {found[0]}")
                yield _case(f"{name}:nets:{other}", found, trades)


def _runs(how: str, path: Path, repeats: int) -> list[Found]:
    """So many runs, after one that fills the caches of kernels and files."""
    return [_in_a_process(how, path) for _ in range(repeats + 1)][1:]


def _case(name: str, runs: list[Found], trades: int) -> CaseResult:
    middle = sorted(runs, key=lambda one: one["cpu_ns"])[len(runs) // 2]
    details: dict[str, float] = {
        "per_second": round(1e9 * trades / middle["cpu_ns"]),
        "cpu_seconds": round(middle["cpu_ns"] / 1e9, 2),
        "wall_seconds": round(middle["wall_ns"] / 1e9, 2),
        "peak_mebibytes": max(one["peak_kibibytes"] for one in runs) // 1024,
        "obligations": middle["nets"],
    }
    for step in ("reading", "clearing", "writing"):
        if step in middle:
            details[f"{step}_cpu_seconds"] = round(middle[step] / 1e9, 2)
    return case_result(name, [one["cpu_ns"] / trades for one in runs], trades, **details)


def _in_a_process(how: str, path: Path) -> Found:
    done = subprocess.run(
        [sys.executable, "-m", "novate.app.bench_files", how, str(path), str(path.parent / "out")],
        capture_output=True,
        text=True,
        check=True,
        timeout=3600,
        env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    answer: Found = json.loads(done.stdout)
    return answer


def _clear(path: Path, out: Path) -> Found:
    """A whole run, with the CPU time of each of its steps."""
    steps: list[tuple[str, int]] = []
    summary = clear_file(
        path, out, adopt=True, progress=lambda step: steps.append((step, time.process_time_ns()))
    )
    ends = [at for _, at in steps[1:]] + [time.process_time_ns()]
    pay = sum(one.net_pay for one in summary.cycles)
    return {
        "nets": summary.obligations,
        "pay_minor": pay,
        **{step: end - at for (step, at), end in zip(steps, ends, strict=True)},
    }


def _duckdb(path: Path, out: Path) -> Found:
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    answer = connection.execute(FILE_NETS, {"path": str(path)}).fetchone()
    assert answer is not None, "an aggregate has one row"
    return {"nets": answer[0], "pay_minor": answer[1]}


def _polars(path: Path, out: Path) -> Found:
    import polars as pl

    units = pl.col("quantity").cast(pl.Int64)
    cents = pl.col("price").str.replace(".", "", literal=True).cast(pl.Int64)
    trades = pl.scan_parquet(path).select(
        "buyer_member", "seller_member", "instrument", units.alias("units"), (units * cents).alias("amount")
    )
    amount, units = pl.col("amount"), pl.col("units")
    bought = trades.select(pl.col("buyer_member").alias("party"), "instrument", units, -amount)
    sold = trades.select(pl.col("seller_member").alias("party"), "instrument", -units, amount)
    nets = pl.concat([bought, sold]).group_by("party", "instrument").agg(units.sum(), amount.sum())
    kept = nets.filter((units != 0) | (amount != 0)).collect()
    return {"nets": len(kept), "pay_minor": -int(kept.filter(amount < 0)["amount"].sum())}


MEANS: dict[str, Callable[[Path, Path], Found]] = {"novate": _clear, "duckdb": _duckdb, "polars": _polars}


def _measured(how: str, path: Path, out: Path) -> Found:
    """One run: CPU of this process up to its end, interpreter and imports included, and its peak."""
    wall = time.perf_counter_ns()
    found = MEANS[how](path, out)
    return {
        **found,
        "cpu_ns": time.process_time_ns(),
        "wall_ns": time.perf_counter_ns() - wall,
        "peak_kibibytes": peak_kibibytes(),
    }


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
