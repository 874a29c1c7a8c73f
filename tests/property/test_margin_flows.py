"""Random days with margin: the real house answers what the naive one answers, and its root is one.

Batches of any size, buffers of any size and a restored snapshot give the same events and the same root.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from novate.app.conform_clearing import QUERIES, ClearingPlayer
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import Records, new_clearing_events
from tests.oracle.naive_clearing import NaiveClearing
from tests.property.margin_flows import margin_flow_of

Json = dict[str, Any]
COMMANDS = 200
SEEDS = (15, 16, 27, 54)


class Arrays:
    """A snapshot in memory."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def put(self, name: str, array: Any) -> None:
        self.found[name] = array.copy()

    def get(self, name: str) -> Any:
        return self.found[name]


def applied(house: Clearing, commands: Records, room: int) -> bytes:
    """The bytes of all events."""
    buffer, blocks = new_clearing_events(room), []
    while len(commands):
        written = house.apply(commands, buffer)
        blocks.append(buffer[:written].tobytes())
        commands = commands[house.consumed :]
    return b"".join(blocks)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_real_house_answers_what_the_naive_house_answers(seed: int) -> None:
    config, commands = margin_flow_of(seed, COMMANDS)
    real, naive = ClearingPlayer(house_terms(config)), NaiveClearing(config)
    for number, command in enumerate(commands):
        expected = naive.apply(command)
        naive.validate()
        assert real.answer(command) == expected, f"seed {seed}, command {number}: {command['cmd']}"


def test_the_flows_reach_every_room() -> None:
    """What is never seen is never compared."""
    seen = set()
    for seed in SEEDS:
        config, commands = margin_flow_of(seed, COMMANDS)
        naive = NaiveClearing(config)
        for command in commands:
            seen |= {event["ev"] for event in naive.apply(command)}
    assert seen >= {
        "VARIATION", "VARIATION_PAID", "CALL", "CALL_CLOSED", "DEFAULTED", "CLOSED_OUT", "LOSS_COVERED",
        "LOSS_ALLOCATED", "EXPIRED",
    }  # fmt: skip


@pytest.mark.parametrize("room", [3, 4096])
def test_a_replay_in_other_batches_and_from_a_snapshot_gives_one_root(room: int) -> None:
    config, commands = margin_flow_of(SEEDS[0], COMMANDS)
    terms = house_terms(config)
    writer = CommandWriter(terms)
    blocks = [writer.records(command) for command in commands if command["cmd"] not in QUERIES]
    one_by_one, at_once, restored = Clearing(terms), Clearing(terms), Clearing(terms)
    events, half = b"", len(blocks) // 2
    for number, block in enumerate(blocks):
        if number == half:
            snapshot = Arrays()
            one_by_one.snapshot(snapshot)
            restored.restore(snapshot)
            assert restored.state_root() == one_by_one.state_root()
            before = len(events)
        events += applied(one_by_one, block, 4096)
    assert applied(at_once, np.concatenate(blocks), room) == events
    assert applied(restored, np.concatenate(blocks[half:]), room) == events[before:]
    assert one_by_one.state_root() == at_once.state_root() == restored.state_root()
    restored.validate()
