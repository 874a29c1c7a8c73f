"""A small price-time book of plain limit orders, with which a decoder foresees what the venue will do.

    side of buys:   price -> {order id: leaves} in time order        best price on top of a heap
    side of sells:  price -> {order id: leaves} in time order

It is for files whose meaning depends on what rests: a modify of a neutral tape, an execution of a
historical file. It knows nothing of hidden quantity, self-trade prevention or credit.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple


class Fill(NamedTuple):
    """What an incoming order took from one resting order."""

    order_id: int
    price: int
    quantity: int


class _Side:
    """One side: levels by price and a heap of prices, in which emptied levels are dropped late."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, dict[int, int]] = {}
        self.heap: list[int] = []

    def level(self, price: int) -> dict[int, int]:
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = {}
            heapq.heappush(self.heap, self.sign * price)
        return level

    def best(self) -> int | None:
        while self.heap:
            price = self.sign * self.heap[0]
            if self.levels.get(price):
                return price
            heapq.heappop(self.heap)
            self.levels.pop(price, None)
        return None


class PriceTimeMirror:
    """Orders by id; matching at the resting order's price, best price first, then time."""

    def __init__(self) -> None:
        self._sides = {True: _Side(-1), False: _Side(1)}
        self._where: dict[int, tuple[bool, int]] = {}

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._where

    def leaves(self, order_id: int) -> int:
        buys, price = self._where[order_id]
        return self._sides[buys].levels[price][order_id]

    def submit(self, order_id: int, buys: bool, price: int, quantity: int, rests: bool) -> list[Fill]:
        """An incoming limit order: its fills; what is left rests if it may."""
        fills = []
        opposite = self._sides[not buys]
        while quantity:
            best = opposite.best()
            if best is None or (best > price if buys else best < price):
                break
            level = opposite.levels[best]
            maker, leaves = next(iter(level.items()))
            traded = min(quantity, leaves)
            fills.append(Fill(maker, best, traded))
            quantity -= traded
            self._reduce(level, maker, traded)
        if quantity and rests:
            self._sides[buys].level(price)[order_id] = quantity
            self._where[order_id] = (buys, price)
        return fills

    def reduce(self, order_id: int, quantity: int) -> None:
        """Take `quantity` off a resting order; all of it or more removes the order."""
        buys, price = self._where[order_id]
        self._reduce(self._sides[buys].levels[price], order_id, quantity)

    def remove(self, order_id: int) -> None:
        buys, price = self._where.pop(order_id)
        del self._sides[buys].levels[price][order_id]

    def _reduce(self, level: dict[int, int], order_id: int, quantity: int) -> None:
        level[order_id] -= quantity
        if level[order_id] <= 0:
            del level[order_id]
            del self._where[order_id]
