"""A whole day of the clearing house as a firm lives it, each day in a process of its own.

    trades.parquet --take--> journal, lifecycle, novation, positions; the return file      day-take
    ROLL    the close, its files, and the netting cycle of the settlement date             day-netting
    SETTLE  every line delivered and paid through the ledger                               day-settlement
    ROLL    the close, and its files: obligations, messages, statements, the report        day-close

Members and instruments are as crowded as in real markets, everything settles. What must be delivered, and
money, comes in by DEPOSIT commands through the same journal before the trades: no part of the figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from novate.app.adopt import adopt_from_file
from novate.app.bench_measure import CaseResult, case_result, peak_kibibytes
from novate.app.bench_trades import TRADE_DATE, write_trade_file
from novate.app.clear_days import RECORDS_OF_A_ROW
from novate.app.clearing_house import House
from novate.app.clearing_take import Int64s
from novate.app.collector import collect_rarely
from novate.app.trade_files import read_trades
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.clearing_records import NOT_GIVEN, Records, new_clearing_commands
from novate.simulation.trade_flow import trade_flow

Found = dict[str, int]
MEMBERS, MOST_INSTRUMENTS = 200, 5_000
MONEY_MINOR = 10**15
BLOCK = 4_096
PHASES = ("take", "netting", "settlement", "close")


def day_cases(sizes: list[int], repeats: int) -> Iterator[CaseResult]:
    """`day:N` of each size, and the phases of the last one."""
    runs: list[Found] = []
    for trades in sizes:
        with tempfile.TemporaryDirectory(prefix="novate-bench-") as folder:
            path = Path(folder) / "trades.parquet"
            write_trade_file(path, trades, MEMBERS, instruments_of(trades), crowded=True)
            # One more than asked for, and first: it fills the caches of kernels and files.
            runs = [_in_a_process(path, trades) for _ in range(repeats + 1)][1:]
        yield case_result(
            f"day:{trades}",
            [run["total"] / trades for run in runs],
            trades,
            per_second=round(1e9 * trades / median(run["total"] for run in runs)),
            cpu_seconds=round(median(run["total"] for run in runs) / 1e9, 2),
            peak_mebibytes=max(run["peak_kibibytes"] for run in runs) // 1024,
            obligations=runs[0]["obligations"],
        )
    for phase in PHASES:
        yield case_result(
            f"day-{phase}",
            [run[phase] / trades for run in runs],
            trades,
            per_second=round(1e9 * trades / median(run[phase] for run in runs)),
        )


def instruments_of(trades: int) -> int:
    """All of them but for a day of few trades, which should not be about opening ledgers."""
    return min(MOST_INSTRUMENTS, max(trades // 10, 10))


def _in_a_process(path: Path, trades: int) -> Found:
    command = [sys.executable, "-m", "novate.app.bench_day", str(path), str(trades)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600)
    found: Found = json.loads(done.stdout)
    return found


def run_day(path: Path, trades: int, directory: Path) -> Found:
    """One day from the trade file to the files of its settlement date; CPU nanoseconds of each phase."""
    columns = read_trades(path).columns
    configuration = msgspec.structs.replace(adopt_from_file(columns, None, 1), business_date=TRADE_DATE)
    del columns
    with House.found(directory, configuration, RECORDS_OF_A_ROW * trades) as house:
        _deposit(house, trades)
        start = time.process_time_ns()
        ends = [start]
        taken = house.take(path)
        ends.append(time.process_time_ns())
        house.roll()
        ends.append(time.process_time_ns())
        house.settle()
        ends.append(time.process_time_ns())
        closed = house.roll()
        ends.append(time.process_time_ns())
    if taken.rejected or closed.summary["fails"]:
        raise AssertionError(f"Expected every trade to be taken and settled, was {taken}")
    return {
        **{phase: end - begun for phase, begun, end in zip(PHASES, ends, ends[1:], strict=False)},
        "total": ends[-1] - start,
        "obligations": sum(one["obligations"] for one in closed.summary["cycles"]),
        "peak_kibibytes": peak_kibibytes(),
    }


def _deposit(house: House, trades: int) -> None:
    """What each short must deliver, and money for all, through the journal."""
    terms, instruments = house.plane.terms, instruments_of(trades)
    nets = np.zeros((MEMBERS, instruments), np.int64)
    for piece in trade_flow(trades, MEMBERS, instruments, crowded=True):
        np.add.at(nets, (piece.buyer, piece.instrument), piece.quantity)
        np.subtract.at(nets, (piece.seller, piece.instrument), piece.quantity)
    member, instrument = np.nonzero(nets < 0)
    numbers = {name: number for number, name in enumerate(terms.parties)}
    party_of = np.array([numbers.get((f"M{number:03}", "HOUS"), 0) for number in range(MEMBERS)])
    places = {one.name: number for number, one in enumerate(terms.instruments)}
    place_of = np.array([places.get(f"XS{number:010}", 0) for number in range(instruments)])
    securities = _deposits(party_of[member], -nets[member, instrument])
    securities["instrument"], securities["currency"] = place_of[instrument], NOT_GIVEN
    money = _deposits(party_of, np.full(MEMBERS, MONEY_MINOR))
    money["instrument"], money["currency"] = NOT_GIVEN, 0
    for deposits in (securities, money):
        for first in range(0, len(deposits), BLOCK):
            house.plane.take(deposits[first : first + BLOCK])


def _deposits(party: Int64s, quantity: Int64s) -> Records:
    commands = new_clearing_commands(len(party))
    commands["kind"] = ClearingCommand.DEPOSIT
    commands["party"], commands["quantity"] = party, quantity
    return commands


if __name__ == "__main__":
    # As the command line does, with which a firm lives its day.
    collect_rarely()
    with tempfile.TemporaryDirectory(prefix="novate-bench-") as place:
        print(json.dumps(run_day(Path(sys.argv[1]), int(sys.argv[2]), Path(place))))
