"""What happened on the business dates of a house, kept small while it happens.

    events of the plane --> counted: ACCEPTED LEG DUPLICATE SUPERSEDED CANCELLED  (they grow with trades)
                        --> kept:    everything else             (with members, instruments and fails)

    ... | ROLLED to D   first half of the ROLL before: closing of the date before D
        | cycle, commands of D, closing of D | ROLLED to the next

A log watches a plane (`bootstrap_clearing.Watcher`), live or in a replay, so what it tells follows from the
journal alone. It keeps the date that runs and the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from novate.app.clearing_answers import open_json
from novate.app.conform_clearing_events import EventReader
from novate.app.conform_clearing_raw import FIRST_MAIN_KIND
from novate.clearing.house_terms import HouseTerms, day_text
from novate.clearing.kernels.lines import Int64s
from novate.clearing.machine import Clearing
from novate.clearing.obligation_rows import RowColumns, rows_of_events
from novate.clearing.obligation_table import table_of_cycle, table_of_rows
from novate.clearing.rows import MemberNetting
from novate.domain.clearing_codes import ClearingEvent, ClearingFlag, Policy
from novate.domain.clearing_records import DIGEST, Records
from novate.reports.clearing_report_day import ClearingDay, ClearingFaces, DayFold
from novate.reports.day_movements import (
    DELIVERED,
    MONEY_ONLY,
    NEVER,
    NOTHING,
    RECEIVED,
    Moves,
)

Json = dict[str, Any]
COUNTED = (
    ClearingEvent.ACCEPTED,
    ClearingEvent.DUPLICATE,
    ClearingEvent.SUPERSEDED,
    ClearingEvent.CANCELLED,
    ClearingEvent.LEG,
)
MOVES = {
    ClearingEvent.DELIVERED: DELIVERED,
    ClearingEvent.RECEIVED: RECEIVED,
    ClearingEvent.MONEY_ONLY: MONEY_ONLY,
}
KINDS = 256
"""That a record can be of."""
UNTOLD = ClearingEvent.BALANCE
"""What was paid in and out is on no page; there may be one for every position."""
FEW, ROWS, MOVED = range(3)
"""How events are taken: one by one, as rows of a cycle, as movements."""


class LoggedDate(msgspec.Struct, kw_only=True):
    """The events of one business date."""

    date: str
    is_whole: bool
    """False where telling began in the middle of the date."""
    counts: dict[str, int] = {}
    kept: list[Records] = []
    positions: Json = {}
    """POSITIONS just before the date was closed, without what waits."""
    member_netting: list[MemberNetting] = []
    """What netting saved each party in the cycles of the date."""


class DayLog:
    """Keeps the events of the date that runs and of the one before it."""

    def __init__(self) -> None:
        self.running = LoggedDate(date="", is_whole=False)
        self.closed: LoggedDate | None = None
        self._house: Clearing

    def begin(self, house: Clearing, is_founding: bool) -> None:
        """Telling begins with the house as it is now."""
        self.running = LoggedDate(date=day_text(house.today), is_whole=is_founding)
        self.closed = None
        self._house = house

    def before_roll(self, house: Clearing) -> None:
        """What is open now is what the close will show; only here its dates are known."""
        self.running.positions = open_json(house)

    def take(self, events: Records) -> None:
        """Events of whole commands, in order; of ROLLs at most one."""
        rolled = np.flatnonzero(events["kind"] == ClearingEvent.ROLLED)
        if len(rolled):
            at = int(rolled[0])
            self._keep(events[:at])
            self.closed = self.running
            self.running = LoggedDate(date=day_text(int(events["number"][at])), is_whole=True)
            events = events[at:]
        self._keep(events)
        if (events["kind"] == ClearingEvent.FILE).any():
            self.running.member_netting = self._house.member_netting()

    def _keep(self, events: Records) -> None:
        if not len(events):
            return
        kinds = np.ascontiguousarray(events["kind"])
        numbers = np.bincount(kinds, minlength=KINDS)
        counts = self.running.counts
        for kind in COUNTED:
            if number := int(numbers[kind]):
                counts[kind.name] = counts.get(kind.name, 0) + number
        if numbers[FIRST_MAIN_KIND:].sum() == numbers[list(COUNTED)].sum():
            return
        # A continuation goes with the main record before it.
        owner = np.maximum.accumulate(np.where(kinds >= FIRST_MAIN_KIND, np.arange(len(events)), 0))
        is_counted = np.zeros(KINDS, bool)
        is_counted[list(COUNTED)] = True
        # Picked as a whole: a choice by a mask would copy records field by field.
        self.running.kept.append(events.take(np.flatnonzero(~is_counted[kinds[owner]])))


class CycleRows(NamedTuple):
    """The obligations of a netting cycle as the house told them."""

    cycle: str
    rows: RowColumns
    number: int
    """How many there are by what FILE says."""
    sha256: str
    """Of the obligation file, by what FILE says."""


def told_day(logged: LoggedDate, house: Clearing, quantity_digits: dict[str, int]) -> ClearingDay:
    """The date as its report and its statements show it. The house gives names only."""
    terms = house.terms
    isins = [one.name for one in terms.instruments]
    day = ClearingDay(logged.date, faces_of(house, quantity_digits), terms.parties, isins)
    fold, reader = DayFold(day), EventReader(terms, house.sources)
    if logged.positions:
        fold.take([logged.positions])
    for kept in logged.kept:
        told = kept.take(np.flatnonzero(kept["kind"][_owners(kept)[0]] != UNTOLD))
        if len(told):
            _take_block(fold, told, reader, terms)
    for name, number in logged.counts.items():
        if name != ClearingEvent.LEG.name:
            day.counts[name] = number
    day.member_netting = logged.member_netting
    return fold.finished()


def _take_block(fold: DayFold, kept: Records, reader: EventReader, terms: HouseTerms) -> None:
    """Events of whole commands: what there is many of by columns, the rest one by one, in order."""
    owner, _ = _owners(kept)
    kinds = kept["kind"][owner]
    way = np.full(len(kept), FEW)
    way[kinds == ClearingEvent.OBLIGATION] = ROWS
    # One with a continuation has a sum that needs more than 64 bits.
    is_alone = np.bincount(owner, minlength=len(kept))[owner] == 1
    way[np.isin(kinds, list(MOVES)) & is_alone] = MOVED
    changes = np.flatnonzero(np.diff(way)) + 1
    for first, end in pairwise([0, *changes.tolist(), len(kept)]):
        piece = kept[first:end]
        if way[first] == MOVED:
            fold.take_moves(_moves(piece))
            continue
        if way[first] == ROWS:
            cycle = f"{day_text(int(piece['day'][0]))}/N{piece['number'][0]}"
            netted = _netted_behind(kept, end)
            fold.take_cycle(
                table_of_cycle(rows_of_events(piece), terms, cycle),
                [terms.instruments[one].name for one in netted],
            )
            continue
        follows_rows = first > 0 and way[first - 1] == ROWS
        _take_few(fold, reader.json(piece), follows_rows)


def _take_few(fold: DayFold, events: list[Json], is_in_cycle: bool) -> None:
    """Events one by one; `is_in_cycle`: the rows of the cycle that ends first have been taken."""
    while events:
        end = next((at + 1 for at, event in enumerate(events) if event["ev"] == "FILE"), len(events))
        netted = [event["isin"] for event in events[:end] if event["ev"] == "NETTED"]
        if netted and not is_in_cycle:
            fold.take_cycle(table_of_rows([]), netted)
        fold.take(events[:end])
        events, is_in_cycle = events[end:], False


def _owners(kept: Records) -> tuple[Int64s, npt.NDArray[np.bool_]]:
    """(of each record the main one that it continues, or itself; is it a main one)."""
    is_main = kept["kind"] >= FIRST_MAIN_KIND
    return np.maximum.accumulate(np.where(is_main, np.arange(len(kept)), 0)), is_main


def _netted_behind(kept: Records, first: int) -> list[int]:
    """Instruments of the NETTED that stand at `first` and behind it, side by side."""
    kinds = kept["kind"][first:]
    others = np.flatnonzero((kinds >= FIRST_MAIN_KIND) & (kinds != ClearingEvent.NETTED))
    piece = kept[first : first + int(others[0])] if len(others) else kept[first:]
    found: list[int] = piece["instrument"][piece["kind"] == ClearingEvent.NETTED].tolist()
    return found


def _moves(events: Records) -> Moves:
    number = np.zeros(max(MOVES) + 1, np.int64)
    number[list(MOVES)] = list(MOVES.values())
    is_allocated = (events["flags"] & ClearingFlag.OF_ALLOCATION) != 0
    is_money = events["kind"] == ClearingEvent.MONEY_ONLY
    return Moves(
        event=number[events["kind"]],
        party=events["party"].astype(np.int64),
        isin=events["instrument"].astype(np.int64),
        quantity=np.where(is_money, 0, events["quantity"]),
        amount=events["amount"].astype(np.int64),
        left=np.where(is_money, NOTHING, events["third"]),
        since=np.where(is_allocated, events["day"], NEVER).astype(np.int64),
        trade=np.zeros(len(events), np.int64),
    )


def cycles_of(logged: LoggedDate) -> Iterator[CycleRows]:
    """The obligations of each netting cycle of the date."""
    for kept in logged.kept:
        owner, is_main = _owners(kept)
        is_row = kept["kind"][owner] == ClearingEvent.OBLIGATION
        begin = 0
        for at in np.flatnonzero((kept["kind"] == ClearingEvent.FILE) & is_main).tolist():
            said = kept[at : at + 1].view(DIGEST)[0]
            cycle = f"{day_text(int(said['day']))}/N{said['number']}"
            rows = rows_of_events(kept[begin:at][is_row[begin:at]])
            yield CycleRows(cycle, rows, int(said["rows"]), bytes(said["digest"]).hex())
            begin = at + 1


def faces_of(house: Clearing, quantity_digits: dict[str, int]) -> ClearingFaces:
    """What events do not say of currencies, instruments and issuers' events."""
    terms = house.terms
    instruments, currencies = terms.instruments, terms.currencies
    return ClearingFaces(
        currency_digits={one.name: one.digits for one in currencies},
        instrument_currency={one.name: currencies[one.currency].name for one in instruments},
        paid_at_once=frozenset(one.name for one in instruments if one.policy is Policy.GROSS_GROSS),
        quantity_digits=quantity_digits,
        event_instrument={name: instruments[number].name for name, number in house.issuer_events().items()},
    )
