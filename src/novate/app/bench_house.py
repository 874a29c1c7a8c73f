"""The clearing machine over whole days: part of `novate bench clearing`.

    house:N            every command of a day of N trades: trades, ROLL to their settlement date, SETTLE, ROLL
    house-capture      of the largest day: the trades alone
    house-netting      its first ROLL; house-settlement: its SETTLE; house-roll: the ROLL that closes the day
    house-fails        the same day, every twentieth short has nothing to deliver

200 members, 5,000 instruments, both as crowded as in real markets; records in batches of 4,096, events
through a buffer of 65,536; archives on disk. Journal and reports are not in it. Before the first trade every
member has what it must deliver and enough money, so all settles but the fails that were planted. CPU time of
the process; memory is that of trades, legs and positions, the ledger aside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from novate.app.bench_measure import CaseResult, case_result, undisturbed
from novate.app.bootstrap_clearing import Archives
from novate.clearing.chart import MoveReason
from novate.clearing.house_terms import (
    CCP,
    WORLD,
    HouseCurrency,
    HouseInstrument,
    HouseTerms,
    Switches,
)
from novate.clearing.machine import Clearing
from novate.domain.calendar import OpenDays, SettlementCalendar
from novate.domain.clearing_codes import ClearingCommand, ClearingEvent, Policy
from novate.domain.clearing_records import (
    CLEARING_COMMAND,
    NOT_GIVEN,
    TEXT,
    Records,
    new_clearing_commands,
    new_clearing_events,
)
from novate.simulation.trade_flow import TradeFlow, trade_flow

MEMBERS, INSTRUMENTS = 200, 5_000
BATCH, EVENT_BUFFER = 4_096, 65_536
WARM_UP = 300
MONDAY = 739_677
"""2026-03-02."""
FAILING = 20
"""One of so many shorts has nothing, in the case with fails."""
DEPOSITED_MINOR = 10**15
PHASES = ("capture", "netting", "settlement", "roll")


class Phases(NamedTuple):
    """CPU nanoseconds of a day, and what the house held."""

    capture: int
    netting: int
    settlement: int
    roll: int
    bytes_with_trades: int
    """Of the house when all trades wait, less what it held before."""
    bytes_after: int
    """When they are settled and a further day has begun, less what it held before."""
    lines: int
    fails: int

    @property
    def total(self) -> int:
        return self.capture + self.netting + self.settlement + self.roll


def house_cases(sizes: list[int], repeats: int) -> Iterator[CaseResult]:
    """A day of each size, the phases of the last one, and the same day with fails."""
    run_day(WARM_UP, False)  # kernels are compiled and loaded before a clock runs
    for trades in sizes:
        days = [run_day(trades, False) for _ in range(repeats)]
        yield _case(f"house:{trades}", [day.total for day in days], trades, days[0])
    for phase in PHASES:
        yield _case(f"house-{phase}", [getattr(day, phase) for day in days], trades)
    failing = [run_day(trades, True) for _ in range(repeats)]
    yield _case("house-fails", [day.total for day in failing], trades, failing[0])


def _case(name: str, times: list[int], trades: int, day: Phases | None = None) -> CaseResult:
    details: dict[str, int | float] = {"per_second": round(1e9 * trades / median(times))}
    if day is not None:
        details |= {
            "bytes_per_trade": round(day.bytes_with_trades / trades, 1),
            "bytes_per_trade_gone": round(day.bytes_after / trades, 1),
            "lines_settled": day.lines,
            "fails": day.fails,
        }
    return case_result(name, [one / trades for one in times], trades, **details)


def run_day(trades: int, with_fails: bool) -> Phases:
    """One day of trades from the first record to the roll after its settlement."""
    with TemporaryDirectory(prefix="novate-bench-") as folder:
        archives = Archives(Path(folder))
        try:
            house = Clearing(house_terms(instruments_of(trades)), archives.transfers, archives.trades)
            return _day(house, trades, with_fails)
        finally:
            archives.close()


def _day(house: Clearing, trades: int, with_fails: bool) -> Phases:
    events = new_clearing_events(EVENT_BUFFER)
    _drive(house, _source(), events)
    _deposit(house, trades, with_fails)
    before = house.memory_bytes()
    with undisturbed():
        capture = 0
        for piece in _flow(trades):
            capture += _drive(house, _trade_records(piece), events).cpu_ns
        waiting = house.memory_bytes()
        netting = _drive(house, _command(ClearingCommand.ROLL, day=MONDAY + 1), events)
        settlement = _drive(house, _command(ClearingCommand.SETTLE), events)
        roll = _drive(house, _command(ClearingCommand.ROLL, day=MONDAY + 2), events)
    return Phases(
        capture, netting.cpu_ns, settlement.cpu_ns, roll.cpu_ns, waiting - before,
        house.memory_bytes() - before, settlement.count(ClearingEvent.DELIVERED)
        + settlement.count(ClearingEvent.RECEIVED), roll.count(ClearingEvent.FAILED),
    )  # fmt: skip


class Driven(NamedTuple):
    """CPU of applying records, and how many events came of each kind."""

    cpu_ns: int
    kinds: list[int]

    def count(self, kind: ClearingEvent) -> int:
        return self.kinds[kind]


def _drive(house: Clearing, commands: Records, events: Records) -> Driven:
    """All records in batches, the event buffer drained whenever it is full. Counting is not timed."""
    cpu_ns, kinds = 0, np.zeros(256, np.int64)
    for first in range(0, len(commands), BATCH):
        rest = commands[first : first + BATCH]
        while len(rest):
            start = time.process_time_ns()
            written = house.apply(rest, events)
            cpu_ns += time.process_time_ns() - start
            kinds += np.bincount(events["kind"][:written], minlength=256)
            rest = rest[house.consumed :]
    refused = int(kinds[ClearingEvent.REJECTED])
    if refused:
        raise AssertionError(f"Expected every command to be taken, was {refused} refused")
    return Driven(cpu_ns, kinds.tolist())


# -- what the house is run with ---------------------------------------------------------------------------


def instruments_of(trades: int) -> int:
    """All of them but for a day of few trades, which should not be about opening ledgers."""
    return min(INSTRUMENTS, max(trades // 10, 10))


def house_terms(instruments: int) -> HouseTerms:
    """Members with one account each; instruments of one currency that settle the day after."""
    always = OpenDays(None)
    calendar = SettlementCalendar(trading=always, bank=always, depository=always)
    parties = sorted([*((f"M{n:03d}", "HOUS") for n in range(MEMBERS)), CCP, WORLD])
    return HouseTerms(
        start=MONDAY,
        parties=parties,
        accounts=["EXT", "HOUS", "OWN"],
        instruments=[
            HouseInstrument(name=f"US{n:010d}", currency=0, cycle=1, policy=Policy.CNS, calendar=calendar)
            for n in range(instruments)
        ],
        currencies=[HouseCurrency(name="USD", digits=2, bank=always)],
        house=always,
        switches=Switches(),
    )


def _flow(trades: int) -> Iterator[TradeFlow]:
    return trade_flow(trades, MEMBERS, instruments_of(trades), crowded=True)


def _source() -> Records:
    commands = new_clearing_commands(2)
    commands[:1].view(TEXT)[:] = (ClearingCommand.TEXT, 5, 0, b"VENUE")
    commands["kind"][1] = ClearingCommand.SOURCE
    return commands


def _command(kind: ClearingCommand, day: int = 0) -> Records:
    commands = new_clearing_commands(1)
    commands["kind"], commands["day"] = kind, day
    return commands


def _trade_records(piece: TradeFlow) -> Records:
    """TEXT and TRADE by turns; ids as venues make them."""
    commands = np.zeros((len(piece), 2), CLEARING_COMMAND)
    names = commands[:, 0].copy().view(TEXT)
    names["kind"] = ClearingCommand.TEXT
    numbers = np.arange(piece.first, piece.first + len(piece))
    names["text"] = np.char.add(b"T-", np.char.zfill(numbers.astype("S"), 10))
    names["length"] = 12
    commands[:, 0] = names.view(CLEARING_COMMAND)
    trades = commands[:, 1]
    trades["kind"], trades["version"], trades["day"] = ClearingCommand.TRADE, 1, MONDAY
    trades["party"], trades["other_party"] = _party(piece.buyer), _party(piece.seller)
    trades["instrument"], trades["currency"] = piece.instrument, NOT_GIVEN
    trades["quantity"], trades["price"], trades["decimals"] = piece.quantity, piece.price_cents, 2
    return commands.reshape(-1)


def _party(member: np.ndarray[tuple[int], np.dtype[np.int32]]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Parties of members: CCP/OWN sorts before them all, WORLD/EXT behind them."""
    return member + np.int32(1)


def _deposit(house: Clearing, trades: int, with_fails: bool) -> None:
    """What each short must deliver, and money for all.

    A million DEPOSIT commands would take longer than what is measured: their moves are made at once.
    """
    nets = np.zeros((instruments_of(trades), MEMBERS + 2), np.int64)
    for piece in _flow(trades):
        np.add.at(nets, (piece.instrument, _party(piece.buyer)), piece.quantity)
        np.subtract.at(nets, (piece.instrument, _party(piece.seller)), piece.quantity)
    instrument, party = np.nonzero(nets < 0)
    if with_fails:
        kept = np.arange(len(party)) % FAILING != 0
        instrument, party = instrument[kept], party[kept]
    state = house._state
    for asset, to, owed in zip(
        instrument.tolist(), party.tolist(), (-nets[instrument, party]).tolist(), strict=True
    ):
        state.move_securities(asset, state.world, to, owed, MoveReason.DEPOSIT, 0)
    for to in range(1, MEMBERS + 1):
        state.move_cash(0, state.world, to, DEPOSITED_MINOR, MoveReason.DEPOSIT, 0)
    state.balances.flush(state.today)
