"""The chart of accounts of a clearing house: which ledgers and accounts there are, and why money moves.

    ledger    1 000000005              HOLDINGS of instrument 5         (book + 1, then the asset in 9 digits)
    account   1 000000005 000000007    of party 7 in it                 (then the party in 9 digits)
    code      1 02                     HOLDINGS, owned by a CLIENT      (book + 1, then the kind of owner)

`docs/chart-of-accounts.md` is the table that people read. Money of members and of their clients stands in
accounts of its own, never in one of the house; C48's signs are the limits of the accounts (L14).
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from novate.clearing.house_terms import HouseTerms
from novate.clearing.ledger.codes import AccountFlag

Number = TypeVar("Number", int, npt.NDArray[np.int64])


class BalanceBook(IntEnum):
    """Which balance of a party."""

    HOLDINGS = 0
    CASH = 1
    DUE = 2
    ARREARS = 3


class Purpose(IntEnum):
    """What the money or securities of a party are there for: a party has an account for each (M7, M14)."""

    SETTLEMENT = 0
    COLLATERAL = 1
    CONTRIBUTION = 2
    """To the default fund; of the CCP: the house's own layer."""


class OwnerKind(IntEnum):
    """Whose an account is; the last digit of its code."""

    HOUSE = 1
    """A member's own."""
    CLIENT = 2
    LIQUIDITY_PROVIDER = 3
    OTHER = 4
    """An account of a member under any other name."""
    CCP_OWN = 8
    WORLD = 9


class MoveReason(IntEnum):
    """Why something moved: the code of a transfer. What its `user_ref` is the number of stands behind each;
    trades are numbered from 0 in order of arrival, instruments as in the terms."""

    DEPOSIT = 1  # nothing, 0
    WITHDRAWAL = 2  # nothing, 0
    DELIVERY = 3  # models 1 and 2: the trade; else the instrument
    RECEIPT = 4  # the instrument
    PRICE = 5  # model 1: the trade
    FUNDS = 6  # number of the settlement run in its day
    CONSIDERATION = 7  # the instrument
    MONEY_ONLY = 8  # the instrument
    MARK = 9  # the instrument
    UNMARK = 10  # the trade
    CHARGE = 11  # the instrument, NOT_GIVEN for arrears
    DIVIDEND = 12  # the instrument
    SPLIT = 13  # the instrument
    CASH_IN_LIEU = 14  # the instrument
    BUY_IN = 15  # the intent
    BUY_IN_CHARGE = 16  # the instrument
    CASH_CLOSE = 17  # the intent
    MONEY = 18  # nothing, 0
    VARIATION = 19  # the instrument
    PREMIUM = 20  # the instrument
    COLLATERAL = 21  # nothing, 0
    CONTRIBUTION = 22  # nothing, 0
    COLLATERAL_SALE = 23  # nothing, 0
    LOSS = 24  # the layer


KINDS = {
    "HOUS": OwnerKind.HOUSE,
    "CLIE": OwnerKind.CLIENT,
    "LIPR": OwnerKind.LIQUIDITY_PROVIDER,
}
"""Names of accounts of C3."""
NO_DEBT = int(AccountFlag.DEBITS_MUST_NOT_EXCEED_CREDITS)
STRIDE = 10**9
"""Room for the numbers of assets in a ledger's number, and of parties in an account's."""
OF_A_PURPOSE = 10**8
"""Room for the numbers of parties in each purpose."""
MOST_ASSETS = 2**32 - 1 - 4 * STRIDE
"""So that the number of every ledger is a u32."""

_ASSET = re.compile(r"[A-Z][A-Z0-9._-]{0,23}", re.ASCII)


class Places(NamedTuple):
    """Book, asset and party of many accounts."""

    book: npt.NDArray[np.int64]
    asset: npt.NDArray[np.int64]
    party: npt.NDArray[np.int64]


class Place(NamedTuple):
    """What an account is for."""

    book: BalanceBook
    asset: int
    party: int


def ledger_number(book: Number, asset: Number) -> Number:
    """The ledger of an instrument or a currency in a book, also by the column."""
    return (book + 1) * STRIDE + asset


def place_of(account: int) -> Place:
    """Book, asset and party of an account's id."""
    ledger, party = divmod(account, STRIDE)
    book, asset = divmod(ledger, STRIDE)
    return Place(BalanceBook(book - 1), asset, party)


def places_of(accounts: npt.NDArray[np.int64]) -> Places:
    """The same of many."""
    ledgers, party = np.divmod(accounts, STRIDE)
    books, asset = np.divmod(ledgers, STRIDE)
    return Places(books - 1, asset, party)


def account_of(party: int, purpose: Purpose) -> int:
    """Where a party has what it has for a purpose: a number that takes the place of a party's in a book."""
    return purpose * OF_A_PURPOSE + party


def owner_of(account: int) -> int:
    """The party behind such a number."""
    return account % OF_A_PURPOSE


def purpose_of(account: int) -> Purpose:
    """The purpose behind such a number."""
    return Purpose(account // OF_A_PURPOSE)


class Chart:
    """The chart of one house. Cost: what is asked for is found when it is asked for."""

    def __init__(self, terms: HouseTerms) -> None:
        """Raises ValueError for more instruments or parties than the numbers have room for."""
        if len(terms.instruments) > MOST_ASSETS or len(terms.parties) > OF_A_PURPOSE:
            raise ValueError(f"Expected at most {MOST_ASSETS} instruments and {OF_A_PURPOSE} parties")
        self._terms = terms
        self._ccp, self._world = terms.ccp, terms.world
        self._names: dict[int, str] = {}

    def owner(self, party: int) -> OwnerKind:
        """Whose the accounts of a party are, whatever for."""
        party = owner_of(party)
        if party == self._ccp:
            return OwnerKind.CCP_OWN
        if party == self._world:
            return OwnerKind.WORLD
        return KINDS.get(self._terms.parties[party][1], OwnerKind.OTHER)

    def code(self, book: int, party: int) -> int:
        """Code of the account of a party in a book."""
        return account_code(book, self.owner(party), purpose_of(party))

    def flags(self, book: int, party: int) -> int:
        """The limit of an account: what may not be negative by C48, its debits do not exceed its credits."""
        kind = self.owner(party)
        if purpose_of(party):
            return NO_DEBT
        may_be_negative = (
            book == BalanceBook.DUE
            or kind is OwnerKind.WORLD
            or (kind is OwnerKind.CCP_OWN and book != BalanceBook.HOLDINGS)
        )
        return 0 if may_be_negative else NO_DEBT

    def scale(self, book: int, asset: int) -> int:
        """Decimal places of a ledger: a currency's digits as far as a ledger has them (L1)."""
        return 0 if book == BalanceBook.HOLDINGS else min(self._terms.currencies[asset].digits, 18)

    def asset_name(self, book: int, asset: int) -> str:
        """Name of a ledger's asset, unique (L1): that of the instrument or currency where it can be."""
        if not self._names:
            self._names = _asset_names(self._terms)
        return self._names[ledger_number(book, asset)]


def account_code(book: int, kind: OwnerKind, purpose: Purpose = Purpose.SETTLEMENT) -> int:
    """The chart: hundreds are the book, tens the purpose, the rest is the kind of owner."""
    return 100 * (book + 1) + 10 * purpose + kind


def _asset_names(terms: HouseTerms) -> dict[int, str]:
    """Ledger -> asset. Currencies choose first; who cannot have its name gets book and number."""
    money = [
        (book, asset, f"{one.name}{suffix}")
        for book, suffix in (
            (BalanceBook.CASH, ""),
            (BalanceBook.DUE, ".DUE"),
            (BalanceBook.ARREARS, ".ARREARS"),
        )
        for asset, one in enumerate(terms.currencies)
    ]
    securities = [(BalanceBook.HOLDINGS, asset, one.name) for asset, one in enumerate(terms.instruments)]
    wanted = money + securities
    found: dict[int, str] = {}
    taken: set[str] = set()
    for book, asset, name in wanted:
        if _ASSET.fullmatch(name) and name not in taken:
            found[ledger_number(book, asset)] = name
            taken.add(name)
    for book, asset, _ in wanted:
        number = ledger_number(book, asset)
        if number not in found:
            name = f"{book.name}-{asset}"
            while name in taken:
                name += "-0"
            found[number] = name
            taken.add(name)
    return found
