"""`novate bench ledger`: what a transfer costs in CPU time and in memory.

    single-phase    payments between 10,000 accounts, random ids                       ns/transfer
    limited         the same between accounts with a limit and a history each
    two-phase       in turn a request of pending transfers and one that posts them all
    timeouts        pending transfers that all expire in the next request
    chains          chains of four payments, all of them kept
    broken-chains   the same, the last member refused: three payments made and taken back

Requests of 8,192, a fresh ledger for each run, growth of its tables included. The same clock and the same
table as `novate bench matching`; docs/benchmarks.md says how to read them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.app.bench_machine import this_machine
from novate.app.bench_measure import CaseResult, case_result, undisturbed
from novate.app.progress import SILENT, Progress
from novate.clearing.ledger.codes import AccountFlag, TransferFlag
from novate.clearing.ledger.layout import ACCOUNT_REQUEST, TRANSFER_REQUEST
from novate.clearing.ledger.ledger import Ledger

Requests = npt.NDArray[Any]
Step = tuple[Requests, int]
"""A request and its time."""

BATCH = 8192
ACCOUNTS = 10_000
CHAIN = 4
SEED = 41
FUNDS = 2**40


class LedgerBench(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of the benchmark found."""

    machine: dict[str, str | int]
    results: list[CaseResult]
    bytes_per_transfer: float

    def case(self, name: str) -> CaseResult:
        return next(result for result in self.results if result.case == name)


class LedgerFlow(msgspec.Struct, frozen=True):
    """Requests, and the flags of the accounts that they move money between."""

    name: str
    steps: list[Step]
    account_flags: int = 0

    @property
    def transfers(self) -> int:
        """Requested transfers of all steps."""
        return sum(len(requests) for requests, _ in self.steps)


def bench_ledger(repeats: int = 5, progress: Progress = SILENT, scale: int = 1_000_000) -> LedgerBench:
    """Run every case; `scale` is the number of transfers of a flow."""
    results: list[CaseResult] = []
    run(single_phase(BATCH))  # kernels are compiled and loaded before a clock runs
    progress("bench: first flow", 0, len(FLOWS))
    for make in FLOWS:
        results.append(measure(make(scale), repeats))
        progress(f"bench: {results[-1].case}", len(results), len(FLOWS))
    return LedgerBench(
        machine=this_machine(),
        results=results,
        bytes_per_transfer=round(memory_per_transfer(scale), 1),
    )


def measure(flow: LedgerFlow, repeats: int) -> CaseResult:
    """CPU per transfer of the whole flow."""
    times, created = [], 0
    for _ in range(repeats):
        ledger = opened(flow.account_flags)
        with undisturbed():
            start = time.process_time_ns()
            drive(ledger, flow.steps)
            times.append((time.process_time_ns() - start) / flow.transfers)
        created = ledger.stored
    median = sorted(times)[len(times) // 2]
    return case_result(
        flow.name, times, flow.transfers, created=created, batch=BATCH, per_second=round(1e9 / median)
    )


def drive(ledger: Ledger, steps: list[Step]) -> None:
    """Every request at its time."""
    for requests, at in steps:
        ledger.transfers(requests, at)


def run(flow: LedgerFlow) -> Ledger:
    """A fresh ledger after the flow."""
    ledger = opened(flow.account_flags)
    drive(ledger, flow.steps)
    return ledger


def opened(flags: int = 0) -> Ledger:
    """Dollars, a bank, and the accounts of the benchmark; limited ones are funded by the bank."""
    ledger = Ledger(max_batch=max(BATCH, ACCOUNTS + 1))
    ledger.open_ledger(1, "USD", 2)
    accounts = np.zeros(ACCOUNTS + 1, ACCOUNT_REQUEST)
    accounts["id"] = [*account_ids(np.arange(ACCOUNTS)), 1]
    accounts["ledger"] = 1
    accounts["code"] = 1
    accounts["flags"][:-1] = flags
    ledger.accounts(accounts)
    if flags:
        funding = payments(np.arange(1, ACCOUNTS + 1) * 2)
        funding["debit"], funding["credit"], funding["amount"] = 1, accounts["id"][:-1], FUNDS
        ledger.transfers(funding)
    return ledger


def account_ids(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Ids as clients choose them: spread over the whole range, never 1."""
    return (numbers + 1) * 922_337_203_685_477 + 7


def payments(ids: npt.NDArray[np.int64]) -> Requests:
    """Payments between random accounts, one for each id."""
    random = np.random.default_rng(SEED)
    made = np.zeros(len(ids), TRANSFER_REQUEST)
    debits = random.integers(0, ACCOUNTS, len(ids))
    credits = (debits + random.integers(1, ACCOUNTS, len(ids))) % ACCOUNTS
    made["id"] = ids
    made["debit"], made["credit"] = account_ids(debits), account_ids(credits)
    made["amount"] = random.integers(1, 1000, len(ids))
    made["ledger"], made["code"] = 1, 1
    return made


def random_ids(count: int) -> npt.NDArray[np.int64]:
    """Distinct odd ids in random order, spread over the whole range."""
    numbers = np.random.default_rng(SEED + 1).permutation(count)
    return numbers * (2**62 // max(1, count)) * 2 + 3


def requests_of(made: Requests) -> list[Step]:
    """Cut into requests; each has a time of its own."""
    return [(made[at : at + BATCH], 1 + at // BATCH) for at in range(0, len(made), BATCH)]


def single_phase(scale: int) -> LedgerFlow:
    """Payments, as plain as they can be."""
    return LedgerFlow("single-phase", requests_of(payments(random_ids(scale))))


def limited(scale: int) -> LedgerFlow:
    """Payments between accounts that may not be overdrawn and that keep their history."""
    flags = AccountFlag.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlag.HISTORY
    return LedgerFlow("limited", requests_of(payments(random_ids(scale))), int(flags))


def two_phase(scale: int) -> LedgerFlow:
    """Half of the transfers are pending ones, the other half posts them in random order."""
    ids = random_ids(scale // 2 * 2)
    reserving = payments(ids[: scale // 2])
    reserving["flags"] = TransferFlag.PENDING
    steps: list[Step] = []
    random = np.random.default_rng(SEED + 2)
    for (requests, at), posts in zip(
        requests_of(reserving), np.split(ids[scale // 2 :], range(BATCH, scale // 2, BATCH)), strict=True
    ):
        posting = np.zeros(len(requests), TRANSFER_REQUEST)
        posting["id"] = posts
        posting["pending_id"] = random.permutation(requests["id"])
        posting["amount"] = 2**63 - 1
        posting["flags"] = TransferFlag.POST_PENDING
        steps += [(requests, at), (posting, at)]
    return LedgerFlow("two-phase", steps)


def timeouts(scale: int) -> LedgerFlow:
    """Pending transfers of which each request expires before the next one."""
    made = payments(random_ids(scale))
    made["flags"] = TransferFlag.PENDING
    made["timeout"] = 1
    return LedgerFlow("timeouts", requests_of(made))


def chains(scale: int) -> LedgerFlow:
    """Payments in chains of four."""
    made = payments(random_ids(scale // CHAIN * CHAIN))
    made["flags"] = np.where(np.arange(len(made)) % CHAIN < CHAIN - 1, TransferFlag.LINKED, 0)
    return LedgerFlow("chains", requests_of(made))


def broken_chains(scale: int) -> LedgerFlow:
    """Chains of four whose last member has no code."""
    made = chains(scale).steps
    for requests, _ in made:
        requests["code"][CHAIN - 1 :: CHAIN] = 0
    return LedgerFlow("broken-chains", made)


FLOWS: tuple[Callable[[int], LedgerFlow], ...] = (
    single_phase, limited, two_phase, timeouts, chains, broken_chains,
)  # fmt: skip


def memory_per_transfer(scale: int) -> float:
    """Bytes of state that a single-phase transfer added, its place of the index included."""
    flow = single_phase(scale)
    return (run(flow).memory_bytes() - opened().memory_bytes()) / flow.transfers


def figures(result: LedgerBench) -> Iterator[tuple[str, ...]]:
    """Rows of the table: case, transfers a second, best, median and worst ns, transfers, created."""
    for case in result.results:
        times = (f"{value:,.1f}" for value in (case.best_ns, case.median_ns, case.worst_ns))
        counts = (case.messages, int(case.details["created"]))
        yield case.case, f"{case.details['per_second']:,}", *times, *(f"{count:,}" for count in counts)
