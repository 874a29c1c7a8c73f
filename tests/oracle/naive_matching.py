"""Matching as the rulebook tells it: one aggressor against one book, one level after the other.

    aggressor --> best opposite level --> collar --> trade, or self-trade prevention --> next ...
                                                     FIFO: with the first order of the level
                                                     PRO_RATA: a round of all its displayed orders

An aggressor is complete when it has rested or ended, the market has halted if it must, and market makers are
protected.
"""

from __future__ import annotations

import copy

from tests.oracle.naive_allocation import make_top, shares
from tests.oracle.naive_credit import fee
from tests.oracle.naive_endings import NaiveEndings
from tests.oracle.naive_prints import print_at
from tests.oracle.naive_protection import count_for_protection, outside_collar
from tests.oracle.naive_state import RESTING_TIFS, Market, Order, must, other, reaches
from tests.oracle.naive_timers import enter_call, set_call_timer, void_call_timer


class NaiveMatching(NaiveEndings):
    """Trades and self-trade prevention in continuous trading."""

    # -- an aggressor from beginning to end ----------------------------------------------------------

    def run_aggressor(self, market: Market, order: Order) -> None:
        """Match an order that is in the market already, then rest or end it (R15 to R20, R26)."""
        assert order.where == "AGGRESSOR"
        reason = self._entry_condition(market, order) if market.state == "CONTINUOUS" else None
        order.min_qty = None
        if reason is not None:
            self.cancel(market, order, reason)
            return
        within_collar = self.match(market, order) if market.state == "CONTINUOUS" else True
        if not within_collar:
            self.cancel(market, order, "COLLAR")
            if market.terms.collar_action == "HALT":
                self.change_state(market, "HALTED", "COLLAR")
            elif market.terms.collar_action == "AUCTION":
                self.change_state(market, "AUCTION_CALL", "COLLAR")
                enter_call(market, "INTRADAY")
                set_call_timer(self, market, "CONTINUOUS", market.terms.volatility_call)
        elif order in market.orders:
            self._rest_or_end(market, order)
        self.protect_market_makers(market)

    def _entry_condition(self, market: Market, order: Order) -> str | None:
        """FOK or MIN_QTY if a rehearsal trades too little."""
        if order.tif == "FOK" and self.would_trade(market, order) < order.leaves:
            return "FOK"
        if order.min_qty is not None and self.would_trade(market, order) < order.min_qty:
            return "MIN_QTY"
        return None

    def would_trade(self, market: Market, order: Order) -> int:
        """R20: rehearse on a copy of the whole venue and look what traded."""
        rehearsal = copy.deepcopy(self)
        rehearsal.events = []
        stage = rehearsal.markets[market.number]
        actor = next(o for o in stage.orders if o.oid == order.oid)
        rehearsal.match(stage, actor)
        return sum(event["qty"] for event in rehearsal.events if event["ev"] == "TRADE")

    def _rest_or_end(self, market: Market, order: Order) -> None:
        if order.type == "MARKET" and self._may_rest(market, order):
            # A limit beyond the market's highest price would trade at a price that nobody may name.
            order.type, order.price = "LIMIT", min(must(order.price), market.terms.max_price)
            self.credit.recompute(order.acct)
        if order.type == "MARKET" or order.tif in ("IOC", "FOK"):
            self.cancel(market, order, "IOC")
            return
        order.where = "BOOK"
        order.show()
        make_top(market, order)

    def _may_rest(self, market: Market, order: Order) -> bool:
        """R17: what is left of a MARKET order rests only where a protection bounds it."""
        return market.terms.protection is not None and order.tif in RESTING_TIFS and not order.reduce_only

    def change_state(self, market: Market, to: str, reason: str) -> None:
        self.emit(market, "STATE", **{"from": market.state, "to": to, "reason": reason})
        market.state = to
        void_call_timer(self, market)

    def protect_market_makers(self, market: Market) -> None:
        """R46: accounts in order; each loses its flagged orders."""
        due = sorted(market.due)
        market.due.clear()
        for account in due:
            market.stopped.add(account)
            self.emit(market, "MMP_TRIGGERED", acct=account)
            flagged = [order for order in market.orders if order.acct == account and order.mmp]
            self.cancel_all(market, flagged, "MMP")

    # -- levels (R15) --------------------------------------------------------------------------------

    def match(self, market: Market, aggressor: Order) -> bool:
        """R15: while something reaches. False: a level outside the collar stopped it."""
        base = market.trigger_reference()
        while aggressor in market.orders:
            best = market.best(other(aggressor.side))
            if best is None or not reaches(aggressor.side, aggressor.price, must(best.price)):
                return True
            if outside_collar(market.terms, base, must(best.price)):
                return False
            shown = [o for o in market.resting(best.side) if o.price == best.price and not o.hidden]
            if market.terms.alloc == "FIFO" or not shown:
                self._match_one(market, aggressor, best)
            else:
                self._match_round(market, aggressor, shown)
        return True

    def _match_one(self, market: Market, aggressor: Order, resting: Order) -> None:
        if self.conflict(aggressor, resting):
            self.prevent_self_trade(market, aggressor, resting)
        else:
            self.trade(market, aggressor, resting, min(aggressor.leaves, resting.tradable()))

    def _match_round(self, market: Market, aggressor: Order, shown: list[Order]) -> None:
        """R28: own orders first, one by one; a round (R47) only when there is none."""
        own = [order for order in shown if self.conflict(aggressor, order)]
        if own:
            self.prevent_self_trade(market, aggressor, own[0])
            return
        for resting, quantity in zip(shown, shares(market.terms, aggressor.leaves, shown), strict=True):
            if quantity:
                self.trade(market, aggressor, resting, quantity)

    # -- one trade -----------------------------------------------------------------------------------

    def trade(self, market: Market, aggressor: Order, resting: Order, quantity: int) -> None:
        price = must(resting.price)
        resting.fill(quantity)
        aggressor.fill(quantity)
        terms = market.terms
        notional = price * quantity * terms.notional_multiplier
        maker_fee, taker_fee = fee(terms, notional, terms.maker_ppm), fee(terms, notional, terms.taker_ppm)
        self.emit(
            market,
            "TRADE",
            tid=self.next_tid(),
            maker=resting.oid,
            taker=aggressor.oid,
            side=aggressor.side,
            price=price,
            qty=quantity,
            mleft=resting.leaves,
            tleft=aggressor.leaves,
            **({"mfee": maker_fee, "tfee": taker_fee} if terms_have_fees(market) else {}),
        )
        if aggressor.side == "B":
            self.credit.fill(market, aggressor.acct, resting.acct, quantity, price, (taker_fee, maker_fee))
        else:
            self.credit.fill(market, resting.acct, aggressor.acct, quantity, price, (maker_fee, taker_fee))
        self.limits.count_trade(aggressor.acct, resting.acct)
        print_at(market, price)
        count_for_protection(market, resting, self.now, quantity)
        self.after_taking(market, resting)
        if aggressor.leaves == 0:
            self.remove(market, aggressor)
        self.break_pair(market, resting)
        self.break_pair(market, aggressor)

    def after_taking(self, market: Market, resting: Order) -> None:
        """A resting order that was used up leaves; a tranche that was used up is refreshed (R24)."""
        if resting.leaves == 0:
            self.remove(market, resting)
        elif not resting.hidden and resting.tranche == 0:
            resting.show()
            resting.priority = self.next_priority()
            resting.is_top = False
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
        resting.decrement(quantity)
        aggressor.decrement(quantity)
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


def terms_have_fees(market: Market) -> bool:
    """R50."""
    return market.terms.maker_ppm is not None or market.terms.taker_ppm is not None
