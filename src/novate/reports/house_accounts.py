"""All accounts of a clearing house as beancount text, called by their owners.

    Liabilities:A:CLIE:Cash:USD       what the house holds for a party: party, book, instrument or currency
    Equity:CCP:OWN:Due:USD            the CCP's own
    Assets:WORLD:EXT:Holdings:ACME    the other side of everything that was brought in

Due and arrears stand beside the party's cash: due is what the house owes the party, arrears what the party
owes the house. Days are business dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from novate.clearing.chart import (
    BalanceBook,
    MoveReason,
    OwnerKind,
    Place,
    Purpose,
    account_code,
    owner_of,
    place_of,
    purpose_of,
)
from novate.clearing.house_terms import HouseTerms
from novate.clearing.ledger.queries import StoredTransfer
from novate.clearing.machine import Clearing
from novate.reports.beancount import beancount_lines

GROUPS = {OwnerKind.CCP_OWN: "Equity", OwnerKind.WORLD: "Assets"}
"""Everybody else's accounts are liabilities of the house."""
CHART = {
    account_code(book, kind, purpose): GROUPS.get(kind, "Liabilities")
    for book in BalanceBook
    for kind in OwnerKind
    for purpose in Purpose
}
"""Account code -> group, for accounts without a name of their own."""

_WORD = re.compile(r"[A-Z0-9][A-Za-z0-9-]*", re.ASCII)


def house_lines(house: Clearing) -> Iterator[str]:
    """Lines of a file that beancount accepts; every move says why. Cost: a few lines for every move."""
    return beancount_lines(house.ledger, CHART, date.fromordinal, account_names(house), _why)


def _why(found: StoredTransfer) -> str:
    """The reason of a move in words: `buy in charge`."""
    return MoveReason(found.code).name.lower().replace("_", " ")


def account_names(house: Clearing) -> dict[int, str]:
    """Account id -> name, each once."""
    accounts = house.ledger.state().accounts[1 : house.ledger.opened + 1]["id"].tolist()
    return {account: _name(house, place_of(account)) for account in accounts}


def _name(house: Clearing, place: Place) -> str:
    terms, group = house.terms, GROUPS.get(house.chart.owner(place.party), "Liabilities")
    party = owner_of(place.party)
    words = [_word(name, f"Party-{party}") for name in terms.parties[party]]
    purpose = purpose_of(place.party)
    what = [purpose.name.capitalize()] if purpose else []
    asset = _word(_asset(terms, place), f"Asset-{place.asset}")
    return ":".join((group, *dict.fromkeys(words), *what, place.book.name.capitalize(), asset))


def _asset(terms: HouseTerms, place: Place) -> str:
    assets = terms.instruments if place.book == BalanceBook.HOLDINGS else terms.currencies
    return assets[place.asset].name


def _word(name: str, otherwise: str) -> str:
    """A part of an account's name: the given one where beancount can read it and it is not made like ours."""
    is_ours = name.startswith(otherwise.partition("-")[0] + "-")
    return name if _WORD.fullmatch(name) and not is_ours else otherwise
