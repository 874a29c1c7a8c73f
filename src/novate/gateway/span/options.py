"""All contracts of a parameter file as columns: futures from their elements, options and arrays from rows.

    rows of opt, k, o, p, sc, cvf     --one column at a time-->  strike, side, price, ...
    rows of ra, its r, d and entries  --selected rate-->         arrays (M, 16), delta, array of each contract

There are hundreds of thousands of options, so nothing here walks over them one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.model import SCENARIOS, Contracts, Scaled, Side
from novate.clearing.margin.span.numbers import scaled
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span.columns import DecimalColumn
from novate.gateway.span.duplicates import first_repeated
from novate.gateway.span.products import ColdContract, Products, decimal_digits
from novate.gateway.span.xml_rows import TREE, XmlRows

Indices = npt.NDArray[np.int64]
SIDES = {ord("C"): Side.CALL, ord("P"): Side.PUT}


def _nodes(*endings: str) -> list[int]:
    return [node for path, node in TREE.paths.items() if path.endswith(endings)]


OPT = _nodes("/series/opt")
CONTRACTS = OPT + _nodes("/futPf/fut", "/phyPf/phy")
ARRAYS = _nodes("/ra")
HOT = frozenset(
    _nodes("/series/opt", "/opt/o", "/opt/k", "/opt/p", "/opt/cvf", "/opt/sc", "/ra", "/ra/r", "/ra/d")
)
"""Nodes that are read here and not as elements."""


class ContractRows:
    """The contracts of a document in file order, and what belongs to each of them."""

    def __init__(self, xml: XmlRows, products: Products) -> None:
        self.xml = xml
        self.products = products
        self.node = xml.rows["node"]
        self.rows = self._of(CONTRACTS)
        self.number = np.full(len(xml.rows), -1, np.int64)
        """Number of the contract that begins at a row."""
        self.number[self.rows] = np.arange(len(self.rows))
        self.cold = [(int(self.number[one.row]), one) for one in products.contracts]

    def columns(self, negative_strikes: bool) -> tuple[Contracts, Scaled]:
        """Contracts and their arrays; SpanProblem at the first that breaks a rule."""
        family, series, period = self._places()
        is_option = series >= 0
        strike, has_strike = self._field("k", lambda one: None)
        self._require(is_option & ~has_strike, "k (strike)")
        price, has_price = self._field("p", lambda one: one.price)
        arrays, array, delta = self._arrays()
        scan_range = DecimalColumn(len(self.rows))
        has_range = np.zeros(len(self.rows), np.bool_)
        for number, one in self.cold:
            if one.scan_range is not None:
                has_range[number] = True
                scan_range.put(number, *decimal_digits(one.scan_range))
        contracts = Contracts(
            family=family,
            series=series,
            period=period,
            side=self._sides(is_option),
            strike=strike.finished(),
            price=price.finished(),
            has_price=has_price,
            factor=self._factor(series),
            scaling=self._scaling(series, family),
            delta=delta.finished(),
            scan_range=scan_range.finished(),
            has_scan_range=has_range,
            array=array,
        )
        if not negative_strikes:
            below = np.flatnonzero(contracts.strike.units < 0)
            if len(below):
                found = str(contracts.strike.value(int(below[0])))
                raise self._problem(int(below[0]), Kind.BAD_STRIKE, "a strike of 0 or more", found)
        price_below = np.flatnonzero(is_option & (contracts.price.units < 0))
        if len(price_below):
            found = str(contracts.price.value(int(price_below[0])))
            raise self._problem(int(price_below[0]), Kind.SCHEMA, "a price of an option of 0 or more", found)
        self._refuse_duplicates(contracts)
        return contracts, arrays

    def _of(self, nodes: list[int]) -> Indices:
        wanted = np.zeros(len(TREE.names), np.bool_)
        wanted[nodes] = True
        return np.flatnonzero(wanted[self.node])

    def _places(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        index = {code: number for number, code in enumerate(self.products.periods())}
        count = len(self.rows)
        family, period = np.zeros(count, np.int32), np.zeros(count, np.int32)
        series_at = np.full(len(self.xml.rows) + 1, -1, np.int32)
        for number, one in enumerate(self.products.series):
            series_at[one.row] = number
        # A parent of -1 finds the last row, which no series has.
        series = series_at[self.xml.rows["parent"][self.rows]]
        hot = np.flatnonzero(series >= 0)
        families = np.array([one.family for one in self.products.series] or [0], np.int32)
        periods = np.array([index[one.period] for one in self.products.series] or [0], np.int32)
        family[hot], period[hot] = families[series[hot]], periods[series[hot]]
        for number, cold in self.cold:
            family[number], period[number] = cold.family, index[cold.period]
        return family, series, period

    def _field(
        self, name: str, of_cold: Callable[[ColdContract], tuple[int, int] | None]
    ) -> tuple[DecimalColumn, npt.NDArray[np.bool_]]:
        """A number of each option from rows, of each other contract from its element; which have it."""
        column, present = DecimalColumn(len(self.rows)), np.zeros(len(self.rows), np.bool_)
        rows = self._of(_nodes(f"/opt/{name}"))
        at = self.number[self.xml.rows["parent"][rows]]
        counts = np.bincount(at, minlength=1)
        if counts.max() > 1:
            twice = int(np.flatnonzero(counts > 1)[0])
            raise self._problem(twice, Kind.SCHEMA, f"at most one {name}", "a second one")
        self._put(column, at, rows, name)
        present[at] = True
        for number, one in self.cold:
            value = of_cold(one)
            if value is not None:
                present[number] = True
                column.put(number, *value)
        return column, present

    def _put(self, column: DecimalColumn, at: Indices, rows: Indices, name: str) -> None:
        picked = self.xml.rows[rows]
        info = picked["info"].astype(np.int64)

        def text(position: int) -> str:
            return self.xml.text(int(picked["value"][position]), -1 - int(info[position]))

        try:
            column.put_rows(at, picked["value"], info, text)
        except ValueError as error:
            found, position = error.args
            raise self._problem(
                int(at[position]), Kind.NUMBER, f"a decimal number as {name}", repr(found)
            ) from None

    def _sides(self, is_option: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
        side = np.zeros(len(self.rows), np.int8)
        rows = self._of(_nodes("/opt/o"))
        letters = self.xml.rows["value"][rows]
        at = self.number[self.xml.rows["parent"][rows]]
        for letter, name in SIDES.items():
            side[at[letters == letter]] = name
        self._require(is_option & (side == Side.NONE), "o of C or P")
        return side

    def _factor(self, series: npt.NDArray[np.int32]) -> Scaled:
        """cvf: of the option, else of its series, else of the family."""
        column, present = self._field("cvf", lambda one: one.factor)
        self._inherit(column, present, series, [one.factor for one in self.products.series])
        return self._positive(column, "cvf")

    def _scaling(self, series: npt.NDArray[np.int32], family: npt.NDArray[np.int32]) -> Scaled:
        """sc: of the option, else of its series, times that of the family's link."""
        column, present = self._field("sc", lambda one: one.scaling)
        self._inherit(column, present, series, [one.scaling for one in self.products.series])
        column.multiplied(family, self.products.link_scaling)
        return self._positive(column, "sc")

    def _positive(self, column: DecimalColumn, name: str) -> Scaled:
        """The column; a factor of 0 or less would turn what a contract costs into a gain."""
        made = column.finished()
        low = np.flatnonzero(made.units <= 0)
        if len(low):
            raise self._problem(int(low[0]), Kind.SCHEMA, f"{name} above 0", str(made.value(int(low[0]))))
        return made

    def _inherit(
        self,
        column: DecimalColumn,
        present: npt.NDArray[np.bool_],
        series: npt.NDArray[np.int32],
        values: list[tuple[int, int]],
    ) -> None:
        """Give contracts without a number of their own that of their series."""
        missing = np.flatnonzero(~present & (series >= 0))
        source = DecimalColumn(len(values))
        for number, value in enumerate(values):
            source.put(number, *value)
        column.units[missing] = source.units[series[missing]]
        column.decimals[missing] = source.decimals[series[missing]]
        if source.wide:
            wide = {row: int(series[row]) for row in missing.tolist() if int(series[row]) in source.wide}
            column.wide.update({row: source.wide[number] for row, number in wide.items()})

    def _arrays(self) -> tuple[Scaled, npt.NDArray[np.int32], DecimalColumn]:
        """The arrays of the selected rate, the row of each contract in them, and composite deltas."""
        rows = self.xml.rows
        marks = self._of(_nodes("/ra/r"))
        marks = marks[rows["value"][marks] == 1]
        chosen = rows["parent"][marks]
        owners = self.number[rows["parent"][chosen]]
        counts = np.bincount(owners, minlength=1)
        if counts.max() > 1:
            twice = int(np.flatnonzero(counts > 1)[0])
            raise self._problem(twice, Kind.SCHEMA, "one ra of the selected rate", "a second one")
        lengths = rows["info"][chosen]
        wrong = np.flatnonzero(lengths != SCENARIOS)
        if len(wrong):
            at = int(wrong[0])
            found = f"{int(lengths[at])} values"
            expected = f"{SCENARIOS} values in a risk array"
            raise self._problem(int(owners[at]), Kind.ARRAY_LENGTH, expected, found)
        array = np.full(len(self.rows), -1, np.int32)
        array[owners] = np.arange(len(owners))
        return self._entries(chosen, owners), array, self._deltas(chosen, owners)

    def _entries(self, chosen: Indices, owners: Indices) -> Scaled:
        first = self.xml.rows["value"][chosen]
        side_by_side = np.arange(len(first)) * SCENARIOS
        if len(first) and (first - first[0] == side_by_side).all():
            # The arrays of a file with one rate stand one behind the other: no need to gather them.
            entries: Any = slice(int(first[0]), int(first[0]) + len(first) * SCENARIOS)
            start = int(first[0])
        else:
            entries, start = (first[:, None] + np.arange(SCENARIOS)).ravel(), 0
        values, digits = self.xml.entries[entries], self.xml.digits[entries]
        column = DecimalColumn(0)
        column.units, column.decimals = values.copy(), digits.astype(np.int16)
        for at in np.flatnonzero(digits < 0).tolist():
            text = self.xml.entry_text(start + at if isinstance(entries, slice) else int(entries[at]))
            column.units[at] = 0
            try:
                column.put(at, *scaled(text))
            except ValueError:
                place = f"a decimal number as value {at % SCENARIOS + 1} of its risk array"
                raise self._problem(int(owners[at // SCENARIOS]), Kind.NUMBER, place, repr(text)) from None
        made = column.finished()
        return Scaled(made.units.reshape(-1, SCENARIOS), made.decimals)

    def _deltas(self, chosen: Indices, owners: Indices) -> DecimalColumn:
        owner_of = np.full(len(self.xml.rows), -1, np.int64)
        owner_of[chosen] = owners
        rows = self._of(_nodes("/ra/d"))
        at = owner_of[self.xml.rows["parent"][rows]]
        rows, at = rows[at >= 0], at[at >= 0]
        counts = np.bincount(at, minlength=len(self.rows))[owners]
        wrong = np.flatnonzero(counts != 1)
        if len(wrong):
            found = f"{int(counts[wrong[0]])}"
            raise self._problem(
                int(owners[wrong[0]]), Kind.SCHEMA, "one composite delta (d) in its ra", found
            )
        column = DecimalColumn(len(self.rows))
        self._put(column, at, rows, "composite delta")
        return column

    def _refuse_duplicates(self, contracts: Contracts) -> None:
        """Two contracts that a position could not tell apart."""
        second = first_repeated(contracts, self.products.families)
        if second is not None:
            raise self._problem(second, Kind.DUPLICATE_CONTRACT, "every contract once", "a second one")

    def _require(self, missing: npt.NDArray[np.bool_], expected: str) -> None:
        found = np.flatnonzero(missing)
        if len(found):
            raise self._problem(int(found[0]), Kind.SCHEMA, expected, "none")

    def _problem(self, number: int, kind: Kind, expected: str, found: str) -> SpanProblem:
        """A problem of a contract, named by its line and its family."""
        row = int(self.rows[number])
        parent = int(self.xml.rows["parent"][row])
        name = TREE.names[int(self.node[row])]
        cold = {one.row: one.family for one in self.products.contracts}
        owner = {one.row: one for one in self.products.series}
        if parent in owner:
            series = owner[parent]
            family = self.products.families[series.family]
            where = f"{family.kind.name} {family.code} series {series.period}: {name}"
        else:
            where = f"{self.products.families[cold[row]].code} {name}" if row in cold else name
        return SpanProblem(kind, f"line {int(self.xml.rows['line'][row])}: {where}", expected, found)
