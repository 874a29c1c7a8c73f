"""One turn of the node: the commands that arrived together, judged, and made into one block.

    frames --add--> records | judge --> codes --block--> commands taken | the node's own | evidence
                                          |                  1..k             k+1..m        m+1..n
                                          +--notices--> RECEIPT per frame, REFUSED per command, by connection

Commands stand in the order in which they arrived. Evidence stands behind them and names them by sequence, so
that nothing comes between a TERMS record and its command. Cost: a few array operations a turn and a little
Python a frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandKind
from novate.domain.records import COMMAND, EVIDENCE_COMMAND, RECORD_BYTES, Commands
from novate.domain.session_codes import EvidenceForm, NoticeKind, SessionKind, SessionReject
from novate.domain.wire import NOTICE, SIGNATURE_BYTES
from novate.gateway.binary.admission import IS_ORDERING, IS_STAGED, Admission, Codes, join_staged
from novate.gateway.binary.connection import Connection
from novate.gateway.binary.sessions import Session

PART_BYTES = 32
_BARE = np.dtype(f"V{RECORD_BYTES}")
"""A record as bare bytes: copying fields one by one takes seventeen times as long."""

Notices = npt.NDArray[np.void]


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
        self._own: list[Commands] = []
        self._evidence: list[Commands] = []
        self._marks: dict[int, int] = {}
        self._codes: Codes = np.zeros(0, np.uint16)
        self._places: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def begin(self) -> None:
        """Forget the last turn."""
        self.frames.clear()
        self.count = 0
        self._own.clear()
        self._evidence.clear()
        self._marks.clear()

    def has_room(self, commands: int) -> bool:
        """Do so many commands still fit in?"""
        return self.count + commands <= self._capacity

    def add(
        self, connection: Connection, session: Session, nonce: int, records: memoryview, signatures: bytes
    ) -> None:
        """Take a frame of an authentic sender; its nonce is spent whatever becomes of it."""
        count = len(records) // RECORD_BYTES
        self._bytes[self.count * RECORD_BYTES : (self.count + count) * RECORD_BYTES] = records
        self.frames.append(Frame(connection, session, nonce, self.count, count, signatures))
        self.count += count
        is_order = session.terms.kind is SessionKind.ORDER
        session.nonce = nonce + count - 1 if is_order else nonce
        self._marks[session.terms.number] = session.nonce

    def add_own(self, commands: Commands) -> None:
        """A command of the node itself; it stands behind those of the sessions."""
        self._own.append(commands)

    def add_evidence(self, evidence: npt.NDArray[np.void]) -> None:
        """Evidence that belongs to no command: of a login."""
        self._evidence.append(evidence.view(COMMAND))

    def judge(self, overloaded: bool, now_ns: int) -> None:
        """Decide what is taken. `now_ns` is monotonic, for the rates."""
        commands = self._records[: self.count]
        counts = [frame.records for frame in self.frames]
        numbers = np.repeat(np.array([f.session.terms.number for f in self.frames], np.int64), counts)
        codes = self._admission.judge(commands, numbers)
        kinds = commands["kind"]
        if overloaded:
            codes[(codes == 0) & IS_ORDERING[kinds]] = SessionReject.OVERLOAD
        for frame in self.frames:
            if frame.session.terms.orders_per_second:
                part = slice(frame.first, frame.first + frame.records)
                orders = np.flatnonzero((codes[part] == 0) & IS_ORDERING[kinds[part]])
                admitted = frame.session.spend(len(orders), now_ns)
                codes[part][orders[admitted:]] = SessionReject.RATE_LIMIT
        if IS_STAGED[kinds].any():
            join_staged(kinds, codes, np.cumsum(counts))
        if codes.any():
            self._refuse_whole_frames(codes)
        self._codes = codes

    def _refuse_whole_frames(self, codes: Codes) -> None:
        """One signature covers a whole frame: what is not taken as a whole could not be verified later."""
        for frame in self.frames:
            part = codes[frame.first : frame.first + frame.records]
            if frame.session.terms.kind is SessionKind.FRAME and part.any():
                part[part == 0] = SessionReject.REFUSED_WITH_FRAME

    def block(self, last_sequence: int, now: int) -> Commands:
        """What goes into the journal behind `last_sequence`, with the venue's time `now`; perhaps nothing."""
        commands = self._records[: self.count]
        taken = self._codes[: self.count] == 0 if self.count else np.zeros(0, np.bool_)
        self._places = last_sequence + np.cumsum(taken)
        if not taken.all():
            commands = commands.view(_BARE)[taken].view(COMMAND)
        commands["time"] = now
        own = self._own
        for one in own:
            one["time"] = now
        parts = [commands, *own, *self._frame_evidence(taken), *self._evidence]
        parts = [part for part in parts if len(part)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([np.zeros(0, _BARE), *(part.view(_BARE) for part in parts)]).view(COMMAND)

    def _frame_evidence(self, taken: npt.NDArray[np.bool_]) -> list[Commands]:
        """Signatures of what is taken, and the highest nonce of every session that sent anything."""
        found: list[npt.NDArray[np.void]] = []
        marks = dict(self._marks)
        for frame in self.frames:
            kind, number = frame.session.terms.kind, frame.session.terms.number
            if kind is SessionKind.FRAME and taken[frame.first]:
                found.append(
                    evidence(
                        EvidenceForm.FRAME,
                        number,
                        frame.signatures,
                        nonce=frame.nonce,
                        first=int(self._places[frame.first]),
                        count=frame.records,
                    )
                )
                if marks.get(number) == frame.nonce:
                    del marks[number]
            elif kind is SessionKind.ORDER:
                found += self._order_evidence(frame, taken)
        found += [evidence(EvidenceForm.MARK, number, b"", nonce=nonce) for number, nonce in marks.items()]
        return [one.view(COMMAND) for one in found]

    def _order_evidence(self, frame: Frame, taken: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.void]]:
        return [
            evidence(
                EvidenceForm.ORDER,
                frame.session.terms.number,
                frame.signatures[at * SIGNATURE_BYTES : (at + 1) * SIGNATURE_BYTES],
                nonce=frame.nonce + at,
                first=int(self._places[frame.first + at]),
                count=1,
            )
            for at in range(frame.records)
            if taken[frame.first + at]
        ]

    def notify(self, now: int) -> None:
        """Queue a receipt for every frame, and what was refused of it, on its connection."""
        receipts = np.zeros(len(self.frames), NOTICE)
        receipts["kind"], receipts["time"] = NoticeKind.RECEIPT, now
        refused = bool(self._codes[: self.count].any()) if self.count else False
        for at, frame in enumerate(self.frames):
            receipt = receipts[at : at + 1]
            receipt["nonce"] = frame.nonce
            count = frame.records
            if refused:
                part = self._codes[frame.first : frame.first + count]
                if part.any():
                    count = int((part == 0).sum())
                    frame.connection.notify(self._refusals(frame, part))
            receipt["count"] = count
            if count:
                first = frame.first + int(np.argmin(self._codes[frame.first : frame.first + frame.records]))
                receipt["first_sequence"] = self._places[first]
            frame.connection.notify(receipt)

    def _refusals(self, frame: Frame, codes: Codes) -> Notices:
        at = np.flatnonzero(codes)
        records = self._records[frame.first : frame.first + frame.records][at]
        notices = np.zeros(len(at), NOTICE)
        notices["kind"], notices["nonce"], notices["index"] = NoticeKind.REFUSED, frame.nonce, at
        notices["reason"], notices["command"] = codes[at], records["kind"]
        for name in ("client_order_id", "account"):
            notices[name] = records[name]
        notices["value"] = frame.session.terms.orders_per_second
        return notices


def evidence(
    form: EvidenceForm, session: int, payload: bytes, *, nonce: int = 0, first: int = 0, count: int = 0
) -> npt.NDArray[np.void]:
    """(parts,) EVIDENCE_COMMAND records that carry the payload; one record if there is none."""
    parts = max(1, -(-len(payload) // PART_BYTES))
    records = np.zeros(parts, EVIDENCE_COMMAND)
    records["kind"], records["form"] = CommandKind.EVIDENCE, form
    records["part"], records["parts"] = np.arange(parts), parts
    records["session"], records["count"] = session, count
    records["nonce"], records["first_sequence"] = nonce, first
    if payload:
        records["payload"] = np.frombuffer(payload.ljust(parts * PART_BYTES, b"\0"), f"V{PART_BYTES}")
    return records
