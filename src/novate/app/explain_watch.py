"""Orders that watch the market in words: pegged, discretionary, all-or-none (R67 to R69).

{"side": "B", "peg": "PRIMARY", "offset": -1, "price": 102}  -->  "at the best bid - 1, at most at 102"
"""

from __future__ import annotations

from typing import Any

WATCH_FIELDS = frozenset(("peg", "offset", "discretion", "aon"))


def peg_words(order: dict[str, Any]) -> str:
    """Where a pegged order belongs, and its bound."""
    buys = order["side"] == "B"
    own, other = ("best bid", "best ask") if buys else ("best ask", "best bid")
    place = {"PRIMARY": own, "MARKET": other, "MID": "middle"}.get(order["peg"], str(order["peg"]))
    offset = order.get("offset") or 0
    ticks = f" {'-' if offset < 0 else '+'} {abs(offset):,}" if offset else ""
    bound = ""
    if order.get("price") is not None:
        bound = f", {'at most' if buys else 'at least'} at {order['price']:,}"
    return f"at the {place}{ticks}{bound}"


def watch_words(order: dict[str, Any]) -> list[str]:
    """What its attributes add to the sentence of an order."""
    words = []
    if order.get("offset") and not order.get("peg"):
        words.append(f"offset={order['offset']:,}")
    if order.get("discretion") is not None:
        words.append(f"{order['discretion']:,} ticks of discretion")
    if order.get("aon"):
        words.append("all or none")
    return words
