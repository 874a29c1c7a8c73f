"""Snapshots that a node keeps while it trades: what a restart begins with, after a kill too."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

from novate.app.bootstrap import Replay
from novate.client import Client, Credentials, node_status
from novate.domain.codes import Side
from tests.end_to_end.nodes import NodeProcess, market_file, seed_of, terms, write_sessions
from tests.end_to_end.test_node_sessions import PRICE

EVERY = 40
PATIENCE = 30.0


def test_a_killed_node_begins_with_a_snapshot_that_it_kept_while_it_traded(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_sessions(data, [terms("ALPINE", 1, 101)])
    config = market_file(tmp_path, snapshot_commands=EVERY, clearing_house=False)
    node = NodeProcess(data, config)
    client = Client.connect(node.address, Credentials("ALPINE", seed_of("ALPINE")), from_number=1)
    cid = 0
    until = time.monotonic() + PATIENCE
    while len(snapshots(data)) < 3 or b'"snapshot":0' in node_status(data / "novate.sock"):
        cid += 1
        client.receipt(client.place_order(0, 101, cid, Side.BUY, 1, PRICE - cid % 50))
        assert time.monotonic() < until
    told = b"".join(client.events(0.2).tobytes() for _ in range(2))
    assert b'"clearing":null' in node_status(data / "novate.sock"), "it was left out"
    node.kill()
    assert not (data / "clearing").exists()
    kept = snapshots(data)
    assert 1 <= len(kept) <= 4, "the oldest ones go"
    again = NodeProcess(data, config)
    found = re.fullmatch(r"snapshot at (\d+), (\d+) commands behind it", again.banner["recovered"])
    assert found is not None
    assert int(found[1]) == kept[-1]
    assert int(found[2]) < again.banner["sequence"] - kept[0] + 1
    with Client.connect(again.address, Credentials("ALPINE", seed_of("ALPINE")), from_number=1) as client:
        assert client.accepted.nonce == cid, "also what was spent before the snapshot"
        whole = b""
        while len(whole) < len(told):
            whole += client.events(5.0).tobytes()
        assert whole[: len(told)] == told
    code, _, said = again.end(signal.SIGINT)
    assert (code, said) == (0, "")
    replay = Replay(data)
    roots = {}
    for _, commands, events in replay.batches(snapshots(data)):
        assert len(commands) >= 0 <= len(events)
        roots[replay.venue.sequence] = replay.venue.state_root().hex()
    for restored in replay.restored_snapshots():
        assert restored.found_root == restored.named_root == roots[restored.sequence]


def snapshots(data: Path) -> list[int]:
    """Sequences of the snapshots that are whole."""
    found = (
        re.fullmatch(r"snapshot-(\d+)-[0-9a-f]+", path.name) for path in (data / "venue/journal").iterdir()
    )
    return sorted(int(name[1]) for name in found if name)
