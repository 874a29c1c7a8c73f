"""Returns of risk factors over days, and their scaling to the volatility of today.

    day          0     1     2   ...   n - 1 | now
    return       r0    r1    r2        r_n-1 |             exact decimals, 10**-12
    variance     v0 -> v1 -> v2  ...   v_n-1 -> v_n        v0 = mean(r^2), v' = d v + (1 - d) r^2
    scaled       r_t * sqrt(v_n) / sqrt(v_t)               what that day would be in the market of today

Filtered historical simulation by Hull and White (1998); exponentially weighted variance by RiskMetrics
(1996). With decay 1 the variance never moves and the scaled returns are the returns themselves.

Everything is an integer, so that any machine finds the same: variances in 10**-36, volatilities in 10**-18,
returns in 10**-12; quotients are rounded half away from zero, square roots down. Cost: O(factors x days).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from novate.domain.units import div_half_up

RETURN_DECIMALS = 12
RETURN_UNIT = 10**RETURN_DECIMALS
_TO_VARIANCE = RETURN_UNIT
"""Squares of returns have 24 decimals, variances 36."""


@dataclass(frozen=True, slots=True)
class History:
    """Relative returns in 10**-12, oldest day first: `returns[factor][day]`."""

    days: tuple[str, ...]
    factors: tuple[str, ...]
    returns: tuple[tuple[int, ...], ...]

    def window(self, first: int, last: int) -> History:
        """The days first..last-1."""
        return History(self.days[first:last], self.factors, tuple(one[first:last] for one in self.returns))

    def between(self, first_day: str, last_day: str) -> History:
        """The days of a period, both ends included; days are ISO dates, which sort as texts."""
        inside = [at for at, day in enumerate(self.days) if first_day <= day <= last_day]
        return self.window(inside[0], inside[-1] + 1) if inside else self.window(0, 0)


def return_of(before: tuple[int, int], after: tuple[int, int]) -> int:
    """`after / before - 1` in 10**-12, half away from zero; `before` is above zero.

    Prices are digits and how many of them stand behind the point: (1005, 2) is 10.05.
    """
    old = before[0] * 10 ** after[1]
    return div_half_up((after[0] * 10 ** before[1] - old) * RETURN_UNIT, old)


def mean_variance(returns: Sequence[int]) -> int:
    """Mean of the squares, in 10**-36."""
    return div_half_up(sum(one * one for one in returns) * _TO_VARIANCE, len(returns))


def variances(returns: Sequence[int], decay: Fraction) -> list[int]:
    """v_0 .. v_n in 10**-36: one before each day, and the last for the day to come."""
    kept, whole = decay.numerator, decay.denominator
    fresh = (whole - kept) * _TO_VARIANCE
    found = [mean_variance(returns)]
    for one in returns:
        found.append(div_half_up(kept * found[-1] + fresh * one * one, whole))
    return found


def volatility(variance: int) -> int:
    """The root in 10**-18, rounded down."""
    return isqrt(variance)


def scaled_returns(returns: Sequence[int], decay: Fraction, floor: int = 0) -> list[int]:
    """Returns as they would be at the volatility of today, in 10**-12.

    `floor` (10**-18) is the least volatility that today is taken to have. A factor that never moved stays as
    it is.
    """
    if not any(returns) or (decay == 1 and not floor):
        return list(returns)
    path = variances(returns, decay)
    now = max(volatility(path[-1]), floor)
    return [
        div_half_up(one * now, max(volatility(variance), 1))
        for one, variance in zip(returns, path, strict=False)
    ]
