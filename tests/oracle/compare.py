"""One flow through the naive venue and through the real one, and what must be the same.

    commands --> NaiveVenue --> events, books, balances  ==  events, books, balances <-- Venue <-- records
                                                                |
              one by one, in batches, with small buffers, over a snapshot, uncompiled: the same bytes

`expected_of` makes the naive run; the `check_*` functions raise AssertionError at the first difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.app.conform_records import commands_from_json, events_to_json
from novate.app.conform_scenario import initial_credit, venue_terms
from novate.domain.machine import apply_all
from novate.domain.records import COMMAND, Commands, new_events
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.oracle.naive_book import NaiveVenue
from tests.oracle.naive_records import Staging

Json = dict[str, Any]
ROOM = 4096
SMALLEST_BUFFER = 32


@dataclass(frozen=True)
class Expected:
    """What the naive venue did with a flow."""

    terms: VenueTerms
    commands: list[Any]
    """JSON commands with the numbers of the clearing house filled in, or records."""
    records: Commands
    ends: list[int]
    """Where the records of each command end: a command may stage a record before its own."""
    events: list[list[Json]]
    books: list[Json]
    balances: dict[tuple[int, int], tuple[int, int]]
    timers: list[tuple[int, int, int, str]]
    """(at, number, market, state) of what the clock has still to bring."""


@dataclass(frozen=True)
class Result:
    """What the real venue left: every event as bytes, and the commitment to its state."""

    events: bytes
    root: bytes


def expected_of(flow: Json) -> Expected:
    """Run the naive venue; `naive_run` says what becomes of relative commands."""
    naive, commands, events = naive_run(flow)
    pieces = [commands_from_json(command) for command in commands]
    ends = np.cumsum([len(piece) for piece in pieces]).tolist()
    return _expected(naive, commands, np.concatenate(pieces).astype(COMMAND), ends, events)


def naive_run(flow: Json) -> tuple[NaiveVenue, list[Any], list[list[Json]]]:
    """The naive venue after the flow, the commands with absolute `seq` and named orders, their events."""
    header = flow["header"]
    naive = NaiveVenue(venue_terms(header))
    commands: list[Any] = []
    events: list[list[Json]] = []
    for relative in (*initial_credit(header), *flow["commands"]):
        command = dict(relative)
        if "seq" in command and len(commands) >= len(header.get("credit", [])):
            command["seq"] = naive.credit.last_seq + command["seq"]
        if "pick" in command:
            command.update(_picked(naive, command.pop("pick")))
        commands.append(command)
        events.append(naive.apply(command))
        naive.validate()
    return naive, commands, events


def _picked(naive: NaiveVenue, number: int) -> Json:
    """The name of one of the live orders, if there is one."""
    live = [(market.number, order) for market in naive.markets for order in market.orders]
    if not live:
        return {}
    market, order = live[number % len(live)]
    return {"market": market, "acct": order.acct, "cid": order.cid}


def expected_of_records(terms: VenueTerms, records: Commands) -> Expected:
    """Run the naive venue on records, also on those that no JSON command can say."""
    naive = NaiveVenue(terms)
    staging = Staging()
    events: list[list[Json]] = []
    for record in records:
        command = staging.command_of(record)
        events.append([] if command is None else naive.apply(command))
        naive.validate()
    return _expected(naive, list(records), records, list(range(1, len(records) + 1)), events)


def _expected(
    naive: NaiveVenue, commands: list[Any], records: Commands, ends: list[int], events: list[list[Json]]
) -> Expected:
    return Expected(
        terms=naive.terms,
        commands=commands,
        records=records,
        ends=ends,
        events=events,
        books=[naive.book(market) for market in range(len(naive.terms.markets))],
        balances={key: (held.available, held.reserved) for key, held in naive.credit.balances.items()},
        timers=sorted((timer.at, timer.number, timer.market, timer.to) for timer in naive.timers),
    )


def check_one_by_one(expected: Expected) -> Result:
    """Events after every command; books, balances and invariants at the end."""
    venue = Venue(expected.terms)
    buffer = new_events(ROOM)
    multi = len(expected.terms.markets) > 1
    everything: list[bytes] = []
    start = 0
    for number, (command, wanted) in enumerate(zip(expected.commands, expected.events, strict=True)):
        end = expected.ends[number]
        blocks = apply_all(venue, expected.records[start:end], buffer)
        start = end
        got = [event for block in blocks for event in events_to_json(block, multi)]
        assert got == wanted, f"command {number} {command}: expected {wanted}, was {got}"
        assert all((block["sequence"] == end).all() for block in blocks)
        everything += [block.tobytes() for block in blocks]
    check_state(venue, expected)
    return Result(b"".join(everything), venue.state_root())


def check_state(venue: Venue, expected: Expected) -> None:
    """Books and balances are the naive ones, and every invariant holds."""
    venue.validate()
    for market, wanted in enumerate(expected.books):
        book = venue.book(market)
        got = {
            "last": book.last,
            "bids": [list(row) for row in book.bids],
            "asks": [list(row) for row in book.asks],
            "parked": [list(row) for row in book.parked],
        }
        assert got == wanted, f"book {market}: expected {wanted}, was {got}"
    for (account, asset), balance in expected.balances.items():
        got_balance = venue.balance(account, asset)
        where = f"balance of account {account}, asset {asset}"
        assert got_balance == balance, f"{where}: expected {balance}, was {got_balance}"
    timers = [(timer.at, timer.number, timer.market, timer.state) for timer in venue.timers()]
    assert timers == expected.timers, f"timers: expected {expected.timers}, was {timers}"


def check_batches(expected: Expected, result: Result, cuts: Sequence[int], room: int) -> None:
    """Any batches and any event buffer give the same bytes."""
    venue = Venue(expected.terms)
    buffer = new_events(room)
    found = b"".join(
        block.tobytes()
        for piece in np.split(expected.records, sorted(cut % len(expected.records) for cut in cuts))
        for block in apply_all(venue, piece, buffer)
    )
    assert found == result.events, "batches or buffers changed the events"
    assert venue.state_root() == result.root, "batches or buffers changed the state"


def check_snapshot(expected: Expected, result: Result, at: int) -> None:
    """A venue restored in the middle goes on with the same bytes; the snapshot itself has the same root."""
    cut = at % len(expected.records)
    buffer = new_events(ROOM)
    first = Venue(expected.terms)
    begun = b"".join(block.tobytes() for block in apply_all(first, expected.records[:cut], buffer))
    taken = Shelf()
    first.snapshot(taken)
    second = Venue(expected.terms)
    second.restore(taken)
    second.validate()
    assert second.state_root() == first.state_root(), "a restored venue has another state"
    rest = b"".join(block.tobytes() for block in apply_all(second, expected.records[cut:], buffer))
    assert begun + rest == result.events, "a restored venue gives other events"
    assert second.state_root() == result.root, "a restored venue ends in another state"


class Shelf:
    """A snapshot in memory: copies, as a file would hold them."""

    def __init__(self) -> None:
        self.arrays: dict[str, npt.NDArray[Any]] = {}

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        self.arrays[name] = array.copy()

    def get(self, name: str) -> npt.NDArray[Any]:
        return self.arrays[name]
