"""One business date of the clearing house, folded from its commands and events (C50).

    [(command, events), ...] --split_days--> [(date, steps), ...] --clearing_day--> ClearingDay
                                                  rows       obligations of the last cycle of each instrument
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


class Row(msgspec.Struct, kw_only=True):
    """An obligation, and how much of it has settled."""

    obligation_id: str
    cycle: str
    member: str
    account: str
    isin: str
    ccy: str
    type: str
    quantity: int
    """Signed: positive is received."""
    amount_minor: int
    gross_legs: int
    settled_quantity: int = 0
    """Unsigned."""
    settled_minor: int = 0
    closed_quantity: int = 0
    """Unsigned: bought in or closed out in cash, which is no settlement."""
    is_done: bool = False


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


class ClearingDay(msgspec.Struct, kw_only=True):
    """Everything that the report and the statements of one date show."""

    date: str
    faces: ClearingFaces
    counts: dict[str, int] = {}
    """Events of trades by name: ACCEPTED, DUPLICATE, SUPERSEDED, CANCELLED, REJECTED."""
    refusals: dict[tuple[str, str], int] = {}
    """By command and reason."""
    rows: list[Row] = []
    row_of: dict[tuple[str, str, str], Row] = {}
    """The row of each (isin, member, account); of instruments that are not netted, the last of its rows."""
    row_by_id: dict[str, Row] = {}
    parties_of: dict[str, list[Row]] = {}
    """Per instrument one row of each of its parties."""
    settled_before: dict[str, int] = {}
    """Per instrument: delivered before the cycle whose rows stand here."""
    cycles: list[Json] = []
    netted: list[Json] = []
    files: list[Json] = []
    ageing: list[Json] = []
    fails: list[Fail] = []
    flows: dict[tuple[str, str, str], Flow] = {}
    """By (member, account, ccy)."""
    delivered: dict[str, int] = {}
    movements: list[Json] = []
    """DELIVERED, RECEIVED, MONEY_ONLY, SETTLED, BOUGHT_IN, CASH_CLOSED and HELD, in order;
    a SETTLED stands once for each side, with its party and its signed amount."""
    totals: Json = {}
    """DAY_CLOSED; empty while the date is open."""

    @property
    def is_closed(self) -> bool:
        return bool(self.totals)

    @property
    def member_rows(self) -> list[Row]:
        """All rows but the house's own balancing ones (C22)."""
        return [row for row in self.rows if row.member != "CCP"]

    @property
    def deliver_rows(self) -> list[Row]:
        return [row for row in self.rows if row.quantity < 0]


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
    day = ClearingDay(date=date, faces=faces)
    since: dict[tuple[str, ...], str] = {}
    events_of = dict(faces.event_instrument)
    for _, events in steps:
        _take_rows(day, events)
        for event in events:
            if "ca_id" in event and "isin" in event:
                events_of[event["ca_id"]] = event["isin"]
            if event["ev"] == "POSITIONS":
                since = _since(event)
            _take(day, event, events_of)
    day.fails = [
        msgspec.structs.replace(
            fail, since=since.get((fail.isin, fail.member, fail.account, fail.source, fail.trade_id), "")
        )
        for fail in day.fails
    ]
    return day


def _since(positions: Json) -> dict[tuple[str, ...], str]:
    """Date of the oldest lot of every open position and item."""
    found: dict[tuple[str, ...], str] = {}
    for isin, member, account, _, _, lots, _ in positions["open"]:
        if lots:
            found[isin, member, account, "", ""] = min(lot[0] for lot in lots)
    for source, trade_id, isin, _, _, since, _ in positions["items"]:
        found[isin, "", "", source, trade_id] = since
    return found


def _take_rows(day: ClearingDay, events: list[Json]) -> None:
    """Rows of a cycle replace the earlier ones of its instruments (C22)."""
    touched = {event["isin"] for event in events if event["ev"] in ("OBLIGATION", "NETTED")}
    if not touched:
        return
    day.rows = [row for row in day.rows if row.isin not in touched]
    for isin in sorted(touched):
        day.settled_before[isin] = day.delivered.get(isin, 0)
    for event in events:
        if event["ev"] != "OBLIGATION":
            continue
        sign = -1 if event["movement"] == "DELI" else 1
        pay = -1 if event["pay"] == "DEBT" else 1
        same = {name: event[name] for name in ("obligation_id", "cycle", "member", "account", "isin", "ccy",
                                               "type", "gross_legs")}  # fmt: skip
        amounts = {"quantity": sign * event["quantity"], "amount_minor": pay * event["amount_minor"]}
        day.rows.append(Row(**same, **amounts))
    day.row_of = {(row.isin, row.member, row.account): row for row in day.rows}
    day.parties_of = {}
    for row in day.row_of.values():
        day.parties_of.setdefault(row.isin, []).append(row)
    day.row_by_id = {row.obligation_id: row for row in day.rows}


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
    day.movements.append(event)
    if name == "HELD":
        return
    party = event["member"], event["account"]
    flow = _flow(day, party, day.faces.instrument_currency[isin])
    if name in ("BOUGHT_IN", "CASH_CLOSED"):
        flow.buyins += event["amount"]
        _close(day, event)
        return
    flow.settlement += event["amount"]
    row = day.row_of.get((isin, *party))
    if row is not None and not row.is_done:
        _settle_row(row, event.get("qty", 0), event["amount"])


def _settle_row(row: Row, quantity: int, amount: int) -> None:
    row.settled_quantity += quantity
    row.settled_minor += amount
    row.is_done = row.settled_quantity >= abs(row.quantity)


def _close(day: ClearingDay, event: Json) -> None:
    """A buy-in or a close-out takes a quantity away from both sides."""
    row = day.row_of.get((event["isin"], event["member"], event["account"]))
    if row is not None:
        row.closed_quantity += event["qty"]


def _settle_item(day: ClearingDay, event: Json) -> None:
    """The two rows of a trade that is not netted, found by their identifiers (C22)."""
    tail = f"{event['source']}|{event['trade_id']}"
    for known in day.parties_of.get(event["isin"], ()):
        date = known.cycle.partition("/")[0]
        for side in ("B", "S"):
            key = "|".join(
                (known.cycle, date, known.ccy, known.member, known.account, known.isin, tail, side)
            )
            row = day.row_by_id.get(sha256(key.encode()).hexdigest()[:16])
            if row is None or row.is_done:
                continue
            amount = event["amount"] * (-1 if side == "B" else 1)
            _settle_row(row, event["qty"], amount)
            flow = _flow(day, (row.member, row.account), row.ccy)
            flow.settlement += amount
            flow.paid += amount if row.isin in day.faces.paid_at_once else 0
            party = {"member": row.member, "account": row.account}
            day.movements.append({**event, **party, "amount": amount})


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
