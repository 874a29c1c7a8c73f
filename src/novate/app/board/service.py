"""The Unix socket of the views: one question, one answer, over and over, for as many as care to connect.

    u32 length, question --> decoded, answered by the worker --> u32 length, answer or error

Only the owner of the data directory can connect. A question that is too long ends its connection, because
nobody knows where the next one begins; any other mistake is answered.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from novate.client.views import LENGTH, MOST_QUESTION_BYTES, Answer, Question

MOST_CONNECTIONS = 64
Ask = Callable[[Question], Awaitable[Answer]]


class Service:
    """A listening socket that answers questions."""

    def __init__(self, path: Path, ask: Ask) -> None:
        """`ask` raises ValueError for a question that makes no sense."""
        self._path = path
        self._ask = ask
        self._decoder = msgspec.json.Decoder(Question)
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; what an earlier process left there is taken away. Raises OSError."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections > MOST_CONNECTIONS:
                await _send(
                    writer, Answer(error=f"expected at most {MOST_CONNECTIONS} connections, was one more")
                )
                return
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                if length > MOST_QUESTION_BYTES:
                    expected = f"expected a question of at most {MOST_QUESTION_BYTES} bytes, was {length}"
                    await _send(writer, Answer(error=expected))
                    return
                await _send(writer, await self._answer(await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._connections -= 1
            writer.close()

    async def _answer(self, data: bytes) -> Answer:
        try:
            return await self._ask(self._decoder.decode(data))
        except msgspec.DecodeError as error:
            return Answer(error=f"question: {error}")
        except ValueError as error:
            return Answer(error=str(error))


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    data = msgspec.json.encode(answer)
    writer.write(LENGTH.pack(len(data)) + data)
    await writer.drain()
