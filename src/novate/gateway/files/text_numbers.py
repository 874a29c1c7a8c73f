"""Columns of text into exact integers: no float is ever made.

    "585.33"  "7"  ""  "x"  "1.0000"      digits = 2
        |      |    |   |       |
     58533   700    -   !      100        `-` not given, `!` a defect that says what it is

Nearly every text has the plain form, which pyarrow checks and converts a million times in a tenth of a
second. What has not is looked at one by one, so that its defect can be named exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.codes import RowReject
from novate.domain.units import INT64_MAX

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PLAIN_INTEGER = r"^([0-9]{1,18}|[1-8][0-9]{18})$"
"""Surely below 2**63; times of this century have nineteen digits."""
CAREFUL_DECIMAL = re.compile(r"(-?)([0-9]{1,60})(?:\.([0-9]{1,60}))?")
CAREFUL_INTEGER = re.compile(r"-?[0-9]{1,60}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of integers with the defects of its texts."""

    values: Int64s
    """0 where nothing was given or where there is a defect."""
    given: Bools
    defects: dict[int, tuple[RowReject, str]]
    """Index -> reason and `expected ..., was ...`."""


def texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One string array without nulls and without white space around the texts."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.string())
    return pc.utf8_trim_whitespace(pc.fill_null(array, ""))


def decimals(column: pa.Array, digits: int, *, signed: bool = False) -> Numbers:
    """Decimals such as "10.05" in units of 10**-digits; digits beyond that must be zeros."""
    whole = max(1, 18 - digits)
    sign = "-?" if signed else ""
    form = rf"^{sign}[0-9]{{1,{whole}}}" + (rf"(\.[0-9]{{1,{digits}}})?$" if digits else "$")

    def convert(plain: pa.Array) -> Int64s:
        return unscaled_integers(pc.cast(plain, pa.decimal128(whole + digits, digits)))

    return _numbers(column, form, convert, lambda text: _careful_decimal(text, digits, signed))


def integers(column: pa.Array, low: int, high: int) -> Numbers:
    """Whole numbers from `low` to `high`; numbers of 2**63 and more are carried as the same 64 bits."""
    numbers = _numbers(
        column,
        PLAIN_INTEGER,
        lambda plain: np.asarray(pc.cast(plain, pa.int64())),
        lambda text: _careful_integer(text, low, high),
    )
    values = numbers.values.copy()
    plain = np.asarray(pc.match_substring_regex(column, PLAIN_INTEGER))
    for index in np.flatnonzero(plain & ((values < low) | (values > min(high, INT64_MAX)))).tolist():
        numbers.defects[index] = (RowReject.OUT_OF_RANGE, _range_message(low, high, column[index].as_py()))
        values[index] = 0
    return Numbers(values, numbers.given, numbers.defects)


def unscaled_integers(column: pa.Array) -> Int64s:
    """The integers behind a decimal128 column whose values are known to fit 64 bits."""
    words = np.frombuffer(column.buffers()[1], np.int64, count=2 * (column.offset + len(column)))
    return words[2 * column.offset :: 2].copy()


def _numbers(
    column: pa.Array,
    form: str,
    convert: Callable[[pa.Array], Int64s],
    careful: Callable[[str], int | tuple[RowReject, str]],
) -> Numbers:
    """Fast for texts of the plain form, careful for the others."""
    given: Bools = np.asarray(pc.not_equal(column, ""))
    plain = pc.match_substring_regex(column, form)
    values = convert(pc.if_else(plain, column, "0"))
    defects: dict[int, tuple[RowReject, str]] = {}
    odd = given & ~np.asarray(plain)
    if odd.any():
        values = values.copy()
        for index in np.flatnonzero(odd).tolist():
            found = careful(column[index].as_py())
            if isinstance(found, int):
                values[index] = found
            else:
                defects[index] = found
    return Numbers(values, given, defects)


def _careful_decimal(text: str, digits: int, signed: bool) -> int | tuple[RowReject, str]:
    match = CAREFUL_DECIMAL.fullmatch(text)
    if match is None:
        return RowReject.NOT_A_NUMBER, f'expected a decimal such as "10.05", was "{text}"'
    sign, whole, fraction = match[1], match[2], match[3] or ""
    unscaled = int(whole + fraction)
    if sign and unscaled and not signed:
        return RowReject.OUT_OF_RANGE, f'expected a number above 0, was "{text}"'
    value, lost = divmod(unscaled * int(10**digits), int(10 ** len(fraction)))
    if value > INT64_MAX:
        return RowReject.OUT_OF_RANGE, f'expected a smaller number, was "{text}"'
    if lost:
        # Finer than any step of any market: which step was expected is said by the market's own check.
        return RowReject.PRICE_OFF_TICK, f'expected at most {digits} digits behind the point, was "{text}"'
    return -value if sign else value


def _careful_integer(text: str, low: int, high: int) -> int | tuple[RowReject, str]:
    if not CAREFUL_INTEGER.fullmatch(text):
        return RowReject.NOT_A_NUMBER, f'expected a whole number, was "{text}"'
    value = int(text)
    if not low <= value <= high:
        return RowReject.OUT_OF_RANGE, _range_message(low, high, text)
    return value if value <= INT64_MAX else value - 2**64


def _range_message(low: int, high: int, text: str) -> str:
    return f'expected a whole number from {low} to {high}, was "{text}"'
