"""What the margin day adds to a roll (M5, M6, M10): before the day's money moves, and behind it.

variation margin, expiries --> money --> calls that are overdue, requirement, calls
"""

from __future__ import annotations

import numpy as np

from novate.clearing.commands import rung
from novate.clearing.margin_day.calls import escalate
from novate.clearing.margin_day.members import memory_of
from novate.clearing.margin_day.positions import held_of, is_due_to_expire, lacks_price
from novate.clearing.margin_day.requirement import lacks_parameters, run_margin
from novate.clearing.margin_day.variation import owed_now, vary
from novate.clearing.state import State
from novate.clearing.trades.legs import close_giveup
from novate.domain.clearing_codes import ClearingEvent, GiveUpEnd
from novate.domain.codes import ClearingReject


def check(state: State) -> ClearingReject:
    """NO_SETTLEMENT_PRICE, MISSING_PARAMETERS: a day cannot close without them."""
    if state.margin is None:
        return ClearingReject.NONE
    is_unpriced = any(
        lacks_price(state, instrument, is_due_to_expire(state, instrument))
        for instrument in sorted(state.margined)
    )
    return rung(is_unpriced, ClearingReject.NO_SETTLEMENT_PRICE) or rung(
        lacks_parameters(state, None, frozenset(expiring(state))), ClearingReject.MISSING_PARAMETERS
    )


def expiring(state: State) -> list[int]:
    """Contracts that expire today, ascending."""
    expired = memory_of(state).expired
    return [one for one in sorted(state.margined) if one not in expired and is_due_to_expire(state, one)]


def before_money(state: State) -> None:
    """Variation margin becomes due; contracts that expire are settled for good."""
    if state.margin is None:
        return
    ends = expiring(state)
    vary(state, owed_now(state, ends))
    for instrument in ends:
        expire(state, instrument)


def expire(state: State, instrument: int) -> None:
    """EXPIRED: legs are settled, and what rounding has left over of all payments falls on the CCP."""
    memory = memory_of(state)
    opened = sum(max(0, held.quantity) for held in held_of(state, instrument).values())
    rows = state.waiting.of(instrument)
    trades = {int(trade) for trade in state.legs.array["trade"][rows]}
    for giveup in sorted(state.giveups):
        if state.giveups[giveup].trade in trades:
            close_giveup(state, giveup, GiveUpEnd.EXPIRED)
    state.settle_legs(np.asarray(rows, np.int64))
    paid = {key: amount for key, amount in memory.paid.items() if key[0] == instrument}
    state.add_own_money(state.currency(instrument), -sum(paid.values()))
    for key in paid:
        del memory.paid[key]
    memory.expired.add(instrument)
    state.out.put(ClearingEvent.EXPIRED, instrument=instrument, day=state.today, quantity=opened)


def behind_money(state: State) -> None:
    """Calls of an earlier date are overdue; then the requirement of the day that ends, and its calls."""
    if state.margin is None:
        return
    escalate(state, [key for key, one in state.margin.calls.items() if one.day < state.today])
    run_margin(state)
