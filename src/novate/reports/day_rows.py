"""The obligations of a business date and what became of them: a block of columns for each netting cycle.

    blocks   2026-03-03/N1   rows of instruments that no later cycle has netted again
             2026-03-03/N2   rows | settled quantity  settled money  closed quantity  is it done

A cycle's rows take the place of the earlier ones of its instruments (C22), so an instrument is in one block.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.lines import Int64s
from novate.clearing.obligation_table import ObligationTable

Bools = npt.NDArray[np.bool_]
NOT_THERE = -1


class Row(msgspec.Struct, kw_only=True, gc=False):
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


class Block:
    """Rows of a cycle; those of one party in one instrument are several only where it is not netted."""

    def __init__(self, table: ObligationTable) -> None:
        self.table = table
        self.settled_quantity = np.zeros(len(table), np.int64)
        self.settled_minor = np.zeros(len(table), np.int64)
        self.closed_quantity = np.zeros(len(table), np.int64)
        self.is_done: Bools = np.zeros(len(table), bool)

    def without(self, isins: Collection[str]) -> Block:
        """The block without some instruments."""
        is_out = np.array([isin in isins for isin in self.table.isins], bool)
        rows = np.flatnonzero(~is_out[self.table.isin])
        if len(rows) == len(self.table):
            return self
        block = Block(self.table.at(rows))
        for name in ("settled_quantity", "settled_minor", "closed_quantity", "is_done"):
            setattr(block, name, getattr(self, name)[rows])
        return block

    @cached_property
    def row_of(self) -> dict[tuple[str, str, str], int]:
        """Of (isin, member, account): its row, the last one if it has several."""
        table = self.table
        keys = zip(table.isin.tolist(), table.party.tolist(), strict=True)
        return {(table.isins[isin], *table.parties[party]): row for row, (isin, party) in enumerate(keys)}

    @cached_property
    def row_by_id(self) -> dict[str, int]:
        """Of an obligation id."""
        return {self.table.identifier(row): row for row in range(len(self.table))}

    @cached_property
    def parties_of(self) -> dict[str, list[int]]:
        """Per instrument one row of each of its parties."""
        found: dict[str, list[int]] = {}
        for (isin, _, _), row in self.row_of.items():
            found.setdefault(isin, []).append(row)
        return found

    @cached_property
    def _keys(self) -> tuple[Int64s, Int64s]:
        """(instrument and party in one number, ascending; their rows, of equal ones the last is the last)."""
        keys = self.table.isin * len(self.table.parties) + self.table.party
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def rows_of(self, isin: Int64s, party: Int64s) -> Int64s:
        """The row of each pair of numbers of this table, NOT_THERE for those that have none."""
        keys, order = self._keys
        wanted = isin * len(self.table.parties) + party
        places = np.searchsorted(keys, wanted, side="right") - 1
        found = np.full(len(wanted), NOT_THERE)
        is_there = (places >= 0) & (keys[np.maximum(places, 0)] == wanted) if len(keys) else places >= 0
        found[is_there] = order[places[is_there]]
        return found

    def settle(self, row: int, quantity: int, amount: int) -> None:
        """So much of a row, unsigned units and signed money, unless it is done."""
        if self.is_done[row]:
            return
        self.settled_quantity[row] += quantity
        self.settled_minor[row] += amount
        self.is_done[row] = self.settled_quantity[row] >= abs(self.table.quantity[row])

    def settle_many(self, rows: Int64s, quantity: Int64s, amount: Int64s) -> None:
        """The same for many, one after the other; rows that are NOT_THERE are passed over."""
        wanted = np.flatnonzero(rows != NOT_THERE)
        if np.bincount(rows[wanted]).max(initial=0) > 1:
            for at in wanted.tolist():
                self.settle(int(rows[at]), int(quantity[at]), int(amount[at]))
            return
        wanted = wanted[~self.is_done[rows[wanted]]]
        rows = rows[wanted]
        self.settled_quantity[rows] += quantity[wanted]
        self.settled_minor[rows] += amount[wanted]
        self.is_done[rows] = self.settled_quantity[rows] >= np.abs(self.table.quantity[rows])

    @property
    def open_quantity(self) -> Int64s:
        """What is left of each row, signed as it is."""
        whole = self.table.quantity
        left = np.maximum(np.abs(whole) - self.settled_quantity - self.closed_quantity, 0)
        signed: Int64s = np.sign(whole) * left
        return signed

    def rows(self, wanted: Int64s | None = None) -> list[Row]:
        """All rows as objects, or those that are wanted."""
        places = np.arange(len(self.table)) if wanted is None else wanted
        table, found = self.table.at(places), []
        columns = (
            table.cycle, table.party, table.isin, table.ccy, table.kind, table.quantity, table.amount,
            table.gross_legs, self.settled_quantity[places], self.settled_minor[places],
            self.closed_quantity[places], self.is_done[places],
        )  # fmt: skip
        numbers = zip(*(column.tolist() for column in columns), strict=True)
        for row, (cycle, party, isin, ccy, kind, *rest) in enumerate(numbers):
            member, account = table.parties[party]
            found.append(
                Row(obligation_id=table.identifier(row), cycle=table.cycles[cycle], member=member,
                    account=account, isin=table.isins[isin], ccy=table.ccys[ccy], type=table.kinds[kind],
                    **dict(zip(NUMBERS, rest, strict=True)))
            )  # fmt: skip
        return found


NUMBERS = (
    "quantity", "amount_minor", "gross_legs", "settled_quantity", "settled_minor", "closed_quantity",
    "is_done",
)  # fmt: skip
