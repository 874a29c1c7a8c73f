"""Statements of one business date as CSV: four per member, two for the house.

    ClearingDay --> {(member, "positions.csv"): bytes, (member, "settlement.csv"): ..., "cash", "fails"}
                    {("", "cycles.csv"): bytes, ("", "totals.csv"): ...}        the house's own

Integers only: units and minor units, signed as the member sees them (positive is received). UTF-8, a header,
LF after every line. A member gets all four files, also where there is nothing to say.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Sequence

from novate.reports.clearing_report_day import ClearingDay, Row

POSITIONS = (
    "obligation_id", "cycle", "account", "isin", "ccy", "type", "quantity", "amount_minor",
    "settled_quantity", "settled_minor", "closed_quantity", "open_quantity",
)  # fmt: skip
SETTLEMENT = (
    "line",
    "event",
    "account",
    "isin",
    "quantity",
    "amount_minor",
    "left",
    "since",
    "source",
    "trade_id",
)
CASH = ("account", "ccy", "settlement", "marks", "charges", "claims", "buyins", "sum", "paid", "arrears")
FAILS = ("account", "isin", "quantity", "amount_minor", "reason", "since", "calendar_days")
CYCLES = ("cycle", "ccy", "legs", "rows", "gross_pay", "net_pay", "saved_ppm", "file_sha256")
TOTALS = ("total", "name", "members", "house", "world", "due", "arrears", "open", "sum")

Files = dict[tuple[str, str], bytes]
"""(member, file name) -> bytes; the house's own files stand under an empty member."""


def member_statements(day: ClearingDay) -> Files:
    """The four statements of every member that the date knows, in the order of their names."""
    members = {row.member for row in day.rows} | {member for member, _, _ in day.flows}
    members |= {one["member"] for one in day.movements} | {fail.member for fail in day.fails}
    files: Files = {}
    for member in sorted(members - {"", "CCP", "WORLD"}):
        files[member, "positions.csv"] = _csv(POSITIONS, _positions(day, member))
        files[member, "settlement.csv"] = _csv(SETTLEMENT, _settlement(day, member))
        files[member, "cash.csv"] = _csv(CASH, _cash(day, member))
        files[member, "fails.csv"] = _csv(FAILS, _fails(day, member))
    return files


def house_statements(day: ClearingDay) -> Files:
    """The cycles and the control totals of the date. `sum` of every total is 0 (C48)."""
    digests = {one["cycle"]: one["sha256"] for one in day.files}
    cycles = [[*(one[name] for name in CYCLES[:-1]), digests.get(one["cycle"], "")] for one in day.cycles]
    return {
        ("", "cycles.csv"): _csv(CYCLES, cycles),
        ("", "totals.csv"): _csv(TOTALS, _totals(day)),
    }


def open_quantity(row: Row) -> int:
    """What is left of an obligation, signed as it is."""
    left = max(abs(row.quantity) - row.settled_quantity - row.closed_quantity, 0)
    return left if row.quantity > 0 else -left


def _positions(day: ClearingDay, member: str) -> Iterable[Sequence[object]]:
    for row in day.rows:
        if row.member == member:
            yield [*(getattr(row, name) for name in POSITIONS[:-1]), open_quantity(row)]


def _settlement(day: ClearingDay, member: str) -> Iterable[Sequence[object]]:
    mine = [one for one in day.movements if one["member"] == member]
    for line, one in enumerate(mine, 1):
        out = one["ev"] == "DELIVERED" or (one["ev"] == "SETTLED" and one["amount"] > 0)
        quantity = one.get("qty", 0) * (-1 if out else 1)
        yield [
            line, one["ev"], one["account"], one["isin"], quantity, one["amount"],
            *(one.get(name, "") for name in ("left", "since", "source", "trade_id")),
        ]  # fmt: skip


def _cash(day: ClearingDay, member: str) -> Iterable[Sequence[object]]:
    for (name, account, ccy), flow in sorted(day.flows.items()):
        if name == member:
            causes = (flow.settlement, flow.marks, flow.charges, flow.claims, flow.buyins)
            yield [account, ccy, *causes, sum(causes), flow.paid, flow.arrears]


def _fails(day: ClearingDay, member: str) -> Iterable[Sequence[object]]:
    """Open positions, and items in which the member is a side, known by their rows."""
    today = datetime.date.fromisoformat(day.date)
    for fail in day.fails:
        if fail.member == member:
            days = (today - datetime.date.fromisoformat(fail.since)).days if fail.since else ""
            yield [fail.account, fail.isin, fail.quantity, fail.amount_minor, fail.reason, fail.since, days]
    item_instruments = {fail.isin for fail in day.fails if fail.trade_id}
    for row in day.rows:
        if row.member == member and row.isin in item_instruments and not row.is_done:
            yield [row.account, row.isin, open_quantity(row), row.amount_minor, "", "", ""]


def _totals(day: ClearingDay) -> Iterable[Sequence[object]]:
    if not day.is_closed:
        return
    for isin, members, house, world, left in day.totals["securities"]:
        yield ["securities", isin, members, house, world, "", "", left, members + house + world]
    for ccy, members, house, world, due, arrears, left in day.totals["cash"]:
        yield ["cash", ccy, members, house, world, due, arrears, left, members + house + world]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
