"""The commitment of the naive ledger (L33), packed field by field."""

from __future__ import annotations

import hashlib
import struct

from tests.oracle.naive_ledger_ladder import TRANSFER_FLAGS, Account, Transfer

ACCOUNT_BITS = {
    "linked": 1,
    "debits_must_not_exceed_credits": 2,
    "credits_must_not_exceed_debits": 4,
    "history": 8,
    "closed": 16,
}
TRANSFER_BITS = {name: 1 << bit for bit, name in enumerate(TRANSFER_FLAGS)}


def root_of(
    now: int,
    expiries: int,
    burned: int,
    ledgers: dict[int, tuple[str, int]],
    accounts: dict[int, Account],
    transfers: dict[int, Transfer],
) -> str:
    """64 hex digits; `transfers` in order of creation."""
    parts = [b"novate-ledger-1\n", struct.pack("<4q", now, len(transfers), expiries, burned)]
    parts.append(struct.pack("<q", len(ledgers)))
    for ledger, (asset, scale) in sorted(ledgers.items()):
        parts.append(struct.pack("<II24s", ledger, scale, asset.encode()))
    parts.append(struct.pack("<q", len(accounts)))
    for _, a in sorted(accounts.items()):
        flags = sum(ACCOUNT_BITS[name] for name in a.flags)
        parts.append(
            struct.pack(
                "<6qIHHq", a.id, a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted,
                a.user_ref, a.ledger, a.code, flags, a.time,
            )
        )  # fmt: skip
    pending = [t for t in transfers.values() if t.status == "pending"]
    parts.append(struct.pack("<q", len(pending)))
    for t in pending:
        flags = sum(TRANSFER_BITS[name] for name in t.flags)
        parts.append(
            struct.pack(
                "<7qIHHqq", t.id, t.debit, t.credit, t.amount, t.pending_id, t.timeout, t.user_ref, t.ledger,
                t.code, flags, t.time, t.seq,
            )
        )  # fmt: skip
    return hashlib.sha256(b"".join(parts)).hexdigest()
