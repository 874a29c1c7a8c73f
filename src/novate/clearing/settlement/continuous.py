"""Continuous net settlement: shorts deliver to the CCP, the CCP allocates to the longs (C30 to C32).

shorts --securities--> CCP --lot by lot: group, age, hash--> longs        money waits in `due` for the roll
"""

from __future__ import annotations

from hashlib import sha256

from novate.clearing.buyins import has_intent, is_eligible
from novate.clearing.chart import MoveReason
from novate.clearing.house_terms import day_text
from novate.clearing.settlement.batch import open_of
from novate.clearing.state import ALL_INSTRUMENTS, DEFAULT_GROUP, Position, State, part
from novate.domain.clearing_codes import ClearingEvent, ClearingFlag, OpenReason, Policy


def settle_continuously(state: State) -> int:
    """Returns how many lines settled something."""
    lines = 0
    for instrument, party, position in open_of(state, Policy.CNS):
        quantity = position.quantity
        if quantity == 0:
            pay_money_only(state, instrument, party, position)
            lines += 1
        elif quantity < 0:
            lines += deliver_short(state, instrument, party, position)
    for instrument in state.instruments_today():
        if state.policy(instrument) == Policy.CNS:
            lines += allocate_to_longs(state, instrument)
    return lines


def pay_money_only(state: State, instrument: int, party: int, position: Position) -> None:
    """A position without quantity: its amount to due, closed."""
    amount, position.amount = position.amount, 0
    state.pay_later(state.currency(instrument), party, amount, MoveReason.MONEY_ONLY, instrument)
    state.out.put(ClearingEvent.MONEY_ONLY, party=party, instrument=instrument, amount=amount)
    state.close_if_empty(instrument, party)


def deliver_short(state: State, instrument: int, party: int, position: Position) -> int:
    """What a short has goes to the CCP; 1 if that is anything."""
    owed = -position.quantity
    given = min(owed, state.deliverable(instrument, party))
    if given < owed:
        position.reason = OpenReason.SECURITIES
        given = given if state.switches.partials else 0
    if given == 0:
        return 0
    amount = part(position.amount, given, owed)
    first = state.balances.next_id
    state.move_securities(instrument, party, state.ccp, given, MoveReason.DELIVERY, instrument)
    state.pay_later(state.currency(instrument), party, amount, MoveReason.CONSIDERATION, instrument)
    state.balances.chain(first)
    position.amount -= amount
    position.take(given)
    state.out.put(
        ClearingEvent.DELIVERED, party=party, instrument=instrument, quantity=given, amount=amount,
        third=owed - given,
    )  # fmt: skip
    state.close_if_empty(instrument, party)
    return 1


def group_of(state: State, instrument: int, party: int, since: int) -> int:
    """Allocation group of a lot (C19, C31)."""
    if has_intent(state, instrument, party) and is_eligible(state, instrument, since):
        return 0
    general = state.groups.get((ALL_INSTRUMENTS, party), DEFAULT_GROUP)
    return state.groups.get((instrument, party), general)


def allocate_to_longs(state: State, instrument: int) -> int:
    """All lots of the longs in the order of C31; returns how many received something."""
    run = f"{day_text(state.today)}/S{state.runs}"
    lots = []
    for party, position in state.positions_of(instrument):
        if position.quantity > 0:
            position.reason = OpenReason.AWAITING
            names = (*state.terms.parties[party], state.switches.alloc_key)
            name = "|".join((run, state.terms.instruments[instrument].name, *names))
            ticket = sha256(name.encode()).digest()
            for lot in position.lots:
                lots.append((group_of(state, instrument, party, lot[0]), lot[0], ticket, party))
    return sum(receive_lot(state, instrument, party, group, since) for group, since, _, party in sorted(lots))


def receive_lot(state: State, instrument: int, party: int, group: int, since: int) -> int:
    """As much of a lot as the CCP holds and the party can pay (C31, C32); 1 if that is anything."""
    position, currency = state.positions[instrument][party], state.currency(instrument)
    lot = next(one for one in position.lots if one[0] == since)
    given = min(lot[1], state.holding(instrument, state.ccp))
    if given <= 0 or (given < lot[1] and not state.switches.partials):
        return 0
    amount = part(position.amount, given, position.quantity)
    if amount < 0 and state.purse(currency, party) + amount < 0:
        position.reason = OpenReason.CASH
        state.out.put(
            ClearingEvent.HELD, party=party, instrument=instrument, day=since, quantity=given, amount=amount
        )
        return 0
    first = state.balances.next_id
    state.move_securities(instrument, state.ccp, party, given, MoveReason.RECEIPT, instrument)
    state.pay_later(currency, party, amount, MoveReason.CONSIDERATION, instrument)
    state.balances.chain(first)
    position.amount -= amount
    lot[1] -= given
    position.lots = [one for one in position.lots if one[1]]
    state.out.put(
        ClearingEvent.RECEIVED, flags=ClearingFlag.OF_ALLOCATION, party=party, instrument=instrument,
        quantity=given, amount=amount, third=position.quantity, number=group, day=since,
    )  # fmt: skip
    state.close_if_empty(instrument, party)
    return 1
