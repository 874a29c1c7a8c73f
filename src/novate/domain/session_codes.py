"""Codes of sessions: how they prove who they are, what they may do, and why they are refused or ended.

A number is never reused and never renumbered; `tests/golden/session_codes.txt` pins them. Refusals stand in
their own band behind those of venue and clearing:

    600 login      620 frames      640 admission of a single command      660 why a session ended
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class SessionKind(IntEnum):
    """What proves that a frame is the session's: a MAC under the login's key, or signatures."""

    MAC = 1
    FRAME = 2
    ORDER = 3


class Permission(IntFlag):
    """What a session may do. Whoever has ADMIN may send every kind of command for every account."""

    READ = 1
    TRADE = 2
    TRANSFER = 4
    CLEAR = 8
    ADMIN = 16


class EvidenceForm(IntEnum):
    """What an EVIDENCE record holds."""

    MARK = 1
    """The highest nonce of a MAC session; no payload."""
    LOGIN = 2
    """Public key, signature, challenge and login record of an accepted login."""
    FRAME = 3
    """The signature over a frame."""
    ORDER = 4
    """The signature over one command."""


class CancelOnDisconnect(IntEnum):
    """Which orders end with the connection (R62)."""

    NONE = 0
    SESSION = 1
    ACCOUNT = 2


class NoticeKind(IntEnum):
    """What an unsequenced record of the node says."""

    RECEIPT = 1
    """The commands of a frame are in the journal, with these sequences, and were applied."""
    REFUSED = 2
    """A command, or a whole frame, was not taken; nothing of it is in the journal."""
    END = 3
    """The session is over, or was never begun, for this reason."""
    CLOCK = 4
    """The venue's time of the turn whose events follow; for whoever asked for it at its login."""


class SessionReject(IntEnum):
    """Why a login, a frame or a command was not taken, or why a session ended."""

    NONE = 0
    # login
    UNKNOWN_SESSION = 600
    INVALID_SIGNATURE = 601
    WRONG_KIND = 602
    KEY_EXPIRED = 603
    ADDRESS_NOT_ALLOWED = 604
    UNSUPPORTED_VERSION = 605
    STREAM_CHANGED = 606
    NUMBER_AHEAD = 607
    INVALID_KEY = 608
    TOO_MANY_CONNECTIONS = 609
    LOGIN_EXPECTED = 610
    # frames
    MALFORMED_FRAME = 620
    FRAME_TOO_LARGE = 621
    INVALID_MAC = 622
    NONCE_NOT_HIGHER = 623
    # admission of a single command
    MISSING_PERMISSION = 640
    WRONG_ACCOUNT = 641
    WRONG_SESSION = 642
    TIME_GIVEN = 643
    RATE_LIMIT = 644
    OVERLOAD = 645
    TERMS_WITHOUT_ORDER = 646
    REFUSED_WITH_FRAME = 647
    # why a session ended
    LOGGED_OUT = 660
    REPLACED = 661
    SLOW_READER = 662
    HEARTBEAT_MISSED = 663
    NODE_STOPPING = 664
    NODE_FAILED = 665
