"""Kill switches, cancel on disconnect and quotes as the rulebook tells them (R61, R62, R65).

KILL --> switch on --> every order of the scope CANCELLED KILL --> KILLED      refused until REVIVE
QUOTE --> ladder of both sides --> old sides CANCELLED QUOTE --> each side a post-only order of its own
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.oracle.naive_administration import NaiveAdministration
from tests.oracle.naive_ladder import closed_reason
from tests.oracle.naive_state import Market, Order

Command = dict[str, Any]

SCOPES = ("ACCOUNT", "MEMBER", "VENUE")
TRADING = ("NEW", "NEW_OCO", "AMEND", "QUOTE")
"""Commands that a kill switch refuses, and that count as messages."""


class NaiveControl(NaiveAdministration):
    def __init__(self, *terms: Any) -> None:
        super().__init__(*terms)
        self.killed: set[tuple[str, int]] = set()
        """Switches that are on: (scope, holder), ("VENUE", 0)."""

    # -- kill switch (R61) ---------------------------------------------------------------------------

    def refuse_killed(self, acct: int) -> str | None:
        for scope, holder in (("VENUE", 0), ("MEMBER", self.member_of(acct)), ("ACCOUNT", acct)):
            if (scope, holder) in self.killed:
                return f"{scope}_KILLED"
        return None

    def member_of(self, acct: int) -> int:
        """Accounts that are not listed belong to member 0."""
        return self.limits.members.get(acct, 0)

    def is_in_scope(self, order: Order, scope: str, holder: int) -> bool:
        return {
            "ACCOUNT": order.acct == holder,
            "MEMBER": self.member_of(order.acct) == holder,
            "VENUE": True,
        }[scope]

    def _kill(self, c: Command, market: None) -> None:
        if (switch := self._switch(c)) is not None:
            self.killed.add(switch)
            count = self._withdraw([o for o in self._live() if self.is_in_scope(o, *switch)], "KILL")
            self.emit(None, "KILLED", **self._named(switch), count=count)

    def _revive(self, c: Command, market: None) -> None:
        if (switch := self._switch(c)) is not None:
            self.killed.discard(switch)
            self.emit(None, "REVIVED", **self._named(switch))

    def _switch(self, c: Command) -> tuple[str, int] | None:
        """The switch that a command is about; None if it was refused."""
        scope, holder = c["scope"], c.get("holder", 0)
        known = {
            "ACCOUNT": holder in self.groups,
            "MEMBER": self.limits.knows_member(holder),
            "VENUE": True,
        }
        if not known.get(scope, False):
            self._reject(c, None, "UNKNOWN_ACCOUNT" if scope in SCOPES else "INVALID_TYPE")
            return None
        return scope, 0 if scope == "VENUE" else holder

    def _named(self, switch: tuple[str, int]) -> Command:
        scope, holder = switch
        return {"scope": scope, "holder": None if scope == "VENUE" else holder}

    # -- disconnection (R62) -------------------------------------------------------------------------

    def _disconnect(self, c: Command, market: None) -> None:
        session, acct = c["session"], c.get("acct")
        if session == 0:
            self._reject(c, None, "INVALID_TYPE")
            return
        gone = [o for o in self._live() if o.session == session and acct in (None, o.acct)]
        self.emit(None, "DISCONNECTED", session=session, acct=acct, count=self._withdraw(gone, "DISCONNECT"))

    def _live(self) -> list[Order]:
        return sorted((o for market in self.markets for o in market.orders), key=lambda o: o.oid)

    def _withdraw(self, orders: list[Order], reason: str) -> int:
        """End orders of all markets; returns how many went, siblings included."""
        return sum(self.cancel_all(self.markets[order.market], [order], reason) for order in orders)

    # -- quotes (R65) --------------------------------------------------------------------------------

    def _quote(self, c: Command, market: Market) -> None:
        c = {"bid": None, "bid_qty": 0, "ask": None, "ask_qty": 0} | c
        if reason := self._refuse_quote(c, market):
            self._reject(c, market, reason)
            return
        sides = [("B", c["cid"], c["bid"], c["bid_qty"]), ("S", c["ask_cid"], c["ask"], c["ask_qty"])]
        entering = []
        for side, cid, price, qty in sides:
            live = market.live(c["acct"], cid)
            if live is not None and (live.price, live.leaves) == (price, qty):
                live.session, live.tif = c.get("session", 0), c.get("tif") or "GTC"
                continue
            if live is not None:
                self.cancel(market, live, "QUOTE")
            if qty > 0:
                entering.append((side, cid, price, qty))
        for side, cid, price, qty in entering:
            self._enter_side(c, market, side, cid, price, qty)

    def _refuse_quote(self, c: Command, market: Market) -> str | None:
        """The ladder of R65, step by step."""
        if reason := closed_reason(market):
            return reason
        if c["acct"] in market.stopped:
            return "MMP_ACTIVE"
        if c.get("tif") not in (None, "GTC", "DAY"):
            return "INVALID_TYPE"
        if c["cid"] == c["ask_cid"]:
            return "INVALID_QUOTE"
        for side, cid in (("B", c["cid"]), ("S", c["ask_cid"])):
            live = market.live(c["acct"], cid)
            if live is not None and not (live.quoted and live.side == side):
                return "DUPLICATE_ORDER"
        given = [(c[price], c[qty]) for price, qty in (("bid", "bid_qty"), ("ask", "ask_qty")) if c[qty] > 0]
        if any(qty > market.terms.max_quantity for _, qty in given):
            return "INVALID_QTY"
        lowest, highest = market.terms.min_price, market.terms.max_price
        if any(price is None or not lowest <= price <= highest for price, _ in given):
            return "INVALID_PRICE"
        return "INVALID_QUOTE" if len(given) == 2 and c["bid"] >= c["ask"] else None

    def _enter_side(self, c: Command, market: Market, side: str, cid: int, price: int, qty: int) -> None:
        """R9 from step 7 on: the steps before it cannot fail for a post-only limit order that got here."""
        new = {
            "acct": c["acct"], "cid": cid, "side": side, "price": price, "qty": qty, "mmp": True,
            "tif": c.get("tif") or "GTC", "session": c.get("session", 0),
            "post_only": market.state == "CONTINUOUS",
        }  # fmt: skip
        order, reason = self.admit(market, new)
        if reason is not None or order is None:
            self.emit(market, "REJECTED", cmd="QUOTE", acct=c["acct"], cid=cid, reason=reason)
            return
        order.post_only = order.quoted = True
        self._accept(market, order)
        self.run_aggressor(market, order)

    def admit(self, market: Market, c: Command) -> tuple[Order | None, str | None]:
        """The order that a NEW asks for, or why it is refused."""
        raise NotImplementedError

    def _accept(self, market: Market, order: Order) -> None:
        raise NotImplementedError

    # -- invariants ----------------------------------------------------------------------------------

    def validate_control(self) -> None:
        """Nothing of a killed scope is live; a side of a quote is a post-only, protected limit order."""
        for order in self._live():
            assert self.refuse_killed(order.acct) is None
            if order.quoted:
                wanted = replace(order, type="LIMIT", post_only=True, mmp=True, hidden=False, display=None)
                assert vars(wanted) == vars(order)
                assert order.where == "BOOK"
                assert order.tif in ("GTC", "DAY")
