"""Ed25519 by libsodium's strict rule, the only rule by which Novate verifies.

Libraries disagree on signatures with small-order or non-canonical points. A replay that verifies with
another rule than the gateway would tell another history, so there is one: small-order and non-canonical A
and R are refused, S must be below the group order, and the equation is the one without the cofactor.
`tests/unit/test_signatures.py` holds it against the twelve cases on which libraries differ.
"""

from __future__ import annotations

from nacl import bindings
from nacl.exceptions import CryptoError

SEED_BYTES = 32
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Did the owner of the key sign exactly this?"""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except CryptoError:
        return False
    return True


def public_of(seed: bytes) -> bytes:
    """The public key of a private seed of 32 bytes."""
    return bytes(bindings.crypto_sign_seed_keypair(seed)[0])


def is_sound_public(public: bytes) -> bool:
    """A point of the main subgroup in its one canonical form; everything else is no key at all."""
    return len(public) == PUBLIC_BYTES and bool(bindings.crypto_core_ed25519_is_valid_point(public))


class SigningKey:
    """A private key that signs."""

    def __init__(self, seed: bytes) -> None:
        """From 32 secret bytes. Raises ValueError for any other length."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"Expected a private key of {SEED_BYTES} bytes, was {len(seed)}")
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        """64 bytes over the message."""
        return bytes(bindings.crypto_sign(message, self._secret)[:SIGNATURE_BYTES])


def agreement_public(secret: bytes) -> bytes:
    """The X25519 public key of 32 secret bytes."""
    return bytes(bindings.crypto_scalarmult_base(secret))


def agreed(secret: bytes, other_public: bytes) -> bytes:
    """The secret that both sides of an X25519 agreement reach; ValueError for a point of small order."""
    try:
        return bytes(bindings.crypto_scalarmult(secret, other_public))
    except CryptoError as error:
        raise ValueError("Expected an X25519 public key of full order") from error
