"""The naive venue: the rulebook read aloud in plain Python, the twin of the fast one.

    NaiveVenue(terms).apply({"cmd": "NEW", "acct": 1, "cid": 1, "side": "B", "qty": 5, "price": 100})
        -> [{"ev": "ACCEPTED", "oid": 1, ...}, {"ev": "BOOK_STATE", ...}]

Commands and events are the JSON objects of the scenario format (docs/scenario-format.md). Every list is
searched from its beginning and every sum is taken afresh: the cost of a command grows with the book.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from novate.domain.instruments import CreditModel
from novate.domain.records import MAX_ACCOUNT
from tests.oracle.naive_credit import ACCOUNT_CLASSES
from tests.oracle.naive_ladder import refuse_amend, refuse_new
from tests.oracle.naive_limits import KINDS
from tests.oracle.naive_matching import NaiveMatching
from tests.oracle.naive_records import command_of
from tests.oracle.naive_state import TRIGGER_TYPES, Market, Order, must

Command = dict[str, Any]
Event = dict[str, Any]

NEW_DEFAULTS: Command = {
    "type": "LIMIT", "tif": "GTC", "price": None, "stop": None, "trail": None, "display": None,
    "hidden": False, "post_only": False, "min_qty": None, "expire": None, "stp": None, "reduce_only": False,
    "session": 0, "mmp": False,
}  # fmt: skip
AMEND_DEFAULTS: Command = {"qty": None, "price": None, "stop": None, "display": None, "trail": None}
WITHOUT_MARKET = ("TIME", "CREDIT", "SET_LIMIT")
CREDIT_BOUND = 2**62
LARGEST_MARGIN = 10**15
LARGEST_POSITION = 2**41


class NaiveVenue(NaiveMatching):
    """Apply commands one at a time; `events` of the last one are returned."""

    def apply(self, command: Command | np.void) -> list[Event]:
        """Events of one command: a JSON command of the scenario format, or a COMMAND record."""
        self.events, self.touched = [], []
        c = dict(command) if isinstance(command, dict) else command_of(command)
        if c["cmd"] == "CONFIGURATION":
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
        self._publish_books()
        return self.events

    def book(self, market: int = 0) -> Event:
        """R53, the answer to a BOOK query."""
        room = self.markets[market]
        parked = [o for o in room.orders if o.where in ("PARKED", "ELECTED")]
        words = {"PARKED": "TRIGGER", "ELECTED": "ELECTED"}
        return {
            "last": room.last,
            "bids": [[o.price, o.oid, o.tranche, o.leaves] for o in room.resting("B")],
            "asks": [[o.price, o.oid, o.tranche, o.leaves] for o in room.resting("S")],
            "parked": [[o.oid, words[o.where], o.stop, o.leaves] for o in parked],
        }

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        held = self.credit.balances[account, asset]
        return held.available, held.reserved

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
            self.cancel(market, order, "GTD", ev="EXPIRED")

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
        if c["cmd"] in ("NEW", "AMEND") and self.limits.over_message_rate(c["acct"], self.now):
            return "MAX_MESSAGE_RATE"
        return None

    def _reject(self, c: Command, market: Market | None, reason: str) -> None:
        who = {"acct": c["acct"], "cid": c["cid"]} if c["cmd"] in ("NEW", "AMEND", "CANCEL") else {}
        self.emit(market, "REJECTED", cmd=c["cmd"].lstrip("?"), **who, reason=reason)
        if reason in ("UNKNOWN_MARKET", "UNKNOWN_COMMAND") and len(self.terms.markets) > 1:
            self.events[-1]["market"] = c["market"]

    def _publish_books(self) -> None:
        """R52, the command's own market first."""
        for market in self.touched:
            top = market.top()
            if top != market.published:
                market.published = top
                bid, bid_qty, ask, ask_qty = top
                self.emit(market, "BOOK_STATE", bid=bid, bid_qty=bid_qty, ask=ask, ask_qty=ask_qty)

    # -- orders --------------------------------------------------------------------------------------

    def _new(self, c: Command, market: Market) -> None:
        c = NEW_DEFAULTS | c
        if reason := refuse_new(market, self.now, c):
            self._reject(c, market, reason)
            return
        order = self._order(c, market)
        is_trigger = order.type in TRIGGER_TYPES
        if not is_trigger and not self.credit.affordable(market, order, order.leaves, order.price):
            self._reject(c, market, "INSUFFICIENT_CREDIT")
            return
        if self.limits.is_on and (reason := self.limits.refuse_new(market, order)):
            self._reject(c, market, reason)
            return
        self.last_oid += 1
        order.priority = self.next_priority()
        order.where = "PARKED" if is_trigger else "AGGRESSOR"
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
        if is_trigger:
            # A STOP_LIMIT shows its limit, and neither matches nor reserves before it is activated.
            return
        self.run_aggressor(market, order)

    def _order(self, c: Command, market: Market) -> Order:
        price = market.market_limit(c["side"]) if c["type"] == "MARKET" else c["price"]
        return Order(
            oid=self.last_oid + 1, acct=c["acct"], cid=c["cid"], market=market.number, side=c["side"],
            type=c["type"], tif=c["tif"], qty=c["qty"], leaves=c["qty"], price=price, stop=c["stop"],
            display=c["display"], hidden=c["hidden"], post_only=c["post_only"], expire=c["expire"],
            stp=c["stp"] or market.terms.stp_default, session=c["session"], priority=0,
        )  # fmt: skip

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
        for order in wanted:
            self.cancel(market, order, "MASS")
        self.emit(market, "MASS_DONE", count=len(wanted))

    def _amend(self, c: Command, market: Market) -> None:
        """R13 and R36."""
        c = AMEND_DEFAULTS | c
        order = market.live(c["acct"], c["cid"])
        reason = refuse_amend(market, order, c)
        if reason is not None or order is None:
            self._reject(c, market, must(reason))
            return
        qty = order.qty if c["qty"] is None else c["qty"]
        price = order.price if c["price"] is None else c["price"]
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
        parked = order.where == "PARKED"
        order.tranche = order.tranche if order.display is not None else 0 if order.hidden else order.leaves
        order.tranche = 0 if parked else min(order.tranche, order.leaves)
        if not kept:
            order.priority = self.next_priority()
        self.credit.recompute(order.acct)
        stop = {"stop": order.stop} if parked else {}
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
        if not kept and not parked:
            order.where, order.tranche = "AGGRESSOR", 0
            self.run_aggressor(market, order)

    # -- the market ----------------------------------------------------------------------------------

    def _time(self, c: Command, market: Market | None) -> None:
        """The clock has moved already."""

    def _set_ref(self, c: Command, market: Market) -> None:
        if not 1 <= c["price"] <= market.terms.max_price:
            self._reject(c, market, "INVALID_PRICE")
            return
        market.reference_price = c["price"]
        self.emit(market, "REF_SET", price=c["price"])

    def _position(self, c: Command, market: Market) -> None:
        if abs(c["qty"]) > LARGEST_POSITION:
            self._reject(c, market, "INVALID_QTY")
            return
        self.credit.set_position(c["acct"], market, c["qty"])
        self.emit(market, "POSITION_SET", acct=c["acct"], qty=c["qty"])

    def _state(self, c: Command, market: Market) -> None:
        """R40 as far as CORE goes: no uncross, so a state that would need one is refused."""
        to = c["to"]
        if to == market.state or to.startswith("?"):
            self._reject(c, market, "INVALID_TRANSITION")
            return
        closing = market.state == "AUCTION_CALL" and market.auction == "CLOSE" and to == "CLOSED"
        bid, ask = market.touch("B"), market.touch("S")
        if (to == "CONTINUOUS" or closing) and bid is not None and ask is not None and bid >= ask:
            self._reject(c, market, "NOT_SUPPORTED")
            return
        self.emit(market, "STATE", **{"from": market.state, "to": to, "reason": "COMMAND"})
        market.state = to
        if to == "AUCTION_CALL":
            market.auction = c.get("auction") or "INTRADAY"
        if to == "CLOSED":
            for order in [order for order in market.orders if order.tif == "DAY"]:
                self.cancel(market, order, "DAY", ev="EXPIRED")

    # -- credit and limits ---------------------------------------------------------------------------

    def _refuse_sequence(self, c: Command) -> str | None:
        """K16: REPEATED, CREDIT_GAP or None for the next number."""
        if c["seq"] <= self.credit.last_seq:
            return "REPEATED"
        return "CREDIT_GAP" if c["seq"] > self.credit.last_seq + 1 else None

    def _credit(self, c: Command, market: Market | None) -> None:
        acct, asset, delta = c["acct"], c["asset"], c["delta"]
        reason = "CREDIT_OFF" if not self.credit.is_on else self._refuse_sequence(c)
        if reason is None and asset not in self.credit.assets():
            reason = "UNKNOWN_ASSET"
        totals = (self.credit.balances[acct, asset].available + delta, self.credit.granted[asset] + delta)
        if reason is None and max(abs(total) for total in totals) > CREDIT_BOUND:
            reason = "CREDIT_OVERFLOW"
        if reason not in (None, "REPEATED"):
            self._reject(c, None, must(reason))
            return
        if reason is None:
            self.credit.last_seq = c["seq"]
            self.credit.grant(acct, asset, delta)
        available, reserved = self.balance(acct, asset)
        again = {"repeated": True} if reason else {}
        self.emit(
            None,
            "CREDIT_SET",
            acct=acct,
            asset=asset,
            seq=c["seq"],
            available=available,
            reserved=reserved,
            **again,
        )
        if reason is None and delta < 0:
            self._cancel_newest(acct, asset)

    def _cancel_newest(self, acct: int, asset: int) -> None:
        """K17."""
        while self.credit.balances[acct, asset].available < 0:
            order = self.credit.newest_order_that_uses(acct, asset)
            if order is None:
                return
            self.cancel(self.markets[order.market], order, "CREDIT")

    def _set_margin(self, c: Command, market: Market) -> None:
        number, margin = c["class"], c["margin"]
        margins = self.credit.margins[market.number]
        margined = market.terms.credit == CreditModel.MARGINED
        reason = self._refuse_sequence(c) if margined else "CREDIT_OFF"
        sensible = 0 <= number < ACCOUNT_CLASSES and 0 <= margin <= LARGEST_MARGIN
        if reason is None and not sensible:
            reason = "INVALID_MARGIN"
        if reason not in (None, "REPEATED"):
            self._reject(c, market, must(reason))
            return
        accounts = sorted({acct for acct, of in self.credit.positions if of == market.number}
                          | {order.acct for order in market.orders})  # fmt: skip
        risen: list[int] = []
        if reason is None:
            self.credit.last_seq = c["seq"]
            before = {acct: self.credit.requirement(acct, market) for acct in accounts}
            margins[number] = margin
            for acct in accounts:
                self.credit.recompute(acct)
                if self.credit.requirement(acct, market) > before[acct]:
                    risen.append(acct)
        again = {"repeated": True} if reason else {}
        shown = margins[number] if 0 <= number < ACCOUNT_CLASSES else 0
        self.emit(
            market, "MARGIN_SET", seq=c["seq"], margin=shown, **{"class": number & MAX_ACCOUNT}, **again
        )
        for acct in risen:
            self._cancel_newest(acct, market.terms.quote_asset)

    def _set_limit(self, c: Command, market: Market | None) -> None:
        kind, window = c["limit"], c.get("window", 0)
        holder = ("acct", c["acct"]) if c.get("acct") is not None else ("member", c["member"])
        reason = None
        if not self.limits.is_on:
            reason = "LIMITS_OFF"
        elif not (self.limits.knows_member(holder[1]) if holder[0] == "member" else holder[1] in self.groups):
            reason = "UNKNOWN_ACCOUNT"
        elif kind not in KINDS or c["value"] < 0 or (kind == "MESSAGE_RATE" and window < 1):
            reason = "INVALID_LIMIT"
        if reason is not None:
            self._reject(c, None, reason)
            return
        self.limits.set(holder, kind, c["value"], window, self.now)
        rate = {"window": window} if kind == "MESSAGE_RATE" else {}
        self.emit(None, "LIMIT_SET", **{holder[0]: holder[1]}, limit=kind, value=c["value"], **rate)

    # -- invariants ----------------------------------------------------------------------------------

    def validate(self) -> None:
        """R54 and the credit invariants."""
        for market in self.markets:
            bid, ask = market.touch("B"), market.touch("S")
            if market.state == "CONTINUOUS":
                assert bid is None or ask is None or bid < ask
                assert not market.queue
            for order in market.orders:
                assert order.leaves > 0
                assert 0 <= order.tranche <= order.leaves
        self.credit.validate()
