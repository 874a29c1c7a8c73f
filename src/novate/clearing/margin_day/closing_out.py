"""Closing out a member in default: its contracts go to others, its securities become money (M15)."""

from __future__ import annotations

from novate.clearing.capacity import check_legs, check_outside
from novate.clearing.chart import BalanceBook, MoveReason, Purpose, account_of
from novate.clearing.commands import (
    Command,
    Staged,
    check_instrument,
    check_party,
    check_price,
    check_quantity,
    rung,
)
from novate.clearing.margin_day.collateral import check_member_amount, emit_collateral, place_named
from novate.clearing.margin_day.members import in_default
from novate.clearing.margin_day.positions import Held, held_of
from novate.clearing.margin_day.requirement import check_contract_price
from novate.clearing.margin_day.valuation import margin_terms
from novate.clearing.rows import NO_ROW, Leg
from novate.clearing.state import State
from novate.clearing.trades.legs import add_leg
from novate.domain.clearing_codes import ClearingEvent, LegKind, LegState
from novate.domain.codes import ClearingReject, Side
from novate.domain.units import div_half_up


def close_out(state: State, command: Command, staged: Staged) -> ClearingReject:
    """CLOSE_OUT: a quantity of the defaulter's contracts goes to another member at a declared price."""
    party, taker, instrument = command.party, command.other_party, command.instrument
    broken = (
        check_party(state, party)
        or check_party(state, taker)
        or check_instrument(state, instrument)
        or rung(instrument not in state.margined, ClearingReject.NOT_MARGINED)
        or rung(not in_default(state, party), ClearingReject.NOT_IN_DEFAULT)
        or rung(in_default(state, taker), ClearingReject.MEMBER_IN_DEFAULT)
        or check_quantity(state, command.quantity)
        or check_contract_price(state, command)
    )
    if broken:
        return broken
    held = held_of(state, instrument).get(party, Held(0, 0)).quantity
    if command.quantity > abs(held):
        return ClearingReject.INSUFFICIENT_POSITION
    sign = 1 if held > 0 else -1
    amount = state.worth(instrument, command.quantity, command.price_given)
    broken = rung(amount > state.switches.max_amount, ClearingReject.AMOUNT_OVERFLOW)
    broken = broken or check_legs(state, [(instrument, 2 * command.quantity, 2 * amount)])
    if broken:
        return broken
    state.last_transfer += 1
    # The defaulter gives what it has: who was long sells, who was short buys.
    gives = Leg(
        -state.last_transfer, NO_ROW, 1, party, instrument, -sign * command.quantity, sign * amount, 0,
        state.today, state.today, Side.SELL if sign > 0 else Side.BUY, LegKind.NEW1, LegState.WAITING, 0,
    )  # fmt: skip
    state.out.put(
        ClearingEvent.CLOSED_OUT, party=party, instrument=instrument, number=state.last_transfer,
        quantity=gives.quantity, amount=gives.amount,
    )  # fmt: skip
    add_leg(state, gives)
    side = Side.BUY if sign > 0 else Side.SELL
    add_leg(state, gives._replace(party=taker, quantity=-gives.quantity, amount=-gives.amount, side=side))
    return ClearingReject.NONE


def sell_collateral(state: State, command: Command, staged: Staged) -> ClearingReject:
    """SELL_COLLATERAL: securities or foreign money of a defaulter become money, at a declared price."""
    book, asset = place_named(command)
    party, quantity = command.party, command.quantity
    broken = check_member_amount(state, command) or check_price(state, command)
    broken = broken or rung(not in_default(state, party), ClearingReject.NOT_IN_DEFAULT)
    if broken:
        return broken
    account = account_of(party, Purpose.COLLATERAL)
    currency = state.currency(asset) if book == BalanceBook.HOLDINGS else margin_terms(state).currency
    proceeds = worth_of(state, book, asset, command)
    broken = (
        rung(quantity > state.balances.of(book, asset, account), ClearingReject.INSUFFICIENT_BALANCE)
        or rung((book, asset) == (BalanceBook.CASH, currency), ClearingReject.WRONG_CURRENCY)
        or rung(not 0 < proceeds <= state.switches.max_amount, ClearingReject.AMOUNT_OVERFLOW)
        or check_outside(state, BalanceBook.CASH, currency, party, proceeds)
        or check_outside(state, book, asset, party, -quantity)
    )
    if broken:
        return broken
    first, why = state.balances.next_id, MoveReason.COLLATERAL_SALE
    state.balances.move(book, asset, account, state.world, quantity, why, 0)
    state.balances.move(BalanceBook.CASH, currency, state.world, account, proceeds, why, 0)
    state.balances.chain(first)
    state.out.put(
        ClearingEvent.COLLATERAL_SOLD, party=party, instrument=command.instrument, currency=command.currency,
        quantity=quantity, amount=proceeds,
    )  # fmt: skip
    emit_collateral(state, BalanceBook.CASH, currency, party)
    return ClearingReject.NONE


def worth_of(state: State, book: BalanceBook, asset: int, command: Command) -> int:
    """Minor units, half up (C2)."""
    if book == BalanceBook.HOLDINGS:
        return state.worth(asset, command.quantity, command.price_given)
    digits = [state.terms.currencies[one].digits for one in (margin_terms(state).currency, asset)]
    price = command.price_given
    return div_half_up(
        command.quantity * price.digits * 10 ** digits[0], int(10 ** (price.decimals + digits[1]))
    )
