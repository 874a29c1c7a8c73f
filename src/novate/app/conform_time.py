"""SCHEDULE and the events of timers between JSON and records (R57 to R60); see `conform_records`.

    {"cmd": "SCHEDULE", "at": 900, "to": "AUCTION_CALL", "auction": "CLOSE"}
    {"cmd": "SCHEDULE", "clear": true}
{"ev": "SCHEDULED", "number": 7, ...}   {"ev": "SCHEDULE_CLEARED", "count": 2}   {"ev": "EXTENDED", ...}
"""

from __future__ import annotations

from typing import Any

from novate.domain.codes import AuctionKind, EventKind, MarketState
from novate.domain.records import (
    EXTENDED_EVENT,
    MARKET_EVENT,
    SCHEDULE_COMMAND,
    SCHEDULE_EVENT,
    Commands,
    Events,
)

Json = dict[str, Any]


def schedule(record: Commands, command: Json) -> None:
    """A change of state at a time to come, or `clear`."""
    view = record.view(SCHEDULE_COMMAND)
    view["market"] = command.get("market", 0)
    if command.get("clear"):
        return
    auction = AuctionKind[command["auction"]] if command.get("auction") else AuctionKind.NONE
    view["state"] = MarketState[command["to"]] | auction << 4
    view["at"] = command["at"]


def _scheduled(record: Events) -> Json:
    row = record.view(SCHEDULE_EVENT)
    state, kind = MarketState(int(row["state"][0])), AuctionKind(int(row["auction_kind"][0]))
    return {
        "number": int(row["number"][0]),
        "at": int(row["at"][0]),
        "to": state.name,
        "auction": kind.name if state is MarketState.AUCTION_CALL else None,
    }


def _cleared(record: Events) -> Json:
    return {"count": int(record.view(MARKET_EVENT)["value"][0])}


def _extended(record: Events) -> Json:
    row = record.view(EXTENDED_EVENT)
    return {name: int(row[name][0]) for name in ("price", "until", "count")}


TIME_DECODERS = {
    EventKind.SCHEDULED: _scheduled,
    EventKind.SCHEDULE_CLEARED: _cleared,
    EventKind.EXTENDED: _extended,
}
