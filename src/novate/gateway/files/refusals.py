"""What the venue expected of a command that it refused, in the words of `rejects.csv`."""

from __future__ import annotations

from novate.domain.codes import CommandKind, Reject

EXPECTED = {
    Reject.UNKNOWN_MARKET: "a market of the venue",
    Reject.UNKNOWN_ACCOUNT: "an account of the venue",
    Reject.MARKET_CLOSED: "a market that is not closed",
    Reject.MARKET_HALTED: "a market that is not halted",
    Reject.INVALID_IN_STATE: "an order that the state of the market lets in",
    Reject.INVALID_TRANSITION: "another state than the one that the market is in",
    Reject.DUPLICATE_ORDER: "a client_order_id that no live order of the account has in this market",
    Reject.UNKNOWN_ORDER: "the id of a live order of the account in this market",
    Reject.NOT_AMENDABLE: "an amend of something that this order has and that may change",
    Reject.INVALID_QTY: "a quantity from one lot to the market's largest",
    Reject.INVALID_PRICE: "a price up to the market's largest for limit orders, none for market orders",
    Reject.INVALID_STOP: "a stop price for stop orders, none for others",
    Reject.INVALID_DISPLAY: "a display quantity from the market's smallest to the order's quantity",
    Reject.INVALID_EXPIRE: "an expire time after now for GTD orders, none for others",
    Reject.INVALID_COMBO: "attributes that go together",
    Reject.PRICE_BAND: "a price inside the static band",
    Reject.STOP_WOULD_TRIGGER: "a stop price that the last trade has not reached",
    Reject.NO_LIQUIDITY: "a resting order on the other side",
    Reject.POST_ONLY_WOULD_TRADE: "a post-only price that does not reach the other side",
    Reject.NO_REFERENCE: "a trade or a reference price that a trailing stop can start from",
    Reject.INVALID_TRAIL: "a trail for trailing stops, none for others",
    Reject.INVALID_MIN_QTY: "a minimum quantity from one lot to the order's quantity",
    Reject.MISSING_TERMS: "the terms of the order before it",
    Reject.INVALID_OCO: "a resting limit order and a trigger order under two ids, without minimum quantity",
    Reject.MMP_ACTIVE: "an account whose market-maker protection has not been triggered",
    Reject.REDUCE_ONLY: "a position that the order can reduce",
    Reject.NOT_SUPPORTED: "a venue that keeps positions (positions = true), for a reduce-only order",
    Reject.INSUFFICIENT_CREDIT: "credit for the whole order",
}


def refusal_message(kind: CommandKind, reason: Reject) -> str:
    """`venue: NEW: expected a price inside the static band`."""
    expected = EXPECTED.get(reason, f"what {reason.name} asks for")
    return f"venue: {kind.name}: expected {expected}"
