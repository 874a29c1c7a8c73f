"""`novate bench node`: everything that is asked of a running node, in one result.

the core's own cases | orders over REST | a thousand who look | a restart  --> one NodeBench
"""

from __future__ import annotations

import msgspec

from novate.app.bench_node import NodeBench, bench_node
from novate.app.bench_restart import bench_restart
from novate.app.bench_subscribers import bench_subscribers
from novate.app.bench_web import bench_web
from novate.app.progress import SILENT, Progress


def bench_all(
    seconds: float = 20.0, runs: int = 5, durability: str = "always", progress: Progress = SILENT
) -> NodeBench:
    """All cases, one after the other, `runs` times for `seconds` each; the restart as often."""
    core = bench_node(seconds, runs, durability, progress)
    web = bench_web(seconds, runs, durability, progress)
    looked_at = bench_subscribers(seconds, runs, durability, progress)
    progress("restart", 0, 1)
    return msgspec.structs.replace(
        core,
        cases=[*core.cases, *web.cases, *looked_at.cases],
        followed=looked_at.followed,
        restart=bench_restart(runs),
    )
