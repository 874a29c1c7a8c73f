"""What a node says when it is ready."""

from __future__ import annotations

import msgspec


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says when it is ready."""

    name: str
    data: str
    addresses: list[str]
    sequence: int
    recovered: str
    durability: str
    state_root: str
    sessions: list[str]
    ingress: str
    """Where processes listen that verify signatures for the core; empty: there are none."""
    clearing: bool
    """A clearing house runs beside it."""
    board: str
    """Address of its pages, "socket" without pages, "off" without a board."""
    web: str
    """Where the web gateway listens; empty: there is none."""
