"""`sessions.toml` of a data directory: who may connect, read, checked and written.

    [[sessions]]
    name = "ALPINE"                  kind = "mac"                  permissions = ["read", "trade"]
    number = 1                       accounts = [101, 102]         addresses = ["unix", "10.0.0.0/8"]
    public_key = "9f3c..."           expires = 2027-01-01          cancel_on_disconnect = "session"

A node reads it at its start. The private keys are their owners' business; those that `novate keys add` makes
lie in `keys/`, readable by the owner of the directory only.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

from novate import signatures
from novate.app.configuration import ConfigurationError, read_tables
from novate.app.configuration_checks import unique
from novate.app.configuration_fields import Table
from novate.app.node.directory import DataDirectory
from novate.app.node.settings import TraderSettings
from novate.app.problems import RefusedError
from novate.app.whole_files import write_together
from novate.domain.configuration import Configuration
from novate.domain.session_codes import CancelOnDisconnect, Permission, SessionKind
from novate.gateway.binary import LOCAL, SessionTerms

E = TypeVar("E", bound=IntEnum)
NAME = re.compile(r"[A-Za-z0-9._-]{1,16}", re.ASCII)
_SESSION = re.compile(r"^\[\[sessions\]\].*\n?(?:^(?!\s*(?:\[|#)).*\n?)*", re.MULTILINE)
"""A session's table as it is written, without what is remarked behind it."""
_RETIRED = re.compile(r"^retired\s*=\s*\[[^\]\n]*\].*\n?", re.MULTILINE)
MOST_SESSIONS = (1 << 16) - 1
MOST_RATE = 10**9
HMAC_SUFFIX = ".hmac"
DAY_NS = 86_400 * 10**9
NO_TRADERS = TraderSettings()
HEADING = """\
# Sessions of this node: who may connect, what they may do, and by which key they are known.
# Read when the node starts. `novate keys add` appends to it; docs/binary-protocol.md explains every key.
"""


def load_sessions(path: Path, configuration: Configuration) -> list[SessionTerms]:
    """All sessions of a file; none if there is no file. Raises ConfigurationError with all mistakes."""
    if not path.exists():
        return []
    errors: list[str] = []
    top = Table(read_tables(path), "", path.name, errors)
    terms = [_terms(table) for table in top.rows("sessions", 0, MOST_SESSIONS)]
    retired = top.integers("retired", (), 1, MOST_SESSIONS)
    top.finish()
    if not errors:
        errors += [f"{path.name}: {mistake}" for mistake in _mistakes(terms, configuration, retired)]
    if errors:
        raise ConfigurationError(errors)
    return terms


def _terms(table: Table) -> SessionTerms:
    terms = SessionTerms(
        name=table.text("name"),
        number=table.integer("number", None, 1, MOST_SESSIONS),
        public_key=_public_key(table),
        kind=SessionKind[table.one_of("kind", _words(SessionKind), "mac").upper()],
        permissions=_permissions(table),
        accounts=_accounts(table),
        market_data=table.boolean("market_data", False),
        expires_ns=_expiry(table),
        addresses=_addresses(table),
        orders_per_second=table.integer("orders_per_second", 0, 0, MOST_RATE),
        burst=table.integer("burst", 0, 0, MOST_RATE),
        cancel_on_disconnect=CancelOnDisconnect[
            table.one_of("cancel_on_disconnect", _words(CancelOnDisconnect), "none").upper()
        ],
        dead_man_ns=table.duration_ns("dead_man"),
    )
    table.finish()
    if not NAME.fullmatch(terms.name):
        table.expected("name", "1 to 16 letters, digits or . _ -")
    return terms


def _words(kind: type[E]) -> list[str]:
    return [member.name.lower() for member in kind]


def _public_key(table: Table) -> bytes:
    text = table.text("public_key")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not signatures.is_sound_public(key):
        table.expected("public_key", "an Ed25519 public key of 64 hex digits that is not of small order")
    return key


def _permissions(table: Table) -> Permission:
    found = Permission(0)
    for word in table.texts("permissions", ("read",)):
        if word.upper() in Permission.__members__ and word.islower():
            found |= Permission[word.upper()]
        else:
            known = ", ".join(f'"{name.lower()}"' for name in Permission.__members__)
            table.mistake("permissions", f'expected words out of {known}, was "{word}"')
    return found


def _accounts(table: Table) -> tuple[int, ...] | None:
    if table.values.get("accounts") == "all":
        table.text("accounts")
        return None
    return table.integers("accounts", (), 0, (1 << 32) - 1)


def _expiry(table: Table) -> int:
    date = table.optional_date("expires")
    if date is None:
        return 0
    return (datetime.date.fromisoformat(date) - datetime.date(1970, 1, 1)).days * DAY_NS


def _addresses(table: Table) -> tuple[str, ...]:
    networks = table.texts("addresses", ())
    for network in networks:
        try:
            if network != LOCAL:
                ipaddress.ip_network(network)
        except ValueError:
            table.mistake("addresses", f'expected "unix" or a network such as "10.0.0.0/8", was "{network}"')
    return networks


def _mistakes(
    sessions: list[SessionTerms], configuration: Configuration, retired: Collection[int]
) -> Iterator[str]:
    yield from unique("sessions", "name", (terms.name for terms in sessions))
    yield from unique("sessions", "number", (str(terms.number) for terms in sessions))
    yield from unique("sessions", "public_key", (terms.public_key.hex() for terms in sessions))
    known = {account.number for account in configuration.accounts}
    for at, terms in enumerate(sessions):
        if terms.number in retired:
            yield f"sessions[{at}].number: expected a number that no removed session had, was {terms.number}"
        for account in terms.accounts or ():
            if account not in known:
                yield f"sessions[{at}].accounts: expected accounts of the configuration, was {account}"


def session_text(terms: SessionTerms) -> str:
    """One session as it stands in the file; what is as usual is left out."""
    permissions = [name.lower() for name, bit in Permission.__members__.items() if bit in terms.permissions]
    accounts = '"all"' if terms.accounts is None else str([*terms.accounts])
    lines = [
        "[[sessions]]",
        f'name = "{terms.name}"',
        f"number = {terms.number}",
        f'public_key = "{terms.public_key.hex()}"',
        f'kind = "{terms.kind.name.lower()}"',
        f"permissions = [{', '.join(map(_quoted, permissions))}]",
        f"accounts = {accounts}",
    ]
    if terms.market_data:
        lines.append("market_data = true")
    if terms.expires_ns:
        date = datetime.date(1970, 1, 1) + datetime.timedelta(days=terms.expires_ns // DAY_NS)
        lines.append(f"expires = {date.isoformat()}")
    if terms.addresses:
        lines.append(f"addresses = [{', '.join(map(_quoted, terms.addresses))}]")
    if terms.orders_per_second:
        lines.append(f"orders_per_second = {terms.orders_per_second}")
    if terms.burst:
        lines.append(f"burst = {terms.burst}")
    if terms.cancel_on_disconnect is not CancelOnDisconnect.NONE:
        lines.append(f'cancel_on_disconnect = "{terms.cancel_on_disconnect.name.lower()}"')
    if terms.dead_man_ns:
        lines.append(f'dead_man = "{terms.dead_man_ns}ns"')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return f'"{text}"'


def add_session(data: DataDirectory, terms: SessionTerms) -> None:
    """Append a session to the file; the rest of the file stays as somebody wrote it."""
    before = data.sessions.read_text(encoding="utf-8") if data.sessions.exists() else HEADING
    _write(data, f"{before.rstrip()}\n\n{session_text(terms)}")


def next_number(path: Path, sessions: Iterable[SessionTerms]) -> int:
    """The lowest number above all that a session has or had: it is also that of a stream and of nonces."""
    retired = tomllib.loads(path.read_text(encoding="utf-8")).get("retired", []) if path.exists() else []
    return 1 + max([*retired, *(terms.number for terms in sessions)], default=0)


def remove_session(data: DataDirectory, terms: SessionTerms) -> None:
    """Take a session out of the file, its number never to be given again; the rest stays as it is.

    Raises RefusedError for a file in which the session is written in a way that only its author can undo.
    """
    before = data.sessions.read_text(encoding="utf-8")
    tables = tomllib.loads(before)
    wanted = {**tables, "sessions": [one for one in tables["sessions"] if one["name"] != terms.name]}
    wanted["retired"] = sorted({*tables.get("retired", []), terms.number})
    found = [part for part in _SESSION.findall(before) if _names(part, terms.name)]
    after = before.replace(found[0], "", 1) if len(found) == 1 else before
    line = f"retired = {wanted['retired']}  # numbers of removed sessions\n"
    after, replaced = _RETIRED.subn(line, after, count=1)
    if not replaced:
        first = _SESSION.search(after)
        place = first.start() if first else len(after)
        after = f"{after[:place].rstrip()}\n\n{line}\n{after[place:]}"
    try:
        same = tomllib.loads(after) == {
            key: rows for key, rows in wanted.items() if rows or key != "sessions"
        }
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise RefusedError(
            f'{data.sessions}: expected "{terms.name}" in a table [[sessions]] of its own, is not; '
            f"take it out by hand and add {terms.number} to the list retired"
        )
    _write(data, after)
    # A later session of that name must not be known by this one's secret.
    (data.keys / f"{terms.name}{HMAC_SUFFIX}").unlink(missing_ok=True)


def _names(part: str, name: str) -> bool:
    try:
        return bool(tomllib.loads(part)["sessions"][0].get("name") == name)
    except tomllib.TOMLDecodeError:
        return False


def _write(data: DataDirectory, text: str) -> None:
    write_together(data.path, {data.sessions.name: [text.encode()]})


def new_key(data: DataDirectory, name: str) -> bytes:
    """Make `keys/NAME.key` with a fresh private key; returns the public one. An existing file is an error."""
    seed = _new_secret(data, f"{name}.key")
    return signatures.public_of(seed)


def new_hmac_secret(data: DataDirectory, name: str) -> Path:
    """Make `keys/NAME.hmac` with a fresh shared secret; returns its path. An existing file is an error."""
    _new_secret(data, f"{name}{HMAC_SUFFIX}")
    return data.keys / f"{name}{HMAC_SUFFIX}"


def hmac_secrets(data: DataDirectory) -> dict[str, bytes]:
    """All shared secrets by the name of their session. Raises RefusedError for a file with something else."""
    return {path.stem: read_key(path) for path in sorted(data.keys.glob(f"*{HMAC_SUFFIX}"))}


def _new_secret(data: DataDirectory, name: str) -> bytes:
    """32 secret bytes in a new file that only its owner can read."""
    data.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    seed = os.urandom(signatures.SEED_BYTES)
    fd = os.open(data.keys / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, seed.hex().encode() + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)
    return seed


def read_key(path: Path) -> bytes:
    """The 32 secret bytes of a key file. Raises RefusedError for anything else in it."""
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise RefusedError(f"{path}: expected a private key of 64 hex digits, was something else")
    return bytes.fromhex(text)


def write_demonstration(
    data: DataDirectory, configuration: Configuration, traders: TraderSettings = NO_TRADERS
) -> None:
    """A session for every member, with its accounts, one for the operator, and one for the simulated traders
    if there are any, whose accounts are then nobody else's; keys are made for each."""
    texts = [HEADING]
    names = [*_session_names(configuration), "OPERATOR"]
    if traders.orders_per_second:
        names.append(traders.session)
    for number, name in enumerate(names, 1):
        operates, simulates = name == "OPERATOR", name == traders.session
        own = tuple(
            account.number
            for account in configuration.accounts
            if account.member.upper()[:16] == name and account.number not in traders.accounts
        )
        path = data.keys / f"{name}.key"
        terms = SessionTerms(
            name=name,
            number=number,
            public_key=signatures.public_of(read_key(path)) if path.exists() else new_key(data, name),
            permissions=Permission.READ | (Permission.ADMIN if operates else Permission.TRADE),
            accounts=None if operates else traders.accounts if simulates else own,
            market_data=not simulates,
        )
        texts.append(session_text(terms))
    _write(data, "\n".join(texts))


def _session_names(configuration: Configuration) -> Iterable[str]:
    """Members whose names a session can have."""
    names = dict.fromkeys(member.name.upper()[:16] for member in configuration.members)
    return [name for name in names if NAME.fullmatch(name) and name != "OPERATOR"]
