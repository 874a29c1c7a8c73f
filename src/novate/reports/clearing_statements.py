"""Statements of one business date: four per member, two for the house; as CSV and as Parquet.

    ClearingDay --> Statements  positions, settlement, cash, fails: rows by member     cycles, totals
                      --> {(member, "positions.csv"): bytes, ...}, {("", "cycles.csv"): bytes, ...}
                      --> {"positions.parquet": bytes, ...}   for the whole house, the member in front

Integers only: units and minor units, signed as the member sees them (positive is received). UTF-8, a header,
LF after every line. A member gets all four files, also where there is nothing to say.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from novate.clearing.house_terms import day_text
from novate.clearing.kernels.lines import Int64s
from novate.clearing.lines import Column, Numbers, Rows, Words
from novate.reports.clearing_report_day import ClearingDay, Fail, Party
from novate.reports.day_movements import DELIVERED, EVENTS, NEVER, NOTHING, SETTLED, Moves
from novate.reports.day_rows import Block, Row
from novate.reports.sheets import Gaps, Sheet, arrow_of, csv_of, parquet_of, worded

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

NETTED = ("cycle", "isin", "ccy", "legs", "rows", "gross_quantity", "net_quantity", "gross_pay", "net_pay",
          "saved_ppm")  # fmt: skip
NETTED_MEMBERS = ("cycle", "member", "account", "ccy", "legs", "rows", "gross_pay", "net_pay",
                  "gross_receive", "net_receive", "saved_ppm")  # fmt: skip
PPM = 10**6

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
    """The lines of all statements of a date."""

    members: list[str]
    """Every member that the date knows, by name."""
    sheets: dict[str, Sheet]
    """By kind; owners are places in `members`."""
    house: dict[str, tuple[Sequence[str], list[Line]]]
    """The house's own tables: columns and lines."""


def statements_of(day: ClearingDay) -> Statements:
    """All statements of a date. Cost: a few passes over the columns of its rows and movements."""
    cash, fails = _cash(day), _fails(day)
    moves = day.movements.columns()
    parties = day.movements.parties.names
    known = {member for block in day.blocks for member, _ in _used(block)}
    known |= {parties[party][0] for party in np.unique(moves.party).tolist()}
    known |= {member for member, _ in (*cash, *fails)}
    members = sorted(known - {"", "CCP", "WORLD"})
    digests = {one["cycle"]: one["sha256"] for one in day.files}
    return Statements(
        members=members,
        sheets={
            "positions": _positions(day, members),
            "settlement": _settlement(day, moves, members),
            "cash": _sheet_of_lines(CASH, cash, members),
            "fails": _sheet_of_lines(FAILS, fails, members),
        },
        house={
            "cycles": (
                CYCLES,
                [[*(one[name] for name in CYCLES[:-1]), digests.get(one["cycle"], "")] for one in day.cycles],
            ),
            "totals": (TOTALS, list(_totals(day))),
            "netting-instruments": (NETTED, list(_netted(day))),
            "netting-members": (NETTED_MEMBERS, list(_netted_members(day))),
        },
    )


def member_statements(statements: Statements) -> Files:
    """The four statements of every member, in the order of their names."""
    made = {kind: list(sheet.csv(len(statements.members))) for kind, sheet in statements.sheets.items()}
    return {
        (member, f"{kind}.csv"): files[number]
        for number, member in enumerate(statements.members)
        for kind, files in made.items()
    }


def house_statements(statements: Statements) -> Files:
    """The cycles with what netting saved, and the control totals: `sum` of every total is 0 (C48)."""
    return {("", f"{kind}.csv"): _csv_bytes(*table) for kind, table in statements.house.items()}


def parquet_statements(statements: Statements) -> dict[str, bytes]:
    """Every kind for the whole house: `positions.parquet`, ... with the member in front."""
    files = {
        f"{kind}.parquet": parquet_of(sheet.arrow(statements.members))
        for kind, sheet in statements.sheets.items()
    }
    return files | {f"{kind}.parquet": _parquet_bytes(*table) for kind, table in statements.house.items()}


def open_quantity(row: Row) -> int:
    """What is left of an obligation, signed as it is."""
    left = max(abs(row.quantity) - row.settled_quantity - row.closed_quantity, 0)
    return left if row.quantity > 0 else -left


def _csv_bytes(names: Sequence[str], lines: Sequence[Line]) -> bytes:
    return csv_of(names, columns_of_lines(names, lines), len(lines))


def _parquet_bytes(names: Sequence[str], lines: Sequence[Line]) -> bytes:
    columns = columns_of_lines(names, lines)
    return parquet_of(pa.table([arrow_of(one) for one in columns], names=list(names)))


def columns_of_lines(names: Sequence[str], lines: Sequence[Line]) -> list[Column | Gaps]:
    """Few lines as columns: those of TEXTS are text, all others int64; an empty number is none."""
    columns: list[Column | Gaps] = []
    for place, name in enumerate(names):
        values: list[Any] = [line[place] for line in lines]
        if name in TEXTS:
            columns.append(worded(values))
            continue
        is_given = [value != "" for value in values]
        numbers = np.array([value if given else 0 for value, given in zip(values, is_given, strict=True)],
                           np.int64)  # fmt: skip
        columns.append(Numbers(numbers) if all(is_given) else Gaps(numbers, is_given))
    return columns


def _sheet_of_lines(names: Sequence[str], owned: dict[Party, list[Line]], members: Sequence[str]) -> Sheet:
    """Lines by party, in the order of the members' names."""
    places = {member: number for number, member in enumerate(members)}
    found = [
        (places[member], line) for (member, _), lines in owned.items() if member in places for line in lines
    ]
    found.sort(key=lambda one: one[0])
    columns = columns_of_lines(names, [line for _, line in found])
    return Sheet(names, columns, np.array([owner for owner, _ in found], np.int64))


def _used(block: Block) -> list[Party]:
    """Parties that have a row."""
    return [block.table.parties[party] for party in np.unique(block.table.party).tolist()]


def _owners(parties: Sequence[Party], party: Int64s, members: Sequence[str]) -> tuple[Int64s, Int64s]:
    """(lines of members by member, the member of each)."""
    places = {member: number for number, member in enumerate(members)}
    owner = np.array([places.get(member, -1) for member, _ in parties] or [-1], np.int64)[party]
    order = np.argsort(owner, kind="stable")
    order = order[np.searchsorted(owner[order], 0) :]
    return order, owner[order]


def _positions(day: ClearingDay, members: Sequence[str]) -> Sheet:
    """The rows of members. A date with several blocks has few: then all are made lines one by one."""
    if len(day.blocks) == 1:
        block = day.blocks[0]
        table = block.table
        order, owner = _owners(table.parties, table.party, members)
        rows = table.at(order)
        columns: list[Column | Gaps] = [
            Rows(2 * rows.number, *rows.texts), Words(rows.cycle, rows.cycles),
            Words(rows.party, [account for _, account in rows.parties]), Words(rows.isin, rows.isins),
            Words(rows.ccy, rows.ccys), Words(rows.kind, rows.kinds), Numbers(rows.quantity),
            Numbers(rows.amount),  Numbers(block.settled_quantity[order]),
            Numbers(block.settled_minor[order]), Numbers(block.closed_quantity[order]),
            Numbers(block.open_quantity[order]),
        ]  # fmt: skip
        return Sheet(POSITIONS, columns, owner)
    lines: dict[Party, list[Line]] = {}
    for row in day.rows:
        values = [getattr(row, name) for name in POSITIONS[:-1]]
        lines.setdefault((row.member, ""), []).append([*values, open_quantity(row)])
    return _sheet_of_lines(POSITIONS, lines, members)


def _settlement(day: ClearingDay, moves: Moves, members: Sequence[str]) -> Sheet:
    """What settled of each member, numbered in the order in which it did."""
    parties = day.movements.parties.names
    order, owner = _owners(parties, moves.party, members)
    moves = Moves._make(column[order] for column in moves)
    firsts = np.searchsorted(owner, np.arange(len(members)))
    is_out = (moves.event == DELIVERED) | ((moves.event == SETTLED) & (moves.amount > 0))
    days = np.unique(moves.since)
    dates = ["" if day == NEVER else day_text(day) for day in days.tolist()]
    trades = day.movements.trades.names
    columns: list[Column | Gaps] = [
        Numbers(np.arange(len(owner)) - firsts[owner] + 1), Words(moves.event, EVENTS),
        Words(moves.party, [account for _, account in parties]),
        Words(moves.isin, day.movements.isins.names), Numbers(np.where(is_out, -1, 1) * moves.quantity),
        Numbers(moves.amount), Gaps(moves.left, moves.left != NOTHING),
        Words(np.searchsorted(days, moves.since), dates or [""]),
        Words(moves.trade, [source for source, _ in trades]),
        Words(moves.trade, [trade_id for _, trade_id in trades]),
    ]  # fmt: skip
    return Sheet(SETTLEMENT, columns, owner)


def _cash(day: ClearingDay) -> dict[Party, list[Line]]:
    lines: dict[Party, list[Line]] = {}
    for (member, account, ccy), flow in sorted(day.flows.items()):
        causes = (flow.settlement, flow.marks, flow.charges, flow.claims, flow.buyins)
        lines.setdefault((member, account), []).append(
            [account, ccy, *causes, sum(causes), flow.paid, flow.arrears]
        )
    return lines


def _fails(day: ClearingDay) -> dict[Party, list[Line]]:
    lines: dict[Party, list[Line]] = {}
    for fail in day.fails:
        lines.setdefault((fail.member, ""), []).append(_fail(day.date, fail))
    items = {fail.isin for fail in day.fails if fail.trade_id}
    # Items in which the member is a side are known by their rows.
    for row in day.rows if items else ():
        if row.isin in items and not row.is_done:
            lines.setdefault((row.member, ""), []).append(
                [row.account, row.isin, open_quantity(row), row.amount_minor, "", "", ""]
            )
    return lines


def _fail(date: str, fail: Fail) -> Line:
    since = datetime.date.fromisoformat(fail.since) if fail.since else None
    days = (datetime.date.fromisoformat(date) - since).days if since else ""
    return [fail.account, fail.isin, fail.quantity, fail.amount_minor, fail.reason, fail.since, days]


def _netted(day: ClearingDay) -> Iterable[Line]:
    """What netting saved in each instrument."""
    names = ("cycle", "isin", "legs", "rows", "gross_qty", "net_qty", "gross_pay", "net_pay")
    for one in day.netted:
        cycle, isin, *numbers = (one[name] for name in names)
        gross, net = numbers[-2:]
        yield [cycle, isin, day.faces.instrument_currency[isin], *numbers, saved_ppm(gross, net)]


def _netted_members(day: ClearingDay) -> Iterable[Line]:
    """What netting saved each account: of all that it would pay and be paid gross, the part that it does not
    have to move."""
    parties, ccys = day.movements.parties.names, sorted(day.faces.currency_digits)
    for one in day.member_netting:
        cycle = f"{day_text(one.day)}/N{one.cycle}"
        gross, net = one.gross_pay + one.gross_receive, one.net_pay + one.net_receive
        yield [cycle, *parties[one.party], ccys[one.currency], *one[4:], saved_ppm(gross, net)]


def saved_ppm(gross: int, net: int) -> int:
    """Parts in a million that netting took away, rounded down; of nothing, nothing."""
    return (gross - net) * PPM // gross if gross else 0


def _totals(day: ClearingDay) -> Iterable[Line]:
    if not day.is_closed:
        return
    for isin, members, house, world, left in day.totals["securities"]:
        yield ["securities", isin, members, house, world, "", "", left, members + house + world]
    for ccy, members, house, world, due, arrears, left in day.totals["cash"]:
        yield ["cash", ccy, members, house, world, due, arrears, left, members + house + world]
