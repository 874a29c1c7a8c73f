"""Which Host a server answers to: the one rule of the web gateway and of the board.

A page of somebody else may let its own name point to 127.0.0.1; then a browser takes what is served there for
that page's own (DNS rebinding). It sends the page's name along, as the Host, and by that it is refused.

    listens on                  names are configured    answers to
    a loopback address          no                      localhost and loopback addresses
    any address                 yes                     those, and localhost and loopback addresses
    another address             no                      every Host: how it is called is not known
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from novate.gateway.findings import shown

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]", re.ASCII)
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[^:\[\]@/]{1,253})(:[0-9]{1,5})?", re.ASCII)
_MOST_KEPT = 64


class HostRule:
    """The rule for one address."""

    def __init__(self, address: str, names: Sequence[str] = ()) -> None:
        """address: "HOST:PORT", where the server listens; names: by which it is called besides."""
        self._names = frozenset(name.lower() for name in names)
        self._admits_all = not names and not is_loopback(address.rpartition(":")[0])
        self._admitted: set[str] = set()

    def admits(self, host: str) -> bool:
        """Is this Host one to answer to? An empty one, or none, is not."""
        if self._admits_all or host in self._admitted:
            return True
        found = _HOST.fullmatch(host.strip().lower())
        if found is None:
            return False
        name = found[1].rstrip(".")
        if name not in self._names and not is_loopback(name):
            return False
        if len(self._admitted) < _MOST_KEPT:
            self._admitted.add(host)
        return True

    def sentence(self, host: str) -> str:
        """What was expected, and what was found."""
        names = "".join(f", {name}" for name in sorted(self._names))
        return f"expected localhost, a loopback address{names} as the Host, was {shown(host) or 'none'}"


def is_loopback(host: str) -> bool:
    """Is this a name or an address of this machine alone? IPv6 with or without brackets."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
