"""One connection: bytes in, whole frames out of them; frames in, bytes out; nothing without a bound.

    socket --receive--> [ buffer: at most two of the largest frames ] --next_frame--> header, body
    socket <--flush---- [ frames that wait: at most `out_bytes`     ] <--queue------- frame

A peer that does not read fills the second buffer. When it is full, what waits is thrown away except for the
rest of the frame that is half sent, and behind that stands an END frame with the reason SLOW_READER.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import hmac
import socket
import sys
import termios
from collections import deque
from enum import IntEnum
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from novate.domain.session_codes import NoticeKind, SessionReject
from novate.domain.wire import (
    END_FRAME,
    HEADER,
    HEADER_BYTES,
    LARGEST_CLIENT_FRAME,
    MAC_BYTES,
    NOTICE,
    NOTICES_FRAME,
    REJECTED_FRAME,
    Header,
    frame,
)
from novate.gateway.binary.refusal import Refused

if TYPE_CHECKING:
    from novate.gateway.binary.feeds import Stream
    from novate.gateway.binary.sessions import Session

Bytes = npt.NDArray[np.uint8]
BUFFER_BYTES = 2 * LARGEST_CLIENT_FRAME
FIRST_BUFFER_BYTES = 4096
"""An idle connection holds no more; the buffer grows when a read fills it."""
MOST_PARTS = 64
"""Frames that one system call takes."""
OURS = (errno.EBADF, errno.EFAULT, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP)
"""Errors that this program has made. Any other of a socket (reset, no route any more, no memory for it) ends
one connection, never the node."""


class Stage(IntEnum):
    """How far a connection has come."""

    CHALLENGED = 1
    COUNTING = 2
    """Logged in, but its stream is still being counted."""
    WAITING = 3
    """Its login is on the way into the journal."""
    CATCHING_UP = 4
    LIVE = 5
    ENDED = 6
    """What waits may still be sent, nothing is read any more."""


_ENDED = Stage.ENDED


class Connection:
    """A peer. `number` is its file descriptor as long as it is open."""

    def __init__(
        self,
        peer: socket.socket,
        address: str,
        challenge: bytes,
        now_ns: int,
        most: int,
        to_flush: list[Connection],
    ) -> None:
        """`most` bytes may wait to be sent; whoever has something to send puts itself on `to_flush`."""
        peer.setblocking(False)
        if peer.family != socket.AF_UNIX:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = peer
        self.number = peer.fileno()
        self.address = address
        self.challenge = challenge
        self.stage = Stage.CHALLENGED
        self.session: Session | None = None
        self.mac: hashlib.blake2b | None = None
        self.mac_cells: Bytes | None = None
        """The same for the kernel (`intake.mac_cells`)."""
        self.stream: Stream | None = None
        self.wants_clock = False
        self.most_flags = 0
        """Of a header: more than 0 only where an ingress stands at the other end."""
        self.next_number = 0
        self.at_event = 0
        self.skip = 0
        self.heard_ns = self.sent_ns = now_ns
        self.is_open = True
        self.is_writing = False
        """The system tells when it can be written to."""
        self.end = SessionReject.NONE
        self._most = most
        self._to_flush = to_flush
        self._buffer: Bytes = np.zeros(FIRST_BUFFER_BYTES, np.uint8)
        self._view = self._buffer.data
        self._start = self._end = 0
        self._received_bytes = 0
        self._out: deque[bytes | memoryview] = deque()
        self.waiting_bytes = 0

    # -- in -----------------------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Read once what has arrived; False when the peer is gone."""
        self._make_room()
        if self._end == len(self._buffer):
            return True
        try:
            taken = self.peer.recv_into(self._view[self._end :])
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno in OURS:
                raise
            return False
        self._end += taken
        self._received_bytes += taken
        return taken > 0

    def _make_room(self) -> None:
        """Move what is left to the front; a buffer that the last read filled grows, up to its bound: more was
        waiting than had room in it, and what is not read in this turn waits for another flush."""
        rest = self._buffer[self._start : self._end]
        if self._end == len(self._buffer) < BUFFER_BYTES:
            self._buffer = np.zeros(min(4 * len(self._buffer), BUFFER_BYTES), np.uint8)
            self._view = self._buffer.data
        elif not self._start:
            return
        self._buffer[: len(rest)] = rest
        self._start, self._end = 0, len(rest)

    @property
    def unread(self) -> int:
        """Bytes that were received and not taken yet."""
        return self._end - self._start

    @property
    def taken_bytes(self) -> int:
        """Bytes of all frames that were taken so far."""
        return self._received_bytes - self.unread

    def pending_bytes(self) -> int:
        """Bytes that have come from the peer and were not taken yet; asks the system."""
        in_socket = bytearray(4)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.number, termios.FIONREAD, in_socket)
        return self.unread + int.from_bytes(in_socket, sys.byteorder)

    def received(self) -> tuple[Bytes, int, int]:
        """(data, start, end): what was received and not taken yet; valid until the next `receive`."""
        return self._buffer, self._start, self._end

    def skip_to(self, start: int) -> None:
        """Whole frames before `start` were taken."""
        assert self._start <= start <= self._end
        self._start = start

    def next_frame(self) -> tuple[Header, memoryview] | None:
        """Header and whole bytes of the next frame, None if it is not all there.

        The view is valid until the next `receive`. Raises Refused for a length that no frame of a client has.
        """
        there = self._end - self._start
        if there < HEADER_BYTES:
            return None
        header = Header._make(HEADER.unpack_from(self._view, self._start))
        if header.length > LARGEST_CLIENT_FRAME:
            raise Refused(SessionReject.FRAME_TOO_LARGE, LARGEST_CLIENT_FRAME)
        if header.length < HEADER_BYTES or header.flags > self.most_flags:
            raise Refused(SessionReject.MALFORMED_FRAME)
        if there < header.length:
            return None
        whole = self._view[self._start : self._start + header.length]
        self._start += header.length
        return header, whole

    def has_frame(self) -> bool:
        """Is there a whole frame that was not taken yet?"""
        there = self._end - self._start
        if there < HEADER_BYTES:
            return False
        return bool(there >= HEADER.unpack_from(self._view, self._start)[0])

    def is_authentic(self, whole: memoryview) -> bool:
        """Does the MAC at the end of a frame belong to all that stands before it?"""
        if self.mac is None:
            return False
        digest = self.mac.copy()
        digest.update(whole[:-MAC_BYTES])
        return hmac.compare_digest(digest.digest(), whole[-MAC_BYTES:])

    # -- out ----------------------------------------------------------------------------------------------

    def queue(self, data: bytes) -> None:
        """Send a whole frame with the next `flush`; a peer that leaves too much waiting is cut off."""
        if self.stage is _ENDED:
            return
        self._put(data)
        if self.waiting_bytes > self._most:
            self._keep_half_sent()
            self.finish(SessionReject.SLOW_READER)

    def notify(self, notices: bytes, count: int) -> None:
        """Queue unsequenced records, in the NOTICE layout."""
        self.queue(frame(NOTICES_FRAME, body=notices, count=count))

    def finish(self, reason: SessionReject, value: int = 0) -> None:
        """Say why it is over; whatever waits is still sent, nothing more is taken."""
        if self.stage is Stage.ENDED:
            return
        notice = np.zeros(1, NOTICE)
        notice["kind"], notice["reason"], notice["value"] = NoticeKind.END, reason, value
        kind = END_FRAME if self.session is not None else REJECTED_FRAME
        self._put(frame(kind, body=notice.tobytes(), count=1))
        self._to_flush.append(self)
        self.end = reason
        self.stage = Stage.ENDED

    def _put(self, data: bytes) -> None:
        if not self._out:
            self._to_flush.append(self)
        self._out.append(data)
        self.waiting_bytes += len(data)

    def _keep_half_sent(self) -> None:
        """Throw away what waits, except for the rest of a frame of which the peer has a part."""
        first = self._out[0]
        self._out.clear()
        self._out.append(first if isinstance(first, memoryview) else b"")

    def flush(self) -> bool:
        """Send what waits as far as the peer takes it; False when the peer is gone."""
        out = self._out
        while out:
            try:
                sent = self.peer.sendmsg(list(islice(out, MOST_PARTS)))
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in OURS:
                    raise
                return False
            while sent:
                first = out[0]
                if sent < len(first):
                    out[0] = memoryview(first)[sent:]
                    break
                sent -= len(first)
                out.popleft()
        self.waiting_bytes = sum(map(len, out)) if out else 0
        return True

    @property
    def is_flushed(self) -> bool:
        """Nothing waits to be sent."""
        return not self._out

    def hang_up(self) -> None:
        """Nothing more will be sent; the peer reads to the end and then hangs up itself."""
        with contextlib.suppress(OSError):
            self.peer.shutdown(socket.SHUT_WR)

    def discard(self) -> bool:
        """Read what a peer still sends after its end, and forget it; False when it is gone."""
        self._start = self._end = 0
        return self.receive()

    def close(self) -> None:
        """Let go of the socket; its number may be another connection's from now on."""
        self.is_open = False
        self.stage = Stage.ENDED
        self.peer.close()
