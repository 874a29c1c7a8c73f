"""How a level is shared out: pro rata in rounds, with a FIFO part and a TOP order (R47 to R49).

leaves R of the aggressor, displayed quantities d of the level
    R >= sum(d)   everyone gets all of it
    else          TOP order, then the FIFO part, then floor(B * d' / D'), then the rest in time order
"""

from __future__ import annotations

from novate.domain.instruments import MarketTerms
from tests.oracle.naive_state import Market, Order, must


def shares(terms: MarketTerms, leaves: int, orders: list[Order]) -> list[int]:
    """What each displayed order of the level gets in this round; `orders` in priority order."""
    shown = [order.tranche for order in orders]
    if leaves >= sum(shown):
        return shown
    got = [0] * len(orders)
    if terms.top_order:
        give(got, leaves, [order.tranche if order.is_top else 0 for order in orders])
    if terms.alloc == "FIFO_PRO_RATA":
        give(got, (leaves - sum(got)) * terms.fifo_pct // 100, shown)
    base = leaves - sum(got)
    wanted = [all_of_it - some for all_of_it, some in zip(shown, got, strict=True)]
    for at, want in enumerate(wanted):
        share = base * want // sum(wanted)
        got[at] += share if share >= terms.pr_min else 0
    give(got, leaves - sum(got), shown)
    return got


def give(got: list[int], quantity: int, most: list[int]) -> None:
    """Hand out `quantity` in priority order, each order up to its `most`."""
    for at, bound in enumerate(most):
        more = min(quantity, max(0, bound - got[at]))
        got[at] += more
        quantity -= more


def make_top(market: Market, order: Order) -> None:
    """R49: an order that has just entered the book with a price better than every other displayed one."""
    if not market.terms.top_order or order.hidden or market.state != "CONTINUOUS":
        return
    others = [o for o in market.resting(order.side) if o is not order and not o.hidden]
    sign = -1 if order.side == "B" else 1
    if all(sign * must(order.price) < sign * must(o.price) for o in others):
        lose_tops(market, order.side)
        order.is_top = True


def lose_tops(market: Market, sides: str = "BS") -> None:
    for order in market.orders:
        if order.side in sides:
            order.is_top = False
