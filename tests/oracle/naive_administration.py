"""Commands that are not orders: of the market, of its makers, and of the clearing house.

STATE, SET_REF, POSITION, MMP_SET, MMP_RESET        one market
CREDIT, SET_MARGIN, SET_LIMIT                       what accounts may commit (docs/credit-rules.md)
"""

from __future__ import annotations

from typing import Any

from novate.domain.instruments import CreditModel
from novate.domain.records import MAX_ACCOUNT
from tests.oracle.naive_credit import ACCOUNT_CLASSES
from tests.oracle.naive_limits import KINDS, WINDOWED
from tests.oracle.naive_state import Market, Protection, must
from tests.oracle.naive_time import NaiveTime, kind_of_call

Command = dict[str, Any]

CREDIT_BOUND = 2**62
LARGEST_MARGIN = 10**15
LARGEST_POSITION = 2**41
LONGEST_WINDOW = 2**62


class NaiveAdministration(NaiveTime):
    def balance(self, account: int, asset: int) -> tuple[int, int]:
        held = self.credit.balances[account, asset]
        return held.available, held.reserved

    def _reject(self, c: Command, market: Market | None, reason: str, cid: int | None = None) -> None:
        """`cid` says which leg of a pair it is (R34); else it is the command's own."""
        who: Command = {}
        if c["cmd"] in ("NEW", "AMEND", "CANCEL", "QUOTE"):
            who = {"acct": c["acct"], "cid": c["cid"]}
        elif c["cmd"] == "NEW_OCO":
            who = {"acct": c["acct"], "cid": c["limit"]["cid"] if cid is None else cid}
        self.emit(market, "REJECTED", cmd=c["cmd"].lstrip("?"), **who, reason=reason)
        if reason in ("UNKNOWN_MARKET", "UNKNOWN_COMMAND") and len(self.terms.markets) > 1:
            self.events[-1]["market"] = c["market"]

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
        """R40; a command is refused where a timer would be dropped."""
        if c["to"] == market.state or c["to"].startswith("?"):
            self._reject(c, market, "INVALID_TRANSITION")
            return
        self.ask_for_state(market, c["to"], kind_of_call(c), "COMMAND")

    def _mmp_set(self, c: Command, market: Market) -> None:
        """R46; it starts counting afresh and does not lift a stop."""
        acct, window, max_qty = c["acct"], c["window"], c["max_qty"]
        if not 1 <= window <= LONGEST_WINDOW or max_qty < 1:
            self._reject(c, market, "INVALID_QTY")
            return
        market.protections[acct] = Protection(window, max_qty)
        self.emit(market, "MMP_SET", acct=acct, window=window, max_qty=max_qty)

    def _mmp_reset(self, c: Command, market: Market) -> None:
        market.stopped.discard(c["acct"])
        if c["acct"] in market.protections:
            market.protections[c["acct"]].entries.clear()
        self.emit(market, "MMP_RESET", acct=c["acct"])

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
        elif kind not in KINDS or c["value"] < 0 or (kind in WINDOWED and window < 1):
            reason = "INVALID_LIMIT"
        if reason is not None:
            self._reject(c, None, reason)
            return
        free = c.get("free", 0)
        self.limits.set(holder, kind, c["value"], window, free, self.now)
        rate = {"window": window} if kind in WINDOWED else {}
        rate |= {"free": free} if kind == "ORDER_TO_TRADE" else {}
        self.emit(None, "LIMIT_SET", **{holder[0]: holder[1]}, limit=kind, value=c["value"], **rate)
