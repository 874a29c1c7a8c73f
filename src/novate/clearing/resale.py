"""Instruments that may be resold after settlement only (K12): what of them the venue may know of.

    the venue takes what is sold from the seller at once, and gives the buyer nothing
    the house gives a buyer by a delta what has arrived: worth = holding - what is still to be delivered

    to be delivered = sold and waiting + netted and open, less what a correction takes from it

Sales are not netted with purchases before the cycle does it: who has ten, sells ten and buys ten may sell
again when the cycle has found that nothing is to be delivered. A correction of what is netted (COEV) is taken
first from what it corrects: a smaller delivery is less to deliver, a smaller receipt is less to come, and
only what has arrived already has to be given back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from novate.clearing.state import State
from novate.domain.clearing_codes import LegKind, LegState

Key = tuple[int, int]
"""(instrument, party)."""


class Unsettled(NamedTuple):
    """Units by instrument and party, none of them negative but corrections."""

    sold: defaultdict[Key, int]
    """Sides of trades that wait for their cycle."""
    owed: defaultdict[Key, int]
    """Open, to be delivered."""
    coming: defaultdict[Key, int]
    """Open, to be received."""
    corrected: defaultdict[Key, int]
    """COEV legs that wait: positive less to deliver or more to receive."""


def told_of_purchase(state: State, instrument: int, quantity: int) -> int:
    """How much of a purchase at the venue the buyer has there at once."""
    return 0 if instrument in state.resale_settled else quantity


def until_settled(state: State) -> Iterator[tuple[int, int, int]]:
    """(instrument, party, units to be delivered) of all instruments that are resold after settlement."""
    if not state.resale_settled:
        return
    found = Unsettled(*(defaultdict(int) for _ in Unsettled._fields))
    _add_open(state, found)
    _add_waiting(state, found)
    for key in sorted({*found.sold, *found.owed, *found.coming, *found.corrected}):
        yield (
            *key,
            found.sold[key] + _open_to_deliver(found.owed[key], found.coming[key], found.corrected[key]),
        )


def _open_to_deliver(owed: int, coming: int, corrected: int) -> int:
    if corrected >= 0:
        return max(owed - corrected, 0)
    return owed + max(-corrected - coming, 0)


def _add_open(state: State, found: Unsettled) -> None:
    for instrument in sorted(state.resale_settled):
        for party, position in state.positions_of(instrument):
            side = found.coming if position.quantity > 0 else found.owed
            side[instrument, party] += abs(position.quantity)
    for item in state.items.values():
        if item.instrument in state.resale_settled:
            found.coming[item.instrument, item.buyer] += item.quantity
            found.owed[item.instrument, item.seller] += item.quantity


def _add_waiting(state: State, found: Unsettled) -> None:
    legs = state.legs.array
    legs = legs[
        (legs["state"] == LegState.WAITING) & np.isin(legs["instrument"], sorted(state.resale_settled))
    ]
    is_coev = legs["kind"] == LegKind.COEV
    for rows, side, sign in (
        (legs[~is_coev & (legs["quantity"] < 0)], found.sold, -1),
        (legs[is_coev], found.corrected, 1),
    ):
        keys = zip(rows["instrument"].tolist(), rows["party"].tolist(), strict=True)
        for key, quantity in zip(keys, rows["quantity"].tolist(), strict=True):
            side[key] += sign * quantity
