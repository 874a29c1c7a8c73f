"""Collateral: what it is worth for a requirement, and how it comes and goes (M7 to M9).

held * price [* exchange rate] * (1 - haircut) [* (1 - currency haircut)], rounded down once
    of each asset no more than its share of the requirement
"""

from __future__ import annotations

from novate.clearing.capacity import check_outside
from novate.clearing.chart import BalanceBook, MoveReason, Purpose, account_of
from novate.clearing.commands import (
    Command,
    Staged,
    check_instrument,
    check_market_price,
    check_party,
    check_price,
    rung,
)
from novate.clearing.margin_day.calls import meet_calls
from novate.clearing.margin_day.members import in_default, member_of, memory_of
from novate.clearing.margin_day.requirement import lacks_parameters, requirement_now
from novate.clearing.margin_day.valuation import collateral_value
from novate.clearing.parameters import check_amount
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingCommand, ClearingEvent
from novate.domain.clearing_records import NOT_GIVEN
from novate.domain.codes import ClearingReject


def place_named(command: Command) -> tuple[BalanceBook, int]:
    """Book and asset that a command names."""
    if command.instrument == NOT_GIVEN:
        return BalanceBook.CASH, command.currency
    return BalanceBook.HOLDINGS, command.instrument


def pledge(state: State, command: Command, staged: Staged) -> ClearingReject:
    """PLEDGE: collateral comes in from outside."""
    book, asset = place_named(command)
    terms = state.terms.margin
    eligible = {(one.book, one.asset) for one in terms.eligible} if terms else set()
    broken = (
        check_member_amount(state, command)
        or rung((book, asset) not in eligible, ClearingReject.NOT_ELIGIBLE_COLLATERAL)
        or check_outside(state, book, asset, command.party, command.quantity)
    )
    if broken:
        return broken
    move(state, book, asset, command.party, command.quantity)
    meet_calls(state, command.party)
    return ClearingReject.NONE


def release(state: State, command: Command, staged: Staged) -> ClearingReject:
    """RELEASE: collateral that the requirement does not need goes back."""
    book, asset = place_named(command)
    party, quantity = command.party, command.quantity
    broken = check_member_amount(state, command)
    if broken:
        return broken
    held = state.balances.of(book, asset, account_of(party, Purpose.COLLATERAL))
    is_barred = in_default(state, party) and not memory_of(state).defaults[member_of(state, party)].is_closed
    broken = (
        rung(is_barred, ClearingReject.MEMBER_IN_DEFAULT)
        or rung(quantity > held, ClearingReject.INSUFFICIENT_BALANCE)
        or rung(lacks_parameters(state, party), ClearingReject.MISSING_PARAMETERS)
    )
    if broken:
        return broken
    needed = max(requirement_now(state, party), memory_of(state).requirements.get(party, 0))
    left = collateral_value(state, party, needed, {(int(book), asset): -quantity})
    if needed and left < needed:
        return ClearingReject.COLLATERAL_NEEDED
    move(state, book, asset, party, -quantity)
    return ClearingReject.NONE


def check_member_amount(state: State, command: Command) -> ClearingReject:
    """Who and what; the CCP has no collateral with itself."""
    return check_party(state, command.party) or check_amount(state, command)


def move(state: State, book: BalanceBook, asset: int, party: int, quantity: int) -> None:
    """Between the world and a party's collateral, and the new balance."""
    account = account_of(party, Purpose.COLLATERAL)
    state.balances.move(book, asset, state.world, account, quantity, MoveReason.COLLATERAL, 0)
    emit_collateral(state, book, asset, party)


def emit_collateral(state: State, book: BalanceBook, asset: int, party: int) -> None:
    """COLLATERAL: what a party has now."""
    held = state.balances.of(book, asset, account_of(party, Purpose.COLLATERAL))
    if book == BalanceBook.HOLDINGS:
        state.out.put(ClearingEvent.COLLATERAL, party=party, instrument=asset, quantity=held)
    else:
        state.out.put(ClearingEvent.COLLATERAL, party=party, currency=asset, amount=held)


def contribute(state: State, command: Command, staged: Staged) -> ClearingReject:
    """CONTRIBUTE and RETIRE_CONTRIBUTION: the default fund, and of the CCP the house's own layer (M14)."""
    party, is_retired = command.party, command.kind == ClearingCommand.RETIRE_CONTRIBUTION
    broken = check_amount(state, command) or rung(
        command.instrument != NOT_GIVEN, ClearingReject.NOT_ELIGIBLE_COLLATERAL
    )
    if broken:
        return broken
    account, currency = account_of(party, Purpose.CONTRIBUTION), command.currency
    held = state.balances.of(BalanceBook.CASH, currency, account)
    has_default = any(not one.is_closed for one in memory_of(state).defaults.values())
    broken = (
        rung(is_retired and has_default, ClearingReject.MEMBER_IN_DEFAULT)
        or rung(is_retired and command.quantity > held, ClearingReject.INSUFFICIENT_BALANCE)
        or check_outside(state, BalanceBook.CASH, currency, party, command.quantity)
    )
    if broken:
        return broken
    amount = -command.quantity if is_retired else command.quantity
    world = state.world
    state.balances.move(BalanceBook.CASH, currency, world, account, amount, MoveReason.CONTRIBUTION, 0)
    state.out.put(ClearingEvent.CONTRIBUTION, party=party, currency=currency, amount=held + amount)
    return ClearingReject.NONE


def valuation(state: State, command: Command, staged: Staged) -> ClearingReject:
    """VALUATION: the price of a security, or of a unit of a currency in the margin currency (M8)."""
    book, asset = place_named(command)
    if book == BalanceBook.HOLDINGS:
        broken = check_instrument(state, asset) or check_market_price(state, command, asset)
    else:
        is_known = 0 <= asset < len(state.terms.currencies)
        broken = rung(not is_known, ClearingReject.UNKNOWN_CURRENCY) or check_price(state, command)
    if broken:
        return broken
    memory_of(state).values[int(book), asset] = command.price_given
    state.out.put(
        ClearingEvent.VALUED, instrument=command.instrument, currency=command.currency,
        quantity=command.price, amount=command.price_high, third=command.decimals, fourth=command.zeros,
    )  # fmt: skip
    return ClearingReject.NONE
