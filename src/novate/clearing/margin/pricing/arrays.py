"""Risk arrays of contracts as whole units of money: what a house publishes every day.

    Terms (N contracts)  --scenario_losses-->  real losses (N, 16)  --rounded half up-->  units, int64
                                                composite deltas    --four decimals---->  units, int64

Scenario table and delta weights are those of span-rules.md, section 4; the extreme move and its share are
parameters of the house. This is the one place where real numbers of a model become exact ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.pricing.options_kernel import BACHELIER, implied, prices, scenario_losses

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
THIRDS = (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3)
DELTA_WEIGHTS = ((0, 0.27), (1, 0.217), (-1, 0.217), (2, 0.111), (-2, 0.111), (3, 0.037), (-3, 0.037))
DELTA_DECIMALS = 4
LARGEST_VOL = 20.0


@dataclass(frozen=True, slots=True)
class Scenarios:
    """What a house decides: extreme move in scan ranges, share of its loss, days that pass in years."""

    extreme: float = 2.0
    cover: float = 0.35
    look_ahead: float = 1 / 365

    def moves(self) -> Floats:
        """(16, 3): price and volatility in scan ranges, share of the loss."""
        rows = [(third / 3, 1 - 2 * (at % 2), 1.0) for at, third in enumerate(THIRDS)]
        return np.array([*rows, (self.extreme, 0, self.cover), (-self.extreme, 0, self.cover)])


@dataclass(frozen=True, slots=True)
class Terms:
    """N contracts as columns; units as in `options_kernel`."""

    model: Int64s
    side: Int64s
    underlying: Floats
    strike: Floats
    vol: Floats
    time: Floats
    rate: Floats
    carry: Floats
    multiplier: Floats
    """Money per unit of price."""
    price_scan: Floats
    """In units of price."""
    vol_scan: Floats

    def __len__(self) -> int:
        return len(self.model)


def risk_arrays(terms: Terms, scenarios: Scenarios, decimals: int) -> tuple[Int64s, Int64s]:
    """Losses (N, 16) in units of 10**-decimals, and composite deltas in 10**-DELTA_DECIMALS.

    Raises ValueError for a contract whose losses are no numbers of 64 bits.
    """
    losses, delta = np.empty((len(terms), len(THIRDS) + 2)), np.empty(len(terms))
    scenario_losses(
        terms.model,
        terms.side,
        terms.underlying,
        terms.strike,
        terms.vol,
        terms.time,
        terms.rate,
        terms.carry,
        terms.multiplier,
        terms.price_scan,
        terms.vol_scan,
        scenarios.moves(),
        np.array([(third / 3, weight) for third, weight in DELTA_WEIGHTS]),
        scenarios.look_ahead,
        losses,
        delta,
    )
    return whole_units(losses, decimals), whole_units(delta, DELTA_DECIMALS)


def theoretical_prices(terms: Terms) -> tuple[Floats, Floats]:
    """Prices and deltas of the contracts as they stand."""
    price, delta = np.empty(len(terms)), np.empty(len(terms))
    columns = (terms.model, terms.side, terms.underlying, terms.strike, terms.vol, terms.time)
    prices(*columns, terms.rate, terms.carry, price, delta)
    return price, delta


def implied_volatility(terms: Terms, price: Floats) -> Floats:
    """The volatility that gives each settlement price, whatever `terms.vol` says; NaN where none does."""
    vol = np.empty(len(terms))
    # A normal volatility is in units of price, so its bracket is too.
    largest = np.where(
        terms.model == BACHELIER, LARGEST_VOL * np.maximum(np.abs(terms.underlying), 1.0), LARGEST_VOL
    )
    columns = (terms.model, terms.side, terms.underlying, terms.strike, price, terms.time)
    implied(*columns, terms.rate, terms.carry, largest, vol)
    return vol


def whole_units(values: Floats, decimals: int) -> Int64s:
    """Real numbers as units of 10**-decimals, half away from zero. ValueError for what is no such number."""
    scaled = values * 10.0**decimals
    if not (np.abs(scaled) < 2.0**62).all():
        at = np.argwhere(~(np.abs(scaled) < 2.0**62))[0].tolist()
        raise ValueError(f"contract {at[0]}: expected an amount of 64 bits, was {values[tuple(at)]}")
    return (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int64)
