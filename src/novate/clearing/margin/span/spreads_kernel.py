"""Spreads of the batch kernel: `spreads.py` in integers, with one denominator for all of an account.

    available / ratio whole?  yes: eat and charge
                              no:  everything in the account times ratio / gcd first, denominator with it

So nothing is rounded. What could leave 61 bits sets FAULT, and the account takes the exact way.
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
    GROUPS,
    WEIGHTED,
)
from novate.clearing.margin.span.wide_kernel import fits
from novate.compiled import inlined, kernel, wide

Int64s = npt.NDArray[np.int64]
Table = npt.NDArray[Any]


@kernel
def _gcd(left: int, right: int) -> int:
    while right != 0:
        left, right = right, left % right
    return left


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
def charge_all(
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
def charge_spot(
    g: int,
    commodities: Table,
    spots: Table,
    groups: Int64s,
    net: Int64s,
    rem: Int64s,
    held: Any,
    state: Int64s,
) -> None:
    """The delivery month: what spreads took and what they left, by their rates."""
    c = groups[g, COMMODITY]
    first = wide(commodities[c]["first_spot"])
    for spot in range(first, first + wide(commodities[c]["spots"])):
        period = wide(spots[spot]["period"])
        if held[g, period] != 0:
            left = rem[g, period]
            _add_product(groups, g, CHARGE, abs(net[g, period] - left), wide(spots[spot]["spread"]), state)
            _add_product(groups, g, CHARGE, abs(left), wide(spots[spot]["outright"]), state)


@kernel
def credit_one(
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
