"""The naive venue: the rulebook read aloud in plain Python, the twin of the fast one.

    NaiveVenue(terms).apply({"cmd": "NEW", "acct": 1, "cid": 1, "side": "B", "qty": 5, "price": 100})
        -> [{"ev": "ACCEPTED", "oid": 1, ...}, {"ev": "BOOK_STATE", ...}]

Commands and events are the JSON objects of the scenario format (docs/scenario-format.md). Every list is
searched from its beginning and every sum is taken afresh: the cost of a command grows with the book.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.oracle.naive_attention import NaiveAttention, target_of
from tests.oracle.naive_combinations import implied_tops
from tests.oracle.naive_control import TRADING, NaiveControl
from tests.oracle.naive_ladder import post_only_price, refuse_amend, refuse_new, refuse_pair
from tests.oracle.naive_prints import trail_from
from tests.oracle.naive_records import command_of
from tests.oracle.naive_state import Market, Order, must, other

Command = dict[str, Any]
Event = dict[str, Any]

NEW_DEFAULTS: Command = {
    "type": "LIMIT", "tif": "GTC", "price": None, "stop": None, "trail": None, "display": None,
    "hidden": False, "post_only": False, "min_qty": None, "expire": None, "stp": None, "reduce_only": False,
    "session": 0, "mmp": False, "peg": None, "offset": 0, "discretion": None, "aon": False,
}  # fmt: skip
AMEND_DEFAULTS: Command = {"qty": None, "price": None, "stop": None, "display": None, "trail": None}
WITHOUT_MARKET = ("TIME", "CREDIT", "SET_LIMIT", "KILL", "REVIVE", "DISCONNECT")
PARKED_WORDS = {"PARKED": "TRIGGER", "ELECTED": "ELECTED", "AUCTION": "AUCTION"}


class NaiveVenue(NaiveAttention, NaiveControl):
    """Apply commands one at a time; `events` of the last one are returned."""

    def apply(self, command: Command | np.void) -> list[Event]:
        """Events of one command: a JSON command of the scenario format, or a COMMAND record."""
        self.events, self.touched = [], []
        c = dict(command) if isinstance(command, dict) else command_of(command)
        if c["cmd"] in ("CONFIGURATION", "EVIDENCE"):
            # It only takes a sequence number.
            return []
        market = self._own_market(c)
        if market is not None:
            self.touched.append(market)
        self._advance_clock(c.get("t"))
        refusal = self._refuse_before_ladder(c, market)
        if refusal is not None:
            self._reject(c, market, refusal)
        else:
            getattr(self, "_" + c["cmd"].lower())(c, market)
        if market is not None:
            self.activate_elected(market)
            self.attend(market)
        self._publish()
        return self.events

    def book(self, market: int = 0) -> Event:
        """R53, the answer to a BOOK query."""
        room = self.markets[market]
        parked = [order for order in room.orders if waits_as(order) is not None]
        return {
            "last": room.last,
            "bids": [[o.price, o.oid, o.tranche, o.leaves] for o in room.resting("B")],
            "asks": [[o.price, o.oid, o.tranche, o.leaves] for o in room.resting("S")],
            "parked": [[o.oid, waits_as(o), o.stop, o.leaves] for o in parked],
        }

    # -- around every command ------------------------------------------------------------------------

    def _own_market(self, c: Command) -> Market | None:
        number = c.get("market", 0)
        if c["cmd"] in WITHOUT_MARKET or not 0 <= number < len(self.markets):
            return None
        return self.markets[number]

    def _advance_clock(self, t: int | None) -> None:
        """R3 and R21: GTD orders of all markets expire in (expire, oid) order."""
        self.now = max(self.now, t or 0)
        due = [
            (must(order.expire), order.oid, market, order)
            for market in self.markets
            for order in market.orders
            if order.tif == "GTD" and must(order.expire) <= self.now
        ]
        for _, _, market, order in sorted(due, key=lambda entry: entry[:2]):
            self.cancel_all(market, [order], "GTD", ev="EXPIRED")
        self.fire_timers()

    def _refuse_before_ladder(self, c: Command, market: Market | None) -> str | None:
        if c["cmd"].startswith("?"):
            return "UNKNOWN_COMMAND"
        if market is None and c["cmd"] not in WITHOUT_MARKET:
            return "UNKNOWN_MARKET"
        known_only = self.terms.check_accounts or self.terms.limits
        if (
            known_only
            and c["cmd"] != "SET_LIMIT"
            and c.get("acct") is not None
            and c["acct"] not in self.groups
        ):
            return "UNKNOWN_ACCOUNT"
        if c["cmd"] not in TRADING:
            return None
        return self.refuse_killed(c["acct"]) or self.limits.refuse_message(c["acct"], self.now)

    def _publish(self) -> None:
        """R43 and R52, the command's own market first."""
        for market in self.touched:
            self.publish_indicative(market)
            top = market.top()
            if top != market.published:
                market.published = top
                bid, bid_qty, ask, ask_qty = top
                self.emit(market, "BOOK_STATE", bid=bid, bid_qty=bid_qty, ask=ask, ask_qty=ask_qty)
        self.publish_implied()

    # -- orders --------------------------------------------------------------------------------------

    def _new(self, c: Command, market: Market) -> None:
        order, reason = self.admit(market, c)
        if reason is not None or order is None:
            self._reject(c, market, must(reason))
            return
        self._accept(market, order)
        if order.where == "AGGRESSOR":
            self.run_aggressor(market, order)

    def admit(self, market: Market, c: Command) -> tuple[Order | None, str | None]:
        """The order that a NEW asks for, or why it is refused."""
        c = NEW_DEFAULTS | c
        if reason := self._refuse_new(market, c):
            return None, reason
        order = self._order(c, market)
        return order, self._refuse_credit(market, order) or self._refuse_limits(market, order)

    def _new_oco(self, c: Command, market: Market) -> None:
        """R34: both legs or none; the limit leg enters when both are accepted."""
        first = NEW_DEFAULTS | c["limit"] | {"acct": c["acct"]}
        second = None if c["stop"] is None else NEW_DEFAULTS | c["stop"] | {"acct": c["acct"]}
        if (reason := refuse_pair(market, first, second)) or second is None:
            self._reject(c, market, must(reason))
            return
        for leg in (first, second):
            if reason := self._refuse_new(market, leg):
                self._reject(c, market, reason, leg["cid"])
                return
        limit, trigger = self._order(first, market), self._order(second, market)
        if reason := self._refuse_credit(market, limit) or self._refuse_limits(market, limit):
            self._reject(c, market, reason, limit.cid)
            return
        if reason := self._refuse_limits(market, trigger, 2):
            self._reject(c, market, reason, trigger.cid)
            return
        limit.sibling, trigger.sibling = trigger, limit
        self._accept(market, limit)
        self._accept(market, trigger)
        if limit.where == "AGGRESSOR":
            self.run_aggressor(market, limit)

    def _refuse_new(self, market: Market, c: Command) -> str | None:
        room = self.room_to_reduce(market, c["acct"], c["side"])
        return refuse_new(market, self.now, c, room, self.terms.positions)

    def _refuse_credit(self, market: Market, order: Order) -> str | None:
        """K3, K7: a parked order needs nothing."""
        if (
            order.is_trigger
            or is_peg_without_target(order)
            or self.credit.affordable(market, order, order.leaves, order.price)
        ):
            return None
        return "INSUFFICIENT_CREDIT"

    def _refuse_limits(self, market: Market, order: Order, orders: int = 1) -> str | None:
        return self.limits.refuse_new(market, order, orders) if self.limits.is_on else None

    def _order(self, c: Command, market: Market) -> Order:
        """The order that a NEW asks for, after every change that the rules make to it on entry."""
        price, qty, kind = c["price"], c["qty"], c["type"]
        order = Order(
            oid=0, acct=c["acct"], cid=c["cid"], market=market.number, side=c["side"], type=kind,
            tif=c["tif"], qty=qty, leaves=qty, price=price, stop=c["stop"], display=c["display"],
            hidden=c["hidden"], post_only=c["post_only"], expire=c["expire"],
            stp=c["stp"] or market.terms.stp_default, session=c["session"], priority=0, trail=c["trail"],
            min_qty=c["min_qty"], reduce_only=c["reduce_only"], mmp=c["mmp"], peg=c["peg"],
            offset=c["offset"], discretion=c["discretion"], aon=c["aon"],
        )  # fmt: skip
        if order.peg is not None:
            order.hidden, order.bound = True, price
            order.price = target_of(market, order)
        if kind == "MARKET" and not order.is_auction_only:
            order.price = market.market_limit(order.side)
        elif kind == "MTL":
            order.type, order.price = "LIMIT", market.touch(other(order.side))
        elif kind == "TRAILING_STOP":
            trail_from(order, must(market.trigger_reference()))
        elif order.post_only:
            order.price = must(post_only_price(market, order.side, price))
        if order.reduce_only and not order.is_trigger:
            order.qty = order.leaves = min(qty, self.room_to_reduce(market, order.acct, order.side))
        return order

    def _accept(self, market: Market, order: Order) -> None:
        """A STOP_LIMIT shows its limit, and neither matches nor reserves before it is activated."""
        self.last_oid += 1
        order.oid = self.last_oid
        order.priority = self.next_priority()
        waits = "AUCTION" if order.is_auction_only else "AGGRESSOR"
        order.where = "PARKED" if order.is_trigger else waits
        if is_peg_without_target(order):
            order.where = "WAITING"
        market.orders.append(order)
        self.credit.recompute(order.acct)
        self.emit(
            market,
            "ACCEPTED",
            oid=order.oid,
            acct=order.acct,
            cid=order.cid,
            qty=order.qty,
            price=order.price,
        )

    def _cancel(self, c: Command, market: Market) -> None:
        order = market.live(c["acct"], c["cid"])
        if order is None:
            self._reject(c, market, "UNKNOWN_ORDER")
        else:
            self.cancel(market, order, "USER")

    def _mass_cancel(self, c: Command, market: Market) -> None:
        wanted = [
            order
            for order in market.orders
            if c.get("acct") in (None, order.acct)
            and c.get("side") in (None, order.side)
            and c.get("session") in (None, order.session)
        ]
        count = self.cancel_all(market, wanted, "MASS")
        self.emit(market, "MASS_DONE", count=count)

    def _amend(self, c: Command, market: Market) -> None:
        """R13 and R36."""
        c = AMEND_DEFAULTS | c
        order = market.live(c["acct"], c["cid"])
        reason = refuse_amend(market, order, c)
        if reason is not None or order is None:
            self._reject(c, market, must(reason))
            return
        qty = order.qty if c["qty"] is None else c["qty"]
        price = amended_price(market, order, c["price"])
        stop = order.stop if c["stop"] is None else c["stop"]
        leaves = qty - order.done
        if leaves <= 0:
            self.cancel(market, order, "AMEND")
            return
        if order.is_open and not self.credit.affordable(market, order, leaves, price):
            self._reject(c, market, "INSUFFICIENT_CREDIT")
            return
        if self.limits.is_on and (reason := self.limits.refuse_amend(market, order, qty, price, stop)):
            self._reject(c, market, reason)
            return
        kept = price == order.price and stop == order.stop and qty <= order.qty
        order.qty, order.leaves, order.price, order.stop = qty, leaves, price, stop
        order.display = order.display if c["display"] is None else c["display"]
        self._amended(market, order, kept)

    def _amended(self, market: Market, order: Order, kept: bool) -> None:
        waits = order.where in ("PARKED", "AUCTION", "WAITING")
        order.tranche = order.tranche if order.display is not None else 0 if order.hidden else order.leaves
        order.tranche = 0 if waits else min(order.tranche, order.leaves)
        if not kept:
            order.priority = self.next_priority()
            order.is_top = False
        self.credit.recompute(order.acct)
        stop = {"stop": order.stop} if order.where == "PARKED" else {}
        self.emit(
            market,
            "AMENDED",
            oid=order.oid,
            price=order.price,
            qty=order.qty,
            leaves=order.leaves,
            kept=kept,
            **stop,
        )
        if not kept and not waits:
            order.where, order.tranche = "AGGRESSOR", 0
            self.run_aggressor(market, order)

    # -- invariants ----------------------------------------------------------------------------------

    def validate(self) -> None:
        """R54 and the credit invariants."""
        for market in self.markets:
            bid, ask = market.touch("B"), market.touch("S")
            if market.state == "CONTINUOUS":
                assert bid is None or ask is None or bid < ask
                assert not market.queue
            assert not market.due
            elected = [order for order in market.orders if order.where == "ELECTED"]
            assert sorted(order.oid for order in market.queue) == [order.oid for order in elected]
            for side in "BS":
                assert sum(order.is_top for order in market.resting(side)) <= 1
            for order in market.orders:
                validate_order(market, order)
        for combination in self.combinations.values():
            assert all(top == self.implied[each.number] for each, top in implied_tops(combination))
        self.credit.validate()
        self.validate_control()


def waits_as(order: Order) -> str | None:
    """How BOOK names an order that is not in the book (R53, R67, R69); None for one that is."""
    if order.where == "WAITING":
        return "AON" if order.aon else "PEG"
    return PARKED_WORDS.get(order.where)


def is_peg_without_target(order: Order) -> bool:
    return order.peg is not None and order.price is None


def validate_order(market: Market, order: Order) -> None:
    assert order.where == "BOOK" or waits_as(order) is not None
    assert order.where != "WAITING" or order.aon or is_peg_without_target(order)
    assert order.where != "BOOK" or not order.aon
    assert order.leaves > 0
    assert 0 <= order.tranche <= order.leaves
    assert order.qty == order.filled + order.leaves + order.decremented + order.dropped
    assert order.where != "BOOK" or not order.reduce_only
    assert (order.where == "AUCTION") == order.is_auction_only
    assert not (order.mmp and order.acct in market.stopped)
    if order.sibling is not None:
        assert order.sibling.sibling is order
        assert order.sibling in market.orders
        assert order.sibling.is_trigger != order.is_trigger


def amended_price(market: Market, order: Order, price: int | None) -> int | None:
    """What an accepted AMEND makes of the price: a post-only order may slide (R23)."""
    if price is None or price == order.price:
        return order.price
    return post_only_price(market, order.side, price) if order.post_only else price
