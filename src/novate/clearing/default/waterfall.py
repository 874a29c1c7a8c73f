"""Who pays when a member fails: layers, declared in the order in which they are used up.

    loss 25,000    layer 1   10,000 of 10,000
                   layer 2    5,000 of  5,000
                   layer 3    2,000 of  2,000
                   layer 4    8,000 of 20,000     each payer of a layer pays in proportion to what it has
                   layer 5        0 of 50,000
                   shortfall      0

Invariants: payments and shortfall add up to the loss; a layer pays only when all before it are empty; nobody
pays more than it has. Shares are rounded down, and what is left goes one minor unit each to the largest
remainders, of equal ones to the first in the layer. The order of layers of a real house: EMIR, Article 45.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Payer:
    """Somebody who answers with an amount of minor units."""

    name: str
    available: int


@dataclass(frozen=True, slots=True)
class Layer:
    """Resources that stand at one place of the order."""

    name: str
    payers: tuple[Payer, ...]

    @property
    def available(self) -> int:
        """All that the layer has."""
        return sum(one.available for one in self.payers)


@dataclass(frozen=True, slots=True)
class LayerPayment:
    """What a layer pays; `shares` are in the order of its payers."""

    layer: Layer
    paid: int
    shares: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A loss, what each layer pays of it, and what nobody does."""

    loss: int
    payments: tuple[LayerPayment, ...]
    shortfall: int

    def paid_by(self, name: str) -> int:
        """All that one payer pays, in whatever layers."""
        return sum(
            share
            for payment in self.payments
            for payer, share in zip(payment.layer.payers, payment.shares, strict=True)
            if payer.name == name
        )


def pay(loss: int, layers: Sequence[Layer]) -> Waterfall:
    """The payments of a loss of at least 0; ValueError for a negative loss or resource."""
    if loss < 0:
        raise ValueError(f"expected a loss of at least 0, was {loss}")
    left = loss
    payments = []
    for layer in layers:
        if any(one.available < 0 for one in layer.payers):
            raise ValueError(f"{layer.name}: expected resources of at least 0, was less")
        paid = min(left, layer.available)
        payments.append(LayerPayment(layer, paid, shared(paid, [one.available for one in layer.payers])))
        left -= paid
    return Waterfall(loss, tuple(payments), left)


def shared(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """An amount in proportion to weights, whole and adding up: largest remainders, ties to the first.

    An amount of at most the sum of the weights gives nobody more than its weight. All zero for weights of
    nothing.
    """
    total = sum(weights)
    if not total:
        return (0,) * len(weights)
    quotients = [divmod(amount * weight, total) for weight in weights]
    shares = [whole for whole, _ in quotients]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-quotients[at][1], at))
    for at in by_remainder[: amount - sum(shares)]:
        shares[at] += 1
    return tuple(shares)
