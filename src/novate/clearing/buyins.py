"""Buy-ins: who may start one, who is told, what is bought and who pays (C40 to C43)."""

from __future__ import annotations

from novate.clearing.capacity import check_money, check_outside
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
from novate.clearing.open_positions import Position
from novate.clearing.state import Intent, Price, State, part
from novate.domain.clearing_codes import ClearingEvent, IntentEnd
from novate.domain.codes import ClearingReject


def is_eligible(state: State, instrument: int, since: int) -> bool:
    """Whether a lot is old enough (C40)."""
    return state.days.age(instrument, since, state.today) >= state.switches.buyin_days


def eligible(state: State, instrument: int, party: int) -> int:
    """Quantity of a long's lots that are old enough."""
    position = state.position(instrument, party)
    return eligible_of(state, instrument, position) if position else 0


def eligible_of(state: State, instrument: int, position: Position) -> int:
    """Quantity of a position's lots that are old enough; 0 for a short."""
    lots = position.lots
    return sum(lot[1] for lot in lots if lot[1] > 0 and is_eligible(state, instrument, lot[0]))


def buyable(state: State, instrument: int, party: int) -> int:
    """What may be bought in: eligible, and owed by somebody."""
    return min(eligible(state, instrument, party), state.open_shorts(instrument))


def short_lots(state: State, instrument: int) -> list[tuple[int, int, int]]:
    """(since, party, unsigned quantity), oldest first."""
    return sorted(
        (lot[0], party, -lot[1])
        for party, position in state.positions_of(instrument)
        for lot in position.lots
        if lot[1] < 0
    )


def has_intent(state: State, instrument: int, party: int) -> bool:
    """Whether a buy-in of this position was announced."""
    return any((one.instrument, one.party) == (instrument, party) for one in state.intents.values())


def buyin_intent(state: State, command: Command, staged: Staged) -> ClearingReject:
    """BUYIN_INTENT: a long announces it, the oldest shorts are told (C41)."""
    party, instrument, quantity = command.party, command.instrument, command.quantity
    broken = (
        check_party(state, party)
        or check_instrument(state, instrument)
        or rung(state.is_gross(instrument), ClearingReject.WRONG_POLICY)
        or check_quantity(state, quantity)
        or rung(has_intent(state, instrument, party), ClearingReject.INTENT_EXISTS)
        or rung(eligible(state, instrument, party) == 0, ClearingReject.NOT_ELIGIBLE)
        or rung(quantity > buyable(state, instrument, party), ClearingReject.EXCEEDS_OPEN)
    )
    if broken:
        return broken
    state.last_intent += 1
    number = state.last_intent
    state.intents[number] = Intent(party, instrument, quantity, state.today)
    state.out.put(ClearingEvent.INTENT, number=number, party=party, instrument=instrument, quantity=quantity)
    for since, short, lot in short_lots(state, instrument):
        told = min(lot, quantity)
        quantity -= told
        if told:
            state.out.put(ClearingEvent.NOTICE, number=number, party=short, day=since, quantity=told)
    return ClearingReject.NONE


def check_intent_day(state: State, intent: Intent) -> ClearingReject:
    """NOT_SETTLEMENT_DAY, BUYIN_TOO_EARLY."""
    waited = state.days.age(intent.instrument, intent.day, state.today)
    return rung(not state.settles_today(intent.instrument), ClearingReject.NOT_SETTLEMENT_DAY) or rung(
        waited < state.switches.buyin_notice, ClearingReject.BUYIN_TOO_EARLY
    )


def most(state: State, intent: Intent) -> int:
    """What of an intent can be bought or closed now."""
    return min(intent.left, buyable(state, intent.instrument, intent.party))


def buyin_execute(state: State, command: Command, staged: Staged) -> ClearingReject:
    """BUYIN_EXECUTE: the CCP buys outside and delivers; the shorts pay the difference (C42)."""
    number, quantity = command.version, command.quantity
    if number not in state.intents:
        return ClearingReject.UNKNOWN_INTENT
    intent = state.intents[number]
    broken = (
        check_market_price(state, command, intent.instrument)
        or check_quantity(state, quantity)
        or check_intent_day(state, intent)
        or rung(quantity > most(state, intent), ClearingReject.EXCEEDS_OPEN)
    )
    if broken:
        return broken
    instrument, party = intent.instrument, intent.party
    long, currency = state.positions[instrument][party], state.currency(instrument)
    amount = part(long.amount, quantity, long.quantity)
    if amount < 0 and state.purse(currency, party) + amount < 0:
        return ClearingReject.INSUFFICIENT_CASH
    cost = state.worth(instrument, quantity, command.price_given)
    broken = check_outside(state, BalanceBook.HOLDINGS, instrument, party, quantity)
    broken = broken or check_money(state, currency, 4 * cost + 1)
    if broken:
        return broken
    first = state.balances.next_id
    state.move_cash(currency, state.ccp, state.world, cost, MoveReason.BUY_IN, number)
    state.add_own_money(currency, -cost)
    state.move_securities(instrument, state.world, party, quantity, MoveReason.BUY_IN, number)
    shrink_long(state, intent, quantity, amount)
    state.pay_later(currency, party, amount, MoveReason.BUY_IN, number)
    state.out.put(
        ClearingEvent.BOUGHT_IN, number=number, party=party, instrument=instrument, quantity=quantity,
        amount=amount, third=cost, fourth=intent.left,
    )  # fmt: skip
    charge_shorts(state, instrument, quantity, command.price_given)
    state.balances.chain(first)
    tidy_intents(state)
    return ClearingReject.NONE


def cash_close(state: State, command: Command, staged: Staged) -> ClearingReject:
    """CASH_CLOSE: the value in money instead of the securities (C43)."""
    number = command.version
    if number not in state.intents:
        return ClearingReject.UNKNOWN_INTENT
    intent = state.intents[number]
    quantity = most(state, intent)
    broken = (
        check_market_price(state, command, intent.instrument)
        or check_intent_day(state, intent)
        or rung(quantity == 0, ClearingReject.EXCEEDS_OPEN)
    )
    if broken:
        return broken
    instrument, party = intent.instrument, intent.party
    long, currency = state.positions[instrument][party], state.currency(instrument)
    amount = part(long.amount, quantity, long.quantity)
    value = state.worth(instrument, quantity, command.price_given)
    broken = check_money(state, currency, 4 * value + 1)
    if broken:
        return broken
    first = state.balances.next_id
    shrink_long(state, intent, quantity, amount)
    state.pay_later(currency, party, amount + value, MoveReason.CASH_CLOSE, number)
    state.add_own_money(currency, -value)
    state.out.put(
        ClearingEvent.CASH_CLOSED, number=number, party=party, instrument=instrument, quantity=quantity,
        amount=amount + value,
    )  # fmt: skip
    charge_shorts(state, instrument, quantity, command.price_given)
    state.balances.chain(first)
    tidy_intents(state)
    return ClearingReject.NONE


def shrink_long(state: State, intent: Intent, quantity: int, amount: int) -> None:
    """Take a quantity and its share of the amount out of the long."""
    long = state.positions[intent.instrument][intent.party]
    long.take(quantity)
    long.amount -= amount
    intent.left -= quantity
    state.close_if_empty(intent.instrument, intent.party)


def charge_shorts(state: State, instrument: int, quantity: int, price: Price) -> None:
    """Short lots, oldest first, give up their claim and pay the price."""
    currency = state.currency(instrument)
    for since, party, lot in short_lots(state, instrument):
        taken = min(lot, quantity)
        if not taken:
            break
        quantity -= taken
        short = state.positions[instrument][party]
        share = part(short.amount, taken, -short.quantity)
        value = state.worth(instrument, taken, price)
        short.amount -= share
        short.take(taken)
        state.pay_later(currency, party, share - value, MoveReason.BUY_IN_CHARGE, instrument)
        state.add_own_money(currency, value)
        state.out.put(
            ClearingEvent.BUYIN_CHARGE, party=party, instrument=instrument, day=since, quantity=taken,
            amount=share - value,
        )  # fmt: skip
        state.close_if_empty(instrument, party)


def tidy_intents(state: State) -> None:
    """Intents shrink to what may still be bought (C43)."""
    for number in sorted(state.intents):
        intent = state.intents[number]
        was_done = intent.left == 0
        intent.left = min(intent.left, eligible(state, intent.instrument, intent.party))
        if intent.left == 0:
            del state.intents[number]
            end = IntentEnd.EXECUTED if was_done else IntentEnd.COVERED
            state.out.put(ClearingEvent.INTENT_CLOSED, number=number, code=end)


def emit_eligible(state: State, instrument: int) -> None:
    """BUYIN_ELIGIBLE of every long that may start a buy-in."""
    shorts = state.open_shorts(instrument)
    of_today = state.switches.buyin_days <= 0
    positions = state.positions[instrument] if of_today else state.positions.carried(instrument)
    for party, position in sorted(positions.items(), key=lambda one: one[0]):
        quantity = min(eligible_of(state, instrument, position), shorts)
        if quantity:
            state.out.put(ClearingEvent.BUYIN_ELIGIBLE, party=party, instrument=instrument, quantity=quantity)
