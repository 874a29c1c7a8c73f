"""What may be asked of the views of a node, and how: one question and one answer a time, over a Unix socket.

    u32 length, {"type": "trades", "market": 0, "limit": 100}
                        u32 length, {"sequence": 4711, "columns": ["trade_id", ...], "rows": [[...], ...]}

    with ViewsClient.connect("my-exchange/views.sock") as views:
        for trade in views.ask(Trades(market=0)).records():
            ...

Prices are ticks, quantities lots, money minor units, times nanoseconds. Pages go backwards: `before` is the
cursor of the last row that is known. An answer says up to which command of the journal it is complete.

The numbers of `role` and `status` in a row are those of Role and Status.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, ClassVar, TypeAlias

import msgspec
from msgspec import Meta

LENGTH = struct.Struct("<I")
MOST_QUESTION_BYTES = 1 << 16
MOST_ANSWER_BYTES = 1 << 26
MOST_ROWS = 2_000
Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS)]
Market = Annotated[int, Meta(ge=0, le=65_535)]
Cursor = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Accounts = Annotated[list[Annotated[int, Meta(ge=0, le=2**32 - 1)]], Meta(min_length=1, max_length=1000)]


class Role(IntEnum):
    """Which side of a trade a fill is; in an auction nobody made or took."""

    AUCTION = 0
    MAKER = 1
    TAKER = 2


class Status(IntEnum):
    """Where an order stands."""

    OPEN = 1
    FILLED = 2
    CANCELLED = 3
    EXPIRED = 4


class _Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """A question is known by its `type`."""


class Trades(_Question, frozen=True, kw_only=True, tag="trades"):
    """Trades of a market, newest first. Cursor: trade_id."""

    market: Market
    before: Cursor | None = None
    limit: Limit = 100


class Candles(_Question, frozen=True, kw_only=True, tag="candles"):
    """Candles of a market, oldest first: the last ones that begin before `before` nanoseconds.

    `seconds`: whole minutes, or a divisor of 60; of short ones only those of the last `limit` times `seconds`
    before the last trade (or before `before`). Times without a trade have no candle. `before_trade`: as if
    the trade of that number and those behind it were not there yet; only of whole minutes.
    """

    market: Market
    seconds: Annotated[int, Meta(ge=1, le=604_800)] = 60
    before: Cursor | None = None
    before_trade: Cursor | None = None
    limit: Limit = 100


class Orders(_Question, frozen=True, kw_only=True, tag="orders"):
    """Orders of accounts, newest first. Cursor: order_id."""

    accounts: Accounts
    market: Market | None = None
    is_open: bool | None = None
    status: Status | None = None
    client_order_id: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    before: Cursor | None = None
    limit: Limit = 100


class Fills(_Question, frozen=True, kw_only=True, tag="fills"):
    """Fills of accounts, newest first. Cursor: event, the number in the stream of all events.

    `previous` is the event of the account's fill before, in whatever market; 0: there is none.
    """

    accounts: Accounts
    market: Market | None = None
    before: Cursor | None = None
    limit: Limit = 100


class Rejects(_Question, frozen=True, kw_only=True, tag="rejects"):
    """Commands of accounts that the venue refused, newest first. Cursor: sequence."""

    accounts: Accounts
    before: Cursor | None = None
    limit: Limit = 100


class Positions(_Question, frozen=True, kw_only=True, tag="positions"):
    """What accounts have bought and sold, by market."""

    accounts: Accounts


class Credits(_Question, frozen=True, kw_only=True, tag="credits"):
    """What was given and taken of accounts' credit, newest first. Cursor: sequence."""

    accounts: Accounts
    before: Cursor | None = None
    limit: Limit = 100


class LedgerEntries(_Question, frozen=True, kw_only=True, tag="ledger_entries"):
    """Transfers of the clearing house's ledger, newest first. Cursor: transfer_id."""

    members: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=1000)] = []
    """Of these; of all if there is none."""
    before: Cursor | None = None
    limit: Limit = 100


class States(_Question, frozen=True, kw_only=True, tag="states"):
    """Changes of the markets' states, newest first. Cursor: sequence."""

    before: Cursor | None = None
    limit: Limit = 100


class MarketsNow(_Question, frozen=True, kw_only=True, tag="markets"):
    """Every market as it stands now."""


class AccountsNow(_Question, frozen=True, kw_only=True, tag="accounts"):
    """Accounts as they stand now, by number: credit by asset, open orders, kill switches. Cursor: account."""

    after: Cursor | None = None
    limit: Limit = 100


class BookNow(_Question, frozen=True, kw_only=True, tag="book"):
    """Displayed quantity by price, best first, of a market as it stands now."""

    market: Market
    levels: Annotated[int, Meta(ge=1, le=1000)] = 20


class PageNow(_Question, frozen=True, kw_only=True, tag="page"):
    """What the page shows: two rows with a document each, one about a market, one about clearing."""

    market: Market
    seconds: Annotated[int, Meta(ge=1, le=604_800)] = 60


class Digest(_Question, frozen=True, kw_only=True, tag="digest"):
    """Rows of each table, and a digest over all of them."""


Question: TypeAlias = (
    Trades | Candles | Orders | Fills | Rejects | Positions | Credits | LedgerEntries | States | MarketsNow
    | AccountsNow | BookNow | PageNow | Digest
)  # fmt: skip


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, and what they are complete up to; or an error."""

    sequence: int = 0
    """Of the last command of the venue that is taken into account."""
    columns: list[str] = []
    rows: list[list[Any]] = []
    error: str = ""

    def records(self) -> Iterator[dict[str, Any]]:
        """Rows with their names."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


class ViewsError(Exception):
    """The views did not answer the question; the message says why."""


class ViewsClient:
    """A connection to the views of a node. Not for use by several threads at once."""

    encoder: ClassVar[msgspec.json.Encoder] = msgspec.json.Encoder()

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer

    @classmethod
    def connect(cls, path: Path | str, timeout: float = 10.0) -> ViewsClient:
        """Connect to `views.sock` of a node's data directory. Raises OSError."""
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(timeout)
        try:
            peer.connect(str(path))
        except OSError as error:
            peer.close()
            error.filename = str(path)
            raise
        return cls(peer)

    def ask(self, question: Question) -> Answer:
        """The answer. Raises ViewsError, OSError, TimeoutError."""
        body = self.encoder.encode(question)
        self._peer.sendall(LENGTH.pack(len(body)) + body)
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return read_answer(self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            part = self._peer.recv(count - len(found))
            if not part:
                raise ConnectionError("Expected an answer of the views, they hung up")
            found += part
        return bytes(found)

    def close(self) -> None:
        """Hang up."""
        self._peer.close()

    def __enter__(self) -> ViewsClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncViewsClient:
    """The same with asyncio; questions of several tasks are asked one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    @classmethod
    async def connect(cls, path: Path | str) -> AsyncViewsClient:
        """Connect to `views.sock` of a node's data directory. Raises OSError."""
        return cls(*await asyncio.open_unix_connection(str(path)))

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises ViewsError, OSError, asyncio.IncompleteReadError when the views have gone.

        Whoever is cancelled while it waits for an answer ends the connection: nobody knows any more whose
        answer comes next. Later questions raise ConnectionError then.
        """
        body = ViewsClient.encoder.encode(question)
        async with self._turn:
            if self._writer.is_closing():
                raise ConnectionError("Expected a connection to the views, it has ended")
            try:
                self._writer.write(LENGTH.pack(len(body)) + body)
                await self._writer.drain()
                (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
                if length > MOST_ANSWER_BYTES:
                    raise ConnectionError(f"Expected at most {MOST_ANSWER_BYTES} bytes, was {length}")
                data = await self._reader.readexactly(length)
            except BaseException:
                self._writer.close()
                raise
        return read_answer(data)

    @property
    def is_closed(self) -> bool:
        """Has the connection ended, from this side or the other?"""
        return self._writer.is_closing() or self._reader.at_eof()

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()


def read_answer(data: bytes) -> Answer:
    """Bytes of an answer. Raises ViewsError for one that says why there is none."""
    answer = msgspec.json.decode(data, type=Answer)
    if answer.error:
        raise ViewsError(answer.error)
    return answer
