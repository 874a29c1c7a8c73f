"""`novate keys`: sessions are added to, removed and listed from `sessions.toml`, before the node reads it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from novate import signatures
from novate.app.configuration import embedded_configuration, load_configuration
from novate.app.configuration_pieces import journaled_configuration
from novate.app.node.directory import DataDirectory
from novate.app.node.session_file import (
    NAME,
    add_session,
    load_sessions,
    new_hmac_secret,
    new_key,
    next_number,
    remove_session,
)
from novate.app.problems import RefusedError
from novate.domain.codes import CommandKind
from novate.domain.configuration import Configuration
from novate.domain.session_codes import Permission, SessionKind
from novate.gateway.binary import SessionTerms
from novate.journal import Journal


class NewSession(NamedTuple):
    """What was asked for, as it was written."""

    name: str
    accounts: str
    permissions: str
    kind: str
    public_key: str | None
    market_data: bool


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is shown."""

    name: str
    number: int
    kind: str
    permissions: str
    accounts: str
    public_key: str
    private_key: str | None = None


def add(data: DataDirectory, config: Path | None, wanted: NewSession) -> SessionLine:
    """Append a session with the next free number. Raises RefusedError for whatever cannot be."""
    configuration = configuration_of(data, config)
    sessions = load_sessions(data.sessions, configuration)
    if not NAME.fullmatch(wanted.name):
        raise RefusedError(f'name: expected 1 to 16 letters, digits or . _ -, was "{wanted.name}"')
    if any(terms.name == wanted.name for terms in sessions):
        raise RefusedError(f'name: expected a name that no session has, was "{wanted.name}"')
    permissions = _permissions(wanted.permissions)
    accounts = _accounts(wanted.accounts, {account.number for account in configuration.accounts})
    public = _public_key(wanted.public_key)
    data.make()
    made = public is None
    terms = SessionTerms(
        name=wanted.name,
        number=next_number(data.sessions, sessions),
        public_key=new_key(data, wanted.name) if public is None else public,
        kind=SessionKind[wanted.kind.upper()],
        permissions=permissions,
        accounts=accounts,
        market_data=wanted.market_data,
    )
    add_session(data, terms)
    line = session_line(terms)
    return msgspec.structs.replace(line, private_key=str(data.keys / f"{terms.name}.key")) if made else line


def remove(data: DataDirectory, config: Path | None, name: str) -> SessionLine:
    """Take a session out; its number is never given again. Raises RefusedError for an unknown name."""
    found = _named(data, config, name)
    remove_session(data, found)
    line, key = session_line(found), data.keys / f"{name}.key"
    return msgspec.structs.replace(line, private_key=str(key)) if key.exists() else line


def _named(data: DataDirectory, config: Path | None, name: str) -> SessionTerms:
    _expect_directory(data)
    for terms in load_sessions(data.sessions, configuration_of(data, config)):
        if terms.name == name:
            return terms
    raise RefusedError(f'name: expected a session of {data.sessions}, was "{name}"')


def _expect_directory(data: DataDirectory) -> None:
    if not data.path.is_dir():
        raise RefusedError(f"{data.path}: expected the data directory of a node, there is none")


def add_hmac_secret(data: DataDirectory, config: Path | None, name: str) -> Path:
    """Give a session a shared secret for requests over the web; returns its file. Raises RefusedError."""
    _named(data, config, name)
    try:
        return new_hmac_secret(data, name)
    except FileExistsError as error:
        raise RefusedError(
            f"{error.filename}: expected no secret yet; remove the file to make another"
        ) from None


def _permissions(text: str) -> Permission:
    found = Permission(0)
    for word in text.split(","):
        if word.upper() not in Permission.__members__:
            known = ", ".join(Permission.__members__).lower()
            raise RefusedError(f'permissions: expected words out of {known}, was "{word}"')
        found |= Permission[word.upper()]
    return found


def _accounts(text: str, known: set[int]) -> tuple[int, ...] | None:
    if text == "all":
        return None
    words = text.split(",") if text else []
    for word in words:
        if not (word.isascii() and word.isdecimal() and int(word) in known):
            raise RefusedError(f'accounts: expected numbers of configured accounts or "all", was "{word}"')
    return tuple(sorted({int(word) for word in words}))


def _public_key(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not signatures.is_sound_public(key):
        raise RefusedError(
            f"public key: expected 64 hex digits of an Ed25519 key of full order, was {text!r}"
        )
    return key


def described(data: DataDirectory, config: Path | None) -> list[SessionLine]:
    """Every session of the file. Raises RefusedError for a directory that is not there."""
    _expect_directory(data)
    return [session_line(terms) for terms in load_sessions(data.sessions, configuration_of(data, config))]


def configuration_of(data: DataDirectory, config: Path | None) -> Configuration:
    """What a node was founded on; before that, what it would be founded on."""
    if data.is_founded:
        journal = Journal.open(data.journal, read_only=True)
        if journal.last_sequence:
            return journaled_configuration(journal, CommandKind.CONFIGURATION)[0]
    return load_configuration(config) if config else embedded_configuration()


def session_line(terms: SessionTerms) -> SessionLine:
    """A session as it is shown."""
    return SessionLine(
        name=terms.name,
        number=terms.number,
        kind=terms.kind.name.lower(),
        permissions=" ".join(
            name.lower() for name, bit in Permission.__members__.items() if bit in terms.permissions
        ),
        accounts="all" if terms.accounts is None else " ".join(map(str, terms.accounts)),
        public_key=terms.public_key.hex(),
    )
