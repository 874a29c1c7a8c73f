"""Messages of accounts and of clearing; see `novate.gateway.web.messages` for the rules of all."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from novate.gateway.web.messages import AccountNumber, ClientOrderId, Positive


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A trading account of the key."""

    account: int
    member: str
    kind: str
    """House, client or liquidity provider: HOUS, CLIE, LIPR."""


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """A page of accounts."""

    items: list[Account]
    next: str | None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may still commit of an asset, and what its open orders have reserved."""

    asset: str
    available: str
    reserved: str


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    """All assets of an account, as of a command of the venue."""

    account: int
    seq: int
    items: list[Balance]
    next: str | None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has in a market whose positions the venue keeps."""

    market: str
    quantity: str
    """Negative: sold."""
    open_buy: str
    open_sell: str
    margin: str
    margin_asset: str


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """All positions of an account, as of a command of the venue."""

    account: int
    seq: int
    items: list[Position]
    next: str | None


class TransferRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Test money in or out. The same transfer id twice is one transfer."""

    transfer_id: ClientOrderId
    asset: Annotated[str, Meta(min_length=1, max_length=40)]
    amount: Positive
    account: AccountNumber | None = None


class TransferAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The balance behind the transfer."""

    transfer_id: str
    account: int
    asset: str
    amount: str
    """Signed: negative went out."""
    available: str
    seq: int
    duplicate_same: bool


# -- clearing ----------------------------------------------------------------------------------------------


class Obligation(msgspec.Struct, frozen=True, kw_only=True):
    """What a member will deliver (negative) or receive, and pay (negative) or be paid."""

    member: str
    account: str
    instrument: str
    settlement_date: str
    quantity: str
    amount: str
    currency: str


class Obligations(msgspec.Struct, frozen=True, kw_only=True):
    """A page of obligations by settlement date."""

    business_date: str
    items: list[Obligation]
    next: str | None


class Fail(msgspec.Struct, frozen=True, kw_only=True):
    """What should have been settled and was not."""

    member: str
    account: str
    instrument: str
    quantity: str
    reason: str
    since: str
    settlement_days: int


class Fails(msgspec.Struct, frozen=True, kw_only=True):
    """A page of fails, oldest first."""

    business_date: str
    items: list[Fail]
    next: str | None


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer of the clearing house's ledger: the amount goes from debit to credit."""

    seq: int
    """Its number in the ledger."""
    date: str
    reason: str
    asset: str
    amount: str
    debit: str
    credit: str
    reference: int
    """What it is for, as the house counts it; 0: nothing in particular."""


class LedgerEntries(msgspec.Struct, frozen=True, kw_only=True):
    """A page of entries, newest first."""

    items: list[LedgerEntry]
    next: str | None


class StatementFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a closed date."""

    date: str
    name: str
    bytes: int


class Statements(msgspec.Struct, frozen=True, kw_only=True):
    """A page of statements, newest date first."""

    items: list[StatementFile]
    next: str | None
