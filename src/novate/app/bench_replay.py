"""How fast a run comes back from its journal: blocks read, checksums and hashes verified, commands applied.

    flow --append in batches--> journal on disk --read, verify--> blocks --apply--> the same state

The figure is wall time, since verifying and applying overlap: what counts is when the machine is back.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from novate.app.bench_flows import Flow
from novate.app.bench_measure import BATCH, EVENTS, CaseResult, NewVenue, case_result, drive, undisturbed
from novate.domain.records import new_events
from novate.journal import Journal


def measure_replay(flow: Flow, new_venue: NewVenue, repeats: int) -> CaseResult:
    """Nanoseconds per command of the whole way from the files to the final state."""
    with tempfile.TemporaryDirectory(prefix="novate-bench-") as directory:
        path = Path(directory) / "journal"
        count = _write(path, flow)
        walls, cpus, root = [], [], b""
        for _ in range(repeats):
            venue = new_venue(flow.terms)
            events = new_events(EVENTS)
            with undisturbed():
                start, cpu = time.perf_counter_ns(), time.process_time_ns()
                with Journal.open(path, read_only=True) as journal:
                    for _, commands in journal.read():
                        drive(venue, [commands], events)
                walls.append((time.perf_counter_ns() - start) / count)
                cpus.append((time.process_time_ns() - cpu) / count)
            assert root in (b"", venue.state_root())
            root = venue.state_root()
    middle = sorted(walls)[len(walls) // 2]
    return case_result(
        "replay",
        walls,
        count,
        commands_per_second=round(1e9 / middle),
        cpu_ns=round(sorted(cpus)[len(cpus) // 2], 1),
        state_root=root.hex()[:16],
    )


def _write(path: Path, flow: Flow) -> int:
    """A journal of the flow, opening included; returns the number of commands."""
    with Journal.create(path, durability="none") as journal:
        for batch in [flow.opening, *flow.batches(BATCH)]:
            journal.append(batch)
        return journal.last_sequence
