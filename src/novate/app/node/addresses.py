"""What a node listens on, and whether it can be had before anything is made for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

from novate.app.node.settings import NodeSettings
from novate.gateway.binary.listening import bound
from novate.gateway.web.limits import WebSettings


class Listening(NamedTuple):
    """One address."""

    name: str
    key: str
    """Where the configuration says it."""
    address: str
    """"HOST:PORT"; empty: off."""


def addresses_of(settings: NodeSettings, web: WebSettings | None) -> Iterator[Listening]:
    """What a node with these settings listens on over TCP."""
    yield Listening("port", "[node] tcp", settings.server.tcp)
    if settings.ingress:
        yield Listening("ingress", "[node] ingress_tcp", settings.ingress_tcp)
    if web is not None:
        yield Listening("web", "[web] address", web.address)
    if settings.board not in ("socket", "off"):
        yield Listening("board", "[node] board", settings.board)


def try_out(one: Listening) -> None:
    """Take the address for a moment. Raises OSError that names it and its key if it cannot be had."""
    if not one.address:
        return
    host, _, port = one.address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound(socket.socket(family), (host.strip("[]"), int(port)), one.key).close()
