"""What a transfer does to balances, statuses, closed bits and history, and how a chain takes it back.

    store -> move or resolve -> rows of history                (L13, L17, L18, L25, L26)
    the stored transfers of a chain, newest first -> their opposite                     (L24)

The stored transfers are their own undo log: each says what it moved, resolved and closed.
"""

from __future__ import annotations

from novate.clearing.ledger.constants import (
    ACCOUNT_CLOSED,
    ACCOUNT_HISTORY,
    CLOSING,
    CLOSING_CREDIT,
    CLOSING_DEBIT,
    PENDING,
    POST_PENDING,
    RESOLVING,
    STATUS_NONE,
    STATUS_PENDING,
)
from novate.clearing.ledger.index import enter_transfer, remove_transfer
from novate.clearing.ledger.layout import HISTORY_ROWS, NOW, TIMES, TRANSFERS, Tables
from novate.compiled import cold, inlined, kernel, wide


@inlined
def store(s: Tables, number: int, flags: int, debit: int, credit: int, amount: int) -> int:
    """A new stored transfer; the caller fills in user_ref, other and code. Returns its row."""
    row = s.header[TRANSFERS] + 1
    s.header[TRANSFERS] = row
    s.transfers["id"][row] = number
    s.transfers["flags"][row] = flags
    s.transfers["debit"][row] = debit
    s.transfers["credit"][row] = credit
    s.transfers["amount"][row] = amount
    s.transfers["time"][row] = _place_of_now(s)
    s.transfers["status"][row] = STATUS_PENDING if flags & PENDING else STATUS_NONE
    enter_transfer(s, number, row)
    return wide(row)


@inlined
def _place_of_now(s: Tables) -> int:
    """Place of the clock in the list of distinct times."""
    times = s.header[TIMES]
    if times == 0 or s.times[times - 1] != s.header[NOW]:
        s.times[times] = s.header[NOW]
        s.header[TIMES] = times + 1
        return wide(times)
    return wide(times - 1)


@inlined
def write_rows(s: Tables, row: int, time: int, kind: int) -> None:
    """A row of history for each account of a transfer that keeps one (L26)."""
    write_row(s, wide(s.transfers["debit"][row]), row, time, kind)
    write_row(s, wide(s.transfers["credit"][row]), row, time, kind)


@inlined
def write_row(s: Tables, account: int, row: int, time: int, kind: int) -> None:
    """One row of history, if the account keeps them: its four balances as they are now; row 0 for none."""
    if wide(s.accounts["flags"][account]) & ACCOUNT_HISTORY:
        _append_row(s, account, row, time, kind)


@kernel
def _append_row(s: Tables, account: int, row: int, time: int, kind: int) -> None:
    place = s.header[HISTORY_ROWS] + 1
    s.header[HISTORY_ROWS] = place
    s.history["time"][place] = time
    s.history["debits_pending"][place] = s.accounts["debits_pending"][account]
    s.history["debits_posted"][place] = s.accounts["debits_posted"][account]
    s.history["credits_pending"][place] = s.accounts["credits_pending"][account]
    s.history["credits_posted"][place] = s.accounts["credits_posted"][account]
    s.history["transfer"][place] = s.transfers["id"][row]
    s.history["previous"][place] = s.sides["last"][account]
    s.history["account"][place] = account
    s.history["kind"][place] = kind
    s.sides["last"][account] = place


@inlined
def post_amount(s: Tables, debit: int, credit: int, amount: int) -> None:
    """Both posted balances move; a negative amount takes it back."""
    s.accounts["debits_posted"][debit] += amount
    s.accounts["credits_posted"][credit] += amount


@inlined
def reserve_amount(s: Tables, debit: int, credit: int, amount: int) -> None:
    """Both pending balances move; a negative amount releases."""
    s.accounts["debits_pending"][debit] += amount
    s.accounts["credits_pending"][credit] += amount


@kernel
def set_closed(s: Tables, row: int, closed: int) -> None:
    """Close or open the accounts that a closing transfer names (L25)."""
    flags = wide(s.transfers["flags"][row])
    if flags & CLOSING_DEBIT:
        _set_closed_bit(s, wide(s.transfers["debit"][row]), closed)
    if flags & CLOSING_CREDIT:
        _set_closed_bit(s, wide(s.transfers["credit"][row]), closed)


@inlined
def _set_closed_bit(s: Tables, account: int, closed: int) -> None:
    flags = wide(s.accounts["flags"][account]) & ~ACCOUNT_CLOSED
    s.accounts["flags"][account] = flags | (ACCOUNT_CLOSED if closed else 0)


@kernel
def release(s: Tables, row: int, status: int) -> None:
    """The whole amount of a pending transfer is free, what it had closed is open (L18, L20)."""
    debit, credit = wide(s.transfers["debit"][row]), wide(s.transfers["credit"][row])
    reserve_amount(s, debit, credit, -s.transfers["amount"][row])
    if wide(s.transfers["flags"][row]) & CLOSING:
        set_closed(s, row, 0)
    s.transfers["status"][row] = status


@kernel
def _reserve_again(s: Tables, row: int) -> None:
    """The opposite of `release`."""
    debit, credit = wide(s.transfers["debit"][row]), wide(s.transfers["credit"][row])
    reserve_amount(s, debit, credit, s.transfers["amount"][row])
    if wide(s.transfers["flags"][row]) & CLOSING:
        set_closed(s, row, 1)
    s.transfers["status"][row] = STATUS_PENDING


@cold
def roll_back(s: Tables, transfers: int, history: int) -> None:
    """Take back everything since there were so many stored transfers and rows of history (L24)."""
    for row in range(s.header[TRANSFERS], transfers, -1):
        flags = wide(s.transfers["flags"][row])
        debit, credit = wide(s.transfers["debit"][row]), wide(s.transfers["credit"][row])
        amount = s.transfers["amount"][row]
        if flags & RESOLVING:
            if flags & POST_PENDING:
                post_amount(s, debit, credit, -amount)
            _reserve_again(s, s.transfers["other"][row])
        elif flags & PENDING:
            reserve_amount(s, debit, credit, -amount)
            if flags & CLOSING:
                set_closed(s, wide(row), 0)
        else:
            post_amount(s, debit, credit, -amount)
        remove_transfer(s, wide(row))
    s.header[TRANSFERS] = transfers
    s.header[TIMES] = wide(s.transfers["time"][transfers]) + 1 if transfers > 0 else wide(0)
    for place in range(s.header[HISTORY_ROWS], history, -1):
        s.sides["last"][s.history["account"][place]] = wide(s.history["previous"][place])
    s.header[HISTORY_ROWS] = history
