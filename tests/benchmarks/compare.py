"""Two checkouts on the same machine, taking turns, so that a noisy neighbour disturbs both alike.

    git worktree add /some/folder <revision>
    python -m tests.benchmarks.compare /some/folder        [--rounds 9] [--scale 300000]

         this checkout  |  other checkout              ns CPU per message of the normal tape
    1         42.1              41.6
    ...
    median of the ratios this / other: 1.01

Each round is a process of its own for either checkout, the order of the two changes from round to round.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[2]

WORKER = """
import sys
from novate.app.bench_flows import bench_terms, on_a_warm_venue, tape_flow
from novate.app.bench_measure import measure_batches
from novate.simulation.tape_shapes import generate_tape
from novate.venue.machine import Venue
tape = generate_tape("normal", int(sys.argv[1]))
flow = on_a_warm_venue(tape_flow("normal", tape, Venue(bench_terms(1, 1000)), 1000))
print(measure_batches(flow, Venue, 5).best_ns)
"""


def measured(checkout: Path, scale: int) -> float:
    """The best of five runs of one process: CPU ns per message."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(scale)],
        cwd=checkout,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compare", description=__doc__)
    parser.add_argument("other", type=Path, help="another checkout of this repository")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--scale", type=int, default=300_000, help="new orders of the tape")
    options = parser.parse_args(arguments)
    if not (options.other / "src" / "novate").is_dir():
        parser.error(f"expected a checkout of this repository, was {options.other}")
    ratios = []
    print("round  this   other   ns CPU per message, best of five runs")
    for number in range(options.rounds):
        pair = [HERE, options.other.resolve()]
        order = pair if number % 2 else pair[::-1]
        found = {checkout: measured(checkout, options.scale) for checkout in order}
        this, other = (found[checkout] for checkout in pair)
        ratios.append(this / other)
        print(f"{number + 1:5d} {this:6.1f} {other:6.1f}   {ratios[-1]:.3f}", flush=True)
    print(f"median of the ratios this / other: {median(ratios):.3f}")


if __name__ == "__main__":
    main()
