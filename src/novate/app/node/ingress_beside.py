"""The ingress processes of a node: one listening socket, opened here and shared by all of them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from novate.app.node.companion import Companion
from novate.app.node.directory import DataDirectory
from novate.app.node.settings import NodeSettings
from novate.gateway.binary.listening import bound

MODULE = "novate.app.node.ingress_process"


class IngressBeside:
    """Holds the socket as long as the node runs; a process that dies loses its clients, not the address."""

    def __init__(self, settings: NodeSettings) -> None:
        """Listen. Raises OSError when the address is taken."""
        host, _, port = settings.ingress_tcp.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = bound(socket.socket(family), (host.strip("[]"), int(port)), "[node] ingress_tcp")
        self._count = settings.ingress
        self._most = settings.server.connections

    @property
    def address(self) -> str:
        """Where they listen, as a client writes it."""
        name = self._listener.getsockname()
        return f"{name[0]}:{name[1]}"

    def companions(
        self, data: DataDirectory, config: Path | None, told: Callable[[str], None]
    ) -> list[Companion]:
        """The processes, none of which is started yet."""
        number = self._listener.fileno()
        given = [str(data.path.absolute()), str(number), str(self._most), str(config or "")]
        return [
            Companion(f"ingress {at}", [MODULE, *given], told, inherited=(number,))
            for at in range(self._count)
        ]
