"""Who is behind an order id: events name orders by number, a person wants account, side and kind.

    NEW account 1, cid 7  +  ACCEPTED oid 3   -->   #3 = account 1, buys, LIMIT
    CANCEL account 1, cid 7                   -->   #3

Nothing is ever forgotten: an order that is gone is still talked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

Json = dict[str, Any]


class KnownOrder(msgspec.Struct):
    """What the command said about an order that the venue accepted."""

    order: int
    account: int
    side: str
    """B, S, or empty if the command did not say."""
    order_type: str
    tif: str
    price: int | None


class KnownOrders:
    """All orders that a scenario has seen so far."""

    def __init__(self) -> None:
        self._orders: dict[int, KnownOrder] = {}
        self._named: dict[tuple[int, int, int], int] = {}

    def learn(self, command: Json, events: list[Json]) -> None:
        """Take note of the orders that a command made, and of prices that it changed."""
        for event in events:
            if event.get("ev") == "ACCEPTED":
                self._accept(command, event)
            elif event.get("ev") in ("AMENDED", "TRIGGERED") and event.get("oid") in self._orders:
                self._orders[event["oid"]].price = event.get("price")

    def find(self, order: int) -> KnownOrder | None:
        """The order of a number, live or gone."""
        return self._orders.get(order)

    def owner(self, order: int) -> str:
        """`account 1`, or the order's number where nobody knows its account."""
        known = self._orders.get(order)
        return f"account {known.account}" if known else f"the owner of #{order}"

    def named(self, market: int, account: int, client_id: int) -> str:
        """`#3`, or the owner's own name for an order that never came."""
        order = self._named.get((market, account, client_id))
        return f"client order {client_id}" if order is None else f"#{order}"

    def _accept(self, command: Json, event: Json) -> None:
        said = next((part for part in _parts(command) if part.get("cid") == event["cid"]), command)
        order = KnownOrder(
            order=event["oid"],
            account=event["acct"],
            side=said.get("side") or "",
            order_type=said.get("type") or "LIMIT",
            tif=said.get("tif") or "GTC",
            price=event["price"],
        )
        self._orders[order.order] = order
        self._named[(command.get("market", 0), order.account, event["cid"])] = order.order


def _parts(command: Json) -> Iterator[Json]:
    """The command, and what it carries inside: the legs of a pair, the sides of a quote."""
    yield command
    for value in command.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from _parts(inner)
