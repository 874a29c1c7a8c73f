"""The tables [node] and [traders] of a configuration file: how this node runs. Nothing of them decides what
an order does.

They are not journaled and may be another one at every start, except for the durability, which a journal keeps
for life.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from novate.app.configuration import DEFAULT, ConfigurationError, read_tables
from novate.app.configuration_fields import Table
from novate.gateway.binary import ServerSettings

DURABILITIES = ("always", "interval", "none")
MOST_MS = 86_400_000
MOST_TRADER_ORDERS = 20_000
"""A second; more would be a benchmark and no demonstration."""


class TraderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Simulated traders that a node starts beside itself."""

    session: str = "TRADERS"
    seed: int = 1
    orders_per_second: int = 0
    """0: no traders."""
    accounts: tuple[int, ...] = ()
    """For whom they trade; those of type LIPR are market makers."""


MOST_COMMANDS = 1 << 40
MOST_INGRESS = 64


class NodeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the node keeps and tells what it does."""

    durability: str = "always"
    tick_ms: int = 1_000
    """A node without commands journals the time so often, so that orders expire and sessions begin."""
    board: str = "127.0.0.1:7480"
    """Address of the board's pages; "socket": only its Unix socket; "off": no board."""
    snapshot_commands: int = 1_000_000
    """A snapshot is kept after so many commands,"""
    snapshot_turns: int = 100_000
    """or after so many turns: a restart has no more than that to do again."""
    ingress: int = 0
    """Processes that take TCP clients and verify their signatures for the core; 0: the core verifies."""
    ingress_tcp: str = "127.0.0.1:7412"
    """Where they listen."""
    clearing: bool = True
    """A clearing house runs beside the node and gives the credit."""
    server: ServerSettings = msgspec.field(default_factory=lambda: ServerSettings(credit_from_sessions=False))
    traders: TraderSettings = msgspec.field(default_factory=TraderSettings)


def load_settings(path: Path | None) -> NodeSettings:
    """The [node] and [traders] tables of a configuration file, or of the embedded default.

    Raises ConfigurationError.
    """
    file = path or DEFAULT
    errors: list[str] = []
    tables = read_tables(file)
    top = Table(tables, "", file.name, errors)
    settings = msgspec.structs.replace(_settings(top.table("node")), traders=_traders(top.table("traders")))
    if errors:
        raise ConfigurationError(errors)
    return settings


def _settings(table: Table) -> NodeSettings:
    usual = ServerSettings()
    tcp = table.text("tcp", usual.tcp)
    if tcp != "off" and not is_address(tcp):
        table.expected("tcp", '"HOST:PORT" with a port from 0 to 65535, or "off"')
    board = table.text("board", NodeSettings().board)
    if board not in ("off", "socket") and not is_address(board):
        table.expected("board", '"HOST:PORT" with a port from 0 to 65535, "socket" or "off"')
    clearing = table.boolean("clearing_house", True)
    server = ServerSettings(
        credit_from_sessions=not clearing,
        tcp="" if tcp == "off" else tcp,
        connections=table.integer("connections", usual.connections, 1, 100_000),
        heartbeat_ms=table.integer("heartbeat_ms", usual.heartbeat_ms, 10, MOST_MS),
        silence_ms=table.integer("silence_ms", usual.silence_ms, 100, MOST_MS),
        login_ms=table.integer("login_ms", usual.login_ms, 100, MOST_MS),
        out_bytes=table.integer("out_bytes", usual.out_bytes, 1 << 17, 1 << 30),
        turn_commands=table.integer("turn_commands", usual.turn_commands, 256, 1 << 16),
        overload_ms=table.integer("overload_ms", usual.overload_ms, 0, MOST_MS),
    )
    settings = NodeSettings(
        durability=table.one_of("durability", DURABILITIES, "always"),
        tick_ms=table.integer("tick_ms", 1_000, 10, MOST_MS),
        board=board,
        snapshot_commands=table.integer("snapshot_commands", 1_000_000, 1, MOST_COMMANDS),
        snapshot_turns=table.integer("snapshot_turns", 100_000, 1, MOST_COMMANDS),
        clearing=clearing,
        ingress=table.integer("ingress", 0, 0, MOST_INGRESS),
        ingress_tcp=_ingress_address(table),
        server=server,
    )
    table.finish()
    return settings


def _ingress_address(table: Table) -> str:
    address = table.text("ingress_tcp", NodeSettings().ingress_tcp)
    if not is_address(address):
        table.expected("ingress_tcp", '"HOST:PORT" with a port from 0 to 65535')
    return address


def _traders(table: Table) -> TraderSettings:
    usual = TraderSettings()
    traders = TraderSettings(
        session=table.text("session", usual.session),
        seed=table.integer("seed", usual.seed, 0, 2**63 - 1),
        orders_per_second=table.integer("orders_per_second", 0, 0, MOST_TRADER_ORDERS),
        accounts=table.integers("accounts", (), 0, (1 << 32) - 1),
    )
    table.finish()
    return traders


def is_address(text: str) -> bool:
    """Is this HOST:PORT?"""
    host, colon, port = text.rpartition(":")
    return bool(host and colon) and port.isascii() and port.isdecimal() and int(port) < 1 << 16
