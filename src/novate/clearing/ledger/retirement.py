"""Transfers that leave memory for an archive, and come back for as long as a request needs them (L30).

    rows 1 ... cut | cut+1 ...        cut: before the first pending one, and before what a later one resolved
         |            |
         v            `--> rows 1 ..., times and heap by their new numbers
      archive              RETIRED += cut; what they posted goes to the sides, for the invariants

    request --ids and pending ids that may be retired--> find --> recalled rows behind all others, with places
    in the index --kernel--> they are taken out again

A retired transfer never changes again, so a recalled one is only read: a repetition is compared with it, and
a second resolution is refused because of its status.
"""

from __future__ import annotations

import numpy as np

from novate.clearing.ledger import constants as c
from novate.clearing.ledger.archive import Archive, Seqs
from novate.clearing.ledger.layout import (
    ARCHIVED,
    LARGEST,
    RETIRED,
    RETIRED_EXPIRED,
    TIMES,
    TRANSFER,
    TRANSFERS,
)
from novate.clearing.ledger.memory import Array, awaited, set_heap

KEPT = ("id", "amount", "user_ref", "other", "debit", "credit", "code", "flags", "status")
"""Fields that a row has in memory and in the archive."""


def cut_of(tables: dict[str, Array]) -> int:
    """How many of the oldest rows can be retired: none of them is pending, or was resolved by a later row."""
    stored = tables["transfers"][1 : int(tables["header"][TRANSFERS]) + 1]
    pending = np.flatnonzero(stored["status"] == c.STATUS_PENDING)
    end = int(pending[0]) if len(pending) else len(stored)
    resolves = (stored["flags"] & c.RESOLVING) != 0
    lowest = np.where(resolves, stored["other"], len(stored) + 1)
    # The lowest row that this row or a later one names; behind the last row there is none.
    named = np.append(np.minimum.accumulate(lowest[::-1])[::-1], len(stored) + 1)
    possible = np.flatnonzero(named[: end + 1] > np.arange(end + 1))
    return int(possible[-1])


def retired_rows(tables: dict[str, Array], cut: int) -> Array:
    """The oldest rows as they go to the archive."""
    rows = tables["transfers"][1 : cut + 1]
    found = np.zeros(cut, ARCHIVED)
    for name in KEPT:
        found[name] = rows[name]
    found["time"] = tables["times"][rows["time"]]
    found["other"][(rows["flags"] & c.RESOLVING) != 0] += int(tables["header"][RETIRED])
    return found


def drop(tables: dict[str, Array], cut: int) -> None:
    """Take the oldest rows out; the index must be filled anew then."""
    header, transfers, sides = tables["header"], tables["transfers"], tables["sides"]
    rows = transfers[1 : cut + 1]
    posted = rows[(rows["flags"] & (c.PENDING | c.VOID_PENDING)) == 0]
    np.add.at(sides["retired_debits"], posted["debit"], posted["amount"])
    np.add.at(sides["retired_credits"], posted["credit"], posted["amount"])
    header[RETIRED] += cut
    header[RETIRED_EXPIRED] += int((rows["status"] == c.STATUS_EXPIRED).sum())
    header[LARGEST] = max(int(header[LARGEST]), int(rows["id"].max()))
    left = int(header[TRANSFERS]) - cut
    kept = np.zeros(left + 1, TRANSFER)
    kept[1:] = transfers[cut + 1 : cut + 1 + left]
    kept["other"][(kept["flags"] & c.RESOLVING) != 0] -= cut
    first_time = int(kept["time"][1]) if left else int(header[TIMES])
    kept["time"][1:] -= np.uint32(first_time)
    tables["times"] = tables["times"][first_time : int(header[TIMES])].copy()
    header[TIMES] -= first_time
    header[TRANSFERS] = left
    tables["transfers"] = kept
    set_heap(tables, awaited(tables))


def may_be_retired(numbers: Seqs, header: Array) -> Seqs:
    """Distinct ids among these that could be in the archive."""
    found: Seqs = numbers[(numbers > 0) & (numbers <= header[LARGEST])]
    return np.unique(found) if len(found) else found


def recalled_rows(archive: Archive, numbers: Seqs, first_row: int) -> Array:
    """Rows of TRANSFER for retired ids, as they will stand from `first_row` on: with each resolving one
    stands the one that it resolved."""
    seqs = archive.find(numbers)
    seqs = seqs[seqs != 0]
    found = archive.read(seqs)
    resolved = found["other"][(found["flags"] & c.RESOLVING) != 0]
    seqs = np.union1d(seqs, resolved)
    found = archive.read(seqs)
    rows = np.zeros(len(found), TRANSFER)
    for name in KEPT:
        rows[name] = found[name]
    resolves = (rows["flags"] & c.RESOLVING) != 0
    rows["other"][resolves] = first_row + np.searchsorted(seqs, found["other"][resolves])
    return rows
