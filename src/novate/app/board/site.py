"""The paths of the board: the page, its data, health, readiness and metrics.

/health   200 while the core answers                        503 with what is wrong
/ready    200 while it answers and the board keeps up       503 with what is wrong
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from novate.app.board import metrics
from novate.app.board.follower import Follower
from novate.app.board.http import JSON, Response, failure
from novate.app.board.live import LENGTHS, clearing, live
from novate.app.board.page import asset
from novate.app.node.core import NodeStatus
from novate.client import SessionEnded, node_status
from novate.client.views import Answer, PageNow, Question
from novate.gateway.findings import shown

T = TypeVar("T")
STATUS_SECONDS = 2.0
LIVE_SECONDS = 0.25
CLEARING_SECONDS = 2.0
"""How old the page's data may be before they are made again, however many look."""
MOST_DIGITS = 9
MOST_LAG = 10_000
"""Commands that a board which is ready is behind at most."""


class Board:
    """A follower in a worker of its own, and what is answered from it."""

    def __init__(self, follower: Follower, socket: Path) -> None:
        """socket: of the core, for its status."""
        self._follower = follower
        self._socket = socket
        self._worker = ThreadPoolExecutor(1, "follower")
        self._asker = ThreadPoolExecutor(1, "status")
        self._made: dict[str, tuple[float, bytes]] = {}
        self.core: NodeStatus | None = None
        self.core_fault = "not asked yet"

    async def work(self, job: Callable[..., T], *arguments: Any) -> T:
        """Do something with the follower, behind whatever else it does."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, job, *arguments)

    async def ask_core(self) -> None:
        """Ask the core how it is; never raises."""
        try:
            data = await asyncio.get_running_loop().run_in_executor(
                self._asker, node_status, self._socket, STATUS_SECONDS
            )
            self.core, self.core_fault = msgspec.json.decode(data, type=NodeStatus), ""
        except (OSError, SessionEnded, msgspec.DecodeError) as error:
            # No path of this machine: whoever looks at the page may be a stranger to it.
            self.core, self.core_fault = None, getattr(error, "strerror", None) or str(error)

    async def ask(self, question: Question) -> Answer:
        """Answer a question of the Unix socket."""
        if isinstance(question, PageNow):
            document = await self._market(question.market, question.seconds)
            beside = await self._document("clearing", CLEARING_SECONDS, clearing)
            rows = [[msgspec.Raw(document)], [msgspec.Raw(beside)]]
            return Answer(sequence=self._follower.sequence, columns=["document"], rows=rows)
        return await self.work(self._follower.ask, question)

    async def answer(self, path: str, query: dict[str, str]) -> Response:
        """Answer a request over HTTP."""
        found = asset(path)
        if found is not None:
            return Response(200, *found)
        if path == "/live.json":
            return await self._live(query.get("market", "0"), query.get("seconds", "60"))
        if path == "/clearing.json":
            return Response(200, JSON, await self._document("clearing", CLEARING_SECONDS, clearing))
        if path in ("/health", "/ready"):
            return self._health(path == "/ready")
        if path == "/metrics":
            return Response(
                200, metrics.CONTENT_TYPE, await self.work(metrics.exposed, self._follower, self.core)
            )
        return failure(
            404, f"expected /, /live.json, /clearing.json, /health, /ready or /metrics, was {shown(path)}"
        )

    async def _market(self, market: int, seconds: int) -> bytes:
        return await self._document(f"live {market} {seconds}", LIVE_SECONDS, live, market, seconds)

    async def _live(self, market: str, seconds: str) -> Response:
        markets = len(self._follower.now.configuration.instruments)
        for name, text, allowed, sentence in (
            ("market", market, range(markets), f"a number from 0 to {markets - 1}"),
            ("seconds", seconds, LENGTHS, f"one of {', '.join(map(str, LENGTHS))}"),
        ):
            if not (_is_number(text) and int(text) in allowed):
                return failure(400, f"{name}: expected {sentence}, was {shown(text) or 'empty'}")
        document = await self._market(int(market), int(seconds))
        status: dict[str, Any] = {"lag": self._lag(), "fault": self.core_fault}
        if self.core is not None:
            status |= {
                "connected": sum(self.core.sessions.values()),
                "uptime_seconds": self.core.uptime_seconds,
                "durability": self.core.durability,
                "addresses": self.core.addresses,
                "fills": self.core.fills,
                "clearing": self.core.clearing,
            }
        return Response(200, JSON, b'{"node":' + msgspec.json.encode(status) + b"," + document[1:])

    async def _document(self, name: str, seconds: float, job: Callable[..., Any], *arguments: Any) -> bytes:
        """A document that is not older than so many seconds."""
        made = self._made.get(name)
        if made is None or time.monotonic() - made[0] >= seconds:
            data = msgspec.json.encode(await self.work(job, self._follower, *arguments))
            made = self._made[name] = time.monotonic(), data
        return made[1]

    def _lag(self) -> int:
        """Commands that the core has applied and the board has not."""
        return max(0, self.core.sequence - self._follower.sequence) if self.core else 0

    def _health(self, must_be_ready: bool) -> Response:
        wrong = []
        if self.core is None:
            wrong.append(f"the core does not answer: {self.core_fault}")
        elif must_be_ready and self._lag() > MOST_LAG:
            wrong.append(f"the board is {self._lag()} commands behind")
        document: dict[str, Any] = {"ledger": self._follower.ledger.fault}
        document |= {"ok": not wrong, "wrong": wrong, "sequence": self._follower.sequence, "lag": self._lag()}
        return Response(503 if wrong else 200, JSON, msgspec.json.encode(document))

    def close(self) -> None:
        """End the workers and let go of the views."""
        self._asker.shutdown(cancel_futures=True)
        self._worker.shutdown()
        self._follower.close()


def _is_number(text: str) -> bool:
    # Python refuses to read very long numbers; none of them is a market.
    return text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
