"""What open contracts cost at the end of a day: marks and charges (C36, C37)."""

from __future__ import annotations

from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.house_terms import Switches
from novate.clearing.state import State
from novate.domain.clearing_codes import ChargeKind, ClearingEvent, OpenReason
from novate.domain.clearing_records import NOT_GIVEN
from novate.domain.units import div_floor, div_half_up

MILLION = 10**6
RECEIVING = (OpenReason.AWAITING, OpenReason.BATCH)


def mark_open(state: State) -> None:
    """Open contracts are carried at the market; the difference is paid (C36)."""
    for instrument in sorted(state.marks):
        price = state.marks[instrument]
        for party, position in state.positions_of(instrument):
            old, quantity = position.amount, position.quantity
            position.amount = -state.worth(instrument, quantity, price)
            pay_mark(state, instrument, party, quantity, position.amount, old)
        for item in state.items_of(instrument):
            old, item.amount = item.amount, state.worth(instrument, item.quantity, price)
            pay_mark(state, instrument, item.buyer, item.quantity, -item.amount, -old)
            pay_mark(state, instrument, item.seller, -item.quantity, item.amount, old)


def pay_mark(state: State, instrument: int, party: int, quantity: int, new: int, old: int) -> None:
    """MARKED, unless the amount stayed."""
    if old != new:
        state.pay_later(state.currency(instrument), party, old - new, MoveReason.MARK, instrument)
        state.out.put(
            ClearingEvent.MARKED, party=party, instrument=instrument, quantity=quantity, amount=new,
            third=old - new,
        )  # fmt: skip


def charge(state: State, to: int) -> None:
    """Who fails pays, who waits is paid (C37)."""
    is_calendar = state.switches.charge_days == "CALENDAR"
    days = to - state.today if is_calendar else 1
    for instrument in range(len(state.terms.instruments)):
        if is_calendar or state.settles_today(instrument):
            charge_positions(state, instrument, days)
            charge_items(state, instrument, days)
    rate = state.switches.arrears_ppm
    for currency in state.balances.assets(BalanceBook.ARREARS):
        if is_calendar or state.days.is_bank_day(currency, state.today):
            for party, owed in state.balances.parties(BalanceBook.ARREARS, currency):
                if party != state.ccp:
                    amount = -per_million(owed, rate, days)
                    book_charge(state, currency, party, ChargeKind.ARREARS, amount, NOT_GIVEN)


def per_million(amount: int, rate_ppm: int, days: int) -> int:
    """round(amount * rate * days / 10**6)."""
    return div_half_up(amount * rate_ppm * days, MILLION)


def book_charge(
    state: State, currency: int, party: int, kind: ChargeKind, amount: int, instrument: int
) -> None:
    """CHARGED, unless it is nothing; the CCP is the other side."""
    if amount:
        state.pay_later(currency, party, amount, MoveReason.CHARGE, instrument)
        state.add_own_money(currency, -amount)
        state.out.put(
            ClearingEvent.CHARGED, party=party, currency=currency, code=kind, amount=amount,
            instrument=instrument,
        )  # fmt: skip


def market_worth(state: State, instrument: int, quantity: int, amount: int) -> int:
    """Market value, or the contract's without a mark."""
    price = state.marks.get(instrument)
    return abs(amount) if price is None else state.worth(instrument, abs(quantity), price)


def charge_positions(state: State, instrument: int, days: int) -> None:
    """FAIL and CASH of a net instrument, then CREDIT to the longs that wait."""
    switches: Switches = state.switches
    currency, total = state.currency(instrument), 0
    for party, position in state.positions_of(instrument):
        quantity, amount = position.quantity, position.amount
        if position.reason == OpenReason.SECURITIES and quantity < 0:
            worth = market_worth(state, instrument, quantity, amount)
            fail = per_million(worth, switches.fail_ppm, days)
            total += fail
            book_charge(state, currency, party, ChargeKind.FAIL, -fail, instrument)
        elif position.reason == OpenReason.CASH:
            cash = per_million(abs(amount), switches.cash_fail_ppm, days)
            book_charge(state, currency, party, ChargeKind.CASH, -cash, instrument)
    if switches.fail_charge_to == "RECEIVERS":
        waiting = [
            (party, position.quantity)
            for party, position in state.positions_of(instrument)
            if position.quantity > 0 and position.reason in RECEIVING
        ]
        whole = sum(quantity for _, quantity in waiting)
        for party, quantity in waiting:
            credit = div_floor(total * quantity, whole)
            book_charge(state, currency, party, ChargeKind.CREDIT, credit, instrument)


def charge_items(state: State, instrument: int, days: int) -> None:
    """FAIL, CREDIT and CASH of a gross instrument, by source and trade id."""
    switches: Switches = state.switches
    currency = state.currency(instrument)
    for item in state.items_of(instrument):
        if item.reason == OpenReason.SECURITIES:
            worth = market_worth(state, instrument, item.quantity, item.amount)
            fail = per_million(worth, switches.fail_ppm, days)
            book_charge(state, currency, item.seller, ChargeKind.FAIL, -fail, instrument)
            if switches.fail_charge_to == "RECEIVERS":
                book_charge(state, currency, item.buyer, ChargeKind.CREDIT, fail, instrument)
        elif item.reason == OpenReason.CASH:
            cash = per_million(item.amount, switches.cash_fail_ppm, days)
            book_charge(state, currency, item.buyer, ChargeKind.CASH, -cash, instrument)
