"""Scan risk: what the worst of sixteen scenarios costs, and what of it is time, volatility and price.

L[s] = sum of quantity * loss of +1 in s       top = max L        active = the first s that has it
top < 0 (every scenario is a gain):  scan 0, volatility (L1 - L2) / 2
else:                                scan top, volatility (top - L of the active's partner) / 2
time (L1 + L2) / 2,  price max(scan - time - volatility, 0)            (span-rules.md, section 4)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from novate.clearing.margin.span.deltas import ZERO
from novate.clearing.margin.span.model import SCENARIOS, Scaled


@dataclass(frozen=True, slots=True)
class Scan:
    """Scan risk of one block of positions, or the sum of several."""

    scan: Fraction
    time: Fraction
    volatility: Fraction

    def __add__(self, other: Scan) -> Scan:
        return Scan(self.scan + other.scan, self.time + other.time, self.volatility + other.volatility)


def losses(arrays: Scaled, held: Iterable[tuple[int, Fraction]]) -> list[Fraction]:
    """L[s] of positions (row of `arrays`, quantity)."""
    found = [ZERO] * SCENARIOS
    for row, quantity in held:
        for scenario, loss in enumerate(arrays.units[row].tolist()):
            found[scenario] += quantity * loss
    return [Fraction(loss, 10**arrays.decimals) for loss in found]


def half(value: Fraction) -> Fraction:
    """Exactly half of it."""
    return Fraction(value, 2)


def active(loss: Sequence[Fraction]) -> int:
    """The first scenario that costs most, counted from 0."""
    return loss.index(max(loss))


def scan_of(loss: Sequence[Fraction], pairs: Sequence[int]) -> Scan:
    """Scan, time and volatility risk of one block."""
    worst = active(loss)
    top = loss[worst]
    if top < 0:
        scan, volatility = ZERO, half(loss[0] - loss[1])
    else:
        scan, volatility = top, half(top - loss[pairs[worst]])
    return Scan(scan, half(loss[0] + loss[1]), volatility)
