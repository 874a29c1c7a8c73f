"""A session with asyncio: heartbeats by themselves, messages as they come.

async with await AsyncClient.connect(address, credentials) as client:
    receipt = await client.request(new_order(...))
    async for message in client.messages():
        ...
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

import numpy as np

from novate.client.protocol import (
    Accepted,
    Credentials,
    Ended,
    Message,
    Notices,
    Protocol,
    SessionEnded,
)
from novate.domain.records import Commands
from novate.domain.session_codes import NoticeKind

READ_BYTES = 1 << 16


class AsyncClient:
    """A connected session in one event loop."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: Protocol
    ) -> None:
        self.protocol = protocol
        self._reader = reader
        self._writer = writer
        self._inbox: asyncio.Queue[Message | Exception] = asyncio.Queue()
        self._receipts: dict[int, asyncio.Future[np.void]] = {}
        self._logged_in: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._tasks = [asyncio.create_task(self._read())]

    @classmethod
    async def connect(
        cls,
        address: str,
        credentials: Credentials,
        *,
        from_number: int = 0,
        stream: bytes = bytes(16),
        timeout: float = 10.0,
    ) -> AsyncClient:
        """Log in, as `Client.connect` does. Raises SessionEnded, OSError, TimeoutError."""
        host, colon, port = address.rpartition(":")
        async with asyncio.timeout(timeout):
            if colon and port.isdecimal() and "/" not in address:
                reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            else:
                reader, writer = await asyncio.open_unix_connection(address)
            client = cls(reader, writer, Protocol(credentials, from_number, stream))
            try:
                accepted = await client._logged_in
            except BaseException:
                await client._hang_up()
                raise
        client._tasks.append(asyncio.create_task(client._beat(accepted.heartbeat_ms / 1000)))
        return client

    @property
    def accepted(self) -> Accepted:
        """What the node said to the login."""
        return self._logged_in.result()

    async def send(self, commands: Commands) -> int:
        """Send commands as one frame; returns its nonce."""
        nonce, data = self.protocol.commands(commands)
        self._writer.write(data)
        await self._writer.drain()
        return nonce

    async def request(self, commands: Commands) -> np.void:
        """Send commands and wait for their receipt: they are in the journal and were applied."""
        nonce, data = self.protocol.commands(commands)
        waiting: asyncio.Future[np.void] = asyncio.get_running_loop().create_future()
        self._receipts[nonce] = waiting
        self._writer.write(data)
        await self._writer.drain()
        return await waiting

    async def messages(self) -> AsyncIterator[Message]:
        """What arrives, one after the other, until the session ends. Raises SessionEnded, GapFound."""
        while True:
            message = await self._inbox.get()
            if isinstance(message, Exception):
                raise message
            yield message

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(READ_BYTES):
                messages, answer = self.protocol.receive(data)
                if answer:
                    self._writer.write(answer)
                for message in messages:
                    self._take(message)
            raise ConnectionError("Expected the node to stay, it hung up")
        except Exception as error:
            waiting: list[asyncio.Future[Any]] = [self._logged_in, *self._receipts.values()]
            for future in waiting:
                if not future.done():
                    future.set_exception(error)
            self._receipts.clear()
            self._inbox.put_nowait(error)

    def _take(self, message: Message) -> None:
        if isinstance(message, Ended):
            raise SessionEnded(message.reason, message.value)
        if isinstance(message, Accepted):
            self._logged_in.set_result(message)
            return
        if isinstance(message, Notices):
            for notice in message.records[message.records["kind"] == NoticeKind.RECEIPT]:
                waiting = self._receipts.pop(int(notice["nonce"]), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(notice)
        self._inbox.put_nowait(message)

    async def _beat(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self._writer.write(self.protocol.heartbeat())

    async def close(self) -> None:
        """Log out and hang up."""
        self._writer.write(self.protocol.logout())
        await self._hang_up()

    async def _hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
