"""Integer arithmetic with names: which division, which rounding, checked or not.

The house never pays the rounding: debits round up, credits round down. Python integers are exact, so these
functions are exact at any size; `mul_checked` is for results that must fit the records (int64).
"""

from __future__ import annotations

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


def div_floor(numerator: int, denominator: int) -> int:
    """Largest integer not above the quotient. Raises ValueError unless denominator > 0."""
    _require_positive(denominator)
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """Smallest integer not below the quotient. Raises ValueError unless denominator > 0."""
    _require_positive(denominator)
    return -(-numerator // denominator)


def div_half_up(numerator: int, denominator: int) -> int:
    """Nearest integer, ties away from zero (rounding of `clearing-rules.md` C2)."""
    _require_positive(denominator)
    quotient, rest = divmod(abs(numerator), denominator)
    magnitude = quotient + (2 * rest >= denominator)
    return magnitude if numerator >= 0 else -magnitude


def mul_checked(left: int, right: int) -> int:
    """The product if it fits int64. Raises OverflowError naming both factors otherwise."""
    product = left * right
    if not INT64_MIN <= product <= INT64_MAX:
        raise OverflowError(f"Expected a product within int64, was {left} x {right} = {product}")
    return product


def _require_positive(denominator: int) -> None:
    if denominator <= 0:
        raise ValueError(f"Expected a positive denominator, was {denominator}")
