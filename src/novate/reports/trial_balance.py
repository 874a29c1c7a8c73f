"""The trial balance of a house at the close of a date: every account of its ledger, debits beside credits.

    book      asset         member  account  debit   credit
    HOLDINGS  US00NOVA0016  ALPINE  HOUS         0      300
    HOLDINGS  US00NOVA0016  WORLD   EXT        300        0
    CASH      USD           ...

An account has either a debit or a credit, its net; of each asset of a book, debits equal credits. What moved
after the date is taken back: a ROLL closes one date and opens the next.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from novate.clearing.chart import OF_A_PURPOSE, BalanceBook, Purpose, places_of
from novate.clearing.house_terms import HouseTerms
from novate.clearing.ledger.codes import TransferFlag
from novate.clearing.ledger.layout import TRANSFERS
from novate.clearing.ledger.view import LedgerView
from novate.clearing.lines import Column, Numbers, Words
from novate.reports.sheets import arrow_of

COLUMNS = ("book", "asset", "member", "account", "debit", "credit")
MOVES_NOTHING = TransferFlag.PENDING | TransferFlag.VOID_PENDING


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """One account; securities in units, money in minor units."""

    book: str
    asset: str
    member: str
    account: str
    debit: int
    credit: int


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts whose net is not zero, by book, asset and party."""

    columns: list[Column]
    """Those of COLUMNS."""
    accounts: int

    def lines(self) -> Iterator[TrialLine]:
        """The accounts one by one."""
        arrays = [arrow_of(column).to_pylist() for column in self.columns]
        for values in zip(*arrays, strict=True):
            yield TrialLine(**dict(zip(COLUMNS, values, strict=True)))


def trial_balance(ledger: LedgerView, terms: HouseTerms, day: int) -> TrialBalance:
    """The trial balance at the close of a date (its ordinal)."""
    tables = ledger.state()
    rows = tables.accounts[1 : ledger.opened + 1]
    net = np.zeros(ledger.opened + 1, np.int64)
    net[1:] = rows["credits_posted"] - rows["debits_posted"]
    # Those that are retired (L30) are of days that are over.
    transfers = tables.transfers[1 : int(tables.header[TRANSFERS]) + 1]
    later = tables.times[transfers["time"]] > day
    later &= (transfers["flags"] & int(MOVES_NOTHING)) == 0
    np.add.at(net, transfers["debit"][later], transfers["amount"][later])
    np.subtract.at(net, transfers["credit"][later], transfers["amount"][later])
    accounts = rows["id"].astype(np.int64)
    order = np.argsort(accounts)
    order = order[net[1:][order] != 0]
    place, net = places_of(accounts[order]), net[1:][order]
    purpose, owner = np.divmod(place.party, OF_A_PURPOSE)
    party = purpose * len(terms.parties) + owner
    names = [one.name for one in terms.instruments]
    # Currencies stand behind the instruments.
    asset = place.asset + np.where(place.book == BalanceBook.HOLDINGS, 0, len(names))
    names += [one.name for one in terms.currencies]
    return TrialBalance(
        columns=[
            Words(place.book, [book.name for book in BalanceBook]),
            Words(asset, names),
            Words(party, [member for _ in Purpose for member, _ in terms.parties]),
            Words(party, [_named(account, purpose) for purpose in Purpose for _, account in terms.parties]),
            Numbers(np.maximum(-net, 0)),
            Numbers(np.maximum(net, 0)),
        ],
        accounts=len(net),
    )


def _named(account: str, purpose: Purpose) -> str:
    """What a party has for a purpose stands beside its account: HOUS/Collateral."""
    return f"{account}/{purpose.name.capitalize()}" if purpose else account
