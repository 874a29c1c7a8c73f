"""Timers of the naive venue: a plain list, and the one timer that ends a call (R57, R59, R60).

entering a call --> extensions = 0 --> call timer --> any STATE event of the market takes it away
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle.naive_state import NO_AUCTION, Market

if TYPE_CHECKING:
    from tests.oracle.naive_endings import NaiveEndings

LAST_TIME = 2**63 - 1
AUCTION_KINDS = ("OPEN", "CLOSE", "INTRADAY")


@dataclass(frozen=True)
class Timer:
    """A change of state that a market will be asked for; `reason` is the one of its STATE event."""

    at: int
    number: int
    market: int
    to: str
    auction: str
    reason: str


def make_timer(venue: NaiveEndings, market: Market, at: int, to: str, auction: str, reason: str) -> Timer:
    venue.last_timer += 1
    timer = Timer(at, venue.last_timer, market.number, to, auction, reason)
    venue.timers.append(timer)
    return timer


def set_call_timer(venue: NaiveEndings, market: Market, to: str, length: int) -> int:
    """In place of an earlier one; returns when it fires."""
    void_call_timer(venue, market)
    at = min(venue.now + length, LAST_TIME)
    return make_timer(venue, market, at, to, "INTRADAY", "TIMER").at


def void_call_timer(venue: NaiveEndings, market: Market) -> None:
    venue.timers = [t for t in venue.timers if t.market != market.number or t.reason != "TIMER"]


def enter_call(market: Market, kind: str | None) -> None:
    """A new call: nothing published, never extended."""
    market.auction = kind if kind in AUCTION_KINDS else "INTRADAY"
    market.indicated = NO_AUCTION
    market.extensions = 0
