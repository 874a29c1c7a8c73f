"""Open contracts: what a party has of each, and what of it is worth (M2 to M4).

    waiting legs of a margined contract --summed by party--> quantity Q, amount A (negative: it was bought)
    value of a FUTURE at settlement price S    A + round(Q * S)     paid as it changes, every day
    value of a PREMIUM contract                A                    paid once; at expiry round(Q * S) too

Legs wait until the contract expires, so an amended, cancelled, allocated or transferred trade changes Q and A
and nothing else has to be corrected: the next variation margin pays the difference to what was paid so far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novate.clearing.margin_day.members import memory_of
from novate.clearing.state import State
from novate.domain.clearing_codes import MarginStyle


class Held(NamedTuple):
    """The open contracts of a party in one instrument."""

    quantity: int
    amount: int


def held_of(state: State, instrument: int) -> dict[int, Held]:
    """Party -> what it has of a contract, ascending, also where that is nothing."""
    rows = state.waiting.of(instrument)
    legs = state.legs.array.take(rows)
    parties, place = np.unique(legs["party"], return_inverse=True)
    quantities, amounts = np.zeros(len(parties), np.int64), np.zeros(len(parties), np.int64)
    # C53 keeps the sum of all that waits within 64 bits.
    np.add.at(quantities, place, legs["quantity"])
    np.add.at(amounts, place, legs["amount"])
    columns = (parties.tolist(), quantities.tolist(), amounts.tolist())
    return {party: Held(quantity, amount) for party, quantity, amount in zip(*columns, strict=True)}


def positions_by_party(state: State) -> dict[int, dict[int, int]]:
    """Party -> instrument -> signed quantity, without zeros."""
    found: dict[int, dict[int, int]] = {}
    for instrument in sorted(state.margined):
        for party, held in held_of(state, instrument).items():
            if held.quantity:
                found.setdefault(party, {})[instrument] = held.quantity
    return found


def is_due_to_expire(state: State, instrument: int) -> bool:
    """Do its positions end at the close of today (M6)?"""
    return state.margined[instrument].expiry <= state.today


def value_of(state: State, instrument: int, held: Held, at_expiry: bool) -> int:
    """What a position is worth to its party; a settlement price is there where one is needed."""
    is_future = state.margined[instrument].style == MarginStyle.FUTURE
    if not held.quantity or not (is_future or at_expiry):
        return held.amount
    return held.amount + state.worth(instrument, held.quantity, memory_of(state).prices[instrument].price)


def lacks_price(state: State, instrument: int, at_expiry: bool) -> bool:
    """Is a settlement price needed that is not there? At expiry it has to be of today."""
    is_open = any(held.quantity for held in held_of(state, instrument).values())
    is_future = state.margined[instrument].style == MarginStyle.FUTURE
    found = memory_of(state).prices.get(instrument)
    if not is_open or not (is_future or at_expiry):
        return False
    return found is None or (at_expiry and found.day != state.today)
