"""Splits at the opening of their ex-date: everything that is counted in old securities (C46, C47).

holdings, exemptions, open positions, items, waiting legs, netted legs, intents: floor(quantity * new / old)
what the floor leaves: cash in lieu, where the split has a cash price
"""

from __future__ import annotations

from novate.clearing.chart import BalanceBook, MoveReason, owner_of
from novate.clearing.state import Corporate, State
from novate.clearing.trades.legs import emit_fraction, in_lieu, split_leg
from novate.domain.clearing_codes import ClearingEvent, CorporateKind, FractionOf, LegState


def apply_splits(state: State) -> None:
    """All splits whose ex-date is today, by instrument and id."""
    for name, event in state.events_of(CorporateKind.SPLIT, "ex_day", state.today):
        instrument = event.instrument
        state.out.put(
            ClearingEvent.SPLIT_APPLIED, instrument=instrument, quantity=event.new, amount=event.old
        )
        state.out.put_text(name)
        split_holdings(state, name, event)
        split_positions(state, name, event)
        split_items(state, name, event)
        split_waiting(state, name, event)
        split_netted(state, event)
        state.splits.setdefault(instrument, []).append(name)
        state.marks.pop(instrument, None)
        state.own_securities[instrument] = ccp_securities(state, instrument)


def ccp_securities(state: State, instrument: int) -> int:
    """What of an instrument is the CCP's own: held, less what it owes to members (C48)."""
    opened = sum(position.quantity for _, position in state.positions_of(instrument))
    waits = sum(leg.quantity for _, leg in state.waiting_rows(instrument))
    return state.holding(instrument, state.ccp) - opened - waits


def split_holdings(state: State, name: bytes, event: Corporate) -> None:
    """Holdings of all but the world, and exemptions."""
    instrument, currency = event.instrument, state.currency(event.instrument)
    for party, held in state.balances.parties(BalanceBook.HOLDINGS, instrument):
        if party == state.world:
            continue
        quantity, remainder = divmod(held * event.new, event.old)
        state.move_securities(instrument, state.world, party, quantity - held, MoveReason.SPLIT, instrument)
        cash = in_lieu(state, remainder, event)
        state.move_cash(currency, state.world, party, cash, MoveReason.CASH_IN_LIEU, instrument)
        state.add_own_money(currency, cash if party == state.ccp else 0)
        emit_fraction(state, name, owner_of(party), FractionOf.HOLDING, cash)
    for of, party in sorted(state.exempt):
        if of == instrument:
            state.exempt[of, party] = state.exempt[of, party] * event.new // event.old


def split_positions(state: State, name: bytes, event: Corporate) -> None:
    """Lots by running totals, so that the position is rounded once. A position that a mark had left without
    an amount may be nothing after it (C21)."""
    for party, position in state.positions_of(event.instrument):
        before = after = 0
        sign = 1 if position.quantity > 0 else -1
        for lot in position.lots:
            before += abs(lot[1])
            now = before * event.new // event.old
            lot[1], after = sign * (now - after), now
        position.lots = [lot for lot in position.lots if lot[1]]
        cash = in_lieu(state, before * event.new % event.old, event)
        pay_open(state, name, event, party, sign * cash)
        state.close_if_empty(event.instrument, party)


def split_items(state: State, name: bytes, event: Corporate) -> None:
    """Items by source and trade id, buyer before seller."""
    for item in state.items_of(event.instrument):
        item.quantity, remainder = divmod(item.quantity * event.new, event.old)
        cash = in_lieu(state, remainder, event)
        pay_open(state, name, event, item.buyer, cash)
        pay_open(state, name, event, item.seller, -cash)
        if not item.quantity and not item.amount:
            state.close_item(item)


def pay_open(state: State, name: bytes, event: Corporate, party: int, cash: int) -> None:
    """Cash in lieu of what is open goes to due and stays there."""
    currency = state.currency(event.instrument)
    state.pay_later(currency, party, cash, MoveReason.CASH_IN_LIEU, event.instrument)
    state.add_own_money(currency, -cash)
    emit_fraction(state, name, party, FractionOf.OPEN, cash)


def split_waiting(state: State, name: bytes, event: Corporate) -> None:
    """Waiting legs by due day, party and leaf data."""
    found = [(leg.due, leg.party, state.leaf(leg), row) for row, leg in state.waiting_rows(event.instrument)]
    for _, _, _, row in sorted(found):
        leg = split_leg(state, state.leg(row), name, event)
        state.legs.set(row, "quantity", leg.quantity)
        state.legs.set(row, "lieu", leg.lieu)


def split_netted(state: State, event: Corporate) -> None:
    """Current legs that were netted follow silently (for later reversals), and so do intents."""
    of_instrument = (state.legs.array["instrument"] == event.instrument).nonzero()[0]
    for row in of_instrument.tolist():
        leg = state.leg(row)
        is_netted = leg.state in (LegState.OPEN, LegState.SETTLED)
        if is_netted and leg.trade >= 0 and row in state.legs_of(leg.trade):
            quantity = abs(leg.quantity) * event.new // event.old
            state.legs.set(row, "quantity", quantity if leg.quantity > 0 else -quantity)
    for number in sorted(state.intents):
        intent = state.intents[number]
        if intent.instrument == event.instrument:
            intent.left = intent.left * event.new // event.old
