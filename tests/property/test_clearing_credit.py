"""Credit for the venue: what the house tells is what anybody can count, however commands are cut.

`NOVATE_PROFILE=long`: 10,000 flows for each property.
"""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_clearing import QUERIES, ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.machine import Clearing
from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_fills import fill_flow_of
from tests.property.test_clearing_machine import (
    Kept,
    apply_in_pieces,
    records_of,
    whole_run,
)

FLOWS = 20
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


@campaign(FLOWS)
@given(seed=seeds)
def test_fills_and_credit_equal_the_naive_house(seed: int) -> None:
    def check(flow: Json) -> None:
        real, naive = (
            ClearingPlayer(house_terms(flow["header"]["config"])),
            NaiveClearing(flow["header"]["config"]),
        )
        for command in flow["commands"]:
            if command["cmd"] not in QUERIES:
                assert real.answer(command) == naive.apply(command), command

    explain(fill_flow_of(seed), check)


@campaign(FLOWS)
@given(seed=seeds)
def test_netting_and_settlement_change_nobodys_worth(seed: int) -> None:
    """Nor does releasing credit: what was told is not told again. (K12 is another matter: see below.)"""

    def check(flow: Json) -> None:
        for instrument in flow["header"]["config"]["instruments"].values():
            instrument["resale"] = "immediate"
        player, numbers = ClearingPlayer(house_terms(flow["header"]["config"])), []
        for command in flow["commands"]:
            if command["cmd"] in QUERIES:
                continue
            numbers += released(player)
            player.apply(player.writer.records(command))
            if command["cmd"] in ("NET", "SETTLE", "RELEASE_CREDIT", "MARK", "PRIORITY", "EXEMPT", "FILLS"):
                assert not released(player), command
        assert numbers == list(range(1, len(numbers) + 1))

    explain(fill_flow_of(seed), check)


def released(player: ClearingPlayer) -> list[int]:
    """Numbers of the deltas that the house tells now."""
    events = player.reader.json(player.apply(player.writer.records({"cmd": "RELEASE_CREDIT"})))
    assert {event["ev"] for event in events} <= {"CREDIT"}
    return [event["credit"] for event in events]


@campaign(FLOWS)
@given(seed=seeds, cut=seeds, room=st.integers(1, 40), at=st.integers(0, 10_000))
def test_cuts_and_snapshots_change_no_byte(seed: int, cut: int, room: int, at: int) -> None:
    flow = fill_flow_of(seed)
    terms, commands = house_terms(flow["header"]["config"]), np.concatenate(records_of(flow))
    expected = whole_run(terms, commands)
    at %= len(commands) + 1
    house, kept, other = Clearing(terms), Kept(), Clearing(terms)
    events = apply_in_pieces(house, commands[:at], Random(cut), room)
    house.snapshot(kept)
    other.restore(kept)
    events += apply_in_pieces(other, commands[at:], Random(cut + 1), room)
    assert (events, other.state_root()) == expected
