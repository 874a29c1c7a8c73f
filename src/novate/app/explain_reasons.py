"""Why something was refused or ended, in words; the name of the rulebook stays beside them.

reason_words("POST_ONLY_WOULD_TRADE")  -->  "it is post only and would trade (POST_ONLY_WOULD_TRADE)"
"""

from __future__ import annotations

from novate.app.explain_control import CONTROL_REASONS

WORDS = {
    # refusals: market and identity
    "UNKNOWN_MARKET": "there is no such market",
    "UNKNOWN_ACCOUNT": "there is no such account",
    "UNKNOWN_COMMAND": "there is no such command",
    "MARKET_CLOSED": "the market is closed",
    "MARKET_HALTED": "the market is halted",
    "INVALID_IN_STATE": "not in this state of the market",
    "INVALID_TRANSITION": "the market is in that state already",
    "DUPLICATE_ORDER": "the account has a live order of that name",
    "UNKNOWN_ORDER": "no such live order",
    "NOT_AMENDABLE": "this cannot be amended",
    # refusals: fields
    "INVALID_SIDE": "neither buy nor sell",
    "INVALID_QTY": "quantity out of range",
    "INVALID_PRICE": "price missing, not allowed or out of range",
    "INVALID_STOP": "trigger price missing, not allowed or out of range",
    "INVALID_TRAIL": "trailing offset missing, not allowed or out of range",
    "INVALID_DISPLAY": "displayed quantity out of range",
    "INVALID_MIN_QTY": "minimum quantity out of range",
    "INVALID_EXPIRE": "expiry missing, not allowed or already past",
    "INVALID_COMBO": "these attributes do not go together",
    "INVALID_TYPE": "no such type of order",
    "INVALID_TIME": "not a time to come",
    # refusals: price and liquidity
    "PRICE_BAND": "the price is outside the static band",
    "NO_REFERENCE": "there is no price to follow yet",
    "STOP_WOULD_TRIGGER": "it would trigger at once",
    "NO_LIQUIDITY": "nothing to trade with",
    "POST_ONLY_WOULD_TRADE": "it is post only and would trade",
    "MMP_ACTIVE": "market-maker protection has stopped the account",
    "INVALID_OCO": "these two orders make no pair",
    "NOT_SUPPORTED": "this venue does not do that",
    # refusals: credit, limits, capacity
    "INSUFFICIENT_CREDIT": "the account has not enough credit",
    "CREDIT_GAP": "a number of the clearing house was left out",
    "CREDIT_OVERFLOW": "more credit than can be counted",
    "CREDIT_OFF": "no market here asks for credit",
    "UNKNOWN_ASSET": "there is no such asset",
    "INVALID_MARGIN": "margin out of range",
    "MAX_ORDER_QTY": "larger than an order of this holder may be",
    "MAX_ORDER_NOTIONAL": "worth more than an order of this holder may be",
    "MAX_OPEN_ORDERS": "too many open orders",
    "MAX_POSITION": "the position could become too large",
    "MAX_GROSS_NOTIONAL": "open orders would be worth too much",
    "MAX_MESSAGE_RATE": "too many messages",
    "LIMITS_OFF": "limits are off here",
    "INVALID_LIMIT": "no such limit, or out of range",
    "TOO_MANY_PRICE_LEVELS": "too many prices in use",
    "ENGINE_FULL": "the engine is full",
    "TOO_MANY_TIMERS": "too many timers",
    # why an order ended, or a market changed
    "USER": "by its owner",
    "MASS": "by a mass cancel",
    "IOC": "what does not trade at once is cancelled",
    "FOK": "not fillable as a whole",
    "MIN_QTY": "less than its minimum would trade",
    "STP": "self-trade prevention",
    "COLLAR": "the next price is outside the dynamic collar",
    "OCO": "the other order of its pair traded, triggered or ended",
    "MMP": "market-maker protection",
    "REDUCE_ONLY": "no position to reduce",
    "AMEND": "amended to what it has traded already",
    "CREDIT": "its account ran out of credit",
    "GTD": "its time is over",
    "DAY": "the day is over",
    "AUCTION": "its auction is over",
    "COMMAND": "by command",
    **CONTROL_REASONS,
    "SCHEDULE": "by schedule",
    "TIMER": "the time of its call is over",
}


def reason_words(name: str) -> str:
    """A reason in words with its name behind; a name that is not known speaks for itself."""
    words = WORDS.get(name)
    return f"{words} ({name})" if words else name
