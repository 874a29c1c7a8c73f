"""Orders that only an auction may trade: AT_OPEN and AT_CLOSE wait in ladders of their own (R22).

    open bids   [no limit: C, A] [101: B] [100: D]      best first: no limit, then the better price, then age

They are never in the book and never in BOOK_STATE; the uncross of their kind takes them from here.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.book import append_displayed, key_of, unlink_displayed
from novate.venue.cells import (
    ANY_PRICE_KEY,
    AUCTION_ONLY,
    CLOSE_ASKS,
    CLOSE_BIDS,
    NO_PRICE,
    OPEN_ASKS,
    OPEN_BIDS,
)
from novate.venue.constants import AT_OPEN, BUY
from novate.venue.features import auction_ladder, stamp
from novate.venue.ladder import ensure_level, mark, remove_block
from novate.venue.layout import Tables


@inlined
def auction_key(side: int, price: int) -> int:
    """Price key of an auction-only order: one without a limit is better than every price."""
    return ANY_PRICE_KEY if price == NO_PRICE else key_of(side, price)


@inlined
def ladder_of_auction(s: Tables, features: int, tif: int, side: int) -> int:
    """Row of the ladder on which auction-only orders of a side wait."""
    if tif == AT_OPEN:
        return auction_ladder(s, features, OPEN_BIDS if side == BUY else OPEN_ASKS)
    return auction_ladder(s, features, CLOSE_BIDS if side == BUY else CLOSE_ASKS)


@inlined
def _own_ladder(s: Tables, row: int) -> int:
    features = wide(s.markets["features"][s.orders["market"][row]])
    return ladder_of_auction(s, features, wide(s.orders["tif"][row]), wide(s.orders["side"][row]))


@kernel
def enter_auction(s: Tables, row: int) -> None:
    """Wait for the auction behind the orders of the same price."""
    stamp(s, row)
    key = auction_key(wide(s.orders["side"][row]), wide(s.orders["price"][row]))
    level = ensure_level(s, _own_ladder(s, row), key)
    append_displayed(s, level, row)
    s.levels["total"][level] += wide(s.orders["leaves"][row])
    mark(s, level)
    s.orders["status"][row] = AUCTION_ONLY


@cold
def leave_auction(s: Tables, row: int) -> None:
    """Take an auction-only order away with whatever it still has."""
    level = wide(s.orders["level"][row])
    unlink_displayed(s, level, row)
    s.levels["total"][level] -= wide(s.orders["leaves"][row])
    if mark(s, level) == 0:
        remove_block(s, _own_ladder(s, row), level >> 5)


@kernel
def shrink_auction(s: Tables, row: int, quantity: int) -> None:
    """An auction-only order lost lots, and keeps its place."""
    s.orders["leaves"][row] = wide(s.orders["leaves"][row]) - quantity
    s.orders["done"][row] = wide(s.orders["done"][row]) + quantity
    s.levels["total"][wide(s.orders["level"][row])] -= quantity
