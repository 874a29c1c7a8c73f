"""Whose BOOK_STATE is due at the end of a command (R52).

The command's own market comes first, then other markets in the order in which the command first touched
them: by an expiry that the clock brought, or by a cancellation for lack of credit.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.auction import publish_indicative
from novate.venue.book import ladder_of, top_of
from novate.venue.cells import (
    EVENTS,
    IMPLIED_HEAD,
    IMPLIED_TAIL,
    NEED,
    NEED_EVENTS,
    NOTHING_SHOWN,
    STEP_ROOM,
    TOUCHED_HEAD,
    TOUCHED_TAIL,
)
from novate.venue.combinations import is_linked, links_of
from novate.venue.constants import AUCTION_CALL, BUY, SELL
from novate.venue.events import book_state
from novate.venue.implied_state import publish_implied
from novate.venue.ladder import best_displayed, key_of_level
from novate.venue.layout import Tables

NO_MARKET = -1
_LAST = -1  # of the chain of combinations


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
        if not publish(s, market):
            return False
        s.header[TOUCHED_HEAD] = wide(s.markets["touched_next"][market])
        s.markets["touched"][market] = 0
    return _publish_combinations(s)


@kernel
def _note_combination(s: Tables, market: int) -> None:
    """What a combination implies may have changed: remember it for the end of `publish_touched`."""
    row = wide(s.markets["features"][links_of(s, market).spread])
    if s.features["implied_next"][row] == 0:
        s.features["implied_next"][row] = _LAST
        if s.header[IMPLIED_HEAD] == 0:
            s.header[IMPLIED_HEAD] = row
        else:
            s.features["implied_next"][s.header[IMPLIED_TAIL]] = row
        s.header[IMPLIED_TAIL] = row
    # A touched market leads to that end; publishing it again says nothing.
    touch(s, market)


@kernel
def _publish_combinations(s: Tables) -> bool:
    """IMPLIED_STATE, when every BOOK_STATE is out (R73); False if interrupted for lack of room."""
    while s.header[IMPLIED_HEAD] != 0:
        row = wide(s.header[IMPLIED_HEAD])
        if s.header[EVENTS] + STEP_ROOM > len(s.events):
            s.header[NEED] = NEED_EVENTS
            touch(s, wide(s.features["market"][row]))
            return False
        publish_implied(s, wide(s.features["market"][row]))
        after = wide(s.features["implied_next"][row])
        s.header[IMPLIED_HEAD] = 0 if after == _LAST else after
        s.features["implied_next"][row] = 0
    return True


@inlined
def publish(s: Tables, market: int) -> bool:
    """INDICATIVE in a call, and BOOK_STATE, of one market, where they differ from what was said last."""
    if s.markets["features"][market] != 0:
        if s.markets["state"][market] == AUCTION_CALL and not publish_indicative(s, market):
            return False
        if is_linked(s, market):
            _note_combination(s, market)
    publish_top(s, market)
    return True


@inlined
def publish_top(s: Tables, market: int) -> None:
    """BOOK_STATE of one market, if its displayed top differs from what was said last."""
    if s.markets["top_changed"][market] != 0:
        _publish_change(s, market)


@inlined
def _publish_change(s: Tables, market: int) -> None:
    s.markets["top_changed"][market] = 0
    bids = ladder_of(market, BUY)
    asks = ladder_of(market, SELL)
    top = top_of(bids)
    bid_level = best_displayed(s, bids)
    ask_level = best_displayed(s, asks)
    bid_key = NOTHING_SHOWN
    ask_key = NOTHING_SHOWN
    bid_quantity = 0
    ask_quantity = 0
    if bid_level >= 0:
        bid_key = key_of_level(s, bid_level)
        bid_quantity = wide(s.levels["displayed"][bid_level])
    if ask_level >= 0:
        ask_key = key_of_level(s, ask_level)
        ask_quantity = wide(s.levels["displayed"][ask_level])
    # One unpredictable branch instead of four.
    changed = (bid_key ^ s.tops["key"][top]) | (ask_key ^ s.tops["key"][top + 1])
    changed |= bid_quantity ^ s.tops["quantity"][top]
    changed |= ask_quantity ^ s.tops["quantity"][top + 1]
    if changed != 0:
        s.tops["key"][top] = bid_key
        s.tops["quantity"][top] = bid_quantity
        s.tops["key"][top + 1] = ask_key
        s.tops["quantity"][top + 1] = ask_quantity
        bid_price = bid_key if bid_quantity != 0 else 0
        book_state(s, market, bid_price, bid_quantity, -ask_key if ask_quantity != 0 else 0, ask_quantity)
