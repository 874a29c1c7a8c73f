"""`novate bench node`: latency and throughput of a running node over loopback, on real files.

    novate up (a process of its own) <--four sessions--> the load, in this process, on the same machine

Latency is from when a frame was due to its receipt: journaled, flushed, matched, told. Beside each figure
stand how late the load itself was and how much of the processor went to neither of the two. The clearing
house runs beside the node, which keeps snapshots: what is measured is the product, not a part of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np

from novate.app.bench_machine import this_machine
from novate.app.bench_node_load import Measured, Session, by_answers, by_the_clock
from novate.app.configuration import DEFAULT
from novate.app.node.core import NodeStatus
from novate.app.node.directory import DataDirectory
from novate.app.node.inquiry import status_of
from novate.app.node.session_file import add_session
from novate.app.problems import RefusedError
from novate.app.progress import SILENT, Progress
from novate.client import Credentials
from novate.domain.session_codes import Permission, SessionKind
from novate.gateway.binary import SessionTerms
from novate.signatures import public_of

ACCOUNTS = (101, 201, 301, 401)
WARM_SECONDS = 1.0


class Must(NamedTuple):
    """What is asked of a case; 0: nothing."""

    p50_us: int = 0
    p99_us: int = 0
    per_second: int = 0


class Case(NamedTuple):
    """One line of the table: `rate` commands a second, or as many as come with `window` frames on the way."""

    name: str
    kind: SessionKind
    size: int
    rate: int = 0
    window: int = 0
    ingress: int = 0
    """Processes that verify for the core; the load connects to them."""
    must: Must = Must()


CASES = (
    Case("3k/s, a signature per order", SessionKind.ORDER, 1, rate=3_000, must=Must(500, 1_200)),
    Case("10k/s, MAC", SessionKind.MAC, 1, rate=10_000, must=Must(350, 800)),
    Case("100k/s, MAC, 16 a frame", SessionKind.MAC, 16, rate=100_000, must=Must(450, 1_500)),
    Case("250k/s, a signature per 64", SessionKind.FRAME, 64, rate=250_000, must=Must(800, 3_000)),
    Case("sustained, MAC, 256 a frame", SessionKind.MAC, 256, window=4, must=Must(per_second=1_000_000)),
    Case("sustained, a signature per 64", SessionKind.FRAME, 64, window=8, must=Must(per_second=400_000)),
    Case("the same, 1 ingress", SessionKind.FRAME, 64, window=8, ingress=1),
    Case("sustained, a signature per order", SessionKind.ORDER, 16, window=2, must=Must(per_second=15_000)),
    Case("the same, 1 ingress", SessionKind.ORDER, 16, window=4, ingress=1, must=Must(per_second=15_000)),
)
PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99, 100.0)
READY_SECONDS = 60.0


class NodeCase(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the runs of one case."""

    case: str
    per_second: int
    """Commands that were answered."""
    p50_us: int
    p99_us: int
    p999_us: int
    slowest_us: int
    generator_lag_p99_us: int
    foreign_cpu_percent: int
    """Of all cores: neither node nor load."""
    refused: int
    missing: int
    runs: int
    must: Must
    reached: bool
    """All that is asked of the case; where nothing is, true."""
    curve_us: list[int]
    """Latency at each of PERCENTILES."""
    by_second: list[int]
    """Commands that were answered in each second of the first run."""


class Restart(msgspec.Struct, frozen=True, kw_only=True):
    """How long `novate up` takes to its banner, on a journal that goes on behind its last snapshot."""

    records: int
    seconds: float
    cpu_seconds: float
    must_seconds: float
    runs: int

    @property
    def reached(self) -> bool:
        """Is it as quick as it must be?"""
        return self.seconds <= self.must_seconds


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What those were told who followed a book while the core was measured."""

    subscribers: int
    messages_per_second: int
    """To each of them, median over the runs."""
    megabytes_per_second: float
    """To all of them."""
    cut_off: int


class NodeBench(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured, and where."""

    machine: dict[str, str | int]
    seconds: float
    durability: str
    cases: list[NodeCase]
    restart: Restart | None = None
    followed: Followed | None = None


def bench_node(
    seconds: float = 20.0, runs: int = 5, durability: str = "always", progress: Progress = SILENT
) -> NodeBench:
    """Every case, `runs` times for `seconds`, each case on a node of its own."""
    cases = []
    for number, case in enumerate(CASES):
        progress(case.name, number, len(CASES))
        with (
            tempfile.TemporaryDirectory(prefix="novate-bench-") as place,
            _node(Path(place), case, durability) as node,
        ):
            ours = with_children(node.process)
            found = [measured_run(ours, node.sessions, case, seconds) for _ in range(runs)]
            cases.append(case_result(case, found))
    return NodeBench(machine=this_machine(), seconds=seconds, durability=durability, cases=cases)


class _RunningNode(NamedTuple):
    """A node process and the sessions to it."""

    process: int
    sessions: list[Session]


class Run(NamedTuple):
    """What one run measured, and the part of all processors that others had."""

    measured: Measured
    foreign: float


@contextmanager
def _node(place: Path, case: Case, durability: str) -> Iterator[_RunningNode]:
    """A founded node with four sessions of the case's kind, warmed up; stopped at the end."""
    config = place / "market.toml"
    table = f'\n[node]\ntcp = "127.0.0.1:0"\ndurability = "{durability}"\n'
    table += f'ingress = {case.ingress}\ningress_tcp = "127.0.0.1:0"\n'
    config.write_text(DEFAULT.read_text(encoding="utf-8") + table, encoding="utf-8")
    data = DataDirectory(place / "data")
    data.make()
    seeds = add_bench_sessions(data, case.kind)
    with started_node(data, config) as (process, banner):
        wait_until_ready(data)
        address = str(banner["ingress"] or banner["addresses"][0])
        sessions = [
            Session(address, Credentials(f"BENCH-{at + 1}", seed, case.kind), ACCOUNTS[at], at, case.size)
            for at, seed in enumerate(seeds)
        ]
        measured_run(with_children(process), sessions, case, WARM_SECONDS)
        yield _RunningNode(process, sessions)


def add_bench_sessions(data: DataDirectory, kind: SessionKind) -> list[bytes]:
    """Sessions BENCH-1, BENCH-2, ... with an account each; returns their seeds."""
    seeds = [bytes([number + 1]) * 32 for number in range(len(ACCOUNTS))]
    for number, (seed, account) in enumerate(zip(seeds, ACCOUNTS, strict=True), 1):
        add_session(data, SessionTerms(
            name=f"BENCH-{number}", number=number, public_key=public_of(seed), kind=kind,
            permissions=Permission.READ | Permission.TRADE, accounts=(account,),
        ))  # fmt: skip
    return seeds


def wait_until_ready(data: DataDirectory) -> None:
    """Until clearing house and board beside the node have started: their start is not what is measured."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        status = status_of(data)
        if isinstance(status, NodeStatus):
            has_house = status.clearing is None or status.clearing.state == "running"
            if has_house and "board" in status.beside:
                return
        time.sleep(0.1)
    raise RefusedError(f"bench: expected clearing house and board within {READY_SECONDS:g} s, was none")


@contextmanager
def started_node(data: DataDirectory, config: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(process, banner) of `novate up`; stopped at the end. Raises RefusedError if it does not start."""
    program = "from novate.app.cli import main; main()"
    command = [sys.executable, "-c", program, "up", "--json", "--data", str(data.path)]
    with subprocess.Popen(
        [*command, "--config", str(config)], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            banner = process.stdout.readline()
            if not banner:
                raise RefusedError("bench: expected a node to start, it did not")
            yield process.pid, msgspec.json.decode(banner)
        finally:
            process.send_signal(signal.SIGINT)


def measured_run(processes: Sequence[int], sessions: list[Session], case: Case, seconds: float) -> Run:
    """Load on these sessions for so long; `processes` are those that serve them."""
    busy, own = _busy_ticks(), sum(map(_ticks_of, (*processes, os.getpid())))
    if case.rate:
        measured = by_the_clock(sessions, case.rate, case.size, seconds)
    else:
        measured = by_answers(sessions, case.window, seconds)
    own = sum(map(_ticks_of, (*processes, os.getpid()))) - own
    busy = _busy_ticks() - busy
    whole = measured.nanoseconds / 1e9 * os.sysconf("SC_CLK_TCK") * (os.cpu_count() or 1)
    return Run(measured, max(0.0, (busy - own) / whole))


def _busy_ticks() -> int:
    """Ticks of all cores since the start of the machine that were not idle."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, irq, soft, steal = (int(field) for field in fields)
    return user + nice + system + irq + soft + steal


def with_children(process: int) -> list[int]:
    """A node and what runs beside it."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *map(int, children)]


def _ticks_of(process: int) -> int:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _is_reached(found: dict[str, int], must: Must) -> bool:
    most_us = {"p50_us": must.p50_us, "p99_us": must.p99_us}
    in_time = all(found[name] <= most for name, most in most_us.items() if most)
    return in_time and found["per_second"] >= must.per_second


def case_result(case: Case, runs: list[Run]) -> NodeCase:
    """Medians over the runs of a case."""

    def middle(part: float, of: str) -> int:
        values = [float(np.percentile(getattr(run.measured, of) or [0], part)) for run in runs]
        return round(median(values) / 1_000)

    must = case.must
    reached = {
        "p50_us": middle(50, "latencies"),
        "p99_us": middle(99, "latencies"),
        "per_second": round(median(run.measured.commands * 1e9 / run.measured.nanoseconds for run in runs)),
    }
    seconds = runs[0].measured.by_second
    return NodeCase(
        case=case.name,
        **reached,
        p999_us=middle(99.9, "latencies"),
        slowest_us=middle(100, "latencies"),
        generator_lag_p99_us=middle(99, "lags"),
        foreign_cpu_percent=round(100 * median(run.foreign for run in runs)),
        refused=sum(run.measured.refused for run in runs),
        missing=sum(run.measured.missing for run in runs),
        runs=len(runs),
        must=must,
        reached=_is_reached(reached, must),
        curve_us=[middle(part, "latencies") for part in PERCENTILES],
        by_second=[seconds.get(second, 0) for second in range(max(seconds, default=-1) + 1)],
    )
