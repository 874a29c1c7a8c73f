"""Margin of many accounts at once: columns in, columns out, the same figures as one at a time.

    account   0 0 0 1 1 ...            commodity results   account, commodity, active, scan, ..., five figures
    contract  7 9 4 7 2 ...     -->    totals              (accounts, currencies, five figures)
    quantity  5 -3 1 2 2 ...

Accounts whose numbers do not fit the kernel's integers are computed by `SpanMargin`; the caller cannot tell,
but from `exact_accounts`, their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.batch_kernel import margin_accounts
from novate.clearing.margin.span.groups import FIGURES, GROUP_WORDS, RESULT
from novate.clearing.margin.span.model import SCENARIOS
from novate.clearing.margin.span.packed import E, K, M, Packed, V, W, Z, packed
from novate.clearing.margin.span.requirement import SpanMargin
from novate.clearing.margin.span.result import AccountRisk, Figures
from novate.clearing.margin.span.tables import Tables

Int64s = npt.NDArray[np.int64]
Terms = tuple[Any, Any, Any, Any, int]
NAMES = tuple(Figures.__dataclass_fields__)
REQUIREMENTS = (2, 4)
MOST_DECIMALS = 17
LINE_WORDS = 8


@dataclass(frozen=True, slots=True)
class Book:
    """Net positions of accounts 0..A-1, sorted by account and commodity, every contract once an account."""

    starts: Int64s
    """(A + 1,): bounds of each account's positions."""
    contract: npt.NDArray[np.int32]
    quantity: Int64s
    """In units of 10**-decimals."""
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Figures in minor units, amounts in halves of the kernel's units."""

    commodities: npt.NDArray[Any]
    """`groups.RESULT`, one row per account and commodity."""
    totals: Int64s
    """(A, currencies, 5) in the order of `Figures`; a requirement is at least 0."""
    currencies: tuple[str, ...]
    exact_accounts: int
    """Accounts that took the exact way."""


def steps_of(scales: list[int], quantity_decimals: int, largest_unit: int) -> Int64s | None:
    """Powers of ten that bring every amount to common units; None if those have too many decimals."""
    array, value = scales[K] + quantity_decimals, scales[V] + quantity_decimals
    delta, floor = scales[E] + quantity_decimals, scales[M] + quantity_decimals
    charge, ranged, weighted = delta + scales[M], scales[W] + 2 + delta, scales[W] + 2 + array
    most = max(array + 1, charge, floor, ranged, weighted, value, largest_unit)
    if most > MOST_DECIMALS:
        return None
    steps = [5 * 10 ** (most - array - 1)]
    steps += [10 ** (most - decimals) for decimals in (charge, floor, ranged, weighted, value)]
    steps += [10**delta, 10**array, 10 ** scales[Z]]
    return np.array(steps + [10 ** (most - unit) for unit in range(largest_unit + 1)], np.int64)


class BatchMargin:
    """SPAN for books of many accounts, by one parameter file under one policy."""

    def __init__(self, tables: Tables) -> None:
        """Packs the tables: a fifth of a second for a file of 160,000 contracts."""
        self.tables = tables
        self.exact = SpanMargin(tables)
        self.packed: Packed | None = packed(tables)
        self.currencies = tuple(sorted({one.currency for one in tables.parameters.commodities}))
        self._number = {one.code: number for number, one in enumerate(tables.parameters.commodities)}
        self._largest = self._largest_factor()
        self._steps_by_decimals: dict[int, Int64s | None] = {}
        self._scratch: tuple[int, tuple[Any, ...]] | None = None

    def book(
        self, account: Int64s, contract: npt.NDArray[Any], quantity: Int64s, accounts: int, decimals: int = 0
    ) -> Book:
        """A book of positions in any order; those of one account and contract are summed."""
        order = np.lexsort((contract, self.tables.commodity[contract], account))
        owner, row, count = account[order], contract[order].astype(np.int32), quantity[order]
        first = np.ones(len(row), np.bool_)
        first[1:] = (owner[1:] != owner[:-1]) | (row[1:] != row[:-1])
        sums = np.add.reduceat(count, np.flatnonzero(first)) if len(row) else count
        owner, row = owner[first], row[first]
        kept = sums != 0
        starts = np.searchsorted(owner[kept], np.arange(accounts + 1))
        return Book(starts.astype(np.int64), row[kept], sums[kept].astype(np.int64), decimals)

    def margin(self, book: Book) -> BatchResult:
        """Margin of every account of a book; OverflowError for amounts that no record can hold."""
        accounts = len(book.starts) - 1
        results = np.zeros(len(book.contract), RESULT)
        totals = np.zeros((accounts, max(len(self.currencies), 1), FIGURES), np.int64)
        faults = np.zeros(accounts, np.uint8)
        steps = None if self.packed is None else self._steps(self.packed, book.decimals)
        if self.packed is None or steps is None:
            faults[:] = 1
            done = 0
        else:
            done = self._by_kernel(self.packed, steps, book, results, totals, faults)
        found = results[:done]
        wrong = np.flatnonzero(faults).tolist()
        if wrong:
            found = self._replaced(found, wrong, book, totals)
        for place in REQUIREMENTS:
            np.maximum(totals[:, :, place], 0, out=totals[:, :, place])
        return BatchResult(found, totals, self.currencies, len(wrong))

    def prepared(self, most: int) -> Callable[[npt.NDArray[np.int32], Int64s], Int64s]:
        """A call for one account of at most `most` positions: contracts and quantities to requirements.

        Its arrays are made once; the answer is a copy. Quantities are whole.
        """
        results = np.zeros(max(most, 1), RESULT)
        totals = np.zeros((1, max(len(self.currencies), 1), FIGURES), np.int64)
        faults, starts = np.zeros(1, np.uint8), np.zeros(2, np.int64)
        steps = None if self.packed is None else self._steps(self.packed, 0)
        if self.packed is None or steps is None:
            return self._requirement
        before, scratch = self._arguments(self.packed, steps, most)
        out = (results, totals, faults)

        def run(contract: npt.NDArray[np.int32], quantity: Int64s) -> Int64s:
            totals[:] = 0
            starts[1] = len(contract)
            margin_accounts(*before, (starts, contract, quantity), scratch, out)
            if faults[0]:
                return self._requirement(contract, quantity)
            found: Int64s = np.maximum(totals[0, :, REQUIREMENTS[0]], 0)
            return found

        return run

    def _requirement(self, contract: npt.NDArray[np.int32], quantity: Int64s) -> Int64s:
        """Requirements of one account by the exact way, if need be."""
        starts = np.array([0, len(contract)], np.int64)
        found: Int64s = self.margin(Book(starts, contract, quantity)).totals[0, :, REQUIREMENTS[0]]
        return found

    def _by_kernel(
        self,
        tables: Packed,
        steps: Int64s,
        book: Book,
        results: npt.NDArray[Any],
        totals: Int64s,
        faults: npt.NDArray[np.uint8],
    ) -> int:
        most = int(np.diff(book.starts).max(initial=0))
        before, scratch = self._arguments(tables, steps, most)
        positions = (book.starts, book.contract, book.quantity)
        return int(margin_accounts(*before, positions, scratch, (results, totals, faults)))

    def _arguments(self, tables: Packed, steps: Int64s, most: int) -> tuple[Terms, tuple[Any, ...]]:
        """What the kernel takes beside a book with at most `most` positions an account: terms, scratch."""
        contract_lines = tables.contracts.view(np.int64).reshape(-1, LINE_WORDS)
        lines = (tables.arrays, tables.arrays.reshape(-1, LINE_WORDS), contract_lines)
        terms = (
            tables.pairs,
            tables.contracts,
            tables.commodities,
            tables.spreads,
            tables.legs,
            tables.parts,
            tables.spots,
            tables.ranges,
        )
        before = (lines, terms, tables.inter, steps, self._largest)
        return before, self._room(tables, min(most, len(tables.commodities)))

    def _room(self, tables: Packed, groups: int) -> tuple[Any, ...]:
        """Scratch for the kernel, kept from call to call: one order's margin takes no allocation."""
        if self._scratch is None or self._scratch[0] < groups:
            made = (
                np.zeros((groups, GROUP_WORDS), np.int64),
                np.zeros((3, groups, max(tables.most_periods, 1)), np.int64),
                np.zeros((max(tables.most_blocks, 1), SCENARIOS), np.int64),
                np.zeros((tables.most_tiers, 2), np.int64),
                np.full(len(tables.commodities), -1, np.int32),
            )
            self._scratch = (groups, made)
        return self._scratch[1]

    def _steps(self, tables: Packed, decimals: int) -> Int64s | None:
        if decimals not in self._steps_by_decimals:
            largest_unit = int(tables.commodities["decimals"].max(initial=0))
            self._steps_by_decimals[decimals] = steps_of(tables.scales.tolist(), decimals, largest_unit)
        return self._steps_by_decimals[decimals]

    def _largest_factor(self) -> int:
        """The largest magnitude that a quantity is ever multiplied by."""
        if self.packed is None:
            return 0
        contracts = self.packed.contracts
        columns = (self.packed.arrays, contracts["delta"], contracts["value"], contracts["minimum"])
        return max(int(np.abs(column).max(initial=0)) for column in columns)

    def _replaced(
        self, found: npt.NDArray[Any], wrong: list[int], book: Book, totals: Int64s
    ) -> npt.NDArray[Any]:
        """The results with those of the accounts `wrong` computed the exact way."""
        kept = [found[~np.isin(found["account"], wrong)]]
        totals[wrong] = 0
        for account in wrong:
            rows = slice(int(book.starts[account]), int(book.starts[account + 1]))
            unit = 10**book.decimals
            held = zip(book.contract[rows].tolist(), book.quantity[rows].tolist(), strict=True)
            risk = self.exact.margin("", {row: Fraction(count, unit) for row, count in held})
            try:
                kept.append(self._rows(account, risk, book.decimals, totals))
            except OverflowError:
                raise OverflowError(f"account {account}: expected amounts within int64, was more") from None
        merged = np.concatenate(kept)
        return merged[np.argsort(merged["account"], kind="stable")]

    def _rows(self, account: int, risk: AccountRisk, decimals: int, totals: Int64s) -> npt.NDArray[Any]:
        """An exact result as rows of the batch's, and added to its totals."""
        half = 2 * 10 ** (self.tables.parameters.arrays.decimals + decimals)
        made = np.zeros(len(risk.commodities), RESULT)
        for place, one in enumerate(risk.commodities.values()):
            amounts = (one.scan_risk, one.time_risk, one.volatility_risk, one.price_risk)
            figures = tuple(getattr(one.figures, name) for name in NAMES)
            halves = tuple(int(amount * half) for amount in amounts)
            made[place] = (account, self._number[one.code], one.active_scenario, *halves, *figures)
            totals[account, self.currencies.index(one.currency)] += np.array(figures, np.int64)
        return made
