"""A price as it was written (C1)."""

from __future__ import annotations

from typing import NamedTuple


class Price(NamedTuple):
    """A decimal of C1: digits, how many stand behind the point, how many zeros stand in front."""

    digits: int
    decimals: int
    zeros: int
