"""What is older than the gateway's windows, asked of the views of the node; the core is never asked.

    question --> views.sock (`novate.client.views`) --> rows of the views --> rows of the windows

One question at a time of each worker, an answer within HISTORY_SECONDS or none at all. Views that do not
answer are left alone for AGAIN_SECONDS, so that a request does not wait for what the one before it did.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from novate.client.views import Answer, AsyncViewsClient, Question, Role, Status, ViewsError
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.limits import HISTORY_SECONDS, MOST_HISTORY_WAITING
from novate.gateway.web.order_table import TrackedOrder
from novate.gateway.web.windows import CandleRow, FillRow, TradeRow

AGAIN_SECONDS = 0.5
LOOK_SECONDS = 0.05
"""Between two questions to views that are behind."""
Row = dict[str, Any]


class OlderMissing(Exception):  # noqa: N818 -- what is missing, not an error of this program
    """The views have not answered; the message says why."""


def unavailable(why: str) -> WebRefused:
    """What is older than the windows could not be read."""
    refused = WebRefused(
        WebReject.HISTORY_UNAVAILABLE,
        f"Expected the views of the node for what is older than the gateway remembers; {why}",
    )
    refused.headers.append(("Retry-After", "1"))
    return refused


class Older:
    """A connection to the views that is made when it is needed, and again when it has broken."""

    def __init__(self, path: Path | None) -> None:
        """path: of `views.sock`; None: this node keeps no views."""
        self._path = path
        self._client: AsyncViewsClient | None = None
        self._connecting = asyncio.Lock()
        self._not_before = 0.0
        self._fault = ""
        self._waiting = 0

    @property
    def is_kept(self) -> bool:
        """Does this node keep views at all?"""
        return self._path is not None

    async def ask(self, question: Question, sequence: int = 0) -> Answer:
        """An answer that takes every command up to `sequence` into account. Raises OlderMissing."""
        now = asyncio.get_running_loop().time
        if self._path is None:
            raise OlderMissing("this node keeps no views")
        if now() < self._not_before:
            raise OlderMissing(self._fault)
        if self._waiting >= MOST_HISTORY_WAITING:
            raise OlderMissing(f"more than {MOST_HISTORY_WAITING} questions wait for the views")
        self._waiting += 1
        behind = ""
        try:
            async with asyncio.timeout(HISTORY_SECONDS):
                while True:
                    answer = await (await self._connected(self._path)).ask(question)
                    if answer.sequence >= sequence:
                        return answer
                    behind = f"the views are at command {answer.sequence}, what is asked needs {sequence}"
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            if behind:
                raise OlderMissing(behind) from None
            self._fault = f"the views have not answered within {HISTORY_SECONDS:g} s"
            self._not_before = now() + AGAIN_SECONDS
            raise OlderMissing(self._fault) from None
        except (OSError, EOFError, ViewsError, msgspec.DecodeError) as error:
            # To be told so takes no time: whoever comes next may ask again at once.
            said = getattr(error, "strerror", None) or error
            raise OlderMissing(f"the views do not answer: {said}") from None
        finally:
            self._waiting -= 1

    async def _connected(self, path: Path) -> AsyncViewsClient:
        async with self._connecting:
            if self._client is None or self._client.is_closed:
                self._client = await AsyncViewsClient.connect(path)
            return self._client

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.close()


_ROLES = {int(role): role.name.lower() for role in Role}
_STATUSES = {int(status): status.name.lower() for status in Status}
STATUS_NUMBERS = {name: Status(number) for number, name in _STATUSES.items()}


def trades_of(answer: Answer) -> list[TradeRow]:
    """Trades of one market, newest first; each names the one behind it, the last one none."""
    rows = [*answer.records()]
    before = [*(row["trade_id"] for row in rows[1:]), 0]
    return [
        TradeRow(row["trade_id"], previous, row["time_ns"], row["price"], row["quantity"], row["side"],
                 row["sequence"])
        for row, previous in zip(rows, before, strict=False)
    ]  # fmt: skip


def fills_of(answer: Answer) -> list[FillRow]:
    """Fills, newest first."""
    return [
        FillRow(
            row["event"], row["previous"], row["time_ns"], row["trade_id"], row["market"], row["account"],
            row["order_id"], row["client_order_id"], row["side"], _ROLES[row["role"]], row["price"],
            row["quantity"], row["leaves"], row["fee"], row["sequence"],
        )
        for row in answer.records()
    ]  # fmt: skip


def candles_of(answer: Answer) -> list[CandleRow]:
    """Candles, newest first."""
    found = []
    for row in answer.records():
        candle = CandleRow(row["open_ns"], row["open"], sequence=answer.sequence)
        candle.high, candle.low, candle.close = row["high"], row["low"], row["close"]
        candle.volume, candle.trades = int(row["quantity"]), row["trades"]
        found.append(candle)
    return found[::-1]


class LedgerRow(NamedTuple):
    """A transfer of the clearing house's ledger; the amount in units of which 10**digits are one."""

    transfer_id: int
    day: str
    reason: str
    asset: str
    digits: int
    debit: str
    credit: str
    amount: int
    reference: int


def entries_of(answer: Answer) -> list[LedgerRow]:
    """Entries of the ledger, newest first."""
    return [LedgerRow(*(row[name] for name in LedgerRow._fields)) for row in answer.records()]


def orders_of(answer: Answer) -> list[TrackedOrder]:
    """Orders, newest first."""
    return [_order(row) for row in answer.records()]


def _order(row: Row) -> TrackedOrder:
    order = TrackedOrder(row["order_id"], row["account"], row["market"], row["client_order_id"], row["side"])
    order.price, order.stop = row["price"], row["stop"]
    order.quantity, order.leaves, order.filled = row["quantity"], row["leaves"], row["filled"]
    order.order_type, order.time_in_force = row["order_type"], row["time_in_force"]
    order.status, order.reason = _STATUSES[row["status"]], row["reason"]
    order.sequence, order.time_ns, order.placed_ns = row["sequence"], row["time_ns"], row["accepted_ns"]
    return order
