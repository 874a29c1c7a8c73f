"""The whole ledger of a clearing house as beancount text, with the names that its chart of accounts gives.

    Liabilities:HOUS:ALFA:Holdings:ACME     what the house holds for a member, its own and its clients' apart
    Liabilities:CLIE:BRAVO:Cash:USD
    Equity:House:Cash:USD                   the house's own
    Assets:Outside:Cash:USD                 what lies outside, at depositories and banks

A member has its securities when its account is in credit, so they are liabilities of the house, and beancount
shows them negative. Every transaction says why something moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from novate.clearing.chart import BalanceBook, MoveReason, OwnerKind, Place, place_of
from novate.clearing.ledger.queries import StoredTransfer
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import NOT_GIVEN
from novate.reports.beancount import beancount_lines

_PART = re.compile(r"[A-Z0-9][A-Za-z0-9-]*", re.ASCII)
OF_AN_INSTRUMENT = frozenset(
    (MoveReason.RECEIPT, MoveReason.CONSIDERATION, MoveReason.MONEY_ONLY, MoveReason.MARK, MoveReason.CHARGE,
     MoveReason.DIVIDEND, MoveReason.SPLIT, MoveReason.CASH_IN_LIEU, MoveReason.BUY_IN_CHARGE)
)  # fmt: skip
"""Reasons whose `user_ref` is always an instrument."""


def house_beancount_lines(house: Clearing) -> Iterator[str]:
    """Lines of a file that beancount accepts: all accounts, every posted transfer, all balances."""

    def words(found: StoredTransfer) -> str:
        reason = MoveReason(found.code)
        said = reason.name.lower().replace("_", " ")
        if reason in OF_AN_INSTRUMENT and found.user_ref != NOT_GIVEN:
            said += f", {_part(house.terms.instruments[found.user_ref].name, 'Instrument', found.user_ref)}"
        return said

    return beancount_lines(house.ledger, {}, date.fromordinal, account_names(house), words)


def account_names(house: Clearing) -> dict[int, str]:
    """Names of all accounts by id; what beancount cannot read is called by its number."""
    ledger = house.ledger
    found: dict[int, str] = {}
    taken: set[str] = set()
    for number in ledger.state().accounts["id"][1 : ledger.opened + 1].tolist():
        name = _account_name(house, place_of(number))
        # Somebody may be called what another is called by its number.
        found[number] = f"{name}:{number}" if name in taken else name
        taken.add(name)
    return found


def _account_name(house: Clearing, place: Place) -> str:
    of = house.terms.instruments if place.book == BalanceBook.HOLDINGS else house.terms.currencies
    name = f"{place.book.name.capitalize()}:{_part(of[place.asset].name, 'Asset', place.asset)}"
    owner = house.chart.owner(place.party)
    if owner is OwnerKind.WORLD:
        return f"Assets:Outside:{name}"
    if owner is OwnerKind.CCP_OWN:
        return f"Equity:House:{name}"
    member, account = house.terms.parties[place.party]
    kind = _part(account, "Account", place.party)
    return f"Liabilities:{kind}:{_part(member, 'Party', place.party)}:{name}"


def _part(name: str, kind: str, number: int) -> str:
    """A part of an account's name."""
    return name if _PART.fullmatch(name) else f"{kind}-{number}"
