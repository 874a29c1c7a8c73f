"""Combinations and implied prices (R70 to R73), read from the rules.

    near  ask 103 x 5        buys the combination: near ask - far bid = 103 - 98 = 5
    far   bid  98 x 2        two TRADEs, near 2 @ 103 and far 2 @ 98

An `Offer` is what two resting orders of two markets offer together to an aggressor in the third.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from novate.domain.terms import VenueTerms
from tests.oracle.naive_credit import fee
from tests.oracle.naive_endings import NaiveEndings
from tests.oracle.naive_prints import print_at
from tests.oracle.naive_protection import count_for_protection
from tests.oracle.naive_state import BookTop, Market, Order, in_range, must, other, reaches

NOTHING: BookTop = (None, 0, None, 0)


@dataclass(frozen=True)
class Leg:
    """One of the two trades: `buyer` and `seller` in `market`, one of them the maker."""

    market: Market
    price: int
    buyer: Order
    seller: Order
    maker: Order


@dataclass(frozen=True)
class Offer:
    """The price for the aggressor, the two resting orders (the one that is looked after first, first)."""

    price: int
    resting: tuple[tuple[Market, Order], tuple[Market, Order]]
    legs: tuple[Leg, Leg]


@dataclass(frozen=True)
class Combination:
    near: Market
    far: Market
    spread: Market

    def markets(self) -> tuple[Market, Market, Market]:
        return self.near, self.far, self.spread

    def is_open(self) -> bool:
        return all(market.state == "CONTINUOUS" for market in self.markets())


def combinations_of(terms: VenueTerms, markets: list[Market]) -> dict[int, Combination]:
    """The combination that a market belongs to, by the market's number (R70)."""
    found: dict[int, Combination] = {}
    for market in terms.markets:
        if market.legs is not None:
            near, far = market.legs
            combination = Combination(markets[near], markets[far], markets[market.market])
            for number in (near, far, market.market):
                found[number] = combination
    return found


def offer_to(c: Combination, market: Market, aggressor: Order) -> Offer | None:
    """The table of R71: which two best orders, and their price."""
    side, against = aggressor.side, other(aggressor.side)
    if market is c.spread:
        near, far = c.near.best(against), c.far.best(side)
        if near is None or far is None:
            return None
        return Offer(
            must(near.price) - must(far.price),
            ((c.near, near), (c.far, far)),
            (leg(c.near, must(near.price), side, aggressor, near, near),
             leg(c.far, must(far.price), against, aggressor, far, far)),
        )  # fmt: skip
    if market is c.near:
        spread, far = c.spread.best(against), c.far.best(against)
        if spread is None or far is None:
            return None
        price = must(spread.price) + must(far.price)
        return Offer(
            price,
            ((c.spread, spread), (c.far, far)),
            (leg(c.near, price, side, aggressor, spread, spread),
             leg(c.far, must(far.price), side, spread, far, far)),
        )  # fmt: skip
    spread, near = c.spread.best(side), c.near.best(against)
    if spread is None or near is None:
        return None
    price = must(near.price) - must(spread.price)
    return Offer(
        price,
        ((c.spread, spread), (c.near, near)),
        (leg(c.near, must(near.price), side, spread, near, near),
         leg(c.far, price, side, aggressor, spread, spread)),
    )  # fmt: skip


def leg(market: Market, price: int, side: str, taker: Order, resting: Order, maker: Order) -> Leg:
    """`taker` acts on `side` in this market, whatever the side of its own order is."""
    buyer, seller = (taker, resting) if side == "B" else (resting, taker)
    return Leg(market, price, buyer, seller, maker)


def implied_tops(c: Combination) -> Iterator[tuple[Market, BookTop]]:
    """R73: what the displayed best prices of the two others imply, for near, far and the combination."""
    near, far, spread = (market.top() for market in c.markets())
    tops = {
        c.near: (*both(spread[:2], far[:2], 1), *both(spread[2:], far[2:], 1)),
        c.far: (*both(near[:2], spread[2:], -1), *both(near[2:], spread[:2], -1)),
        c.spread: (*both(near[:2], far[2:], -1), *both(near[2:], far[:2], -1)),
    }
    for market in c.markets():
        bid, bid_qty, ask, ask_qty = tops[market] if c.is_open() else NOTHING
        if market is not c.spread:
            # No trade would be made at a price that the market does not have.
            bid, bid_qty = if_in_range(market, bid, bid_qty)
            ask, ask_qty = if_in_range(market, ask, ask_qty)
        yield market, (bid, bid_qty, ask, ask_qty)


def both(one: tuple[Any, int], two: tuple[Any, int], sign: int) -> tuple[int | None, int]:
    if one[0] is None or two[0] is None:
        return None, 0
    return one[0] + sign * two[0], min(one[1], two[1])


def if_in_range(market: Market, price: int | None, quantity: int) -> tuple[int | None, int]:
    return (price, quantity) if price is not None and in_range(market, price) else (None, 0)


class NaiveCombinations(NaiveEndings):
    """Implied trades of an aggressor, and what is published of implied prices."""

    def __init__(self, terms: VenueTerms) -> None:
        super().__init__(terms)
        self.combinations = combinations_of(terms, self.markets)
        self.implied: dict[int, BookTop] = dict.fromkeys(self.combinations, NOTHING)

    def linked(self, market: Market) -> tuple[Market, ...]:
        """The markets whose elected orders and protections belong to an aggressor of this one (R72)."""
        combination = self.combinations.get(market.number)
        return combination.markets() if combination else (market,)

    def better_offer(self, market: Market, aggressor: Order, direct: int | None) -> Offer | None:
        """The implied offer, if the aggressor takes it rather than the best direct price."""
        combination = self.combinations.get(market.number)
        if combination is None or not combination.is_open() or not aggressor.takes_implied:
            return None
        if aggressor.reduce_only and market is combination.spread:
            return None
        offer = offer_to(combination, market, aggressor)
        if offer is None or not reaches(aggressor.side, aggressor.reach, offer.price):
            return None
        if direct is not None and (offer.price >= direct if aggressor.side == "B" else offer.price <= direct):
            return None
        if not all(in_range(each.market, each.price) for each in offer.legs):
            return None
        orders = [aggressor, offer.resting[0][1], offer.resting[1][1]]
        pairs = [(orders[0], orders[1]), (orders[0], orders[2]), (orders[1], orders[2])]
        if aggressor.stp != "NONE" and any(self.same_owner(*pair) for pair in pairs):
            return None
        return offer

    def same_owner(self, one: Order, two: Order) -> bool:
        """R27: same account, or accounts of one group."""
        group = self.groups.get(one.acct, 0)
        return one.acct == two.acct or (group != 0 and group == self.groups.get(two.acct, 0))

    def trade_implied(self, aggressor: Order, offer: Offer) -> None:
        """Leaves fall, two TRADEs, then each resting order in turn, then the aggressor's pair."""
        quantity = min(aggressor.leaves, *(order.tradable() for _, order in offer.resting))
        for order in (aggressor, *(order for _, order in offer.resting)):
            order.fill(quantity)
        for each in offer.legs:
            self._trade_leg(each, quantity)
        for market in self.combinations[aggressor.market].markets():
            self.touch(market)
        for market, order in offer.resting:
            count_for_protection(market, order, self.now, quantity)
            self.after_taking(market, order)
            self.break_pair(market, order)
        market = self.markets[aggressor.market]
        if aggressor.leaves == 0:
            self.remove(market, aggressor)
        self.break_pair(market, aggressor)

    def _trade_leg(self, leg: Leg, quantity: int) -> None:
        terms = leg.market.terms
        taker = leg.buyer if leg.maker is leg.seller else leg.seller
        notional = abs(leg.price) * quantity * terms.notional_multiplier
        fees = {"mfee": fee(terms, notional, terms.maker_ppm), "tfee": fee(terms, notional, terms.taker_ppm)}
        charged = terms.maker_ppm is not None or terms.taker_ppm is not None
        self.emit(
            leg.market,
            "TRADE",
            tid=self.next_tid(),
            maker=leg.maker.oid,
            taker=taker.oid,
            side="B" if taker is leg.buyer else "S",
            price=leg.price,
            qty=quantity,
            mleft=leg.maker.leaves,
            tleft=taker.leaves,
            **(fees if charged else {}),
        )
        self.credit.fill(leg.market, leg.buyer.acct, leg.seller.acct, quantity, leg.price, (0, 0))
        self.limits.count_trade(leg.buyer.acct, leg.seller.acct)
        print_at(leg.market, leg.price)

    def publish_implied(self) -> None:
        """R73: combinations in the order in which one of their markets was touched."""
        for market in list(self.touched):
            combination = self.combinations.get(market.number)
            if combination is None:
                continue
            for each, top in implied_tops(combination):
                if top != self.implied[each.number]:
                    self.implied[each.number] = top
                    bid, bid_qty, ask, ask_qty = top
                    self.emit(each, "IMPLIED_STATE", bid=bid, bid_qty=bid_qty, ask=ask, ask_qty=ask_qty)
