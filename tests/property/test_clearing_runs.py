"""Many trades at once give the bytes of one at a time: refused, repeated, odd and new ones, mixed."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_clearing import QUERIES
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_events import EventReader
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.machine import Clearing
from novate.clearing.trades.runs import TradeRun
from novate.domain.clearing_records import Records, new_clearing_events
from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_flows import clearing_flow_of, spoiled_clearing_flow_of

FLOWS = 25
BLOCK = 75
seeds = st.integers(0, 2**32)
ODD: list[Json] = [
    {"price": "9" * 25},
    {"price": "184467440737095516.17"},
    {"price": "0000000001.50"},
    {"price": "1.0000000000000000000"},
    {"price": "90071992547409.93"},
    {"price": "0.000000001"},
    {"qty": 10**30},
    {"qty": 10**12},
    {"trade_id": "long " * 20},
    {"trade_id": ""},
    {"trade_id": "bar|1|"},
    {"trade_id": "t-\u00e9\u4e16"},
    {"source": "another"},
    {"version": 2**62},
]


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


def runs_of(seed: int, spoil: bool) -> Json:
    """A flow whose trades stand together, some of them odd."""
    flow, r = (spoiled_clearing_flow_of if spoil else clearing_flow_of)(seed, 4 * BLOCK), Random(seed)
    found: list[Json] = []
    for start in range(0, 4 * BLOCK, BLOCK):
        block = [one for one in flow["commands"][start : start + BLOCK] if one["cmd"] not in QUERIES]
        trades = [one for one in block if one["cmd"] == "TRADE"]
        trades += [{**one, **r.choice(ODD)} for one in trades if r.random() < 0.15]
        trades += [one for one in trades if r.random() < 0.1]
        found += trades + [one for one in block if one["cmd"] != "TRADE"]
    return {**flow, "commands": found}


def run(flow: Json, piece: int, room: int) -> tuple[bytes, bytes, Clearing, list[str]]:
    """Events and root of a flow that is handed over in pieces of so many records."""
    terms = house_terms(flow["header"]["config"])
    house, writer, buffer = Clearing(terms), CommandWriter(terms), new_clearing_events(room)
    records = [writer.records(one) for one in flow["commands"]]
    commands: Records = np.concatenate(records) if records else new_clearing_events(0)[:0]
    found = b""
    while len(commands):
        found += buffer[: house.apply(commands[:piece], buffer)].tobytes()
        commands = commands[house.consumed :]
    return found, house.state_root(), house, writer.sources


@campaign(FLOWS // 2)
@given(seed=seeds, spoil=st.booleans(), room=st.sampled_from([9, 100, 10_000]))
def test_a_run_gives_the_bytes_of_one_at_a_time(seed: int, spoil: bool, room: int) -> None:
    def check(flow: Json) -> None:
        if not flow["commands"]:
            return
        alone = run(flow, 1, 10_000)
        together = run(flow, 10**6, room)
        assert together[:2] == alone[:2]
        together[2].validate()

    explain(runs_of(seed, spoil), check)


@campaign(FLOWS)
@given(seed=seeds, spoil=st.booleans())
def test_a_run_gives_the_events_of_the_naive_house(seed: int, spoil: bool) -> None:
    flow = runs_of(seed, spoil)
    found, _, _, sources = run(flow, 10**6, 100_000)
    naive = NaiveClearing(flow["header"]["config"])
    expected = [event for command in flow["commands"] for event in naive.apply(command)]
    events = np.frombuffer(found, new_clearing_events(0).dtype)
    assert EventReader(house_terms(flow["header"]["config"]), sources).json(events) == expected


def test_runs_take_most_of_the_trades_that_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without runs the tests above would compare single trades with single trades."""
    taken = []
    plain = TradeRun.take

    def counted(self: TradeRun, first: int, most: int) -> int:
        taken.append(plain(self, first, most))
        return taken[-1]

    monkeypatch.setattr(TradeRun, "take", counted)
    accepted = 0
    for seed in range(8):
        found, *_ = run(runs_of(seed, spoil=False), 10**6, 100_000)
        accepted += found[::64].count(11)
    assert sum(taken) > accepted // 2
    assert max(taken) >= 8
