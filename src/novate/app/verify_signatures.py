"""Who ordered what: every signature that a node journaled, verified from the files alone.

    block   | command | command | node's own | LOGIN, key, signature | FRAME, signature, first, count |
               ^---------^----------------------------------------------------- names them by sequence

A command of a session that signs (kinds FRAME and ORDER) must be covered by exactly one signature of the key
with which the session last logged in, under a nonce higher than all before. The bytes that were signed are
the journaled record with its time taken as zero: the time is the node's. Commands of MAC sessions are the
venue's word; they are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from novate import signatures
from novate.domain.codes import CommandKind
from novate.domain.records import EVIDENCE_COMMAND, RECORD_BYTES, Commands
from novate.domain.session_codes import EvidenceForm, SessionKind
from novate.domain.wire import (
    CHALLENGE,
    LOGIN,
    SIGNATURE_BYTES,
    commands_header,
    frame_message,
    login_message,
    order_message,
)
from novate.journal import Journal

OF_THE_NODE = (CommandKind.DISCONNECT, CommandKind.MASS_CANCEL)
"""What a node sends by itself under the number of a session whose connection has ended."""


class SignatureCounts(msgspec.Struct):
    """What was verified, and the first thing that was wrong."""

    logins: int = 0
    frames: int = 0
    orders: int = 0
    signed_commands: int = 0
    by_word: int = 0
    """Commands of MAC sessions."""
    fault: str = ""

    @property
    def is_empty(self) -> bool:
        """Has no session ever sent anything?"""
        return not (self.logins or self.by_word or self.fault)


class _Session:
    """A session as its last login left it."""

    def __init__(self, public: bytes, kind: SessionKind) -> None:
        self.public = public
        self.kind = kind
        self.nonce = 0


class _Fault(Exception):  # noqa: N818 - caught here, told as a finding
    """Evidence that does not prove what it should; the message says where."""


def verify_signatures(directory: Path) -> SignatureCounts:
    """Walk the journal once. Raises JournalError for one that cannot be read."""
    counts = SignatureCounts()
    with Journal.open(directory, read_only=True) as journal:
        sessions: dict[int, _Session] = {}
        try:
            for first, commands in journal.read():
                _verify_block(journal.identity, first, commands, sessions, counts)
        except _Fault as fault:
            counts.fault = str(fault)
            if not _has_evidence(journal):
                # No node wrote this: files name sessions too, and nobody signs a file's orders.
                return SignatureCounts()
    return counts


def _has_evidence(journal: Journal) -> bool:
    return any((commands["kind"] == CommandKind.EVIDENCE).any() for _, commands in journal.read())


def _verify_block(
    identity: bytes, first: int, commands: Commands, sessions: dict[int, _Session], counts: SignatureCounts
) -> None:
    signed = commands.copy()
    signed["time"] = 0
    covered = np.zeros(len(commands), np.bool_)
    at = np.flatnonzero(commands["kind"] == CommandKind.EVIDENCE)
    for sequence, head, payload in _assembled(first, at, commands):
        form, number = EvidenceForm(int(head["form"])), int(head["session"])
        if form is EvidenceForm.LOGIN:
            sessions[number] = _login(identity, sequence, payload, sessions.get(number), counts)
            continue
        session = sessions.get(number)
        if session is None:
            raise _Fault(f"sequence {sequence}: expected a login of session {number} before, was none")
        if form is EvidenceForm.MARK:
            session.nonce = max(session.nonce, int(head["nonce"]))
            continue
        _verify_evidence(identity, first, sequence, head, payload, session, signed, covered, counts)
    _expect_covered(first, commands, covered, sessions, counts)


def _assembled(
    first: int, at: np.ndarray[tuple[int], np.dtype[np.intp]], commands: Commands
) -> Iterator[tuple[int, np.void, bytes]]:
    """(sequence, first record, payload) of each piece of evidence in a block."""
    records = commands[at].view(EVIDENCE_COMMAND)
    here = 0
    while here < len(records):
        parts = records[here : here + int(records["parts"][here])]
        sequence = first + int(at[here])
        if parts["part"].tolist() != list(range(int(parts["parts"][0]))) or not len(parts):
            raise _Fault(f"sequence {sequence}: expected all parts of a piece of evidence, was {len(parts)}")
        yield sequence, parts[0], parts["payload"].tobytes()
        here += len(parts)


def _login(
    identity: bytes, sequence: int, payload: bytes, before: _Session | None, counts: SignatureCounts
) -> _Session:
    """The session that a LOGIN opens; its nonces go on from the login before."""
    public, rest = payload[: signatures.PUBLIC_BYTES], payload[signatures.PUBLIC_BYTES :]
    signature, rest = rest[:SIGNATURE_BYTES], rest[SIGNATURE_BYTES:]
    challenge, login = rest[: CHALLENGE.itemsize], rest[CHALLENGE.itemsize :][: LOGIN.itemsize]
    if np.frombuffer(challenge, CHALLENGE)["identity"][0].tobytes() != identity:
        raise _Fault(f"sequence {sequence}: expected a login to this journal, was one to another")
    if not signatures.verify(public, login_message(challenge, login), signature):
        raise _Fault(f"sequence {sequence}: expected a login signed by {public.hex()}, was another signature")
    session = _Session(public, SessionKind(int(np.frombuffer(login, LOGIN)["kind"][0])))
    session.nonce = before.nonce if before else 0
    counts.logins += 1
    return session


def _verify_evidence(
    identity: bytes,
    first: int,
    sequence: int,
    head: np.void,
    payload: bytes,
    session: _Session,
    signed: Commands,
    covered: np.ndarray[tuple[int], np.dtype[np.bool_]],
    counts: SignatureCounts,
) -> None:
    """A FRAME or an ORDER: of records of this block, not yet covered, by this session, under a new nonce."""
    start, count, nonce = int(head["first_sequence"]) - first, int(head["count"]), int(head["nonce"])
    records = signed[start : start + count] if start >= 0 else signed[:0]
    if len(records) != count or not count or covered[start : start + count].any():
        raise _Fault(f"sequence {sequence}: expected {count} commands from {start + first} on in its block")
    if (records["session"] != head["session"]).any():
        raise _Fault(f"sequence {sequence}: expected commands of session {int(head['session'])}")
    if nonce <= session.nonce:
        raise _Fault(f"sequence {sequence}: expected a nonce above {session.nonce}, was {nonce}")
    body = records.tobytes()
    if head["form"] == EvidenceForm.FRAME:
        message = frame_message(identity, commands_header(SessionKind.FRAME, count, nonce), body)
        counts.frames += 1
    else:
        message = order_message(identity, nonce, body[:RECORD_BYTES])
        counts.orders += 1
    if not signatures.verify(session.public, message, payload[:SIGNATURE_BYTES]):
        raise _Fault(
            f"sequence {sequence}: expected a signature of {session.public.hex()} over the commands from "
            f"{start + first} on, was another"
        )
    session.nonce = nonce
    covered[start : start + count] = True
    counts.signed_commands += count


def _expect_covered(
    first: int,
    commands: Commands,
    covered: np.ndarray[tuple[int], np.dtype[np.bool_]],
    sessions: dict[int, _Session],
    counts: SignatureCounts,
) -> None:
    """Every command of a session has its signature, unless the session has logged in as one of MACs."""
    kinds = commands["kind"]
    open_ones = ~covered & (kinds != CommandKind.EVIDENCE) & (kinds != CommandKind.CONFIGURATION)
    open_ones &= (commands["session"] != 0) & ~np.isin(kinds, OF_THE_NODE)
    numbers = commands["session"][open_ones]
    by_word = [number for number, session in sessions.items() if session.kind is SessionKind.MAC]
    unsigned = np.flatnonzero(~np.isin(numbers, by_word))
    if len(unsigned):
        where = first + int(np.flatnonzero(open_ones)[unsigned[0]])
        raise _Fault(f"sequence {where}: expected a signature of its session, was none")
    counts.by_word += len(numbers)
