"""Posts and voids of pending transfers: rungs 17 to 30 and 37 to 49 of the ladder, and their effect (L18)."""

from __future__ import annotations

from novate.clearing.ledger.constants import (
    ACCOUNT_CLOSED,
    AMOUNT_MUST_NOT_BE_NEGATIVE,
    CREATED,
    CREDIT_ACCOUNT_ALREADY_CLOSED,
    DEBIT_ACCOUNT_ALREADY_CLOSED,
    EXCEEDS_PENDING_TRANSFER_AMOUNT,
    FLAGS_ARE_MUTUALLY_EXCLUSIVE,
    INT_MAX,
    LINKED,
    PENDING,
    PENDING_ID_MUST_BE_DIFFERENT,
    PENDING_ID_MUST_BE_POSITIVE,
    PENDING_ID_MUST_NOT_BE_INT_MAX,
    PENDING_TRANSFER_ALREADY_POSTED,
    PENDING_TRANSFER_ALREADY_VOIDED,
    PENDING_TRANSFER_EXPIRED,
    PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT,
    PENDING_TRANSFER_HAS_DIFFERENT_CODE,
    PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID,
    PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID,
    PENDING_TRANSFER_HAS_DIFFERENT_LEDGER,
    PENDING_TRANSFER_NOT_FOUND,
    PENDING_TRANSFER_NOT_PENDING,
    POST_PENDING,
    ROW_OF_TRANSFER,
    STATUS_EXPIRED,
    STATUS_POSTED,
    STATUS_VOIDED,
    TIMEOUT_RESERVED_FOR_PENDING_TRANSFER,
    VOID_PENDING,
)
from novate.clearing.ledger.effects import post_amount, release, store, write_rows
from novate.clearing.ledger.index import find_transfer
from novate.clearing.ledger.layout import NOW, Tables
from novate.compiled import inlined, kernel, wide


@kernel
def resolve(s: Tables, at: int, flags: int) -> int:
    """The first rung that applies to a request of kind R; CREATED after its effect."""
    code = _check_fields(s, at, flags)
    if code != CREATED:
        return code
    pending = find_transfer(s, s.requests["pending_id"][at])
    if pending <= 0:
        return PENDING_TRANSFER_NOT_FOUND
    if wide(s.transfers["flags"][pending]) & PENDING == 0:
        return PENDING_TRANSFER_NOT_PENDING
    amount = _effective_amount(s, at, flags, pending)
    code = _check_pending(s, at, flags, pending, amount)
    if code != CREATED:
        return code
    debit, credit = wide(s.transfers["debit"][pending]), wide(s.transfers["credit"][pending])
    row = store(s, s.requests["id"][at], flags, debit, credit, amount)
    user_ref = s.requests["user_ref"][at]
    s.transfers["user_ref"][row] = user_ref if user_ref != 0 else s.transfers["user_ref"][pending]
    s.transfers["code"][row] = wide(s.transfers["code"][pending])
    s.transfers["other"][row] = pending
    if flags & POST_PENDING:
        release(s, pending, STATUS_POSTED)
        post_amount(s, debit, credit, amount)
    else:
        release(s, pending, STATUS_VOIDED)
    write_rows(s, row, s.header[NOW], ROW_OF_TRANSFER)
    return CREATED


@inlined
def _check_fields(s: Tables, at: int, flags: int) -> int:
    """Rungs 17 to 30."""
    alone = flags & ~LINKED
    if alone != POST_PENDING and alone != VOID_PENDING:
        return FLAGS_ARE_MUTUALLY_EXCLUSIVE
    pending_id = s.requests["pending_id"][at]
    if pending_id <= 0:
        return PENDING_ID_MUST_BE_POSITIVE
    if pending_id == INT_MAX:
        return PENDING_ID_MUST_NOT_BE_INT_MAX
    if pending_id == s.requests["id"][at]:
        return PENDING_ID_MUST_BE_DIFFERENT
    if s.requests["timeout"][at] != 0:
        return TIMEOUT_RESERVED_FOR_PENDING_TRANSFER
    if s.requests["amount"][at] < 0:
        return AMOUNT_MUST_NOT_BE_NEGATIVE
    return CREATED


@inlined
def _effective_amount(s: Tables, at: int, flags: int, pending: int) -> int:
    """L16: a post of MAX and a void of 0 mean the whole pending amount."""
    amount = s.requests["amount"][at]
    whole = INT_MAX if flags & POST_PENDING else wide(0)
    return wide(s.transfers["amount"][pending] if amount == whole else amount)


@inlined
def _check_pending(s: Tables, at: int, flags: int, pending: int, amount: int) -> int:
    """Rungs 39 to 49; 0 in a request stands for what the pending transfer has."""
    debit, credit = wide(s.transfers["debit"][pending]), wide(s.transfers["credit"][pending])
    asked = s.requests["debit"][at]
    if asked != 0 and asked != s.accounts["id"][debit]:
        return PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID
    asked = s.requests["credit"][at]
    if asked != 0 and asked != s.accounts["id"][credit]:
        return PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID
    asked = wide(s.requests["ledger"][at])
    if asked != 0 and asked != wide(s.accounts["ledger"][debit]):
        return PENDING_TRANSFER_HAS_DIFFERENT_LEDGER
    asked = wide(s.requests["code"][at])
    if asked != 0 and asked != wide(s.transfers["code"][pending]):
        return PENDING_TRANSFER_HAS_DIFFERENT_CODE
    if amount > s.transfers["amount"][pending]:
        return EXCEEDS_PENDING_TRANSFER_AMOUNT
    if flags & VOID_PENDING and amount < s.transfers["amount"][pending]:
        return PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT
    status = wide(s.transfers["status"][pending])
    if status == STATUS_POSTED:
        return PENDING_TRANSFER_ALREADY_POSTED
    if status == STATUS_VOIDED:
        return PENDING_TRANSFER_ALREADY_VOIDED
    if status == STATUS_EXPIRED:
        return PENDING_TRANSFER_EXPIRED
    if flags & POST_PENDING:
        if wide(s.accounts["flags"][debit]) & ACCOUNT_CLOSED:
            return DEBIT_ACCOUNT_ALREADY_CLOSED
        if wide(s.accounts["flags"][credit]) & ACCOUNT_CLOSED:
            return CREDIT_ACCOUNT_ALREADY_CLOSED
    return CREATED
