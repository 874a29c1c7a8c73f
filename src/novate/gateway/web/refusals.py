"""What the venue refused, in a sentence: the field, what the market expects of it, and what was sent.

    PRICE_BAND, market, order  -->  price: Expected a price within 60 of the reference price, was 260

The venue answers with a code alone. The order and the terms of its market are known here; the state of the
book, of a band or of credit is not, so sentences about those say the rule and where to look.
"""

from __future__ import annotations

from typing import NamedTuple

from novate.domain.codes import Reject
from novate.gateway.web.amounts import MarketScreen
from novate.gateway.web.codes import WebRefused


class Sent(NamedTuple):
    """What was sent, in lots and ticks; zero: not given."""

    quantity: int = 0
    price: int = 0
    stop: int = 0
    display: int = 0


NOTHING = Sent()
_RULES: dict[Reject, tuple[str | None, str]] = {
    Reject.MARKET_CLOSED: ("market", "a market that is open; its state is in GET /v1/markets"),
    Reject.MARKET_HALTED: ("market", "a market that is not halted; cancels pass"),
    Reject.INVALID_IN_STATE: (None, "an order that the state of the market allows; see GET /v1/markets"),
    Reject.DUPLICATE_ORDER: ("client_order_id", "a client order id that no open order of the account has"),
    Reject.UNKNOWN_ORDER: ("client_order_id", "an open order of the account, found none"),
    Reject.NOT_AMENDABLE: ("client_order_id", "an order that can be amended; cancel it and send another"),
    Reject.ACCOUNT_KILLED: ("account", "an account whose kill switch is off"),
    Reject.MEMBER_KILLED: ("account", "a member whose kill switch is off"),
    Reject.VENUE_KILLED: (None, "a venue whose kill switch is off"),
    Reject.INVALID_EXPIRE: ("expire_ns", "a time to come with time_in_force gtd, and none without"),
    Reject.INVALID_TYPE: ("type", "a type that goes with the other fields"),
    Reject.NO_REFERENCE: ("price", "a market with a reference price for an order without a price"),
    Reject.STOP_WOULD_TRIGGER: ("stop_price", "a stop price that the market has not reached yet"),
    Reject.NO_LIQUIDITY: (None, "an order on the other side to trade with, there is none"),
    Reject.POST_ONLY_WOULD_TRADE: ("post_only", "a price at which a post-only order does not trade"),
    Reject.REDUCE_ONLY: ("reduce_only", "an order that makes the position smaller"),
    Reject.MMP_ACTIVE: (None, "market maker protection to be off; it was triggered and waits for a reset"),
    Reject.NOT_SUPPORTED: (None, "what this market supports"),
    Reject.INSUFFICIENT_CREDIT: (None, "enough available credit for the order; see GET /v1/balances"),
    Reject.MAX_ORDER_QTY: ("quantity", "a quantity within the limit of the account or its member"),
    Reject.MAX_ORDER_NOTIONAL: (None, "a value within the limit of the account or its member"),
    Reject.MAX_OPEN_ORDERS: (None, "fewer open orders of the account or its member"),
    Reject.MAX_POSITION: (None, "a position within the limit of the account or its member"),
    Reject.MAX_GROSS_NOTIONAL: (None, "open orders within the limit of the account or its member"),
    Reject.MAX_MESSAGE_RATE: (None, "fewer messages of the account or its member in this window"),
    Reject.MAX_ORDER_TO_TRADE: (None, "fewer orders for each trade of the account"),
    Reject.TOO_MANY_PRICE_LEVELS: ("price", "fewer different prices in this market"),
    Reject.ENGINE_FULL: (None, "room for one more order, the venue has none"),
}  # fmt: skip


def refusal_of(reason: Reject, market: MarketScreen | None, sent: Sent) -> WebRefused:
    """The refusal of an order; market None: not known."""
    if market is not None:
        found = _of_terms(reason, market, sent)
        if found is not None:
            return WebRefused(reason, *found)
    field, expected = _RULES.get(reason, (None, ""))
    return WebRefused(reason, f"Expected {expected}" if expected else "", field)


def _of_terms(reason: Reject, market: MarketScreen, sent: Sent) -> tuple[str, str] | None:
    """(sentence, field) of what the terms of the market alone say."""
    terms = market.terms
    prices = f"from {market.price(terms.min_price)} to {market.price(terms.max_price)}"
    if reason is Reject.INVALID_QTY:
        most, found = market.quantity(terms.max_quantity), market.quantity(sent.quantity)
        return f"Expected a quantity above 0 and at most {most}, was {found}", "quantity"
    if reason is Reject.INVALID_PRICE:
        return f"Expected a price {prices} where the type has one, was {market.price(sent.price)}", "price"
    if reason is Reject.INVALID_STOP:
        found = market.price(sent.stop)
        return f"Expected a stop price {prices} where the type has one, was {found}", "stop_price"
    if reason is Reject.INVALID_DISPLAY:
        least, most = market.quantity(terms.min_display), market.quantity(sent.quantity)
        found = market.quantity(sent.display)
        return f"Expected a display quantity from {least} to {most}, was {found}", "display_quantity"
    if reason is Reject.PRICE_BAND and terms.static_band is not None:
        band, found = market.price(terms.static_band), market.price(sent.price)
        return f"Expected a price within {band} of the reference price of the market, was {found}", "price"
    return None
