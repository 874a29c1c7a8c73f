"""Quotes, kill switches and disconnections have their sentences."""

from __future__ import annotations

from typing import Any

import pytest

from novate.app.explain_events import event_words
from novate.app.explain_orders import KnownOrders
from novate.app.explain_words import command_words

QUOTE = {
    "cmd": "QUOTE",
    "acct": 1,
    "cid": 11,
    "ask_cid": 12,
    "bid": 99,
    "bid_qty": 5,
    "ask": 101,
    "ask_qty": 4,
}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (QUOTE, "account 1 quotes 11/12: buys 5 at 99, sells 4 at 101"),
        (
            {**QUOTE, "bid_qty": 0, "tif": "DAY", "session": 3},
            "account 1 quotes 11/12: sells 4 at 101, for the day, session 3",
        ),
        (
            {**QUOTE, "bid_qty": 0, "ask_qty": 0},
            "account 1 quotes 11/12: nothing, both sides are withdrawn",
        ),
        ({"cmd": "KILL", "scope": "MEMBER", "holder": 2}, "the kill switch of member 2 is turned on"),
        ({"cmd": "REVIVE", "scope": "VENUE"}, "the kill switch of everybody is turned off"),
        ({"cmd": "DISCONNECT", "session": 7}, "session 7 is lost"),
        ({"cmd": "DISCONNECT", "session": 7, "acct": 1}, "session 7 of account 1 is lost"),
        (
            {"cmd": "SET_LIMIT", "acct": 1, "limit": "ORDER_TO_TRADE", "value": 2, "window": 60, "free": 5},
            "the limit on messages for a trade of account 1 becomes 2 within 60, 5 free",
        ),
    ],
)
def test_a_command_in_words(command: dict[str, Any], said: str) -> None:
    assert command_words(command, KnownOrders()) == said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            {"ev": "KILLED", "scope": "ACCOUNT", "holder": 7, "count": 1},
            "account 7 is stopped: 1 order removed",
        ),
        ({"ev": "REVIVED", "scope": "VENUE", "holder": None}, "the switch of everybody is off"),
        (
            {"ev": "DISCONNECTED", "session": 7, "acct": None, "count": 2},
            "session 7 is cleared: 2 orders removed",
        ),
        (
            {"ev": "CANCELLED", "oid": 3, "qty": 4, "reason": "QUOTE"},
            "#3 cancelled, 4 open: by a new quote (QUOTE)",
        ),
    ],
)
def test_an_event_in_words(event: dict[str, Any], said: str) -> None:
    assert event_words(event, KnownOrders()) == said
