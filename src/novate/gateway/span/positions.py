"""Positions from a CSV file or the portfolios of a .spn file; those of one account and contract are summed.

    account,exchange,cc,pfCode,contract_type,period,option_type,strike,quantity
    A1,XSYN,CL,OCL,OOF,202606,C,410,-5     --read_positions-->   {"A1": {row of the contract: -5}}

The columns are those of span-rules.md, section 2. A file that is no such CSV is refused at its first defect.
Positions in contracts that the parameter file does not have, or that cannot be margined, are collected: all
of them are in the error, by account.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from novate.clearing.margin.span.contracts import ContractIndex
from novate.clearing.margin.span.model import OPTIONS, ContractKind, Side
from novate.clearing.margin.span.numbers import exact
from novate.clearing.margin.span.periods import PHYSICAL, canonical
from novate.clearing.margin.span.policy import STANDARD
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.clearing.margin.span.requirement import check_positions
from novate.clearing.margin.span.tables import Tables
from novate.gateway.span.elements import elements_of
from novate.gateway.span.options import HOT
from novate.gateway.span.source import chunks
from novate.gateway.span.xml_rows import rows_of

HEADER = (
    "account",
    "exchange",
    "cc",
    "pfCode",
    "contract_type",
    "period",
    "option_type",
    "strike",
    "quantity",
)
SIDES = {"C": Side.CALL, "P": Side.PUT}
LARGEST_BYTES = 2 * 1024**3
SHOWN = 20

Portfolios = dict[str, dict[int, Fraction]]
"""By account: net quantity by contract row. An account that holds nothing is there, empty."""


FoundRow = tuple[str, int, Fraction, int]
"""Account, row of the contract, quantity, line of the file."""


class PositionProblem(SpanProblem):
    """Positions that cannot be margined: `positions` has a line for each of them."""

    def __init__(self, kind: Kind, place: str, positions: Sequence[str]) -> None:
        listed = "; ".join(positions[:SHOWN])
        more = f"; and {len(positions) - SHOWN} more" if len(positions) > SHOWN else ""
        super().__init__(kind, place, "positions in contracts of the parameter file", "")
        self.positions = tuple(positions)
        self.args = (f"{place}: {listed}{more}",)


def read_positions(path: Path, index: ContractIndex, tables: Tables) -> Portfolios:
    """All accounts of a file. SpanProblem, beginning with the file's name, if it is refused."""
    rows = list(_found(path, index, tables))
    portfolios: Portfolios = {}
    for account, row, quantity, _ in rows:
        positions = portfolios.setdefault(account, {})
        positions[row] = positions.get(row, Fraction(0)) + quantity
    _refuse_unmargined(path, [one for one in rows if portfolios[one[0]][one[1]]], tables)
    return {
        account: {row: quantity for row, quantity in positions.items() if quantity}
        for account, positions in portfolios.items()
    }


def read_trades(path: Path, index: ContractIndex, tables: Tables) -> list[FoundRow]:
    """Every row of a file of the same form as a trade of its own, in file order."""
    rows = [one for one in _found(path, index, tables) if one[2]]
    _refuse_unmargined(path, rows, tables)
    return rows


def _found(path: Path, index: ContractIndex, tables: Tables) -> Iterator[FoundRow]:
    """Rows with their contracts; at the end all that have none, in one PositionProblem."""
    unknown: list[str] = []
    for line, fields in _rows(path):
        try:
            yield *_position(fields, index, tables), line
        except SpanProblem as problem:
            if problem.kind is not Kind.UNKNOWN_CONTRACT:
                raise problem.within(f"{path}: line {line}") from None
            unknown.append(f"line {line}: {problem}")
    if unknown:
        raise PositionProblem(Kind.UNKNOWN_CONTRACT, str(path), unknown)


def _refuse_unmargined(path: Path, rows: list[FoundRow], tables: Tables) -> None:
    """Raise for positions in contracts of the file that it gives no risk array or no price for."""
    wrong = check_positions(tables, sorted({row for _, row, _, _ in rows}))
    if not wrong:
        return
    kind = next(iter(wrong.values())).kind
    lines = [
        f"line {line}: account {account}: {wrong[row]}"
        for account, row, _, line in rows
        if row in wrong and wrong[row].kind is kind
    ]
    raise PositionProblem(kind, str(path), lines)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows after the header of a CSV file, or the positions in the portfolios of a .spn file."""
    if path.name.removesuffix(".gz").removesuffix(".zip").endswith(".spn"):
        try:
            yield from _of_portfolios(path)
        except SpanProblem as problem:
            raise problem.within(str(path)) from problem.__cause__
        return
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise SpanProblem(Kind.FILE, str(path), f"at most {LARGEST_BYTES:,} bytes", "more")
        data = path.read_bytes()
    except OSError as error:
        raise SpanProblem(Kind.FILE, str(path), "a readable file", error.strerror or str(error)) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x}"
        raise SpanProblem(Kind.ENCODING, f"{path}: line {line}", "text in UTF-8", found) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != HEADER:
            expected = f"the columns {','.join(HEADER)}"
            raise SpanProblem(Kind.CSV_HEADER, f"{path}: line 1", expected, ",".join(header) or "nothing")
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        place = f"{path}: line {reader.line_num}"
        raise SpanProblem(Kind.CSV_ROW, place, "comma-separated values", str(error)) from error


def _of_portfolios(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Positions of `portfolio/ecPort/ccPort/np` with the lines that they begin in."""
    for root in elements_of(rows_of(chunks(path), STANDARD.rate), HOT):
        portfolios = [one for moment in root.all("pointInTime") for one in moment.all("portfolio")]
        for portfolio in portfolios:
            account = portfolio.required("acctId")
            commodities = [one for group in portfolio.all("ecPort") for one in group.all("ccPort")]
            for commodity in commodities:
                for net in commodity.all("np"):
                    named = [net.text_of(name) or "" for name in ("pfCode", "pfType", "pe", "o", "k", "net")]
                    yield net.line, [account, net.text_of("exch") or "", commodity.required("cc"), *named]


def _position(fields: list[str], index: ContractIndex, tables: Tables) -> tuple[str, int, Fraction]:
    """Account, contract row and quantity of one row of the file."""
    if len(fields) != len(HEADER):
        raise SpanProblem(Kind.CSV_ROW, "", f"{len(HEADER)} fields", str(len(fields)))
    account, exchange, cc, code, kind_text, period_text, side_text, strike_text, quantity_text = fields
    if not account.isprintable() or not account:
        raise SpanProblem(Kind.CSV_ROW, "account", "a name that can be shown", repr(account)[:60])
    if kind_text not in ContractKind.__members__:
        raise SpanProblem(Kind.CSV_ROW, "contract_type", "FUT, OOP, OOF or PHY", repr(kind_text))
    kind = ContractKind[kind_text]
    side, strike = _terms(kind, side_text, strike_text)
    quantity = _number(quantity_text, "quantity")
    try:
        period = canonical(period_text) if period_text or kind is not ContractKind.PHY else PHYSICAL
    except ValueError as error:
        raise SpanProblem(Kind.PERIOD, "period", "6 digits, up to 3 more", repr(period_text)) from error
    row = index.find((exchange, kind, code), period, side, strike)
    number = int(tables.commodity[row]) if row >= 0 else -1
    if number < 0 or tables.parameters.commodities[number].code != cc:
        contract = " ".join(filter(None, (exchange, kind_text, code, period_text, side_text, strike_text)))
        place = f"account {account}"
        raise SpanProblem(Kind.UNKNOWN_CONTRACT, place, f"a contract of {cc} in the file", contract)
    return account, row, quantity


def _terms(kind: ContractKind, side: str, strike: str) -> tuple[Side, Fraction | None]:
    if kind not in OPTIONS:
        if side or strike:
            raise SpanProblem(Kind.CSV_ROW, kind.name, "no option_type and no strike", f"{side} {strike}")
        return Side.NONE, None
    if side not in SIDES:
        raise SpanProblem(Kind.CSV_ROW, "option_type", "C or P", repr(side))
    return SIDES[side], _number(strike, "strike")


def _number(text: str, name: str) -> Fraction:
    try:
        return exact(text)
    except ValueError:
        raise SpanProblem(Kind.CSV_ROW, name, "a decimal number", repr(text)) from None
