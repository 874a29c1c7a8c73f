"""The machine that a benchmark ran on, and how long its kernels take to be ready.

`python -m novate.app.bench_machine` builds a venue, applies some orders and cancels, and prints the CPU
seconds of its process from the start to the last event.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import msgspec


class KernelStart(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds of a new process up to its first orders applied, without and with kernels on disk."""

    cold_seconds: float
    warm_seconds: float


def this_machine() -> dict[str, str | int]:
    """What a reader needs to judge the figures."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
        "novate": version("novate"),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def measure_kernel_start(warm_repeats: int = 3) -> KernelStart:
    """Start a fresh process with an empty kernel cache, then again with the cache that it left."""
    with tempfile.TemporaryDirectory(prefix="novate-kernels-") as directory:
        cold = seconds_of_a_start(directory)
        warm = sorted(seconds_of_a_start(directory) for _ in range(warm_repeats))
    return KernelStart(cold_seconds=round(cold, 2), warm_seconds=round(warm[len(warm) // 2], 3))


def seconds_of_a_start(cache: str = "") -> float:
    """One fresh process, with the kernels of this cache directory; empty means the usual one."""
    done = subprocess.run(
        [sys.executable, "-m", "novate.app.bench_machine"],
        env={**os.environ, **({"NOVATE_CACHE_DIR": cache} if cache else {})},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return float(done.stdout)


def _first_orders() -> float:
    """CPU seconds until this new process has applied its first orders, interpreter and imports included."""
    from novate.app.bench_flows import churn_flow
    from novate.app.bench_measure import EVENTS, drive
    from novate.domain.records import new_events
    from novate.venue.machine import Venue

    flow = churn_flow("start", resting=8, levels=4, messages=8, accounts=4)
    drive(Venue(flow.terms), [flow.opening, flow.commands], new_events(EVENTS))
    return time.process_time()


if __name__ == "__main__":
    print(_first_orders())
