"""Sessions: who may connect, what they may send, and what the node remembers of them between connections.

    SessionTerms (configuration)  name, number, public key, kind, permissions, accounts, limits
    Session (state)               highest nonce, stream, present connection, tokens of its rate

A session outlives its connections. Its number stands in every command that it sends; 0 is no session and is
what the node itself sends under.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import msgspec

from novate.domain.session_codes import CancelOnDisconnect, Permission, SessionKind
from novate.gateway.binary.streams import Subscription

if TYPE_CHECKING:
    from novate.gateway.binary.connection import Connection

LOCAL = "unix"
"""What an address list calls the Unix socket, and the address of whoever comes over it."""
NANOSECONDS = 1_000_000_000


class SessionTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is configured for one session."""

    name: str
    """Printable ASCII, at most 16 characters; logs and logins name the session by it."""
    number: int
    """1..65535; stands in every command of the session."""
    public_key: bytes
    kind: SessionKind = SessionKind.MAC
    permissions: Permission = Permission.READ
    accounts: tuple[int, ...] | None = ()
    """Trading accounts that it acts and is told for; None: all."""
    market_data: bool = False
    """Its stream holds what concerns the whole market too."""
    expires_ns: int = 0
    """Unix time in nanoseconds at which the key ends; 0: never."""
    addresses: tuple[str, ...] = ()
    """Networks that it may connect from, "unix" for the Unix socket; empty: anywhere."""
    orders_per_second: int = 0
    """0: no limit of its own."""
    burst: int = 0
    """Orders that it may send at once; 0: as many as in a second."""
    cancel_on_disconnect: CancelOnDisconnect = CancelOnDisconnect.NONE
    dead_man_ns: int = 0
    """Its orders end when nothing was heard of it for so long, whether it is connected or not; 0: never."""

    @property
    def subscription(self) -> Subscription:
        """What its stream holds."""
        return Subscription(self.accounts, self.market_data)


class Session:
    """One configured session and what the node knows of it."""

    def __init__(self, terms: SessionTerms) -> None:
        self.terms = terms
        self.nonce = 0
        """Highest that was taken; commands with it or a lower one were taken already or never will be."""
        self.connection: Connection | None = None
        self.heard_ns = 0
        """Monotonic time of the last frame, for the dead-man's switch; 0: the switch is not armed."""
        self._tokens = 0
        self._filled_ns = 0

    def admits_address(self, address: str) -> bool:
        """Is a peer of this address, or LOCAL, on its list?"""
        allowed = self.terms.addresses
        if not allowed:
            return True
        if address == LOCAL:
            return LOCAL in allowed
        peer = ipaddress.ip_address(address)
        return any(peer in ipaddress.ip_network(net) for net in allowed if net != LOCAL)

    def is_expired(self, now_ns: int) -> bool:
        """Has the key ended? `now_ns` is Unix time."""
        return bool(self.terms.expires_ns) and now_ns >= self.terms.expires_ns

    def spend(self, orders: int, now_ns: int) -> int:
        """How many of `orders` the rate admits now; they are spent. `now_ns` is monotonic."""
        rate = self.terms.orders_per_second
        if rate == 0:
            return orders
        burst = (self.terms.burst or rate) * NANOSECONDS
        if self._filled_ns == 0:
            self._tokens = burst
        else:
            self._tokens = min(burst, self._tokens + (now_ns - self._filled_ns) * rate)
        self._filled_ns = now_ns
        admitted = min(orders, self._tokens // NANOSECONDS)
        self._tokens -= admitted * NANOSECONDS
        return admitted
