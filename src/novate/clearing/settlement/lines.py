"""Lines of a settlement as moves: securities one way, money to due, both together or not at all (L21)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.balances import Moves
from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.state import State

Int64s = npt.NDArray[np.int64]


class Line(NamedTuple):
    """What settles of positions: an unsigned quantity each, and an amount as the party sees it."""

    instrument: Int64s
    party: Int64s
    quantity: Int64s
    amount: Int64s


def move_lines(state: State, line: Line, direction: int, why: MoveReason, why_due: Int64s) -> None:
    """Securities from the CCP to the parties, or to it where `direction` is -1; amounts to their due."""
    count, ccp = len(line.party), np.full(len(line.party), state.ccp, np.int64)
    currency = np.array([one.currency for one in state.terms.instruments], np.int64)[line.instrument]
    both = np.stack((line.quantity, np.abs(line.amount)), axis=1)
    is_taken = np.stack((np.full(count, direction > 0), line.amount > 0), axis=1)
    parties = np.stack((line.party, line.party), axis=1)
    houses = np.stack((ccp, ccp), axis=1)
    moves = Moves(
        book=np.tile(np.array([BalanceBook.HOLDINGS, BalanceBook.DUE], np.int64), (count, 1)),
        asset=np.stack((line.instrument, currency), axis=1),
        giver=np.where(is_taken, houses, parties),
        taker=np.where(is_taken, parties, houses),
        amount=both,
        why=np.stack((np.full(count, why, np.int64), why_due), axis=1),
        ref=np.stack((line.instrument, line.instrument), axis=1),
        is_linked=np.stack(((line.amount != 0), np.zeros(count, bool)), axis=1),
    )
    is_move = both.reshape(-1) > 0
    state.balances.move_many(Moves._make(column.reshape(-1)[is_move] for column in moves))
