"""One turn of the node: the commands that arrived together, judged, and made into one block.

    frames --take, add--> records | judge --> codes --block--> commands taken | the node's own | evidence
                                                |                  1..k             k+1..m        m+1..n
                                                +--notices--> RECEIPT per frame, REFUSED per command

Commands stand in the order in which they arrived. Evidence stands behind them and names them by sequence, so
that nothing comes between a TERMS record and its command. A run is what one connection sent without a break.
Cost: a few array operations a turn, a little Python a run, and kernels for what is in it.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandKind
from novate.domain.records import COMMAND, RECORD_BYTES, Commands
from novate.domain.session_codes import EvidenceForm, SessionKind, SessionReject
from novate.domain.wire import HEADER_BYTES, KEY_BYTES, MAC_BYTES, SIGNATURE_BYTES
from novate.gateway.binary.admission import IS_ORDERING, Admission, Codes, join_staged
from novate.gateway.binary.connection import Connection
from novate.gateway.binary.frames import (
    CELLS,
    COUNT,
    FRAME_COLUMNS,
    FRAME_FIRST,
    FRAME_NOTICES,
    FRAME_RECORDS,
    FRAMES,
    NONCE,
    START,
    mac_cells,
    take_frames,
    write_notices,
)
from novate.gateway.binary.sessions import Session

PART_BYTES = 32
SMALLEST_FRAME = HEADER_BYTES + RECORD_BYTES + MAC_BYTES
"""Of commands."""
MOST_NOTICES = 512
"""In one frame."""
WORDS = RECORD_BYTES // 8
_BARE = np.dtype(f"V{RECORD_BYTES}")
"""A record as bare bytes: copying fields one by one takes seventeen times as long."""
_EVIDENCE = struct.Struct("<BBBB2xH2xH4xqq32s")
"""EVIDENCE_COMMAND: one record costs a hundredth of what filling an array's fields does."""
assert _EVIDENCE.size == RECORD_BYTES
# Members of enums are slow to look up; a turn looks these up for every frame.
_FRAME, _ORDER = SessionKind.FRAME, SessionKind.ORDER
_EVIDENCE_KIND = int(CommandKind.EVIDENCE)


class Run(NamedTuple):
    """Frames that follow each other on one connection, by a proven sender.

    The commands are records[first : end] of the turn. Where signatures count it is one frame, whose nonce and
    signatures stand here.
    """

    connection: Connection
    session: Session
    first_frame: int
    end_frame: int
    first: int
    end: int
    nonce: int = 0
    signatures: bytes = b""

    @property
    def rate(self) -> int:
        """Orders a second that the session may send; 0: no limit."""
        return self.session.terms.orders_per_second


class Turn:
    """Collects frames up to a number of commands; used again for every turn."""

    def __init__(self, admission: Admission, capacity: int) -> None:
        self.runs: list[Run] = []
        self.count = 0
        self.frames = 0
        self._admission = admission
        self._capacity = capacity
        self._records = np.zeros(capacity, COMMAND)
        self._bytes = self._records.view(np.uint8).data
        self._words = self._records.view(np.int64).reshape(-1, WORDS)
        self._senders = np.zeros(capacity, np.int64)
        """Session number of each command."""
        self._frames = np.zeros((capacity, FRAME_COLUMNS), np.int64)
        self._cells = np.zeros(CELLS, np.int64)
        self._notices = np.zeros((2 * capacity, WORDS), np.int64)
        self._notice_bytes = self._notices.reshape(-1).view(np.uint8).data
        self._own: list[Commands] = []
        self._as_they_are: list[bytes] = []
        self._marks: dict[int, int] = {}
        self._all_codes: Codes = np.zeros(capacity, np.uint16)
        self._codes = self._all_codes[:0]
        self._refused = False
        self._places: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def rehearse(self) -> None:
        """Have the kernels ready before the first frame comes: compiled, or loaded from the disk."""
        nothing, mac = np.zeros(0, np.uint8), mac_cells(bytes(KEY_BYTES))
        take_frames(nothing, mac, self._words, self._senders, self._frames, self._cells)
        self._admission.judge(self._words, self._senders, self._codes)
        write_notices(self._words, self._all_codes, self._frames, self._notices, 0, 0, 0)

    def begin(self) -> None:
        """Forget the last turn."""
        self.runs.clear()
        self.count = self.frames = 0
        self._own.clear()
        self._as_they_are.clear()
        self._marks.clear()
        self._codes = self._all_codes[:0]
        self._refused = False

    def has_room(self, commands: int) -> bool:
        """Do so many commands still fit in?"""
        return self.count + commands <= self._capacity

    def take(self, connection: Connection, session: Session) -> int:
        """Take the good frames that a connection of kind MAC has received; returns how many.

        What comes next, if anything, is taken or refused one by one, with `add`.
        """
        cells, terms, mac = self._cells, session.terms, connection.mac_cells
        if mac is None or connection.unread < SMALLEST_FRAME:
            return 0
        data, start, end = connection.received()
        frames, first = self.frames, self.count
        cells[:] = (start, end, session.nonce, terms.number, terms.orders_per_second, first, frames)
        taken = take_frames(data, mac, self._words, self._senders, self._frames, cells)
        if taken:
            found = cells.tolist()
            connection.skip_to(found[START])
            session.nonce = self._marks[terms.number] = found[NONCE]
            self.count, self.frames = found[COUNT], found[FRAMES]
            self.runs.append(Run(connection, session, frames, self.frames, first, self.count))
        return taken

    def add(
        self, connection: Connection, session: Session, nonce: int, records: memoryview, signatures: bytes
    ) -> None:
        """Take a frame of an authentic sender; its nonce is spent whatever becomes of it."""
        count, first, frame = len(records) // RECORD_BYTES, self.count, self.frames
        self._bytes[first * RECORD_BYTES : (first + count) * RECORD_BYTES] = records
        self._senders[first : first + count] = session.terms.number
        self._frames[frame] = (nonce, first, count, session.terms.orders_per_second, 0)
        self.count, self.frames = first + count, frame + 1
        self.runs.append(Run(connection, session, frame, frame + 1, first, self.count, nonce, signatures))
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
        limited = any(run.rate for run in self.runs)
        if overloaded or limited:
            refused += self._keep_pace(overloaded, now_ns)
        self._refused = refused > 0
        if staged:
            frames = self._frames[: self.frames]
            ends = frames[:, FRAME_FIRST] + frames[:, FRAME_RECORDS]
            join_staged(self._records["kind"][: self.count], codes, ends)
            self._refused = bool(codes.any())
        if self._refused:
            self._refuse_whole_frames(codes)

    def _keep_pace(self, overloaded: bool, now_ns: int) -> int:
        """Refuse new orders for overload, or beyond the rate of their session; returns how many."""
        kinds = self._records["kind"]
        refused = 0
        for run in self.runs:
            here = slice(run.first, run.end)
            part = self._codes[here]
            orders = np.flatnonzero((part == 0) & IS_ORDERING[kinds[here]])
            if overloaded:
                part[orders] = SessionReject.OVERLOAD
                refused += len(orders)
            elif run.rate:
                admitted = run.session.spend(len(orders), now_ns)
                part[orders[admitted:]] = SessionReject.RATE_LIMIT
                refused += len(orders) - admitted
        return refused

    def _refuse_whole_frames(self, codes: Codes) -> None:
        """One signature covers a whole frame: what is not taken as a whole could not be verified later."""
        for run in self.runs:
            part = codes[run.first : run.end]
            if run.session.terms.kind is _FRAME and part.any():
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
        for run in self.runs:
            kind, number = run.session.terms.kind, run.session.terms.number
            if kind is _FRAME:
                first = self._place(run.first, last_sequence)
                if first:
                    count = run.end - run.first
                    found.append(
                        evidence(EvidenceForm.FRAME, number, run.signatures, run.nonce, first, count)
                    )
                    if marks.get(number) == run.nonce:
                        del marks[number]
            elif kind is _ORDER:
                found += self._order_evidence(run, last_sequence)
        found += [evidence(EvidenceForm.MARK, number, b"", nonce) for number, nonce in marks.items()]
        return found

    def _order_evidence(self, run: Run, last_sequence: int) -> list[bytes]:
        places = [self._place(at, last_sequence) for at in range(run.first, run.end)]
        number, signatures = run.session.terms.number, run.signatures
        return [
            evidence(
                EvidenceForm.ORDER,
                number,
                signatures[at * SIGNATURE_BYTES : (at + 1) * SIGNATURE_BYTES],
                run.nonce + at,
                place,
                1,
            )
            for at, place in enumerate(places)
            if place
        ]

    def notify(self, last_sequence: int, now: int) -> None:
        """Queue a receipt for every frame, and what was refused of it, on its connection, in one frame.

        `last_sequence` is the one that `block` was called with.
        """
        if not self.frames:
            return
        frames = self._frames
        write_notices(self._words, self._all_codes, frames, self._notices, self.frames, last_sequence, now)
        ends = frames[: self.frames, FRAME_NOTICES].tolist()
        start = 0
        for at, run in enumerate(self.runs, 1):
            # Signed frames are runs of one: those of one connection are told together all the same.
            if at < len(self.runs) and self.runs[at].connection is run.connection:
                continue
            end = ends[run.end_frame - 1]
            _notify(run.connection, self._notice_bytes[start * RECORD_BYTES : end * RECORD_BYTES])
            start = end


def _notify(connection: Connection, notices: memoryview) -> None:
    """Queue notices for one connection in as few frames as there can be."""
    for at in range(0, len(notices), MOST_NOTICES * RECORD_BYTES):
        part = notices[at : at + MOST_NOTICES * RECORD_BYTES]
        connection.notify(bytes(part), len(part) // RECORD_BYTES)


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
