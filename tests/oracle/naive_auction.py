"""Call auctions: who takes part, the price, the trades (R40 to R43).

participants = resting orders (whole leaves) + the auction-only orders of this kind
price        = most volume, least imbalance, pressure, nearest to the reference, highest
trades       = first buy with first sell, until one side has nothing left that the price satisfies
"""

from __future__ import annotations

from tests.oracle.naive_credit import fee
from tests.oracle.naive_matching import terms_have_fees
from tests.oracle.naive_prints import print_at
from tests.oracle.naive_state import NO_AUCTION, Indication, Market, Order, reaches
from tests.oracle.naive_triggers import NaiveTriggers

TIF_OF_KIND = {"OPEN": "AT_OPEN", "CLOSE": "AT_CLOSE"}


def participants(market: Market, kind: str) -> list[Order]:
    tif = TIF_OF_KIND.get(kind)
    return [o for o in market.orders if o.where == "BOOK" or (o.where == "AUCTION" and o.tif == tif)]


def volumes_at(orders: list[Order], price: int) -> tuple[int, int]:
    """What would be bought and sold at the price."""
    willing = [order for order in orders if reaches(order.side, order.price, price)]
    bought = sum(order.leaves for order in willing if order.side == "B")
    return bought, sum(order.leaves for order in willing if order.side == "S")


def auction_of(market: Market, kind: str) -> Indication:
    """R41: price, volume and imbalance; NO_AUCTION if nothing would trade."""
    orders = participants(market, kind)
    reference = market.trigger_reference()
    prices = {order.price for order in orders} | {reference}
    outcomes = [
        (price, min(bought, sold), bought - sold)
        for price in prices
        if price is not None
        for bought, sold in [volumes_at(orders, price)]
    ]
    volume = max((volume for _, volume, _ in outcomes), default=0)
    if volume == 0:
        return NO_AUCTION
    outcomes = [outcome for outcome in outcomes if outcome[1] == volume]
    least = min(abs(imbalance) for _, _, imbalance in outcomes)
    outcomes = [outcome for outcome in outcomes if abs(outcome[2]) == least]
    if all(imbalance > 0 for _, _, imbalance in outcomes):
        return max(outcomes)
    if all(imbalance < 0 for _, _, imbalance in outcomes):
        return min(outcomes)
    if reference is not None:
        nearest = min(abs(price - reference) for price, _, _ in outcomes)
        outcomes = [outcome for outcome in outcomes if abs(outcome[0] - reference) == nearest]
    return max(outcomes)


def in_line(orders: list[Order], side: str, price: int) -> list[Order]:
    """R42: the orders of a side that the auction price satisfies, first come first."""
    sign = -1 if side == "B" else 1
    willing = [o for o in orders if o.side == side and reaches(side, o.price, price)]
    return sorted(
        willing,
        key=lambda o: (o.price is not None, sign * (o.price or 0), o.hidden, o.priority),
    )


class NaiveAuctions(NaiveTriggers):
    def uncross(self, market: Market, kind: str) -> None:
        """The auction of a state change, then the end of its auction-only orders (R22)."""
        price, volume, imbalance = auction_of(market, kind)
        if price is not None:
            self.emit(market, "AUCTION", price=price, qty=volume, imbalance=imbalance)
            orders = participants(market, kind)
            buys, sells = in_line(orders, "B", price), in_line(orders, "S", price)
            while buys and sells:
                self._auction_trade(market, buys[0], sells[0], price)
                buys = [order for order in buys if order.leaves]
                sells = [order for order in sells if order.leaves]
        tif = TIF_OF_KIND.get(kind)
        waiting = [o for o in market.orders if o.where == "AUCTION" and o.tif == tif]
        self.cancel_all(market, waiting, "AUCTION", ev="EXPIRED")

    def _auction_trade(self, market: Market, buy: Order, sell: Order, price: int) -> None:
        quantity = min(buy.leaves, sell.leaves)
        buy.fill(quantity)
        sell.fill(quantity)
        terms = market.terms
        one_fee = fee(terms, price * quantity * terms.notional_multiplier, terms.auction_ppm)
        fees = {"bfee": one_fee, "sfee": one_fee} if terms_have_fees(market) else {}
        self.emit(
            market,
            "AUCTION_TRADE",
            tid=self.next_tid(),
            buy=buy.oid,
            sell=sell.oid,
            price=price,
            qty=quantity,
            bleft=buy.leaves,
            sleft=sell.leaves,
            **fees,
        )
        charged = one_fee if fees else 0
        self.credit.fill(market, buy.acct, sell.acct, quantity, price, (charged, charged))
        self.limits.count_trade(buy.acct, sell.acct)
        print_at(market, price)
        for order in (buy, sell):
            if order.leaves == 0:
                self.remove(market, order)
            elif order.where == "BOOK":
                order.show()
        self.break_pair(market, buy)
        self.break_pair(market, sell)

    def publish_indicative(self, market: Market) -> None:
        """R43, at the end of a command."""
        if market.state != "AUCTION_CALL":
            return
        found = auction_of(market, market.auction)
        if found != market.indicated:
            market.indicated = found
            price, volume, imbalance = found
            self.emit(market, "INDICATIVE", price=price, qty=volume, imbalance=imbalance)
