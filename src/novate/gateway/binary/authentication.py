"""Who is there: logins, MACs and signatures, before any byte of a command is looked at.

    node    CHALLENGE  identity of the journal, 32 fresh bytes
    client  LOGIN      name, kind, its X25519 key | Ed25519 signature over challenge and login
    node    ACCEPTED   its X25519 key, both ends now share a secret --> MAC key of this connection

A session of kind MAC proves its frames with that key, FRAME with one signature a frame, ORDER with one a
command. Everything is verified by libsodium's strict rule (`novate.signatures`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from novate import signatures
from novate.domain.records import RECORD_BYTES
from novate.domain.session_codes import EvidenceForm, SessionKind, SessionReject
from novate.domain.wire import (
    CHALLENGE,
    CHALLENGE_FRAME,
    HEADER_BYTES,
    KEY_BYTES,
    LOGIN,
    MAC_BYTES,
    MAX_COMMANDS,
    MAX_NONCE,
    PROTOCOL_VERSION,
    SIGNATURE_BYTES,
    Header,
    authentication_bytes,
    commands_header,
    frame,
    frame_message,
    keyed_mac,
    login_message,
    mac_key,
    order_message,
    stream_identity,
)
from novate.gateway.binary.connection import Connection
from novate.gateway.binary.frames import mac_cells
from novate.gateway.binary.refusal import Refused
from novate.gateway.binary.sessions import Session, SessionTerms
from novate.gateway.binary.trunk import REFUTED, VERIFIED
from novate.gateway.binary.turn import evidence

_MAC = SessionKind.MAC
LOGIN_BYTES = HEADER_BYTES + LOGIN.itemsize + SIGNATURE_BYTES


class Login(NamedTuple):
    """A login whose signature is good."""

    session: Session
    record: bytes
    signature: bytes
    from_number: int
    node_key: bytes


def new_challenge(identity: bytes) -> bytes:
    """A CHALLENGE record that was never sent before."""
    record = np.zeros(1, CHALLENGE)
    record["version"] = PROTOCOL_VERSION
    record["identity"], record["challenge"] = np.void(identity), np.void(os.urandom(KEY_BYTES))
    return record.tobytes()


def challenge_frame(challenge: bytes) -> bytes:
    """The first frame of every connection."""
    return frame(CHALLENGE_FRAME, body=challenge, count=1)


def accept_login(
    connection: Connection, whole: memoryview, sessions: Mapping[str, Session], identity: bytes, now_ns: int
) -> Login:
    """Check a LOGIN frame and give the connection its MAC key. Raises Refused. `now_ns` is Unix time."""
    if len(whole) != LOGIN_BYTES:
        raise Refused(SessionReject.MALFORMED_FRAME)
    record = bytes(whole[HEADER_BYTES : HEADER_BYTES + LOGIN.itemsize])
    signature = bytes(whole[-SIGNATURE_BYTES:])
    login = np.frombuffer(record, LOGIN)[0]
    if login["version"] != PROTOCOL_VERSION:
        raise Refused(SessionReject.UNSUPPORTED_VERSION, PROTOCOL_VERSION)
    session = sessions.get(bytes(login["name"]).decode("ascii", "replace"))
    if session is None:
        raise Refused(SessionReject.UNKNOWN_SESSION)
    if not signatures.verify(
        session.terms.public_key, login_message(connection.challenge, record), signature
    ):
        raise Refused(SessionReject.INVALID_SIGNATURE)
    _check_terms(session, login, connection.address, now_ns)
    from_number = _first_number(session, login, identity)
    connection.wants_clock = bool(login["clock"])
    secret = os.urandom(KEY_BYTES)
    node_key = signatures.agreement_public(secret)
    try:
        shared = signatures.agreed(secret, login["key"].tobytes())
    except ValueError:
        raise Refused(SessionReject.INVALID_KEY) from None
    if session.terms.kind is SessionKind.MAC:
        key = mac_key(shared, connection.challenge, record, node_key)
        connection.mac, connection.mac_cells = keyed_mac(key), mac_cells(key)
    return Login(session, record, signature, from_number, node_key)


def _check_terms(session: Session, login: np.void, address: str, now_ns: int) -> None:
    if login["kind"] != session.terms.kind:
        raise Refused(SessionReject.WRONG_KIND, session.terms.kind)
    if session.is_expired(now_ns):
        raise Refused(SessionReject.KEY_EXPIRED, session.terms.expires_ns)
    if not session.admits_address(address):
        raise Refused(SessionReject.ADDRESS_NOT_ALLOWED)


def _first_number(session: Session, login: np.void, identity: bytes) -> int:
    """The first event wanted; numbers of another stream mean nothing in this one."""
    wanted = int(login["from_number"])
    own = stream_identity(identity, session.terms.accounts, session.terms.market_data)
    if wanted > 1 and login["stream"].tobytes() != own:
        raise Refused(SessionReject.STREAM_CHANGED)
    if wanted < 0:
        raise Refused(SessionReject.MALFORMED_FRAME)
    return wanted


def login_evidence(login: Login, challenge: bytes) -> bytes:
    """What lets a third party verify the login: public key, signature, challenge, login record."""
    payload = login.session.terms.public_key + login.signature + challenge + login.record
    return evidence(EvidenceForm.LOGIN, login.session.terms.number, payload, login.session.nonce)


def check_commands(
    connection: Connection, session: Session, header: Header, whole: memoryview, identity: bytes
) -> tuple[memoryview, bytes]:
    """(records, signatures) of a frame of commands that its session sent. Raises Refused.

    A wrong length, MAC or signature ends the connection; a nonce that is not higher only costs the frame.
    """
    kind, count = session.terms.kind, header.records
    if not is_well_formed(kind, header):
        raise Refused(SessionReject.MALFORMED_FRAME)
    end = HEADER_BYTES + count * RECORD_BYTES
    records, proof = whole[HEADER_BYTES:end], bytes(whole[end:])
    if kind is _MAC:
        if not connection.is_authentic(whole):
            raise Refused(SessionReject.INVALID_MAC)
        return records, b""
    # A frame that was taken already is not worth the time of a verification.
    is_new = header.number > session.nonce and header.flags != VERIFIED
    if is_new and (header.flags == REFUTED or not is_signed(session.terms, header, bytes(whole), identity)):
        raise Refused(SessionReject.INVALID_SIGNATURE)
    return records, proof


def is_well_formed(kind: SessionKind, header: Header) -> bool:
    """Has a frame of commands of such a session the length and the numbers that it must have?"""
    count = header.records
    length = (
        HEADER_BYTES
        + count * RECORD_BYTES
        + (MAC_BYTES if kind is _MAC else authentication_bytes(kind, count))
    )
    return 1 <= count <= MAX_COMMANDS and 1 <= header.number <= MAX_NONCE and header.length == length


def is_signed(terms: SessionTerms, header: Header, whole: bytes, identity: bytes) -> bool:
    """Is every signature of a well-formed frame by the key of its session?"""
    public, end = terms.public_key, HEADER_BYTES + header.records * RECORD_BYTES
    if terms.kind is SessionKind.FRAME:
        bare = commands_header(SessionKind.FRAME, header.records, header.number)
        return signatures.verify(public, frame_message(identity, bare, whole[HEADER_BYTES:end]), whole[end:])
    return all(
        signatures.verify(
            public,
            order_message(
                identity,
                header.number + at,
                whole[HEADER_BYTES + at * RECORD_BYTES : HEADER_BYTES + (at + 1) * RECORD_BYTES],
            ),
            whole[end + at * SIGNATURE_BYTES : end + (at + 1) * SIGNATURE_BYTES],
        )
        for at in range(header.records)
    )
