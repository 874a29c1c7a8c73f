"""A ledger to be read: what exports and reports take, so that nothing there can move money."""

from __future__ import annotations

from typing import Protocol

from novate.clearing.ledger.codes import Answer
from novate.clearing.ledger.constants import INT_MAX
from novate.clearing.ledger.layout import Tables
from novate.clearing.ledger.queries import Balances, HistoryRow, StoredTransfer, TrialRow


class LedgerView(Protocol):
    """The questions of `Ledger`, without a time: the clock stays where it is."""

    @property
    def now(self) -> int:
        """The clock (L5)."""

    @property
    def stored(self) -> int:
        """Stored transfers, which is the seq of the last one (L7)."""

    @property
    def opened(self) -> int:
        """Accounts so far."""

    def state(self) -> Tables:
        """All tables as they lie in memory: rows of accounts start at 1."""

    def transfer_of(self, seq: int) -> StoredTransfer:
        """The transfer with a seq from 1 to `stored`."""

    def balance(self, account: int, at: int | None = None) -> Balances | Answer:
        """BALANCE (L27)."""

    def history(self, account: int, first: int = 0, last: int = INT_MAX) -> list[HistoryRow] | Answer:
        """HISTORY (L26)."""

    def lookup(self, transfer_id: int) -> StoredTransfer | Answer:
        """LOOKUP (L31)."""

    def trial(self) -> list[TrialRow]:
        """TRIAL (L31)."""

    def root(self) -> bytes:
        """ROOT (L33)."""
