"""The requirement of every member and account (M10): the margin method over open contracts.

MARGIN_PARAMETERS --> method        MARGIN_RUN, and every roll --> requirement, collateral, calls by party
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from novate.clearing.capacity import check_price_of_open
from novate.clearing.chart import BalanceBook, Purpose, owner_of, purpose_of
from novate.clearing.commands import (
    LARGEST,
    Command,
    Staged,
    check_instrument,
    check_price,
    rung,
)
from novate.clearing.margin_day.calls import call_margin
from novate.clearing.margin_day.members import in_default, memory_of
from novate.clearing.margin_day.memory import DayPrice
from novate.clearing.margin_day.positions import positions_by_party
from novate.clearing.margin_day.valuation import collateral_value, margin_terms
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent, ClearingFlag, MarginStyle
from novate.domain.codes import ClearingReject


def settlement_price(state: State, command: Command, staged: Staged) -> ClearingReject:
    """SETTLEMENT_PRICE: of a margined contract, from now on and for today (M3)."""
    instrument = command.instrument
    broken = check_instrument(state, instrument) or rung(
        instrument not in state.margined, ClearingReject.NOT_MARGINED
    )
    broken = (
        broken
        or check_contract_price(state, command)
        or check_price_of_open(state, instrument, command.price_given)
    )
    if broken:
        return broken
    memory_of(state).prices[instrument] = DayPrice(command.price_given, state.today)
    state.out.put(
        ClearingEvent.PRICE_SETTLED, instrument=instrument, day=state.today, quantity=command.price,
        amount=command.price_high, third=command.decimals, fourth=command.zeros,
    )  # fmt: skip
    return ClearingReject.NONE


def check_contract_price(state: State, command: Command) -> ClearingReject:
    """INVALID_PRICE; an option may be worth nothing."""
    style = state.margined[command.instrument].style
    is_nothing = command.price_given.digits == 0 and not command.flags & ClearingFlag.INVALID_PRICE
    if style == MarginStyle.PREMIUM and is_nothing and command.decimals <= state.switches.max_decimals:
        return ClearingReject.NONE
    broken = check_price(state, command)
    return broken or rung(
        state.worth(command.instrument, 1, command.price_given) > LARGEST, ClearingReject.INVALID_PRICE
    )


def margin_parameters(state: State, command: Command, staged: Staged) -> ClearingReject:
    """MARGIN_PARAMETERS: what the method computes with from now on."""
    if staged.text is None:
        return ClearingReject.MISSING_TEXT
    try:
        memory_of(state).set_parameters(staged.text)
    except (ValueError, msgspec.MsgspecError, OverflowError):
        return ClearingReject.INVALID_PARAMETERS
    method = memory_of(state).method
    digest = sha256(staged.text).digest()
    rows = method.size if method else 0
    state.out.put(ClearingEvent.PARAMETERS_SET, quantity=rows)
    state.out.put_digest(ClearingEvent.ROOT, digest)
    return ClearingReject.NONE


def lacks_parameters(state: State, party: int | None = None, without: frozenset[int] = frozenset()) -> bool:
    """Is there a position (of a party) that the parameters say nothing of? `without` are about to expire."""
    method = memory_of(state).method
    return any(
        method is None or not method.covers(instrument)
        for owner, positions in positions_by_party(state).items()
        for instrument in positions
        if party in (None, owner) and instrument not in without
    )


def requirement_now(state: State, party: int) -> int:
    """By positions as they are; parameters were checked to cover them."""
    return required(state, party, positions_by_party(state).get(party, {}))


def required(state: State, party: int, positions: dict[int, int]) -> int:
    """The method's answer for these positions, and what the party could not pay (C38)."""
    method, currency = memory_of(state).method, margin_terms(state).currency
    risk = method.requirement(positions) if method and positions else 0
    return risk + state.balances.of(BalanceBook.ARREARS, currency, party)


def margin_run(state: State, command: Command, staged: Staged) -> ClearingReject:
    """MARGIN_RUN: within the day."""
    if lacks_parameters(state):
        return ClearingReject.MISSING_PARAMETERS
    run_margin(state)
    return ClearingReject.NONE


def run_margin(state: State) -> None:
    """MARGIN of every party that has positions, collateral, or had a requirement; and its calls."""
    memory, positions = memory_of(state), positions_by_party(state)
    pledged = {
        owner_of(account)
        for _, _, account, _ in state.balances.rows()
        if purpose_of(account) == Purpose.COLLATERAL
    }
    for party in sorted({*positions, *pledged, *memory.requirements}):
        needed = required(state, party, positions.get(party, {}))
        value = collateral_value(state, party, needed)
        state.out.put(
            ClearingEvent.MARGIN, party=party, currency=margin_terms(state).currency, quantity=needed,
            amount=value, third=value - needed,
        )  # fmt: skip
        if needed:
            memory.requirements[party] = needed
        else:
            memory.requirements.pop(party, None)
        if not in_default(state, party):
            call_margin(state, party, needed - value)
