"""The venue's own state, and how orders end.

venue --- markets, credit, limits, clock, the last order id, trade id and priority number
cancel(order) --> CANCELLED or EXPIRED --> gone, and the other leg of its OCO pair is CANCELLED OCO
"""

from __future__ import annotations

from typing import Any

from novate.domain.terms import VenueTerms
from tests.oracle.naive_credit import NaiveCredit
from tests.oracle.naive_limits import NaiveLimits
from tests.oracle.naive_state import Market, Order
from tests.oracle.naive_timers import Timer

Event = dict[str, Any]


class NaiveEndings:
    """State of the venue, its events, and the end of orders."""

    def __init__(self, terms: VenueTerms) -> None:
        self.terms = terms
        self.markets = [
            Market(terms=market, state=market.initial_state, reference_price=market.reference_price)
            for market in terms.markets
        ]
        self.credit = NaiveCredit(terms, self.markets)
        self.limits = NaiveLimits(terms, self.markets, self.credit)
        self.groups = {account.account: account.stp_group for account in terms.accounts}
        self.now = 0
        self.last_oid = 0
        self.last_tid = 0
        self.last_priority = 0
        self.timers: list[Timer] = []
        """Everything that the clock has still to bring (R57), in no order."""
        self.last_timer = 0
        self.events: list[Event] = []
        self.touched: list[Market] = []
        """Markets that the running command has touched, in that order."""

    def emit(self, market: Market | None, ev: str, **fields: Any) -> None:
        event: Event = {"ev": ev, **fields}
        if market is not None:
            if len(self.terms.markets) > 1:
                event["market"] = market.number
            self.touch(market)
        self.events.append(event)

    def touch(self, market: Market) -> None:
        if market not in self.touched:
            self.touched.append(market)

    def next_priority(self) -> int:
        self.last_priority += 1
        return self.last_priority

    def next_tid(self) -> int:
        self.last_tid += 1
        return self.last_tid

    def remove(self, market: Market, order: Order) -> None:
        market.orders.remove(order)
        if order in market.queue:
            market.queue.remove(order)
        self.credit.recompute(order.acct)

    def cancel(self, market: Market, order: Order, reason: str, ev: str = "CANCELLED") -> None:
        self.emit(market, ev, oid=order.oid, qty=order.leaves, reason=reason)
        self.remove(market, order)
        self.break_pair(market, order)

    def cancel_all(self, market: Market, orders: list[Order], reason: str, ev: str = "CANCELLED") -> int:
        """In order, but for those that left with their sibling. How many went, siblings included."""
        before = len(market.orders)
        for order in orders:
            if order in market.orders:
                self.cancel(market, order, reason, ev)
        return before - len(market.orders)

    def after_taking(self, market: Market, resting: Order) -> None:
        """A resting order that was used up leaves; a tranche that was used up is refreshed (R24)."""
        if resting.leaves == 0:
            self.remove(market, resting)
        elif not resting.hidden and resting.tranche == 0:
            resting.show()
            resting.priority = self.next_priority()
            resting.is_top = False
            self.emit(market, "REFRESHED", oid=resting.oid, disp=resting.tranche, left=resting.leaves)

    def break_pair(self, market: Market, order: Order) -> None:
        """R34: a fill, an activation or the end of a leg cancels the other leg."""
        sibling = order.sibling
        if sibling is not None:
            order.sibling = sibling.sibling = None
            self.cancel(market, sibling, "OCO")
