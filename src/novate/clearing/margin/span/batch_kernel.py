"""SPAN for many accounts: the steps of `requirement.py` in integers, one pass over sorted positions.

    positions of an account, sorted by commodity
      group per commodity     losses of 16 scenarios, net delta per period, option value, minimum
      spreads                 rem per group and period, a common denominator for all of the account
      five figures            one exact quotient each, up to 122 bits

A group's amounts are integers: scan in halves of 10**-(k+u), charges C in 10**-(e+m) / denominator, weighted
charges S in 10**-(e+w+2) / denominator of the WFPR X / Y. A count that is no whole number makes the
denominator of the account larger; so nothing is ever rounded before the figures. Whatever could leave int64
sets `faults` of the account, and its figures are void: the exact way has to compute them.

Cost: 16 products a position, and a walk over the spreads of every commodity that is held.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.packed import CALL, PREMIUM, PUT
from novate.clearing.margin.span.wide_kernel import (
    fits,
    is_less,
    minus,
    plus,
    product,
    rounded_half_up,
    times,
)
from novate.compiled import entry, inlined, kernel, wide
from novate.processor import prefetch_row

Int64s = npt.NDArray[np.int64]
Table = npt.NDArray[Any]

(
    SCAN2,
    TIME2,
    VOL2,
    PRICE2,
    ACTIVE,
    VALUE,
    MINIMUM,
    TOTAL,
    X,
    Y,
    RANGED,
    CHARGE,
    WEIGHTED,
    CREDIT,
    CREDITED,
) = range(15)
COMMODITY, START, STOP = 15, 16, 17
GROUP_WORDS = 18
"""Columns of a group: see the head of this file; RANGED says that X / Y is a scan range, not price risk."""
DENOMINATOR, FAULT, GROUPS = range(3)
STATE_WORDS = 3
AHEAD = 8
NORMAL, SCANRANGE = 0, 1
FIGURES = 5
(
    STEP_SCAN,
    STEP_CHARGE,
    STEP_MINIMUM,
    STEP_RANGED,
    STEP_WEIGHTED,
    STEP_VALUE,
    STEP_DELTA,
    STEP_ARRAY,
    STEP_RATIO,
) = range(9)
STEP_UNITS = 9
"""From here on: common units to a minor unit of 0, 1, ... decimals."""

RESULT = np.dtype(
    [("account", "<i4"), ("commodity", "<i4"), ("active", "<i8")]
    + [(name, "<i8") for name in ("scan_halves", "time_halves", "volatility_halves", "price_halves")]
    + [(name, "<i8") for name in ("risk", "nov", "requirement", "initial_risk", "initial_requirement")]
)


@kernel
def _gcd(left: int, right: int) -> int:
    while right != 0:
        left, right = right, left % right
    return left


@inlined
def _fetch_ahead(lines: Int64s, contract_lines: Int64s, contracts: Table, contract: Any, at: int) -> None:
    """Ask for what positions a little further on will need: memory is slower than sixteen products."""
    last = len(contract) - 1
    prefetch_row(contract_lines, wide(contract[min(at + 2 * AHEAD, last)]))
    array = wide(contracts[wide(contract[min(at + AHEAD, last)])]["array"])
    prefetch_row(lines, 2 * array)
    prefetch_row(lines, 2 * array + 1)


@kernel
def _accumulate(
    arrays: Int64s,
    lines: Int64s,
    contract_lines: Int64s,
    contracts: Table,
    contract: Any,
    quantity: Int64s,
    groups: Int64s,
    g: int,
    losses: Int64s,
    net: Any,
    held: Any,
    minimum: Int64s,
    blocks: int,
    tiers: int,
) -> None:
    """Sums over the positions of a group."""
    for block in range(blocks):
        for scenario in range(16):
            losses[block, scenario] = 0
    for tier in range(tiers + 1):
        minimum[tier, 0], minimum[tier, 1] = 0, 0
    for at in range(groups[g, START], groups[g, STOP]):
        row, count = wide(contract[at]), wide(quantity[at])
        array = wide(contracts[row]["array"])
        _fetch_ahead(lines, contract_lines, contracts, contract, at)
        block = wide(contracts[row]["block"])
        for scenario in range(16):
            losses[block, scenario] += count * arrays[array, scenario]
        period = wide(contracts[row]["period"])
        net[g, period] += count * wide(contracts[row]["delta"])
        held[g, period] = 1
        flags = wide(contracts[row]["flags"])
        if flags & PREMIUM != 0:
            groups[g, VALUE] += count * wide(contracts[row]["value"])
        if count < 0 and flags & (CALL | PUT) != 0:
            side = 0 if flags & CALL != 0 else 1
            minimum[wide(contracts[row]["tier"]), side] -= count * wide(contracts[row]["minimum"])


@kernel
def _scan_block(losses: Int64s, block: int, pairs: Int64s, groups: Int64s, g: int) -> None:
    """Add scan, time and volatility of one block, in halves."""
    worst = wide(0)
    for scenario in range(1, 16):
        if losses[block, scenario] > losses[block, worst]:
            worst = wide(scenario)
    top, first, second = losses[block, worst], losses[block, 0], losses[block, 1]
    if top < 0:
        groups[g, VOL2] += first - second
    else:
        groups[g, SCAN2] += 2 * top
        groups[g, VOL2] += top - losses[block, pairs[worst]]
    groups[g, TIME2] += first + second


@kernel
def _scan(losses: Int64s, blocks: int, pairs: Int64s, groups: Int64s, g: int) -> None:
    """Scan risk of a group: the sum over its blocks; the active scenario of the whole."""
    for block in range(blocks):
        _scan_block(losses, block, pairs, groups, g)
    for block in range(1, blocks):
        for scenario in range(16):
            losses[0, scenario] += losses[block, scenario]
    worst = wide(0)
    for scenario in range(1, 16):
        if losses[0, scenario] > losses[0, worst]:
            worst = wide(scenario)
    groups[g, ACTIVE] = worst + 1
    groups[g, PRICE2] = max(groups[g, SCAN2] - groups[g, TIME2] - groups[g, VOL2], 0)


@kernel
def _short_option_minimum(minimum: Int64s, tiers: int, larger_side: int) -> int:
    total = wide(0)
    for tier in range(tiers + 1):
        calls, puts = minimum[tier, 0], minimum[tier, 1]
        total += max(calls, puts) if larger_side != 0 else calls + puts
    return total


@kernel
def _wfpr(
    groups: Int64s,
    g: int,
    commodities: Table,
    ranges: Table,
    net: Any,
    held: Any,
    steps: Int64s,
    state: Int64s,
) -> None:
    """X / Y of a group: price risk per delta, or the scan range of the nearest period; section 7."""
    c = groups[g, COMMODITY]
    method, first_range = wide(commodities[c]["method"]), wide(commodities[c]["first_range"])
    total, nearest = wide(0), wide(-1)
    for period in range(wide(commodities[c]["periods"])):
        total += net[g, period]
        if held[g, period] != 0 and nearest < 0:
            nearest = wide(period)
    groups[g, TOTAL] = total
    groups[g, X], groups[g, Y], groups[g, RANGED] = 0, 1, 0
    if groups[g, PRICE2] <= 0 or total == 0 or nearest < 0:
        return
    groups[g, X], groups[g, Y] = groups[g, PRICE2], 2 * abs(total)
    bottom = wide(ranges[first_range + nearest]["denominator"])
    if method == NORMAL or bottom == 0:
        return
    top = wide(ranges[first_range + nearest]["numerator"])
    take = method == SCANRANGE
    if not take:
        # price2 / 10**(k+u) / (2 |D| / 10**e) against top / bottom, without a division.
        left_high, left_low = product(groups[g, X], bottom)
        left_high, left_low = times(left_high, left_low, steps[STEP_DELTA])
        right_high, right_low = product(groups[g, Y], abs(top))
        right_high, right_low = times(right_high, right_low, steps[STEP_ARRAY])
        if left_high < 0 or right_high < 0 or top < 0:
            state[FAULT] = 1
            return
        take = is_less(right_high, right_low, left_high, left_low)
    if take:
        groups[g, X], groups[g, Y], groups[g, RANGED] = top, bottom, 1
        if top < 0:
            state[FAULT] = 1


@kernel
def _scale_up(
    factor: int, groups: Int64s, commodities: Table, net: Int64s, rem: Int64s, state: Int64s
) -> None:
    """Make the denominator of everything in the account larger by a factor."""
    if not fits(state[DENOMINATOR], factor):
        state[FAULT] = 1
        return
    state[DENOMINATOR] *= factor
    for g in range(state[GROUPS]):
        for column in (CHARGE, WEIGHTED, CREDIT, CREDITED):
            if not fits(groups[g, column], factor):
                state[FAULT] = 1
            groups[g, column] *= factor
        for period in range(wide(commodities[groups[g, COMMODITY]]["periods"])):
            if not (fits(net[g, period], factor) and fits(rem[g, period], factor)):
                state[FAULT] = 1
            net[g, period] *= factor
            rem[g, period] *= factor


@kernel
def _whole(
    available: int, ratio: int, groups: Int64s, commodities: Table, net: Int64s, rem: Int64s, state: Int64s
) -> int:
    """available / ratio, after the denominator was made large enough for that to be whole."""
    if available % ratio != 0:
        factor = ratio // _gcd(available, ratio)
        _scale_up(factor, groups, commodities, net, rem, state)
        available *= factor
    return available // ratio


@inlined
def _eat(rem: Int64s, g: int, first: int, stop: int, amount: int, sign: int) -> None:
    """Take up to `amount` from what has this sign, nearest period first."""
    for period in range(first, stop):
        left = sign * rem[g, period]
        if left > 0 and amount > 0:
            taken = min(left, amount)
            rem[g, period] -= sign * taken
            amount -= taken


@inlined
def _add_product(groups: Int64s, g: int, column: int, left: int, right: int, state: Int64s) -> None:
    if not fits(left, right) or not fits(groups[g, column], 1):
        state[FAULT] = 1
    groups[g, column] += left * right


@kernel
def _fewest(available: int, ratio: int, best: int, best_ratio: int, state: Int64s) -> bool:
    """Whether available / ratio is less than the best so far; `best` below 0 is none yet."""
    if best < 0:
        return True
    if not (fits(available, best_ratio) and fits(best, ratio)):
        state[FAULT] = 1
    return available * best_ratio < best * ratio


@inlined
def _is_mixed(rem: Int64s, g: int, periods: int) -> bool:
    long, short = False, False
    for period in range(periods):
        long = long or rem[g, period] > 0
        short = short or rem[g, period] < 0
    return long and short


@kernel
def _charge_one(
    spreads: Table,
    number: int,
    long_side: int,
    g: int,
    legs: Table,
    parts: Table,
    groups: Int64s,
    commodities: Table,
    net: Int64s,
    rem: Int64s,
    ten_z: int,
    state: Int64s,
) -> bool:
    """Form one spread of a commodity with this side long; whether it could be formed."""
    first_leg, count = wide(spreads[number]["first_leg"]), wide(spreads[number]["legs"])
    best, best_ratio = wide(-1), wide(1)
    for leg in range(first_leg, first_leg + count):
        sign = 1 if wide(legs[leg]["side"]) == long_side else -1
        available = wide(0)
        for period in range(wide(legs[leg]["first"]), wide(legs[leg]["stop"])):
            available += max(sign * rem[g, period], 0)
        if available == 0:
            return False
        ratio = wide(legs[leg]["ratio"])
        if _fewest(available, ratio, best, best_ratio, state):
            best, best_ratio = available, ratio
    unit = _whole(best, best_ratio, groups, commodities, net, rem, state)
    for leg in range(first_leg, first_leg + count):
        sign = 1 if wide(legs[leg]["side"]) == long_side else -1
        ratio = wide(legs[leg]["ratio"])
        if not fits(unit, ratio):
            state[FAULT] = 1
        _eat(rem, g, wide(legs[leg]["first"]), wide(legs[leg]["stop"]), unit * ratio, sign)
    if wide(spreads[number]["weighted"]) == 0:
        if not fits(wide(spreads[number]["rate"]), ten_z):
            state[FAULT] = 1
        _add_product(groups, g, CHARGE, unit, ten_z * wide(spreads[number]["rate"]), state)
    else:
        first_part = wide(spreads[number]["first_part"])
        for part in range(first_part, first_part + wide(spreads[number]["parts"])):
            if not fits(wide(parts[part]["ratio"]), wide(parts[part]["rate"])):
                state[FAULT] = 1
            _add_product(
                groups, g, WEIGHTED, unit, wide(parts[part]["ratio"]) * wide(parts[part]["rate"]), state
            )
    return True


@kernel
def _charge_all(
    spreads: Table,
    g: int,
    legs: Table,
    parts: Table,
    groups: Int64s,
    commodities: Table,
    net: Int64s,
    rem: Int64s,
    ten_z: int,
    state: Int64s,
) -> None:
    """Form the spreads of one commodity in order, as long as there is something long and something short."""
    c = groups[g, COMMODITY]
    periods, first = wide(commodities[c]["periods"]), wide(commodities[c]["first_spread"])
    if wide(commodities[c]["two_sided"]) != 0 and not _is_mixed(rem, g, periods):
        return
    for number in range(first, first + wide(commodities[c]["spreads"])):
        formed = _charge_one(spreads, number, 0, g, legs, parts, groups, commodities, net, rem, ten_z, state)
        if (
            _charge_one(spreads, number, 1, g, legs, parts, groups, commodities, net, rem, ten_z, state)
            or formed
        ):
            if wide(commodities[c]["two_sided"]) != 0 and not _is_mixed(rem, g, periods):
                return


@kernel
def _charge_spot(
    g: int,
    commodities: Table,
    spots: Table,
    groups: Int64s,
    net: Int64s,
    rem: Int64s,
    held: Any,
    state: Int64s,
) -> None:
    c = groups[g, COMMODITY]
    first = wide(commodities[c]["first_spot"])
    for spot in range(first, first + wide(commodities[c]["spots"])):
        period = wide(spots[spot]["period"])
        if held[g, period] != 0:
            left = rem[g, period]
            _add_product(groups, g, CHARGE, abs(net[g, period] - left), wide(spots[spot]["spread"]), state)
            _add_product(groups, g, CHARGE, abs(left), wide(spots[spot]["outright"]), state)


@kernel
def _credit_one(
    spreads: Table,
    number: int,
    group_of: Any,
    legs: Table,
    parts: Table,
    groups: Int64s,
    commodities: Table,
    net: Int64s,
    rem: Int64s,
    ten_z: int,
    state: Int64s,
) -> None:
    """Form one spread across commodities, if the account has what it takes."""
    first_leg, count = wide(spreads[number]["first_leg"]), wide(spreads[number]["legs"])
    best, best_ratio, orientation = wide(-1), wide(1), wide(0)
    for leg in range(first_leg, first_leg + count):
        if group_of[wide(legs[leg]["commodity"])] < 0:
            return
    for leg in range(first_leg, first_leg + count):
        g = wide(group_of[wide(legs[leg]["commodity"])])
        total = wide(0)
        for period in range(wide(legs[leg]["first"]), wide(legs[leg]["stop"])):
            total += rem[g, period]
        if total == 0:
            return
        side = -1 if wide(legs[leg]["side"]) != 0 else 1
        sign = side if total > 0 else -side
        if orientation == -sign:
            return
        orientation = sign
        ratio = wide(legs[leg]["ratio"])
        if _fewest(abs(total), ratio, best, best_ratio, state):
            best, best_ratio = abs(total), ratio
    unit = _whole(best, best_ratio, groups, commodities, net, rem, state)
    first_part = wide(spreads[number]["first_part"])
    for part in range(first_part, first_part + wide(spreads[number]["parts"])):
        g = wide(group_of[wide(parts[part]["commodity"])])
        column = CREDITED if wide(spreads[number]["weighted"]) != 0 else CREDIT
        other = wide(parts[part]["ratio"]) if wide(spreads[number]["weighted"]) != 0 else ten_z
        if not fits(other, wide(parts[part]["rate"])):
            state[FAULT] = 1
        _add_product(groups, g, column, unit, other * wide(parts[part]["rate"]), state)
    for leg in range(first_leg, first_leg + count):
        g = wide(group_of[wide(legs[leg]["commodity"])])
        side = -1 if wide(legs[leg]["side"]) != 0 else 1
        ratio = wide(legs[leg]["ratio"])
        if not fits(unit, ratio):
            state[FAULT] = 1
        _eat(rem, g, wide(legs[leg]["first"]), wide(legs[leg]["stop"]), unit * ratio, orientation * side)


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
def _figures(
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
def _find_groups(
    contracts: Table, contract: Any, first: int, stop: int, groups: Int64s, group_of: Any, state: Int64s
) -> None:
    """Split the positions of an account by commodity."""
    count, at = wide(0), first
    while at < stop:
        commodity = wide(contracts[wide(contract[at])]["commodity"])
        end = at + 1
        while end < stop and wide(contracts[wide(contract[end])]["commodity"]) == commodity:
            end += 1
        groups[count, :] = 0
        groups[count, COMMODITY], groups[count, START], groups[count, STOP] = commodity, at, end
        group_of[commodity] = count
        count += 1
        at = end
    state[GROUPS], state[DENOMINATOR], state[FAULT] = count, 1, 0


@kernel
def _sums_fit(quantity: Int64s, first: int, stop: int, largest: int) -> bool:
    """Whether no sum over these positions can leave 61 bits; `largest` is the largest factor of all columns."""
    total = wide(0)
    for at in range(first, stop):
        if not fits(quantity[at], 1):
            return False
        total += abs(quantity[at])
        if total < 0:
            return False
    return fits(2 * total, largest)


@entry
def margin_accounts(
    arrays: Int64s,
    lines: Int64s,
    contract_lines: Int64s,
    pairs: Int64s,
    contracts: Table,
    commodities: Table,
    spreads: Table,
    inter: tuple[int, int],
    legs: Table,
    parts: Table,
    spots: Table,
    ranges: Table,
    steps: Int64s,
    largest: int,
    starts: Int64s,
    contract: npt.NDArray[np.int32],
    quantity: Int64s,
    groups: Int64s,
    delta: Int64s,
    losses: Int64s,
    minimum: Int64s,
    group_of: npt.NDArray[np.int32],
    results: Table,
    totals: Int64s,
    faults: npt.NDArray[np.uint8],
) -> int:
    """Margin of A accounts; returns the number of results, one per account and commodity.

    `lines` and `contract_lines` are `arrays` and `contracts` again, as int64 in rows of 64 bytes.

    `starts` (A + 1,) bounds the positions of each account in `contract` and `quantity`, which are sorted by
    commodity within an account and have every contract at most once. `steps`: the powers of ten that bring
    amounts to common units (`batch.steps_of`); `largest`: the largest factor of any column. `delta` (3, groups, periods) is scratch for net, rem and held; so are `groups`, `losses`, `minimum`
    and `group_of`, which is -1 throughout. `totals` (A, currencies, 5) and `faults` (A,) are zero at first.
    """
    net, rem, held = delta[0], delta[1], delta[2]
    state = np.zeros(STATE_WORDS, np.int64)
    ten_z = steps[STEP_RATIO]
    done = wide(0)
    for account in range(len(starts) - 1):
        first, stop = starts[account], starts[account + 1]
        _find_groups(contracts, contract, first, stop, groups, group_of, state)
        if not _sums_fit(quantity, first, stop, largest):
            state[FAULT] = 1
        for g in range(state[GROUPS]):
            c = groups[g, COMMODITY]
            periods, blocks = wide(commodities[c]["periods"]), wide(commodities[c]["blocks"])
            tiers = wide(commodities[c]["tiers"])
            for period in range(periods):
                net[g, period], held[g, period] = 0, 0
            _accumulate(
                arrays,
                lines,
                contract_lines,
                contracts,
                contract,
                quantity,
                groups,
                g,
                losses,
                net,
                held,
                minimum,
                blocks,
                tiers,
            )
            _scan(losses, blocks, pairs, groups, g)
            groups[g, MINIMUM] = _short_option_minimum(minimum, tiers, wide(commodities[c]["larger_side"]))
            _wfpr(groups, g, commodities, ranges, net, held, steps, state)
            for period in range(periods):
                rem[g, period] = net[g, period]
        for g in range(state[GROUPS]):
            _charge_all(spreads, g, legs, parts, groups, commodities, net, rem, ten_z, state)
            _charge_spot(g, commodities, spots, groups, net, rem, held, state)
        if state[GROUPS] > 1:
            for number in range(inter[0], inter[0] + inter[1]):
                _credit_one(
                    spreads, number, group_of, legs, parts, groups, commodities, net, rem, ten_z, state
                )
        for g in range(state[GROUPS]):
            group_of[groups[g, COMMODITY]] = -1
            _write(account, groups, g, results, done)
            _figures(groups, g, commodities, steps, state, results, done)
            _add_totals(totals, account, wide(commodities[groups[g, COMMODITY]]["currency"]), results, done)
            done += 1
        faults[account] = state[FAULT]
    return done


@kernel
def _write(account: int, groups: Int64s, g: int, results: Table, at: int) -> None:
    results[at]["account"] = account
    results[at]["commodity"] = groups[g, COMMODITY]
    results[at]["active"] = groups[g, ACTIVE]
    results[at]["scan_halves"] = groups[g, SCAN2]
    results[at]["time_halves"] = groups[g, TIME2]
    results[at]["volatility_halves"] = groups[g, VOL2]
    results[at]["price_halves"] = groups[g, PRICE2]


@kernel
def _add_totals(totals: Int64s, account: int, currency: int, results: Table, at: int) -> None:
    totals[account, currency, 0] += wide(results[at]["risk"])
    totals[account, currency, 1] += wide(results[at]["nov"])
    totals[account, currency, 2] += wide(results[at]["requirement"])
    totals[account, currency, 3] += wide(results[at]["initial_risk"])
    totals[account, currency, 4] += wide(results[at]["initial_requirement"])
