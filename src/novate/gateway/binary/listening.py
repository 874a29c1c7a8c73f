"""Sockets that listen, for the gateway."""

from __future__ import annotations

import socket

BACKLOG = 128


def bound(
    one: socket.socket,
    address: tuple[str, int] | str,
    key: str = "[node] tcp",
    backlog: int = BACKLOG,
) -> socket.socket:
    """A listening socket; OSError names the address and the key of the configuration that has it."""
    try:
        if one.family != socket.AF_UNIX:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
        one.listen(backlog)
        one.setblocking(False)
    except OSError as error:
        one.close()
        error.filename = address if isinstance(address, str) else f"{key} = {address[0]}:{address[1]}"
        raise
    return one
