"""The flows of level FULL reach what level FULL has: a campaign without a halt proves nothing of halts."""

from __future__ import annotations

from collections import Counter

from tests.oracle.compare import naive_run
from tests.property.full_flows import full_flow_of, long_full_flow_of

EVENTS = (
    "ACCEPTED", "REJECTED", "TRADE", "REFRESHED", "STP_DECREMENT", "CANCELLED", "EXPIRED", "AMENDED",
    "TRIGGERED", "STATE", "AUCTION", "AUCTION_TRADE", "INDICATIVE", "MMP_TRIGGERED", "MMP_SET", "MMP_RESET",
    "MASS_DONE", "REF_SET", "POSITION_SET", "BOOK_STATE", "CREDIT_SET", "MARGIN_SET", "LIMIT_SET",
)  # fmt: skip
ENDS = (
    "USER", "MASS", "IOC", "FOK", "MIN_QTY", "STP", "COLLAR", "NO_LIQUIDITY", "OCO", "MMP", "REDUCE_ONLY",
    "AMEND", "CREDIT", "GTD", "DAY", "AUCTION",
)  # fmt: skip
REFUSALS = (
    "MARKET_CLOSED", "MARKET_HALTED", "DUPLICATE_ORDER", "MMP_ACTIVE", "INVALID_QTY", "INVALID_PRICE",
    "INVALID_STOP", "INVALID_TRAIL", "INVALID_DISPLAY", "INVALID_MIN_QTY", "INVALID_EXPIRE", "INVALID_COMBO",
    "INVALID_IN_STATE", "PRICE_BAND", "NO_REFERENCE", "STOP_WOULD_TRIGGER", "REDUCE_ONLY", "NO_LIQUIDITY",
    "POST_ONLY_WOULD_TRADE", "NOT_AMENDABLE", "UNKNOWN_ORDER", "INVALID_TRANSITION", "INVALID_OCO",
    "NOT_SUPPORTED", "INSUFFICIENT_CREDIT", "MAX_OPEN_ORDERS", "MAX_POSITION", "MAX_MESSAGE_RATE",
)  # fmt: skip


def test_full_flows_reach_every_event_and_every_reason() -> None:
    seen: Counter[str] = Counter()
    for seed in range(400):
        for events in naive_run(full_flow_of(seed))[2]:
            seen.update(event["ev"] for event in events)
            seen.update(event["reason"] for event in events if "reason" in event)
    assert [name for name in (*EVENTS, *ENDS, *REFUSALS) if seen[name] == 0] == []


def test_long_full_flows_grow_deep_books_and_uncross_them() -> None:
    naive, _, events = naive_run(long_full_flow_of(0, commands=600))
    seen = Counter(event["ev"] for answer in events for event in answer)
    assert min(seen["AUCTION_TRADE"], seen["TRIGGERED"], seen["TRADE"]) > 0
    assert sum(len(market.orders) for market in naive.markets) > 60
