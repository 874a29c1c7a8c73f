"""Margin of trades that nobody has made yet, and of the accounts that a market move concerns.

    OrderMargin   one account held ready: requirement with one trade more, or with each of a list of hedges
    HolderIndex   commodity -> accounts that hold it: after a move only those are margined again

An account that is held ready keeps its arrays from call to call, so a call is one kernel and a few copies.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.batch import BatchMargin, BatchResult, Book
from novate.clearing.margin.span.model import Scaled
from novate.clearing.margin.span.tables import Tables

Int64s = npt.NDArray[np.int64]


class OrderMargin:
    """One account: what its requirement would be with one more trade. Quantities are whole."""

    def __init__(self, engine: BatchMargin, positions: Mapping[int, int]) -> None:
        self.engine = engine
        owner = engine.tables.commodity
        held = sorted((int(owner[row]), row, quantity) for row, quantity in positions.items() if quantity)
        self._owner = owner
        self._keys = [(commodity, row) for commodity, row, _ in held]
        count = len(held)
        self._contract = np.zeros(count + 1, np.int32)
        self._quantity = np.zeros(count + 1, np.int64)
        self._contract[:count] = [row for _, row, _ in held]
        self._quantity[:count] = [quantity for _, _, quantity in held]
        self._run = engine.prepared(count + 1)

    def requirement(self) -> Int64s:
        """(currencies,) requirement as the account stands, in minor units."""
        count = len(self._keys)
        return self._run(self._contract[:count], self._quantity[:count])

    def with_trade(self, contract: int, quantity: int) -> Int64s:
        """(currencies,) requirement with `quantity` more of a contract."""
        count = len(self._keys)
        key = (int(self._owner[contract]), contract)
        at = bisect_left(self._keys, key)
        rows, sizes = self._contract, self._quantity
        if at < count and self._keys[at] == key:
            held = int(sizes[at])
            if held + quantity:
                sizes[at] = held + quantity
                found = self._run(rows[:count], sizes[:count])
                sizes[at] = held
                return found
            kept = np.arange(count) != at
            return self._run(rows[:count][kept], sizes[:count][kept])
        if quantity == 0:
            return self._run(rows[:count], sizes[:count])
        rows[at + 1 : count + 1] = rows[at:count]
        sizes[at + 1 : count + 1] = sizes[at:count]
        rows[at], sizes[at] = contract, quantity
        found = self._run(rows, sizes)
        rows[at:count] = rows[at + 1 : count + 1]
        sizes[at:count] = sizes[at + 1 : count + 1]
        return found

    def increments(self, candidates: Iterable[tuple[int, int]]) -> Int64s:
        """(candidates, currencies): by how much each trade alone changes the requirement."""
        now = self.requirement()
        changes = [self.with_trade(contract, quantity) - now for contract, quantity in candidates]
        return np.array(changes, np.int64).reshape(-1, len(now))


class HolderIndex:
    """Which accounts of a book hold a commodity."""

    def __init__(self, tables: Tables, book: Book) -> None:
        self.book = book
        commodity = tables.commodity[book.contract].astype(np.int64)
        account = np.repeat(np.arange(len(book.starts) - 1), np.diff(book.starts))
        first = np.ones(len(account), np.bool_)
        first[1:] = (account[1:] != account[:-1]) | (commodity[1:] != commodity[:-1])
        account, commodity = account[first], commodity[first]
        order = np.argsort(commodity, kind="stable")
        self._accounts = account[order]
        self._bounds = np.searchsorted(commodity[order], np.arange(len(tables.parameters.commodities) + 1))

    def holders(self, commodity: int) -> Int64s:
        """Accounts that hold the commodity, ascending."""
        return self._accounts[self._bounds[commodity] : self._bounds[commodity + 1]]

    def part(self, accounts: Int64s) -> Book:
        """The positions of some accounts as a book of its own, in their order."""
        starts, stops = self.book.starts[accounts], self.book.starts[accounts + 1]
        lengths = stops - starts
        bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows = np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], lengths)
        return Book(bounds, self.book.contract[rows], self.book.quantity[rows], self.book.decimals)


def moved(tables: Tables, rows: npt.NDArray[np.int32], units: Int64s) -> Tables:
    """The tables with other risk arrays in some rows, as after a move of an underlying."""
    arrays = tables.parameters.arrays
    changed = arrays.units.copy()
    changed[rows] = units
    return Tables(replace(tables.parameters, arrays=Scaled(changed, arrays.decimals)), tables.policy)


def margin_of_holders(
    engine: BatchMargin, holders: HolderIndex, commodity: int
) -> tuple[Int64s, BatchResult]:
    """Accounts that hold a commodity, and their margin; work in proportion to them."""
    accounts = holders.holders(commodity)
    return accounts, engine.margin(holders.part(accounts))
