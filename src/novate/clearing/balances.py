"""Balances: the only thing that holds securities and money, and the only way to move them (C3, C30).

    book      asset        account   balance
    HOLDINGS  instrument   party     securities           WORLD may be negative
    CASH      currency     party     minor units          WORLD and CCP may be negative
    DUE       currency     party     what the next payment will move (C30); the CCP is the other side
    ARREARS   currency     party     what a party could not pay (C38); the CCP is the other side

Invariant: every asset of every book sums to zero over all parties, because `move` is the only change.
A balance of zero is not kept, so that equal balances are equal in memory.
"""

from __future__ import annotations

from enum import IntEnum


class BalanceBook(IntEnum):
    """Which balance of a party."""

    HOLDINGS = 0
    CASH = 1
    DUE = 2
    ARREARS = 3


Asset = tuple[int, int]
"""(book, instrument or currency)."""


class Balances:
    """Balances by asset and party."""

    def __init__(self) -> None:
        self._of: dict[Asset, dict[int, int]] = {}

    def of(self, book: int, asset: int, party: int) -> int:
        """The balance of a party, 0 if it never had one."""
        parties = self._of.get((book, asset))
        return parties.get(party, 0) if parties else 0

    def move(self, book: int, asset: int, giver: int, taker: int, amount: int) -> None:
        """Take `amount` (of any sign) from one party and give it to another."""
        if not amount or giver == taker:
            return
        parties = self._of.setdefault((book, asset), {})
        for party, change in ((giver, -amount), (taker, amount)):
            balance = parties.get(party, 0) + change
            if balance:
                parties[party] = balance
            else:
                parties.pop(party, None)

    def assets(self, book: int) -> list[int]:
        """Assets of a book that were ever moved, ascending."""
        return sorted(asset for of, asset in self._of if of == book)

    def parties(self, book: int, asset: int) -> list[tuple[int, int]]:
        """(party, balance) of an asset, ascending, without zeros."""
        return sorted(self._of.get((book, asset), {}).items())

    def rows(self) -> list[tuple[int, int, int, int]]:
        """(book, asset, party, balance) of everything that is not zero, ascending."""
        return [(*asset, *entry) for asset in sorted(self._of) for entry in self.parties(*asset)]

    def take_over(self, rows: list[tuple[int, int, int, int]]) -> None:
        """Take over the rows of another instance."""
        self._of = {}
        for book, asset, party, balance in rows:
            self._of.setdefault((book, asset), {})[party] = balance
