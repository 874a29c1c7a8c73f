"""Who trades: clearing members with house and client accounts, and the trading accounts behind them.

Member "ALPHA" -- accounts HOUS, CLIE, LIPR       (the parties of clearing, C3)
                    |
                    +-- trading accounts 1, 2, 3  (numbers that orders carry; each belongs to one of them)
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AccountType(StrEnum):
    """ISO 20022 clearing account types."""

    HOUS = "HOUS"
    CLIE = "CLIE"
    LIPR = "LIPR"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A clearing member and the account types it holds at the clearing house."""

    name: str
    accounts: tuple[AccountType, ...] = (AccountType.HOUS, AccountType.CLIE)


class TradingAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as orders name it: a number, the member that clears it and under which account type."""

    number: int
    member: str
    account: AccountType = AccountType.HOUS
    stp_group: int = 0
    """Accounts of one non-zero group count as one for self-trade prevention (R27)."""
    account_class: int = 0
    """Which margin per lot applies (K14), 0..7."""
