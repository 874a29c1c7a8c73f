"""The netting cycle: legs become positions, positions become rows (C20, C21, C24).

    waiting legs due today --sorted by instrument and party--> groups
        plain group     --> fresh position, a column's entry        NEW1 legs of trades, nothing carried
        any other group --> joined to its position, an object       carried, corrected, transferred
    all open positions and items --> OBLIGATION rows, totals, digest

Rows of an instrument sum to zero; where members alone do not, one row of the CCP closes the gap. Quantities
and amounts of anything open fit 64 bits (C53). Cost: a sort of the legs and two hashes a leg, by the column.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.buyins import tidy_intents
from novate.clearing.commands import Command, Staged
from novate.clearing.cycle_roots import plain_legs, roots_of_legs, roots_of_plain
from novate.clearing.cycle_rows import Totals, balancing_rows, emit_cycle
from novate.clearing.merkle import merkle_root
from novate.clearing.obligation_rows import RowColumns, RowList, joined_rows, rows_of_columns, sorted_rows
from novate.clearing.open_positions import Fresh, Position
from novate.clearing.rows import Leg
from novate.clearing.state import Item, State
from novate.clearing.trades.legs import close_giveup
from novate.domain.clearing_codes import GiveUpEnd, LegKind, LegState
from novate.domain.codes import ClearingReject, Side

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Groups(NamedTuple):
    """Entering legs of net instruments, sorted by instrument and party, then as they came."""

    rows: Int64s
    """Rows of the legs."""
    bounds: Int64s
    """Group g has the legs bounds[g] to bounds[g + 1]."""
    instrument: Int64s
    party: Int64s
    quantity: Int64s
    amount: Int64s
    has_coev: Bools


def net(state: State, command: Command, staged: Staged) -> ClearingReject:
    """NET: a cycle within the day."""
    expire_giveups(state)
    netting_cycle(state)
    tidy_intents(state)
    return ClearingReject.NONE


def expire_giveups(state: State) -> None:
    """Pending give-ups whose trade enters the cycle (C15)."""
    if not state.giveups:
        return
    legs = state.legs.array
    offered = np.array([one.trade for one in state.giveups.values()], np.int64)
    found = legs[np.isin(legs["trade"], offered) & (legs["state"] == LegState.WAITING)]
    entering = {
        trade
        for trade, instrument, due in zip(
            *(found[name].tolist() for name in ("trade", "instrument", "due")), strict=True
        )
        if due <= state.today and state.settles_today(instrument)
    }
    for giveup in sorted(state.giveups):
        if state.giveups[giveup].trade in entering:
            close_giveup(state, giveup, GiveUpEnd.EXPIRED)


def netting_cycle(state: State) -> None:
    """One cycle over all instruments that settle today."""
    state.cycles += 1
    totals = Totals(state)
    today = state.instruments_today()
    gross = [instrument for instrument in today if state.is_gross(instrument)]
    blocks = net_positions(state, [one for one in today if not state.is_gross(one)], totals)
    items = RowList(state)
    enter_items(state, gross)
    for instrument in gross:
        net_items(state, instrument, items, totals)
    rows = joined_rows([*blocks, items.columns()])
    totals.add_rows(rows)
    emit_cycle(state, sorted_rows(joined_rows([rows, balancing_rows(state, rows)])), totals)


def enter_legs(state: State, instruments: list[int]) -> Int64s:
    """Legs that the cycle takes wait no longer; their rows in order of arrival."""
    settles = np.zeros(len(state.terms.instruments), bool)
    settles[instruments] = True
    rows = state.waiting.due(state.today, settles)
    legs = state.legs.array
    legs["state"][rows] = LegState.OPEN
    trades = legs["trade"][rows]
    state.trades.array["is_netted"][trades[trades >= 0]] = 1
    return rows


# -- net instruments --------------------------------------------------------------------------------------


def net_positions(state: State, instruments: list[int], totals: Totals) -> list[RowColumns]:
    """Entering legs change the positions of net instruments; rows of all that are open then."""
    carried = {one: state.positions[one] for one in instruments if state.positions.has(one)}
    for instrument, positions in carried.items():
        totals.add_elements(
            instrument, [(party, one.quantity, one.amount) for party, one in positions.items()]
        )
    is_fail = {
        (instrument, party)
        for instrument, positions in carried.items()
        for party, one in positions.items()
        if any(lot[0] < state.today for lot in one.lots)
    }
    was_carried = {(instrument, party) for instrument, positions in carried.items() for party in positions}
    groups, is_plain, roots = group_legs(state, enter_legs(state, instruments), was_carried, totals)
    entered = join_groups(state, groups, ~is_plain)
    counted = np.diff(groups.bounds)
    objects = RowList(state)
    opened = [
        (instrument, party, position)
        for instrument in instruments
        for party, position in sorted(state.positions.carried(instrument).items(), key=lambda one: one[0])
    ]
    behind = roots_of_legs(state, [position.legs for *_, position in opened])
    for (instrument, party, position), root in zip(opened, behind, strict=True):
        position.reason = 0
        key = instrument, party
        kind = LegKind.COEV if position.coev == state.today else LegKind.NEW1
        objects.add(
            instrument, party, position.quantity, position.amount, LegKind.FAIL if key in is_fail else kind,
            entered.get(key, 0) + (key in was_carried), root,
        )  # fmt: skip
    return [objects.columns(), open_plain(state, groups, is_plain, counted, roots)]


def group_legs(
    state: State, rows: Int64s, was_carried: set[tuple[int, int]], totals: Totals
) -> tuple[Groups, Bools, npt.NDArray[np.uint8]]:
    """(the legs by instrument and party, which groups are plain, the root of each of these)."""
    width = len(state.terms.parties)
    instrument, party = (state.legs.array[name][rows].astype(np.int64) for name in ("instrument", "party"))
    key = instrument * width + party
    order = np.argsort(key, kind="stable")
    rows, key = rows[order], key[order]
    legs = state.legs.array.take(rows)
    totals.add_legs(legs)
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    bounds = np.append(starts, len(rows))
    instrument, party = np.divmod(key[starts], width)
    is_coev = legs["kind"] == LegKind.COEV
    quantity, amount, has_coev = (
        np.add.reduceat(values, starts) if len(starts) else values[:0]
        for values in (legs["quantity"], legs["amount"], is_coev.astype(np.int64))
    )
    groups = Groups(rows, bounds, instrument, party, quantity, amount, has_coev > 0)
    plain, texts, numbers = plain_legs(state, legs)
    plain &= ~is_coev
    is_plain = np.logical_and.reduceat(plain, starts) if len(starts) else plain[:0]
    joins = np.array([one * width + other for one, other in was_carried], np.int64)
    is_plain &= ~np.isin(key[starts], joins)
    return (
        groups,
        is_plain,
        roots_of_plain(texts, numbers, bounds, is_plain & ((quantity != 0) | (amount != 0))),
    )


def join_groups(state: State, groups: Groups, wanted: Bools) -> dict[tuple[int, int], int]:
    """Groups that are not plain change their positions; (instrument, party) -> how many legs entered."""
    entered = {}
    for group in np.flatnonzero(wanted).tolist():
        key = instrument, party = int(groups.instrument[group]), int(groups.party[group])
        rows = groups.rows[groups.bounds[group] : groups.bounds[group + 1]]
        entered[key] = len(rows)
        position = state.positions[instrument].setdefault(party, Position())
        position.legs.frombytes(rows.tobytes())
        position.amount += int(groups.amount[group])
        if groups.has_coev[group]:
            position.coev = state.today
        join(state, position, int(groups.quantity[group]))
        state.close_if_empty(instrument, party)
    return entered


def join(state: State, position: Position, delta: int) -> None:
    """The sum of what enters changes the lots (C21)."""
    quantity = position.quantity
    if delta * quantity < 0:
        covered = min(abs(delta), abs(quantity))
        position.take(covered, newest_first=state.switches.lot_order == "NEWEST")
        delta += covered if delta < 0 else -covered
    if delta and position.lots and position.lots[-1][0] == state.today:
        position.lots[-1][1] += delta
    elif delta:
        position.lots.append([state.today, delta])


def open_plain(
    state: State, groups: Groups, is_plain: Bools, counted: Int64s, roots: npt.NDArray[np.uint8]
) -> RowColumns:
    """Plain groups are fresh positions, or gone where nothing is left of them; their rows."""
    is_open = is_plain & ((groups.quantity != 0) | (groups.amount != 0))
    # One array for both, so that no leg is looked for twice.
    of_leg = np.repeat(np.arange(len(is_plain)), counted)
    state.settle_legs(groups.rows[(is_plain & ~is_open)[of_leg]])
    instrument, party, quantity, amount = (
        column[is_open] for column in (groups.instrument, groups.party, groups.quantity, groups.amount)
    )
    bounds = np.concatenate(([0], np.cumsum(counted[is_open])))
    if len(party):
        numbers = instrument.astype(np.int32), party.astype(np.int32)
        rows = groups.rows[is_open[of_leg]]
        state.positions.add_fresh(Fresh(state.today, *numbers, quantity, amount, rows, bounds))
    return rows_of_columns(
        state, instrument, party, quantity, amount, LegKind.NEW1, counted[is_open], roots[is_open]
    )


# -- gross instruments ------------------------------------------------------------------------------------


def enter_items(state: State, instruments: list[int]) -> None:
    """Every trade of a gross instrument stays alone (C24)."""
    rows = enter_legs(state, instruments)
    found = map(Leg._make, state.legs.array.take(rows).tolist())
    legs = list(zip(rows.tolist(), found, strict=True))
    sells = {leg.trade: (row, leg) for row, leg in legs if leg.side == Side.SELL}
    for row, leg in legs:
        if leg.side == Side.BUY:
            other, sold = sells[leg.trade]
            state.items[leg.trade] = Item(
                leg.trade, leg.instrument, row, other, leg.party, sold.party, leg.quantity, sold.amount,
                state.today, sold.amount,
            )  # fmt: skip


def net_items(state: State, instrument: int, into: RowList, totals: Totals) -> None:
    """Rows of the items of a gross instrument."""
    elements = []
    for item in state.items_of(instrument):
        item.reason = 0
        for row, sign in ((item.buyer_leg, 1), (item.seller_leg, -1)):
            quantity, amount = sign * item.quantity, -sign * item.amount
            leg = state.leg(row)
            elements.append((leg.party, quantity, amount))
            kind = LegKind.FAIL if item.since < state.today else LegKind(leg.kind)
            suffix = b"|".join((*state.trade_key(item.trade), b"B" if sign > 0 else b"S"))
            root = merkle_root([state.leaf(leg)])
            into.add(instrument, leg.party, quantity, amount, kind, 1, root, suffix)
    totals.add_elements(instrument, elements)
