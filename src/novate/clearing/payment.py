"""What is due to a party, and what it owes, becomes a payment (C38)."""

from __future__ import annotations

from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent


def pay_party(state: State, currency: int, party: int) -> None:
    """Due less arrears moves, as far as the party's cash reaches; what it lacks becomes its arrears."""
    due, arrears = (
        state.balances.of(book, currency, party) for book in (BalanceBook.DUE, BalanceBook.ARREARS)
    )
    net = due - arrears
    paid = net if net >= 0 else -min(state.cash(currency, party), -net)
    first, more = state.balances.next_id, paid - net - arrears
    state.move_cash(currency, state.ccp, party, paid, MoveReason.MONEY, 0)
    state.pay_later(currency, party, -due, MoveReason.MONEY, 0)
    state.balances.move(BalanceBook.ARREARS, currency, state.ccp, party, more, MoveReason.MONEY, 0)
    state.balances.chain(first)
    state.out.put(ClearingEvent.MONEY, party=party, currency=currency, amount=paid, third=paid - net)
