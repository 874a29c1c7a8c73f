"""Who sends a request: a configured session, whose key signs method, target, time and body.

    Novate-Key: ALPINE          name of the session
    Novate-Time: 1790...        nanoseconds, within five seconds of the gateway's clock
    Novate-Signature: hex       128 digits: Ed25519 by the session's key      64 digits: HMAC-SHA256

What is signed: `NOVATE REST 1`, method, target, time, body, with a line feed behind each but the last. The
same bytes are taken once: a signature that any worker has seen is refused while its time is still good.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from novate import signatures
from novate.domain.session_codes import Permission, SessionReject
from novate.gateway.binary.sessions import Session, SessionTerms
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.limits import WINDOW_NS, WebSettings
from novate.gateway.web.shared import Shared, SharedBucket

TAG = b"NOVATE REST 1"
LONGEST_TIME = 19


def signed_bytes(method: str, target: str, time: str, body: bytes) -> bytes:
    """What is signed of a request. Of a WebSocket login: method WS, target /v1/ws, an empty body."""
    return b"%b\n%b\n%b\n%b\n%b" % (TAG, method.encode(), target.encode(), time.encode(), body)


class Key:
    """One session as the web knows it."""

    __slots__ = (
        "accounts",
        "buckets",
        "hmac_secret",
        "name",
        "permission_bits",
        "permissions",
        "session",
        "terms",
    )

    def __init__(
        self, terms: SessionTerms, hmac_secret: bytes, settings: WebSettings, shared: Shared
    ) -> None:
        self.terms = terms
        self.name = terms.name
        self.session = Session(terms)
        self.hmac_secret = hmac_secret
        self.permissions = terms.permissions
        self.permission_bits = int(terms.permissions)
        """The same for whoever asks at every request: flags of an enum are slow."""
        self.accounts = terms.accounts
        orders = terms.orders_per_second or settings.orders_per_second
        self.buckets = {
            name: SharedBucket(shared, terms.number, name, rate, burst)
            for name, rate, burst in (
                ("read", settings.reads_per_second, 2 * settings.reads_per_second),
                ("order", orders, terms.burst or orders),
                ("cancel", settings.cancels_per_second, settings.cancels_per_second),
            )
        }

    def may(self, scope: Permission) -> bool:
        """Has it this scope? ADMIN has all."""
        return bool(self.permissions & (scope | Permission.ADMIN))

    def owns(self, account: int) -> bool:
        """Is this an account of the key?"""
        return self.accounts is None or account in self.accounts


class Keys:
    """All keys, and the signatures that were seen within the window."""

    def __init__(self, sessions: Iterable[SessionTerms], hmac_secrets: Mapping[str, bytes],
                 settings: WebSettings, shared: Shared | None = None) -> None:  # fmt: skip
        """`shared`: what all workers know together; None: there is one worker."""
        self._shared = shared or Shared()
        self._keys = {
            terms.name: Key(terms, hmac_secrets.get(terms.name, b""), settings, self._shared)
            for terms in sessions
        }

    def __len__(self) -> int:
        return len(self._keys)

    def authenticate(
        self, name: str, time: str, signature: str, message: bytes, address: str, now_ns: int
    ) -> Key:
        """The key that signed `message`. Raises WebRefused. `now_ns` is Unix time."""
        key = self._keys.get(name)
        if key is None:
            raise WebRefused(WebReject.UNKNOWN_KEY, field="Novate-Key")
        if not (time.isascii() and time.isdecimal() and len(time) <= LONGEST_TIME):
            raise WebRefused(
                WebReject.TIME_OUTSIDE_WINDOW, "Expected nanoseconds since 1970, was no number", "Novate-Time"
            )
        if abs(int(time) - now_ns) > WINDOW_NS:
            raise WebRefused(
                WebReject.TIME_OUTSIDE_WINDOW,
                f"Expected a time within {WINDOW_NS} ns of the gateway's, was {int(time) - now_ns} off",
                "Novate-Time",
            )
        proof = _proof(signature)
        if not self._is_authentic(key, message, proof):
            raise WebRefused(WebReject.WRONG_SIGNATURE, field="Novate-Signature")
        if key.session.is_expired(now_ns):
            raise WebRefused(SessionReject.KEY_EXPIRED, "Expected a key that has not ended, this one has")
        if key.terms.addresses and not key.session.admits_address(address):
            raise WebRefused(SessionReject.ADDRESS_NOT_ALLOWED, "Expected an address on the key's list")
        if not self._shared.note(proof, int(time)):
            raise WebRefused(
                WebReject.REQUEST_REPLAYED, "Expected a request with a time of its own, this one was taken"
            )
        return key

    def _is_authentic(self, key: Key, message: bytes, proof: bytes) -> bool:
        if len(proof) == signatures.SIGNATURE_BYTES:
            return signatures.verify(key.terms.public_key, message, proof)
        if not key.hmac_secret:
            return False
        return hmac.compare_digest(hmac.digest(key.hmac_secret, message, "sha256"), proof)


def _proof(signature: str) -> bytes:
    if len(signature) in (64, 128):
        try:
            return bytes.fromhex(signature)
        except ValueError:
            pass
    raise WebRefused(
        WebReject.WRONG_SIGNATURE,
        "Expected 128 hex digits (Ed25519) or 64 (HMAC-SHA256), was something else",
        "Novate-Signature",
    )
