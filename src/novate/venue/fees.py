"""Fees in integers: parts per million of the notional, rounded against the client (R50).

    notional 999 at 250 ppm: ceil(0.249750) = 1      at -100 ppm: -floor(0.0999) = 0

A notional may be negative (R64); its fee is that of its size, so callers pass the size.
The product notional x ppm may exceed int64, so the notional is divided first: n = 1,000,000 a + b.
"""

from __future__ import annotations

from novate.compiled import inlined, wide
from novate.venue.layout import Tables

MILLION = 1_000_000
_SMALL = 1 << 42  # below it the product with a million fits, and one division does


@inlined
def fee_up(notional: int, ppm: int) -> int:
    """ceil(notional x ppm / 1e6) for ppm >= 0."""
    if notional < _SMALL:
        return (notional * ppm + MILLION - 1) // MILLION
    whole = notional // MILLION
    return whole * ppm + ((notional - whole * MILLION) * ppm + MILLION - 1) // MILLION


@inlined
def fee_of(notional: int, ppm: int) -> int:
    """The fee of a fill; negative for a rebate, which is rounded towards zero."""
    if ppm >= 0:
        return fee_up(notional, ppm)
    whole = notional // MILLION
    return whole * ppm - (notional - whole * MILLION) * -ppm // MILLION


@inlined
def worst_fee(s: Tables, market: int, notional: int) -> int:
    """The largest fee that fills of this notional can bear, rounded once (K4)."""
    return fee_up(notional, wide(s.markets["worst_ppm"][market]))
