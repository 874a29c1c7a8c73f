"""How the benchmark takes its times: whole runs, CPU time, five of them, best, median and worst.

    fresh venue -> opening (not timed) -> batches (timed: apply and the loop around it) -> ns / message

The clock is the CPU time of the process, because wall time on a shared machine moves by a factor of two. A
single call is too short for that clock and is taken on the wall: its figure is the median of many.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from novate.app.bench_flows import Flow
from novate.domain.machine import Machine
from novate.domain.records import Commands, Events, new_events
from novate.domain.terms import VenueTerms

BATCH = 4096
EVENTS = 8 * BATCH


class MeasuredMachine(Machine, Protocol):
    """A machine that can say how much it holds."""

    def resting_orders(self) -> int:
        """Orders in books and parked."""
        ...

    def memory_bytes(self) -> int:
        """Bytes of all arrays of the state."""
        ...


NewVenue = Callable[[VenueTerms], MeasuredMachine]


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the result. Times are nanoseconds per message; of `single-call` per call, on the wall."""

    case: str
    best_ns: float
    median_ns: float
    worst_ns: float
    messages: int
    details: dict[str, float | int | str] = {}


def case_result(case: str, times: list[float], messages: int, **details: float | int | str) -> CaseResult:
    """Best, median and worst of the repeats."""
    ordered = sorted(times)
    return CaseResult(
        case=case,
        best_ns=round(ordered[0], 2),
        median_ns=round(ordered[len(ordered) // 2], 2),
        worst_ns=round(ordered[-1], 2),
        messages=messages,
        details=details,
    )


def drive(machine: Machine, batches: list[Commands], events: Events) -> int:
    """Apply all batches, draining the event buffer whenever it is full; returns the number of events."""
    total = 0
    for batch in batches:
        total += machine.apply(batch, events)
        rest = batch
        while machine.consumed < len(rest):
            rest = rest[machine.consumed :]
            total += machine.apply(rest, events)
    return total


def opened(flow: Flow, new_venue: NewVenue) -> MeasuredMachine:
    """A fresh venue with the flow's credit deposited and its books filled."""
    venue = new_venue(flow.terms)
    drive(venue, [flow.opening], new_events(EVENTS))
    return venue


def measure_batches(
    flow: Flow, new_venue: NewVenue, repeats: int, batch: int = BATCH, case: str = ""
) -> CaseResult:
    """CPU per message of the whole flow in batches."""
    batches = flow.batches(batch)
    events = new_events(EVENTS)
    times, written, resting = [], 0, 0
    for _ in range(repeats):
        venue = opened(flow, new_venue)
        with undisturbed():
            start = time.process_time_ns()
            written = drive(venue, batches, events)
            times.append((time.process_time_ns() - start) / flow.messages)
        resting = venue.resting_orders()
    return case_result(
        case or flow.name,
        times,
        flow.messages,
        commands=len(flow.commands),
        events=written,
        resting=resting,
        batch=batch,
    )


def measure_single_calls(flow: Flow, new_venue: NewVenue, repeats: int) -> CaseResult:
    """Wall time of one command per call: the p50 and p99 of the flow's second half."""
    half = len(flow.commands) // 2
    calls = min(len(flow.commands) - half, 200_000)
    singles = [flow.commands[row : row + 1] for row in range(half, half + calls)]
    events = new_events(EVENTS)
    medians, tails = [], []
    for _ in range(repeats):
        venue = opened(flow, new_venue)
        drive(venue, [flow.commands[:half]], events)
        with undisturbed():
            walls = _wall_of_each(venue, singles, events)
        medians.append(float(np.percentile(walls, 50)))
        tails.append(float(np.percentile(walls, 99)))
    return case_result("single-call", medians, calls, p99_ns=round(sorted(tails)[len(tails) // 2], 1))


def _wall_of_each(venue: Machine, singles: list[Commands], events: Events) -> list[int]:
    clock, apply = time.perf_counter_ns, venue.apply
    walls = []
    for single in singles:
        start = clock()
        apply(single, events)
        walls.append(clock() - start)
    return walls


def memory_per_order(flow: Flow, new_venue: NewVenue) -> float:
    """Bytes of state for each resting order of a full book: all that the orders added."""
    venue = opened(flow, new_venue)
    idle = new_venue(flow.terms).memory_bytes()
    return (venue.memory_bytes() - idle) / max(1, venue.resting_orders())


def memory_per_market(terms: Callable[[int], VenueTerms], new_venue: NewVenue, markets: int) -> float:
    """Bytes of state that one more market costs before anybody trades in it."""
    return (new_venue(terms(markets)).memory_bytes() - new_venue(terms(1)).memory_bytes()) / (markets - 1)


@contextmanager
def undisturbed() -> Iterator[None]:
    """No garbage collection while a clock runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def peak_kibibytes() -> int:
    """Most memory that this process has held; what its parent held before it started does not count."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
