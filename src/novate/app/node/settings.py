"""The table [node] of a configuration file: how this node runs. Nothing of it decides what an order does.

It is not journaled and may be another one at every start, except for the durability, which a journal keeps
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


class NodeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the node keeps and tells what it does."""

    durability: str = "always"
    tick_ms: int = 1_000
    """A node without commands journals the time so often, so that orders expire and sessions begin."""
    server: ServerSettings = msgspec.field(default_factory=ServerSettings)


def load_settings(path: Path | None) -> NodeSettings:
    """The [node] table of a configuration file, or of the embedded default. Raises ConfigurationError."""
    file = path or DEFAULT
    errors: list[str] = []
    tables = read_tables(file)
    settings = _settings(Table(tables, "", file.name, errors).table("node"))
    if errors:
        raise ConfigurationError(errors)
    return settings


def _settings(table: Table) -> NodeSettings:
    usual = ServerSettings()
    tcp = table.text("tcp", usual.tcp)
    if tcp != "off" and not is_address(tcp):
        table.expected("tcp", '"HOST:PORT" with a port from 0 to 65535, or "off"')
    server = ServerSettings(
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
        server=server,
    )
    table.finish()
    return settings


def is_address(text: str) -> bool:
    """Is this HOST:PORT?"""
    host, colon, port = text.rpartition(":")
    return bool(host and colon) and port.isascii() and port.isdecimal() and int(port) < 1 << 16
