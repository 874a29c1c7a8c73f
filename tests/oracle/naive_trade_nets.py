"""Nets of trades in a dict, and the root over a position's legs, as anybody would write them down."""

from __future__ import annotations

from hashlib import sha256

from novate.clearing.merkle import merkle_root
from novate.clearing.trade_nets import TradeNets, TradeNumbers

Net = tuple[int, int, int, int]


def naive_nets(trades: TradeNumbers) -> list[Net]:
    """(party, instrument, quantity, amount) of every net that is not zero, ascending."""
    sums: dict[tuple[int, int], list[int]] = {}
    for buyer, seller, instrument, quantity, amount in zip(
        trades.buyer.tolist(),
        trades.seller.tolist(),
        trades.instrument.tolist(),
        trades.quantity.tolist(),
        trades.amount.tolist(),
        strict=True,
    ):
        for party, sign in ((buyer, 1), (seller, -1)):
            net = sums.setdefault((party, instrument), [0, 0])
            net[0] += sign * quantity
            net[1] -= sign * amount
    return [(*key, *net) for key, net in sorted(sums.items()) if net != [0, 0]]


def as_rows(nets: TradeNets) -> list[Net]:
    """The kernel's answer in the same form."""
    columns = (nets.party, nets.instrument, nets.quantity, nets.amount)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def naive_root(texts: list[bytes], legs: list[int]) -> bytes:
    """RFC 6962 root over the sorted leaves; leg 2i is the buyer's of trade i."""
    return merkle_root(sorted(texts[leg // 2] + (b"S|N" if leg % 2 else b"B|N") for leg in legs))


def naive_digests(messages: list[bytes]) -> list[bytes]:
    """SHA-256 of each."""
    return [sha256(message).digest() for message in messages]
