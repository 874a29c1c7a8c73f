"""Decimals of SPAN files as exact numbers, and exact numbers as decimals (span-rules.md, sections 1 and 10).

"-12.50"  --scaled-->   (-1250, 2)        "1E3" --scaled--> (1000, 0)
          --exact---->  Fraction(-25, 2)
Fraction(1, 3)  --shown-->  "0.3333333333"        2.5 with 0 decimals  --rounded half up-->  3
"""

from __future__ import annotations

import re
from fractions import Fraction

from novate.domain.units import div_ceil, div_half_up

LONGEST = 60
LARGEST_EXPONENT = 30
SHOWN_DECIMALS = 10
SPACE = " \t\r\n"
_FORM = re.compile(r"([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,4}))?", re.ASCII)

ROUNDING_MODES = ("half_up", "half_even", "up")


def scaled(text: str) -> tuple[int, int]:
    """Digits as an integer and how many of them stand behind the point (never negative). ValueError else.

    Decimal, optional sign and exponent of at most 30, at most 60 characters, white space around it ignored.
    """
    trimmed = text.strip(SPACE)
    found = _FORM.fullmatch(trimmed) if len(trimmed) <= LONGEST else None
    if found is None:
        raise ValueError(f"expected a decimal number, was {trimmed!r}")
    sign, whole, behind, bare, power = found.groups()
    fraction = behind or bare or ""
    exponent = int(power or 0)
    if abs(exponent) > LARGEST_EXPONENT:
        raise ValueError(f"expected an exponent of at most {LARGEST_EXPONENT}, was {trimmed!r}")
    digits = int((whole or "") + fraction)
    decimals = len(fraction) - exponent
    if decimals < 0:
        digits, decimals = digits * 10**-decimals, 0
    return (-digits if sign == "-" else digits), decimals


def exact(text: str) -> Fraction:
    """The number itself; ValueError for anything that `scaled` refuses."""
    digits, decimals = scaled(text)
    return Fraction(digits, 10**decimals)


def rounded(value: Fraction, decimals: int, mode: str = "half_up") -> int:
    """`value` in units of 10**-decimals. half_up: ties away from zero; up: away from zero always."""
    numerator, denominator = value.numerator * 10**decimals, value.denominator
    if mode == "half_up":
        return div_half_up(numerator, denominator)
    if mode == "half_even":
        return round(Fraction(numerator, denominator))
    magnitude = div_ceil(abs(numerator), denominator)
    return magnitude if numerator >= 0 else -magnitude


def shown(value: Fraction) -> str:
    """Half up to ten decimals, without trailing zeros."""
    units = div_half_up(value.numerator * 10**SHOWN_DECIMALS, value.denominator)
    whole, behind = divmod(abs(units), 10**SHOWN_DECIMALS)
    digits = f"{behind:0{SHOWN_DECIMALS}d}".rstrip("0")
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
