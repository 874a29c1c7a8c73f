"""What the markets of a combination imply for each other, published at the end of a command (R73).

    shown: near 100 x 5 / 103 x 4, far 97 x 2 / 98 x 9
    implied: combination 100 - 98 = 2 x 5 / 103 - 97 = 6 x 2

Worked out of the tops that BOOK_STATE said last, so no book has to be looked at.
"""

from __future__ import annotations

from typing import NamedTuple

from novate.compiled import inlined, kernel, wide
from novate.venue.combinations import Links, is_open, links_of
from novate.venue.events import implied_state
from novate.venue.layout import Tables


class Shown(NamedTuple):
    """A price and the quantity there; (0, 0) if there is none."""

    price: int
    quantity: int


class Top(NamedTuple):
    """Both sides of a market, as the two others imply them."""

    bid: Shown
    ask: Shown


@inlined
def _bid(s: Tables, market: int) -> Shown:
    return Shown(wide(s.tops["key"][2 * market]), wide(s.tops["quantity"][2 * market]))


@inlined
def _ask(s: Tables, market: int) -> Shown:
    return Shown(-wide(s.tops["key"][2 * market + 1]), wide(s.tops["quantity"][2 * market + 1]))


@inlined
def _joined(one: Shown, two: Shown, sign: int) -> Shown:
    """Sum (sign 1) or difference (sign -1) of two prices, the lesser of the quantities."""
    quantity = min(one.quantity, two.quantity)
    return Shown(one.price + sign * two.price if quantity != 0 else 0, quantity)


@inlined
def _if_in_range(s: Tables, market: int, shown: Shown) -> Shown:
    """No trade would be made at a price that a leg's market does not have (R71)."""
    if shown.price < s.markets["min_price"][market] or shown.price > s.markets["max_price"][market]:
        return Shown(0, 0)
    return shown


@kernel
def implied_top(s: Tables, links: Links, market: int) -> Top:
    """R73 for one of the three markets."""
    nothing = Shown(0, 0)
    if not is_open(s, links):
        return Top(nothing, nothing)
    if market == links.spread:
        return Top(
            _joined(_bid(s, links.near), _ask(s, links.far), -1),
            _joined(_ask(s, links.near), _bid(s, links.far), -1),
        )
    if market == links.near:
        bid = _joined(_bid(s, links.spread), _bid(s, links.far), 1)
        ask = _joined(_ask(s, links.spread), _ask(s, links.far), 1)
    else:
        bid = _joined(_bid(s, links.near), _ask(s, links.spread), -1)
        ask = _joined(_ask(s, links.near), _bid(s, links.spread), -1)
    return Top(_if_in_range(s, market, bid), _if_in_range(s, market, ask))


@inlined
def differs(s: Tables, market: int, top: Top) -> bool:
    """Is it something else than IMPLIED_STATE said last?"""
    row = wide(s.markets["features"][market])
    return bool(
        top.bid.price != s.features["implied_bid"][row]
        or top.bid.quantity != s.features["implied_bid_quantity"][row]
        or top.ask.price != s.features["implied_ask"][row]
        or top.ask.quantity != s.features["implied_ask_quantity"][row]
    )


@kernel
def publish_implied(s: Tables, spread: int) -> None:
    """IMPLIED_STATE of the markets of a combination where it differs: near, far, combination."""
    links = links_of(s, spread)
    for market in (links.near, links.far, links.spread):
        top = implied_top(s, links, market)
        if differs(s, market, top):
            row = wide(s.markets["features"][market])
            s.features["implied_bid"][row] = top.bid.price
            s.features["implied_bid_quantity"][row] = top.bid.quantity
            s.features["implied_ask"][row] = top.ask.price
            s.features["implied_ask_quantity"][row] = top.ask.quantity
            implied_state(s, market, top.bid.price, top.bid.quantity, top.ask.price, top.ask.quantity)
