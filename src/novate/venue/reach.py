"""How far an order may trade: its limit, or beyond it by its discretion (R68).

    buy 100, discretion 3     rests and is shown at 100, trades up to 103, reserves at 103 as long as it lives
    sell 100, discretion 3    rests and is shown at 100, trades down to 97
    any other order           its limit; NO_PRICE stays NO_PRICE

What an order holds is worked out at this price, wherever credit and limits ask for one.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.cells import ALL_OR_NONE, AUCTION_ONLY, DISCRETIONARY, RESTING, WAITING
from novate.venue.constants import BUY
from novate.venue.layout import Tables


@inlined
def reach_of(s: Tables, row: int, price: int) -> int:
    """The furthest price at which an order with this limit may trade."""
    if wide(s.orders["traits"][row]) & DISCRETIONARY != 0:
        return _beyond(s, row, price)
    return price


@cold
def _beyond(s: Tables, row: int, price: int) -> int:
    ticks = wide(s.extras["discretion"][s.orders["extra"][row]])
    return price + ticks if s.orders["side"][row] == BUY else price - ticks


@inlined
def held_price(s: Tables, row: int) -> int:
    """The price at which an order reserves and counts against limits."""
    return reach_of(s, row, wide(s.orders["price"][row]))


@kernel
def is_open(s: Tables, row: int) -> bool:
    """Does an order that waits somewhere reserve credit? Parked orders and pegs without a target do not."""
    status = wide(s.orders["status"][row])
    if status == WAITING:
        return wide(s.orders["traits"][row]) & ALL_OR_NONE != 0
    return status == RESTING or status == AUCTION_ONLY
