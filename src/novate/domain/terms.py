"""What a venue is built from: integers only, resolved once from the configuration at the edge."""

from __future__ import annotations

import msgspec

from novate.domain.instruments import MarketTerms


class AccountTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A trading account as the venue's kernel sees it; members are numbers."""

    account: int
    """The number that orders carry, 0..MAX_ACCOUNT."""
    member: int = 0
    stp_group: int = 0
    """Accounts of one non-zero group count as one for self-trade prevention (R27)."""
    account_class: int = 0
    """Which margin per lot applies (K14), 0..7."""


class VenueTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Markets, accounts and switches of one venue."""

    markets: tuple[MarketTerms, ...]
    """The i-th has market number i."""
    accounts: tuple[AccountTerms, ...] = ()
    check_accounts: bool = False
    """True: orders of accounts that are not listed are refused UNKNOWN_ACCOUNT."""
    fee_account: int = 0
    """The account that receives fees and pays rebates (K11)."""
    positions: bool = False
    """True: positions are kept in every market, so that reduce-only orders can be used (R35)."""
    limits: bool = False
    """True: the limits of K19 are tracked and may be set."""
    hash_seed: int = 0x5DEECE66D1CE4E5B
    """Secret of the order-id table; changes its layout and nothing that can be seen."""
