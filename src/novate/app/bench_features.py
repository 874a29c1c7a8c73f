"""`novate bench features`: what auctions, allocation by size, features as such and stop cascades cost.

    fifo, fifo-collared, pro-rata, ...   the normal tape with each way of matching            ns/message
    auction-uncross    a million orders in a call, then STATE -> CONTINUOUS                   ns/order, CPU s
    stop-chain-N       one print elects one stop, whose trade elects the next, N times        ns/activation
    stop-burst-N       one print elects N stops                                               ns/activation

The same clock and the same table as `novate bench matching`; docs/benchmarks.md says how to read them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import numpy as np

from novate.app.bench_flows import (
    MAX_PRICE,
    Flow,
    bench_terms,
    limit_orders,
    on_a_warm_venue,
    opening_credit,
    spread,
    tape_flow,
)
from novate.app.bench_machine import this_machine
from novate.app.bench_measure import (
    EVENTS,
    CaseResult,
    case_result,
    drive,
    measure_batches,
    opened,
    undisturbed,
)
from novate.app.progress import SILENT, Progress
from novate.domain.codes import CommandFlag, CommandKind, MarketState, OrderType, SelfTrade, Side
from novate.domain.instruments import MarketTerms
from novate.domain.records import Commands, new_commands, new_events
from novate.domain.terms import VenueTerms
from novate.simulation.tape_shapes import generate_tape
from novate.venue.machine import Venue

ACCOUNTS = 1000
SEED = 29
CALL_LEVELS = 2000
CASCADES = (25_000, 50_000, 100_000)
ALLOCATIONS: dict[str, dict[str, object]] = {
    "fifo": {},
    "fifo-collared": {"collar": MAX_PRICE},
    "pro-rata": {"alloc": "PRO_RATA"},
    "fifo-pro-rata": {"alloc": "FIFO_PRO_RATA"},
    "fifo-pro-rata-top": {"alloc": "FIFO_PRO_RATA", "top_order": True},
}


class FeatureBench(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of the benchmark found."""

    machine: dict[str, str | int]
    results: list[CaseResult]

    def case(self, name: str) -> CaseResult:
        return next(result for result in self.results if result.case == name)


def bench_features(repeats: int = 5, progress: Progress = SILENT, scale: int = 1_000_000) -> FeatureBench:
    """Run every case; `scale` is the number of orders of the tape and of the call."""
    results: list[CaseResult] = []
    steps = len(ALLOCATIONS) + 1 + 2 * len(CASCADES)
    progress("bench: first flow", 0, steps)
    for result in _cases(repeats, scale):
        results.append(result)
        progress(f"bench: {result.case}", len(results), steps)
    return FeatureBench(machine=this_machine(), results=results)


def _cases(repeats: int, scale: int) -> Iterator[CaseResult]:
    tape = generate_tape("normal", scale)
    plain = on_a_warm_venue(tape_flow("fifo", tape, Venue(bench_terms(1, ACCOUNTS)), ACCOUNTS))
    for name, changes in ALLOCATIONS.items():
        market = msgspec.structs.replace(plain.terms.markets[0], **changes)
        terms = msgspec.structs.replace(plain.terms, markets=(market,))
        flow = Flow(name, terms, plain.opening, plain.commands, plain.messages)
        yield measure_batches(flow, Venue, repeats)
    yield _step("auction-uncross", call_flow(scale), scale, repeats)
    for stops in CASCADES:
        count = max(1, stops * scale // 1_000_000)
        yield _step(f"stop-chain-{stops}", chain_flow(count), count, repeats)
        yield _step(f"stop-burst-{stops}", burst_flow(count), count, repeats)


def _step(name: str, flow: Flow, orders: int, repeats: int) -> CaseResult:
    """CPU time of the flow's commands (one that does much), told per order."""
    times, written = [], 0
    events = new_events(EVENTS)
    for _ in range(repeats):
        venue = opened(flow, Venue)
        with undisturbed():
            start = time.process_time_ns()
            written = drive(venue, [flow.commands], events)
            times.append((time.process_time_ns() - start) / orders)
    median = sorted(times)[len(times) // 2]
    seconds = round(median * orders / 1e9, 4)
    return case_result(name, times, orders, events=written, cpu_seconds=seconds)


def call_flow(orders: int) -> Flow:
    """A call that holds that many limit orders, all of which may trade; the uncross is measured."""
    random = np.random.default_rng(SEED)
    terms = bench_terms(1, ACCOUNTS)
    market = msgspec.structs.replace(terms.markets[0], initial_state="AUCTION_CALL", auction_ppm=100)
    terms = msgspec.structs.replace(terms, markets=(market,))
    entering = new_commands(orders)
    ids = np.arange(1, orders + 1)
    entering["client_order_id"] = ids
    entering["account"] = spread(ids, ACCOUNTS) + 1
    sides = np.where(ids % 2, Side.BUY, Side.SELL)
    prices = MAX_PRICE // 2 + random.integers(-CALL_LEVELS // 2, CALL_LEVELS // 2, orders)
    limit_orders(entering, np.ones(orders, bool), sides, prices, random.integers(1, 100, orders))
    opening = np.concatenate((opening_credit(entering), entering))
    return Flow("call", terms, opening, _state(MarketState.CONTINUOUS), orders)


def _state(to: MarketState) -> Commands:
    command = new_commands(1)
    command["kind"] = CommandKind.STATE
    command["state"] = to
    return command


def _matching_only() -> VenueTerms:
    """A cascade is about triggers: no credit, no fees."""
    return VenueTerms(markets=(MarketTerms(market=0, max_price=10**7, max_price_blocks=1 << 20),))


def _orders(count: int, first_id: int, account: int, side: Side, prices: object) -> Commands:
    made = new_commands(count)
    made["client_order_id"] = np.arange(first_id, first_id + count)
    made["account"] = account
    limit_orders(made, np.ones(count, bool), side, prices, 1)
    made["stp"] = SelfTrade.NONE
    return made


def _stops(count: int, first_id: int, stops: object) -> Commands:
    """Sell stops of one lot."""
    made = _orders(count, first_id, 2, Side.SELL, 0)
    made["order_type"] = OrderType.STOP
    made["stop"] = stops
    made["flags"] = CommandFlag.STOP_GIVEN | CommandFlag.QUANTITY_GIVEN
    return made


def chain_flow(count: int) -> Flow:
    """Bids of one lot at 2 x count, 2 x count - 1, ..., a stop at each: the first sale sets off all."""
    top = 2 * count
    bids = _orders(count + 1, 1, 1, Side.BUY, top - np.arange(count + 1))
    stops = _stops(count, count + 2, top - np.arange(count))
    start = _orders(1, 2 * count + 3, 3, Side.SELL, top)
    return Flow("chain", _matching_only(), np.concatenate((bids, stops)), start, count)


def burst_flow(count: int) -> Flow:
    """All stops at one price, bids for all of them at the price below."""
    bids = _orders(count + 1, 1, 1, Side.BUY, 1000)
    stops = _stops(count, count + 2, 1000)
    start = _orders(1, 2 * count + 3, 3, Side.SELL, 1000)
    return Flow("burst", _matching_only(), np.concatenate((bids, stops)), start, count)
