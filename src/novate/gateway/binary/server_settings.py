"""What is configured for the binary gateway, and what it counts."""

from __future__ import annotations

import msgspec


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and times of the gateway."""

    tcp: str = "127.0.0.1:7411"
    """Address and port; port 0 takes a free one; empty: no TCP."""
    connections: int = 1024
    heartbeat_ms: int = 1_000
    silence_ms: int = 15_000
    login_ms: int = 5_000
    out_bytes: int = 4 << 20
    """What may wait for one reader before it is cut off."""
    turn_commands: int = 4_096
    overload_ms: int = 1_000
    """New orders are refused when what is sent now would wait so long; 0: whenever a turn cannot take all."""
    credit_from_sessions: bool = True
    """May a session give credit? Not where a clearing house does."""


class Counters(msgspec.Struct):
    """What has happened since the start, for `novate status`."""

    connections: int = 0
    logins: int = 0
    frames: int = 0
    verified_beside: int = 0  # frames, by an ingress
    cut_off: int = 0
