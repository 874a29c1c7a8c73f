"""Options priced again after each move of what they are on: full revaluation, no delta.

moves of the price, moves of the volatility --theoretical_prices--> change of a lot --rounded--> int64

Prices are real numbers in here only; `whole_units` makes money of them, half away from zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.pricing.arrays import Terms, theoretical_prices, whole_units

MOVE_UNIT = 1e12


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """One option; units as in `options_kernel`."""

    model: int
    side: int
    strike: float
    vol: float
    years: float
    rate: float = 0.0
    carry: float = 0.0


def option_changes(
    option: OptionTerms,
    price: Fraction,
    multiplier: Fraction,
    moves: Sequence[int],
    vol_moves: Sequence[int] | None,
    decimals: int,
) -> npt.NDArray[np.int64]:
    """(moves,) change of one lot in 10**-decimals. ValueError for amounts that 64 bits do not hold."""
    relative = np.concatenate([[0.0], np.array([float(one) for one in moves]) / MOVE_UNIT])
    volatile = np.zeros(len(relative))
    if vol_moves is not None:
        volatile[1:] = np.array([float(one) for one in vol_moves]) / MOVE_UNIT
    ones = np.ones(len(relative))
    terms = Terms(
        model=np.full(len(relative), option.model),
        side=np.full(len(relative), option.side),
        underlying=float(price) * (1.0 + relative),
        strike=option.strike * ones,
        vol=option.vol * np.maximum(1.0 + volatile, 0.0),
        time=option.years * ones,
        rate=option.rate * ones,
        carry=option.carry * ones,
        multiplier=float(multiplier) * ones,
        price_scan=0 * ones,
        vol_scan=0 * ones,
    )
    found, _ = theoretical_prices(terms)
    return whole_units((found[1:] - found[0]) * float(multiplier), decimals)
