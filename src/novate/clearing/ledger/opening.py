"""Accounts are opened: the ladder of L9, and chains of accounts (L21, L22)."""

from __future__ import annotations

from novate.clearing.ledger.constants import (
    A_CODE_MUST_NOT_BE_ZERO,
    A_EXISTS,
    A_EXISTS_WITH_DIFFERENT_CODE,
    A_EXISTS_WITH_DIFFERENT_FLAGS,
    A_EXISTS_WITH_DIFFERENT_LEDGER,
    A_EXISTS_WITH_DIFFERENT_USER_REF,
    A_FLAGS_ARE_MUTUALLY_EXCLUSIVE,
    A_ID_MUST_BE_POSITIVE,
    A_ID_MUST_NOT_BE_INT_MAX,
    A_LEDGER_MUST_NOT_BE_ZERO,
    A_LEDGER_NOT_FOUND,
    A_RESERVED_FLAG,
    ACCOUNT_CLOSED,
    ACCOUNT_LINKED,
    ALL_ACCOUNT_FLAGS,
    CREATED,
    INT_MAX,
    LIMIT_FLAGS,
    LINKED_EVENT_CHAIN_OPEN,
    LINKED_EVENT_FAILED,
)
from novate.clearing.ledger.index import enter_account, find_account, remove_account
from novate.clearing.ledger.layout import ACCOUNTS, NOW, Tables
from novate.compiled import inlined, kernel, wide


@kernel
def open_accounts(s: Tables, count: int) -> None:
    """Answer `account_requests[:count]` in order; one code each in `results`."""
    at = wide(0)
    while at < count:
        last = at
        while last < count and wide(s.account_requests["flags"][last]) & ACCOUNT_LINKED:
            last += 1
        if last == at:
            s.results["code"][at] = _open_account(s, at)
            at += 1
        else:
            _open_chain(s, at, last, count)
            at = min(last + 1, count)


@kernel
def _open_chain(s: Tables, first: int, last: int, count: int) -> None:
    """Events first..last, all or none; `last` = count means that the chain is open."""
    before = s.header[ACCOUNTS]
    end = min(last + 1, count)
    code = wide(CREATED)
    at = wide(first)
    while at < end:
        code = LINKED_EVENT_CHAIN_OPEN if last == count and at == end - 1 else _open_account(s, at)
        if code != CREATED:
            break
        s.results["code"][at] = CREATED
        at += 1
    if code == CREATED:
        return
    for row in range(s.header[ACCOUNTS], before, -1):
        remove_account(s, wide(row))
    s.header[ACCOUNTS] = before
    for other in range(first, end):
        s.results["code"][other] = LINKED_EVENT_FAILED
    s.results["code"][at] = code
    if last == count:
        s.results["code"][end - 1] = LINKED_EVENT_CHAIN_OPEN


@kernel
def _open_account(s: Tables, at: int) -> int:
    """The first rung of L9 that applies; CREATED after the account is there."""
    flags = wide(s.account_requests["flags"][at])
    if flags > ALL_ACCOUNT_FLAGS:
        return A_RESERVED_FLAG
    number = s.account_requests["id"][at]
    if number <= 0:
        return A_ID_MUST_BE_POSITIVE
    if number == INT_MAX:
        return A_ID_MUST_NOT_BE_INT_MAX
    found = find_account(s, number)
    if found != 0:
        return _repetition(s, at, found)
    if flags & LIMIT_FLAGS == LIMIT_FLAGS:
        return A_FLAGS_ARE_MUTUALLY_EXCLUSIVE
    ledger = wide(s.account_requests["ledger"][at])
    if ledger == 0:
        return A_LEDGER_MUST_NOT_BE_ZERO
    code = wide(s.account_requests["code"][at])
    if code == 0:
        return A_CODE_MUST_NOT_BE_ZERO
    if not _is_ledger(s, ledger):
        return A_LEDGER_NOT_FOUND
    row = s.header[ACCOUNTS] + 1
    s.header[ACCOUNTS] = row
    s.accounts["id"][row] = number
    s.accounts["user_ref"][row] = s.account_requests["user_ref"][at]
    s.accounts["ledger"][row] = ledger
    s.accounts["code"][row] = code
    s.accounts["flags"][row] = flags
    s.accounts["time"][row] = s.header[NOW]
    enter_account(s, number, row)
    return CREATED


@inlined
def _repetition(s: Tables, at: int, row: int) -> int:
    """Rungs 6 to 10; `closed` is not compared."""
    flags = wide(s.account_requests["flags"][at]) ^ wide(s.accounts["flags"][row])
    if flags & ~ACCOUNT_CLOSED:
        return A_EXISTS_WITH_DIFFERENT_FLAGS
    if s.account_requests["user_ref"][at] != s.accounts["user_ref"][row]:
        return A_EXISTS_WITH_DIFFERENT_USER_REF
    if wide(s.account_requests["ledger"][at]) != wide(s.accounts["ledger"][row]):
        return A_EXISTS_WITH_DIFFERENT_LEDGER
    if wide(s.account_requests["code"][at]) != wide(s.accounts["code"][row]):
        return A_EXISTS_WITH_DIFFERENT_CODE
    return A_EXISTS


@inlined
def _is_ledger(s: Tables, ledger: int) -> bool:
    """Is the number registered? `ledgers` is ascending."""
    low, high = wide(0), wide(len(s.ledgers))
    while low < high:
        middle = (low + high) >> 1
        if wide(s.ledgers["ledger"][middle]) < ledger:
            low = middle + 1
        else:
            high = middle
    return bool(low < len(s.ledgers) and wide(s.ledgers["ledger"][low]) == ledger)
