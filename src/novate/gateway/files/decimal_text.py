"""Columns of ticks and lots as decimals, exact.

ticks 58533 of market AAPL (tick 0.01)  ->  text "585.33" with the digits of the market's own tick
                                        ->  decimal128 585.33 with the finest digits of all markets
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.units import INT64_MAX
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.text_numbers import Int64s


def decimal_array(steps: Int64s, units: Int64s, digits: int) -> pa.Array:
    """`steps * units` in units of 10**-digits as a decimal128 column; never wraps."""
    words = np.empty((len(steps), 2), np.int64)
    if len(steps) and int(np.abs(steps).max()) * int(units.max()) > INT64_MAX:
        products = (int(step) * int(unit) for step, unit in zip(steps.tolist(), units.tolist(), strict=True))
        data = b"".join(product.to_bytes(16, "little", signed=True) for product in products)
    else:
        words[:, 0] = steps * units
        words[:, 1] = words[:, 0] >> 63
        data = words.tobytes()
    return pa.Array.from_buffers(pa.decimal128(38, digits), len(steps), [None, pa.py_buffer(data)])


def price_texts(steps: MarketSteps, market: Int64s, ticks: Int64s) -> pa.Array:
    """Prices as text with the digits of each market's tick."""
    shapes = [(scale.tick_units, scale.price_digits) for scale in steps.scales]
    return _texts(ticks, market, shapes)


def quantity_texts(steps: MarketSteps, market: Int64s, lots: Int64s) -> pa.Array:
    """Quantities as text with the digits of each market's lot."""
    shapes = [(scale.lot_units, scale.quantity_digits) for scale in steps.scales]
    return _texts(lots, market, shapes)


def _texts(steps: Int64s, market: Int64s, shapes: list[tuple[int, int]]) -> pa.Array:
    """Text of `steps * units` with the digits of each market; `shapes` has its (units, digits)."""
    units = np.array([unit for unit, _ in shapes] or [1], np.int64)[market]
    shown = np.array([digits for _, digits in shapes] or [0], np.int64)[market]
    order: list[npt.NDArray[np.intp]] = []
    parts: list[pa.Array] = []
    for digits in np.unique(shown).tolist():
        index = np.flatnonzero(shown == digits)
        order.append(index)
        parts.append(decimal_array(steps[index], units[index], digits).cast(pa.string()))
    if not parts:
        return pa.array([], pa.string())
    place = np.empty(len(steps), np.int64)
    place[np.concatenate(order)] = np.arange(len(steps))
    return pc.take(pa.concat_arrays(parts), pa.array(place))
