"""Option prices and deltas by four models, as kernels over one contract.

    BLACK_76     option on a future      forward F, discounted       (Black 1976)
    BSM          option on a cash price  forward S exp((r - q) t)    (Merton 1973)
    BACHELIER    normal model: prices and strikes may be negative    (Bachelier 1900)
    BINOMIAL     American exercise on a cash price, CRR trees of STEPS steps (Cox, Ross, Rubinstein 1979)
    LINEAR       a future on a cash price: S exp((r - q) t); with r = q the price itself

`vol` is per year and relative (absolute, in price units, for BACHELIER), `time` in years, rates continuous.
Real numbers: results may differ in the last bits between machines; they become money only by the named
rounding of `arrays.py`, and what is journaled is that money.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined, kernel

Floats = npt.NDArray[np.float64]
BLACK_76, BSM, BACHELIER, BINOMIAL, LINEAR = range(5)
CALL, PUT = 1, 2
STEPS = 100
LEAST_DEVIATION = 1e-12
LEAST_VOL = 1e-4
_ROOT_2 = math.sqrt(2.0)
_ROOT_2_PI = math.sqrt(2.0 * math.pi)


@inlined
def _normal(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-x / _ROOT_2)


@inlined
def _intrinsic(forward: float, strike: float, discount: float, side: int) -> tuple[float, float]:
    if side == CALL:
        return discount * max(forward - strike, 0.0), discount if forward > strike else 0.0
    return discount * max(strike - forward, 0.0), -discount if forward < strike else 0.0


@kernel
def lognormal(
    forward: float, strike: float, vol: float, time: float, discount: float, side: int
) -> tuple[float, float]:
    """Price and forward delta of a European option on a lognormal forward."""
    if forward <= 0.0 or strike <= 0.0:
        return _intrinsic(forward, strike, discount, side)
    deviation = vol * math.sqrt(time) if time > 0.0 else 0.0
    if deviation < LEAST_DEVIATION:
        return _intrinsic(forward, strike, discount, side)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    if side == CALL:
        return discount * (forward * _normal(d1) - strike * _normal(d2)), discount * _normal(d1)
    return discount * (strike * _normal(-d2) - forward * _normal(-d1)), -discount * _normal(-d1)


@kernel
def bachelier(
    forward: float, strike: float, vol: float, time: float, discount: float, side: int
) -> tuple[float, float]:
    """Price and forward delta of a European option on a normal forward."""
    deviation = vol * math.sqrt(time) if time > 0.0 else 0.0
    if deviation < LEAST_DEVIATION:
        return _intrinsic(forward, strike, discount, side)
    sign = 1.0 if side == CALL else -1.0
    d = sign * (forward - strike) / deviation
    density = math.exp(-0.5 * d * d) / _ROOT_2_PI
    return discount * deviation * (d * _normal(d) + density), sign * discount * _normal(d)


@kernel
def _tree(
    spot: float, strike: float, vol: float, time: float, rate: float, carry: float, sign: float, steps: int
) -> tuple[float, float]:
    """Price and delta by one tree; price -1 where drift outruns volatility: it has no probabilities."""
    step = time / steps
    up = math.exp(vol * math.sqrt(step))
    weight = (math.exp((rate - carry) * step) - 1.0 / up) / (up - 1.0 / up)
    if weight < 0.0 or weight > 1.0:
        return -1.0, 0.0
    discount = math.exp(-rate * step)
    values = np.empty(steps + 1)
    for node in range(steps + 1):
        values[node] = max(sign * (spot * up ** (2 * node - steps) - strike), 0.0)
    low, high = 0.0, 0.0
    for level in range(steps - 1, -1, -1):
        price = spot * up ** (-level)
        for node in range(level + 1):
            held = discount * (weight * values[node + 1] + (1.0 - weight) * values[node])
            values[node] = max(held, sign * (price - strike))
            price *= up * up
        if level == 1:
            low, high = values[0], values[1]
    return values[0], (high - low) / (spot * (up - 1.0 / up))


@kernel
def binomial(
    spot: float, strike: float, vol: float, time: float, rate: float, carry: float, side: int
) -> tuple[float, float]:
    """Price and delta of an American option; intrinsic where nothing can move.

    The mean of trees of STEPS and STEPS + 1 steps: their errors have opposite signs.
    """
    sign = 1.0 if side == CALL else -1.0
    exercise = max(sign * (spot - strike), 0.0)
    if time <= 0.0 or vol <= LEAST_DEVIATION or spot <= 0.0:
        return exercise, sign if exercise > 0.0 else 0.0
    first, first_delta = _tree(spot, strike, vol, time, rate, carry, sign, STEPS)
    second, second_delta = _tree(spot, strike, vol, time, rate, carry, sign, STEPS + 1)
    if first < 0.0 or second < 0.0:
        growth = math.exp((rate - carry) * time)
        price, delta = lognormal(spot * growth, strike, vol, time, math.exp(-rate * time), side)
        return max(price, exercise), delta * growth
    return 0.5 * (first + second), 0.5 * (first_delta + second_delta)


@kernel
def price_of(
    model: int,
    side: int,
    underlying: float,
    strike: float,
    vol: float,
    time: float,
    rate: float,
    carry: float,
) -> tuple[float, float]:
    """Price and delta to the underlying of one contract."""
    if model == BINOMIAL:
        return binomial(underlying, strike, vol, time, rate, carry, side)
    growth = math.exp((rate - carry) * max(time, 0.0)) if model == BSM or model == LINEAR else 1.0
    if model == LINEAR:
        return underlying * growth, growth
    discount = math.exp(-rate * max(time, 0.0))
    if model == BACHELIER:
        return bachelier(underlying, strike, vol, time, discount, side)
    price, delta = lognormal(underlying * growth, strike, vol, time, discount, side)
    return price, delta * growth


@entry
def prices(
    model: npt.NDArray[np.int64],
    side: npt.NDArray[np.int64],
    underlying: Floats,
    strike: Floats,
    vol: Floats,
    time: Floats,
    rate: Floats,
    carry: Floats,
    price: Floats,
    delta: Floats,
) -> None:
    """Prices and deltas of N contracts into `price` and `delta`."""
    for i in range(len(model)):
        price[i], delta[i] = price_of(
            model[i], side[i], underlying[i], strike[i], vol[i], time[i], rate[i], carry[i]
        )


@entry
def implied(
    model: npt.NDArray[np.int64],
    side: npt.NDArray[np.int64],
    underlying: Floats,
    strike: Floats,
    price: Floats,
    time: Floats,
    rate: Floats,
    carry: Floats,
    largest: Floats,
    vol: Floats,
) -> None:
    """The volatility that gives each price, by bisection between 0 and `largest`; NaN where none does.

    Bisection of 60 steps: slower than Newton's, but it cannot leave the bracket and gives the same answer
    from every start. Prices are monotone in volatility in every model here.
    """
    for i in range(len(model)):
        low, high = 0.0, largest[i]
        least = price_of(model[i], side[i], underlying[i], strike[i], low, time[i], rate[i], carry[i])[0]
        most = price_of(model[i], side[i], underlying[i], strike[i], high, time[i], rate[i], carry[i])[0]
        if not least <= price[i] <= most:
            vol[i] = math.nan
            continue
        for _ in range(60):
            middle = 0.5 * (low + high)
            found = price_of(model[i], side[i], underlying[i], strike[i], middle, time[i], rate[i], carry[i])[
                0
            ]
            if found < price[i]:
                low = middle
            else:
                high = middle
        vol[i] = 0.5 * (low + high)


@entry
def scenario_losses(
    model: npt.NDArray[np.int64],
    side: npt.NDArray[np.int64],
    underlying: Floats,
    strike: Floats,
    vol: Floats,
    time: Floats,
    rate: Floats,
    carry: Floats,
    multiplier: Floats,
    price_scan: Floats,
    vol_scan: Floats,
    moves: Floats,
    delta_moves: Floats,
    look_ahead: float,
    losses: Floats,
    delta: Floats,
) -> None:
    """Losses of +1 long in every scenario, in money, and composite deltas.

    `moves` (S, 3): price in scan ranges, volatility in scan ranges, share of the loss that counts.
    `delta_moves` (D, 2): price in scan ranges, weight; the composite delta is the weighted sum. Time runs on
    by `look_ahead` in every scenario. A shifted volatility is at least LEAST_VOL.
    """
    for i in range(len(model)):
        later = max(time[i] - look_ahead, 0.0)
        now = price_of(model[i], side[i], underlying[i], strike[i], vol[i], time[i], rate[i], carry[i])[0]
        for s in range(len(moves)):
            moved = underlying[i] + moves[s, 0] * price_scan[i]
            shifted = max(vol[i] + moves[s, 1] * vol_scan[i], LEAST_VOL)
            then = price_of(model[i], side[i], moved, strike[i], shifted, later, rate[i], carry[i])[0]
            losses[i, s] = moves[s, 2] * (now - then) * multiplier[i]
        total = 0.0
        for d in range(len(delta_moves)):
            moved = underlying[i] + delta_moves[d, 0] * price_scan[i]
            total += (
                delta_moves[d, 1]
                * price_of(model[i], side[i], moved, strike[i], vol[i], later, rate[i], carry[i])[1]
            )
        delta[i] = total
