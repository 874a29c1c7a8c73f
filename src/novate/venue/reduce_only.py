"""Reduce-only orders: they may only bring a position nearer to zero (R35).

position +10:  a sell of 25 becomes a sell of 10, a buy is refused REDUCE_ONLY
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.balances import find_position
from novate.venue.constants import BUY
from novate.venue.layout import Tables


@kernel
def room_to_reduce(s: Tables, market: int, account: int, side: int) -> int:
    """Lots by which an order of this side may reduce the account's position."""
    row = find_position(s, account, market)
    if s.positions["used"][row] == 0:
        return 0
    position = wide(s.positions["position"][row])
    return max(0, -position if side == BUY else position)
