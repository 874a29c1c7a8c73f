"""What an operator does to a running node and asks of it.

    halt, resume, kill-switch --admin session--> STATE, KILL, REVIVE in the journal --> what became of it
    markets, accounts         --views.sock-----> as they stand now

A change is told only when its event has come back: it is durable then, and applied.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np

from novate.app.node.directory import DataDirectory
from novate.app.node.key_commands import configuration_of
from novate.app.node.session_file import load_sessions, read_key
from novate.app.problems import RefusedError
from novate.client import Client, Credentials
from novate.client.views import AccountsNow, MarketsNow, ViewsClient
from novate.domain.codes import CommandKind, EventKind, MarketState, Reject, Scope
from novate.domain.configuration import Configuration
from novate.domain.members import TradingAccount
from novate.domain.records import (
    KILL_COMMAND,
    MARKET_EVENT,
    ORDER_EVENT,
    SCOPE_EVENT,
    Commands,
    new_commands,
)
from novate.domain.resolve import assets, market_scale
from novate.domain.session_codes import NoticeKind, SessionReject
from novate.domain.units import format_decimal
from novate.gateway.binary import SessionTerms

ALL = "all"
PATIENCE_SECONDS = 10.0


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one command."""

    sequence: int
    """In the journal; 0 if the node did not take it."""
    what: str
    reason: str
    """Name of the rule that was broken; empty if it was done."""
    told: str


class MarketLine(msgspec.Struct, frozen=True, kw_only=True):
    """A market as it stands; prices and quantities as people write them, None where there is none."""

    market: int
    symbol: str
    state: str
    bid: str | None
    bid_quantity: str | None
    ask: str | None
    ask_quantity: str | None
    last: str | None


class CreditLine(msgspec.Struct, frozen=True, kw_only=True):
    """Credit of an account in one asset."""

    asset: str
    available: str
    reserved: str


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it stands."""

    account: int
    member: str
    type: str
    open_orders: int
    stopped_by: str
    """Scopes of the kill switches that stop it, with commas between."""
    credit: list[CreditLine]


# -- asking ---------------------------------------------------------------------------------------------


def markets_of(directory: Path) -> list[MarketLine]:
    """Every market of a running node. Raises RefusedError if its views do not answer."""
    data = DataDirectory(directory)
    instruments = configuration_of(data, None).instruments
    lines = []
    with _views(data) as views:
        for row in views.ask(MarketsNow()).records():
            scale = market_scale(row["market"], instruments[row["market"]])
            prices = {
                name: None if row[name] is None else scale.price_text(row[name])
                for name in ("bid", "ask", "last")
            }
            quantities = {
                name: scale.quantity_text(row[name]) if row[name] else None
                for name in ("bid_quantity", "ask_quantity")
            }
            lines.append(
                MarketLine(
                    market=row["market"], symbol=row["symbol"], state=row["state"], **prices, **quantities
                )
            )
    return lines


def accounts_of(directory: Path) -> list[AccountLine]:
    """Every account of a running node. Raises RefusedError if its views do not answer."""
    data = DataDirectory(directory)
    digits = {name: asset.digits for name, asset in assets(configuration_of(data, None)).items()}
    found: dict[int, AccountLine] = {}
    with _views(data) as views:
        while rows := [*views.ask(AccountsNow(after=max(found, default=None), limit=1000)).records()]:
            for row in rows:
                line = AccountLine(
                    account=row["account"], member=row["member"], type=row["type"], credit=[],
                    open_orders=row["open_orders"], stopped_by=row["stopped_by"],
                )  # fmt: skip
                credit = found.setdefault(row["account"], line).credit
                if row["asset"]:
                    amounts = {
                        name: format_decimal(row[name], digits[row["asset"]])
                        for name in ("available", "reserved")
                    }
                    credit.append(CreditLine(asset=row["asset"], **amounts))
    return [*found.values()]


def _views(data: DataDirectory) -> ViewsClient:
    data.expect_founded()
    try:
        return ViewsClient.connect(data.views_socket)
    except (FileNotFoundError, ConnectionError):
        raise RefusedError(
            f"{data.views_socket}: expected a running node with a board, found none; start it with novate up"
        ) from None


# -- keys -----------------------------------------------------------------------------------------------


def credentials_of(directory: Path, session: str, key: Path | None) -> Credentials:
    """Name, key and kind of a session: the key from a file, the kind from the node's sessions if they are
    here.

    Raises RefusedError for a key file that is not there or holds something else.
    """
    data = DataDirectory(directory)
    path = key or data.keys / f"{session}.key"
    if not path.is_file():
        raise RefusedError(f"{path}: expected the private key of session {session}, found none; give --key")
    terms = _terms(data, session)
    return Credentials(session, read_key(path), terms.kind) if terms else Credentials(session, read_key(path))


def _terms(data: DataDirectory, session: str) -> SessionTerms | None:
    if not data.sessions.exists():
        return None
    known = load_sessions(data.sessions, configuration_of(data, None))
    return next((terms for terms in known if terms.name == session), None)


def trading_accounts(
    directory: Path, configuration: Configuration, session: str, written: str
) -> Sequence[int]:
    """Account numbers as they were written, or else those of the session. Raises RefusedError."""
    if written:
        words = written.split(",")
        if not all(word.isascii() and word.isdecimal() and len(word) <= 10 for word in words):
            raise RefusedError(f'accounts: expected numbers with commas between, was "{written}"')
        return [int(word) for word in words]
    terms = _terms(DataDirectory(directory), session)
    if terms is None or not terms.accounts:
        return [account.number for account in configuration.accounts]
    return terms.accounts


# -- changing -------------------------------------------------------------------------------------------


class Control:
    """An operator's session at a running node."""

    def __init__(self, directory: Path, address: str | None, session: str, key: Path | None) -> None:
        """Log in at an address, or at the socket in the data directory.

        Raises RefusedError where no node runs, SessionEnded with the node's reason, OSError.
        """
        self._data = DataDirectory(directory)
        if address is None:
            self._data.expect_founded()
        credentials = credentials_of(directory, session, key)
        try:
            self._client = Client.connect(address or str(self._data.socket), credentials)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            place = address or self._data.socket
            raise RefusedError(
                f"{place}: expected a running node, found none; start it with novate up"
            ) from error

    @cached_property
    def _configuration(self) -> Configuration:
        return configuration_of(self._data, None)

    def set_state(self, market: str, state: MarketState) -> list[Done]:
        """Change the state of a market, or of every market with "all", by symbol or number."""
        found = []
        for number in self._markets(market):
            command = new_commands(1)
            command["kind"], command["market"], command["state"] = CommandKind.STATE, number, state
            symbol = self._configuration.instruments[number].symbol
            found.append(self._do(command, f"{symbol} to {state.name}"))
        return found

    def _markets(self, text: str) -> list[int]:
        symbols = [one.symbol for one in self._configuration.instruments]
        if text == ALL:
            return [*range(len(symbols))]
        if text in symbols:
            return [symbols.index(text)]
        if text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) < len(symbols):
            return [int(text)]
        raise RefusedError(
            f'market: expected one of {", ".join(symbols[:20])}, a number or "all", was "{text}"'
        )

    def switch(self, scope: Scope, holder: str, on: bool) -> Done:
        """Turn a kill switch on or off."""
        command = new_commands(1)
        kill = command.view(KILL_COMMAND)
        kill["kind"] = CommandKind.KILL if on else CommandKind.REVIVE
        kill["scope"], kill["holder"] = scope, self._holder(scope, holder)
        who = f"{scope.name.lower()} {holder}".strip()
        return self._do(command, f"kill switch of {who} {'on' if on else 'off'}")

    def _holder(self, scope: Scope, text: str) -> int:
        if scope is Scope.VENUE:
            if text:
                raise RefusedError(f'holder: expected none for the whole venue, was "{text}"')
            return 0
        if scope is Scope.MEMBER:
            names = [member.name for member in self._configuration.members]
            if text not in names:
                raise RefusedError(f'member: expected one of {", ".join(names[:20])}, was "{text}"')
            return names.index(text)
        known: tuple[TradingAccount, ...] = self._configuration.accounts
        if not (text.isascii() and text.isdecimal()) or int(text) not in {one.number for one in known}:
            raise RefusedError(f'account: expected the number of a configured account, was "{text}"')
        return int(text)

    def _do(self, command: Commands, what: str) -> Done:
        """Send a command; what became of it, when it is durable and applied."""
        nonce = self._client.send(command)
        receipt = self._client.receipt(nonce)
        if not receipt["count"]:
            notices = self._client.notices()
            refused = notices[(notices["kind"] == NoticeKind.REFUSED) & (notices["nonce"] == nonce)]
            reason = SessionReject(int(refused["reason"][0])).name
            return Done(sequence=0, what=what, reason=reason, told=f"{what}: refused, {reason}")
        return self._told(int(receipt["first_sequence"]), what)

    def _told(self, sequence: int, what: str) -> Done:
        """The event of the command, which follows its receipt."""
        kinds = (EventKind.STATE, EventKind.KILLED, EventKind.REVIVED, EventKind.REJECTED)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            events = self._client.events(timeout=0.5)
            mine = events[(events["sequence"] == sequence) & np.isin(events["kind"], kinds)]
            if len(mine):
                return _outcome(mine[-1:], sequence, what)
        raise TimeoutError(f"Expected the event of sequence {sequence}, was none in time")

    def close(self) -> None:
        """Log out."""
        self._client.close()

    def __enter__(self) -> Control:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _outcome(event: Commands, sequence: int, what: str) -> Done:
    kind = EventKind(int(event["kind"][0]))
    if kind is EventKind.REJECTED:
        reason = Reject(int(event.view(ORDER_EVENT)["reason"][0])).name
        return Done(
            sequence=sequence, what=what, reason=reason, told=f"{what}: refused by the venue, {reason}"
        )
    if kind is EventKind.STATE:
        change = event.view(MARKET_EVENT)
        before = MarketState(int(change["from_state"][0])).name
        return Done(sequence=sequence, what=what, reason="", told=f"{what}, was {before}")
    count = int(event.view(SCOPE_EVENT)["count"][0])
    told = f"{what}: {count:,} orders were cancelled" if kind is EventKind.KILLED else what
    return Done(sequence=sequence, what=what, reason="", told=told)
