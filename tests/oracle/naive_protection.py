"""Protections: the collar that bounds one aggressor (R45), and the counting of market makers' fills (R46).

base - collar ... base + collar       levels that the aggressor may trade at; base is fixed at its start
entries (time, quantity)              sum inside the window reaches max_qty --> the account is due
"""

from __future__ import annotations

from novate.domain.instruments import MarketTerms
from tests.oracle.naive_state import Market, Order


def outside_collar(terms: MarketTerms, base: int | None, price: int) -> bool:
    if terms.collar is None or base is None:
        return False
    return abs(price - base) > terms.collar


def count_for_protection(market: Market, resting: Order, now: int, quantity: int) -> None:
    """A trade of a flagged resting order; the account may become due."""
    protection = market.protections.get(resting.acct)
    if protection is None or not resting.mmp:
        return
    protection.entries.append((now, quantity))
    recent = [lots for time, lots in protection.entries if time > now - protection.window]
    if sum(recent) >= protection.max_qty:
        market.due.add(resting.acct)
