"""Matching as the rulebook tells it: one aggressor against one book, one resting order after the other.

    aggressor --> best resting order --> trade, or self-trade prevention --> next best ... until none reaches

`NaiveMatching` is the part of the venue that makes trades; `naive_book.NaiveVenue` adds the commands.
"""

from __future__ import annotations

import copy
from typing import Any

from novate.domain.terms import VenueTerms
from tests.oracle.naive_credit import NaiveCredit, fee
from tests.oracle.naive_limits import NaiveLimits
from tests.oracle.naive_state import Market, Order, must, other, reaches, triggered_by

Event = dict[str, Any]


class NaiveMatching:
    """State of the venue, trades, the end of orders, and trigger orders."""

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
        self.events: list[Event] = []
        self.touched: list[Market] = []
        """Markets that the running command has touched, in that order."""

    def emit(self, market: Market | None, ev: str, **fields: Any) -> None:
        event: Event = {"ev": ev, **fields}
        if market is not None:
            if len(self.terms.markets) > 1:
                event["market"] = market.number
            if market not in self.touched:
                self.touched.append(market)
        self.events.append(event)

    def next_priority(self) -> int:
        self.last_priority += 1
        return self.last_priority

    # -- the end of an order -------------------------------------------------------------------------

    def remove(self, market: Market, order: Order) -> None:
        market.orders.remove(order)
        if order in market.queue:
            market.queue.remove(order)
        self.credit.recompute(order.acct)

    def cancel(self, market: Market, order: Order, reason: str, ev: str = "CANCELLED") -> None:
        self.emit(market, ev, oid=order.oid, qty=order.leaves, reason=reason)
        self.remove(market, order)

    # -- matching ------------------------------------------------------------------------------------

    def run_aggressor(self, market: Market, order: Order) -> None:
        """Match an order that is in the market already, then rest or end it (R15 to R20)."""
        assert order.where == "AGGRESSOR"
        if market.state == "CONTINUOUS":
            if order.tif == "FOK" and not self.would_fill(market, order):
                self.cancel(market, order, "FOK")
                return
            self.match(market, order)
        if order not in market.orders:
            return
        if order.type == "MARKET" or order.tif in ("IOC", "FOK"):
            self.cancel(market, order, "IOC")
            return
        order.where = "BOOK"
        order.show()

    def would_fill(self, market: Market, order: Order) -> bool:
        """R20: rehearse on a copy of the whole venue and look what traded."""
        rehearsal = copy.deepcopy(self)
        rehearsal.events = []
        stage = rehearsal.markets[market.number]
        actor = must_find(stage, order.oid)
        rehearsal.match(stage, actor)
        traded: int = sum(event["qty"] for event in rehearsal.events if event["ev"] == "TRADE")
        return traded == order.leaves

    def match(self, market: Market, aggressor: Order) -> None:
        """R15: while something reaches."""
        while aggressor in market.orders:
            resting = market.best(other(aggressor.side))
            if resting is None or not reaches(aggressor.side, aggressor.price, must(resting.price)):
                return
            if self.conflict(aggressor, resting):
                self.prevent_self_trade(market, aggressor, resting)
            else:
                self.trade(market, aggressor, resting)

    def trade(self, market: Market, aggressor: Order, resting: Order) -> None:
        price, quantity = must(resting.price), min(aggressor.leaves, resting.tradable())
        resting.take(quantity)
        aggressor.take(quantity)
        self.last_tid += 1
        terms = market.terms
        notional = price * quantity * terms.notional_multiplier
        maker_fee, taker_fee = fee(terms, notional, terms.maker_ppm), fee(terms, notional, terms.taker_ppm)
        fees_on = terms.maker_ppm is not None or terms.taker_ppm is not None
        self.emit(
            market,
            "TRADE",
            tid=self.last_tid,
            maker=resting.oid,
            taker=aggressor.oid,
            side=aggressor.side,
            price=price,
            qty=quantity,
            mleft=resting.leaves,
            tleft=aggressor.leaves,
            **({"mfee": maker_fee, "tfee": taker_fee} if fees_on else {}),
        )
        if aggressor.side == "B":
            self.credit.fill(market, aggressor.acct, resting.acct, quantity, price, (taker_fee, maker_fee))
        else:
            self.credit.fill(market, resting.acct, aggressor.acct, quantity, price, (maker_fee, taker_fee))
        self.after_taking(market, resting)
        if aggressor.leaves == 0:
            self.remove(market, aggressor)
        market.last = price
        self.elect(market, price)

    def after_taking(self, market: Market, resting: Order) -> None:
        """A resting order that was used up leaves; a tranche that was used up is refreshed (R24)."""
        if resting.leaves == 0:
            self.remove(market, resting)
        elif not resting.hidden and resting.tranche == 0:
            resting.show()
            resting.priority = self.next_priority()
            self.emit(market, "REFRESHED", oid=resting.oid, disp=resting.tranche, left=resting.leaves)

    # -- self-trade prevention (R27) -----------------------------------------------------------------

    def conflict(self, aggressor: Order, resting: Order) -> bool:
        group = self.groups.get(aggressor.acct, 0)
        same = aggressor.acct == resting.acct or (group != 0 and group == self.groups.get(resting.acct, 0))
        return same and aggressor.stp != "NONE"

    def prevent_self_trade(self, market: Market, aggressor: Order, resting: Order) -> None:
        mode = aggressor.stp
        if mode in ("CANCEL_RESTING", "CANCEL_BOTH"):
            self.cancel(market, resting, "STP")
        if mode in ("CANCEL_AGGRESSING", "CANCEL_BOTH"):
            self.cancel(market, aggressor, "STP")
        if mode == "DECREMENT":
            self.decrement(market, aggressor, resting)

    def decrement(self, market: Market, aggressor: Order, resting: Order) -> None:
        quantity = min(aggressor.leaves, resting.tradable())
        resting.take(quantity)
        aggressor.take(quantity)
        self.emit(
            market,
            "STP_DECREMENT",
            maker=resting.oid,
            taker=aggressor.oid,
            price=resting.price,
            qty=quantity,
            mleft=resting.leaves,
            tleft=aggressor.leaves,
        )
        self.credit.recompute(resting.acct)
        self.credit.recompute(aggressor.acct)
        if resting.leaves == 0:
            self.cancel(market, resting, "STP")
        else:
            self.after_taking(market, resting)
        if aggressor.leaves == 0:
            self.cancel(market, aggressor, "STP")

    # -- trigger orders (R29, R30) -------------------------------------------------------------------

    def elect(self, market: Market, price: int) -> None:
        """Orders that a print reaches join the tail of the queue: up orders first, nearest stop first."""
        reached = [o for o in market.orders if o.where == "PARKED" and triggered_by(o, price)]
        up = sorted((o for o in reached if o.side == "B"), key=lambda o: (must(o.stop), o.priority))
        down = sorted((o for o in reached if o.side == "S"), key=lambda o: (-must(o.stop), o.priority))
        for order in (*up, *down):
            order.where = "ELECTED"
            market.queue.append(order)

    def activate_elected(self, market: Market) -> None:
        """One after the other, each complete before the next."""
        while market.queue and market.state == "CONTINUOUS":
            order = market.queue.pop(0)
            order.priority = self.next_priority()
            if order.type == "STOP":
                no_liquidity = market.best(other(order.side)) is None
                order.type = "MARKET"
                order.price = None if no_liquidity else market.market_limit(order.side)
            else:
                order.type, no_liquidity = "LIMIT", False
            self.emit(market, "TRIGGERED", oid=order.oid, price=order.price, qty=order.leaves)
            if no_liquidity:
                self.cancel(market, order, "NO_LIQUIDITY")
            elif not self.credit.affordable(market, order, order.leaves, order.price):
                self.cancel(market, order, "CREDIT")
            else:
                order.where = "AGGRESSOR"
                self.credit.recompute(order.acct)
                self.run_aggressor(market, order)


def must_find(market: Market, oid: int) -> Order:
    return next(order for order in market.orders if order.oid == oid)
