"""Single-phase and pending transfers: rungs 18 to 36 and 48 to 58 of the ladder, and their effect.

fields -> accounts -> closed -> balancing (L15) -> overflow -> limits (L14) -> stored, balances grow
"""

from __future__ import annotations

from novate.clearing.ledger.constants import (
    ACCOUNT_CLOSED,
    ACCOUNT_CREDITS_MUST_NOT_EXCEED_DEBITS,
    ACCOUNT_DEBITS_MUST_NOT_EXCEED_CREDITS,
    ACCOUNTS_MUST_BE_DIFFERENT,
    ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER,
    AMOUNT_MUST_NOT_BE_NEGATIVE,
    BALANCING,
    BALANCING_CREDIT,
    BALANCING_DEBIT,
    CLOSING,
    CLOSING_TRANSFER_MUST_BE_PENDING,
    CODE_MUST_NOT_BE_ZERO,
    CREATED,
    CREDIT_ACCOUNT_ALREADY_CLOSED,
    CREDIT_ACCOUNT_ID_MUST_BE_POSITIVE,
    CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX,
    CREDIT_ACCOUNT_NOT_FOUND,
    DEBIT_ACCOUNT_ALREADY_CLOSED,
    DEBIT_ACCOUNT_ID_MUST_BE_POSITIVE,
    DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX,
    DEBIT_ACCOUNT_NOT_FOUND,
    EXCEEDS_CREDITS,
    EXCEEDS_DEBITS,
    INT_MAX,
    LEDGER_MUST_NOT_BE_ZERO,
    OVERFLOWS_CREDITS,
    OVERFLOWS_CREDITS_PENDING,
    OVERFLOWS_CREDITS_POSTED,
    OVERFLOWS_DEBITS,
    OVERFLOWS_DEBITS_PENDING,
    OVERFLOWS_DEBITS_POSTED,
    OVERFLOWS_TIMEOUT,
    PENDING,
    PENDING_ID_MUST_BE_ZERO,
    ROW_OF_TRANSFER,
    TIMEOUT_MUST_NOT_BE_NEGATIVE,
    TIMEOUT_RESERVED_FOR_PENDING_TRANSFER,
    TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS,
)
from novate.clearing.ledger.effects import post_amount, reserve_amount, set_closed, store, write_rows
from novate.clearing.ledger.index import find_account
from novate.clearing.ledger.layout import NOW, Tables
from novate.compiled import inlined, kernel, wide


@kernel
def move(s: Tables, at: int, flags: int) -> int:
    """The first rung that applies to a request of kind S or P; CREATED after its effect (L13, L17)."""
    code = _check_fields(s, at, flags)
    if code != CREATED:
        return code
    debit = find_account(s, s.requests["debit"][at])
    if debit == 0:
        return DEBIT_ACCOUNT_NOT_FOUND
    credit = find_account(s, s.requests["credit"][at])
    if credit == 0:
        return CREDIT_ACCOUNT_NOT_FOUND
    code = _check_accounts(s, at, debit, credit)
    if code != CREATED:
        return code
    amount = s.requests["amount"][at]
    if flags & BALANCING:
        amount = _balanced(s, flags, debit, credit, amount)
    code = _check_room(s, at, flags, debit, credit, amount)
    if code != CREATED:
        return code
    row = store(s, s.requests["id"][at], flags, debit, credit, amount)
    s.transfers["user_ref"][row] = s.requests["user_ref"][at]
    s.transfers["code"][row] = wide(s.requests["code"][at])
    s.transfers["other"][row] = s.requests["timeout"][at]
    if flags & PENDING:
        reserve_amount(s, debit, credit, amount)
        if flags & CLOSING:
            set_closed(s, row, 1)
    else:
        post_amount(s, debit, credit, amount)
    write_rows(s, row, s.header[NOW], ROW_OF_TRANSFER)
    return CREATED


@inlined
def _check_fields(s: Tables, at: int, flags: int) -> int:
    """Rungs 18 to 32."""
    debit, credit = s.requests["debit"][at], s.requests["credit"][at]
    if debit <= 0:
        return DEBIT_ACCOUNT_ID_MUST_BE_POSITIVE
    if debit == INT_MAX:
        return DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX
    if credit <= 0:
        return CREDIT_ACCOUNT_ID_MUST_BE_POSITIVE
    if credit == INT_MAX:
        return CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX
    if debit == credit:
        return ACCOUNTS_MUST_BE_DIFFERENT
    if s.requests["pending_id"][at] != 0:
        return PENDING_ID_MUST_BE_ZERO
    timeout = s.requests["timeout"][at]
    if flags & PENDING:
        if timeout < 0:
            return TIMEOUT_MUST_NOT_BE_NEGATIVE
    elif timeout != 0:
        return TIMEOUT_RESERVED_FOR_PENDING_TRANSFER
    elif flags & CLOSING:
        return CLOSING_TRANSFER_MUST_BE_PENDING
    if s.requests["amount"][at] < 0:
        return AMOUNT_MUST_NOT_BE_NEGATIVE
    if wide(s.requests["ledger"][at]) == 0:
        return LEDGER_MUST_NOT_BE_ZERO
    if wide(s.requests["code"][at]) == 0:
        return CODE_MUST_NOT_BE_ZERO
    return CREATED


@inlined
def _check_accounts(s: Tables, at: int, debit: int, credit: int) -> int:
    """Rungs 35, 36, 48 and 49."""
    ledger = wide(s.accounts["ledger"][debit])
    if ledger != wide(s.accounts["ledger"][credit]):
        return ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER
    if wide(s.requests["ledger"][at]) != ledger:
        return TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS
    if wide(s.accounts["flags"][debit]) & ACCOUNT_CLOSED:
        return DEBIT_ACCOUNT_ALREADY_CLOSED
    if wide(s.accounts["flags"][credit]) & ACCOUNT_CLOSED:
        return CREDIT_ACCOUNT_ALREADY_CLOSED
    return CREATED


@kernel
def _balanced(s: Tables, flags: int, debit: int, credit: int, amount: int) -> int:
    """The amount below its ceiling (L15). No sum can wrap: pending + posted is at most MAX (L3)."""
    if flags & BALANCING_DEBIT:
        used = s.accounts["debits_pending"][debit] + s.accounts["debits_posted"][debit]
        amount = min(amount, max(wide(0), s.accounts["credits_posted"][debit] - used))
    if flags & BALANCING_CREDIT:
        used = s.accounts["credits_pending"][credit] + s.accounts["credits_posted"][credit]
        amount = min(amount, max(wide(0), s.accounts["debits_posted"][credit] - used))
    return amount


@inlined
def _check_room(s: Tables, at: int, flags: int, debit: int, credit: int, amount: int) -> int:
    """Rungs 50 to 58; amount is the one after balancing."""
    debits_pending, debits_posted = s.accounts["debits_pending"][debit], s.accounts["debits_posted"][debit]
    credits_pending = s.accounts["credits_pending"][credit]
    credits_posted = s.accounts["credits_posted"][credit]
    room = INT_MAX - amount
    if flags & PENDING:
        if debits_pending > room:
            return OVERFLOWS_DEBITS_PENDING
        if credits_pending > room:
            return OVERFLOWS_CREDITS_PENDING
    if debits_posted > room:
        return OVERFLOWS_DEBITS_POSTED
    if credits_posted > room:
        return OVERFLOWS_CREDITS_POSTED
    if debits_pending + debits_posted > room:
        return OVERFLOWS_DEBITS
    if credits_pending + credits_posted > room:
        return OVERFLOWS_CREDITS
    if flags & PENDING:
        if s.requests["timeout"][at] > INT_MAX - s.header[NOW]:
            return OVERFLOWS_TIMEOUT
    if amount == 0:
        return CREATED
    if wide(s.accounts["flags"][debit]) & ACCOUNT_DEBITS_MUST_NOT_EXCEED_CREDITS:
        if debits_pending + debits_posted + amount > s.accounts["credits_posted"][debit]:
            return EXCEEDS_CREDITS
    if wide(s.accounts["flags"][credit]) & ACCOUNT_CREDITS_MUST_NOT_EXCEED_DEBITS:
        if credits_pending + credits_posted + amount > s.accounts["debits_posted"][credit]:
            return EXCEEDS_DEBITS
    return CREATED
