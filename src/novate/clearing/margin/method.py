"""What every method of margin answers: net positions of an account in, a requirement by currency out.

    SPAN                  SpanMargin.margin(account, positions)        -> AccountRisk
    historical simulation HistoricalMargin.margin(account, positions)  -> AccountHistory

Positions are net quantities by row of the method's own contracts. `requirement` is in minor units of the
currency and never negative. Everything else in an answer is the method's own breakdown.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Protocol


class Required(Protocol):
    """What is left with the house in one currency."""

    @property
    def requirement(self) -> int:
        """Minor units, at least 0."""


class AccountAnswer(Protocol):
    """The margin of one account, whatever the method."""

    @property
    def account(self) -> str:
        """Whose it is."""

    @property
    def totals(self) -> Mapping[str, Required]:
        """By currency."""


class MarginMethod(Protocol):
    """A method with its parameters, ready for portfolios."""

    def margin(self, account: str, positions: Mapping[int, Fraction]) -> AccountAnswer:
        """Margin of net positions by contract row."""
