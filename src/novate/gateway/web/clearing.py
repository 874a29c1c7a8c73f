"""What the gateway asks of a clearing house; how it is read stands above (`novate.app.node.web_clearing`)."""

from __future__ import annotations

from collections.abc import Set
from typing import Protocol

from novate.gateway.web.account_messages import Fail, Obligation, StatementFile
from novate.gateway.web.codes import WebRefused, WebReject


class Clearing(Protocol):
    """Obligations, fails and statements; each raises WebRefused where there is no house to ask."""

    @property
    def is_there(self) -> bool:
        """Does a clearing house stand beside the venue?"""

    async def obligations(self, date: str | None, members: Set[str] | None) -> tuple[str, list[Obligation]]:
        """(business date, obligations) of members, None: of all; of a settlement date, None: of all."""

    async def fails(self, members: Set[str] | None) -> tuple[str, list[Fail]]:
        """(business date, fails) of members."""

    async def statements(self) -> list[StatementFile]:
        """Files of closed dates, newest first."""

    async def statement(self, date: str, name: str) -> bytes:
        """One of them."""


class NoClearing:
    """There is none."""

    is_there = False

    async def obligations(self, date: str | None, members: Set[str] | None) -> tuple[str, list[Obligation]]:
        """See Clearing."""
        raise no_house()

    async def fails(self, members: Set[str] | None) -> tuple[str, list[Fail]]:
        """See Clearing."""
        raise no_house()

    async def statements(self) -> list[StatementFile]:
        """See Clearing."""
        raise no_house()

    async def statement(self, date: str, name: str) -> bytes:
        """See Clearing."""
        raise no_house()


def no_house() -> WebRefused:
    """There is nobody to ask."""
    return WebRefused(
        WebReject.NO_CLEARING_HOUSE, "Expected a clearing house beside the venue, there is none"
    )
