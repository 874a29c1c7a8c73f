"""A node as a process: Ctrl-C, a second start, settings that are refused; and a disk that fails.

What is killed under load is in `test_node_kills`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from novate.app.bootstrap import Plane, found_plane, opening_records
from novate.app.configuration import embedded_configuration
from novate.client import Client, Credentials, SessionEnded
from novate.domain.codes import EventKind, Side
from novate.domain.records import Commands
from novate.domain.session_codes import SessionReject
from novate.journal import Journal, JournalError
from tests.end_to_end.nodes import (
    NodeProcess,
    RunningNode,
    market_file,
    running,
    usual_sessions,
)
from tests.end_to_end.processes import novate, novate_json
from tests.end_to_end.test_node_sessions import PRICE, collected, end_of
from tests.faults.journal.disks import FailingDisk

OPENING = 14
"""Events of the opening credit of two accounts."""


def journaled(data: Path) -> Commands:
    """Every record of the journal that a dead node left."""
    with Journal.open(data / "venue/journal", read_only=True) as journal:
        return np.concatenate([records for _, records in journal.read()])


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
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        config = market_file(tmp_path, tcp=address)
        found = json.loads(novate("doctor", "--data", tmp_path / "data", "--config", config, "--json").stdout)
    findings = {one["what"]: one for one in found["findings"]}
    assert findings.keys() >= {"port", "disk", "kernels", "clock", "open files"}
    assert not found["ok"]
    assert findings["port"]["found"] == f"{address}: expected a free port, was: Address already in use"
    assert "(expected: up to" in findings["disk"]["found"]


@pytest.mark.parametrize("key", ["[node] tcp", "[node] board", "[web] address"])
def test_a_taken_address_founds_nothing(key: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        table, name = key[1:].split("] ")
        config = market_file(tmp_path, **{name: address} if table == "node" else {})
        if table == "web":
            config.write_text(f'{config.read_text("utf-8")}\n[web]\n{name} = "{address}"\n', "utf-8")
        said = novate("up", "--data", tmp_path / "data", "--config", config)
    assert said.returncode == 1
    assert f"{key} = {address}" in said.stderr
    assert "Address already in use" in said.stderr
    assert not (tmp_path / "data").exists()


def test_the_ports_of_the_running_node_are_no_fault(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = market_file(tmp_path, tcp=address)
    node = NodeProcess(tmp_path / "data", config)
    try:
        found = json.loads(novate("doctor", "--data", tmp_path / "data", "--config", config, "--json").stdout)
    finally:
        node.process.kill()
    port = next(one for one in found["findings"] if one["what"] == "port")
    assert (port["ok"], port["found"]) == (True, f"{address} is taken; the node of this directory runs")


def test_a_wrong_setting_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    refused = novate("up", "--data", tmp_path / "data", "--config", market_file(tmp_path, tcp="nowhere"))
    assert refused.returncode == 1
    assert 'market.toml: node.tcp: expected "HOST:PORT"' in refused.stderr
    assert not (tmp_path / "data").exists()
