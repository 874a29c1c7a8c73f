"""Capacity: what a command can move must fit the 64 bits of the ledger, or it is refused (C53).

    load[instrument], load[currency]   what is open and may still move: grows with legs, counted in the roll
    money(currency)                    what is held outside and by the CCP, due, and in arrears

Both stay at or below CAPACITY where a command could make them grow; settlement only turns load into money,
so no balance passes twice that, and no counter of the ledger four times. Cost: two comparisons a trade; a
pass over what is open at the roll.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from novate.clearing.chart import BalanceBook
from novate.clearing.commands import rung
from novate.clearing.load import CAPACITY, Load
from novate.clearing.rows import Leg
from novate.clearing.state import Corporate, Price, State
from novate.domain.clearing_codes import CorporateKind, LegState
from novate.domain.codes import ClearingReject

MILLION = 10**6


class Opened(NamedTuple):
    """What is open of an instrument: lines, unsigned quantity, unsigned amount."""

    lines: int
    quantity: int
    amount: int


def check_legs(state: State, legs: Iterable[tuple[int, int, int]]) -> ClearingReject:
    """AMOUNT_OVERFLOW if the load cannot bear legs of (instrument, unsigned quantity, unsigned money)."""
    quantities: dict[int, int] = {}
    amounts: dict[int, int] = {}
    for instrument, quantity, amount in legs:
        currency = state.currency(instrument)
        quantities[instrument] = quantities.get(instrument, 0) + quantity
        amounts[currency] = amounts.get(currency, 0) + amount
    bears = all(state.loads.bears_quantity(*one) for one in quantities.items())
    bears = bears and all(state.loads.bears_amount(*one) for one in amounts.items())
    return rung(not bears, ClearingReject.AMOUNT_OVERFLOW)


def check_lieu(state: State, legs: list[Leg]) -> ClearingReject:
    """AMOUNT_OVERFLOW if the cash in lieu of legs cannot be given once more."""
    return check_legs(state, [(leg.instrument, 0, 2 * abs(leg.lieu)) for leg in legs if leg.lieu])


def check_money(state: State, currency: int, more: int) -> ClearingReject:
    """AMOUNT_OVERFLOW if a currency cannot bear more money."""
    return rung(money(state, currency) + more > CAPACITY, ClearingReject.AMOUNT_OVERFLOW)


def check_outside(state: State, book: BalanceBook, asset: int, party: int, amount: int) -> ClearingReject:
    """AMOUNT_OVERFLOW if too much would be outside, or with the CCP, after a move from there to a party."""
    outside = (state.world, state.ccp) if book == BalanceBook.CASH else (state.world,)
    before = {one: state.balances.of(book, asset, one) for one in outside}
    after = {one: held + amount * ((one == party) - (one == state.world)) for one, held in before.items()}
    total, was = (sum(map(abs, one.values())) for one in (after, before))
    return rung(total > max(CAPACITY, was), ClearingReject.AMOUNT_OVERFLOW)


def check_price_of_open(state: State, instrument: int, price: Price) -> ClearingReject:
    """AMOUNT_OVERFLOW if what is open of an instrument could not be paid at a price."""
    value = state.worth(instrument, int(state.loads.quantities[instrument]), price)
    return rung(value + len(state.terms.parties) > CAPACITY, ClearingReject.AMOUNT_OVERFLOW)


def check_price_in_lieu(state: State, instrument: int, price: Price) -> ClearingReject:
    """AMOUNT_OVERFLOW if the price of one security could not be paid to every party."""
    value = state.worth(instrument, 1, price) * len(state.terms.parties)
    return rung(value > CAPACITY, ClearingReject.AMOUNT_OVERFLOW)


def money(state: State, currency: int) -> int:
    """Money of a currency that is held outside and by the CCP, due, or in arrears."""
    held = sum(abs(state.cash(currency, party)) for party in (state.world, state.ccp))
    owed = sum(
        abs(amount)
        for book in (BalanceBook.DUE, BalanceBook.ARREARS)
        for party, amount in state.balances.parties(book, currency)
        if party != state.ccp
    )
    return held + owed


def check_roll(state: State, to: int) -> ClearingReject:
    """AMOUNT_OVERFLOW if a currency or an instrument cannot bear what the roll to a day may move."""
    splits = [event for _, event in state.events_of(CorporateKind.SPLIT, "ex_day", to)]
    totals = [
        money(state, currency) + int(state.loads.amounts[currency])
        for currency in range(len(state.terms.currencies))
    ]
    add_dividends(state, totals)
    add_variation(state, totals)
    add_marks_and_charges(state, to, totals)
    for event in splits:
        totals[state.currency(event.instrument)] += most_lieu(state, event)
    bears = max(totals, default=0) <= CAPACITY and bears_splits(state, splits)
    return rung(not bears, ClearingReject.AMOUNT_OVERFLOW)


def add_dividends(state: State, totals: list[int]) -> None:
    """Claims, and what today's record dates may add to them, by currency."""
    for claim in state.claims:
        totals[state.currency(claim.instrument)] += abs(claim.amount)
    for _, event in state.events_of(CorporateKind.DIVIDEND, "record_day", state.today):
        if event.price is not None:
            quantity = int(state.loads.quantities[event.instrument])
            owed = state.worth(event.instrument, quantity, event.price) + len(state.terms.parties)
            totals[state.currency(event.instrument)] += owed


def add_variation(state: State, totals: list[int]) -> None:
    """What variation margin may move (M4), by currency."""
    if state.margin is None:
        return
    for instrument in sorted(state.margined):
        found = state.margin.prices.get(instrument)
        quantity = int(state.loads.quantities[instrument])
        if found is not None and quantity:
            value = state.worth(instrument, quantity, found.price) + len(state.terms.parties)
            totals[state.currency(instrument)] += value
    for (instrument, _), amount in sorted(state.margin.paid.items()):
        totals[state.currency(instrument)] += abs(amount)


def add_marks_and_charges(state: State, to: int, totals: list[int]) -> None:
    """What marks and charges may move, by currency."""
    charged = [
        -state.balances.of(BalanceBook.ARREARS, currency, state.ccp) for currency in range(len(totals))
    ]
    for instrument, (lines, quantity, amount) in sorted(opened(state).items()):
        price, currency = state.marks.get(instrument), state.currency(instrument)
        marked = 0 if price is None or not lines else state.worth(instrument, quantity, price) + lines
        totals[currency] += marked + 3 * lines
        charged[currency] += amount + marked
    switches, days = state.switches, max(1, to - state.today)
    rate = 2 * abs(switches.fail_ppm) + abs(switches.cash_fail_ppm) + abs(switches.arrears_ppm)
    for currency, base in enumerate(charged):
        totals[currency] += base * rate * days // MILLION + len(state.terms.parties)


def opened(state: State) -> dict[int, Opened]:
    """Positions, and items as two positions, by instrument."""
    found = {instrument: Opened(*sums) for instrument, sums in state.positions.sums().items()}
    for item in state.items.values():
        old = found.get(item.instrument, Opened(0, 0, 0))
        found[item.instrument] = Opened(
            old.lines + 2, old.quantity + 2 * item.quantity, old.amount + 2 * abs(item.amount)
        )
    return found


def most_lieu(state: State, split: Corporate) -> int:
    """What a split may pay in lieu: less than one new security to each that has, owes or is owed some."""
    if split.price is None:
        return 0
    instrument = split.instrument
    pieces = len(state.terms.parties) + opened(state).get(instrument, Opened(0, 0, 0)).lines
    pieces += sum(1 for _ in state.waiting_rows(instrument))
    return pieces * (state.worth(instrument, 1, split.price) + 1)


def bears_splits(state: State, splits: list[Corporate]) -> bool:
    """Whether what is held and what is open of the instruments fits after their splits."""
    factors: dict[int, tuple[int, int]] = {}
    for split in splits:
        top, bottom = factors.get(split.instrument, (1, 1))
        factors[split.instrument] = top * max(split.new, split.old), bottom * split.old
    return all(
        max(abs(state.holding(instrument, state.world)), int(state.loads.quantities[instrument])) * top
        <= CAPACITY * bottom
        for instrument, (top, bottom) in factors.items()
    )


def count_load(state: State) -> None:
    """The load of what is open, at the end of the roll."""
    load = state.loads = Load(state.terms)
    for instrument, (_, quantity, amount) in opened(state).items():
        load.add(instrument, quantity, amount)
    for item in state.items.values():
        if item.amount != item.contract:
            load.add(item.instrument, 0, 2 * item.contract)
    legs = state.legs.array
    waiting = state.waiting.rows()
    load.add_many(*(legs[name][waiting] for name in ("instrument", "quantity", "amount")))
    for row in np.flatnonzero(legs["lieu"]).tolist():
        leg = state.leg(row)
        if leg.state == LegState.WAITING or (leg.trade >= 0 and row in state.legs_of(leg.trade)):
            load.add(leg.instrument, 0, leg.lieu)
    for currency, lieu in state.archived_lieu.items():
        load.amounts[currency] += lieu
