"""Variation margin: the change of what positions are worth, paid between members through the house (M4, M5).

value now - paid so far --> DUE of the party, the CCP on the other side        at the roll, and on command
VARIATION on command    --> and at once from or to its cash, as far as that reaches
"""

from __future__ import annotations

from collections.abc import Collection

from novate.clearing.capacity import check_money
from novate.clearing.chart import MoveReason
from novate.clearing.commands import Command, Staged, rung
from novate.clearing.margin_day.members import memory_of
from novate.clearing.margin_day.positions import Held, held_of, lacks_price, value_of
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent, MarginStyle
from novate.domain.codes import ClearingReject

Owed = tuple[int, int, int, int]
"""(instrument, party, quantity, what is to be paid now)."""
NOTHING = Held(0, 0)


def variation(state: State, command: Command, staged: Staged) -> ClearingReject:
    """VARIATION: an extra payment within the day."""
    is_unpriced = any(lacks_price(state, instrument, False) for instrument in sorted(state.margined))
    if is_unpriced:
        return ClearingReject.NO_SETTLEMENT_PRICE
    owed = owed_now(state)
    moved: dict[int, int] = {}
    for instrument, _, _, amount in owed:
        currency = state.currency(instrument)
        moved[currency] = moved.get(currency, 0) + 2 * abs(amount)
    bears = not any(check_money(state, *one) for one in sorted(moved.items()))
    if not bears:
        return rung(True, ClearingReject.AMOUNT_OVERFLOW)
    vary(state, owed)
    pay_now(state, owed)
    return ClearingReject.NONE


def owed_now(
    state: State, expiring: Collection[int] = (), parties: Collection[int] | None = None
) -> list[Owed]:
    """What is to be paid, by instrument and party; of some parties only, if they are given."""
    memory = memory_of(state)
    owed = []
    for instrument in sorted(state.margined):
        held = held_of(state, instrument)
        # Of a cancelled trade nothing is held any more, but something may have been paid.
        paid = {party for of, party in memory.paid if of == instrument}
        for party in sorted(held.keys() | paid):
            if parties is not None and party not in parties:
                continue
            one = held.get(party, NOTHING)
            value = value_of(state, instrument, one, instrument in expiring)
            amount = value - memory.paid.get((instrument, party), 0)
            if amount:
                owed.append((instrument, party, one.quantity, amount))
    return owed


def vary(state: State, owed: list[Owed]) -> None:
    """Payments of variation margin and premium become due."""
    for instrument, party, quantity, amount in owed:
        is_future = state.margined[instrument].style == MarginStyle.FUTURE
        why = MoveReason.VARIATION if is_future else MoveReason.PREMIUM
        state.pay_later(state.currency(instrument), party, amount, why, instrument)
        memory_of(state).add_paid(instrument, party, amount)
        state.out.put(
            ClearingEvent.VARIATION, party=party, instrument=instrument, quantity=quantity, amount=amount
        )


def pay_now(state: State, owed: list[Owed]) -> None:
    """The same payments out of cash and into it; what a party lacks stays due until the roll."""
    sums: dict[tuple[int, int], int] = {}
    for instrument, party, _, amount in owed:
        key = (state.currency(instrument), party)
        sums[key] = sums.get(key, 0) + amount
    for (currency, party), amount in sorted(sums.items()):
        if not amount:
            continue
        paid = amount if amount > 0 else -min(state.cash(currency, party), -amount)
        first = state.balances.next_id
        state.move_cash(currency, state.ccp, party, paid, MoveReason.MONEY, 0)
        state.pay_later(currency, party, -paid, MoveReason.MONEY, 0)
        if paid:
            state.balances.chain(first)
        state.out.put(
            ClearingEvent.VARIATION_PAID, party=party, currency=currency, amount=paid, third=paid - amount
        )
