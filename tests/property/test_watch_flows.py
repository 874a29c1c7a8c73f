"""Orders that watch the market, and prices below zero: the compiled venue against its naive twin.

`FLOWS` of them for each test by default; `NOVATE_PROFILE=long`: 10,000.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_records import commands_from_json, events_to_json
from novate.domain.instruments import MarketTerms
from novate.domain.machine import apply_all
from novate.domain.records import new_events
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.oracle.compare import (
    ROOM,
    SMALLEST_BUFFER,
    Json,
    check_batches,
    check_one_by_one,
    check_snapshot,
    expected_of,
    expected_of_records,
    naive_run,
)
from tests.oracle.interpreted import Interpreted
from tests.property.campaign import campaign, explain, whole
from tests.property.flows import seeds, spoiled
from tests.property.watch_flows import watch_flow_of

FLOWS = 150

REFUSALS = (
    "INVALID_PEG",
    "INVALID_DISCRETION",
    "INVALID_COMBO",
    "INVALID_IN_STATE",
    "NOT_AMENDABLE",
    "PRICE_BAND",
)
MOST = 1024


@campaign(FLOWS)
@given(seed=seeds, cuts=st.lists(whole, max_size=4), room=st.integers(SMALLEST_BUFFER, 48), middle=whole)
def test_watchers_act_as_the_naive_venue_says_in_any_batches(
    seed: int, cuts: list[int], room: int, middle: int
) -> None:
    def check(flow: Json) -> None:
        expected = expected_of(flow)
        result = check_one_by_one(expected)
        check_batches(expected, result, cuts, room)
        check_batches(expected, result, [], SMALLEST_BUFFER)
        check_snapshot(expected, result, middle)

    explain(watch_flow_of(seed), check)


@campaign(FLOWS)
@given(seed=seeds)
def test_senseless_terms_are_refused_alike(interpreted: Interpreted, seed: int) -> None:
    """Any 64 bytes stand for a peg, a discretion or nothing; compiled and uncompiled agree on it."""
    flow = watch_flow_of(seed)
    good = expected_of(flow)
    expected = expected_of_records(good.terms, spoiled(good.records, seed))
    result = check_one_by_one(expected)
    assert interpreted.run(flow["header"], expected.records) == result


def test_watch_flows_reach_what_they_are_for() -> None:
    """Pegs that move and wait, sweeps by discretion, all-or-none orders that fill, trades below zero."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        flow = watch_flow_of(seed)
        naive, _, answers = naive_run(flow)
        for events in answers:
            count_acts(seen, events)
        seen.update(f"left {order.where} {order.peg or ''}" for m in naive.markets for order in m.orders)
    wanted = (
        "peg moves", "peg waits", "peg trades", "reach", "all at once", "zero or below", "AUCTION_TRADE",
        "left WAITING MID", "left BOOK PRIMARY", "left WAITING ", "CREDIT", "STP", "COLLAR", *REFUSALS,
    )  # fmt: skip
    assert [name for name in wanted if seen[name] == 0] == []


def count_acts(seen: Counter[str], events: list[Json]) -> None:
    """What happened at the end of a command, behind its own answer."""
    before: Json = {}
    for event in events:
        seen[event["ev"]] += 1
        seen[event.get("reason", "")] += 1
        if event["ev"] in ("TRADE", "AUCTION_TRADE") and event["price"] <= 0:
            seen["zero or below"] += 1
        if before.get("ev") == "AMENDED" and event["ev"] == "TRADE" and before.get("late"):
            seen["peg trades"] += 1
        if event["ev"] == "AMENDED":
            # An AMEND command says so first; a peg that moves comes behind something else.
            event = {**event, "late": event is not events[0]}
            seen["peg waits" if event["price"] is None else "peg moves"] += event["late"]
        if before.get("ev") == "TRIGGERED" and event["ev"] == "TRADE":
            far = before["price"] is not None and event["price"] != before["price"]
            seen["reach" if far else "all at once"] += 1
        before = event


# -- capacity ------------------------------------------------------------------------------------------


def all_or_none(number: int) -> Json:
    """A sell that nobody will fill."""
    return {"cmd": "NEW", "acct": 1, "cid": number, "side": "S", "qty": 1, "price": 900, "aon": True}


def answers(venue: Venue, commands: list[Json]) -> list[Json]:
    buffer = new_events(ROOM)
    found: list[Json] = []
    for command in commands:
        for block in apply_all(venue, commands_from_json(command), buffer):
            found += events_to_json(block)
    return found


def test_a_market_looks_at_1024_orders_and_no_more() -> None:
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    events = answers(venue, [all_or_none(number) for number in range(1, MOST + 2)])
    assert [event["ev"] for event in events] == ["ACCEPTED"] * MOST + ["REJECTED"]
    assert events[-1]["reason"] == "TOO_MANY_ATTENTIVE_ORDERS"
    cancel = {"cmd": "CANCEL", "acct": 1, "cid": 7}
    events = answers(venue, [cancel, all_or_none(2000), all_or_none(2001)])
    assert [event["ev"] for event in events] == ["CANCELLED", "ACCEPTED", "REJECTED"]
    venue.validate()


def test_a_peg_is_asked_for_the_price_level_of_its_target() -> None:
    """Its bound is no level; a peg without a target, and an all-or-none order, need none."""
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0, max_price_blocks=1),)))
    order: Json = {"cmd": "NEW", "acct": 1, "side": "B", "qty": 1}
    events = answers(
        venue,
        [
            order | {"cid": 1, "peg": "PRIMARY"},
            order | {"cid": 2, "price": 100},
            order | {"cid": 3, "price": 200},
            order | {"cid": 4, "price": 200, "aon": True},
            order | {"cid": 5, "price": 200, "peg": "PRIMARY"},
            order | {"cid": 6, "peg": "PRIMARY", "offset": -40},
        ],
    )
    told = [(event["ev"], event.get("price"), event.get("reason")) for event in events]
    assert told == [
        ("ACCEPTED", None, None),
        ("ACCEPTED", 100, None),
        ("AMENDED", 100, None),
        ("BOOK_STATE", None, None),
        ("REJECTED", None, "TOO_MANY_PRICE_LEVELS"),
        ("ACCEPTED", 200, None),
        ("ACCEPTED", 100, None),
        ("REJECTED", None, "TOO_MANY_PRICE_LEVELS"),
    ]
