"""Reading a book from outside the kernel (R53): slow, exact, for queries, reports and tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from novate.venue.cells import (
    ASKS,
    AUCTION_ONLY,
    BIDS,
    ELECTED,
    HIDDEN,
    ICEBERG,
    NO_PRICE,
    PEGGED,
    STOPS_ABOVE,
    STOPS_BELOW,
    WAITING,
)
from novate.venue.layout import Tables


class Book(NamedTuple):
    """One market's orders in priority order."""

    last: int | None
    bids: list[tuple[int, int, int, int]]
    """(price, order id, displayed, leaves), best price first, queue order inside."""
    asks: list[tuple[int, int, int, int]]
    parked: list[tuple[int, str, int | None, int]]
    """(order id, TRIGGER, ELECTED, AUCTION, PEG or AON, stop, leaves) by order id."""


def read_book(s: Tables, market: int, most: int | None = None) -> Book:
    """The book of a market, no more than `most` orders a side. Raises IndexError for an unknown market."""
    if not 0 <= market < len(s.markets):
        raise IndexError(f"Expected a market from 0 to {len(s.markets) - 1}, was {market}")
    ladders = [market * 4 + STOPS_ABOVE, market * 4 + STOPS_BELOW, *auction_ladders(s, market)]
    parked = [_parked(s, row) for ladder in ladders for row in ladder_rows(s, ladder)]
    row = int(s.markets["elected_head"][market])
    while row:
        parked.append(_parked(s, row))
        row = int(s.orders["next"][row])
    parked += [_parked(s, row) for row in _waiting_rows(s, market)]
    last = int(s.markets["last"][market])
    return Book(
        last=None if last == NO_PRICE else last,
        bids=[_line(s, row) for row in islice(ladder_rows(s, market * 4 + BIDS), most)],
        asks=[_line(s, row) for row in islice(ladder_rows(s, market * 4 + ASKS), most)],
        parked=sorted(parked, key=lambda line: line[0]),
    )


def auction_ladders(s: Tables, market: int) -> list[int]:
    """Rows of the ladders of auction-only orders of a market."""
    features = int(s.markets["features"][market])
    first = 4 * len(s.markets) + 4 * features
    return list(range(first, first + 4)) if features else []


def _waiting_rows(s: Tables, market: int) -> Iterator[int]:
    """Rows of the orders that watch the market from outside its book."""
    row = int(s.features["attentive_first"][s.markets["features"][market]])
    while row:
        if s.orders["status"][row] == WAITING:
            yield row
        row = int(s.extras["attentive_next"][s.orders["extra"][row]])


def ladder_rows(s: Tables, ladder: int) -> Iterator[int]:
    """Order rows of a ladder: best price first, displayed before hidden, queue order."""
    offset = int(s.ladders["offset"][ladder])
    for entry in reversed(range(int(s.ladders["length"][ladder]))):
        block = int(s.words[offset + entry]) & 0xFFFFFFFF
        for level in reversed(range(block * 32, block * 32 + 32)):
            for queue in ("head", "hidden_head"):
                row = int(s.levels[queue][level])
                while row:
                    yield row
                    row = int(s.orders["next"][row])


def displayed(s: Tables, row: int) -> int:
    """What an order shows."""
    order: Any = s.orders[row]
    if order["flags"] & HIDDEN:
        return 0
    return int(s.extras["tranche"][order["extra"]] if order["flags"] & ICEBERG else order["leaves"])


def _line(s: Tables, row: int) -> tuple[int, int, int, int]:
    order: Any = s.orders[row]
    return int(order["price"]), int(order["order_id"]), displayed(s, row), int(order["leaves"])


def _parked(s: Tables, row: int) -> tuple[int, str, int | None, int]:
    order: Any = s.orders[row]
    waiting = "PEG" if order["traits"] & PEGGED else "AON"
    names = {ELECTED: "ELECTED", AUCTION_ONLY: "AUCTION", WAITING: waiting}
    what = names.get(int(order["status"]), "TRIGGER")
    stop = int(s.extras["stop"][order["extra"]]) if what in ("TRIGGER", "ELECTED") else None
    return int(order["order_id"]), what, stop, int(order["leaves"])
