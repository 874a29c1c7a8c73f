"""Quotes, kill switches and disconnections in words, for `novate explain` (R61, R62, R65).

{"cmd": "QUOTE", "acct": 1, "cid": 11, "ask_cid": 12, "bid": 99, "bid_qty": 5, "ask": 101, "ask_qty": 4}
    -->  account 1 quotes 11/12: buys 5 at 99, sells 4 at 101
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.app.explain_orders import KnownOrders

Json = dict[str, Any]
Say = Callable[[Json, KnownOrders], str]


def _quote(command: Json, _: KnownOrders) -> str:
    sides = [
        f"{verb} {command[f'{side}_qty']:,} at {command[side]:,}"
        for verb, side in (("buys", "bid"), ("sells", "ask"))
        if command.get(f"{side}_qty")
    ]
    day = ", for the day" if command.get("tif") == "DAY" else ""
    session = f", session {command['session']}" if command.get("session") else ""
    named = f"account {command['acct']} quotes {command['cid']}/{command['ask_cid']}"
    return f"{named}: {', '.join(sides) or 'nothing, both sides are withdrawn'}{day}{session}"


def _whom(fields: Json) -> str:
    """Account 7, member 2, everybody."""
    if fields["scope"] == "VENUE":
        return "everybody"
    return f"{fields['scope'].lower()} {fields['holder']}"


def _kill(command: Json, _: KnownOrders) -> str:
    return f"the kill switch of {_whom(command)} is turned on"


def _revive(command: Json, _: KnownOrders) -> str:
    return f"the kill switch of {_whom(command)} is turned off"


def _disconnect(command: Json, _: KnownOrders) -> str:
    only = "" if command.get("acct") is None else f" of account {command['acct']}"
    return f"session {command['session']}{only} is lost"


def _orders(count: int) -> str:
    return f"{count:,} {'order' if count == 1 else 'orders'} removed"


def _killed(event: Json, _: KnownOrders) -> str:
    return f"{_whom(event)} is stopped: {_orders(event['count'])}"


def _revived(event: Json, _: KnownOrders) -> str:
    return f"the switch of {_whom(event)} is off"


def _disconnected(event: Json, _: KnownOrders) -> str:
    only = "" if event["acct"] is None else f" of account {event['acct']}"
    return f"session {event['session']}{only} is cleared: {_orders(event['count'])}"


CONTROL_COMMANDS: dict[str, tuple[Say, frozenset[str]]] = {
    "QUOTE": (
        _quote,
        frozenset(("acct", "cid", "ask_cid", "bid", "bid_qty", "ask", "ask_qty", "tif", "session")),
    ),
    "KILL": (_kill, frozenset(("scope", "holder"))),
    "REVIVE": (_revive, frozenset(("scope", "holder"))),
    "DISCONNECT": (_disconnect, frozenset(("session", "acct"))),
}
CONTROL_EVENTS: dict[str, tuple[Say, str]] = {
    "KILLED": (_killed, "scope holder count"),
    "REVIVED": (_revived, "scope holder"),
    "DISCONNECTED": (_disconnected, "session acct count"),
}
CONTROL_REASONS = {
    "ACCOUNT_KILLED": "the kill switch of the account is on",
    "MEMBER_KILLED": "the kill switch of its member is on",
    "VENUE_KILLED": "the kill switch of the venue is on",
    "INVALID_QUOTE": "the sides of the quote cross, or have one name",
    "MAX_ORDER_TO_TRADE": "too many messages for so few trades",
    "KILL": "by a kill switch",
    "DISCONNECT": "its session was lost",
    "QUOTE": "by a new quote",
}
