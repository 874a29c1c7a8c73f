"""One turn of the node: the commands that arrived together, judged, and made into one block.

    frames --add--> records | judge --> codes --block--> commands taken | the node's own | evidence
                                          |                  1..k             k+1..m        m+1..n
                                          +--notices--> RECEIPT per frame, REFUSED per command, by connection

Commands stand in the order in which they arrived. Evidence stands behind them and names them by sequence, so
that nothing comes between a TERMS record and its command. Cost: a few array operations a turn and a little
Python a frame.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandKind
from novate.domain.records import COMMAND, RECORD_BYTES, Commands
from novate.domain.session_codes import EvidenceForm, NoticeKind, SessionKind, SessionReject
from novate.domain.wire import NOTICE, SIGNATURE_BYTES
from novate.gateway.binary.admission import IS_ORDERING, Admission, Codes, join_staged
from novate.gateway.binary.connection import Connection
from novate.gateway.binary.sessions import Session

PART_BYTES = 32
MOST_NOTICES = 512
"""Of one frame."""
WORDS = RECORD_BYTES // 8
_BARE = np.dtype(f"V{RECORD_BYTES}")
"""A record as bare bytes: copying fields one by one takes seventeen times as long."""
_EVIDENCE = struct.Struct("<BBBB2xH2xH4xqq32s")
_NOTICE = struct.Struct("<BBHHHqqqqI4xq8x")
"""EVIDENCE_COMMAND and NOTICE: one record costs a hundredth of what filling an array's fields does."""
assert _EVIDENCE.size == _NOTICE.size == RECORD_BYTES
# Members of enums are slow to look up; a turn looks these up for every frame.
_FRAME, _ORDER = SessionKind.FRAME, SessionKind.ORDER
_RECEIPT = int(NoticeKind.RECEIPT)
_EVIDENCE_KIND = int(CommandKind.EVIDENCE)


class Frame(NamedTuple):
    """A frame of commands whose sender is proven: records[first : first + records] of a turn."""

    connection: Connection
    session: Session
    nonce: int
    first: int
    records: int
    signatures: bytes


class Turn:
    """Collects frames up to a number of commands; used again for every turn."""

    def __init__(self, admission: Admission, capacity: int) -> None:
        self.frames: list[Frame] = []
        self.count = 0
        self._admission = admission
        self._capacity = capacity
        self._records = np.zeros(capacity, COMMAND)
        self._bytes = self._records.view(np.uint8).data
        self._words = self._records.view(np.int64).reshape(-1, WORDS)
        self._senders = np.zeros(capacity, np.int64)
        """Session number of each command."""
        self._own: list[Commands] = []
        self._as_they_are: list[bytes] = []
        self._marks: dict[int, int] = {}
        self._all_codes: Codes = np.zeros(capacity, np.uint16)
        self._codes = self._all_codes[:0]
        self._refused = False
        self._places: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def begin(self) -> None:
        """Forget the last turn."""
        self.frames.clear()
        self.count = 0
        self._own.clear()
        self._as_they_are.clear()
        self._marks.clear()
        self._codes = self._all_codes[:0]
        self._refused = False

    def has_room(self, commands: int) -> bool:
        """Do so many commands still fit in?"""
        return self.count + commands <= self._capacity

    def add(
        self, connection: Connection, session: Session, nonce: int, records: memoryview, signatures: bytes
    ) -> None:
        """Take a frame of an authentic sender; its nonce is spent whatever becomes of it."""
        count = len(records) // RECORD_BYTES
        self._bytes[self.count * RECORD_BYTES : (self.count + count) * RECORD_BYTES] = records
        self._senders[self.count : self.count + count] = session.terms.number
        self.frames.append(Frame(connection, session, nonce, self.count, count, signatures))
        self.count += count
        is_order = session.terms.kind is _ORDER
        session.nonce = nonce + count - 1 if is_order else nonce
        self._marks[session.terms.number] = session.nonce

    def add_own(self, commands: Commands) -> None:
        """A command of the node itself; it stands behind those of the sessions."""
        self._own.append(commands)

    def add_records(self, records: bytes) -> None:
        """Records that are journaled as they are: evidence of a login, credit of the clearing house."""
        self._as_they_are.append(records)

    def judge(self, overloaded: bool, now_ns: int) -> None:
        """Decide what is taken. `now_ns` is monotonic, for the rates."""
        codes = self._codes = self._all_codes[: self.count]
        found = self._admission.judge(self._words, self._senders, codes)
        refused, staged = found & 0xFFFFFFFF, found >> 32
        limited = any(frame.session.terms.orders_per_second for frame in self.frames)
        if overloaded or limited:
            refused += self._keep_pace(overloaded, now_ns)
        self._refused = refused > 0
        if staged:
            ends = np.array([frame.first + frame.records for frame in self.frames], np.int64)
            join_staged(self._records["kind"][: self.count], codes, ends)
            self._refused = bool(codes.any())
        if self._refused:
            self._refuse_whole_frames(codes)

    def _keep_pace(self, overloaded: bool, now_ns: int) -> int:
        """Refuse new orders for overload, or beyond the rate of their session; returns how many."""
        kinds = self._records["kind"]
        refused = 0
        for frame in self.frames:
            here = slice(frame.first, frame.first + frame.records)
            part = self._codes[here]
            orders = np.flatnonzero((part == 0) & IS_ORDERING[kinds[here]])
            if overloaded:
                part[orders] = SessionReject.OVERLOAD
                refused += len(orders)
            elif frame.session.terms.orders_per_second:
                admitted = frame.session.spend(len(orders), now_ns)
                part[orders[admitted:]] = SessionReject.RATE_LIMIT
                refused += len(orders) - admitted
        return refused

    def _refuse_whole_frames(self, codes: Codes) -> None:
        """One signature covers a whole frame: what is not taken as a whole could not be verified later."""
        for frame in self.frames:
            part = codes[frame.first : frame.first + frame.records]
            if frame.session.terms.kind is _FRAME and part.any():
                part[part == 0] = SessionReject.REFUSED_WITH_FRAME

    def block(self, last_sequence: int, now: int) -> Commands:
        """What goes into the journal behind `last_sequence`, with the venue's time `now`; perhaps nothing."""
        commands = self._records[: self.count]
        if self.count:
            commands["time"] = now
        if self._refused:
            taken = self._codes == 0
            self._places = last_sequence + np.cumsum(taken)
            commands = commands.view(_BARE)[taken].view(COMMAND)
        parts: list[bytes | memoryview] = [commands.view(np.uint8).data]
        for one in self._own:
            one["time"] = now
            parts.append(one.tobytes())
        parts += self._frame_evidence(last_sequence)
        parts += self._as_they_are
        # A bytearray, because what kernels get must be writable to be of the type that they know.
        return np.frombuffer(bytearray().join(parts), COMMAND)

    def _place(self, at: int, last_sequence: int) -> int:
        """Sequence of record `at` of the turn; of one that is not taken, 0."""
        if not self._refused:
            return last_sequence + 1 + at
        return int(self._places[at]) if self._codes[at] == 0 else 0

    def _frame_evidence(self, last_sequence: int) -> list[bytes]:
        """Signatures of what is taken, and the highest nonce of every session that sent anything."""
        found: list[bytes] = []
        marks = self._marks
        for frame in self.frames:
            kind, number = frame.session.terms.kind, frame.session.terms.number
            if kind is _FRAME:
                first = self._place(frame.first, last_sequence)
                if first:
                    found.append(
                        evidence(
                            EvidenceForm.FRAME, number, frame.signatures, frame.nonce, first, frame.records
                        )
                    )
                    if marks.get(number) == frame.nonce:
                        del marks[number]
            elif kind is _ORDER:
                found += self._order_evidence(frame, last_sequence)
        found += [evidence(EvidenceForm.MARK, number, b"", nonce) for number, nonce in marks.items()]
        return found

    def _order_evidence(self, frame: Frame, last_sequence: int) -> list[bytes]:
        places = [self._place(frame.first + at, last_sequence) for at in range(frame.records)]
        number, signatures = frame.session.terms.number, frame.signatures
        return [
            evidence(
                EvidenceForm.ORDER,
                number,
                signatures[at * SIGNATURE_BYTES : (at + 1) * SIGNATURE_BYTES],
                frame.nonce + at,
                place,
                1,
            )
            for at, place in enumerate(places)
            if place
        ]

    def notify(self, last_sequence: int, now: int) -> None:
        """Queue a receipt for every frame, and what was refused of it, on its connection; in one frame each.

        `last_sequence` is the one that `block` was called with.
        """
        told: dict[Connection, list[bytes]] = {}
        for frame in self.frames:
            count, first = frame.records, last_sequence + 1 + frame.first
            notices = told.setdefault(frame.connection, [])
            if self._refused:
                part = self._codes[frame.first : frame.first + count]
                if part.any():
                    notices.append(self._refusals(frame, part).tobytes())
                    count = int((part == 0).sum())
                first = self._place(frame.first + int(np.argmin(part)), last_sequence)
            receipt = _NOTICE.pack(_RECEIPT, 0, 0, 0, count, frame.nonce, first, 0, now, 0, 0)
            notices.append(receipt)
        for connection, notices in told.items():
            _notify(connection, b"".join(notices))

    def _refusals(self, frame: Frame, codes: Codes) -> npt.NDArray[np.void]:
        at = np.flatnonzero(codes)
        records = self._records[frame.first : frame.first + frame.records][at]
        notices = np.zeros(len(at), NOTICE)
        notices["kind"], notices["nonce"], notices["index"] = NoticeKind.REFUSED, frame.nonce, at
        notices["reason"], notices["command"] = codes[at], records["kind"]
        for name in ("client_order_id", "account"):
            notices[name] = records[name]
        notices["value"] = frame.session.terms.orders_per_second
        return notices


def _notify(connection: Connection, notices: bytes) -> None:
    """Queue all notices of a turn for one connection in as few frames as there can be."""
    for at in range(0, len(notices), MOST_NOTICES * RECORD_BYTES):
        part = notices[at : at + MOST_NOTICES * RECORD_BYTES]
        connection.notify(part, len(part) // RECORD_BYTES)


def evidence(
    form: EvidenceForm, session: int, payload: bytes, nonce: int = 0, first: int = 0, count: int = 0
) -> bytes:
    """EVIDENCE_COMMAND records that carry the payload; one record if there is none."""
    parts = max(1, -(-len(payload) // PART_BYTES))
    return b"".join(
        _EVIDENCE.pack(
            _EVIDENCE_KIND, form, part, parts, count, session, nonce, first,
            payload[part * PART_BYTES : (part + 1) * PART_BYTES],
        )
        for part in range(parts)
    )  # fmt: skip
