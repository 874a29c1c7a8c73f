"""Obligations by columns of numbers, with the few names that they use: what all their files are written from.

party  instrument  currency  cycle | quantity  amount  legs  | id and root in hexadecimal
  0        3           1       0   |    -300   54810      2  | 63894ac6c6459f91 abab...
parties  isins      ccys    cycles   the names behind the numbers
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import msgspec
import numpy as np

from novate.clearing.house_terms import HouseTerms
from novate.clearing.kernels.lines import Bytes, Int64s
from novate.clearing.lines import Column, Numbers, Rows, Words, packed
from novate.clearing.obligation_rows import RowColumns
from novate.clearing.obligations import MOVEMENTS, PAYS, Obligation, in_hexadecimal
from novate.domain.clearing_codes import LegKind

T = TypeVar("T", bound=Hashable)
COLUMNS = ("number", "cycle", "party", "isin", "ccy", "kind", "quantity", "amount", "gross_legs")


class ObligationTable(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one or several cycles, in the order of their file."""

    cycles: Sequence[str]
    dates: Sequence[str]
    """Settlement date of each cycle."""
    parties: Sequence[tuple[str, str]]
    """(member, account)."""
    isins: Sequence[str]
    ccys: Sequence[str]
    kinds: Sequence[str]
    number: Int64s
    """Of a row's texts: its id is text 2n of `texts`, its root text 2n + 1."""
    cycle: Int64s
    party: Int64s
    isin: Int64s
    ccy: Int64s
    kind: Int64s
    quantity: Int64s
    """Signed: positive is received."""
    amount: Int64s
    """In minor units, signed alike."""
    gross_legs: Int64s
    texts: tuple[Bytes, Int64s]
    """Data and starts, as `lines.Rows` takes them."""

    def __len__(self) -> int:
        return len(self.party)

    def identifier(self, row: int) -> str:
        """The obligation id of a row."""
        (data, starts), text = self.texts, 2 * int(self.number[row])
        return data[starts[text] : starts[text + 1]].tobytes().decode()

    def at(self, rows: Int64s) -> ObligationTable:
        """Some of the rows."""
        return msgspec.structs.replace(self, **{name: getattr(self, name)[rows] for name in COLUMNS})


def table_of_cycle(rows: RowColumns, terms: HouseTerms, cycle: str) -> ObligationTable:
    """The rows of one cycle of a house."""
    return ObligationTable(
        cycles=[cycle],
        dates=[cycle.partition("/")[0]],
        parties=terms.parties,
        isins=[one.name for one in terms.instruments],
        ccys=[one.name for one in terms.currencies],
        kinds=[kind.name for kind in LegKind],
        number=np.arange(rows.size),
        cycle=np.zeros(rows.size, np.int64),
        party=rows.party,
        isin=rows.instrument,
        ccy=rows.currency,
        kind=rows.kind - 1,
        quantity=rows.quantity,
        amount=rows.amount,
        gross_legs=rows.gross_legs,
        texts=in_hexadecimal(rows.ids, rows.roots),
    )


def table_of_rows(rows: Sequence[Obligation]) -> ObligationTable:
    """Rows that were read from a file. OverflowError where a number needs more than 64 bits."""
    cycles, cycle = _coded([(row.cycle, row.settle_date) for row in rows])
    parties, party = _coded([(row.member, row.account) for row in rows])
    isins, isin = _coded([row.isin for row in rows])
    ccys, ccy = _coded([row.ccy for row in rows])
    kinds, kind = _coded([row.type for row in rows])
    return ObligationTable(
        cycles=[name for name, _ in cycles],
        dates=[date for _, date in cycles],
        parties=parties,
        isins=isins,
        ccys=ccys,
        kinds=kinds,
        number=np.arange(len(rows)),
        cycle=cycle,
        party=party,
        isin=isin,
        ccy=ccy,
        kind=kind,
        quantity=np.array([row.signed_quantity for row in rows], np.int64),
        amount=np.array([row.signed_amount for row in rows], np.int64),
        gross_legs=np.array([row.gross_legs for row in rows], np.int64),
        texts=packed([text for row in rows for text in (row.obligation_id, row.trade_root_hash)]),
    )


def columns_of(table: ObligationTable) -> list[Column]:
    """The columns of the obligation file, in the order of `obligations.COLUMNS`."""
    return [
        Rows(2 * table.number, *table.texts),
        Words(table.cycle, table.cycles),
        Words(table.cycle, table.dates),
        Words(table.party, [member for member, _ in table.parties]),
        Words(table.party, [account for _, account in table.parties]),
        Words(table.isin, table.isins),
        Words(np.sign(table.quantity) % 3, MOVEMENTS),
        Numbers(np.abs(table.quantity)),
        Words(np.sign(table.amount) % 3, PAYS),
        Numbers(np.abs(table.amount)),
        Words(table.ccy, table.ccys),
        Words(table.kind, table.kinds),
        Numbers(table.gross_legs),
        Rows(2 * table.number + 1, *table.texts),
    ]


def _coded(values: Sequence[T]) -> tuple[list[T], Int64s]:
    """(each value once, in the order of their first; the place of each one)."""
    places: dict[T, int] = {}
    codes = [places.setdefault(value, len(places)) for value in values]
    return list(places), np.array(codes, np.int64)
