"""Activation of elected trigger orders (R30): one after the other, each complete before the next.

    queue head --> new priority number --> TRIGGERED --> its OCO sibling goes --> credit (K7) --> aggressor

STOP, TRAILING_STOP and IF_TOUCHED without a price become MARKET orders, the others LIMIT orders.
"""

from __future__ import annotations

from tests.oracle.naive_matching import NaiveMatching
from tests.oracle.naive_state import Market, Order, other


class NaiveTriggers(NaiveMatching):
    def activate_elected(self, market: Market) -> None:
        """Of a combination's markets the first that has any is next: near, far, combination (R72)."""
        linked = self.linked(market)
        while waiting := [each for each in linked if each.queue and each.state == "CONTINUOUS"]:
            self._activate_head(waiting[0])

    def _activate_head(self, market: Market) -> None:
        order = market.queue.pop(0)
        order.priority = self.next_priority()
        if order.reduce_only and not self._cap(market, order):
            self.emit(market, "TRIGGERED", oid=order.oid, price=None, qty=0)
            self.cancel(market, order, "REDUCE_ONLY")
        else:
            self._activate(market, order)

    def _cap(self, market: Market, order: Order) -> bool:
        """R35: no more than closes the position; False if there is none."""
        room = self.room_to_reduce(market, order.acct, order.side)
        if room > 0:
            order.drop(order.leaves - min(order.leaves, room))
        return room > 0

    def room_to_reduce(self, market: Market, acct: int, side: str) -> int:
        position = self.credit.positions[acct, market.number]
        return max(0, -position) if side == "B" else max(0, position)

    def _activate(self, market: Market, order: Order) -> None:
        no_liquidity = order.price is None and market.best(other(order.side)) is None
        if order.price is None:
            order.type = "MARKET"
            order.price = None if no_liquidity else market.market_limit(order.side)
        else:
            order.type = "LIMIT"
        self.emit(market, "TRIGGERED", oid=order.oid, price=order.price, qty=order.leaves)
        self.break_pair(market, order)
        if no_liquidity:
            self.cancel(market, order, "NO_LIQUIDITY")
        elif not self.credit.affordable(market, order, order.leaves, order.price):
            self.cancel(market, order, "CREDIT")
        else:
            order.where = "AGGRESSOR"
            self.credit.recompute(order.acct)
            self.run_aggressor(market, order)
