"""The real clearing house equals the naive one on generated days, however its commands are cut.

`FLOWS` flows for each property by default; `NOVATE_PROFILE=long`: 10,000.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_clearing import QUERIES, ClearingPlayer
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import Records, new_clearing_events
from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_flows import clearing_flow_of, spoiled_clearing_flow_of

FLOWS = 25
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


class Kept:
    """A snapshot in memory."""

    def __init__(self) -> None:
        self.arrays: dict[str, npt.NDArray[Any]] = {}

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        self.arrays[name] = array.copy()

    def get(self, name: str) -> npt.NDArray[Any]:
        return self.arrays[name]


def flow_of(seed: int, spoil: bool) -> Json:
    return (spoiled_clearing_flow_of if spoil else clearing_flow_of)(seed)


def records_of(flow: Json) -> list[Records]:
    """Records of each command; queries have none."""
    writer = CommandWriter(house_terms(flow["header"]["config"]))
    return [writer.records(one) for one in flow["commands"] if one["cmd"] not in QUERIES]


def apply_in_pieces(house: Clearing, commands: Records, cut: Random, room: int) -> bytes:
    """Events of all commands, handed over in pieces of any size through a buffer of any size."""
    found, buffer = b"", new_clearing_events(room)
    while len(commands):
        piece = commands[: cut.randint(0, 40)]
        found += buffer[: house.apply(piece, buffer)].tobytes()
        commands = commands[house.consumed :]
    return found


def whole_run(terms: Any, commands: Records) -> tuple[bytes, bytes]:
    """Events and root of one batch."""
    house, buffer = Clearing(terms), new_clearing_events(200_000)
    events = buffer[: house.apply(commands, buffer)].tobytes()
    assert house.consumed == len(commands)
    return events, house.state_root()


@campaign(FLOWS)
@given(seed=seeds, spoil=st.booleans())
def test_the_machine_gives_the_events_of_the_naive_house(seed: int, spoil: bool) -> None:
    def check(flow: Json) -> None:
        naive = NaiveClearing(flow["header"]["config"])
        player = ClearingPlayer(house_terms(flow["header"]["config"]))
        for command in flow["commands"]:
            expected = naive.apply(command)
            assert player.answer(command) == expected, command
        for command in ({"cmd": "BALANCES"}, {"cmd": "POSITIONS"}):
            assert player.answer(command) == naive.apply(command)

    explain(flow_of(seed, spoil), check)


@campaign(FLOWS)
@given(seed=seeds, spoil=st.booleans(), cut=seeds, room=st.integers(1, 40))
def test_any_batching_gives_the_same_bytes_and_root(seed: int, spoil: bool, cut: int, room: int) -> None:
    flow = flow_of(seed, spoil)
    terms, commands = house_terms(flow["header"]["config"]), np.concatenate(records_of(flow))
    house = Clearing(terms)
    events = apply_in_pieces(house, commands, Random(cut), room)
    assert (events, house.state_root()) == whole_run(terms, commands)


@campaign(FLOWS)
@given(seed=seeds, at=st.integers(0, 10_000))
def test_a_snapshot_in_the_middle_changes_nothing(seed: int, at: int) -> None:
    """Between any two records, staged ones included."""
    flow = clearing_flow_of(seed)
    terms, commands = house_terms(flow["header"]["config"]), np.concatenate(records_of(flow))
    at %= len(commands) + 1
    buffer, kept = new_clearing_events(200_000), Kept()
    first, second = Clearing(terms), Clearing(terms)
    before = buffer[: first.apply(commands[:at], buffer)].tobytes()
    first.snapshot(kept)
    second.restore(kept)
    assert second.state_root() == first.state_root()
    second.validate()
    after = buffer[: second.apply(commands[at:], buffer)].tobytes()
    assert (before + after, second.state_root()) == whole_run(terms, commands)


@campaign(FLOWS)
@given(seed=seeds)
def test_every_command_that_is_taken_changes_the_root(seed: int) -> None:
    """And one that is refused does not, nor one that is a duplicate."""
    flow = clearing_flow_of(seed)
    house, buffer = Clearing(house_terms(flow["header"]["config"])), new_clearing_events(20_000)
    root = house.state_root()
    player = ClearingPlayer(house_terms(flow["header"]["config"]))
    for command in flow["commands"]:
        if command["cmd"] in QUERIES:
            continue
        records = player.writer.records(command)
        is_new_source = len(records) and records["kind"].tolist().count(3)
        events = player.reader.json(buffer[: house.apply(records, buffer)])
        now = house.state_root()
        unchanged = [event["ev"] for event in events] in (["REJECTED"], ["DUPLICATE"])
        if unchanged and not is_new_source:
            assert now == root, command
        elif command["cmd"] in ("ROLL", "NET", "SETTLE", "CANCEL_TRADE", "TRANSFER", "GIVE_UP", "SPLIT"):
            assert now != root, command
        root = now
