"""A node as a process: kill -9 under load, Ctrl-C, a second start, and a disk that fails.

Clients of all kinds of session count what they were told. Whatever had been acknowledged when the node died
is in the recovered journal, exactly once, and the streams go on where they were.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from novate.app.bootstrap import Plane, Replay, found_plane, opening_records
from novate.app.configuration import embedded_configuration
from novate.client import Client, Credentials, SessionEnded, new_order
from novate.client.orders import together
from novate.domain.codes import CommandKind, EventKind, Side
from novate.domain.records import Commands
from novate.domain.session_codes import NoticeKind, SessionKind, SessionReject
from novate.journal import Journal, JournalError
from tests.end_to_end.nodes import (
    NodeProcess,
    RunningNode,
    market_file,
    published_fills,
    running,
    seed_of,
    terms,
    usual_sessions,
    write_sessions,
)
from tests.end_to_end.processes import novate, novate_json
from tests.end_to_end.test_node_sessions import PRICE, collected, end_of
from tests.faults.journal.disks import FailingDisk

LONG = os.environ.get("NOVATE_PROFILE") == "long"
KILLS = 200 if LONG else 3
CLIENTS = (
    ("MAC-1", 101, SessionKind.MAC, 8), ("MAC-2", 201, SessionKind.MAC, 1),
    ("FRAME-1", 301, SessionKind.FRAME, 32), ("ORDER-1", 401, SessionKind.ORDER, 1),
)  # fmt: skip

OPENING = 14
"""Events of the opening credit of two accounts."""


class Load(threading.Thread):
    """Sends orders of ever new ids until the node is gone; remembers what was acknowledged and told."""

    def __init__(self, address: str, name: str, account: int, kind: SessionKind, size: int, cid: int) -> None:
        super().__init__()
        self.account, self.size, self.cid = account, size, cid
        self.client = Client.connect(address, Credentials(name, seed_of(name), kind), from_number=1)
        self.sent: dict[int, range] = {}
        self.acknowledged: dict[int, int] = {}
        """Client order id -> sequence in the journal, as the receipts say."""
        self.acknowledged_nonce = 0
        self.told: list[bytes] = []

    def run(self) -> None:
        with contextlib.suppress(OSError, SessionEnded):
            while True:
                ids = range(self.cid, self.cid + self.size)
                self.cid += self.size
                side = Side.BUY if self.account % 200 == 1 else Side.SELL
                orders = together(*(new_order(0, self.account, cid, side, 1, PRICE) for cid in ids))
                self.sent[self.client.send(orders)] = ids
                self._listen()

    def _listen(self) -> None:
        notices = self.client.notices(0.002)
        for notice in notices[notices["kind"] == NoticeKind.RECEIPT]:
            ids = self.sent.pop(int(notice["nonce"]))
            assert notice["count"] == len(ids)
            first = int(notice["first_sequence"])
            self.acknowledged_nonce = int(notice["nonce"])
            self.acknowledged.update(zip(ids, range(first, first + len(ids)), strict=True))
        self.told.append(self.client.events().tobytes())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that is killed again and again."""
    base = tmp_path_factory.mktemp("killed")
    sessions = [terms(name, at, account, kind=kind) for at, (name, account, kind, _) in enumerate(CLIENTS, 1)]
    write_sessions(base / "data", sessions)
    return base


def journaled(data: Path) -> Commands:
    """Every record of the journal that a dead node left."""
    with Journal.open(data / "venue/journal", read_only=True) as journal:
        return np.concatenate([records for _, records in journal.read()])


@pytest.mark.parametrize("number", range(KILLS))
def test_nothing_acknowledged_is_lost_and_nothing_comes_twice(number: int, place: Path) -> None:
    chance = random.Random(number)
    node = NodeProcess(place / "data", market_file(place))
    loads = [
        Load(node.address, name, account, kind, size, 1 + number * 1_000_000)
        for name, account, kind, size in CLIENTS
    ]
    for load in loads:
        load.start()
    deadline = time.monotonic() + 60
    while not all(load.acknowledged for load in loads) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(chance.random() * 0.5)
    node.kill()
    for load in loads:
        load.join()
    records = journaled(place / "data")
    orders = records[records["kind"] == CommandKind.NEW]
    names = {(int(one["account"]), int(one["client_order_id"])) for one in orders}
    assert len(names) == len(orders), "an order is in the journal twice"
    for load in loads:
        assert load.acknowledged, "expected every client to be served before the kill"
        for cid, sequence in load.acknowledged.items():
            record = records[sequence - 1]
            assert (record["account"], record["client_order_id"]) == (load.account, cid)
    after = NodeProcess(place / "data", market_file(place))
    try:
        trades = published_fills(place / "data")
        assert trades == list(range(1, len(trades) + 1))
        assert after.banner["sequence"] == len(records)
        assert after.banner["state_root"] == replayed_root(place / "data")
        for load, (name, _, kind, _) in zip(loads, CLIENTS, strict=True):
            told = b"".join(load.told)
            credentials = Credentials(name, seed_of(name), kind)
            with Client.connect(after.address, credentials, from_number=1) as client:
                assert client.accepted.nonce >= load.acknowledged_nonce
                whole = collected(client, client.accepted.last_number).tobytes()
            assert whole[: len(told)] == told, "the stream is another one than was told"
    finally:
        code, _, said = after.end(signal.SIGINT)
        assert code == 0, said


def replayed_root(data: Path) -> str:
    """State root after a replay of everything from the first record."""
    replay = Replay(data / "venue")
    for _, _, events in replay.blocks():
        for _ in events:
            pass
    replay.venue.validate()
    return replay.venue.state_root().hex()


def test_a_node_is_started_asked_stopped_and_started_again(tmp_path: Path) -> None:
    data, config = tmp_path / "data", market_file(tmp_path)
    made = novate_json("keys", "add", "ALPINE", "--data", data, "--config", config, "--accounts", "101,102")
    assert made["number"] == 1
    node = NodeProcess(data, config)
    second = novate("up", "--data", data, "--config", config)
    assert second.returncode == 1
    assert "only writer" in second.stderr
    credentials = Credentials.from_file(made["private_key"], "ALPINE")
    with Client.connect(node.address, credentials) as client:
        client.receipt(client.place_order(0, 101, 1, Side.BUY, 5, PRICE))
        status = novate_json("status", "--data", data)
        assert (status["running"], status["status"]["sessions"]) == (True, {"ALPINE": True})
        code, out, said = node.end(signal.SIGTERM)
        assert (code, said) == (0, "")
        assert end_of(client) is SessionReject.NODE_STOPPING
    assert '"stopped_at"' in out
    stopped = novate("status", "--data", data, "--json")
    assert stopped.returncode == 1
    assert '"running":false' in stopped.stdout
    assert not (data / "novate.sock").exists()
    other = novate("up", "--data", data, "--config", market_with_another_name(tmp_path))
    assert other.returncode == 1
    assert "expected the configuration that it was founded on" in other.stderr
    again = NodeProcess(data, config)
    assert again.banner["recovered"].endswith("0 commands behind it")
    with Client.connect(str(data / "novate.sock"), credentials, from_number=1) as client:
        assert collected(client, OPENING + 1)["kind"].tolist()[-1] == EventKind.ACCEPTED
    assert again.end(signal.SIGINT)[0] == 0


def market_with_another_name(place: Path) -> Path:
    """The same market under another name, which is another configuration."""
    path = place / "other.toml"
    text = (place / "market.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("Novate Demonstration Exchange", "Another Exchange"), encoding="utf-8")
    return path


@contextlib.contextmanager
def on_disk(place: Path, disk: FailingDisk) -> Iterator[RunningNode]:
    """A node whose journal lies on a disk that will fail; dies of it."""
    found_plane(place / "venue/journal", embedded_configuration()).close()
    plane = Plane(embedded_configuration(), Journal.open(place / "venue/journal", disk=disk))
    plane.take(opening_records(plane.configuration))
    with (
        pytest.raises(JournalError, match="nothing of it is acknowledged"),
        running(place, usual_sessions(), plane=plane) as node,
    ):
        yield node


@pytest.mark.parametrize(
    ("error", "kind"), [(errno.EIO, "fdatasync"), (errno.ENOSPC, "pwrite"), (errno.EIO, "pwrite")]
)
def test_a_disk_that_fails_ends_the_node_and_takes_no_acknowledged_order(
    tmp_path: Path, error: int, kind: str
) -> None:
    disk = FailingDisk(error, kind)
    with on_disk(tmp_path / "node", disk) as node:
        client = node.connect("ALPINE")
        kept = int(client.receipt(client.place_order(0, 101, 1, Side.BUY, 1, PRICE))["first_sequence"])
        disk.fail_after(0)
        nonce = client.place_order(0, 101, 2, Side.BUY, 1, PRICE)
        with pytest.raises(SessionEnded) as ended:
            client.receipt(nonce)
        assert ended.value.reason is SessionReject.NODE_FAILED
        node.thread.join(10)
    records = journaled(tmp_path / "node")
    assert records["client_order_id"][kept - 1] == 1
    with running(tmp_path / "node") as node, node.connect("ALPINE", from_number=1) as client:
        assert client.accepted.last_number - OPENING in (1, 2), (
            "what was not acknowledged may be there or not"
        )


def test_a_machine_is_examined(tmp_path: Path) -> None:
    found = novate("doctor", "--data", tmp_path / "data", "--config", market_file(tmp_path), "--json")
    assert [f'"what":"{what}"' in found.stdout for what in ("port", "disk", "kernels", "clock", "open files")]
    assert '"ok"' in found.stdout


def test_a_wrong_setting_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    refused = novate("up", "--data", tmp_path / "data", "--config", market_file(tmp_path, tcp="nowhere"))
    assert refused.returncode == 1
    assert 'market.toml: node.tcp: expected "HOST:PORT"' in refused.stderr
    assert not (tmp_path / "data").exists()
