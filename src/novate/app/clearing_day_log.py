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
from typing import Any

import msgspec
import numpy as np

from novate.app.clearing_answers import positions_json
from novate.app.conform_clearing_events import EventReader
from novate.app.conform_clearing_raw import FIRST_MAIN_KIND
from novate.clearing.house_terms import day_text
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import ClearingEvent, Policy
from novate.domain.clearing_records import Records
from novate.reports.clearing_report_day import ClearingDay, ClearingFaces, Step, clearing_day

Json = dict[str, Any]
COUNTED = (
    ClearingEvent.ACCEPTED,
    ClearingEvent.DUPLICATE,
    ClearingEvent.SUPERSEDED,
    ClearingEvent.CANCELLED,
    ClearingEvent.LEG,
)
CYCLE_EVENTS = ("OBLIGATION", "NETTED", "CYCLE", "FILE")


class LoggedDate(msgspec.Struct, kw_only=True):
    """The events of one business date."""

    date: str
    is_whole: bool
    """False where telling began in the middle of the date."""
    counts: dict[str, int] = {}
    kept: list[Records] = []
    positions: Json = {}
    """POSITIONS just before the date was closed."""


class DayLog:
    """Keeps the events of the date that runs and of the one before it."""

    def __init__(self) -> None:
        self.running = LoggedDate(date="", is_whole=False)
        self.closed: LoggedDate | None = None

    def begin(self, house: Clearing, is_founding: bool) -> None:
        """Telling begins with the house as it is now."""
        self.running = LoggedDate(date=day_text(house.today), is_whole=is_founding)
        self.closed = None

    def before_roll(self, house: Clearing) -> None:
        """What is open now is what the close will show; only here its dates are known."""
        self.running.positions = positions_json(house)

    def take(self, events: Records) -> None:
        """Events of whole commands, in order; of ROLLs at most one."""
        rolled = np.flatnonzero(events["kind"] == ClearingEvent.ROLLED)
        if not len(rolled):
            self._keep(events)
            return
        at = int(rolled[0])
        self._keep(events[:at])
        self.closed = self.running
        self.running = LoggedDate(date=day_text(int(events["number"][at])), is_whole=True)
        self._keep(events[at:])

    def _keep(self, events: Records) -> None:
        if not len(events):
            return
        kinds = events["kind"]
        is_main = kinds >= FIRST_MAIN_KIND
        counts = self.running.counts
        for kind in COUNTED:
            if number := int(np.count_nonzero(kinds == kind)):
                counts[kind.name] = counts.get(kind.name, 0) + number
        # A continuation goes with the main record before it.
        owner = np.maximum.accumulate(np.where(is_main, np.arange(len(events)), 0))
        kept = ~np.isin(kinds[owner], COUNTED)
        if kept.any():
            self.running.kept.append(events[kept])


def told_day(logged: LoggedDate, house: Clearing, quantity_digits: dict[str, int]) -> ClearingDay:
    """The date as its report and its statements show it. The house gives names only."""
    reader = EventReader(house.terms, house.sources)
    steps: list[Step] = [({}, [logged.positions])] if logged.positions else []
    steps += [({}, events) for kept in logged.kept for events in _steps(reader.json(kept))]
    day = clearing_day(logged.date, steps, faces_of(house, quantity_digits))
    for name, number in logged.counts.items():
        if name != ClearingEvent.LEG.name:
            day.counts[name] = number
    return day


def obligations_of_cycles(logged: LoggedDate, house: Clearing) -> list[list[Json]]:
    """The events of each netting cycle of the date: OBLIGATIONs, then NETTED, CYCLE and FILE."""
    reader = EventReader(house.terms, [])
    found = []
    for kept in logged.kept:
        kinds = kept["kind"]
        is_main = kinds >= FIRST_MAIN_KIND
        owner = np.maximum.accumulate(np.where(is_main, np.arange(len(kept)), 0))
        wanted = [ClearingEvent[name] for name in CYCLE_EVENTS]
        cycles = reader.json(kept[np.isin(kinds[owner], wanted)])
        found += [events for events in _steps(cycles) if events]
    return found


def _steps(events: list[Json]) -> Iterator[list[Json]]:
    """Events in pieces such that what belongs to one netting cycle is a piece of its own."""
    piece: list[Json] = []
    in_cycle = False
    for event in events:
        begins = event["ev"] in CYCLE_EVENTS and not in_cycle
        if begins and piece:
            yield piece
            piece = []
        in_cycle = in_cycle or begins
        piece.append(event)
        if event["ev"] == "FILE":
            yield piece
            piece, in_cycle = [], False
    if piece:
        yield piece


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
