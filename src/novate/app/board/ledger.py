"""The clearing house's ledger, followed: each transfer that moves money becomes a row of the views.

    DIR/clearing/journal --ClearingReplica--> stored transfers --> ledger_entries

The house beside a node may be founded later than the venue, or be switched off; then there is nothing to
follow. What goes wrong here is told and tried again, and takes nothing from the views of the venue.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from novate.app.board.house_figures import HouseFigures, house_figures
from novate.app.bootstrap_clearing import REPLICA_FAULTS, ClearingReplica
from novate.app.clearing_names import Names
from novate.app.plane_streams import CLEARING_JOURNAL
from novate.clearing.chart import BalanceBook, MoveReason, Place, owner_of, place_of
from novate.clearing.house_terms import Days
from novate.clearing.ledger.codes import TransferFlag
from novate.clearing.trade_index import rehearse
from novate.reports.house_accounts import account_names
from novate.views import Views

TRY_AGAIN_SECONDS = 10.0
QUIET_SECONDS = 2.0
"""A house that has written nothing for so long has its last block on the disk."""
MOST_ENTRIES = 20_000
"""Of one transaction."""
NOT_MONEY = TransferFlag.PENDING | TransferFlag.VOID_PENDING
SCHEMA = pa.schema(
    [
        ("transfer_id", pa.int64()),
        ("day", pa.date32()),
        *((name, pa.string()) for name in ("reason", "asset")),
        ("digits", pa.uint8()),
        *((name, pa.string()) for name in ("debit", "credit", "debit_member", "credit_member")),
        ("amount", pa.int64()),
        ("reference", pa.int64()),
    ]
)


class LedgerFollower:
    """A second clearing house, as far as its ledger is wanted."""

    def __init__(self, directory: Path) -> None:
        """Nothing is opened before it is needed. directory: data directory of a node."""
        self.fault = ""
        """Why the ledger is not followed at the moment; empty if it is, or if there is none."""
        self._journal = directory / CLEARING_JOURNAL
        self._replica: ClearingReplica | None = None
        self._names: dict[int, str] = {}
        self._quantity_digits: dict[str, int] = {}
        self._days: Days | None = None
        self._tried_at = -TRY_AGAIN_SECONDS
        self._moved_at = time.monotonic()

    def feed(self, views: Views, whole: bool) -> None:
        """Give the views what is new; with `whole` nobody writes the journal any more."""
        now = time.monotonic()
        if self.fault and now - self._tried_at < TRY_AGAIN_SECONDS:
            return
        self._tried_at = now
        try:
            self._feed(views, whole)
            self.fault = ""
        except REPLICA_FAULTS as error:
            self.fault = str(error)
            self.close()

    def _feed(self, views: Views, whole: bool) -> None:
        if self._replica is None:
            if not self._journal.is_dir():
                return
            rehearse()
            self._replica = ClearingReplica(self._journal)
            self._quantity_digits = Names(self._replica.plane.configuration).quantity_digits
        before = self._replica.sequence
        self._replica.advance(whole or time.monotonic() - self._moved_at >= QUIET_SECONDS)
        if self._replica.sequence != before:
            self._moved_at = time.monotonic()
        identity, stored = self._replica.plane.journal.identity, self._replica.plane.house.ledger.stored
        known, taken = views.ledger
        taken = taken if known == identity and taken <= stored else 0
        while taken < stored or known != identity:
            last = min(stored, taken + MOST_ENTRIES)
            views.feed_ledger(identity, last, self._entries(taken + 1, last))
            known, taken = identity, last

    def _entries(self, first: int, last: int) -> pa.Table:
        """Transfers first..last that move money, as rows."""
        assert self._replica is not None
        house = self._replica.plane.house
        if house.ledger.opened != len(self._names):
            self._names = account_names(house)
        rows: list[dict[str, Any]] = []
        for seq in range(first, last + 1):
            found = house.ledger.transfer_of(seq)
            if not found.flags & NOT_MONEY:
                place = place_of(found.debit)
                rows.append(
                    {
                        "transfer_id": seq,
                        "day": datetime.date.fromordinal(found.time),
                        "reason": MoveReason(found.code).name,
                        "asset": house.chart.asset_name(place.book, place.asset),
                        "digits": self._digits(place),
                        "debit": self._names[found.debit],
                        "credit": self._names[found.credit],
                        "debit_member": house.terms.parties[owner_of(place.party)][0],
                        "credit_member": house.terms.parties[owner_of(place_of(found.credit).party)][0],
                        "amount": found.amount,
                        "reference": found.user_ref,
                    }
                )
        return pa.Table.from_pylist(rows, SCHEMA)

    def _digits(self, place: Place) -> int:
        """Decimal places of what an account holds."""
        assert self._replica is not None
        house = self._replica.plane.house
        if place.book != BalanceBook.HOLDINGS:
            return house.chart.scale(place.book, place.asset)
        return self._quantity_digits.get(house.terms.instruments[place.asset].name, 0)

    def figures(self) -> HouseFigures | None:
        """Of the house as far as it was followed; None where none is."""
        if self._replica is None:
            return None
        if self._days is None:
            self._days = Days(self._replica.plane.terms)
        return house_figures(self._replica.plane, self._days)

    def close(self) -> None:
        """Let go of the files."""
        if self._replica is not None:
            with contextlib.suppress(OSError):
                self._replica.close()
            self._replica = self._days = None
