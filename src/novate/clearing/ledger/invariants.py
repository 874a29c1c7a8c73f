"""What must hold after every event, recomputed from what is stored (L3, L14, L17, L20, L25, L26, L32).

    stored transfers, statuses, folds --sums--> balances == accounts?     debits == credits, per ledger?

Each check gives a sentence about the first thing that is broken, "" if all is well. Cost: a few passes over
all stored transfers that are not retired.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from novate.clearing.ledger import constants as c
from novate.clearing.ledger.layout import (
    ACCOUNTS,
    BURNED,
    EXPIRED,
    HEAP,
    HISTORY_ROWS,
    NOW,
    RETIRED_EXPIRED,
    TIMES,
    TRANSFERS,
    Tables,
)
from novate.clearing.ledger.memory import Array, awaited
from novate.clearing.ledger.queries import BALANCES, trial


def broken(s: Tables) -> str:
    """The first invariant that does not hold, "" if all do."""
    checks = (_statuses, _balances, _ranges, _conservation, _closed, _history, _expiries, _indexes)
    return next((found for check in checks for found in check(s)), "")


def _stored(s: Tables) -> Array:
    rows: Array = s.transfers[: int(s.header[TRANSFERS]) + 1]
    return rows


def _accounts(s: Tables) -> Array:
    rows: Array = s.accounts[: int(s.header[ACCOUNTS]) + 1]
    return rows


def _statuses(s: Tables) -> Iterator[str]:
    """A pending transfer has one fate, and what resolved it is stored (L17, L18)."""
    stored = _stored(s)
    flags, statuses = stored["flags"], stored["status"]
    wrong = ((flags & c.PENDING) != 0) != (statuses != c.STATUS_NONE)
    if wrong.any():
        yield f"transfer of seq {int(wrong.argmax())}: expected a status exactly if it is of kind P"
    for flag, status in ((c.POST_PENDING, c.STATUS_POSTED), (c.VOID_PENDING, c.STATUS_VOIDED)):
        resolved = np.sort(stored["other"][(flags & flag) != 0])
        if not np.array_equal(resolved, np.nonzero(statuses == status)[0]):
            yield f"expected as many transfers of status {status} as were resolved so"
    expired = int((statuses == c.STATUS_EXPIRED).sum() + s.header[RETIRED_EXPIRED])
    if expired != s.header[EXPIRED]:
        yield f"expected {expired} expiries, was {s.header[EXPIRED]}"
    times = s.times[: int(s.header[TIMES])]
    if (np.diff(times) <= 0).any() or (len(times) and times[-1] > s.header[NOW]):
        yield "expected times of creation that grow and do not pass the clock"


def _balances(s: Tables) -> Iterator[str]:
    """All balances follow from stored transfers, statuses, folds and what retired transfers posted."""
    stored, accounts = _stored(s), _accounts(s)
    sides = s.sides[: len(accounts)]
    pending = stored["status"] == c.STATUS_PENDING
    posted = (stored["flags"] & (c.PENDING | c.VOID_PENDING)) == 0
    for side in ("debit", "credit"):
        more = sides[f"retired_{side}s"] - sides["folded"]
        for kind, moves, added in (("pending", pending, 0), ("posted", posted, more)):
            sums = np.zeros(len(accounts), np.int64)
            np.add.at(sums, stored[side][moves], stored["amount"][moves])
            # Turnover may pass int64 where folds have made room; both sides wrap alike.
            sums += added
            wrong = sums != accounts[f"{side}s_{kind}"]
            if wrong.any():
                place = int(wrong.argmax())
                yield (
                    f"account {accounts['id'][place]}: expected {side}s_{kind} of "
                    f"{sums[place]}, was {accounts[f'{side}s_{kind}'][place]}"
                )


def _ranges(s: Tables) -> Iterator[str]:
    """L3 and L14."""
    accounts = _accounts(s)
    for name in BALANCES:
        if (accounts[name] < 0).any():
            yield f"account {accounts['id'][int((accounts[name] < 0).argmax())]}: expected {name} >= 0"
    debits = accounts["debits_pending"] + accounts["debits_posted"]
    credits = accounts["credits_pending"] + accounts["credits_posted"]
    limited = accounts["flags"] & c.ACCOUNT_DEBITS_MUST_NOT_EXCEED_CREDITS != 0
    limited_too = accounts["flags"] & c.ACCOUNT_CREDITS_MUST_NOT_EXCEED_DEBITS != 0
    for wrong, rule in (
        (debits < 0, "debits within int64"),
        (credits < 0, "credits within int64"),
        (limited & (debits > accounts["credits_posted"]), "debits <= posted credits"),
        (limited_too & (credits > accounts["debits_posted"]), "credits <= posted debits"),
    ):
        if wrong.any():
            yield f"account {accounts['id'][int(wrong.argmax())]}: expected {rule}"


def _conservation(s: Tables) -> Iterator[str]:
    for row in trial(s):
        if row.sums.debits_pending != row.sums.credits_pending:
            yield f"ledger {row.ledger}: expected pending debits = pending credits, was {row.sums}"
        if row.sums.debits_posted != row.sums.credits_posted:
            yield f"ledger {row.ledger}: expected posted debits = posted credits, was {row.sums}"


def _closed(s: Tables) -> Iterator[str]:
    """An open closing transfer keeps its accounts closed (L25)."""
    stored = _stored(s)
    for flag, side in ((c.CLOSING_DEBIT, "debit"), (c.CLOSING_CREDIT, "credit")):
        closing = stored[(stored["status"] == c.STATUS_PENDING) & ((stored["flags"] & flag) != 0)]
        is_open = s.accounts["flags"][closing[side]] & c.ACCOUNT_CLOSED == 0
        if is_open.any():
            yield f"transfer {closing['id'][int(is_open.argmax())]}: expected its {side} account closed"


def _history(s: Tables) -> Iterator[str]:
    """The newest row of an account shows its balances, and every row belongs to one account (L26)."""
    accounts = _accounts(s)
    last = s.sides["last"][: len(accounts)]
    rows = int(s.header[HISTORY_ROWS])
    linked = np.concatenate([last, s.history["previous"][1 : rows + 1]])
    if not np.array_equal(np.sort(linked[linked != 0]), np.arange(1, rows + 1)):
        yield f"expected {rows} rows of history, each linked once"
        return
    kept = np.nonzero(last)[0]
    for name in BALANCES:
        wrong = s.history[name][last[kept]] != accounts[name][kept]
        if wrong.any():
            yield f"account {accounts['id'][kept[int(wrong.argmax())]]}: expected {name} as in its history"


def _expiries(s: Tables) -> Iterator[str]:
    """No open transfer is past its expiry, and each that can expire is awaited (L20)."""
    entries = s.heap[: int(s.header[HEAP])]
    wanted = awaited({"header": s.header, "transfers": s.transfers, "times": s.times})
    if (wanted["expiry"] <= s.header[NOW]).any():
        yield "expected no open transfer past its expiry"
    found = entries[s.transfers["status"][entries["row"]] == c.STATUS_PENDING]
    if not np.array_equal(np.sort(found, order="row"), wanted):
        yield "expected every open transfer with a timeout once in the heap"
    child = np.arange(1, len(entries))
    parent = (child - 1) >> 1
    below, above = entries[child], entries[parent]
    same = above["expiry"] == below["expiry"]
    if ((above["expiry"] > below["expiry"]) | (same & (above["row"] >= below["row"]))).any():
        yield "expected a heap by (expiry, seq)"


def _indexes(s: Tables) -> Iterator[str]:
    """Every id that is stored or burned has one entry."""
    for index, rows in (
        (s.id_index, _row_numbers(1, s.header[TRANSFERS] + 1, s.header[BURNED])),
        (s.account_index, _row_numbers(1, s.header[ACCOUNTS] + 1, 0)),
    ):
        entries = np.sort(index[index != 0] & 0xFFFFFFFF)
        if not np.array_equal(entries, rows):
            yield f"expected {len(rows)} entries of ids, each once, was {len(entries)}"


def _row_numbers(first: int, end: int, burned: int) -> Array:
    return np.concatenate([np.arange(first, end), np.arange(burned) | 1 << 31])
