"""`novate clear` over days: trade files through the house of many days, date by date.

    files --by trade date--> for each business date:  take its trades, NET what is due today, bring in what is
                             lacking (or not: --holdings), SETTLE, ROLL --> OUT/clearing/days/DATE

A trade is taken on its trade date, or on the next date on which the house is open; what is dated before the
first date is taken on it, what is dated after the last is refused there (FUTURE_TRADE_DATE). The dates end
when the last due date was settled. Without holdings every short and every payer gets before SETTLE what it
lacks, so that nothing fails and the obligations are those of the one pass of `clear.py`.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from novate.app.adopt import adopt_from_file
from novate.app.clearing_day_files import DayFiles
from novate.app.clearing_house import House, file_digest
from novate.app.clearing_names import Names
from novate.app.clearing_returns import TakenFile, answered_parts, write_returns
from novate.app.clearing_small_files import read_holdings
from novate.app.clearing_take import Answers, Int64s
from novate.app.configuration import embedded_configuration
from novate.app.destination import expect_place
from novate.app.problems import RefusedError
from novate.app.trade_files import TradeDelivery, read_trades, require_totals
from novate.clearing.chart import BalanceBook
from novate.clearing.configured import house_terms_of
from novate.clearing.house_terms import HouseTerms, day_text
from novate.clearing.trades.capture import days
from novate.clearing.trades.columns import Coded
from novate.domain.calendar import OpenDays
from novate.domain.codes import Side
from novate.domain.configuration import Configuration
from novate.gateway.files import only_writer

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]
MOST_DAYS = 800
"""Days from the first to the last trade date without --to; more are taken for a mistake in a date."""
PART = ".clear.part"
"""Where the house lives until all its dates are closed."""
RECORDS_OF_A_ROW = 4
"""Of the journal, at most: one trade, and a trade id of up to three TEXT records."""


class LeftBehind(msgspec.Struct, frozen=True, kw_only=True):
    """What an interrupted run over days had come to; a house that is not whole is never gone on with."""

    closed_dates: int
    last_closed: str
    """Empty: it had closed none."""

    def sentence(self, out: Path) -> str:
        """What a person is told."""
        done = (
            f"after it had closed {self.last_closed}" if self.closed_dates else "before it had closed a date"
        )
        return (
            f"{out}: an earlier run was interrupted {done}; nothing of it is kept, all dates are cleared anew"
        )


class DaysSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run over days did."""

    out: str
    files: list[TakenFile]
    days: list[DayFiles]
    open_at_the_end: int
    """Positions and trades that are open after the last date."""
    waiting_at_the_end: int
    """Legs whose due date has not come."""
    begun_anew: LeftBehind | None = None
    """The interrupted run whose place this one has taken."""


class DayRange(msgspec.Struct, frozen=True, kw_only=True):
    """The business dates of a run; None: as the trades say."""

    first: str | None = None
    last: str | None = None


def clear_days(
    paths: Sequence[Path],
    out: Path,
    configuration: Configuration | None = None,
    *,
    dates: DayRange | None = None,
    holdings: Path | None = None,
    adopt: bool = False,
    settle_days: int = 1,
    progress: Progress | None = None,
) -> DaysSummary:
    """Clear trade files date by date into a new house in OUT/clearing.

    Raises TradeFileError for a file that cannot be read at all or whose control totals are wrong,
    SmallFileError for holdings that cannot be read, RefusedError where OUT has a house already or the dates
    cannot be, FolderInUse, OSError.
    """
    tell = progress or (lambda what, done, total: None)
    expect_place(out, (), paths)
    if (out / "clearing").exists():
        raise RefusedError(
            f"{out}: expected a directory without results of another command, was one with clearing; "
            "give another --out"
        )
    tell("reading", 0, 0)
    deliveries = [_read(path) for path in paths]
    found = configuration
    if adopt:
        for delivery in deliveries:
            found = adopt_from_file(delivery.columns, found, settle_days)
    base = found or embedded_configuration()
    wanted = dates or DayRange()
    first = _first_date(deliveries, wanted, base)
    founded = msgspec.structs.replace(base, business_date=first)
    opening = [] if holdings is None else read_holdings(holdings, Names(founded), house_terms_of(founded))
    rows = max((len(delivery.columns) for delivery in deliveries), default=0)
    part = out / PART
    with only_writer(out):
        left = _left_behind(part)
        shutil.rmtree(part, ignore_errors=True)
        try:
            with House.found(part, founded, RECORDS_OF_A_ROW * rows) as house:
                run = _Run(house, paths, deliveries, wanted, opening, is_supplied=holdings is None)
                summary = run.run(out, tell)
            (part / "clearing").rename(out / "clearing")
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return msgspec.structs.replace(summary, begun_anew=left)


def _left_behind(part: Path) -> LeftBehind | None:
    """What an earlier run has left because it was killed; only for who holds the lock."""
    if not part.is_dir():
        return None
    closed = sorted(place.parent.name for place in part.glob("clearing/days/*/day.json"))
    return LeftBehind(closed_dates=len(closed), last_closed=closed[-1] if closed else "")


def _read(path: Path) -> TradeDelivery:
    delivery = read_trades(path)
    require_totals(path, delivery)
    return delivery


def _first_date(deliveries: Sequence[TradeDelivery], dates: DayRange, configuration: Configuration) -> str:
    """The first business date: as asked for, or the first open one from the first trade date on."""
    house = OpenDays(configuration.calendars[configuration.house] if configuration.house else None)
    for name, asked in (("--from", dates.first), ("--to", dates.last)):
        if asked is not None and not house.is_open(datetime.date.fromisoformat(asked)):
            raise RefusedError(f"{name}: expected a date on which the house is open, was {asked}")
    if dates.first is not None:
        if dates.last is not None and dates.last < dates.first:
            raise RefusedError(f"--to: expected no date before --from {dates.first}, was {dates.last}")
        return dates.first
    known = [day for delivery in deliveries for day in trade_days(delivery.columns.trade_date.values)]
    day = datetime.date.fromordinal(min(known)) if known else datetime.date.fromisoformat(
        dates.last or configuration.business_date
    )  # fmt: skip
    if dates.last is not None:
        day = min(day, datetime.date.fromisoformat(dates.last))
    while not house.is_open(day):
        day += datetime.timedelta(days=1)
    span = max(known, default=day.toordinal()) - day.toordinal()
    if dates.last is None and span > MOST_DAYS:
        last = day_text(max(known))
        raise RefusedError(
            f"trade_date: expected dates within {MOST_DAYS} days, was {day} to {last}; give --from and --to"
        )
    return day.isoformat()


def trade_days(texts: Sequence[str]) -> list[int]:
    """Ordinals of the texts that are dates."""
    column = Coded(np.arange(len(texts), dtype=np.int32), list(texts))
    return [day for day in days(column).tolist() if day > 0]


class _File:
    """A file on its way through the dates."""

    def __init__(self, path: Path, delivery: TradeDelivery, house: House) -> None:
        self.path = path
        self.delivery = delivery
        self.prepared = house.prepare(delivery)
        self.answers: list[Answers] = []
        self.number = 0
        """Sequence of its first record."""


class _Run:
    """One run over days."""

    def __init__(
        self, house: House, paths: Sequence[Path], deliveries: Sequence[TradeDelivery], dates: DayRange,
        holdings: Sequence[tuple[str, str, str]], is_supplied: bool,
    ) -> None:  # fmt: skip
        self.house = house
        self.holdings = holdings
        self.is_supplied = is_supplied
        """Does everybody get what it lacks before each settlement?"""
        self.files = [_File(path, one, house) for path, one in zip(paths, deliveries, strict=True)]
        self.last = None if dates.last is None else datetime.date.fromisoformat(dates.last).toordinal()
        self.parts = self._parts()
        self.last_arrival = max(self.parts, default=house.plane.house.today)

    def _parts(self) -> dict[int, list[tuple[_File, Int64s]]]:
        """Business date -> rows of each file that arrive on it."""
        parts: dict[int, list[tuple[_File, Int64s]]] = {}
        for file in self.files:
            trade_days, inverse = np.unique(file.prepared.trade_day, return_inverse=True)
            arrivals = np.array([self._arrival(day) for day in trade_days.tolist()], np.int64)
            of_row = arrivals[inverse]
            for day in np.unique(of_row).tolist():
                parts.setdefault(day, []).append((file, np.flatnonzero(of_row == day)))
        return parts

    def _arrival(self, trade_day: int) -> int:
        """The business date on which a trade of a trade date is taken; what is no date comes first."""
        house = self.house
        day = max(trade_day, house.plane.house.today)
        if self.last is not None:
            day = min(day, self.last)
        return day if house.days.is_house_day(day) else house.days.next_house_day(day)

    def run(self, out: Path, tell: Progress) -> DaysSummary:
        """Live through all dates; paths are told as they will be in `out`."""
        house = self.house
        house.deposits(self.holdings)
        closed: list[DayFiles] = []
        is_last = False
        while not is_last:
            tell(f"business date {house.today}", len(closed), 0)
            self._live_one_day()
            is_last = self._is_last()
            written = house.roll()
            place = out / Path(written.directory).relative_to(house.root.parent)
            closed.append(DayFiles(directory=str(place), summary=written.summary))
        left = house.plane.house.positions()
        return DaysSummary(
            out=str(out),
            files=[self._returns(file, out) for file in self.files],
            days=closed,
            open_at_the_end=len(left.open) + len(left.items),
            waiting_at_the_end=sum(one.legs for one in left.waiting),
        )

    def _live_one_day(self) -> None:
        house = self.house
        for file, rows in self.parts.get(house.plane.house.today, ()):
            file.number = file.number or house.plane.sequence + 1
            file.answers.append(house.take_rows(file.prepared, rows))
        machine = house.plane.house
        today = machine.today
        if any(
            one.due <= today and house.days.is_settlement_day(one.instrument, today)
            for one in machine.waiting_nets()
        ):
            house.net()
        if machine.open_positions() or machine.open_items():
            if self.is_supplied:
                house.do_all(lacking(house))
            house.settle()

    def _is_last(self) -> bool:
        """Is the running date the last one to be closed?"""
        today = self.house.plane.house.today
        if self.last is not None:
            return today >= self.last
        waiting = self.house.plane.house.waiting_nets()
        due = min((one.due for one in waiting), default=0)
        return today >= self.last_arrival and (not waiting or due > self.last_arrival + MOST_DAYS)

    def _returns(self, file: _File, out: Path) -> TakenFile:
        answered = answered_parts(file.delivery, file.answers)
        root, digest = self.house.root, file_digest(file.path)
        taken = write_returns(root / "returns", file.number, file.path, digest, file.delivery, answered)
        place = out / Path(taken.returns).relative_to(root.parent)
        return msgspec.structs.replace(taken, returns=str(place))


def lacking(house: House) -> list[Json]:
    """DEPOSITs of all that shorts and payers lack for what is open, so that a SETTLE settles all of it.

    Of money, what a party pays for everything it buys: what it will be paid may come too late in the run.
    """
    machine, terms = house.plane.house, house.plane.terms
    held = {(book, asset, party): balance for book, asset, party, balance in machine.balances()}
    gives: dict[tuple[int, int], int] = {}
    pays: dict[tuple[int, int], int] = {}
    for party, instrument, quantity, amount in _open_sides(house):
        ccy = terms.instruments[instrument].currency
        gives[instrument, party] = gives.get((instrument, party), 0) + max(-quantity, 0)
        pays[ccy, party] = pays.get((ccy, party), 0) + max(-amount, 0)
    commands: list[Json] = []
    for (instrument, party), quantity in sorted(gives.items()):
        short = quantity - held.get((BalanceBook.HOLDINGS, instrument, party), 0)
        if short > 0:
            commands.append(
                _deposit(terms, party, {"isin": terms.instruments[instrument].name, "qty": short})
            )
    for (ccy, party), amount in sorted(pays.items()):
        due, arrears = (held.get((book, ccy, party), 0) for book in (BalanceBook.DUE, BalanceBook.ARREARS))
        short = amount - held.get((BalanceBook.CASH, ccy, party), 0) - min(0, due - arrears)
        if short > 0:
            commands.append(_deposit(terms, party, {"ccy": terms.currencies[ccy].name, "amount": short}))
    return commands


def _open_sides(house: House) -> Iterator[tuple[int, int, int, int]]:
    """(party, instrument, signed quantity, signed amount) of positions, and of both sides of items."""
    found = house.plane.house.positions()
    for one in found.open:
        yield one.party, one.instrument, one.quantity, one.amount
    for item in found.items:
        known = house.plane.house.status(item.source.decode(), item.trade_id.decode())
        for leg in known.legs if known else ():
            sign = 1 if leg.side == Side.BUY else -1
            yield leg.party, item.instrument, sign * item.quantity, -sign * item.amount


def _deposit(terms: HouseTerms, party: int, what: Json) -> Json:
    member, account = terms.parties[party]
    return {"cmd": "DEPOSIT", "member": member, "account": account, **what}
