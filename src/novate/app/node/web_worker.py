"""One worker of the web gateway: `python -m novate.app.node.web_worker`, its terms on its input.

It ends when its input ends. Its log is one line of JSON for each defect, on its error output; keys,
signatures and bodies of requests are never in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import uvloop

from novate.app.collector import collect_rarely
from novate.app.configuration_pieces import journaled_configuration
from novate.app.node.directory import DataDirectory
from novate.app.node.session_file import hmac_secrets, load_sessions
from novate.app.node.web_clearing import clearing_of
from novate.app.node.web_workers import WorkerTerms
from novate.client import Credentials
from novate.domain.codes import CommandKind
from novate.domain.queries import MOST_ROWS, ORDER_LINE, QueryKind
from novate.domain.records import is_timed
from novate.gateway.web.codes import WebRefused
from novate.gateway.web.gateway import Gateway
from novate.gateway.web.http import HttpConnection
from novate.gateway.web.keys import Keys
from novate.gateway.web.older import Older
from novate.gateway.web.shared import Shared
from novate.gateway.web.trunk import Trunk
from novate.gateway.web.venue_view import VenueView
from novate.journal import Journal


def times_of(data: DataDirectory, first: int) -> tuple[int, npt.NDArray[np.int64]]:
    """(first, times): when the commands from a sequence on were journaled; see venue_view.Times."""
    journal = Journal.open(data.journal, read_only=True)
    times = [np.zeros(0, np.int64)]
    if first <= journal.last_sequence:
        for _, records in journal.read(max(1, first)):
            times.append(np.where(is_timed(records), records["time"], 0))
    return first, np.maximum.accumulate(np.concatenate(times))


def log_line(event: str, fields: dict[str, Any]) -> None:
    """One line of JSON on the error output."""
    sys.stderr.buffer.write(msgspec.json.encode({"event": event, **fields}) + b"\n")
    sys.stderr.flush()


async def adopt_orders(trunk: Trunk, view: VenueView) -> None:
    """The open orders that the core has; the stream has told what came after."""
    row = 0
    while True:
        answer = await trunk.ask(QueryKind.ORDERS, everybody=True, first=row, most=MOST_ROWS)
        lines = np.frombuffer(answer.lines, ORDER_LINE)
        view.orders.adopt(lines, int(answer.record["sequence"]), view.time_ns)
        row = int(answer.record["next"])
        if row == 0:
            view.orders.adopted_sequence = int(answer.record["sequence"])
            return


async def serve(terms: WorkerTerms) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    data = DataDirectory(Path(terms.data))
    journal = Journal.open(data.journal, read_only=True)
    configuration, _ = journaled_configuration(journal, CommandKind.CONFIGURATION)
    sessions = load_sessions(data.sessions, configuration)
    view = VenueView([0] * len(configuration.instruments), lambda first: times_of(data, first))
    trunk = Trunk(str(data.socket), Credentials(terms.name, terms.seed), view, terms.settings.history_events)
    keys = Keys(sessions, hmac_secrets(data), terms.settings, Shared(terms.shared))
    gateway = Gateway(
        configuration, terms.settings, keys, trunk, view, clearing_of(data.path),
        older=Older(data.views_socket if terms.has_views else None),
        switches=data.switches, worker=terms.worker, log=log_line,
    )  # fmt: skip
    tasks = [loop.create_task(trunk.run()), loop.create_task(gateway.channels.run())]
    adopting = _Adoption(trunk, view, gateway)
    view.on_resumed = adopting.begin
    ended = loop.create_future()
    os.set_blocking(sys.stdin.fileno(), False)
    loop.add_reader(sys.stdin.fileno(), _read_end, ended)
    listener = socket.socket(fileno=terms.listener)
    server = await loop.create_server(
        lambda: HttpConnection(gateway, terms.settings.connections), sock=listener, backlog=1_024
    )
    gc.collect()
    gc.freeze()
    collect_rarely()
    try:
        await ended
    finally:
        server.close()
        gateway.close()
        await gateway.history.older.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)


class _Adoption:
    """Reads the open orders and the market states once the stream has caught up, and what the tickers need of
    the time before."""

    def __init__(self, trunk: Trunk, view: VenueView, gateway: Gateway) -> None:
        self._trunk = trunk
        self._view = view
        self._gateway = gateway
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The session stands again."""
        self._gateway.books.forget()
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.get_running_loop().create_task(self._adopt())

    async def _adopt(self) -> None:
        with contextlib.suppress(WebRefused):
            while not self._trunk.is_up:
                await asyncio.sleep(0.01)
            for market in range(len(self._view.states)):
                answer = await self._trunk.ask(QueryKind.DEPTH, market=market, most=1)
                self._view.states[market] = int(answer.record["state"])
            await adopt_orders(self._trunk, self._view)
        await self._gateway.history.prime()


def _read_end(ended: asyncio.Future[None]) -> None:
    with contextlib.suppress(BlockingIOError):
        if not os.read(sys.stdin.fileno(), 1 << 16) and not ended.done():
            ended.set_result(None)


def main() -> None:
    """Read the terms, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    terms = msgspec.json.decode(sys.stdin.buffer.readline(), type=WorkerTerms)
    uvloop.run(serve(terms))


if __name__ == "__main__":
    main()
