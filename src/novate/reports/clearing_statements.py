"""Statements of one business date: four per member, two for the house; as CSV and as Parquet.

    ClearingDay --> Statements  positions, settlement, cash, fails: rows by member     cycles, totals
                      --> {(member, "positions.csv"): bytes, ...}, {("", "cycles.csv"): bytes, ...}
                      --> {"positions.parquet": bytes, ...}   for the whole house, the member in front

Integers only: units and minor units, signed as the member sees them (positive is received). UTF-8, a header,
LF after every line. A member gets all four files, also where there is nothing to say.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet

from novate.reports.clearing_report_day import ClearingDay, Fail, Row

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

KINDS = {"positions": POSITIONS, "settlement": SETTLEMENT, "cash": CASH, "fails": FAILS}
"""The statements of a member, and their columns."""
TEXTS = {
    "member", "obligation_id", "cycle", "account", "isin", "ccy", "type", "event", "since", "source",
    "trade_id", "reason", "file_sha256", "total", "name", "asset", "book",
}  # fmt: skip
"""Columns of text; all others are integers of 64 bits."""

Files = dict[tuple[str, str], bytes]
"""(member, file name) -> bytes; the house's own files stand under an empty member."""
Line = Sequence[object]


class Statements(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of all statements of a date."""

    members: dict[str, dict[str, list[Line]]]
    """Member -> kind -> rows; every member that the date knows has all four kinds."""
    cycles: list[Line]
    totals: list[Line]


def statements_of(day: ClearingDay) -> Statements:
    """All statements of a date. Cost: one pass over its rows, movements and flows."""
    members: dict[str, dict[str, list[Line]]] = {}

    def add(kind: str, member: str, line: Line) -> None:
        if member not in ("", "CCP", "WORLD"):
            members.setdefault(member, {name: [] for name in KINDS})[kind].append(line)

    items = {fail.isin for fail in day.fails if fail.trade_id}
    for row in day.rows:
        add("positions", row.member, _position(row))
    for one in day.movements:
        line = len(members.get(one["member"], {}).get("settlement", ())) + 1
        add("settlement", one["member"], _movement(line, one))
    for (member, account, ccy), flow in sorted(day.flows.items()):
        causes = (flow.settlement, flow.marks, flow.charges, flow.claims, flow.buyins)
        add("cash", member, [account, ccy, *causes, sum(causes), flow.paid, flow.arrears])
    for fail in day.fails:
        add("fails", fail.member, _fail(day.date, fail))
    for row in day.rows:
        # Items in which the member is a side are known by their rows.
        if row.isin in items and not row.is_done:
            add(
                "fails", row.member, [row.account, row.isin, open_quantity(row), row.amount_minor, "", "", ""]
            )
    digests = {one["cycle"]: one["sha256"] for one in day.files}
    return Statements(
        members={member: members[member] for member in sorted(members)},
        cycles=[[*(one[name] for name in CYCLES[:-1]), digests.get(one["cycle"], "")] for one in day.cycles],
        totals=list(_totals(day)),
    )


def member_statements(statements: Statements) -> Files:
    """The four statements of every member, in the order of their names."""
    return {
        (member, f"{kind}.csv"): csv_bytes(KINDS[kind], lines)
        for member, kinds in statements.members.items()
        for kind, lines in kinds.items()
    }


def house_statements(statements: Statements) -> Files:
    """The cycles and the control totals of the date. `sum` of every total is 0 (C48)."""
    return {
        ("", "cycles.csv"): csv_bytes(CYCLES, statements.cycles),
        ("", "totals.csv"): csv_bytes(TOTALS, statements.totals),
    }


def parquet_statements(statements: Statements) -> dict[str, bytes]:
    """Every kind for the whole house: `positions.parquet`, ... with the member in front."""
    files = {
        f"{kind}.parquet": parquet_bytes(
            ("member", *columns),
            [[member, *line] for member, kinds in statements.members.items() for line in kinds[kind]],
        )
        for kind, columns in KINDS.items()
    }
    files["cycles.parquet"] = parquet_bytes(CYCLES, statements.cycles)
    files["totals.parquet"] = parquet_bytes(TOTALS, statements.totals)
    return files


def open_quantity(row: Row) -> int:
    """What is left of an obligation, signed as it is."""
    left = max(abs(row.quantity) - row.settled_quantity - row.closed_quantity, 0)
    return left if row.quantity > 0 else -left


def csv_bytes(columns: Sequence[str], lines: Iterable[Line]) -> bytes:
    """UTF-8 with a header, LF after every line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue().encode()


def parquet_bytes(columns: Sequence[str], lines: Sequence[Line], texts: Iterable[str] = TEXTS) -> bytes:
    """The same table as Parquet: `texts` are text, other columns int64; an empty number is null."""
    known = set(texts)
    arrays = {}
    for place, name in enumerate(columns):
        values: list[Any] = [line[place] for line in lines]
        if name in known:
            arrays[name] = pa.array(values, pa.string())
        else:
            arrays[name] = pa.array([None if value == "" else value for value in values], pa.int64())
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(arrays), out)
    return out.getvalue()


def _position(row: Row) -> Line:
    return [*(getattr(row, name) for name in POSITIONS[:-1]), open_quantity(row)]


def _movement(line: int, one: dict[str, Any]) -> Line:
    out = one["ev"] == "DELIVERED" or (one["ev"] == "SETTLED" and one["amount"] > 0)
    quantity = one.get("qty", 0) * (-1 if out else 1)
    names = ("left", "since", "source", "trade_id")
    return [
        line, one["ev"], one["account"], one["isin"], quantity, one["amount"],
        *(one.get(name, "") for name in names),
    ]  # fmt: skip


def _fail(date: str, fail: Fail) -> Line:
    since = datetime.date.fromisoformat(fail.since) if fail.since else None
    days = (datetime.date.fromisoformat(date) - since).days if since else ""
    return [fail.account, fail.isin, fail.quantity, fail.amount_minor, fail.reason, fail.since, days]


def _totals(day: ClearingDay) -> Iterable[Line]:
    if not day.is_closed:
        return
    for isin, members, house, world, left in day.totals["securities"]:
        yield ["securities", isin, members, house, world, "", "", left, members + house + world]
    for ccy, members, house, world, due, arrears, left in day.totals["cash"]:
        yield ["cash", ccy, members, house, world, due, arrears, left, members + house + world]
