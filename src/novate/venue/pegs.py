"""Where a pegged order belongs (R67): next to a displayed price, within its own bound.

    displayed 99 x 102      PRIMARY  buy at 99    sell at 102
                            MID      buy at 100   sell at 101      rounded away from the other side
                            MARKET   buy at 102   sell at 99
                            + offset; a buy at most, a sell at least at its bound

A pegged order is hidden, so it never moves the prices that it follows.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.book import ladder_of, opposite
from novate.venue.cells import NO_PRICE
from novate.venue.constants import BUY, F_PRICE, PEG_MID, PEG_PRIMARY
from novate.venue.ladder import best_displayed, key_of_level
from novate.venue.layout import Tables
from novate.venue.prices import is_quotable


@kernel
def displayed_price(s: Tables, market: int, side: int) -> int:
    """Best price that a side shows, NO_PRICE if it shows nothing."""
    level = best_displayed(s, ladder_of(market, side))
    if level < 0:
        return NO_PRICE
    key = key_of_level(s, level)
    return key if side == BUY else -key


@kernel
def _followed(s: Tables, market: int, side: int, peg: int) -> int:
    """The price that a peg follows, NO_PRICE while it is missing."""
    own = displayed_price(s, market, side)
    if peg == PEG_PRIMARY:
        return own
    other = displayed_price(s, market, opposite(side))
    if peg != PEG_MID:
        return other
    if own == NO_PRICE or other == NO_PRICE:
        return NO_PRICE
    # A shift rounds down, below zero too.
    return (own + other) >> 1 if side == BUY else (own + other + 1) >> 1


@kernel
def _target(s: Tables, market: int, side: int, peg: int, offset: int, bound: int) -> int:
    price = _followed(s, market, side, peg)
    if price == NO_PRICE:
        return NO_PRICE
    price += offset
    if bound != NO_PRICE:
        price = min(price, bound) if side == BUY else max(price, bound)
    return price if is_quotable(s, market, price) else NO_PRICE


@kernel
def target_of_new(s: Tables, i: int, market: int) -> int:
    """Target of the pegged order that a command asks for, NO_PRICE if there is none now."""
    bound = NO_PRICE
    if wide(s.commands["flags"][i]) & F_PRICE != 0:
        bound = wide(s.commands["price"][i])
    peg = wide(s.staged["order_type"][0])
    return _target(s, market, wide(s.commands["side"][i]), peg, wide(s.staged["price"][0]), bound)


@kernel
def target_of(s: Tables, market: int, row: int) -> int:
    """Target of a pegged order now, NO_PRICE if there is none."""
    extra = wide(s.orders["extra"][row])
    peg = wide(s.extras["peg"][extra])
    offset = wide(s.extras["peg_offset"][extra])
    bound = wide(s.extras["peg_limit"][extra])
    return _target(s, market, wide(s.orders["side"][row]), peg, offset, bound)
