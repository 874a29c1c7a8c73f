"""Whose BOOK_STATE is due at the end of a command (R52).

The command's own market comes first, then other markets in the order in which the command first touched
them: by an expiry that the clock brought, or by a cancellation for lack of credit.
"""

from __future__ import annotations

from novate.compiled import highest_bit, inlined, kernel, wide
from novate.venue.book import ladder_of
from novate.venue.constants import BUY, INT64_MAX, SELL
from novate.venue.events import book_state
from novate.venue.layout import EVENTS, NEED, NEED_EVENTS, STEP_ROOM, TOUCHED_HEAD, TOUCHED_TAIL, Tables

NO_MARKET = -1


@inlined
def touch(s: Tables, market: int) -> None:
    """Remember a market for the end of the command."""
    if s.markets["touched"][market] == 0:
        s.markets["touched"][market] = 1
        s.markets["touched_next"][market] = NO_MARKET
        if s.header[TOUCHED_HEAD] == NO_MARKET:
            s.header[TOUCHED_HEAD] = market
        else:
            s.markets["touched_next"][s.header[TOUCHED_TAIL]] = market
        s.header[TOUCHED_TAIL] = market


@kernel
def publish_touched(s: Tables) -> bool:
    """BOOK_STATE of every touched market; False if interrupted for lack of room."""
    while s.header[TOUCHED_HEAD] != NO_MARKET:
        if s.header[EVENTS] + STEP_ROOM > len(s.events):
            s.header[NEED] = NEED_EVENTS
            return False
        market = wide(s.header[TOUCHED_HEAD])
        s.header[TOUCHED_HEAD] = wide(s.markets["touched_next"][market])
        s.markets["touched"][market] = 0
        publish(s, market)
    return True


@inlined
def publish(s: Tables, market: int) -> None:
    """BOOK_STATE of one market, if its displayed top differs from what was said last."""
    if s.markets["top_changed"][market] != 0:
        _publish_change(s, market)


@inlined
def _publish_change(s: Tables, market: int) -> None:
    s.markets["top_changed"][market] = 0
    bid_level = best_displayed(s, ladder_of(market, BUY))
    ask_level = best_displayed(s, ladder_of(market, SELL))
    bid_price = 0
    bid_quantity = 0
    ask_price = INT64_MAX
    ask_quantity = 0
    if bid_level >= 0:
        bid_price = (wide(s.blocks["key"][bid_level >> 5]) << 5) + (bid_level & 31)
        bid_quantity = wide(s.levels["displayed"][bid_level])
    if ask_level >= 0:
        ask_price = -((wide(s.blocks["key"][ask_level >> 5]) << 5) + (ask_level & 31))
        ask_quantity = wide(s.levels["displayed"][ask_level])
    if (
        bid_price != s.markets["bid_price"][market]
        or bid_quantity != s.markets["bid_quantity"][market]
        or ask_price != s.markets["ask_price"][market]
        or ask_quantity != s.markets["ask_quantity"][market]
    ):
        s.markets["bid_price"][market] = bid_price
        s.markets["bid_quantity"][market] = bid_quantity
        s.markets["ask_price"][market] = ask_price
        s.markets["ask_quantity"][market] = ask_quantity
        book_state(s, market, bid_price, bid_quantity, ask_price if ask_quantity != 0 else 0, ask_quantity)


@inlined
def best_displayed(s: Tables, ladder: int) -> int:
    """Level with the best price that shows a quantity, -1 if none does."""
    entry = wide(s.ladders["length"][ladder]) - 1
    if entry < 0:
        return -1
    block = wide(s.ladders["best"][ladder])
    while s.blocks["displayed"][block] == 0:
        entry -= 1
        if entry < 0:
            return -1
        block = wide(s.words[s.ladders["offset"][ladder] + entry] & 0xFFFFFFFF)
    return block * 32 + highest_bit(s.blocks["displayed"][block])
