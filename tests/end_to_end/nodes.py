"""Running nodes for tests: in a thread of this process with real sockets, or as a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from novate.app.bootstrap import Plane
from novate.app.configuration import DEFAULT, embedded_configuration
from novate.app.node.core import Node
from novate.app.node.directory import DataDirectory
from novate.app.node.recovery import recover
from novate.app.node.session_file import add_session
from novate.app.node.settings import NodeSettings
from novate.app.node.up import standing_plane
from novate.app.plane_streams import FILLS, FillStream
from novate.app.venue_fills import FILL_BYTES, as_fills
from novate.client import Client, Credentials
from novate.domain.codes import EventKind
from novate.domain.session_codes import NoticeKind, Permission, SessionKind, SessionReject
from novate.gateway.binary import ServerSettings, SessionTerms
from novate.journal.streams import StreamReader
from novate.signatures import public_of
from tests.end_to_end.processes import NOVATE

QUICK = ServerSettings(tcp="127.0.0.1:0", heartbeat_ms=100, silence_ms=2_000, login_ms=500)
TRADER = Permission.READ | Permission.TRADE


def seed_of(name: str) -> bytes:
    """The private key of a test's session."""
    return name.encode().ljust(32, b".")


def terms(name: str, number: int, *accounts: int, **others: Any) -> SessionTerms:
    """A trading session; without accounts an operator who sees and may do everything."""
    usual: dict[str, Any] = {
        "permissions": TRADER if accounts else Permission.READ | Permission.ADMIN,
        "accounts": accounts or None,
    }
    return SessionTerms(name=name, number=number, public_key=public_of(seed_of(name)), **(usual | others))


def usual_sessions() -> list[SessionTerms]:
    """One session of each kind, and an operator."""
    return [
        terms("ALPINE", 1, 101, 102),
        terms("BOREAL", 2, 201, kind=SessionKind.FRAME),
        terms("CASTOR", 3, 301, kind=SessionKind.ORDER),
        terms("OPERATOR", 9),
    ]


@dataclass
class RunningNode:
    """A node in a thread."""

    data: DataDirectory
    node: Node
    thread: threading.Thread = field(init=False)
    failure: list[BaseException] = field(default_factory=list)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.node.run()
        except BaseException as error:  # what it dies of is what some tests are about
            self.failure.append(error)

    @property
    def address(self) -> str:
        return self.node.server.addresses[0]

    def connect(self, name: str, kind: SessionKind = SessionKind.MAC, **others: Any) -> Client:
        """A client of a session of that name."""
        return Client.connect(self.address, Credentials(name, seed_of(name), kind), **others)

    def stop(self) -> None:
        self.node.stop()
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()


@contextmanager
def running(
    place: Path,
    sessions: list[SessionTerms] | None = None,
    server: ServerSettings = QUICK,
    plane: Plane | None = None,
    tick_ms: int = 1_000,
) -> Iterator[RunningNode]:
    """A node of the embedded default on the data directory `place`; stopped cleanly at the end."""
    data = DataDirectory(place)
    data.make()
    fills = FillStream(data.path)
    settings = NodeSettings(server=server, tick_ms=tick_ms)
    if plane is None:
        plane, _ = standing_plane(data, embedded_configuration(), fills, settings)
    log, nonces = recover(data, plane)
    run = RunningNode(data, Node(data, plane, log, nonces, settings, sessions or usual_sessions(), fills))
    run.start()
    try:
        yield run
    finally:
        run.stop()
    if run.failure:
        raise run.failure[0]


def published_fills(place: Path) -> list[int]:
    """Trade ids of the fills that a node on `place` has published for its clearing house."""
    reader = StreamReader(place / FILLS, FILL_BYTES)
    try:
        fills = as_fills(reader.read(1, 1 << 20))
    finally:
        reader.close()
    return [int(one) for one in fills["trade_id"][0::2]]


def kinds_of(events: np.ndarray[Any, Any]) -> list[str]:
    """Names of the kinds of events."""
    return [EventKind(kind).name for kind in events["kind"].tolist()]


def events_until(client: Client, *kinds: EventKind, timeout: float = 5.0) -> np.ndarray[Any, Any]:
    """Events up to and with the first of one of the kinds (or all that come in time)."""
    found = client.events(timeout)
    while len(found) and not np.isin(found["kind"], kinds).any():
        more = client.events(timeout)
        if not len(more):
            break
        found = np.concatenate([found, more])
    return found


def refusals(client: Client, timeout: float = 2.0) -> list[SessionReject]:
    """Reasons of the refusals that have arrived, or arrive next."""
    notices = client.notices(timeout)
    return [SessionReject(one) for one in notices["reason"][notices["kind"] == NoticeKind.REFUSED].tolist()]


def market_file(directory: Path, **node: Any) -> Path:
    """The embedded default with a [node] table: a free port, no board, and whatever else is given."""
    table = {"tcp": "127.0.0.1:0", "board": "off", **node}
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    path = directory / "market.toml"
    path.write_text(DEFAULT.read_text(encoding="utf-8") + "\n".join(["", "[node]", *lines, ""]), "utf-8")
    return path


def write_sessions(place: Path, sessions: list[SessionTerms]) -> None:
    """A `sessions.toml` for a node that runs as a process."""
    data = DataDirectory(place)
    data.make()
    for one in sessions:
        add_session(data, one)


class NodeProcess:
    """`novate up` as a process."""

    def __init__(self, data: Path, config: Path, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [str(NOVATE), "up", "--json", "--data", str(data), "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, said = self.process.communicate(timeout=60)
            raise AssertionError(f"expected a banner, was: {said.decode()}")
        self.banner: dict[str, Any] = msgspec.json.decode(line)
        self.address = str(self.banner["addresses"][0])

    def end(self, signal: int) -> tuple[int, str, str]:
        """Send a signal and wait; returns exit code, output and complaints."""
        self.process.send_signal(signal)
        out, said = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode(), said.decode()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.communicate()
