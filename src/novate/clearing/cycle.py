"""The netting cycle: legs become positions, positions become rows (C20, C21, C24).

    waiting legs due today + open positions --> lots and amounts --> OBLIGATION rows, totals, digest

Rows of an instrument sum to zero; where members alone do not, one row of the CCP closes the gap.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novate.clearing.buyins import tidy_intents
from novate.clearing.commands import Command, Staged
from novate.clearing.cycle_rows import Row, balancing_row, emit_cycle, obligation
from novate.clearing.rows import Leg
from novate.clearing.state import Item, Position, State
from novate.clearing.trades.legs import close_giveup
from novate.domain.clearing_codes import GiveUpEnd, LegKind, LegState
from novate.domain.codes import ClearingReject, Side

Element = tuple[int, int]
"""Quantity and amount of a leg or a carried position (C25)."""


class Netted(NamedTuple):
    """What a cycle did in one instrument."""

    instrument: int
    elements: list[Element]
    rows: list[Row]


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
    entering = {
        leg.trade
        for instrument in state.instruments_today()
        for _, leg in state.waiting_rows(instrument, state.today)
    }
    for giveup in sorted(state.giveups):
        if state.giveups[giveup].trade in entering:
            close_giveup(state, giveup, GiveUpEnd.EXPIRED)


def netting_cycle(state: State) -> None:
    """One cycle over all instruments that settle today."""
    state.cycles += 1
    found: list[Netted] = []
    rows: list[Row] = []
    for instrument in state.instruments_today():
        one = (net_items if state.is_gross(instrument) else net_positions)(state, instrument)
        if one.elements:
            found.append(one)
        rows += one.rows + balancing_row(state, instrument, one.rows)
    rows.sort(key=lambda row: row.key)
    emit_cycle(state, rows, [(one.instrument, one.elements, one.rows) for one in found])


def enter_legs(state: State, instrument: int) -> list[tuple[int, Leg]]:
    """Take the legs of the cycle out of the waiting room; (row, leg)."""
    entering = list(state.waiting_rows(instrument, state.today))
    trades = [leg.trade for _, leg in entering if leg.trade >= 0]
    state.legs.array["state"][np.array([row for row, _ in entering], np.int64)] = LegState.OPEN
    state.trades.array["is_netted"][np.array(trades, np.int64)] = 1
    by_day = state.waiting.get(instrument, {})
    for day in sorted(by_day):
        if day <= state.today:
            del by_day[day]
    return entering


def net_positions(state: State, instrument: int) -> Netted:
    """Entering legs change the positions of a net instrument."""
    carried = state.positions_of(instrument)
    elements = [(position.quantity, position.amount) for _, position in carried]
    is_fail = {party: any(lot[0] < state.today for lot in one.lots) for party, one in carried}
    entering: dict[int, list[tuple[int, Leg]]] = {}
    for row, leg in enter_legs(state, instrument):
        entering.setdefault(leg.party, []).append((row, leg))
        elements.append((leg.quantity, leg.amount))
    positions = state.positions.setdefault(instrument, {})
    for party in sorted(entering):
        join(state, positions.setdefault(party, Position()), entering[party])
        state.close_if_empty(instrument, party)
    rows = []
    for party, position in state.positions_of(instrument):
        position.reason = 0
        kind = LegKind.COEV if position.coev == state.today else LegKind.NEW1
        leaves = state.leaves(position.legs)
        rows.append(
            obligation(
                state, instrument, party, position.quantity, position.amount,
                LegKind.FAIL if is_fail.get(party) else kind,
                len(entering.get(party, ())) + (party in is_fail), leaves,
            )
        )  # fmt: skip
    return Netted(instrument, elements, rows)


def join(state: State, position: Position, entering: list[tuple[int, Leg]]) -> None:
    """Entering legs change the lots by their sum (C21)."""
    delta, quantity = sum(leg.quantity for _, leg in entering), position.quantity
    position.amount += sum(leg.amount for _, leg in entering)
    position.legs.extend(row for row, _ in entering)
    if any(leg.kind == LegKind.COEV for _, leg in entering):
        position.coev = state.today
    if delta * quantity < 0:
        covered = min(abs(delta), abs(quantity))
        position.take(covered, newest_first=state.switches.lot_order == "NEWEST")
        delta += covered if delta < 0 else -covered
    if delta and position.lots and position.lots[-1][0] == state.today:
        position.lots[-1][1] += delta
    elif delta:
        position.lots.append([state.today, delta])


def net_items(state: State, instrument: int) -> Netted:
    """Every trade of a gross instrument stays alone (C24)."""
    legs = enter_legs(state, instrument)
    sells = {leg.trade: (row, leg) for row, leg in legs if leg.side == Side.SELL}
    for row, leg in legs:
        if leg.side == Side.BUY:
            other, sold = sells[leg.trade]
            state.items[leg.trade] = Item(
                leg.trade, instrument, row, other, leg.party, sold.party, leg.quantity, sold.amount,
                state.today, sold.amount,
            )  # fmt: skip
    elements: list[Element] = []
    rows = []
    for item in state.items_of(instrument):
        item.reason = 0
        for row, sign in ((item.buyer_leg, 1), (item.seller_leg, -1)):
            quantity, amount = sign * item.quantity, -sign * item.amount
            elements.append((quantity, amount))
            leg = state.leg(row)
            kind = LegKind.FAIL if item.since < state.today else LegKind(leg.kind)
            suffix = b"|".join((*state.trade_key(item.trade), b"B" if sign > 0 else b"S"))
            rows.append(
                obligation(state, instrument, leg.party, quantity, amount, kind, 1, [state.leaf(leg)], suffix)
            )
    return Netted(instrument, elements, rows)
