"""Streams as they grow: each event gets its number, live connections get it at once, late ones from the log.

    events of a turn --> Router --> stream a: 41, 42   --> live connections of a
           |                        stream b: 17
           v
       event log --> a connection that wants b from 3 on: read, parted and sent piece by piece

A stream is counted from the first event of the log when somebody first asks for it, a piece a turn, and from
then on with every turn. Every MARK_EVERY numbers it notes where in the log it stands, so that a resume starts
reading near what is wanted.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from novate.domain.records import RECORD_BYTES, Events, new_events
from novate.domain.session_codes import NoticeKind
from novate.domain.wire import EVENTS_FRAME, MAX_EVENTS, NOTICE, frame
from novate.gateway.binary.connection import Connection, Stage
from novate.gateway.binary.event_log import EventLog
from novate.gateway.binary.streams import Router, Subscription

PIECE = 16_384
"""Events of the log that are read at most for one purpose in one turn."""
MARK_EVERY = 4_096
Rows = npt.NDArray[np.int64]


class Stream:
    """What one set of accounts is told, numbered from 1."""

    def __init__(self, identity: bytes, subscription: Subscription) -> None:
        self.identity = identity
        self.subscription = subscription
        self.count = 0
        self.counted_events = 0
        """How many events of the log are counted so far; behind the last one it is live, and all are."""
        self.is_live = False
        self.connections: list[Connection] = []
        self.router = Router([subscription])
        self._marked_numbers = [0]
        self._marked_events = [0]

    def grow(self, rows: int, at_event: int) -> None:
        """`rows` more of it were found behind the first `at_event` events of the log."""
        if self.count - self._marked_numbers[-1] >= MARK_EVERY:
            self._marked_numbers.append(self.count)
            self._marked_events.append(at_event)
        self.count += rows

    def nearest(self, number: int) -> tuple[int, int]:
        """(count, events of the log) at the last mark before event `number`."""
        at = bisect_right(self._marked_numbers, number - 1) - 1
        return self._marked_numbers[at], self._marked_events[at]


class Feeds:
    """All streams that were ever asked for, over one event log."""

    def __init__(self, log: EventLog, out_bytes: int) -> None:
        """`out_bytes` may wait for one reader; the log is read in pieces of at most a quarter of it."""
        self.log = log
        self._quarter = out_bytes // 4
        self._streams: dict[bytes, Stream] = {}
        self._live: list[Stream] = []
        self._router = Router([])
        self._behind: list[Connection] = []

    def rehearse(self) -> None:
        """Have the kernel ready before the first event comes."""
        self._router.part(new_events(0))

    def stream(self, identity: bytes, subscription: Subscription) -> Stream:
        """The stream of that identity; counting begins when it is new."""
        if identity not in self._streams:
            self._streams[identity] = Stream(identity, subscription)
        return self._streams[identity]

    def follow(self, connection: Connection, stream: Stream, from_number: int) -> None:
        """Tell a connection everything from a number on, beginning with what the log has."""
        count, events = stream.nearest(from_number)
        stream.connections.append(connection)
        self._read_on(connection, from_number, events, from_number - 1 - count)

    def _read_on(self, connection: Connection, from_number: int, at_event: int, skip: int) -> None:
        """Let a connection read the log from an event on, of whose stream it skips some first."""
        connection.next_number = from_number
        connection.at_event, connection.skip = at_event, skip
        connection.stage = Stage.CATCHING_UP
        self._behind.append(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection."""
        if connection.stream is not None and connection in connection.stream.connections:
            connection.stream.connections.remove(connection)
        if connection in self._behind:
            self._behind.remove(connection)

    def publish(self, events: Events, now: int) -> None:
        """Number the events of a turn and send them to who is live.

        They come next in the log, which must not have them yet: what is in it says where they stand. `now` is
        the venue's time of the turn. A stream that none of them concerns costs nothing.
        """
        if not self._live or not len(events):
            return
        rows, starts = self._router.part(events)
        for at in np.flatnonzero(np.diff(starts)).tolist():
            stream, found = self._live[at], rows[starts[at] : starts[at + 1]]
            self._send_live(stream, found, now)
            stream.grow(len(found), self.log.count)

    def _send_live(self, stream: Stream, rows: Rows, now: int) -> None:
        """Send what is new of a stream; a burst goes through the log to those who have kept up so far."""
        frames = event_frames(rows, stream.count + 1)
        is_burst = rows.nbytes > self._quarter
        for connection in stream.connections:
            if connection.stage is not Stage.LIVE:
                continue
            if is_burst and connection.waiting_bytes < self._quarter:
                self._read_on(connection, stream.count + 1, self.log.count, 0)
                continue
            if connection.wants_clock:
                connection.notify(clock_notice(now), 1)
            for whole in frames:
                connection.queue(whole)
            connection.next_number += len(rows)

    @property
    def has_work(self) -> bool:
        """Is there a stream to be counted, or anybody to be sent what the log has and able to take it?"""
        if len(self._live) < len(self._streams):
            return True
        return any(connection.waiting_bytes < self._quarter for connection in self._behind)

    def advance(self) -> None:
        """One piece of counting for each new stream, one piece of the log for each late connection."""
        for stream in self._streams.values():
            if not stream.is_live:
                events = self.log.read(stream.counted_events, PIECE)
                stream.grow(int(stream.router.part(events)[1][-1]), stream.counted_events)
                stream.counted_events += len(events)
                if stream.counted_events == self.log.count:
                    stream.is_live = True
                    self._live.append(stream)
                    self._router = Router([one.subscription for one in self._live])
        for connection in [*self._behind]:
            if connection.stage is not Stage.CATCHING_UP:
                self._behind.remove(connection)
            elif connection.waiting_bytes < self._quarter:
                self._send_piece(connection)

    def _send_piece(self, connection: Connection) -> None:
        stream = connection.stream
        assert stream is not None
        events = self.log.read(connection.at_event, min(PIECE, self._quarter // RECORD_BYTES))
        rows, starts = stream.router.part(events)
        count = int(starts[-1])
        passed = min(connection.skip, count)
        connection.skip -= passed
        connection.at_event += len(events)
        for whole in event_frames(rows[passed:count], connection.next_number):
            connection.queue(whole)
        connection.next_number += count - passed
        if connection.at_event == self.log.count and connection.stage is Stage.CATCHING_UP:
            connection.stage = Stage.LIVE
            self._behind.remove(connection)


def clock_notice(now: int) -> bytes:
    """A NOTICE of the venue's time; the events behind it happened then."""
    notice = np.zeros(1, NOTICE)
    notice["kind"], notice["time"] = NoticeKind.CLOCK, now
    return notice.tobytes()


def event_frames(rows: Rows, number: int) -> list[bytes]:
    """Sequenced frames of the rows, the first of which has the number."""
    return [
        frame(
            EVENTS_FRAME,
            number + at,
            rows[at : at + MAX_EVENTS].tobytes(),
            min(MAX_EVENTS, len(rows) - at),
        )
        for at in range(0, len(rows), MAX_EVENTS)
    ]
