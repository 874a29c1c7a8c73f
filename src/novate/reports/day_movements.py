"""What settled on a business date, in order, by columns: the lines of the settlement statements.

    event      party  isin  quantity  amount  left  since       source  trade id
    DELIVERED    4     17        300   54810     0
    RECEIVED     9     17        300  -54810     0   2026-03-03
    SETTLED      9     18          5     -50                     VENUE    T-17     once for each side

Many come at once as columns, a few as events with names; both stand in the order in which they were told.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from novate.clearing.kernels.lines import Int64s

Json = dict[str, Any]
T = TypeVar("T", bound=Hashable)
EVENTS = ("DELIVERED", "RECEIVED", "MONEY_ONLY", "SETTLED", "BOUGHT_IN", "CASH_CLOSED", "HELD")
DELIVERED, RECEIVED, MONEY_ONLY, SETTLED = range(4)
NOTHING = -1
"""`left` of an event that does not say it."""
NEVER = 0
"""`since` of an event that does not say it."""


class Vocabulary(Generic[T]):
    """Names and their numbers; a new one gets the next number."""

    def __init__(self, names: Iterable[T] = ()) -> None:
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def number(self, name: T) -> int:
        """The number of a name."""
        found = self._numbers.setdefault(name, len(self.names))
        if found == len(self.names):
            self.names.append(name)
        return found


class Moves(NamedTuple):
    """Columns of movements; quantity unsigned, amount signed as its party sees it."""

    event: Int64s
    party: Int64s
    isin: Int64s
    quantity: Int64s
    amount: Int64s
    left: Int64s
    since: Int64s
    """Day ordinal."""
    trade: Int64s
    """Place in `Movements.trades`; 0 is no trade."""


class Movements:
    """The movements of a date."""

    def __init__(self, parties: Iterable[tuple[str, str]], isins: Iterable[str]) -> None:
        self.parties, self.isins = Vocabulary(parties), Vocabulary(isins)
        self.trades = Vocabulary([("", "")])
        self._blocks: list[Moves] = []
        self._few: list[tuple[int, ...]] = []

    def add(self, event: Json) -> None:
        """One event."""
        since = event.get("since")
        self._few.append((
            EVENTS.index(event["ev"]), self.parties.number((event["member"], event["account"])),
            self.isins.number(event["isin"]), event.get("qty", 0), event["amount"],
            event.get("left", NOTHING), datetime.date.fromisoformat(since).toordinal() if since else NEVER,
            self.trades.number((event.get("source", ""), event.get("trade_id", ""))),
        ))  # fmt: skip

    def add_many(self, moves: Moves) -> None:
        """Many, in the numbers of this house."""
        self._flush()
        self._blocks.append(moves)

    def columns(self) -> Moves:
        """All of them."""
        self._flush()
        nothing = Moves._make(np.zeros((len(Moves._fields), 0), np.int64))
        return Moves._make(np.concatenate(columns) for columns in zip(nothing, *self._blocks, strict=True))

    def _flush(self) -> None:
        if self._few:
            self._blocks.append(Moves._make(np.array(self._few, np.int64).T))
            self._few = []
