"""Sums over the obligations of a day: by account and currency, by instrument; and the largest of them.

The house's own balancing rows (CCP, C22) are nobody's obligations and are in no sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from novate.clearing.kernels.lines import Int64s
from novate.clearing.obligation_table import ObligationTable
from novate.reports.day_rows import Block, Bools, Row

HOUSE = "CCP"
CARRIED = "FAIL"
Owner = tuple[str, str, str]
"""(member, account, currency)."""


class AccountSums(NamedTuple):
    """Of the rows of an account in a currency; money in minor units, unsigned."""

    rows: int
    done: int
    carried: int
    """Rows of earlier dates."""
    to_pay: int
    paid: int
    to_receive: int
    received: int
    behind: int
    """Rows to deliver that are not done."""

    def plus(self, other: AccountSums) -> AccountSums:
        """Both together."""
        return AccountSums._make(one + another for one, another in zip(self, other, strict=True))


NOTHING = AccountSums(0, 0, 0, 0, 0, 0, 0, 0)


def account_sums(blocks: Iterable[Block]) -> dict[Owner, AccountSums]:
    """By member, account and currency, ascending."""
    found: dict[Owner, AccountSums] = {}
    for block in blocks:
        for owner, sums in _of_block(block):
            found[owner] = found.get(owner, NOTHING).plus(sums)
    return dict(sorted(found.items()))


def total_of(sums: Iterable[AccountSums]) -> AccountSums:
    """All together."""
    whole = NOTHING
    for one in sums:
        whole = whole.plus(one)
    return whole


def due_by_isin(blocks: Iterable[Block]) -> dict[str, int]:
    """What members have to deliver of each instrument, by its name."""
    due: dict[str, int] = {}
    for block in blocks:
        table = block.table
        owed = np.where(_is_member(table), np.maximum(-table.quantity, 0), 0)
        sums = np.zeros(len(table.isins), np.int64)
        np.add.at(sums, table.isin, owed)
        for isin in np.flatnonzero(sums).tolist():
            due[table.isins[isin]] = due.get(table.isins[isin], 0) + int(sums[isin])
    return dict(sorted(due.items()))


def largest_rows(blocks: Sequence[Block], most: int) -> list[Row]:
    """Those with most money, in the order of the file."""
    amounts = [np.abs(block.table.amount) for block in blocks]
    whole = np.concatenate([np.zeros(0, np.int64), *amounts])
    chosen = np.sort(np.argsort(-whole, kind="stable")[:most])
    ends = np.cumsum([0, *(len(block.table) for block in blocks)])
    return [
        row
        for block, first, end in zip(blocks, ends, ends[1:], strict=False)
        for row in block.rows(chosen[(chosen >= first) & (chosen < end)] - first)
    ]


def _is_member(table: ObligationTable) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Of each row: is it a member's?"""
    members = np.array([member != HOUSE for member, _ in table.parties], bool)
    return members[table.party]


def _of_block(block: Block) -> Iterable[tuple[Owner, AccountSums]]:
    table = block.table
    mine = np.flatnonzero(_is_member(table))
    keys, place = np.unique(table.party[mine] * len(table.ccys) + table.ccy[mine], return_inverse=True)
    is_carried = np.array([kind == CARRIED for kind in table.kinds], bool)[table.kind]
    pays, gets = table.amount < 0, table.amount > 0
    columns: list[Int64s | Bools] = [
        np.ones(len(table), np.int64), block.is_done, is_carried, np.where(pays, -table.amount, 0),
        np.where(pays, -block.settled_minor, 0), np.where(gets, table.amount, 0),
        np.where(gets, block.settled_minor, 0), (table.quantity < 0) & ~block.is_done,
    ]  # fmt: skip
    sums = np.zeros((len(keys), len(columns)), np.int64)
    for number, column in enumerate(columns):
        np.add.at(sums[:, number], place, column[mine].astype(np.int64))
    for key, numbers in zip(keys.tolist(), sums.tolist(), strict=True):
        party, ccy = divmod(key, len(table.ccys))
        yield (*table.parties[party], table.ccys[ccy]), AccountSums._make(numbers)
