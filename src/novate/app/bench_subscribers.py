"""`novate bench subscribers`: does the core feel a thousand who look at a book?

    load --1,000 orders a second--> core --events--> web worker --100 ticks a second--> 1,000 WebSockets

The same load twice: with nobody on the web, then with everybody. The readers are a process of their own that
stands behind all others for the processor; on a machine of few cores they still take from what there is.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from novate.app.bench_machine import this_machine
from novate.app.bench_measure import undisturbed
from novate.app.bench_node import (
    ACCOUNTS,
    WARM_SECONDS,
    Case,
    Followed,
    Must,
    NodeBench,
    Run,
    add_bench_sessions,
    case_result,
    measured_run,
    started_node,
    wait_until_ready,
    with_children,
)
from novate.app.bench_node_load import Session
from novate.app.bench_subscribers_reader import Counted
from novate.app.bench_web import wait_until_up
from novate.app.configuration import DEFAULT
from novate.app.node.directory import DataDirectory
from novate.app.problems import RefusedError
from novate.app.progress import SILENT, Progress
from novate.client import Credentials
from novate.domain.session_codes import SessionKind

SUBSCRIBERS = 1_000
MARKET = "NOVA"
ALONE = Case("1k/s, MAC, nobody on the web", SessionKind.MAC, 1, rate=1_000)
MOST_MORE = 1.1
"""The core's p99 may grow by a tenth."""
WEB = """
[node]
tcp = "127.0.0.1:0"
durability = "{durability}"
[web]
address = "127.0.0.1:0"
tick_ms = 10
public_per_second = 1000000
"""


def bench_subscribers(
    seconds: float, runs: int, durability: str, progress: Progress = SILENT, subscribers: int = SUBSCRIBERS
) -> NodeBench:
    """Medians of both cases. Raises RefusedError when no node can be started or no reader subscribed."""
    watched: list[Run] = []
    counted: list[Counted] = []
    with (
        tempfile.TemporaryDirectory(prefix="novate-bench-") as place,
        undisturbed(),
        _node(Path(place), durability) as (process, port, sessions),
    ):
        progress("nobody on the web", 0, 2)
        alone = [_run(process, sessions, seconds) for _ in range(runs)]
        progress(f"{subscribers} subscribers", 1, 2)
        with _readers(port, subscribers) as readers:
            _told(readers)
            for _ in range(runs):
                watched.append(_run(process, sessions, seconds))
                counted.append(_told(readers))
    first = case_result(ALONE, alone)
    must = Must(p99_us=round(first.p99_us * MOST_MORE))
    case = ALONE._replace(name=f"1k/s, MAC, {subscribers:,} follow a book", must=must)
    return NodeBench(
        machine=this_machine(),
        seconds=seconds,
        durability=durability,
        cases=[first, case_result(case, watched)],
        followed=Followed(
            subscribers=subscribers,
            messages_per_second=round(median(one.messages for one in counted) / seconds / subscribers),
            megabytes_per_second=round(median(one.bytes for one in counted) / seconds / 1e6, 1),
            cut_off=counted[-1].lost,
        ),
    )


def _run(process: int, sessions: list[Session], seconds: float) -> Run:
    return measured_run(with_children(process), sessions, ALONE, seconds)


@contextmanager
def _node(place: Path, durability: str) -> Iterator[tuple[int, int, list[Session]]]:
    """(process, port of the web, sessions) of a founded node, warmed up; stopped at the end."""
    config = place / "market.toml"
    config.write_text(DEFAULT.read_text(encoding="utf-8") + WEB.format(durability=durability), "utf-8")
    data = DataDirectory(place / "data")
    data.make()
    seeds = add_bench_sessions(data, SessionKind.MAC)
    with started_node(data, config) as (process, banner):
        port = int(str(banner["web"]).rpartition(":")[2])
        wait_until_ready(data)
        wait_until_up(port)
        address = str(banner["addresses"][0])
        sessions = [
            Session(address, Credentials(f"BENCH-{at + 1}", seed, ALONE.kind), ACCOUNTS[at], at, ALONE.size)
            for at, seed in enumerate(seeds)
        ]
        measured_run(with_children(process), sessions, ALONE, WARM_SECONDS)
        yield process, port, sessions


@contextmanager
def _readers(port: int, count: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "novate.app.bench_subscribers_reader", "127.0.0.1", str(port)]
    with subprocess.Popen(
        [*command, str(count), MARKET], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as readers:
        try:
            assert readers.stdout is not None
            if readers.stdout.readline() != b"ready\n":
                raise RefusedError(f"bench: expected {count} subscriptions, were not taken")
            yield readers
        finally:
            assert readers.stdin is not None
            readers.stdin.close()


def _told(readers: subprocess.Popen[bytes]) -> Counted:
    assert readers.stdin is not None
    assert readers.stdout is not None
    readers.stdin.write(b"\n")
    readers.stdin.flush()
    return msgspec.json.decode(readers.stdout.readline(), type=Counted)
