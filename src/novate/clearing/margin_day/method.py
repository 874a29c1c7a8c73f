"""What a margin method is: positions in, one whole number out.

    {instrument: signed quantity}  --requirement-->  minor units of the margin currency, not below zero

A method is made from the text of MARGIN_PARAMETERS, which is the only thing it may depend on: so the state
holds all of it, and a replay computes the same. To add one, write a class with these two methods and name it
in `methods.METHODS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class MarginMethod(Protocol):
    """Computes requirements from parameters that it was made from."""

    @property
    def size(self) -> int:
        """How many contracts the parameters have."""

    def covers(self, instrument: int) -> bool:
        """Do the parameters say something of a contract?"""

    def requirement(self, positions: Mapping[int, int]) -> int:
        """Minor units for positions (instrument -> signed quantity, none zero) in contracts it covers."""
