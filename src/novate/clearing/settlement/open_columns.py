"""All open positions of continuous net settlement as columns, and what becomes of them.

fresh columns + objects --by instrument and party--> one entry each --settled--> closed, or objects again
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.open_positions import Fresh, Position
from novate.clearing.state import State

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class OpenColumns(NamedTuple):
    """One entry a position, by instrument and party."""

    instrument: Int64s
    party: Int64s
    quantity: Int64s
    """What is still open, as the settlement goes on."""
    amount: Int64s
    """Likewise."""
    reason: Int64s
    """Why it stays open; 0 as the cycle left it."""
    fresh: Fresh
    objects: list[Position]
    place: Int64s
    """Number in `fresh`, or -1 - number in `objects`."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.instrument)

    def position(self, number: int) -> Position | None:
        """The object of a position that is one."""
        place = int(self.place[number])
        return None if place >= 0 else self.objects[-1 - place]


def open_columns(state: State, instruments: list[int]) -> OpenColumns:
    """All positions of these instruments; fresh ones are in nobody else's hands from now on."""
    carried = [
        (instrument, party, position)
        for instrument in instruments
        for party, position in state.positions.carried(instrument).items()
    ]
    fresh = state.positions.take_fresh()
    numbers = np.array(
        [
            (one, party, position.quantity, position.amount, position.reason)
            for one, party, position in carried
        ],
        np.int64,
    ).reshape(-1, 5)
    reason = np.zeros(fresh.size, np.int64)
    of_fresh = np.stack((fresh.instrument, fresh.party, fresh.quantity, fresh.amount, reason)).astype(
        np.int64
    )
    columns = np.concatenate((of_fresh, numbers.T), axis=1)
    place = np.concatenate((np.arange(fresh.size), -1 - np.arange(len(carried))))
    order = np.lexsort((columns[1], columns[0]))
    objects = [position for *_, position in carried]
    return OpenColumns._make((*(column[order] for column in columns), fresh, objects, place[order]))


def put_back(state: State, columns: OpenColumns, wanted: Bools) -> None:
    """Chosen positions are known to the house again: closed where nothing is left, else as objects.

    Lots, amounts and reasons of objects are brought up to date; a lot that settled in part is by then.
    """
    place, fresh = columns.place[wanted], columns.fresh
    is_fresh, is_left = place >= 0, (columns.quantity[wanted] != 0) | (columns.amount[wanted] != 0)
    gone = np.zeros(fresh.size, bool)
    gone[place[is_fresh & ~is_left]] = True
    state.settle_legs(fresh.legs[np.repeat(gone, np.diff(fresh.bounds))])
    numbers = np.flatnonzero(wanted)
    for number in numbers[is_left | ~is_fresh].tolist():
        instrument, party = int(columns.instrument[number]), int(columns.party[number])
        position = columns.position(number)
        if position is None:
            position = fresh.position(int(columns.place[number]))
            quantity = int(columns.quantity[number])
            position.lots = [[fresh.since, quantity]] if quantity else []
            state.positions[instrument][party] = position
        position.amount, position.reason = int(columns.amount[number]), int(columns.reason[number])
        state.close_if_empty(instrument, party)
