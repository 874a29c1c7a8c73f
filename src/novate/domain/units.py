"""Integer arithmetic with names: which division, which rounding, checked or not.

The house never pays the rounding: debits round up, credits round down. Python integers are exact, so these
functions are exact at any size; `mul_checked` is for results that must fit the records (int64).
"""

from __future__ import annotations

import re

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
DECIMAL_FORM = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)


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


def parse_decimal(text: str) -> tuple[int, int]:
    """`"10.05"` -> (1005, 2): the digits as an integer and how many of them stand behind the point.

    The form is C1's: digits, then perhaps a point and digits; no sign, no exponent, no spaces. Raises
    ValueError on anything else.
    """
    if not DECIMAL_FORM.fullmatch(text):
        raise ValueError(f'expected a decimal such as "10.05", was "{text}"')
    whole, _, fraction = text.partition(".")
    return int(whole + fraction), len(fraction)


def parse_signed(text: str) -> tuple[int, int]:
    """As `parse_decimal`, with a minus allowed in front: prices of some markets lie below zero."""
    unscaled, decimals = parse_decimal(text.removeprefix("-"))
    return (-unscaled if text.startswith("-") else unscaled), decimals


def rescale(unscaled: int, decimals: int, to_decimals: int) -> int:
    """The same number with `to_decimals` digits behind the point; ValueError if digits would be lost."""
    if to_decimals >= decimals:
        return int(unscaled * 10 ** (to_decimals - decimals))
    value, rest = divmod(unscaled, 10 ** (decimals - to_decimals))
    if rest:
        found = format_decimal(unscaled, decimals)
        raise ValueError(f"expected at most {to_decimals} digits behind the point, was {found}")
    return int(value)


def format_decimal(unscaled: int, decimals: int) -> str:
    """(1005, 2) -> `"10.05"`: all `decimals` digits are shown; the inverse of `parse_decimal`."""
    if decimals == 0:
        return str(unscaled)
    digits = str(abs(unscaled)).rjust(decimals + 1, "0")
    sign = "-" if unscaled < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"
