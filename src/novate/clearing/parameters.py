"""Deposits, withdrawals and the parameters of settlement (C18, C19)."""

from __future__ import annotations

from novate.clearing.capacity import check_outside, check_price_of_open
from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.commands import (
    Command,
    Staged,
    check_instrument,
    check_market_price,
    check_party,
    check_quantity,
    rung,
)
from novate.clearing.state import ALL_INSTRUMENTS, State
from novate.domain.clearing_codes import ClearingCommand, ClearingEvent
from novate.domain.clearing_records import NOT_GIVEN
from novate.domain.codes import ClearingReject


def deposit(state: State, command: Command, staged: Staged) -> ClearingReject:
    """DEPOSIT and WITHDRAW: a move between a party and the world, and the new balance (C18)."""
    broken = check_amount(state, command)
    if broken:
        return broken
    party, is_withdrawal = command.party, command.kind == ClearingCommand.WITHDRAW
    amount = -command.quantity if is_withdrawal else command.quantity
    why = MoveReason.WITHDRAWAL if is_withdrawal else MoveReason.DEPOSIT
    if command.instrument == NOT_GIVEN:
        currency = command.currency
        if is_withdrawal and party != state.ccp and command.quantity > state.free(currency, party):
            return ClearingReject.INSUFFICIENT_BALANCE
        broken = check_outside(state, BalanceBook.CASH, currency, party, amount)
        if broken:
            return broken
        state.move_cash(currency, state.world, party, amount, why, 0)
        state.add_own_money(currency, amount if party == state.ccp else 0)
        balance = state.cash(currency, party)
        state.out.put(ClearingEvent.BALANCE, party=party, currency=currency, amount=balance)
        return ClearingReject.NONE
    instrument = command.instrument
    if is_withdrawal and command.quantity > state.holding(instrument, party):
        return ClearingReject.INSUFFICIENT_BALANCE
    broken = check_outside(state, BalanceBook.HOLDINGS, instrument, party, amount)
    if broken:
        return broken
    state.move_securities(instrument, state.world, party, amount, why, 0)
    if party == state.ccp:
        state.add_own_securities(instrument, amount)
        state.own_deposits[instrument] = state.own_deposits.get(instrument, 0) + amount
    held = state.holding(instrument, party)
    state.out.put(ClearingEvent.BALANCE, party=party, instrument=instrument, quantity=held)
    return ClearingReject.NONE


def check_amount(state: State, command: Command) -> ClearingReject:
    """Who and what of a deposit or withdrawal; CCP/OWN is allowed."""
    broken = ClearingReject.NONE if command.party == state.ccp else check_party(state, command.party)
    if command.instrument != NOT_GIVEN:
        return (
            broken or check_instrument(state, command.instrument) or check_quantity(state, command.quantity)
        )
    is_known = 0 <= command.currency < len(state.terms.currencies)
    return (
        broken
        or rung(not is_known, ClearingReject.UNKNOWN_CURRENCY)
        or rung(not 1 <= command.quantity <= state.switches.max_amount, ClearingReject.INVALID_AMOUNT)
    )


def exempt(state: State, command: Command, staged: Staged) -> ClearingReject:
    """EXEMPT: that much of the holding is never delivered (C19)."""
    party, instrument, quantity = command.party, command.instrument, command.quantity
    broken = (
        check_party(state, party)
        or check_instrument(state, instrument)
        or rung(quantity < 0, ClearingReject.INVALID_QTY)
    )
    if broken:
        return broken
    state.exempt[instrument, party] = quantity
    state.out.put(ClearingEvent.EXEMPTED, party=party, instrument=instrument, quantity=quantity)
    return ClearingReject.NONE


def priority(state: State, command: Command, staged: Staged) -> ClearingReject:
    """PRIORITY: allocation group of a party, for an instrument or for all (C19)."""
    party, instrument, group = command.party, command.instrument, command.version
    broken = (
        check_party(state, party)
        or (ClearingReject.NONE if instrument == NOT_GIVEN else check_instrument(state, instrument))
        or rung(not 1 <= group <= 99, ClearingReject.INVALID_GROUP)
    )
    if broken:
        return broken
    state.groups[ALL_INSTRUMENTS if instrument == NOT_GIVEN else instrument, party] = group
    state.out.put(ClearingEvent.PRIORITY_SET, party=party, instrument=instrument, quantity=group)
    return ClearingReject.NONE


def mark(state: State, command: Command, staged: Staged) -> ClearingReject:
    """MARK: the marking price from now on (C19)."""
    instrument = command.instrument
    broken = (
        check_instrument(state, instrument)
        or check_market_price(state, command, instrument)
        or check_price_of_open(state, instrument, command.price_given)
    )
    if broken:
        return broken
    state.marks[command.instrument] = command.price_given
    state.out.put(
        ClearingEvent.MARK_SET, instrument=command.instrument, quantity=command.price,
        amount=command.price_high, third=command.decimals, fourth=command.zeros,
    )  # fmt: skip
    return ClearingReject.NONE
