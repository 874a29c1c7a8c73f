"""Events of the house as lines for people, by the names of their fields: the kind, then who, what, how much.

{"ev": "ACCEPTED", "source": "X", "trade_id": "4", "version": 2, "isin": ..., "qty": 50, "amount": 482500, ...}
  --> ACCEPTED  trade X 4, version 2, 50 RHIN, 4825.00 EUR, due 2026-10-15
"""

from __future__ import annotations

from typing import Any

from novate.app.clearing_names import Names

Json = dict[str, Any]
PLAIN = (
    "op", "kind", "reason", "state", "group", "intent", "giveup", "transfer", "side", "parts", "price",
    "since", "left", "arrears", "paid", "cost", "cycle", "run", "rows", "legs", "lines", "what", "new", "old",
)  # fmt: skip
"""Fields that are told by their name and value."""


def event_line(event: Json, names: Names) -> str:
    """One event in one line."""
    told = [*_identity(event), *_amounts(event, names)]
    told += [f"{name} {event[name]}" for name in PLAIN if name in event and event[name] is not None]
    for name in ("due", "settle_date"):
        if name in event:
            told.append(f"due {event[name]}")
    return f"{event['ev']:<12}  {', '.join(told)}".rstrip()


def symbol(names: Names, isin: str) -> str:
    """The short name of an instrument."""
    return names.symbols.get(isin, isin)


def _identity(event: Json) -> list[str]:
    told = []
    if "trade_id" in event:
        told.append(f"trade {event['source']} {event['trade_id']}")
    if "version" in event:
        told.append(f"version {event['version']}")
    if "ca_id" in event:
        told.append(f"event {event['ca_id']}")
    if "member" in event:
        told.append(f"{event['member']}/{event['account']}")
    return told


def _amounts(event: Json, names: Names) -> list[str]:
    told = []
    isin = event.get("isin")
    quantity = event.get("qty", event.get("quantity"))
    if quantity is not None and isin:
        told.append(f"{names.quantity_text(quantity, isin)} {symbol(names, isin)}")
    elif isin:
        told.append(symbol(names, isin))
    ccy = event.get("ccy") or names.currency_of.get(isin or "", "")
    amount = event.get("amount", event.get("amount_minor"))
    if amount is not None:
        told.append(names.money_text(amount, ccy))
    return told
