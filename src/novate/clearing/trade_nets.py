"""Nets of a column of trades: what every party must receive or deliver of every instrument (C10, C20).

    buyer seller instrument quantity amount          party instrument quantity  amount
        0      1          4       40 440000   -->        0          4      +40 -440000
        1      2          4       70 685000              1          4      +30 -245000
                                                         2          4      -70 +685000

Invariants: per instrument, quantities and amounts sum to zero; nets of zero and zero are left out; the order
of the trades changes nothing.
Cost: one pass over the trades; 16 bytes per party and instrument where that is at most DENSE_CELLS, otherwise
about 50 bytes per pair that occurs.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.kernels.sums import (
    AMOUNT,
    EMPTY,
    QUANTITY,
    Int32s,
    Int64s,
    add_dense,
    add_hashed,
    move_hashed,
    nets_of_cells,
)
from novate.domain.machine import BrokenInvariant

DENSE_CELLS = 1 << 24
"""Most pairs of a party and an instrument that get a cell of their own: 256 MiB of sums."""
SMALLEST_TABLE = 1 << 10
MOST_KEYS = 1 << 62


class TradeNets(msgspec.Struct, frozen=True, kw_only=True):
    """One entry per net that is not zero, ascending by (party, instrument); numbers are int32, sums int64."""

    party: Int32s
    instrument: Int32s
    quantity: Int64s
    """What the party receives, in units of the instrument; negative: delivers."""
    amount: Int64s
    """What the party receives, in minor units; negative: pays."""

    def __len__(self) -> int:
        return len(self.party)


class TradeNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of T trades: numbers of parties and instruments (int32), units and minor units (int64)."""

    buyer: Int32s
    seller: Int32s
    instrument: Int32s
    quantity: Int64s
    amount: Int64s
    """What the buyer pays; negative where the price is below zero."""


def net_trades(
    trades: TradeNumbers, parties: int, instruments: int, most_cells: int = DENSE_CELLS
) -> TradeNets:
    """The nets of the trades.

    Raises BrokenInvariant if a number is not below `parties` or `instruments`, or if a sum leaves int64.
    """
    for column, limit in (
        (trades.buyer, parties),
        (trades.seller, parties),
        (trades.instrument, instruments),
    ):
        if len(column) and not 0 <= column.min() <= column.max() < limit:
            raise BrokenInvariant(
                f"Expected numbers from 0 to {limit - 1}, was {column.min()} to {column.max()}"
            )
    if parties * instruments > MOST_KEYS:
        raise BrokenInvariant(f"Expected at most {MOST_KEYS} pairs, was {parties} * {instruments}")
    if parties * instruments <= most_cells:
        return _dense(trades, parties, instruments)
    return _hashed(trades, instruments)


def _columns(trades: TradeNumbers) -> tuple[Int32s, Int32s, Int32s, Int64s, Int64s]:
    return trades.buyer, trades.seller, trades.instrument, trades.quantity, trades.amount


def _dense(trades: TradeNumbers, parties: int, instruments: int) -> TradeNets:
    """A cell per pair."""
    cells = np.zeros((parties * instruments, 2), np.int64)
    if not add_dense(cells, instruments, *_columns(trades)):
        raise _too_large()
    # One more than can be: the kernel writes each cell before it knows whether it counts.
    room = min(len(cells), 2 * len(trades.buyer)) + 1
    party, instrument = np.empty(room, np.int32), np.empty(room, np.int32)
    quantity, amount = np.empty(room, np.int64), np.empty(room, np.int64)
    found = nets_of_cells(cells, instruments, party, instrument, quantity, amount)
    return TradeNets(
        party=party[:found], instrument=instrument[:found], quantity=quantity[:found], amount=amount[:found]
    )


def _hashed(trades: TradeNumbers, instruments: int) -> TradeNets:
    """A cell per pair that occurs; the table grows when it is half full."""
    keys, cells = _table(SMALLEST_TABLE)
    used = np.zeros(1, np.int64)
    done = 0
    while True:
        done = add_hashed(keys, cells, used, done, instruments, *_columns(trades))
        if done < 0:
            raise _too_large()
        if done == len(trades.buyer):
            break
        old_keys, old_cells = keys, cells
        keys, cells = _table(4 * len(keys))
        move_hashed(old_keys, old_cells, keys, cells)
    kept = np.flatnonzero((cells[:, QUANTITY] != 0) | (cells[:, AMOUNT] != 0))
    kept = kept[np.argsort(keys[kept])]
    party, instrument = np.divmod(keys[kept], max(instruments, 1))
    return TradeNets(
        party=party.astype(np.int32),
        instrument=instrument.astype(np.int32),
        quantity=cells[kept, QUANTITY],
        amount=cells[kept, AMOUNT],
    )


def _table(slots: int) -> tuple[Int64s, Int64s]:
    return np.full(slots, EMPTY, np.int64), np.zeros((slots, 2), np.int64)


def _too_large() -> BrokenInvariant:
    return BrokenInvariant("Expected sums of legs within 64 bits, was a sum beyond them")
