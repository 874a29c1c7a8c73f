"""Why the clearing house refused something, or why something is still open, in words.

reason_words("SELF_TRADE")  -->  "buyer and seller are one party (SELF_TRADE)"
"""

from __future__ import annotations

WORDS = {
    # deliveries of trades (C9)
    "INVALID_VERSION": "the version is not a number from 1 on",
    "DUPLICATE_CONTENT": "this version is there already, with another content",
    "TRADE_CANCELLED": "the trade is cancelled",
    "UNKNOWN_INSTRUMENT": "there is no such instrument",
    "WRONG_CURRENCY": "the instrument has another currency",
    "UNKNOWN_MEMBER": "there is no such member",
    "UNKNOWN_ACCOUNT": "the member has no such account",
    "SELF_TRADE": "buyer and seller are one party",
    "INVALID_QTY": "quantity out of range",
    "INVALID_PRICE": "no price that can be used",
    "INEXACT_AMOUNT": "the amount would have to be rounded",
    "ZERO_AMOUNT": "the amount rounds to nothing",
    "AMOUNT_OVERFLOW": "the amount is too large",
    "FUTURE_TRADE_DATE": "the trade date is still to come",
    "NOT_TRADING_DAY": "the market was closed on the trade date",
    "SETTLE_BEFORE_TRADE": "it would settle before it was traded",
    "SETTLE_ON_HOLIDAY": "its settlement date is no settlement day",
    "LATE_TRADE": "its settlement date is over",
    "SUPERSEDED": "a higher version is in force",
    "UNKNOWN_TRADE": "there is no such trade",
    "VERSION_GAP": "another version is the next one",
    "TRADE_SETTLED": "the trade is settled",
    # what is done with trades (C14 to C17)
    "ALREADY_NETTED": "the trade is netted already",
    "WRONG_POLICY": "not for an instrument of this policy",
    "GIVEUP_PENDING": "a give-up of this side waits for its answer",
    "DUPLICATE_ACCOUNT": "an account comes twice",
    "ALLOCATION_TOTAL": "the parts are not the whole",
    "ALREADY_ALLOCATED": "the side is allocated already",
    "SAME_MEMBER": "the member is its own",
    "UNKNOWN_GIVEUP": "there is no such give-up",
    "INSUFFICIENT_POSITION": "less than that waits there",
    "CONTROL_TOTAL": "the control totals are not those of the batch",
    # balances, dates, buy-ins, corporate events (C18 to C46)
    "UNKNOWN_CURRENCY": "there is no such currency",
    "INVALID_AMOUNT": "amount out of range",
    "INSUFFICIENT_BALANCE": "less than that is free",
    "INVALID_GROUP": "the group is not one from 1 to 99",
    "ROLL_BACKWARD": "the date is not after the business date",
    "NOT_BUSINESS_DAY": "the house is closed on that date",
    "ROLL_SKIPS_DAY": "an open day lies in between",
    "INTENT_EXISTS": "there is a buy-in for this position",
    "NOT_ELIGIBLE": "nothing of it has failed for long enough",
    "EXCEEDS_OPEN": "less than that is open",
    "UNKNOWN_INTENT": "there is no such buy-in",
    "NOT_SETTLEMENT_DAY": "nothing of the instrument settles today",
    "BUYIN_TOO_EARLY": "its notice is not over",
    "INSUFFICIENT_CASH": "the receiver cannot pay for it",
    "DUPLICATE_EVENT": "there is an event of that name",
    "INVALID_DATES": "these dates cannot be",
    "INVALID_RATIO": "this ratio cannot be",
    # the margin day (M1 to M17)
    "NO_MARGIN_TERMS": "the house has no margin terms",
    "MARGINED_INSTRUMENT": "not for a contract whose positions stay open",
    "NOT_MARGINED": "the instrument is no margined contract",
    "NOT_ELIGIBLE_COLLATERAL": "it is not on the list of eligible collateral",
    "COLLATERAL_NEEDED": "the requirement needs it",
    "INVALID_PARAMETERS": "these are no margin parameters of this house",
    "MISSING_PARAMETERS": "margin parameters say nothing of a contract that is held",
    "NO_SETTLEMENT_PRICE": "a contract that is held has no settlement price, or at expiry none of today",
    "TIME_BACKWARD": "it is later already",
    "MEMBER_IN_DEFAULT": "the member is in default, or another one is",
    "NOT_IN_DEFAULT": "the member is not in default",
    "POSITIONS_OPEN": "contracts of the member are still open",
    "INSTRUMENT_EXPIRED": "the contract has expired",
    "HOUSE_IN_SHORTFALL": "losses are uncovered, so no new risk is taken",
    # the form of records
    "UNKNOWN_COMMAND": "there is no such command",
    "UNKNOWN_SOURCE": "the source has not been named",
    "INVALID_SOURCE": "not the next number, or not a new name",
    "MISSING_TEXT": "its name is missing",
    "INVALID_SIDE": "neither buyer nor seller",
    "BATCH_BROKEN_OFF": "another command came before its last trade",
    "FILL_GAP": "the fills do not begin behind the last one that was taken, or nobody has announced this one",
    # why something is still open (C33)
    "NO_CYCLE": "no settlement since the last netting",
    "SECURITIES": "securities are missing",
    "CASH": "money is missing",
    "AWAITING": "it waits for the deliveries of others",
    "BATCH": "all or nothing, and somebody else lacks something",
    # how give-ups and buy-ins end (C15, C43)
    "ACCEPTED": "taken up",
    "REJECTED": "not wanted",
    "EXPIRED": "its trade went into netting, or its contract expired",
    "REPLACED": "its trade has another version",
    "EXECUTED": "bought in or closed out to the end",
    "COVERED": "nothing is left to buy in",
}


def reason_words(name: str) -> str:
    """A reason in words with its name behind; a name that is not known speaks for itself."""
    words = WORDS.get(name)
    return f"{words} ({name})" if words else name
