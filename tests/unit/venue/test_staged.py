"""A staged record belongs to the very next command, whatever that is (R26, R34)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from novate.app.conform_records import commands_from_json
from novate.domain.codes import CommandKind, EventKind, Reject
from novate.domain.instruments import MarketTerms
from novate.domain.records import new_events
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue
from tests.oracle.naive_book import NaiveVenue
from tests.unit.venue.market import command

LIMIT = {"cid": 1, "side": "B", "qty": 5, "price": 100}
STOP = {"cid": 2, "side": "B", "qty": 5, "type": "STOP", "stop": 110}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"cmd": "NEW", "market": 0, "acct": 1, **LIMIT, "min_qty": 2}, Reject.MISSING_TERMS),
        ({"cmd": "NEW_OCO", "market": 0, "acct": 1, "limit": LIMIT, "stop": STOP}, Reject.INVALID_OCO),
    ],
    ids=["terms", "leg"],
)
def test_a_command_in_between_takes_the_staged_record_away(asked: dict[str, Any], reason: Reject) -> None:
    staged, order = np.split(commands_from_json(asked), 2)
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    events = new_events(64)
    written = venue.apply(np.concatenate([staged, command(CommandKind.TIME, time=1), order]), events)
    assert [(event["kind"], event["reason"]) for event in events[:written]] == [(EventKind.REJECTED, reason)]
    written = venue.apply(np.concatenate([staged, order]), events)
    assert (events["kind"][:written] != EventKind.REJECTED).all()


def test_evidence_takes_a_sequence_and_says_nothing() -> None:
    """Whatever bytes a signature has: they are no time, no market and no staged record."""
    order = commands_from_json({"cmd": "NEW", "market": 0, "acct": 1, **LIMIT})
    evidence = np.full(64, 0xFF, np.uint8).view(order.dtype)
    evidence["kind"] = CommandKind.EVIDENCE
    plain, signed = (Venue(VenueTerms(markets=(MarketTerms(market=0),))) for _ in range(2))
    events, others = new_events(64), new_events(64)
    written = signed.apply(np.concatenate([evidence, order, evidence]), events)
    told = events[:written].copy()
    told["sequence"] -= 1
    assert told.tobytes() == others[: plain.apply(order, others)].tobytes()
    assert signed.sequence == 3
    naive = NaiveVenue(VenueTerms(markets=(MarketTerms(market=0),)))
    assert naive.apply(evidence[0]) == []
