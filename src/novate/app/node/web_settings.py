"""The table [web] of a configuration file: whether and how the web gateway runs beside the node."""

from __future__ import annotations

from pathlib import Path

from novate.app.configuration import ConfigurationError, read_tables
from novate.app.configuration_fields import Table
from novate.app.node.settings import MOST_MS, is_address
from novate.gateway.hosts import NAME
from novate.gateway.web.limits import WebSettings

DEMONSTRATION = WebSettings(test_money=True)
"""Of a node without a configuration file."""
MOST_WORKERS = 64


def load_web_settings(path: Path | None) -> WebSettings | None:
    """The [web] table; None: no web gateway. Without a file that of the demonstration.

    Raises ConfigurationError.
    """
    if path is None:
        return DEMONSTRATION
    tables = read_tables(path)
    if "web" not in tables:
        return None
    errors: list[str] = []
    settings = _settings(Table(tables, "", path.name, errors).table("web"))
    if errors:
        raise ConfigurationError(errors)
    return settings


def _settings(table: Table) -> WebSettings | None:
    usual = WebSettings()
    address = table.text("address", usual.address)
    if address != "off" and not is_address(address):
        table.expected("address", '"HOST:PORT" with a port from 0 to 65535, or "off"')
    most_rate = 10**6
    settings = WebSettings(
        address=address,
        hosts=_hosts(table),
        workers=table.integer("workers", usual.workers, 1, MOST_WORKERS),
        connections=table.integer("connections", usual.connections, 1, 100_000),
        tick_ms=table.integer("tick_ms", usual.tick_ms, 1, MOST_MS),
        test_money=table.boolean("test_money", usual.test_money),
        public_per_second=table.integer("public_per_second", usual.public_per_second, 1, most_rate),
        reads_per_second=table.integer("reads_per_second", usual.reads_per_second, 1, most_rate),
        orders_per_second=table.integer("orders_per_second", usual.orders_per_second, 1, most_rate),
        cancels_per_second=table.integer("cancels_per_second", usual.cancels_per_second, 1, most_rate),
        history_events=table.integer("history_events", usual.history_events, 0, 10**7),
        out_bytes=table.integer("out_bytes", usual.out_bytes, 1 << 16, 1 << 30),
    )
    table.finish()
    return None if address == "off" else settings


def _hosts(table: Table) -> tuple[str, ...]:
    names = table.texts("hosts", ())
    for name in names:
        if not NAME.fullmatch(name):
            table.expected("hosts", 'names of hosts without a port, such as "exchange.example.com"')
            return ()
    return tuple(name.lower() for name in names)
