"""SPAN for many accounts: the steps of `requirement.py` in integers, one pass over sorted positions.

    positions of an account, sorted by commodity
      group per commodity     losses of 16 scenarios, net delta per period, option value, minimum
      spreads                 rem per group and period, a common denominator for all of the account
      five figures            one exact quotient each, up to 122 bits

Amounts are integers (`groups.py`), spreads make the account's denominator larger where a count is no whole
number (`spreads_kernel.py`), so nothing is rounded before the five figures (`figures_kernel.py`). Whatever
could leave int64 sets `faults` of the account, and its figures are void: the exact way has to compute them.

Cost: 16 products a position, and a walk over the spreads of every commodity that is held.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.figures_kernel import write_figures
from novate.clearing.margin.span.groups import (
    ACTIVE,
    COMMODITY,
    DENOMINATOR,
    FAULT,
    GROUPS,
    MINIMUM,
    PRICE2,
    RANGED,
    SCAN2,
    START,
    STATE_WORDS,
    STEP_ARRAY,
    STEP_DELTA,
    STEP_RATIO,
    STOP,
    TIME2,
    TOTAL,
    VALUE,
    VOL2,
    X,
    Y,
)
from novate.clearing.margin.span.packed import CALL, PREMIUM, PUT
from novate.clearing.margin.span.spreads_kernel import charge_all, charge_spot, credit_one
from novate.clearing.margin.span.wide_kernel import fits, is_less, product, times
from novate.compiled import entry, inlined, kernel, wide
from novate.processor import prefetch_row

Int64s = npt.NDArray[np.int64]
Table = npt.NDArray[Any]
AHEAD = 8
NORMAL, SCANRANGE = 0, 1


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
    """Whether no sum over positions can leave 61 bits; `largest` is the largest factor of any column."""
    total = wide(0)
    for at in range(first, stop):
        if not fits(quantity[at], 1):
            return False
        total += abs(quantity[at])
        if total < 0:
            return False
    return fits(2 * total, largest)


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


@kernel
def _scan_account(
    lines: tuple[Int64s, Int64s, Int64s],
    terms: tuple[Any, ...],
    contract: npt.NDArray[np.int32],
    quantity: Int64s,
    scratch: tuple[Any, ...],
    steps: Int64s,
    state: Int64s,
) -> None:
    """Scan risk, net delta and WFPR of every group of an account."""
    arrays, array_lines, contract_lines = lines
    pairs, contracts, commodities, ranges = terms[0], terms[1], terms[2], terms[7]
    groups, delta, losses, minimum, _ = scratch
    net, rem, held = delta[0], delta[1], delta[2]
    for g in range(state[GROUPS]):
        c = groups[g, COMMODITY]
        periods, blocks = wide(commodities[c]["periods"]), wide(commodities[c]["blocks"])
        tiers = wide(commodities[c]["tiers"])
        for period in range(periods):
            net[g, period], held[g, period] = 0, 0
        _accumulate(
            arrays,
            array_lines,
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


@kernel
def _spread_account(
    terms: tuple[Any, ...], inter: tuple[int, int, int], scratch: tuple[Any, ...], ten_z: int, state: Int64s
) -> None:
    """Intra charges of every group, credits across them, and spot charges before or after those."""
    _, _, commodities, spreads, legs, parts, spots, _ = terms
    groups, delta, _, _, group_of = scratch
    net, rem, held = delta[0], delta[1], delta[2]
    for g in range(state[GROUPS]):
        charge_all(spreads, g, legs, parts, groups, commodities, net, rem, ten_z, state)
        if inter[2] == 0:
            charge_spot(g, commodities, spots, groups, net, rem, held, state)
    if state[GROUPS] > 1:
        for number in range(inter[0], inter[0] + inter[1]):
            credit_one(spreads, number, group_of, legs, parts, groups, commodities, net, rem, ten_z, state)
    if inter[2] != 0:
        for g in range(state[GROUPS]):
            charge_spot(g, commodities, spots, groups, net, rem, held, state)


@entry
def margin_accounts(
    lines: tuple[Int64s, Int64s, Int64s],
    terms: tuple[Any, ...],
    inter: tuple[int, int, int],
    steps: Int64s,
    largest: int,
    book: tuple[Int64s, npt.NDArray[np.int32], Int64s],
    scratch: tuple[Any, ...],
    out: tuple[Any, ...],
) -> int:
    """Margin of A accounts; returns the number of results, one per account and commodity.

    `lines`: the risk arrays, and they and the contracts again as int64 in rows of 64 bytes.
    `terms`: pairs of scenarios, contracts, commodities, spreads, legs, parts, spot rates, ranges.
    `inter`: first and number of the spreads across commodities, 1 if spot charges come after them.
    `steps`: see `groups.py`. `largest`: the largest factor of any column.
    `book`: bounds (A + 1,) of each account's positions, their contracts and quantities, sorted by commodity
    within an account, every contract at most once.
    `scratch`: groups, delta (3, groups, periods), losses, minimum, group of each commodity (-1 throughout).
    `out`: results, totals (A, currencies, 5) and faults (A,), zero at first.
    """
    starts, contract, quantity = book
    groups, group_of = scratch[0], scratch[4]
    results, totals, faults = out
    contracts, commodities = terms[1], terms[2]
    state = np.zeros(STATE_WORDS, np.int64)
    done = wide(0)
    for account in range(len(starts) - 1):
        first, stop = starts[account], starts[account + 1]
        _find_groups(contracts, contract, first, stop, groups, group_of, state)
        if not _sums_fit(quantity, first, stop, largest):
            state[FAULT] = 1
        _scan_account(lines, terms, contract, quantity, scratch, steps, state)
        _spread_account(terms, inter, scratch, steps[STEP_RATIO], state)
        for g in range(state[GROUPS]):
            group_of[groups[g, COMMODITY]] = -1
            _write(account, groups, g, results, done)
            write_figures(groups, g, commodities, steps, state, results, done)
            currency = wide(commodities[groups[g, COMMODITY]]["currency"])
            _add_totals(totals, account, currency, results, done)
            done += 1
        faults[account] = state[FAULT]
    return done
