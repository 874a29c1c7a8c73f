"""A transfer whose id is stored already: the request against what was stored (L11, rungs 6 to 15)."""

from __future__ import annotations

from novate.clearing.ledger.constants import (
    BALANCING,
    EXISTS,
    EXISTS_WITH_DIFFERENT_AMOUNT,
    EXISTS_WITH_DIFFERENT_CODE,
    EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID,
    EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID,
    EXISTS_WITH_DIFFERENT_FLAGS,
    EXISTS_WITH_DIFFERENT_LEDGER,
    EXISTS_WITH_DIFFERENT_PENDING_ID,
    EXISTS_WITH_DIFFERENT_TIMEOUT,
    EXISTS_WITH_DIFFERENT_USER_REF,
    INT_MAX,
    PENDING,
    POST_PENDING,
    RESOLVING,
    VOID_PENDING,
)
from novate.clearing.ledger.layout import Tables
from novate.compiled import cold, inlined, wide


@inlined
def _differs(asked: int, stored: int, zero_matches: int) -> bool:
    return bool(asked != stored) and not (zero_matches and asked == 0)


@cold
def repetition(s: Tables, at: int, row: int) -> int:
    """The rung of a request whose id is that of the stored transfer `row`; nothing else is looked at."""
    flags = wide(s.transfers["flags"][row])
    if wide(s.requests["flags"][at]) != flags:
        return EXISTS_WITH_DIFFERENT_FLAGS
    resolving = flags & RESOLVING
    other = s.transfers["other"][row]
    pending_id = s.transfers["id"][other] if resolving else wide(0)
    if s.requests["pending_id"][at] != pending_id:
        return EXISTS_WITH_DIFFERENT_PENDING_ID
    timeout = other if flags & PENDING else wide(0)
    if s.requests["timeout"][at] != timeout:
        return EXISTS_WITH_DIFFERENT_TIMEOUT
    debit = wide(s.transfers["debit"][row])
    if _differs(s.requests["debit"][at], s.accounts["id"][debit], resolving):
        return EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID
    if _differs(s.requests["credit"][at], s.accounts["id"][s.transfers["credit"][row]], resolving):
        return EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID
    if _has_different_amount(s, at, row, flags):
        return EXISTS_WITH_DIFFERENT_AMOUNT
    user_ref = s.requests["user_ref"][at]
    if resolving and user_ref == 0:
        user_ref = s.transfers["user_ref"][other]
    if user_ref != s.transfers["user_ref"][row]:
        return EXISTS_WITH_DIFFERENT_USER_REF
    if _differs(wide(s.requests["ledger"][at]), wide(s.accounts["ledger"][debit]), resolving):
        return EXISTS_WITH_DIFFERENT_LEDGER
    if _differs(wide(s.requests["code"][at]), wide(s.transfers["code"][row]), resolving):
        return EXISTS_WITH_DIFFERENT_CODE
    return EXISTS


@inlined
def _has_different_amount(s: Tables, at: int, row: int, flags: int) -> bool:
    """Rung 11: what a ceiling, a whole amount or a plain one must be to be the same again."""
    asked = s.requests["amount"][at]
    stored = s.transfers["amount"][row]
    if flags & BALANCING:
        return bool(asked < stored)
    if flags & VOID_PENDING and asked == 0:
        return False
    if flags & POST_PENDING and asked == INT_MAX:
        return bool(s.transfers["amount"][s.transfers["other"][row]] != stored)
    return bool(asked != stored)
