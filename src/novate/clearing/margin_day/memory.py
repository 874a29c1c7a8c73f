"""What a margin day remembers beside trades and the ledger: a part of the state, and of its root.

    prices        instrument -> settlement price, and its day     values   asset -> price of collateral
    paid          (instrument, party) -> what it has received for its position so far (M4)
    calls         number -> open call         defaults   member -> what was lost and who was asked

Everything is visited in sorted order. `rows` are what is saved and hashed; `from_rows` is their inverse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from novate.clearing.house_terms import HouseTerms
from novate.clearing.margin_day.method import MarginMethod
from novate.clearing.margin_day.methods import method_of
from novate.clearing.price import Price


class DayPrice(NamedTuple):
    """A settlement price."""

    price: Price
    day: int


@dataclass(eq=False)
class Call:
    """A margin call that is open (M11)."""

    party: int
    amount: int
    day: int
    deadline_ns: int


@dataclass(eq=False)
class Default:
    """A member in default, known by the lowest number of its parties (M13)."""

    cause: int
    contributions: list[list[int]] = field(default_factory=list)
    """[currency, party, amount] of the others when it began: what assessments are measured by."""
    assessed: dict[tuple[int, int], int] = field(default_factory=dict)
    """(currency, party) -> asked for so far."""
    is_closed: bool = False
    """Its losses are covered."""
    in_shortfall: bool = False
    """The layers did not reach."""


class MarginMemory:
    """The memory of one house with margin terms."""

    def __init__(self, terms: HouseTerms) -> None:
        self._terms = terms
        self.time_ns = 0
        self.prices: dict[int, DayPrice] = {}
        self.values: dict[tuple[int, int], Price] = {}
        self.parameters = b""
        self.method: MarginMethod | None = None
        """What `parameters` say."""
        self.paid: dict[tuple[int, int], int] = {}
        self.requirements: dict[int, int] = {}
        """Party -> requirement of the last margin run."""
        self.calls: dict[int, Call] = {}
        self.last_call = 0
        self.defaults: dict[int, Default] = {}
        self.expired: set[int] = set()

    @property
    def in_shortfall(self) -> bool:
        """The named state in which the house takes no new risk (M17)."""
        return any(one.in_shortfall for one in self.defaults.values())

    def add_paid(self, instrument: int, party: int, amount: int) -> None:
        """A party has received so much more for its position."""
        total = self.paid.get((instrument, party), 0) + amount
        if total:
            self.paid[instrument, party] = total
        else:
            self.paid.pop((instrument, party), None)

    def set_parameters(self, text: bytes) -> None:
        """Take over parameters. ValueError for such that are none."""
        self.method = method_of(self._terms, text)
        self.parameters = text

    def rows(self) -> list[Any]:
        """Sorted lists of numbers and texts."""
        return [
            [self.time_ns, self.last_call, sorted(self.expired)],
            [[key, *price, day] for key, (price, day) in sorted(self.prices.items())],
            [[*key, *price] for key, price in sorted(self.values.items())],
            self.parameters.decode(),
            [[*key, amount] for key, amount in sorted(self.paid.items())],
            [[key, amount] for key, amount in sorted(self.requirements.items())],
            [
                [key, one.party, one.amount, one.day, one.deadline_ns]
                for key, one in sorted(self.calls.items())
            ],
            [
                [key, one.cause, one.contributions, _asked(one), one.is_closed, one.in_shortfall]
                for key, one in sorted(self.defaults.items())
            ],
        ]

    def take_over(self, rows: list[Any]) -> None:
        """The inverse of `rows`."""
        head, prices, values, parameters, paid, requirements, calls, defaults = rows
        self.time_ns, self.last_call, expired = head
        self.expired = set(expired)
        self.prices = {key: DayPrice(Price(*price), day) for key, *price, day in prices}
        self.values = {(book, asset): Price(*price) for book, asset, *price in values}
        if parameters:
            self.set_parameters(parameters.encode())
        self.paid = {(instrument, party): amount for instrument, party, amount in paid}
        self.requirements = dict(requirements)
        self.calls = {key: Call(*fields) for key, *fields in calls}
        self.defaults = {
            key: Default(cause, contributions, {(c, p): n for c, p, n in asked}, *ends)
            for key, cause, contributions, asked, *ends in defaults
        }


def _asked(default: Default) -> list[list[int]]:
    return [[*key, amount] for key, amount in sorted(default.assessed.items())]
