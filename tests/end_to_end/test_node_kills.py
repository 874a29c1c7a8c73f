"""kill -9 at random moments under load from eight sessions of all kinds, beside a clearing house.

    start --> load --> kill: the node, the house, a node that starts, a node that stops --> start ...
                         |
                         +--> journal: all that was acknowledged     roots: those of a replay
    after a round        +--> streams: told once, without a gap      planes agree     signatures verified

`make kill-node` does two hundred of them; the suite a few.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from novate.app.bootstrap import Replay
from novate.app.verify_planes import verify_planes
from novate.client import Client, Credentials
from novate.domain.codes import CommandKind
from novate.domain.machine import apply_all
from novate.domain.records import Commands, new_events
from novate.journal import Journal
from tests.end_to_end.node_load import TRADERS, Life, sessions
from tests.end_to_end.nodes import NodeProcess, market_file, published_fills, seed_of, write_sessions
from tests.end_to_end.processes import NOVATE
from tests.end_to_end.test_clearing_beside import house_of
from tests.end_to_end.test_node_sessions import collected
from tests.end_to_end.two_planes import trades_of_house

KILLS = int(os.environ.get("NOVATE_NODE_KILLS", "4"))
ROUND = 20
"""Kills of one directory; then everything about it is compared."""
WAYS = ("node", "house", "starting", "stopping", "node", "node", "house", "node")
SERVED_SECONDS = 60.0


class Round:
    """One data directory, its traders, and a venue that has replayed all of its journal itself."""

    def __init__(
        self,
        place: Path,
        chance: random.Random,
        environment: dict[str, str] | None = None,
        clearing_house: bool = True,
    ) -> None:
        self.place, self.data, self.chance = place, place / "data", chance
        write_sessions(self.data, sessions())
        self.config = market_file(place, snapshot_commands=20_000, clearing_house=clearing_house)
        self.lives = [Life(trader) for trader in TRADERS]
        self.node = NodeProcess(self.data, self.config, environment)
        self.replay = Replay(self.data / "venue")
        self.killed: Counter[str] = Counter()
        self.commands = 0
        self.seconds = 0.0

    def load(self) -> None:
        """Everybody connects, half of them over the Unix socket, and is served at least once more."""
        for at, life in enumerate(self.lives):
            life.connect(self.node.banner["addresses"][at % 2])
        served = [len(life.acknowledged) for life in self.lives]
        began = time.monotonic()
        for life in self.lives:
            life.start()
        while any(len(life.acknowledged) <= before for life, before in zip(self.lives, served, strict=True)):
            assert time.monotonic() - began < SERVED_SECONDS, "expected every client to be served"
            assert all(life.failure is None for life in self.lives), [life.failure for life in self.lives]
            time.sleep(0.01)
        time.sleep(self.chance.random() * 0.5)
        self.seconds += time.monotonic() - began

    def kill(self, way: str) -> None:
        """Load, and one kill; afterwards a node runs again without load."""
        self.load()
        if way == "house":
            os.kill(house_of(self.node), signal.SIGKILL)
            time.sleep(self.chance.random())
            self._stop_clients()
        elif way == "stopping":
            self.node.process.send_signal(signal.SIGINT)
            time.sleep(self.chance.random() * 0.3)
            self._kill_node()
        else:
            self._kill_node()
        self.killed[way] += 1
        if way == "house":
            return
        self.expect_journal()
        if way == "starting":
            self._kill_a_start()
        self.node = NodeProcess(self.data, self.config)
        assert self.node.banner["state_root"] == self.replayed_root(self.node.banner["sequence"])

    def _stop_clients(self) -> None:
        for life in self.lives:
            life.stop()

    def _kill_node(self) -> None:
        self.node.kill()
        for life in self.lives:
            life.join()

    def _kill_a_start(self) -> None:
        """A node that is killed before it is ready has told nobody anything."""
        command = [str(NOVATE), "up", "--json", "--data", str(self.data), "--config", str(self.config)]
        starting = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.chance.random() * 3)
        starting.kill()
        starting.wait()

    def journal(self) -> Commands:
        """Every record of the journal that a dead node has left."""
        with Journal.open(self.data / "venue/journal", read_only=True) as journal:
            return np.concatenate([records for _, records in journal.read()])

    def expect_journal(self) -> None:
        """What was acknowledged is there; no order is there twice."""
        records = self.journal()
        self.commands = sum(life.expect_in(records) for life in self.lives)
        orders = records[records["kind"] == CommandKind.NEW]
        names = orders["account"].astype(np.int64) << 40 | orders["client_order_id"]
        assert len(np.unique(names)) == len(names), "an order is in the journal twice"

    def replayed_root(self, until: int) -> str:
        """State root of the venue that has only ever replayed, after so many commands."""
        venue, buffer = self.replay.venue, new_events(1 << 16)
        with Journal.open(self.data / "venue/journal", read_only=True) as journal:
            for first, records in journal.read(venue.sequence + 1):
                apply_all(venue, records[: until + 1 - first], buffer)
                if venue.sequence >= until:
                    break
        assert venue.sequence == until
        return venue.state_root().hex()

    def finish(self) -> None:
        """Stop the node; compare everything with everything."""
        streams = [self._stream_of(life) for life in self.lives]
        code, _, said = self.node.end(signal.SIGINT)
        assert code == 0, said
        self.expect_journal()
        for life, stream in zip(self.lives, streams, strict=True):
            told = b"".join(life.told)
            assert stream[: len(told)] == told, f"{life.trader.name}: another stream than it was told"
        fills = published_fills(self.data)
        assert fills == list(range(1, len(fills) + 1))
        found = verify_planes(self.data, 0)
        assert found.same, [check for check in found.checks if not check.same]
        assert any("signatures" in check.what for check in found.checks)
        assert set(trades_of_house(self.data)) <= set(fills)

    def end(self) -> None:
        """Leave nothing running."""
        if self.node.process.poll() is None:
            self.node.kill()

    def _stream_of(self, life: Life) -> bytes:
        trader = life.trader
        credentials = Credentials(trader.name, seed_of(trader.name), trader.kind)
        with Client.connect(self.node.address, credentials, from_number=1) as client:
            return collected(client, client.accepted.last_number).tobytes()


@pytest.mark.parametrize("number", range(-(-KILLS // ROUND)))
def test_nothing_acknowledged_is_lost_and_nothing_comes_twice(number: int, tmp_path: Path) -> None:
    chance = random.Random(number)
    run = Round(tmp_path, chance)
    try:
        for at in range(min(ROUND, KILLS - number * ROUND)):
            run.kill(WAYS[at] if at < len(WAYS) else chance.choice(WAYS))
        run.finish()
    finally:
        run.end()
    unheard = sum(life.taken_unheard for life in run.lives)
    rate = run.commands / run.seconds
    print(
        f"round {number}: {dict(run.killed)}; {run.commands} commands acknowledged, {rate:.0f} a second; "
        f"{unheard} frames journaled of which nobody heard; {threading.active_count()} thread"
    )
