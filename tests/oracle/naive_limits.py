"""Limits of accounts and members (K19), counted from the open orders every time they are asked for.

    holder = ("acct", 7) or ("member", 2)     limits[holder]["POSITION"] = 100

A member's figures are the sums over its accounts; positions are net. Account first, then its member.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from novate.domain.terms import VenueTerms
from tests.oracle.naive_credit import NaiveCredit, reservation_price
from tests.oracle.naive_state import Market, Order

WINDOWED = ("MESSAGE_RATE", "ORDER_TO_TRADE")
KINDS = ("ORDER_QTY", "ORDER_NOTIONAL", "OPEN_ORDERS", "POSITION", "GROSS_NOTIONAL", *WINDOWED)
Holder = tuple[str, int]


@dataclass
class Rate:
    """A fixed window: `count` messages since `start`."""

    value: int
    window: int
    start: int
    count: int = 0

    def is_full(self, now: int) -> bool:
        if now - self.start >= self.window:
            self.start, self.count = now, 0
        return self.count >= self.value


@dataclass
class Ratio:
    """The same, but trades allow more messages (R63)."""

    value: int
    window: int
    free: int
    start: int
    count: int = 0
    trades: int = 0

    def is_full(self, now: int) -> bool:
        if now - self.start >= self.window:
            self.start, self.count, self.trades = now, 0, 0
        return self.count >= self.free + self.value * self.trades


class NaiveLimits:
    def __init__(self, terms: VenueTerms, markets: list[Market], credit: NaiveCredit) -> None:
        self.is_on = terms.limits
        self.markets = markets
        self.credit = credit
        self.members = {account.account: account.member for account in terms.accounts}
        self.limits: defaultdict[Holder, dict[str, int]] = defaultdict(dict)
        self.rates: dict[Holder, Rate] = {}
        self.ratios: dict[Holder, Ratio] = {}

    def holders(self, acct: int) -> tuple[Holder, Holder]:
        return ("acct", acct), ("member", self.members.get(acct, 0))

    def knows_member(self, member: int) -> bool:
        return member == 0 or member in self.members.values()

    def set(self, holder: Holder, kind: str, value: int, window: int, free: int, now: int) -> None:
        if kind == "MESSAGE_RATE":
            self.rates[holder] = Rate(value, window, now)
        elif kind == "ORDER_TO_TRADE":
            self.ratios[holder] = Ratio(value, window, free, now)
        else:
            self.limits[holder][kind] = value

    def refuse_message(self, acct: int, now: int) -> str | None:
        """Rates of account and member, then their ratios; what nobody refuses counts everywhere."""
        rates = [self.rates[holder] for holder in self.holders(acct) if holder in self.rates]
        if any(rate.is_full(now) for rate in rates):
            return "MAX_MESSAGE_RATE"
        ratios = [self.ratios[holder] for holder in self.holders(acct) if holder in self.ratios]
        if any(ratio.is_full(now) for ratio in ratios):
            return "MAX_ORDER_TO_TRADE"
        for counted in (*rates, *ratios):
            counted.count += 1
        return None

    def count_trade(self, *accounts: int) -> None:
        """One side for each of the two accounts of a trade, the same one twice if it traded with itself."""
        for acct in accounts:
            for holder in self.holders(acct):
                if holder in self.ratios:
                    self.ratios[holder].trades += 1

    # -- figures -------------------------------------------------------------------------------------

    def covers(self, holder: Holder, acct: int) -> bool:
        return holder in self.holders(acct)

    def orders(self, holder: Holder, market: Market) -> list[Order]:
        return [order for order in market.orders if self.covers(holder, order.acct)]

    def open_orders(self, holder: Holder) -> int:
        return sum(len(self.orders(holder, market)) for market in self.markets)

    def exposure(self, holder: Holder, market: Market, extra_buy: int = 0, extra_sell: int = 0) -> int:
        lots = sum(
            quantity
            for (acct, number), quantity in self.credit.positions.items()
            if number == market.number and self.covers(holder, acct)
        )
        opened = [order for order in self.orders(holder, market) if order.is_open]
        buys = sum(order.leaves for order in opened if order.side == "B") + extra_buy
        sells = sum(order.leaves for order in opened if order.side == "S") + extra_sell
        return max(abs(lots + buys), abs(lots - sells))

    def gross(self, holder: Holder) -> int:
        return sum(
            notional(market, order.leaves, order.price)
            for market in self.markets
            for order in self.orders(holder, market)
            if order.is_open
        )

    # -- checks --------------------------------------------------------------------------------------

    def refuse_new(self, market: Market, order: Order, orders: int = 1) -> str | None:
        """`order` is not in the market yet; it counts as if it were open, the last of `orders` new ones."""
        price = order.price if order.price is not None else order.stop
        worth = notional(market, order.qty, price)
        buy, sell = (order.qty, 0) if order.side == "B" else (0, order.qty)
        for holder in self.holders(order.acct):
            limit = self.limits[holder].get
            figures = {
                "ORDER_QTY": (order.qty, -1),
                "ORDER_NOTIONAL": (worth, -1),
                "OPEN_ORDERS": (self.open_orders(holder) + orders, -1),
                "POSITION": (self.exposure(holder, market, buy, sell), self.exposure(holder, market)),
                "GROSS_NOTIONAL": (self.gross(holder) + worth, -1),
            }
            for kind, (after, before) in figures.items():
                most = limit(kind)
                if most is not None and after > most and after > before:
                    return f"MAX_{kind}"
        return None

    def refuse_amend(
        self, market: Market, order: Order, qty: int, price: int | None, stop: int | None
    ) -> str | None:
        """Only what grows is looked at."""
        old_price = order.price if order.price is not None else order.stop
        new_price = price if price is not None else stop
        leaves = qty - order.done
        more = leaves - order.leaves
        buy, sell = (more, 0) if order.side == "B" else (0, more)
        growth = notional(market, leaves, price) - notional(market, order.leaves, order.price)
        for holder in self.holders(order.acct):
            limit = self.limits[holder].get
            figures = {
                "ORDER_QTY": (qty, order.qty),
                "ORDER_NOTIONAL": (notional(market, qty, new_price), notional(market, order.qty, old_price)),
            }
            if order.is_open:
                before, gross = self.exposure(holder, market), self.gross(holder)
                figures["POSITION"] = (self.exposure(holder, market, buy, sell), before)
                figures["GROSS_NOTIONAL"] = (gross + growth, gross)
            for kind, (after, was) in figures.items():
                most = limit(kind)
                if most is not None and after > most and after > was:
                    return f"MAX_{kind}"
        return None


def notional(market: Market, quantity: int, price: int | None) -> int:
    terms = market.terms
    return quantity * reservation_price(terms, price) * terms.notional_multiplier
