"""Model 3: all positions of a currency at once, or none (C29)."""

from __future__ import annotations

from novate.clearing.settlement.gross_net import pay_funds
from novate.clearing.state import Position, State
from novate.domain.clearing_codes import ClearingEvent, OpenReason, Policy
from novate.domain.clearing_records import NOT_GIVEN

Open = list[tuple[int, int, Position]]
"""(instrument, party, position), ascending."""
Missing = list[tuple[int, int, int]]
"""(instrument, party, missing quantity)."""


def settle_batches(state: State) -> int:
    """Returns how many positions settled."""
    lines = 0
    for currency in range(len(state.terms.currencies)):
        batch = open_of(state, Policy.NET_NET, currency)
        if batch:
            lines += settle_batch(state, currency, batch)
    return lines


def open_of(state: State, policy: Policy, currency: int | None = None) -> Open:
    """Open positions that settle today under a policy, of one currency or of all."""
    return [
        (instrument, party, position)
        for instrument in state.instruments_today()
        if state.policy(instrument) == policy and currency in (None, state.currency(instrument))
        for party, position in state.positions_of(instrument)
    ]


def settle_batch(state: State, currency: int, batch: Open) -> int:
    """BATCH, and all lines of it if nothing is missing."""
    securities = missing_securities(state, batch)
    money: dict[tuple[int, int], int] = {}
    for _, party, position in batch:
        money[currency, party] = money.get((currency, party), 0) + position.amount
    cash = [
        (party, -net - state.free(currency, party))
        for (_, party), net in sorted(money.items())
        if net < 0 and state.free(currency, party) + net < 0
    ]
    ok = not securities and not cash
    state.out.put(ClearingEvent.BATCH, currency=currency, code=ok, quantity=len(securities), amount=len(cash))
    for instrument, party, quantity in securities:
        state.out.put(ClearingEvent.BATCH_ITEM, party=party, instrument=instrument, quantity=quantity)
    for party, amount in cash:
        state.out.put(ClearingEvent.BATCH_ITEM, party=party, instrument=NOT_GIVEN, quantity=amount)
    if ok:
        move_batch(state, batch)
        pay_funds(state, money)
        return len(batch)
    lacking = {(instrument, party) for instrument, party, _ in securities}
    poor = {party for party, _ in cash}
    for instrument, party, position in batch:
        owes = position.amount < 0 and party in poor
        other = OpenReason.CASH if owes else OpenReason.BATCH
        position.reason = OpenReason.SECURITIES if (instrument, party) in lacking else other
    return 0


def missing_securities(state: State, batch: Open) -> Missing:
    """What shorts lack, then what the CCP lacks for the receivers."""
    missing: Missing = []
    nets: dict[int, int] = {}
    for instrument, party, position in batch:
        quantity = position.quantity
        nets[instrument] = nets.get(instrument, 0) + quantity
        lacks = -quantity - state.deliverable(instrument, party)
        if quantity < 0 and lacks > 0:
            missing.append((instrument, party, lacks))
    for instrument in sorted(nets):
        lacks = nets[instrument] - state.holding(instrument, state.ccp)
        if lacks > 0:
            missing.append((instrument, state.ccp, lacks))
    return missing


def move_batch(state: State, batch: Open) -> None:
    """DELIVERED, RECEIVED, MONEY_ONLY."""
    for instrument, party, position in batch:
        quantity = position.quantity
        if quantity < 0:
            state.move_securities(instrument, party, state.ccp, -quantity)
            state.out.put(
                ClearingEvent.DELIVERED, party=party, instrument=instrument, quantity=-quantity,
                amount=position.amount,
            )  # fmt: skip
    for instrument, party, position in batch:
        quantity = position.quantity
        if quantity > 0:
            state.move_securities(instrument, state.ccp, party, quantity)
            state.out.put(
                ClearingEvent.RECEIVED, party=party, instrument=instrument, quantity=quantity,
                amount=position.amount,
            )  # fmt: skip
    for instrument, party, position in batch:
        if position.quantity == 0:
            state.out.put(
                ClearingEvent.MONEY_ONLY, party=party, instrument=instrument, amount=position.amount
            )
    for instrument, party, position in batch:
        position.lots, position.amount = [], 0
        state.close_if_empty(instrument, party)
