"""Parameters behind the question mark, and those inside a path."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from novate.gateway.web.limits import USUAL_PAGE
from novate.gateway.web.messages import (
    AccountNumber,
    ClientOrderId,
    Cursor,
    Interval,
    Limit,
    Status,
    Symbol,
    TimeNs,
)


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameter at all."""


class Page(Query, frozen=True, kw_only=True):
    """A page of a list."""

    limit: Limit = USUAL_PAGE
    cursor: Cursor | None = None


class DepthQuery(Query, frozen=True, kw_only=True):
    """How much of a book."""

    depth: Annotated[int, Meta(ge=1, le=1_000)] = 10


class CandlesQuery(Page, frozen=True, kw_only=True):
    """Which candles."""

    interval: Interval = "1m"


class OfAccount(Query, frozen=True, kw_only=True):
    """Of which account; needed where the key has several."""

    account: AccountNumber | None = None


class OfOrder(OfAccount, frozen=True, kw_only=True):
    """Which order, where its id alone does not say it."""

    market: Symbol | None = None


class AccountPage(Page, frozen=True, kw_only=True):
    """A page of what an account has."""

    account: AccountNumber | None = None


class OrdersQuery(AccountPage, frozen=True, kw_only=True):
    """Which orders."""

    market: Symbol | None = None
    status: Status | None = None


class FillsQuery(AccountPage, frozen=True, kw_only=True):
    """Which fills."""

    market: Symbol | None = None
    since_ns: TimeNs | None = None


class ClearingPage(Page, frozen=True, kw_only=True):
    """A page of what a member has at the clearing house."""

    date: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None


PATH_TYPES = {"market": Symbol, "client_order_id": ClientOrderId,
              "date": Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")],
              "name": Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,80}$")]}  # fmt: skip
"""What a variable part of a path may hold."""
