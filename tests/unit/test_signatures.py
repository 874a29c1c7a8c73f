"""The one rule by which signatures are verified: libsodium's strict one."""

from __future__ import annotations

import json

import pytest

from novate import signatures
from novate.signatures import SigningKey
from tests.shared import shared

SEED = bytes(range(32))
ACCEPTED_BY_LIBSODIUM = {3}


def test_the_cases_on_which_libraries_differ_are_decided_as_libsodium_decides_them() -> None:
    cases = json.loads(shared("oracles/ed25519/cases.json").read_text())
    assert len(cases) == 12
    accepted = {
        number
        for number, case in enumerate(cases)
        if signatures.verify(
            bytes.fromhex(case["pub_key"]), bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
        )
    }
    assert accepted == ACCEPTED_BY_LIBSODIUM


def test_every_flipped_bit_of_a_signature_is_noticed() -> None:
    key = SigningKey(SEED)
    signature = key.sign(b"an order")
    assert signatures.verify(key.public, b"an order", signature)
    for bit in range(8 * len(signature)):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not signatures.verify(key.public, b"an order", bytes(flipped)), bit


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65])
def test_keys_and_signatures_of_other_lengths_verify_nothing(length: int) -> None:
    key = SigningKey(SEED)
    assert not signatures.verify(bytes(length), b"", key.sign(b""))
    assert not signatures.verify(key.public, b"", bytes(length))
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey(bytes(length))


@pytest.mark.parametrize(
    "public", [bytes(32), b"\1" + bytes(31), b"\xff" * 32, b"\xec" + b"\xff" * 30 + b"\x7f", b"short"]
)
def test_a_point_of_small_order_or_of_another_form_is_no_key(public: bytes) -> None:
    assert not signatures.is_sound_public(public)
    assert signatures.is_sound_public(SigningKey(SEED).public)


def test_both_sides_of_an_agreement_reach_one_secret_and_a_weak_point_none() -> None:
    mine, other = bytes(range(32)), bytes(range(1, 33))
    assert signatures.agreed(mine, signatures.agreement_public(other)) == signatures.agreed(
        other, signatures.agreement_public(mine)
    )
    with pytest.raises(ValueError, match="full order"):
        signatures.agreed(mine, bytes(32))
