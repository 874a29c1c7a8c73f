"""`novate bench turn`: CPU time of a turn of the core, from the bytes in the sockets to the answers.

    load: frames, sent --> | Node.turn: collect, block, journal, venue, answers | --> load: receipts
                           |<------------- CPU time of this thread ------------>|

Node and load take turns on one thread, so that nothing but the turn is inside the clock and a busy machine
disturbs it little: waiting for the disk is no CPU time. Latency is `novate bench node`'s business.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from novate.app.bench_machine import this_machine
from novate.app.bench_measure import undisturbed
from novate.app.bench_node_load import Measured, Session
from novate.app.configuration import embedded_configuration
from novate.app.node.core import Node
from novate.app.node.directory import DataDirectory
from novate.app.node.recovery import recover
from novate.app.node.settings import NodeSettings
from novate.app.node.up import standing_plane
from novate.app.plane_streams import FillStream
from novate.app.progress import SILENT, Progress
from novate.client import Credentials
from novate.domain.session_codes import Permission, SessionKind
from novate.gateway.binary import ServerSettings, SessionTerms
from novate.signatures import public_of

ACCOUNTS = (101, 201, 301, 401)
WARM_TURNS = 50


class TurnCase(NamedTuple):
    """`frames` of `size` commands in every turn, dealt to four sessions."""

    name: str
    kind: SessionKind
    size: int
    frames: int


CASES = (
    TurnCase("MAC, 1 frame of 1", SessionKind.MAC, 1, 1),
    TurnCase("MAC, 8 frames of 1", SessionKind.MAC, 1, 8),
    TurnCase("MAC, 64 frames of 1", SessionKind.MAC, 1, 64),
    TurnCase("MAC, 4 frames of 16", SessionKind.MAC, 16, 4),
    TurnCase("MAC, 12 frames of 256", SessionKind.MAC, 256, 12),
    TurnCase("a signature per frame, 4 frames of 64", SessionKind.FRAME, 64, 4),
    TurnCase("a signature per frame, 16 frames of 64", SessionKind.FRAME, 64, 16),
    TurnCase("a signature per order, 1 frame of 1", SessionKind.ORDER, 1, 1),
    TurnCase("a signature per order, 2 frames of 16", SessionKind.ORDER, 16, 2),
)


class TurnCost(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the turns of one case, CPU microseconds of the core's thread."""

    case: str
    turn_us: float
    frame_us: float
    order_us: float
    turns: int


class TurnBench(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured, and where."""

    machine: dict[str, str | int]
    turns: int
    cases: list[TurnCost]


def bench_turn(
    turns: int = 2_000, progress: Progress = SILENT, cases: Sequence[TurnCase] = CASES
) -> TurnBench:
    """Every case for so many turns, each on a node of its own."""
    costs = []
    for number, case in enumerate(cases):
        progress(case.name, number, len(cases))
        with tempfile.TemporaryDirectory(prefix="novate-bench-") as place, _standing(Path(place), case) as (
            node, sessions,
        ):  # fmt: skip
            _times(node, sessions, case, WARM_TURNS)
            costs.append(_cost(case, _times(node, sessions, case, turns)))
    return TurnBench(machine=this_machine(), turns=turns, cases=costs)


def _cost(case: TurnCase, times: list[int]) -> TurnCost:
    turn = median(times) / 1e3
    return TurnCost(
        case=case.name,
        turn_us=round(turn, 1),
        frame_us=round(turn / case.frames, 2),
        order_us=round(turn / case.frames / case.size, 3),
        turns=len(times),
    )


def _times(node: Node, sessions: list[Session], case: TurnCase, turns: int) -> list[int]:
    """CPU nanoseconds until all frames are answered, nearly always one turn; as often as asked."""
    measured, times = Measured(), []
    with undisturbed():
        for _ in range(turns):
            for at in range(case.frames):
                sessions[at % len(sessions)].send(0)
            took = 0
            while any(one.due for one in sessions):
                began = time.thread_time_ns()
                node.turn(0)
                took += time.thread_time_ns() - began
                for one in sessions:
                    one.push()
                    one.take(measured)
            times.append(took)
    return times


@contextmanager
def _standing(place: Path, case: TurnCase) -> Iterator[tuple[Node, list[Session]]]:
    """A node of the embedded default in this thread, with four sessions of the case's kind."""
    data = DataDirectory(place)
    data.make()
    fills = FillStream(data.path)
    settings = NodeSettings(server=ServerSettings(tcp="127.0.0.1:0"), snapshot_turns=1 << 40)
    plane, _ = standing_plane(data, embedded_configuration(), fills, settings)
    log, nonces = recover(data, plane)
    seeds = [bytes([number + 1]) * 32 for number in range(len(ACCOUNTS))]
    terms = [
        SessionTerms(
            name=f"BENCH-{at + 1}", number=at + 1, public_key=public_of(seed), kind=case.kind,
            permissions=Permission.READ | Permission.TRADE, accounts=(ACCOUNTS[at],),
        )
        for at, seed in enumerate(seeds)
    ]  # fmt: skip
    node = Node(data, plane, log, nonces, settings, terms, fills)
    sessions: list[Session] = []

    def log_in() -> None:
        for at, seed in enumerate(seeds):
            credentials = Credentials(f"BENCH-{at + 1}", seed, case.kind)
            address = node.server.addresses[0]
            sessions.append(Session(address, credentials, ACCOUNTS[at], at, case.size))

    try:
        thread = threading.Thread(target=log_in)
        thread.start()
        while thread.is_alive():
            node.turn(1)
        yield node, sessions
    finally:
        node.stop()
        node.run()
        for one in sessions:
            one.peer.close()
