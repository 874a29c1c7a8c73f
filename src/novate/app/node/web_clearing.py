"""The clearing house beside a node, as the web shows it: read from its directory, never written.

The house's directory is the node's own (`clearing/` in it). What is told is as of the last time it was read,
at most REFRESH_SECONDS ago.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from novate.app.plane_streams import CLEARING_JOURNAL
from novate.domain.units import format_decimal
from novate.gateway.web.account_messages import Fail, Obligation, StatementFile
from novate.gateway.web.amounts import canonical
from novate.gateway.web.clearing import Clearing
from novate.gateway.web.codes import WebRefused, WebReject

if TYPE_CHECKING:
    from novate.app.clearing_house import House
    from novate.app.clearing_queries import OpenLot

REFRESH_SECONDS = 2.0
_STATEMENT = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
Rows = tuple[str, list[Obligation], list[Fail]]


def clearing_of(directory: Path) -> Clearing:
    """What the web may ask of the house beside a node, be there one now or later."""
    return HouseBeside(directory)


class HouseBeside:
    """Implements Clearing over House, opened for reading."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = asyncio.Lock()
        self._known: Rows = ("", [], [])
        self._read_at = -REFRESH_SECONDS

    @property
    def is_there(self) -> bool:
        """See Clearing."""
        return (self._directory / CLEARING_JOURNAL).is_dir()

    async def obligations(self, date: str | None, members: Set[str] | None) -> tuple[str, list[Obligation]]:
        """See Clearing."""
        today, found, _ = await self._rows()
        return today, [
            one
            for one in found
            if date in (None, one.settlement_date) and (members is None or one.member in members)
        ]

    async def fails(self, members: Set[str] | None) -> tuple[str, list[Fail]]:
        """See Clearing."""
        today, _, found = await self._rows()
        return today, [one for one in found if members is None or one.member in members]

    async def statements(self) -> list[StatementFile]:
        """See Clearing."""
        self._expect_house()
        return await asyncio.to_thread(self._files)

    async def statement(self, date: str, name: str) -> bytes:
        """See Clearing."""
        self._expect_house()
        path = self._days / date / name
        is_sound = _DATE.fullmatch(date) and _STATEMENT.fullmatch(name) and not name.startswith(".")
        if not (is_sound and path.is_file()):
            raise WebRefused(
                WebReject.UNKNOWN_ROUTE, "Expected a file of GET /v1/clearing/statements", "name"
            )
        return await asyncio.to_thread(path.read_bytes)

    @property
    def _days(self) -> Path:
        return self._directory / "clearing" / "days"

    def _files(self) -> list[StatementFile]:
        found = [path for path in self._days.glob("*/*") if path.is_file() and not path.name.startswith(".")]
        return [
            StatementFile(date=path.parent.name, name=path.name, bytes=path.stat().st_size)
            for path in sorted(found, key=lambda path: (path.parent.name, path.name), reverse=True)
        ]

    def _expect_house(self) -> None:
        if not self.is_there:
            raise WebRefused(
                WebReject.NO_CLEARING_HOUSE, "Expected a clearing house beside the venue, there is none"
            )

    async def _rows(self) -> Rows:
        """Everything, read again when it is older than REFRESH_SECONDS."""
        self._expect_house()
        async with self._lock:
            if time.monotonic() - self._read_at >= REFRESH_SECONDS:
                self._known = await asyncio.to_thread(self._read)
                self._read_at = time.monotonic()
        return self._known

    def _read(self) -> Rows:
        # A worker without a house beside it need not load what a house is made of.
        from novate.app import clearing_queries
        from novate.app.clearing_house import House

        with House.open(self._directory, read_only=True) as house:
            rows = clearing_queries.outstanding(house)
            return (
                house.today,
                [_obligation(house, row) for row in rows],
                [_fail(house, lot) for lot in clearing_queries.fails(house)],
            )


def _obligation(house: House, row: dict[str, Any]) -> Obligation:
    names = house.names
    return Obligation(
        member=row["member"],
        account=row["account"],
        instrument=names.symbols[row["isin"]],
        settlement_date=row["settle_date"],
        quantity=canonical(format_decimal(row["quantity"], names.quantity_digits[row["isin"]])),
        amount=canonical(format_decimal(row["amount_minor"], names.currency_digits[row["ccy"]])),
        currency=row["ccy"],
    )


def _fail(house: House, lot: OpenLot) -> Fail:
    names = house.names
    return Fail(
        member=lot.member,
        account=lot.account,
        instrument=names.symbols[lot.isin],
        quantity=canonical(format_decimal(lot.quantity, names.quantity_digits[lot.isin])),
        reason=lot.reason,
        since=lot.since,
        settlement_days=lot.settlement_days,
    )
