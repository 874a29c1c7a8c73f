"""What a print does (R8): it is the last price, moves trailing stops, and elects trigger orders.

TRADE or AUCTION_TRADE at p --> last = p --> trailing stops follow p --> orders that p reaches join the queue
"""

from __future__ import annotations

from tests.oracle.naive_state import Market, Order, is_reached, must, rises


def print_at(market: Market, price: int) -> None:
    market.last = price
    for order in parked(market):
        if order.type == "TRAILING_STOP":
            best = max if order.side == "S" else min
            trail_from(order, best(must(order.anchor), price))
    elect(market, price)


def trail_from(order: Order, anchor: int) -> None:
    """R32: the stop keeps its distance from the anchor, and its priority number."""
    order.anchor = anchor
    order.stop = anchor + must(order.trail) * (1 if order.side == "B" else -1)


def elect(market: Market, price: int) -> None:
    """Orders that a print reaches join the tail of the queue: up orders first, nearest stop first (R29)."""
    reached = [o for o in parked(market) if is_reached(o.side, o.type, must(o.stop), price)]
    up = sorted((o for o in reached if rises(o.side, o.type)), key=lambda o: (must(o.stop), o.priority))
    down = sorted(
        (o for o in reached if not rises(o.side, o.type)), key=lambda o: (-must(o.stop), o.priority)
    )
    for order in (*up, *down):
        order.where = "ELECTED"
        market.queue.append(order)


def parked(market: Market) -> list[Order]:
    return [order for order in market.orders if order.where == "PARKED"]
