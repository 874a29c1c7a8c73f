"""Losses of all accounts in all scenarios, and what each member then owes beyond its collateral.

    positions by account   quantity (P,) x change of a lot (I, S)  ->  loss (A, S), rounded up to minor units
    house accounts of a member are one pool; a client's account pays for nobody else

    over[member, s] = sum of clients' max(0, loss - collateral) + sum of the house's (loss - collateral),
                      at least 0

Callers see to it that no sum leaves 62 bits. Cost: P x S products, A x S quotients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, wide

Int64s = npt.NDArray[np.int64]


@entry
def stress_members(
    starts: Int64s,
    instrument: Int64s,
    quantity: Int64s,
    change: Any,
    unit: int,
    collateral: Int64s,
    is_house: Any,
    member: Int64s,
    loss: Any,
    over: Any,
) -> None:
    """Fill `loss` (A, S) and `over` (M, S), both int64; `over` comes as zeros.

    starts       (A + 1,) int64, first position of each account
    instrument   (P,) int64, row of `change`
    quantity     (P,) int64, parts of lots, negative for sold
    change       (I, S) int64, of one part of a lot in 1 / unit minor units
    collateral   (A,) int64, minor units
    is_house     (A,) bool
    member       (A,) int64, row of `over`
    """
    accounts, scenarios = loss.shape
    for account in range(accounts):
        for scenario in range(scenarios):
            loss[account, scenario] = 0
        for at in range(starts[account], starts[account + 1]):
            row, size = instrument[at], quantity[at]
            for scenario in range(scenarios):
                loss[account, scenario] -= size * change[row, scenario]
        who = member[account]
        for scenario in range(scenarios):
            lost = -((-loss[account, scenario]) // wide(unit))
            loss[account, scenario] = lost
            beyond = lost - collateral[account]
            if beyond > 0 or is_house[account]:
                over[who, scenario] += beyond
    for who in range(over.shape[0]):
        for scenario in range(scenarios):
            over[who, scenario] = max(over[who, scenario], 0)
