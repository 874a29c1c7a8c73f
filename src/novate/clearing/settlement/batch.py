"""Model 3: all positions of a currency at once, or none (C29).

who gives securities or money reserves it, --nothing missing--> posted, and the CCP hands on, in one chain
in one chain; who lacks some reserves none --anything---------> voided, in one chain
"""

from __future__ import annotations

from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.open_positions import Position
from novate.clearing.settlement.gross_net import Money, pay_funds
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent, OpenReason, Policy
from novate.domain.clearing_records import NOT_GIVEN

Open = list[tuple[int, int, Position]]
"""(instrument, party, position), ascending."""
Missing = list[tuple[int, int, int]]
"""(instrument, party, missing quantity)."""
Reserved = dict[tuple[int, int], int]
"""(instrument or currency, party) -> id of a pending transfer to the CCP."""


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
    money: Money = {}
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
    lacking = {(instrument, party) for instrument, party, _ in securities}
    poor = {party for party, _ in cash}
    start = state.balances.next_id
    deliveries = reserve_securities(state, batch, lacking)
    payments = reserve_money(state, money, poor)
    state.balances.chain(start)
    start = state.balances.next_id
    if ok:
        move_batch(state, batch, deliveries)
        pay_funds(state, money, payments)
        state.balances.chain(start)
        return len(batch)
    for reserved in (*deliveries.values(), *payments.values()):
        state.balances.void(reserved)
    state.balances.chain(start)
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


def reserve_securities(state: State, batch: Open, lacking: set[tuple[int, int]]) -> Reserved:
    """What the shorts deliver, but for those who lack something."""
    return {
        (instrument, party): state.balances.reserve(
            BalanceBook.HOLDINGS, instrument, party, state.ccp, -position.quantity, MoveReason.DELIVERY,
            instrument,
        )
        for instrument, party, position in batch
        if position.quantity < 0 and (instrument, party) not in lacking
    }  # fmt: skip


def reserve_money(state: State, money: Money, poor: set[int]) -> Reserved:
    """What the payers pay, but for those who cannot."""
    return {
        (currency, party): state.balances.reserve(
            BalanceBook.CASH, currency, party, state.ccp, -net, MoveReason.FUNDS, state.runs
        )
        for (currency, party), net in sorted(money.items())
        if net < 0 and party not in poor
    }


def move_batch(state: State, batch: Open, deliveries: Reserved) -> None:
    """DELIVERED, RECEIVED, MONEY_ONLY."""
    for instrument, party, position in batch:
        quantity = position.quantity
        if quantity < 0:
            state.balances.post(deliveries[instrument, party])
            state.out.put(
                ClearingEvent.DELIVERED, party=party, instrument=instrument, quantity=-quantity,
                amount=position.amount,
            )  # fmt: skip
    for instrument, party, position in batch:
        quantity = position.quantity
        if quantity > 0:
            state.move_securities(instrument, state.ccp, party, quantity, MoveReason.RECEIPT, instrument)
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
