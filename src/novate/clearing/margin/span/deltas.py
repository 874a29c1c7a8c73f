"""Net delta by period and what spreads leave of it (span-rules.md, section 5).

    net   202603 +10   202606 -6   202609 -2        rem starts as net, every spread eats from it
    tier  = a view: its long is the sum of what is positive in it, its short of what is negative

`rem` never changes a sign and never grows.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from novate.clearing.margin.span.model import Tier

ZERO = Fraction(0)


class NetDelta:
    """Delta of one commodity by number of the period; periods without a position are not there."""

    def __init__(self, net: dict[int, Fraction], keys: list[str]) -> None:
        self.net = dict(sorted(net.items()))
        self.rem = dict(self.net)
        self._keys = keys

    def tier(self, tier: Tier) -> list[int]:
        """Periods with a position that lie in a tier, ascending."""
        return [period for period in self.rem if tier.holds(self._keys[period])]

    def side(self, periods: Iterable[int], sign: int) -> Fraction:
        """What is left long (+1) or short (-1) in these periods, as a magnitude."""
        return sum((max(sign * self.rem.get(period, ZERO), ZERO) for period in periods), ZERO)

    def total(self, periods: Iterable[int]) -> Fraction:
        """What is left in these periods, long less short."""
        return sum((self.rem.get(period, ZERO) for period in periods), ZERO)

    def eat(self, periods: Iterable[int], amount: Fraction, sign: int) -> None:
        """Take up to `amount` from what has this sign, nearest period first."""
        for period in periods:
            left = sign * self.rem.get(period, ZERO)
            if left > 0 and amount > 0:
                taken = min(left, amount)
                self.rem[period] -= sign * taken
                amount -= taken
