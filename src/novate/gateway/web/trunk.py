"""The gateway's one session with the core: commands out in frames, events in, each request's answer found.

    requests of one turn of the loop --> one frame --> core --> receipt: sequences      by_sequence
                                                           --> events of a sequence --> whose answer it is
                                                           --> answers to questions

The core sends a receipt before the events of the same turn, and the events of a command stand together: when
a piece of the stream is read to its end, every request of which an event came is answered. A connection that
breaks is made again and goes on behind the last event that was read; what was on its way then is answered
NO_ANSWER_IN_TIME, because only the stream can tell what became of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from typing import Protocol as Interface

import numpy as np

from novate.client.protocol import (
    Accepted,
    Answer,
    Credentials,
    Ended,
    Events,
    GapFound,
    Heartbeat,
    Message,
    Notices,
    Protocol,
    ProtocolError,
)
from novate.domain.queries import QueryKind
from novate.domain.records import COMMAND
from novate.domain.session_codes import NoticeKind, SessionReject
from novate.domain.wire import MAX_COMMANDS, MAX_EVENTS
from novate.gateway.web.codes import Code, WebRefused, WebReject
from novate.gateway.web.limits import ANSWER_SECONDS, MOST_WAITING

RETRY_SECONDS = 0.2


class Waiting:
    """A command on its way, and what came back of it."""

    __slots__ = ("context", "deadline", "done", "outcomes", "refusal", "sequence")

    def __init__(self, done: Callable[[Waiting], None], context: Any = None) -> None:
        """`done` is called once, with outcomes or with a refusal."""
        self.done = done
        self.context = context
        self.outcomes: list[tuple[Any, ...]] = []
        self.refusal: Code | None = None
        self.sequence = 0
        self.deadline = 0.0


class StreamReader(Interface):
    """Who reads the events."""

    def take(self, number: int, records: bytes, clock_ns: int, waiting: dict[int, Waiting]) -> int:
        """Events from a number on; requests by sequence get their outcomes. Returns the last sequence."""

    def resumed(self, accepted: Accepted) -> None:
        """The session stands; events follow from `accepted.next_number` on."""


class Trunk(asyncio.Protocol):
    """The session; `is_up` when it has read everything that there was."""

    def __init__(self, path: str, credentials: Credentials, reader: StreamReader, history: int) -> None:
        """`history`: events of the past that are read at the start."""
        self.path = path
        self.credentials = credentials
        self.is_up = False
        self.sequence = 0
        self.last_number = 0
        self._reader = reader
        self._history = history
        self._stream = bytes(16)
        self._from_number = 0
        self._heartbeat_seconds = 1.0
        self._protocol = Protocol(credentials)
        self._transport: asyncio.Transport | None = None
        self._logged_in = False
        self._target = 0
        self._clock_ns = 0
        self._batch: list[tuple[bytes, Waiting]] = []
        self._by_nonce: dict[int, list[Waiting]] = {}
        self._by_sequence: dict[int, Waiting] = {}
        self._sent: OrderedDict[int, Waiting] = OrderedDict()
        self._questions: dict[int, asyncio.Future[Answer]] = {}
        self._asked = 0
        self._ended: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()

    # -- the connection -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, and again whenever the connection ends; until cancelled."""
        beat = self._loop.create_task(self._beat())
        try:
            while True:
                self._ended = self._loop.create_future()
                try:
                    await self._loop.create_unix_connection(lambda: self, self.path)
                    await self._ended
                except OSError:
                    pass
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            beat.cancel()
            if self._transport is not None:
                self._transport.write(self._protocol.logout() if self._logged_in else b"")
                self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A new conversation begins."""
        self._transport = transport  # type: ignore[assignment]
        self._protocol = Protocol(self.credentials, self._from_number, self._stream, clock=True)
        self._clock_ns = 0

    def connection_lost(self, error: Exception | None) -> None:
        """Everything on its way is answered; what becomes of it the stream tells later."""
        self.is_up = self._logged_in = False
        self._transport = None
        batch, self._batch = self._batch, []
        for waiting in self._sent.values():
            waiting.refusal = WebReject.NO_ANSWER_IN_TIME
        for _, waiting in batch:
            waiting.refusal = WebReject.CORE_UNAVAILABLE
        for waiting in [*self._sent.values(), *(one for _, one in batch)]:
            waiting.done(waiting)
        for table in (self._by_nonce, self._by_sequence, self._sent):
            table.clear()
        for question in self._questions.values():
            if not question.done():
                question.set_exception(WebRefused(WebReject.CORE_UNAVAILABLE))
        self._questions.clear()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Read everything that came, then answer what it answers."""
        transport = self._transport
        if transport is None:
            return
        try:
            messages, answer = self._protocol.receive(data)
            if answer:
                transport.write(answer)
            was_full = False
            for message in messages:
                was_full = isinstance(message, Events) and len(message.records) == MAX_EVENTS
                self._take(message)
        except (GapFound, ProtocolError):
            transport.abort()
            return
        if self._by_sequence and not was_full and not self._protocol.is_within_frame:
            self._answer()

    def _take(self, message: Message) -> None:
        if isinstance(message, Events):
            self.sequence = self._reader.take(
                message.number, message.records.tobytes(), self._clock_ns, self._by_sequence
            )
            self.last_number = self._protocol.last_number
            self._from_number = self.last_number + 1
            self._note_caught_up()
        elif isinstance(message, Notices):
            for notice in message.records:
                self._notice(notice)
        elif isinstance(message, Answer):
            question = self._questions.pop(int(message.record["request"]), None)
            if question is not None and not question.done():
                question.set_result(message)
        elif isinstance(message, Accepted):
            self._accepted(message)
        elif isinstance(message, Heartbeat):
            self._note_caught_up()
        elif isinstance(message, Ended):
            if message.reason in (SessionReject.STREAM_CHANGED, SessionReject.NUMBER_AHEAD):
                self._from_number, self._stream = 0, bytes(16)
            assert self._transport is not None
            self._transport.abort()

    def _accepted(self, accepted: Accepted) -> None:
        self._heartbeat_seconds = accepted.heartbeat_ms / 1000
        if self._from_number == 0 and accepted.last_number > 0 and self._history > 0:
            # The stream has a past: come again for the end of it.
            self._stream = accepted.stream
            self._from_number = max(1, accepted.last_number - self._history + 1)
            assert self._transport is not None
            self._transport.abort()
            return
        self._logged_in = True
        self._stream, self._target = accepted.stream, accepted.last_number
        self._from_number = accepted.next_number
        self.last_number = accepted.next_number - 1
        self.sequence = accepted.sequence if accepted.last_number == self.last_number else self.sequence
        self._reader.resumed(accepted)
        self._note_caught_up()

    def _note_caught_up(self) -> None:
        if self._logged_in and not self.is_up and self.last_number >= self._target:
            self.is_up = True

    async def _beat(self) -> None:
        """Heartbeats, and the end of waiting for what was not answered in time."""
        while True:
            await asyncio.sleep(min(1.0, self._heartbeat_seconds))
            if self._transport is not None and self._logged_in:
                self._transport.write(self._protocol.heartbeat())
            now = self._loop.time()
            while self._sent:
                key, waiting = next(iter(self._sent.items()))
                if waiting.deadline > now:
                    break
                del self._sent[key]
                self._by_sequence.pop(waiting.sequence, None)
                waiting.refusal = WebReject.NO_ANSWER_IN_TIME
                waiting.done(waiting)

    # -- commands -----------------------------------------------------------------------------------------

    def submit(self, command: bytes, waiting: Waiting) -> None:
        """Send a command of 64 bytes with the next frame. Raises WebRefused when it cannot be sent."""
        if not self.is_up:
            raise WebRefused(WebReject.CORE_UNAVAILABLE)
        if len(self._sent) + len(self._batch) >= MOST_WAITING:
            raise WebRefused(WebReject.TOO_MUCH_WAITING, "Expected the core to keep up, it is behind")
        if not self._batch:
            self._loop.call_soon(self._flush)
        self._batch.append((command, waiting))

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if self._transport is None or not batch:
            return
        deadline = self._loop.time() + ANSWER_SECONDS
        frames = []
        for at in range(0, len(batch), MAX_COMMANDS):
            part = batch[at : at + MAX_COMMANDS]
            records = np.frombuffer(bytearray(b"".join([command for command, _ in part])), COMMAND)
            nonce, data = self._protocol.commands(records)
            self._by_nonce[nonce] = [waiting for _, waiting in part]
            frames.append(data)
            for _, waiting in part:
                waiting.deadline = deadline
                self._sent[id(waiting)] = waiting
        self._transport.write(b"".join(frames))

    def _notice(self, notice: np.void) -> None:
        kind = int(notice["kind"])
        if kind == NoticeKind.CLOCK:
            self._clock_ns = int(notice["time"])
            return
        nonce = int(notice["nonce"])
        if kind == NoticeKind.RECEIPT:
            sequence = int(notice["first_sequence"])
            for waiting in self._by_nonce.pop(nonce, ()):
                if waiting.refusal is None:
                    waiting.sequence = sequence
                    self._by_sequence[sequence] = waiting
                    sequence += 1
            return
        waiting_of = self._by_nonce.get(nonce)
        if kind == NoticeKind.REFUSED and waiting_of is not None and int(notice["index"]) < len(waiting_of):
            refused = waiting_of[int(notice["index"])]
            refused.refusal = SessionReject(int(notice["reason"]))
            self._finish(refused)

    def _answer(self) -> None:
        """Everything of which an event came is complete: its events stand together in the stream."""
        for sequence, waiting in [*self._by_sequence.items()]:
            if waiting.outcomes or sequence < self.sequence:
                del self._by_sequence[sequence]
                self._finish(waiting)

    def _finish(self, waiting: Waiting) -> None:
        self._sent.pop(id(waiting), None)
        waiting.done(waiting)

    # -- questions ----------------------------------------------------------------------------------------

    async def ask(
        self, kind: QueryKind, *, market: int = 0, account: int = 0, everybody: bool = False, first: int = 0,
        most: int = 0,
    ) -> Answer:  # fmt: skip
        """What the venue has now. Raises WebRefused when there is no answer."""
        if self._transport is None or not self._logged_in or len(self._questions) >= MOST_WAITING:
            raise WebRefused(WebReject.CORE_UNAVAILABLE)
        self._asked += 1
        request = self._asked
        question: asyncio.Future[Answer] = self._loop.create_future()
        self._questions[request] = question
        self._transport.write(
            self._protocol.question(
                kind, request, market=market, account=account, everybody=everybody, first=first, most=most
            )
        )
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await question
        except TimeoutError:
            raise WebRefused(WebReject.NO_ANSWER_IN_TIME) from None
        finally:
            self._questions.pop(request, None)
        return answer

    @property
    def is_connected(self) -> bool:
        """Does the core answer, be it that there is much to read first?"""
        return self._logged_in

    @property
    def now_ns(self) -> int:
        """The venue's clock as far as it is known, else the gateway's."""
        return self._clock_ns or time.time_ns()
