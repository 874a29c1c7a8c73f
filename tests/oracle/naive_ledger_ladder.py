"""The ladder of the naive ledger (L10, L11): the first rung that applies, "" if none.

every rung is one line: (applies?, name), in the order of the rulebook
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

MAX = 2**63 - 1
RESOLVING = {"post_pending", "void_pending"}
BALANCING = {"balancing_debit", "balancing_credit"}
CLOSING = {"closing_debit", "closing_credit"}
TRANSFER_FLAGS = (
    "linked", "pending", "post_pending", "void_pending", "balancing_debit", "balancing_credit",
    "closing_debit", "closing_credit",
)  # fmt: skip
BURNING = {
    "debit_account_not_found", "credit_account_not_found", "pending_transfer_not_found",
    "debit_account_already_closed", "credit_account_already_closed", "exceeds_credits", "exceeds_debits",
}  # fmt: skip


@dataclass
class Account:
    """L2, L3."""

    id: int
    ledger: int
    code: int
    user_ref: int
    flags: set[str]
    time: int
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0


@dataclass
class Transfer:
    """L4."""

    id: int
    debit: int
    credit: int
    amount: int
    pending_id: int
    timeout: int
    user_ref: int
    ledger: int
    code: int
    flags: set[str] = field(default_factory=set)
    time: int = 0
    seq: int = 0
    status: str = "none"

    def to_json(self) -> Json:
        """As LOOKUP answers it."""
        found = {name: value for name, value in vars(self).items() if name != "status"}
        found["flags"] = [name for name in TRANSFER_FLAGS if name in self.flags]
        return found


def balanced(amount: int, flags: set[str], debit: Account, credit: Account) -> int:
    """L15."""
    if "balancing_debit" in flags:
        room = debit.credits_posted - debit.debits_pending - debit.debits_posted
        amount = min(amount, max(0, room))
    if "balancing_credit" in flags:
        room = credit.debits_posted - credit.credits_pending - credit.credits_posted
        amount = min(amount, max(0, room))
    return amount


def effective_amount(amount: int, flags: set[str], pending: Transfer) -> int:
    """L16."""
    if "post_pending" in flags and amount == MAX:
        return pending.amount
    if "void_pending" in flags and amount == 0:
        return pending.amount
    return amount


def refusal(
    event: Json,
    accounts: dict[int, Account],
    transfers: dict[int, Transfer],
    burned: set[int],
    now: int,
) -> str:
    """The name of the first rung of L10 that applies, "" if the transfer is to be created."""
    number, flags = event["id"], set(event.get("flags", []))
    if "reserved" in flags:
        return "reserved_flag"
    if number <= 0:
        return "id_must_be_positive"
    if number == MAX:
        return "id_must_not_be_int_max"
    if number in transfers:
        return repetition(event, flags, transfers[number], transfers)
    if number in burned:
        return "id_already_failed"
    if flags & RESOLVING:
        return _first(_fields_of_resolving(event, flags)) or _resolving(event, flags, accounts, transfers)
    return _first(_fields_of_moving(event, flags)) or _moving(event, flags, accounts, now)


def _first(rungs: list[tuple[bool, str]]) -> str:
    return next((name for applies, name in rungs if applies), "")


def repetition(event: Json, flags: set[str], e: Transfer, transfers: dict[int, Transfer]) -> str:
    """L11, rungs 6 to 15."""
    resolving = bool(flags & RESOLVING)
    amount, user_ref = event.get("amount", 0), event.get("user_ref", 0)
    if flags != e.flags:
        return "exists_with_different_flags"
    if resolving:
        pending = transfers[e.pending_id]
        user_ref = user_ref or pending.user_ref
    if flags & BALANCING:
        same_amount = amount >= e.amount
    elif "void_pending" in flags and amount == 0:
        same_amount = True
    elif "post_pending" in flags and amount == MAX:
        same_amount = e.amount == pending.amount
    else:
        same_amount = amount == e.amount

    def differs(name: str) -> bool:
        asked = event.get(name, 0)
        return bool(asked != getattr(e, name) and not (resolving and asked == 0))

    rungs = [
        (event.get("pending_id", 0) != e.pending_id, "pending_id"),
        (event.get("timeout", 0) != e.timeout, "timeout"),
        (differs("debit"), "debit_account_id"),
        (differs("credit"), "credit_account_id"),
        (not same_amount, "amount"),
        (user_ref != e.user_ref, "user_ref"),
        (differs("ledger"), "ledger"),
        (differs("code"), "code"),
    ]
    found = _first(rungs)
    return f"exists_with_different_{found}" if found else "exists"


def _fields_of_moving(event: Json, flags: set[str]) -> list[tuple[bool, str]]:
    """Rungs 18 to 32 of single-phase and pending transfers."""
    debit, credit = event.get("debit", 0), event.get("credit", 0)
    timeout, pending = event.get("timeout", 0), "pending" in flags
    return [
        (debit <= 0, "debit_account_id_must_be_positive"),
        (debit == MAX, "debit_account_id_must_not_be_int_max"),
        (credit <= 0, "credit_account_id_must_be_positive"),
        (credit == MAX, "credit_account_id_must_not_be_int_max"),
        (debit == credit, "accounts_must_be_different"),
        (event.get("pending_id", 0) != 0, "pending_id_must_be_zero"),
        (timeout != 0 and not pending, "timeout_reserved_for_pending_transfer"),
        (timeout < 0 and pending, "timeout_must_not_be_negative"),
        (bool(flags & CLOSING) and not pending, "closing_transfer_must_be_pending"),
        (event.get("amount", 0) < 0, "amount_must_not_be_negative"),
        (event.get("ledger", 0) == 0, "ledger_must_not_be_zero"),
        (event.get("code", 0) == 0, "code_must_not_be_zero"),
    ]


def _moving(event: Json, flags: set[str], accounts: dict[int, Account], now: int) -> str:
    """Rungs 33 to 58."""
    debit, credit = accounts.get(event["debit"]), accounts.get(event["credit"])
    if debit is None:
        return "debit_account_not_found"
    if credit is None:
        return "credit_account_not_found"
    pending = "pending" in flags
    amount = balanced(event.get("amount", 0), flags, debit, credit)
    debits = debit.debits_pending + debit.debits_posted + amount
    credits = credit.credits_pending + credit.credits_posted + amount
    limited_debits = "debits_must_not_exceed_credits" in debit.flags
    limited_credits = "credits_must_not_exceed_debits" in credit.flags
    return _first(
        [
            (debit.ledger != credit.ledger, "accounts_must_have_the_same_ledger"),
            (event["ledger"] != debit.ledger, "transfer_must_have_the_same_ledger_as_accounts"),
            ("closed" in debit.flags, "debit_account_already_closed"),
            ("closed" in credit.flags, "credit_account_already_closed"),
            (pending and debit.debits_pending + amount > MAX, "overflows_debits_pending"),
            (pending and credit.credits_pending + amount > MAX, "overflows_credits_pending"),
            (debit.debits_posted + amount > MAX, "overflows_debits_posted"),
            (credit.credits_posted + amount > MAX, "overflows_credits_posted"),
            (debits > MAX, "overflows_debits"),
            (credits > MAX, "overflows_credits"),
            (pending and now + event.get("timeout", 0) > MAX, "overflows_timeout"),
            (limited_debits and amount > 0 and debits > debit.credits_posted, "exceeds_credits"),
            (limited_credits and amount > 0 and credits > credit.debits_posted, "exceeds_debits"),
        ]
    )


def _fields_of_resolving(event: Json, flags: set[str]) -> list[tuple[bool, str]]:
    """Rungs 17 to 30 of posts and voids."""
    pending_id = event.get("pending_id", 0)
    return [
        (len(flags - {"linked"}) > 1, "flags_are_mutually_exclusive"),
        (pending_id <= 0, "pending_id_must_be_positive"),
        (pending_id == MAX, "pending_id_must_not_be_int_max"),
        (pending_id == event["id"], "pending_id_must_be_different"),
        (event.get("timeout", 0) != 0, "timeout_reserved_for_pending_transfer"),
        (event.get("amount", 0) < 0, "amount_must_not_be_negative"),
    ]


def _resolving(
    event: Json, flags: set[str], accounts: dict[int, Account], transfers: dict[int, Transfer]
) -> str:
    """Rungs 37 to 49."""
    p = transfers.get(event["pending_id"])
    if p is None:
        return "pending_transfer_not_found"
    if "pending" not in p.flags:
        return "pending_transfer_not_pending"
    amount = effective_amount(event.get("amount", 0), flags, p)
    posts = "post_pending" in flags
    asked = {name: event.get(name, 0) for name in ("debit", "credit", "ledger", "code")}
    return _first(
        [
            (asked["debit"] not in (0, p.debit), "pending_transfer_has_different_debit_account_id"),
            (asked["credit"] not in (0, p.credit), "pending_transfer_has_different_credit_account_id"),
            (asked["ledger"] not in (0, p.ledger), "pending_transfer_has_different_ledger"),
            (asked["code"] not in (0, p.code), "pending_transfer_has_different_code"),
            (amount > p.amount, "exceeds_pending_transfer_amount"),
            (not posts and amount < p.amount, "pending_transfer_has_different_amount"),
            (p.status == "posted", "pending_transfer_already_posted"),
            (p.status == "voided", "pending_transfer_already_voided"),
            (p.status == "expired", "pending_transfer_expired"),
            (posts and "closed" in accounts[p.debit].flags, "debit_account_already_closed"),
            (posts and "closed" in accounts[p.credit].flags, "credit_account_already_closed"),
        ]
    )
