"""Columns of an order file as codes, whole numbers, ticks and lots, with the first defect of every row.

    "buy" "" "hold"     words(codes)      1  0  !          `!` refused with the column's name, what was
    "300" "150" "x"     steps of lot 100  3  !  !          expected and what was found
    "17" "-1" "9"       whole(0..99)      17 !  9

What the columns mean together is said in `order_rows`. A column that the file has not is all empty and costs
nothing.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.codes import CommandFlag, RowReject
from novate.gateway.files.lines import TextRows
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.order_words import COLUMNS
from novate.gateway.files.row_checks import RowChecks
from novate.gateway.files.text_numbers import Bools, Int64s, Numbers, decimals, integers, texts

UNKNOWN_WORD = -1


class RowColumns:
    """The texts of a piece of rows, the flags that given fields set, and the defects found so far."""

    def __init__(self, steps: MarketSteps, piece: TextRows) -> None:
        count = len(piece.rows)
        self._nothing = pa.array([""] * count, pa.string())
        self._in_file = set(piece.columns.column_names)
        self._unpacked: dict[str, list[str]] = {}
        self.text = {
            name: texts(piece.columns[name]) if name in self._in_file else self._nothing for name in COLUMNS
        }
        self.steps = steps
        self.checks = RowChecks(count)
        self.flags = np.zeros(count, np.uint16)
        self.everywhere: Bools = np.ones(count, bool)
        self.market: Int64s = np.zeros(count, np.int64)

    def read_market(self) -> None:
        """Market numbers; 0 stands where the market is refused."""
        self.require("market", self.everywhere)
        market = _coded(self.text["market"], self.steps.numbers, UNKNOWN_WORD, exact=True)
        self.checks.refuse(
            market == UNKNOWN_WORD,
            RowReject.UNKNOWN_MARKET,
            lambda i: f'market: expected a market of the configuration, was "{self.found("market", i)}"',
        )
        self.market = np.where(market == UNKNOWN_WORD, 0, market)

    def words(self, column: str, codes: dict[str, int], default: int, where: Bools) -> Int64s:
        """Codes of the words; words that are none are refused on the rows of the mask."""
        if column not in self._in_file:
            return np.full(len(where), default, np.int64)
        found = _coded(self.text[column], codes, default)
        self.checks.refuse(
            where & (found == UNKNOWN_WORD),
            RowReject.UNKNOWN_VALUE,
            lambda i: f'{column}: expected one of {", ".join(codes)}, was "{self.found(column, i)}"',
        )
        return np.where(found == UNKNOWN_WORD, 0 if default != UNKNOWN_WORD else UNKNOWN_WORD, found)

    def whole(
        self, column: str, low: int, high: int, required: Bools, optional: Bools | None = None, flag: int = 0
    ) -> Numbers:
        """Whole numbers of a column; `flag` is set where an optional one is given."""
        self.require(column, required)
        if column not in self._in_file:
            return _none(len(required))
        numbers = integers(self.text[column], low, high)
        used = required if optional is None else required | optional
        self.checks.refuse_defects(column, numbers, used, RowReject.OUT_OF_RANGE)
        if flag and optional is not None:
            self.flags[optional & numbers.given] |= np.uint16(flag)
        return numbers

    def prices(self, column: str, where: Bools, highest: int) -> Numbers:
        """Prices in ticks of the row's market, from its lowest to `highest`."""
        return self._steps(column, where, self.steps.lowest_price[self.market], highest, is_price=True)

    def distances(self, column: str, where: Bools, highest: int) -> Numbers:
        """Differences of prices, 1..`highest` ticks."""
        return self._steps(column, where, self._one(where), highest, is_price=True)

    def quantities(self, column: str, where: Bools, highest: int) -> Numbers:
        """Quantities in lots, 1..`highest`."""
        return self._steps(column, where, self._one(where), highest, is_price=False)

    def positions(self, column: str, where: Bools, highest: int) -> Numbers:
        """Lots with a sign, -`highest`..`highest`."""
        return self._steps(column, where, -highest * self._one(where), highest, is_price=False)

    def mark(self, flag: CommandFlag, where: Bools) -> None:
        """Set a flag of the command on the rows of the mask."""
        self.flags[where] |= np.uint16(flag)

    def require(self, column: str, where: Bools) -> None:
        """Refuse rows of the mask where the column says nothing."""
        if not where.any():
            return
        missing = np.asarray(pc.equal(self.text[column], ""))
        self.checks.refuse(
            where & missing, RowReject.MISSING_FIELD, lambda i: f"{column}: expected a value, was nothing"
        )

    def found(self, column: str, index: int) -> str:
        """The text of a field; the whole column is unpacked when the first of its texts is asked for."""
        if column not in self._unpacked:
            self._unpacked[column] = self.text[column].to_pylist()
        return self._unpacked[column][index]

    def _one(self, where: Bools) -> Int64s:
        return np.ones(len(where), np.int64)

    def _steps(self, column: str, where: Bools, lowest: Int64s, highest: int, *, is_price: bool) -> Numbers:
        if column not in self._in_file:
            return _none(len(where))
        digits = self.steps.price_digits if is_price else self.steps.quantity_digits
        step = (self.steps.tick if is_price else self.steps.lot)[self.market]
        off_step = RowReject.PRICE_OFF_TICK if is_price else RowReject.QUANTITY_OFF_LOT
        numbers = decimals(self.text[column], digits, signed=bool((lowest[where] < 0).any()))
        self._refuse_off_step(column, numbers, where, off_step)
        steps, rest = np.divmod(numbers.values, step)
        used = where & numbers.given
        self.checks.refuse(
            used & (rest != 0), off_step, lambda i: self._off_step_message(column, i, off_step)
        )
        unit = "ticks" if is_price else "lots"
        self.checks.refuse(
            used & ((steps < lowest) | (steps > highest)),
            RowReject.OUT_OF_RANGE,
            lambda i: (
                f"{column}: expected {lowest[i]} to {highest} {unit},"
                f' was "{self.found(column, i)}" = {steps[i]} {unit}'
            ),
        )
        return Numbers(np.where(used & ~self.checks.refused, steps, 0), used, {})

    def _refuse_off_step(self, column: str, numbers: Numbers, where: Bools, off_step: RowReject) -> None:
        """Defects of the texts; digits finer than any step are told as the market's own step."""
        for index, (reason, _) in numbers.defects.items():
            if reason is RowReject.PRICE_OFF_TICK:
                message = self._off_step_message(column, index, off_step)
                numbers.defects[index] = (reason, message.split(": ", 1)[1])
        self.checks.refuse_defects(column, numbers, where, off_step)

    def _off_step_message(self, column: str, index: int, off_step: RowReject) -> str:
        scale = self.steps.scales[self.market[index]]
        if off_step is RowReject.PRICE_OFF_TICK:
            expected = f"a price on the tick of {scale.price_text(1)}"
        else:
            expected = f"a quantity in lots of {scale.quantity_text(1)}"
        return f'{column}: expected {expected}, was "{self.found(column, index)}"'


def _none(count: int) -> Numbers:
    """A column that the file has not."""
    return Numbers(np.zeros(count, np.int64), np.zeros(count, bool), {})


def _coded(column: pa.Array, codes: dict[str, int], default: int, exact: bool = False) -> Int64s:
    """Code of every word, `default` for no word, UNKNOWN_WORD for a word that is none."""
    encoded = pc.dictionary_encode(column)
    known = {"": default}
    words = encoded.dictionary.to_pylist()
    table = [known.get(word, codes.get(word if exact else word.upper(), UNKNOWN_WORD)) for word in words]
    found: Int64s = np.array(table or [0], np.int64)[np.asarray(encoded.indices)]
    return found
