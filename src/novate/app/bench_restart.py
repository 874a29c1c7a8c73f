"""A restart: `novate up` on a journal with ten million commands behind its last snapshot, up to its banner.

    founded --orders--> journal of `records` --> kill, as it were --> novate up: recover ... banner
              (no snapshot behind the founding)                       |<------ seconds ----->|

The interpreter's start and the imports are in it: it is the time during which there is no market.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from novate.app.bench_node import ACCOUNTS, Restart, started_node
from novate.app.bench_node_load import CYCLE, cycle_of
from novate.app.configuration import DEFAULT, load_configuration
from novate.app.node.directory import DataDirectory
from novate.app.node.recovery import Nonces, keep
from novate.app.node.settings import NodeSettings
from novate.app.node.up import standing_plane
from novate.app.plane_streams import FillStream
from novate.domain.codes import CommandKind
from novate.domain.records import Commands
from novate.gateway.binary import EventLog

RECORDS = 10_000_000
MUST_SECONDS = 2.0
BLOCK = 32 * CYCLE
TABLE = '\n[node]\ntcp = "127.0.0.1:0"\nboard = "off"\nclearing_house = false\n'


def bench_restart(runs: int, records: int = RECORDS) -> Restart:
    """Median of the runs; each is killed, so that the next one has as much to do again."""
    with tempfile.TemporaryDirectory(prefix="novate-bench-") as place:
        config = Path(place) / "market.toml"
        config.write_text(DEFAULT.read_text(encoding="utf-8") + TABLE, encoding="utf-8")
        data = DataDirectory(Path(place) / "data")
        _trade(data, config, records)
        found = [_start(data, config) for _ in range(runs)]
    return Restart(
        records=records,
        seconds=round(median(wall for wall, _ in found), 2),
        cpu_seconds=round(median(cpu for _, cpu in found), 2),
        must_seconds=MUST_SECONDS,
        runs=runs,
    )


def _trade(data: DataDirectory, config: Path, records: int) -> None:
    """A venue with a snapshot at its beginning and so many commands behind it; its event log is not kept."""
    data.make()
    fills = FillStream(data.path)
    plane, _ = standing_plane(data, load_configuration(config), fills, NodeSettings())
    log = EventLog(data.events, plane.journal.identity)
    log.append(plane.apply(np.zeros(0, plane_commands().dtype)), plane.venue.sequence)
    keep(data, plane, log, Nonces())
    block = plane_commands()
    done = 0
    while done < records:
        plane.take(block[: min(len(block), records - done)], time.time_ns())
        block["client_order_id"] += BLOCK
        done += len(block)
    fills.stream.flush()
    log.close()
    fills.stream.close()
    plane.close()


def plane_commands() -> Commands:
    """The orders of the four sessions of the benchmark, one after the other."""
    cycles = [cycle_of(account, at)[:CYCLE] for at, account in enumerate(ACCOUNTS)]
    once = np.concatenate(cycles)
    block = np.concatenate([once] * (BLOCK // len(once)))
    block["client_order_id"] += np.repeat(np.arange(len(block) // len(once)) * CYCLE, len(once))
    assert (block["kind"] != CommandKind.TIME).all()
    return block


def _start(data: DataDirectory, config: Path) -> tuple[float, float]:
    """(wall, CPU) seconds from the start of the process to its banner."""
    began = time.perf_counter()
    with started_node(data, config) as (process, _):
        wall = time.perf_counter() - began
        tasks = Path(f"/proc/{process}/task").iterdir()
        cpu = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
        os.kill(process, signal.SIGKILL)
    return wall, cpu
