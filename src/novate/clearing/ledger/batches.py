"""A request of transfers: single events and chains in order, one result each (L6, L10, L21 to L24).

[ a ][ b-c-d ][ e ][ f-g-   ]          - linked
  |     |       |      `-- open: its last event gets linked_event_chain_open, nothing of it stays
  |     `-- all or none: the first that is refused keeps its code, the others get linked_event_failed
  `-- each on its own
"""

from __future__ import annotations

from novate.clearing.ledger.constants import (
    ALL_TRANSFER_FLAGS,
    CREATED,
    CREDIT_ACCOUNT_ALREADY_CLOSED,
    CREDIT_ACCOUNT_NOT_FOUND,
    DEBIT_ACCOUNT_ALREADY_CLOSED,
    DEBIT_ACCOUNT_NOT_FOUND,
    EXCEEDS_CREDITS,
    EXCEEDS_DEBITS,
    ID_ALREADY_FAILED,
    ID_MUST_BE_POSITIVE,
    ID_MUST_NOT_BE_INT_MAX,
    INT_MAX,
    LINKED,
    LINKED_EVENT_CHAIN_OPEN,
    LINKED_EVENT_FAILED,
    PENDING,
    PENDING_TRANSFER_NOT_FOUND,
    RESERVED_FLAG,
    RESOLVING,
)
from novate.clearing.ledger.effects import roll_back
from novate.clearing.ledger.expiry import await_expiry
from novate.clearing.ledger.index import burn, find_transfer, look_ahead
from novate.clearing.ledger.layout import HISTORY_ROWS, TRANSFERS, Tables
from novate.clearing.ledger.moving import move
from novate.clearing.ledger.repetition import repetition
from novate.clearing.ledger.resolving import resolve
from novate.compiled import cold, inlined, kernel, wide

# Far enough ahead that the line is there when its turn comes, near enough that it has not left again.
_AHEAD = 8


@kernel
def run_transfers(s: Tables, count: int) -> None:
    """Answer `requests[:count]` in order; one code each in `results`. Room was reserved by the caller."""
    at = wide(0)
    while at < count:
        if at + _AHEAD < count:
            look_ahead(s, s.requests["id"][at + _AHEAD])
        flags = wide(s.requests["flags"][at])
        if flags & LINKED:
            at = _run_chain(s, at, count)
            continue
        code = _transfer(s, at, flags)
        if code != CREATED:
            _burn_if_due(s, at, code)
        elif flags & PENDING:
            await_expiry(s, s.header[TRANSFERS])
        s.results["code"][at] = code
        at += 1


@kernel
def _run_chain(s: Tables, first: int, count: int) -> int:
    """One chain, all or none; returns the place behind it."""
    last = wide(first)
    while last < count and wide(s.requests["flags"][last]) & LINKED:
        last += 1
    is_open = last == count
    end = count if is_open else last + 1
    transfers, history = s.header[TRANSFERS], s.header[HISTORY_ROWS]
    for at in range(first, end):
        if is_open and at == end - 1:
            code = wide(LINKED_EVENT_CHAIN_OPEN)
        else:
            code = _transfer(s, wide(at), wide(s.requests["flags"][at]))
        if code != CREATED:
            _break_chain(s, transfers, history, first, end, wide(at), code)
            if is_open:
                s.results["code"][end - 1] = LINKED_EVENT_CHAIN_OPEN
            return wide(end)
        s.results["code"][at] = CREATED
    for row in range(transfers + 1, s.header[TRANSFERS] + 1):
        await_expiry(s, wide(row))
    return wide(end)


@cold
def _break_chain(
    s: Tables, transfers: int, history: int, first: int, end: int, refused: int, code: int
) -> None:
    """The chain first..end-1 leaves nothing but the burned id of the refused member (L23)."""
    roll_back(s, transfers, history)
    for at in range(first, end):
        s.results["code"][at] = LINKED_EVENT_FAILED
    s.results["code"][refused] = code
    _burn_if_due(s, refused, code)


@kernel
def _transfer(s: Tables, at: int, flags: int) -> int:
    """The first rung of the ladder that applies (L10), CREATED after the effect if there is none."""
    if flags > ALL_TRANSFER_FLAGS:
        return RESERVED_FLAG
    number = s.requests["id"][at]
    if number <= 0:
        return ID_MUST_BE_POSITIVE
    if number == INT_MAX:
        return ID_MUST_NOT_BE_INT_MAX
    found = find_transfer(s, number)
    if found > 0:
        return repetition(s, at, found)
    if found < 0:
        return ID_ALREADY_FAILED
    if flags & RESOLVING:
        return resolve(s, at, flags)
    return move(s, at, flags)


@inlined
def _burn_if_due(s: Tables, at: int, code: int) -> None:
    """Burn the id of a request whose refusal may pass (L12)."""
    if (
        code == DEBIT_ACCOUNT_NOT_FOUND
        or code == CREDIT_ACCOUNT_NOT_FOUND
        or code == PENDING_TRANSFER_NOT_FOUND
        or code == DEBIT_ACCOUNT_ALREADY_CLOSED
        or code == CREDIT_ACCOUNT_ALREADY_CLOSED
        or code == EXCEEDS_CREDITS
        or code == EXCEEDS_DEBITS
    ):
        burn(s, s.requests["id"][at])
