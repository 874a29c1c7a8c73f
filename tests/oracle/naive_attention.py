"""Orders that watch the market (R66 to R69): pegged, discretionary, all-or-none.

end of a command --> every attentive order in oid order: does it want to act? --> it acts, complete
                 --> again from the first one, until nobody acted

pegged          wants to act when its target is not its price     AMENDED, enters anew (or waits)
discretionary   when the best opposite price is within reach      TRIGGERED, sweeps, rests again
all-or-none     when a rehearsal fills it                         TRIGGERED, trades
"""

from __future__ import annotations

from typing import Any

from tests.oracle.naive_state import RESTING_TIFS, Market, Order, must, other, reaches
from tests.oracle.naive_triggers import NaiveTriggers

Command = dict[str, Any]

PEGS = ("PRIMARY", "MID", "MARKET")
MOST_ATTENTIVE = 1024


def peg_target(market: Market, side: str, peg: str, offset: int, bound: int | None) -> int | None:
    """R67: where a pegged order belongs, None if it has no target now."""
    bid, _, ask, _ = market.top()
    own, opposite = (bid, ask) if side == "B" else (ask, bid)
    if peg == "PRIMARY":
        price = own
    elif peg == "MARKET":
        price = opposite
    elif bid is None or ask is None:
        price = None
    else:
        # The middle, rounded down for a buy and up for a sell.
        price = (bid + ask) // 2 if side == "B" else -(-(bid + ask) // 2)
    if price is None:
        return None
    price += offset
    if bound is not None:
        price = min(price, bound) if side == "B" else max(price, bound)
    in_range = market.terms.min_price <= price <= market.terms.max_price
    return price if in_range and market.in_band(price) else None


def target_of(market: Market, order: Order) -> int | None:
    return peg_target(market, order.side, must(order.peg), order.offset, order.bound)


# -- refusals --------------------------------------------------------------------------------------------


def is_attentive(c: Command) -> bool:
    return bool(c["peg"] is not None or c["discretion"] is not None or c["aon"])


def refuse_attentive_fields(market: Market, c: Command) -> str | None:
    """The last of R10."""
    terms = market.terms
    if c["peg"] is not None and (c["peg"] not in PEGS or abs(c["offset"]) > terms.max_price):
        return "INVALID_PEG"
    if c["discretion"] is None:
        return None
    if c["discretion"] < 1:
        return "INVALID_DISCRETION"
    if c["price"] is not None and not has_reach(market, c["side"], c["price"], c["discretion"]):
        return "INVALID_DISCRETION"
    return None


def has_reach(market: Market, side: str, price: int, discretion: int) -> bool:
    """R68: the discretionary price is a price of the market."""
    furthest = price + discretion if side == "B" else price - discretion
    return market.terms.min_price <= furthest <= market.terms.max_price


def refuse_attentive_combination(c: Command) -> str | None:
    """R66: they exclude each other and nearly everything else."""
    if not is_attentive(c):
        return None
    kinds = [c["peg"] is not None, c["discretion"] is not None, c["aon"]]
    others = (
        c["post_only"], c["hidden"], c["display"] is not None, c["min_qty"] is not None, c["reduce_only"],
        c["mmp"],
    )  # fmt: skip
    holds = sum(kinds) == 1 and not any(others) and c["type"] == "LIMIT" and c["tif"] in RESTING_TIFS
    return None if holds else "INVALID_COMBO"


def refuse_attentive_room(market: Market, c: Command) -> str | None:
    """R66: the last refusal before credit."""
    watching = [order for order in market.orders if order.is_attentive]
    return "TOO_MANY_ATTENTIVE_ORDERS" if is_attentive(c) and len(watching) >= MOST_ATTENTIVE else None


# -- acts ------------------------------------------------------------------------------------------------


class NaiveAttention(NaiveTriggers):
    def attend(self, market: Market) -> None:
        """R66: passes until one goes by without an act."""
        acted = True
        while acted:
            acted = False
            for order in [order for order in market.orders if order.is_attentive]:
                if market.state != "CONTINUOUS":
                    return
                if order in market.orders and self._acts(market, order):
                    acted = True
                    self.activate_elected(market)

    def _acts(self, market: Market, order: Order) -> bool:
        """Let the order act if it wants to."""
        if order.peg is not None:
            target = target_of(market, order)
            if target != order.price:
                self._move_peg(market, order, target)
                return True
            return False
        touch = market.touch(other(order.side))
        if touch is None or not reaches(order.side, order.reach, touch):
            return False
        if order.aon and self.would_trade(market, order) < order.leaves:
            return False
        self.emit(market, "TRIGGERED", oid=order.oid, price=order.reach, qty=order.leaves)
        self._enter_anew(market, order)
        return True

    def _move_peg(self, market: Market, order: Order, target: int | None) -> None:
        """R67: AMENDED, then anew from outside, if there is a target and credit for it."""
        order.where, order.price, order.tranche = "WAITING", target, 0
        self.credit.recompute(order.acct)
        self.emit(
            market,
            "AMENDED",
            oid=order.oid,
            price=target,
            qty=order.qty,
            leaves=order.leaves,
            kept=False,
        )
        if target is None:
            return
        if self.credit.affordable(market, order, order.leaves, target):
            self._enter_anew(market, order)
        else:
            self.cancel(market, order, "CREDIT")

    def _enter_anew(self, market: Market, order: Order) -> None:
        order.where, order.tranche = "AGGRESSOR", 0
        order.is_top = False
        order.priority = self.next_priority()
        self.credit.recompute(order.acct)
        self.run_aggressor(market, order)
