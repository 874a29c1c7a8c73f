"""What the gateway tells a peer that breaks a rule of the protocol."""

from __future__ import annotations

from novate.domain.session_codes import SessionReject


class Refused(Exception):  # noqa: N818 - an answer, told to the peer
    """A login or a frame that is not taken; `value` is what the reason counts."""

    def __init__(self, reason: SessionReject, value: int = 0) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.value = value
