"""Contracts of a parameter file that a position could not tell apart.

exchange, kind, code, period, side, strike of two rows are equal  --first_repeated-->  the second of them
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from novate.clearing.margin.span.model import Contracts, Family


def first_repeated(contracts: Contracts, families: Sequence[Family]) -> int | None:
    """The first row that an earlier one already names; None where every contract stands once."""
    names = [(one.exchange, one.kind, one.code) for one in families]
    first = {name: number for number, name in reversed(list(enumerate(names)))}
    identity = np.array([first[name] for name in names] or [0], np.int64)[contracts.family]
    strike = contracts.strike.units
    if strike.dtype == object:
        strike = np.unique(strike, return_inverse=True)[1]
    keys = (np.arange(len(identity)), strike, contracts.side, contracts.period, identity)
    order = np.lexsort(keys)
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in keys[1:]:
        ordered = key[order]
        same &= ordered[1:] == ordered[:-1]
    return int(order[1:][same].min()) if same.any() else None
