"""Margin calls: made, met, or left open until they are a default (M11, M12, M13).

shortfall - what is called already > threshold --> CALL, due at time + deadline
collateral covers the requirement              --> CALL_CLOSED MET
a TICK behind the deadline, or the close of the next business date --> OVERDUE, DEFAULTED
"""

from __future__ import annotations

from novate.clearing.chart import BalanceBook, Purpose, owner_of, purpose_of
from novate.clearing.commands import Command, Staged, check_party, rung
from novate.clearing.margin_day.members import in_default, member_of, memory_of, parties_of
from novate.clearing.margin_day.memory import Call, Default
from novate.clearing.margin_day.valuation import collateral_value, margin_terms
from novate.clearing.state import State
from novate.domain.clearing_codes import CallEnd, ClearingEvent, DefaultCause
from novate.domain.codes import ClearingReject

LATEST_NS = 2**62
"""The last time that a TICK may tell; a deadline behind it still fits 64 bits."""


def call_margin(state: State, party: int, shortfall: int) -> None:
    """Close what is covered, call for what is not."""
    memory, terms = memory_of(state), margin_terms(state)
    if shortfall <= 0:
        close_calls(state, party, CallEnd.MET)
        return
    uncalled = shortfall - sum(one.amount for one in memory.calls.values() if one.party == party)
    if uncalled <= terms.threshold:
        return
    amount = max(uncalled, terms.minimum_call)
    memory.last_call += 1
    call = Call(party, amount, state.today, memory.time_ns + terms.deadline_ns)
    memory.calls[memory.last_call] = call
    state.out.put(
        ClearingEvent.CALL, party=party, currency=terms.currency, number=memory.last_call, amount=amount,
        day=call.day, version=call.deadline_ns,
    )  # fmt: skip


def close_calls(state: State, party: int, end: CallEnd) -> None:
    """All calls of a party, by number."""
    calls = memory_of(state).calls
    for number in sorted(key for key, one in calls.items() if one.party == party):
        close_call(state, number, end)


def close_call(state: State, number: int, end: CallEnd) -> None:
    """CALL_CLOSED."""
    call = memory_of(state).calls.pop(number)
    state.out.put(ClearingEvent.CALL_CLOSED, party=call.party, number=number, code=end)


def meet_calls(state: State, party: int) -> None:
    """New collateral meets calls at once if it covers the requirement of the last run."""
    needed = memory_of(state).requirements.get(party, 0)
    if collateral_value(state, party, needed) >= needed:
        close_calls(state, party, CallEnd.MET)


def tick(state: State, command: Command, staged: Staged) -> ClearingReject:
    """TICK: the time of the journal; calls whose deadline is over are defaults."""
    memory = memory_of(state)
    if not memory.time_ns <= command.version <= LATEST_NS:
        return ClearingReject.TIME_BACKWARD
    memory.time_ns = command.version
    state.out.put(ClearingEvent.TIME, version=memory.time_ns)
    escalate(state, [key for key, one in memory.calls.items() if one.deadline_ns < memory.time_ns])
    return ClearingReject.NONE


def escalate(state: State, overdue: list[int]) -> None:
    """Members whose calls are overdue are in default."""
    calls = memory_of(state).calls
    for number in sorted(overdue):
        if number in calls:
            party = calls[number].party
            close_call(state, number, CallEnd.OVERDUE)
            declare(state, party, DefaultCause.CALL_OVERDUE)


def declare_default(state: State, command: Command, staged: Staged) -> ClearingReject:
    """DECLARE_DEFAULT of the member of a party."""
    broken = check_party(state, command.party)
    broken = broken or rung(in_default(state, command.party), ClearingReject.MEMBER_IN_DEFAULT)
    if not broken:
        declare(state, command.party, DefaultCause.DECLARED)
    return broken


def declare(state: State, party: int, cause: DefaultCause) -> None:
    """DEFAULTED: with all of its accounts. What others have contributed is what they can be assessed by."""
    member = member_of(state, party)
    mine = parties_of(state, party)
    contributions = [
        [asset, owner_of(account), balance]
        for book, asset, account, balance in state.balances.rows()
        if book == BalanceBook.CASH
        and purpose_of(account) == Purpose.CONTRIBUTION
        and owner_of(account) not in (*mine, state.ccp)
    ]
    memory_of(state).defaults[member] = Default(int(cause), contributions)
    state.out.put(ClearingEvent.DEFAULTED, party=member, code=cause)
    for one in mine:
        close_calls(state, one, CallEnd.DEFAULT)
