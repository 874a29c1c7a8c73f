"""The five figures of the batch kernel: sections 9 and 10 of span-rules.md, one exact quotient each.

base = max(scan + intra + spot - inter, minimum)      a pair of 122 bits over denominator * bottom
risk = base * ratio, requirement = risk - value       rounded half up, away from zero
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.groups import (
    CHARGE,
    COMMODITY,
    CREDIT,
    CREDITED,
    DENOMINATOR,
    FAULT,
    MINIMUM,
    RANGED,
    SCAN2,
    STEP_CHARGE,
    STEP_MINIMUM,
    STEP_RANGED,
    STEP_SCAN,
    STEP_UNITS,
    STEP_VALUE,
    STEP_WEIGHTED,
    VALUE,
    WEIGHTED,
    X,
    Y,
)
from novate.clearing.margin.span.wide_kernel import (
    fits,
    is_less,
    minus,
    plus,
    product,
    rounded_half_up,
    times,
)
from novate.compiled import inlined, kernel, wide

Int64s = npt.NDArray[np.int64]
Table = npt.NDArray[Any]


@inlined
def _bottom(groups: Int64s, g: int) -> int:
    """Y, or 1 where nothing was weighted: numbers stay small then."""
    return groups[g, Y] if groups[g, WEIGHTED] | groups[g, CREDITED] != 0 else wide(1)


@kernel
def _base(groups: Int64s, g: int, steps: Int64s, denominator: int) -> tuple[int, int]:
    """The larger of scan + intra + spot - inter and the minimum, in common units / (denominator * bottom)."""
    bottom = _bottom(groups, g)
    high, low = product(groups[g, SCAN2], steps[STEP_SCAN])
    high, low = times(high, low, denominator)
    high, low = times(high, low, bottom)
    more, more_low = product(groups[g, CHARGE], steps[STEP_CHARGE])
    more, more_low = times(more, more_low, bottom)
    high, low = plus(high, low, more, more_low)
    floor, floor_low = product(groups[g, MINIMUM], steps[STEP_MINIMUM])
    floor, floor_low = times(floor, floor_low, denominator)
    floor, floor_low = times(floor, floor_low, bottom)
    less, less_low = product(groups[g, CREDIT], steps[STEP_CHARGE])
    less, less_low = times(less, less_low, bottom)
    if groups[g, WEIGHTED] | groups[g, CREDITED] != 0:
        step = steps[STEP_RANGED] if groups[g, RANGED] != 0 else steps[STEP_WEIGHTED]
        more, more_low = product(groups[g, WEIGHTED], step)
        more, more_low = times(more, more_low, groups[g, X])
        high, low = plus(high, low, more, more_low)
        more, more_low = product(groups[g, CREDITED], step)
        more, more_low = times(more, more_low, groups[g, X])
        less, less_low = plus(less, less_low, more, more_low)
    if high < 0 or less < 0 or floor < 0:
        return wide(-1), wide(0)
    if is_less(high, low, less, less_low):
        return floor, floor_low
    high, low = minus(high, low, less, less_low)
    if is_less(high, low, floor, floor_low):
        return floor, floor_low
    return high, low


@kernel
def _required(
    high: int, low: int, value: int, value_high: int, value_low: int, capped: int, divisor: int, state: Int64s
) -> int:
    """Risk less option value, rounded; `value` only for its sign."""
    sign = wide(1)
    if value < 0:
        high, low = plus(high, low, value_high, value_low)
    elif is_less(high, low, value_high, value_low):
        if capped != 0:
            return wide(0)
        high, low = minus(value_high, value_low, high, low)
        sign = wide(-1)
    else:
        high, low = minus(high, low, value_high, value_low)
    found = rounded_half_up(high, low, divisor)
    if found < 0:
        state[FAULT] = 1
    return sign * found


@kernel
def _with_ratio(
    high: int,
    low: int,
    worth: int,
    worth_low: int,
    value: int,
    unit: int,
    top: int,
    part: int,
    capped: int,
    state: Int64s,
) -> tuple[int, int]:
    """Risk and requirement of a base times top / part, rounded."""
    if not fits(unit, part):
        state[FAULT] = 1
        return wide(0), wide(0)
    high, low = times(high, low, top)
    worth, worth_low = times(worth, worth_low, part)
    risk = rounded_half_up(high, low, unit * part)
    if risk < 0 or worth < 0:
        state[FAULT] = 1
        return wide(0), wide(0)
    if value == 0:
        return risk, risk
    return risk, _required(high, low, value, worth, worth_low, capped, unit * part, state)


@kernel
def write_figures(
    groups: Int64s, g: int, commodities: Table, steps: Int64s, state: Int64s, results: Table, at: int
) -> None:
    """The five figures of a group."""
    c = groups[g, COMMODITY]
    high, low = _base(groups, g, steps, state[DENOMINATOR])
    bottom, capped = _bottom(groups, g), wide(commodities[c]["capped"])
    step = steps[STEP_UNITS + wide(commodities[c]["decimals"])]
    if not (fits(step, bottom) and fits(step * bottom, state[DENOMINATOR])):
        state[FAULT] = 1
        return
    unit = step * bottom * state[DENOMINATOR]
    value = groups[g, VALUE]
    worth, worth_low = product(abs(value), steps[STEP_VALUE])
    nov = rounded_half_up(worth, worth_low, step) if value != 0 else wide(0)
    worth, worth_low = times(worth, worth_low, bottom)
    worth, worth_low = times(worth, worth_low, state[DENOMINATOR])
    if high < 0 or worth < 0 or nov < 0:
        state[FAULT] = 1
        return
    results[at]["nov"] = nov if value >= 0 else -nov
    top, part = wide(commodities[c]["ratio"]), wide(commodities[c]["ratio_part"])
    risk, required = _with_ratio(high, low, worth, worth_low, value, unit, top, part, capped, state)
    results[at]["risk"], results[at]["requirement"] = risk, required
    other, other_part = wide(commodities[c]["initial"]), wide(commodities[c]["initial_part"])
    if other != top or other_part != part:
        risk, required = _with_ratio(
            high, low, worth, worth_low, value, unit, other, other_part, capped, state
        )
    results[at]["initial_risk"], results[at]["initial_requirement"] = risk, required
