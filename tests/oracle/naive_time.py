"""What the clock brings to markets, and changes of state whoever asks for them (R40, R57 to R60).

STATE command --+
schedule -------+--> ask_for_state --> extended: EXTENDED, the call timer asks again
call timer -----+                  --> uncross --> STATE --> DAY expiries
"""

from __future__ import annotations

from typing import Any

from tests.oracle.naive_allocation import lose_tops
from tests.oracle.naive_auction import NaiveAuctions, auction_of
from tests.oracle.naive_state import Market
from tests.oracle.naive_timers import LAST_TIME, Timer, enter_call, make_timer, set_call_timer

Command = dict[str, Any]
MOST_TIMERS = 65_536


def kind_of_call(c: Command) -> str:
    """The auction kind of a command; a number that is none is INTRADAY."""
    kind = c.get("auction")
    return kind if kind in ("OPEN", "CLOSE") else "INTRADAY"


class NaiveTime(NaiveAuctions):
    # -- changes of state ----------------------------------------------------------------------------

    def ask_for_state(self, market: Market, to: str, auction: str, reason: str) -> None:
        """R40: uncross, end of its auction-only orders, STATE, DAY expiries; or R60 instead of it all."""
        left = market.state
        closing = left == "AUCTION_CALL" and market.auction == "CLOSE" and to == "CLOSED"
        uncrosses = to == "CONTINUOUS" or closing
        if uncrosses and self._is_extended(market, to):
            return
        lose_tops(market)
        if uncrosses:
            kinds = {"AUCTION_CALL": market.auction, "PRE_OPEN": "OPEN"}
            self.uncross(market, kinds.get(left, "INTRADAY"))
        self.change_state(market, to, reason)
        if to == "AUCTION_CALL":
            enter_call(market, auction)
        if to == "CLOSED":
            ended = [order for order in market.orders if order.tif == "DAY" or order.is_auction_only]
            self.cancel_all(market, ended, "DAY", ev="EXPIRED")

    def _is_extended(self, market: Market, to: str) -> bool:
        """R60: the price of the auction is too far from the trigger reference."""
        terms, reference = market.terms, market.trigger_reference()
        if market.state != "AUCTION_CALL" or terms.auction_band is None or reference is None:
            return False
        price, _, _ = auction_of(market, market.auction)
        if price is None or abs(price - reference) <= terms.auction_band:
            return False
        if market.extensions >= terms.max_extensions or self.now == LAST_TIME:
            return False
        market.extensions += 1
        until = set_call_timer(self, market, to, terms.extension)
        self.emit(market, "EXTENDED", price=price, until=until, count=market.extensions)
        return True

    # -- the clock -----------------------------------------------------------------------------------

    def fire_timers(self) -> None:
        """R57: one after the other, each with all that it leads to."""
        while due := [timer for timer in self.timers if timer.at <= self.now]:
            timer = min(due, key=lambda timer: (timer.at, timer.number))
            self.timers.remove(timer)
            self._fire(timer)

    def _fire(self, timer: Timer) -> None:
        market = self.markets[timer.market]
        same_call = market.state != "AUCTION_CALL" or market.auction == timer.auction
        if market.state == timer.to and same_call:
            return
        self.ask_for_state(market, timer.to, timer.auction, timer.reason)
        self.activate_elected(market)
        self.attend(market)

    def attend(self, market: Market) -> None:
        """R66, which belongs to a timer as to a command."""
        raise NotImplementedError

    # -- SCHEDULE (R58) ------------------------------------------------------------------------------

    def _schedule(self, c: Command, market: Market) -> None:
        if c.get("clear"):
            mine = [t for t in self.timers if t.market == market.number and t.reason == "SCHEDULE"]
            self.timers = [timer for timer in self.timers if timer not in mine]
            self.emit(market, "SCHEDULE_CLEARED", count=len(mine))
            return
        reason = None
        if c["to"].startswith("?"):
            reason = "INVALID_TRANSITION"
        elif c["at"] <= self.now:
            reason = "INVALID_TIME"
        elif len(self.timers) >= MOST_TIMERS:
            reason = "TOO_MANY_TIMERS"
        if reason is not None:
            self._reject(c, market, reason)
            return
        timer = make_timer(self, market, c["at"], c["to"], kind_of_call(c), "SCHEDULE")
        auction = timer.auction if timer.to == "AUCTION_CALL" else None
        self.emit(market, "SCHEDULED", number=timer.number, at=timer.at, to=timer.to, auction=auction)

    def _reject(self, c: Command, market: Market | None, reason: str, cid: int | None = None) -> None:
        raise NotImplementedError
