"""Step 1 of continuous net settlement: what has no quantity is paid, shorts deliver to the CCP (C30)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.open_positions import Position
from novate.clearing.settlement.lines import Line, move_lines
from novate.clearing.settlement.open_columns import OpenColumns
from novate.clearing.state import State, part
from novate.domain.clearing_codes import ClearingEvent, OpenReason
from novate.domain.clearing_records import CLEARING_EVENT, NOT_GIVEN

Int64s = npt.NDArray[np.int64]


def pay_money_only(state: State, instrument: int, party: int, position: Position) -> None:
    """A position without quantity: its amount to due, closed."""
    amount, position.amount = position.amount, 0
    state.pay_later(state.currency(instrument), party, amount, MoveReason.MONEY_ONLY, instrument)
    state.out.put(ClearingEvent.MONEY_ONLY, party=party, instrument=instrument, amount=amount)
    state.close_if_empty(instrument, party)


def deliver(state: State, columns: OpenColumns) -> int:
    """MONEY_ONLY and DELIVERED by instrument and party; returns how many they are."""
    given, amount = deliveries(state, columns)
    is_money = columns.quantity == 0
    amount[is_money] = columns.amount[is_money]
    left = np.maximum(-columns.quantity, 0) - given
    rows = np.flatnonzero(is_money | (given > 0))
    why = np.where(is_money, MoveReason.MONEY_ONLY, MoveReason.CONSIDERATION)[rows]
    line = Line(columns.instrument[rows], columns.party[rows], given[rows], amount[rows])
    move_lines(state, line, -1, MoveReason.DELIVERY, why)
    events = np.zeros(len(rows), CLEARING_EVENT)
    events["kind"] = np.where(is_money[rows], ClearingEvent.MONEY_ONLY, ClearingEvent.DELIVERED)
    events["currency"] = NOT_GIVEN
    events["instrument"], events["party"] = line.instrument, line.party
    events["quantity"], events["amount"], events["third"] = line.quantity, line.amount, left[rows]
    state.out.put_records(events)
    for number in np.flatnonzero((given > 0) & (columns.place < 0)).tolist():
        columns.objects[-1 - int(columns.place[number])].take(int(given[number]))
    columns.quantity[:] += given
    columns.amount[:] -= amount
    return len(rows)


def deliveries(state: State, columns: OpenColumns) -> tuple[Int64s, Int64s]:
    """What each short gives now, and its share of the amount; reasons of those who lack something."""
    shorts = np.flatnonzero(columns.quantity < 0)
    instrument, party = columns.instrument[shorts], columns.party[shorts]
    owed = -columns.quantity[shorts]
    held = state.balances.of_many(BalanceBook.HOLDINGS, instrument, party)
    if state.exempt:
        exempt = [state.exempt.get(key, 0) for key in zip(instrument.tolist(), party.tolist(), strict=True)]
        held = np.maximum(held - np.array(exempt, np.int64), 0)
    taken = np.minimum(owed, held)
    lacks = taken < owed
    columns.reason[shorts[lacks]] = OpenReason.SECURITIES
    if not state.switches.partials:
        taken[lacks] = 0
    moved = np.where(lacks, 0, columns.amount[shorts])
    for at in np.flatnonzero(lacks & (taken > 0)).tolist():
        moved[at] = part(int(columns.amount[shorts[at]]), int(taken[at]), int(owed[at]))
    given, amount = np.zeros(columns.size, np.int64), np.zeros(columns.size, np.int64)
    given[shorts], amount[shorts] = taken, moved
    return given, amount
