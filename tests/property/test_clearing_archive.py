"""Trades that have left memory are answered as if they had not: by either archive, and across restarts.

Flows of many days in which old trades are named again: repeated, changed, cancelled, allocated, given up,
asked for. The naive house keeps everything for ever; it has no archive to be wrong about.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_clearing import QUERIES, ClearingPlayer
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.archive import ARCHIVED, MemoryArchive, TradeArchive
from novate.clearing.machine import Clearing
from novate.clearing.trades import delivery
from novate.domain.clearing_records import Records, new_clearing_events
from novate.journal.rows import RowArchive
from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_flows import clearing_flow_of
from tests.unit.clearing.houses import Kept

FLOWS = 4
PROBES = 6
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


@pytest.fixture(params=["memory", "disk"])
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def archive_of(kind: str, folder: str) -> TradeArchive:
    return MemoryArchive() if kind == "memory" else RowArchive(Path(folder) / "archive", ARCHIVED, "half")


def old_trades_again(seed: int) -> Json:
    """A flow in which trades of earlier days are named after every roll and every settlement."""
    flow, r = clearing_flow_of(seed), Random(seed)
    sent: list[Json] = []
    found: list[Json] = []
    for command in flow["commands"]:
        found.append(command)
        if command["cmd"] == "TRADE":
            sent.append(command)
        if command["cmd"] in ("ROLL", "SETTLE") and sent:
            for _ in range(PROBES):
                found += probe(r, r.choice(sent))
    return {**flow, "commands": found}


def probe(r: Random, old: Json) -> Iterator[Json]:
    names = {"source": old["source"], "trade_id": old["trade_id"]}
    version = max(1, old["version"] + r.choice([-2, -1, 0, 1]))
    account = old["seller"][1]
    yield r.choice(
        [
            old,
            {**old, "qty": old["qty"] + 1},
            {**old, "version": version},
            {**old, "version": version, "price": "3"},
            {"cmd": "CANCEL_TRADE", **names, "version": version},
            {"cmd": "ALLOCATE", **names, "side": "S", "parts": [{"account": account, "qty": old["qty"]}]},
            {"cmd": "GIVE_UP", **names, "side": "B", "to": old["seller"]},
        ]
    )
    yield {"cmd": "STATUS", **names}


def player_of(flow: Json, archive: TradeArchive) -> ClearingPlayer:
    player = ClearingPlayer(house_terms(flow["header"]["config"]))
    player.house = Clearing(house_terms(flow["header"]["config"]), trade_archive=archive)
    return player


@campaign(FLOWS)
@given(seed=seeds)
def test_old_trades_are_answered_like_the_naive_house_does(kind: str, seed: int) -> None:
    def check(flow: Json) -> None:
        naive = NaiveClearing(flow["header"]["config"])
        with TemporaryDirectory() as folder:
            player = player_of(flow, archive_of(kind, folder))
            for command in flow["commands"]:
                assert player.answer(command) == naive.apply(command), command

    explain(old_trades_again(seed), check)


def records_of(flow: Json) -> Records:
    writer = CommandWriter(house_terms(flow["header"]["config"]))
    return np.concatenate([writer.records(one) for one in flow["commands"] if one["cmd"] not in QUERIES])


def run(house: Clearing, commands: Records) -> bytes:
    buffer = new_clearing_events(400_000)
    return buffer[: house.apply(commands, buffer)].tobytes()


@campaign(FLOWS)
@given(seed=seeds, at=st.integers(0, 10_000), beyond=st.integers(0, 10_000))
def test_a_restart_takes_back_what_was_archived_since_the_snapshot(seed: int, at: int, beyond: int) -> None:
    flow = old_trades_again(seed)
    terms, commands = house_terms(flow["header"]["config"]), records_of(flow)
    at %= len(commands) + 1
    beyond = at + beyond % (len(commands) - at + 1)
    with TemporaryDirectory() as folder:
        whole = Clearing(terms)
        expected = run(whole, commands)
        archive, kept = RowArchive(Path(folder), ARCHIVED, "half"), Kept()
        first = Clearing(terms, trade_archive=archive)
        before = run(first, commands[:at])
        first.snapshot(kept)
        run(first, commands[at:beyond])  # and then the power fails
        archive.close()
        archive = RowArchive(Path(folder), ARCHIVED, "half")
        second = Clearing(terms, trade_archive=archive)
        second.restore(kept)
        second.validate()
        assert before + run(second, commands[at:]) == expected
        assert second.state_root() == whole.state_root()
        archive.close()


@campaign(FLOWS)
@given(seed=seeds)
def test_to_be_looked_at_changes_nothing(seed: int) -> None:
    """Positions that are columns become objects when somebody asks; neither events nor root tell."""
    flow = old_trades_again(seed)
    terms, commands = house_terms(flow["header"]["config"]), records_of(flow)
    alone, watched = Clearing(terms), Clearing(terms)
    found = b""
    for piece in np.split(commands, range(7, len(commands), 7)):
        found += run(watched, piece)
        watched.positions()
    assert found == run(alone, commands)
    assert watched.state_root() == alone.state_root()


def test_many_old_trades_are_named_after_they_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them the tests above would compare a house that has everything with another one."""
    asked = []
    plain = delivery.retired

    def counted(*args: object) -> object:
        asked.append(plain(*args))  # type: ignore[arg-type]
        return asked[-1]

    monkeypatch.setattr(delivery, "retired", counted)
    for seed in range(6):
        flow = old_trades_again(seed)
        run(Clearing(house_terms(flow["header"]["config"])), records_of(flow))
    found = [one for one in asked if one is not None]
    assert len(found) > 20
    assert {one.is_cancelled for one in found} == {True, False}
