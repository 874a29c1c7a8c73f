"""The trial balance of a house at the close of a date: every account of its ledger, debits beside credits.

    book      asset         member  account  debit   credit
    HOLDINGS  US00NOVA0016  ALPINE  HOUS         0      300
    HOLDINGS  US00NOVA0016  WORLD   EXT        300        0
    CASH      USD           ...

An account has either a debit or a credit, its net; of each asset of a book, debits equal credits. What moved
after the date is taken back: a ROLL closes one date and opens the next.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.chart import BalanceBook, owner_of, place_of, purpose_of
from novate.clearing.house_terms import HouseTerms
from novate.clearing.ledger.codes import TransferFlag
from novate.clearing.ledger.layout import TRANSFERS
from novate.clearing.ledger.view import LedgerView

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


def trial_balance(ledger: LedgerView, terms: HouseTerms, day: int) -> list[TrialLine]:
    """The accounts whose net is not zero at the close of a date (its ordinal), by book, asset and party."""
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
    found = []
    for account, value in sorted(zip(rows["id"].tolist(), net[1:].tolist(), strict=True)):
        if value:
            found.append(_line(account, value, terms))
    return found


def _line(account: int, net: int, terms: HouseTerms) -> TrialLine:
    book, asset, party = place_of(account)
    is_security = book == BalanceBook.HOLDINGS
    member, name = terms.parties[owner_of(party)]
    if purpose := purpose_of(party):
        name = f"{name}/{purpose.name.capitalize()}"
    return TrialLine(
        book=book.name,
        asset=(terms.instruments if is_security else terms.currencies)[asset].name,
        member=member,
        account=name,
        debit=max(-net, 0),
        credit=max(net, 0),
    )
