"""One business date of the clearing house, folded from its commands and events (C50).

    [(command, events), ...] --split_days--> [(date, steps), ...] --clearing_day--> ClearingDay
                                                  blocks     obligations of the last cycle of each instrument
                                                  fails      what the closing showed FAILED
                                                  flows      why money moved, by party and currency
                                                  cycles, netted, totals

A ROLL closes one date and opens the next: what it says before ROLLED belongs to the old date, the rest to
the new one. Events are the plain JSON of C50. A unit is a whole security; money is in minor units, signed:
positive is what the party receives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np

from novate.clearing.obligation_table import ObligationTable, table_of_rows
from novate.clearing.obligations import COLUMNS, Obligation
from novate.clearing.rows import MemberNetting
from novate.reports.day_movements import DELIVERED, Movements, Moves, Vocabulary
from novate.reports.day_rows import Block, Row
from novate.reports.day_sums import AccountSums, Owner, account_sums
from novate.reports.figures import grouped

Json = dict[str, Any]
Step = tuple[Json, list[Json]]
"""A command and its events."""
Party = tuple[str, str]


class ClearingFaces(msgspec.Struct, frozen=True, kw_only=True):
    """What the events do not say of currencies and instruments."""

    currency_digits: dict[str, int]
    instrument_currency: dict[str, str]
    paid_at_once: frozenset[str] = frozenset()
    """Instruments of policy GROSS_GROSS: their money moves with SETTLED (C27), no event says it apart."""
    event_instrument: dict[str, str] = {}
    """Instrument of each corporate event (ca_id) that was set on an earlier date."""
    quantity_digits: dict[str, int] = {}
    """Digits behind the point of a quantity, by instrument; whole securities where nothing is said."""

    def quantity(self, units: int, isin: str) -> str:
        """A quantity with the decimals of its instrument."""
        return grouped(units, self.quantity_digits.get(isin, 0))


class Fail(msgspec.Struct, frozen=True, kw_only=True):
    """What is open at the close."""

    isin: str
    member: str
    account: str
    source: str
    trade_id: str
    """Identity of the trade in an instrument that is not netted; member and account are empty then."""
    quantity: int
    amount_minor: int
    reason: str
    since: str
    """Date of the oldest lot where the day's last POSITIONS says it, otherwise nothing."""


class Flow(msgspec.Struct, kw_only=True):
    """Money of one party in one currency by cause."""

    settlement: int = 0
    marks: int = 0
    charges: int = 0
    claims: int = 0
    buyins: int = 0
    paid: int = 0
    """Moved on its cash account: at the closing, and at once by FUNDS."""
    arrears: int = 0


class ClearingDay:
    """Everything that the report and the statements of one date show."""

    def __init__(
        self, date: str, faces: ClearingFaces, parties: Iterable[Party] = (), isins: Iterable[str] = ()
    ) -> None:
        """A date of which nothing was told yet; `parties` and `isins` in the numbers of `take_moves`."""
        self.date = date
        self.faces = faces
        self.counts: dict[str, int] = {}
        """Events of trades by name: ACCEPTED, DUPLICATE, SUPERSEDED, CANCELLED, REJECTED."""
        self.refusals: dict[tuple[str, str], int] = {}
        """By command and reason."""
        self.blocks: list[Block] = []
        """Obligations of the last cycle of each instrument."""
        self.settled_before: dict[str, int] = {}
        """Per instrument: delivered before the cycle whose rows stand here."""
        self.cycles: list[Json] = []
        self.netted: list[Json] = []
        self.member_netting: list[MemberNetting] = []
        """In the numbers of `movements.parties` and of the currencies by name."""
        self.files: list[Json] = []
        self.ageing: list[Json] = []
        self.fails: list[Fail] = []
        self.flows: dict[tuple[str, str, str], Flow] = {}
        """By (member, account, ccy)."""
        self.delivered: dict[str, int] = {}
        self.movements = Movements(parties, isins)
        """DELIVERED, RECEIVED, MONEY_ONLY, SETTLED, BOUGHT_IN, CASH_CLOSED and HELD, in order."""
        self.totals: Json = {}
        """DAY_CLOSED; empty while the date is open."""
        self._sums: dict[Owner, AccountSums] | None = None
        """Made once, when everything was told."""

    @property
    def is_closed(self) -> bool:
        return bool(self.totals)

    @property
    def rows(self) -> list[Row]:
        """All obligations as objects. Cost: some microseconds for each."""
        return [row for block in self.blocks for row in block.rows()]

    @property
    def row_count(self) -> int:
        """How many obligations there are, with the house's own balancing ones."""
        return sum(len(block.table) for block in self.blocks)

    @property
    def sums(self) -> dict[Owner, AccountSums]:
        """What became of the obligations of members, by account and currency."""
        if self._sums is None:
            self._sums = account_sums(self.blocks)
        return self._sums

    def block_of(self, isin: str) -> Block | None:
        """The block in which an instrument has rows."""
        return next((block for block in self.blocks if isin in block.parties_of), None)


def split_days(start: str, steps: Iterable[Step]) -> list[tuple[str, list[Step]]]:
    """Steps of each business date in order; the last one may still be open."""
    days: list[tuple[str, list[Step]]] = [(start, [])]
    for command, events in steps:
        rolled = next((i for i, event in enumerate(events) if event["ev"] == "ROLLED"), None)
        if rolled is None:
            days[-1][1].append((command, events))
            continue
        days[-1][1].append((command, events[:rolled]))
        days.append((events[rolled]["to"], [(command, events[rolled:])]))
    return days


def clearing_day(date: str, steps: Sequence[Step], faces: ClearingFaces) -> ClearingDay:
    """The date as its events tell it."""
    fold = DayFold(ClearingDay(date, faces))
    for _, events in steps:
        rows = [row_of_event(event) for event in events if event["ev"] == "OBLIGATION"]
        if rows or any(event["ev"] == "NETTED" for event in events):
            fold.take_cycle(
                table_of_rows(rows), [event["isin"] for event in events if event["ev"] == "NETTED"]
            )
        fold.take(events)
    return fold.finished()


class DayFold:
    """A date while it is told."""

    def __init__(self, day: ClearingDay) -> None:
        self.day = day
        self._events_of = dict(day.faces.event_instrument)
        self._since: dict[tuple[str, ...], str] = {}

    def take_cycle(self, table: ObligationTable, netted: Iterable[str]) -> None:
        """Rows of a cycle replace the earlier ones of its instruments, also of those that left none (C22)."""
        day = self.day
        touched = {table.isins[isin] for isin in np.unique(table.isin).tolist()} | set(netted)
        for isin in sorted(touched):
            day.settled_before[isin] = day.delivered.get(isin, 0)
        kept = [block.without(touched) for block in day.blocks]
        day.blocks = [block for block in (*kept, Block(table)) if len(block.table)]

    def take(self, events: Iterable[Json]) -> None:
        """Events other than obligations, in order."""
        for event in events:
            if "ca_id" in event and "isin" in event:
                self._events_of[event["ca_id"]] = event["isin"]
            if event["ev"] == "POSITIONS":
                self._since = _since(event)
            _take(self.day, event, self._events_of)

    def take_moves(self, moves: Moves) -> None:
        """DELIVERED, RECEIVED and MONEY_ONLY by columns, in the numbers with which the day began. Every
        block must be in the same numbers."""
        day = self.day
        day.movements.add_many(moves)
        parties, isins = day.movements.parties.names, day.movements.isins.names
        given = np.zeros(len(isins), np.int64)
        is_delivery = moves.event == DELIVERED
        np.add.at(given, moves.isin[is_delivery], moves.quantity[is_delivery])
        for isin in np.flatnonzero(given).tolist():
            day.delivered[isins[isin]] = day.delivered.get(isins[isin], 0) + int(given[isin])
        ccys = Vocabulary(sorted(set(day.faces.instrument_currency.values())))
        ccy_of = np.array([ccys.number(day.faces.instrument_currency[isin]) for isin in isins], np.int64)
        keys, place = np.unique(moves.party * len(ccys.names) + ccy_of[moves.isin], return_inverse=True)
        sums = np.zeros(len(keys), np.int64)
        np.add.at(sums, place, moves.amount)
        for key, amount in zip(keys.tolist(), sums.tolist(), strict=True):
            party, ccy = divmod(key, len(ccys.names))
            _flow(day, parties[party], ccys.names[ccy]).settlement += amount
        for block in day.blocks:
            block.settle_many(block.rows_of(moves.isin, moves.party), moves.quantity, moves.amount)

    def finished(self) -> ClearingDay:
        """The whole date."""
        self.day.fails = [
            msgspec.structs.replace(
                fail,
                since=self._since.get((fail.isin, fail.member, fail.account, fail.source, fail.trade_id), ""),
            )
            for fail in self.day.fails
        ]
        return self.day


def row_of_event(event: Json) -> Obligation:
    """An OBLIGATION as the row that it is."""
    return Obligation(**{name: event[name] for name in COLUMNS})


def _since(positions: Json) -> dict[tuple[str, ...], str]:
    """Date of the oldest lot of every open position and item."""
    found: dict[tuple[str, ...], str] = {}
    for isin, member, account, _, _, lots, _ in positions["open"]:
        if lots:
            found[isin, member, account, "", ""] = min(lot[0] for lot in lots)
    for source, trade_id, isin, _, _, since, _ in positions["items"]:
        found[isin, "", "", source, trade_id] = since
    return found


def _take(day: ClearingDay, event: Json, events_of: dict[str, str]) -> None:
    """One event; those that no page shows are passed over."""
    name = event["ev"]
    match name:
        case "ACCEPTED" | "DUPLICATE" | "SUPERSEDED" | "CANCELLED":
            day.counts[name] = day.counts.get(name, 0) + 1
        case "REJECTED":
            key = event["cmd"], event["reason"]
            day.refusals[key] = day.refusals.get(key, 0) + 1
        case "CYCLE":
            day.cycles.append(event)
        case "NETTED":
            day.netted.append(event)
        case "FILE":
            day.files.append(event)
        case "AGEING":
            day.ageing.append(event)
        case "FAILED":
            keys = ("member", "account", "source", "trade_id")
            names = {key: event.get(key, "") for key in keys}
            day.fails.append(
                Fail(isin=event["isin"], **names, quantity=event["qty"], amount_minor=event["amount"],
                     reason=event["reason"], since="")
            )  # fmt: skip
        case "DAY_CLOSED":
            day.totals = event
        case "DELIVERED" | "RECEIVED" | "MONEY_ONLY" | "SETTLED" | "BOUGHT_IN" | "CASH_CLOSED" | "HELD":
            _take_movement(day, event)
        case _:
            _take_money(day, event, events_of)


def _take_movement(day: ClearingDay, event: Json) -> None:
    name, isin = event["ev"], event["isin"]
    if name in ("DELIVERED", "SETTLED"):
        day.delivered[isin] = day.delivered.get(isin, 0) + event["qty"]
    if name == "SETTLED":
        _settle_item(day, event)
        return
    day.movements.add(event)
    if name == "HELD":
        return
    party = event["member"], event["account"]
    flow = _flow(day, party, day.faces.instrument_currency[isin])
    if name in ("BOUGHT_IN", "CASH_CLOSED"):
        flow.buyins += event["amount"]
        _close(day, event)
        return
    flow.settlement += event["amount"]
    block = day.block_of(isin)
    row = None if block is None else block.row_of.get((isin, *party))
    if block is not None and row is not None:
        block.settle(row, event.get("qty", 0), event["amount"])


def _close(day: ClearingDay, event: Json) -> None:
    """A buy-in or a close-out takes a quantity away from both sides."""
    block = day.block_of(event["isin"])
    row = None if block is None else block.row_of.get((event["isin"], event["member"], event["account"]))
    if block is not None and row is not None:
        block.closed_quantity[row] += event["qty"]


def _settle_item(day: ClearingDay, event: Json) -> None:
    """The two rows of a trade that is not netted, found by their identifiers (C22)."""
    tail, isin = f"{event['source']}|{event['trade_id']}", event["isin"]
    block = day.block_of(isin)
    if block is None:
        return
    for known in block.parties_of[isin]:
        table = block.table
        cycle, ccy = table.cycles[table.cycle[known]], table.ccys[table.ccy[known]]
        member, account = table.parties[table.party[known]]
        for side in ("B", "S"):
            key = "|".join((cycle, cycle.partition("/")[0], ccy, member, account, isin, tail, side))
            row = block.row_by_id.get(sha256(key.encode()).hexdigest()[:16])
            if row is None or block.is_done[row]:
                continue
            amount = event["amount"] * (-1 if side == "B" else 1)
            block.settle(row, event["qty"], amount)
            flow = _flow(day, (member, account), ccy)
            flow.settlement += amount
            flow.paid += amount if isin in day.faces.paid_at_once else 0
            day.movements.add({**event, "member": member, "account": account, "amount": amount})


def _take_money(day: ClearingDay, event: Json, events_of: dict[str, str]) -> None:
    """Events that change what a party is owed, or pay it."""
    name = event["ev"]
    if name not in MONEY_EVENTS or "member" not in event or event.get("what") == "HOLDING":
        return
    isin = event.get("isin") or events_of.get(event.get("ca_id", ""), "")
    ccy = event.get("ccy") or day.faces.instrument_currency.get(isin, "")
    flow = _flow(day, (event["member"], event["account"]), ccy)
    field, source = MONEY_EVENTS[name]
    setattr(flow, field, getattr(flow, field) + event[source])
    if name == "BUYIN_CHARGE":
        _close(day, event)
    if name == "MONEY":
        flow.arrears = event["arrears"]


MONEY_EVENTS = {
    "VARIATION": ("marks", "amount"),
    "VARIATION_PAID": ("paid", "amount"),
    "MARKED": ("marks", "paid"),
    "UNMARKED": ("marks", "paid"),
    "CHARGED": ("charges", "amount"),
    "CLAIM_PAID": ("claims", "amount"),
    "FRACTION": ("claims", "amount"),
    "BUYIN_CHARGE": ("buyins", "amount"),
    "MONEY": ("paid", "amount"),
    "FUNDS": ("paid", "amount"),
}
"""Event: (cause of Flow, field of the event)."""


def _flow(day: ClearingDay, party: Party, ccy: str) -> Flow:
    return day.flows.setdefault((*party, ccy), Flow())
