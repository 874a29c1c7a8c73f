"""The clearing house beside a node, as the web shows it: asked at its door, never written.

    GET /v1/clearing/obligations --> HouseBeside --{"verb": "outstanding"}--> the house that runs
                                                 --none runs--> its directory, opened for reading

What is told is as of the last answer, at most REFRESH_SECONDS ago. To open a house takes as long as a start
of it, so it is done only where none answers, and never by the thread that serves.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from novate.app.clearing_knock import ask
from novate.app.plane_streams import CLEARING_JOURNAL, DOOR
from novate.app.problems import RefusedError
from novate.domain.units import format_decimal
from novate.gateway.web.account_messages import Fail, Obligation, StatementFile
from novate.gateway.web.amounts import canonical
from novate.gateway.web.clearing import Clearing, no_house
from novate.gateway.web.codes import WebRefused, WebReject

if TYPE_CHECKING:
    from novate.app.clearing_house import House
    from novate.app.clearing_queries import OpenLot

REFRESH_SECONDS = 2.0
_STATEMENT = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
ANSWER_SECONDS = 3.0
"""A house that closes a date answers later than that; a reader is not kept waiting for it."""


class Rows(msgspec.Struct, frozen=True):
    """What is owed and what has failed, on the business date of the house."""

    today: str
    obligations: list[Obligation]
    fails: list[Fail]


def clearing_of(directory: Path) -> Clearing:
    """What the web may ask of the house beside a node, be there one now or later."""
    return HouseBeside(directory)


class HouseBeside:
    """Implements Clearing over House, opened for reading."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = asyncio.Lock()
        self._known: Rows | None = None
        self.read_at = -REFRESH_SECONDS
        """When the house was asked last, by the clock that never goes back."""

    @property
    def is_there(self) -> bool:
        """See Clearing."""
        return (self._directory / CLEARING_JOURNAL).is_dir()

    async def obligations(self, date: str | None, members: Set[str] | None) -> tuple[str, list[Obligation]]:
        """See Clearing."""
        rows = await self._rows()
        return rows.today, [
            one
            for one in rows.obligations
            if date in (None, one.settlement_date) and (members is None or one.member in members)
        ]

    async def fails(self, members: Set[str] | None) -> tuple[str, list[Fail]]:
        """See Clearing."""
        rows = await self._rows()
        return rows.today, [one for one in rows.fails if members is None or one.member in members]

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
            raise no_house()

    async def _rows(self) -> Rows:
        """Everything, read again when it is older than REFRESH_SECONDS."""
        self._expect_house()
        async with self._lock:
            if self._known is None or time.monotonic() - self.read_at >= REFRESH_SECONDS:
                self._known = await asyncio.to_thread(self._read)
                self.read_at = time.monotonic()
        return self._known

    def _read(self) -> Rows:
        try:
            return self._asked()
        except (ConnectionRefusedError, FileNotFoundError):
            # What a house is made of is loaded only where it has to be.
            from novate.app.clearing_house import House

            with House.open(self._directory, read_only=True) as house:
                return rows_of(house)
        except (OSError, RefusedError) as error:
            # It is there and busy; what was told last is better than nothing.
            if self._known is None:
                raise WebRefused(
                    WebReject.NO_ANSWER_IN_TIME,
                    f"Expected an answer of the clearing house within {ANSWER_SECONDS:g} s; ask again",
                ) from error
            return self._known

    def _asked(self) -> Rows:
        """What the running house says. Raises OSError, or RefusedError for a house that says no."""
        door = self._directory / DOOR
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(str(door))
        answer = ask(door, {"verb": "outstanding"}, ANSWER_SECONDS)
        return msgspec.convert(answer.answer, Rows)


def rows_of(house: House) -> Rows:
    """What a house has to say to the web."""
    from novate.app import clearing_queries

    return Rows(
        today=house.today,
        obligations=[_obligation(house, row) for row in clearing_queries.outstanding(house)],
        fails=[_fail(house, lot) for lot in clearing_queries.fails(house)],
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
