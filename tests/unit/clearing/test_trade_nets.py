"""The netting kernel against its twin: dense and hashed, on small worlds, and at the edges of int64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.trade_nets import TradeNumbers, net_trades
from novate.domain.machine import BrokenInvariant
from novate.simulation.trade_flow import trade_flow
from tests.oracle.naive_trade_nets import as_rows, naive_nets

PARTIES, INSTRUMENTS = 5, 4
LARGEST = 2**63 - 1
Trade = tuple[int, int, int, int, int]

TRADE = st.tuples(
    st.integers(0, PARTIES - 1),
    st.integers(0, PARTIES - 1),
    st.integers(0, INSTRUMENTS - 1),
    st.integers(1, 3),
    st.integers(-(10**15), 10**15),
)


def numbers(trades: list[Trade]) -> TradeNumbers:
    columns = [np.array(column, np.int64) for column in zip(*trades, strict=True)] or [
        np.zeros(0, np.int64)
    ] * 5
    buyer, seller, instrument = (column.astype(np.int32) for column in columns[:3])
    return TradeNumbers(
        buyer=buyer, seller=seller, instrument=instrument, quantity=columns[3], amount=columns[4]
    )


@pytest.mark.parametrize("most_cells", [0, 1 << 24], ids=["hashed", "dense"])
@settings(max_examples=60, deadline=None)
@given(trades=st.lists(TRADE, max_size=40))
def test_nets_are_the_twins(most_cells: int, trades: list[Trade]) -> None:
    columns = numbers(trades)
    assert as_rows(net_trades(columns, PARTIES, INSTRUMENTS, most_cells)) == naive_nets(columns)


def flow(trades: int, parties: int, instruments: int) -> TradeNumbers:
    (piece,) = trade_flow(trades, parties, instruments)
    return TradeNumbers(
        buyer=piece.buyer,
        seller=piece.seller,
        instrument=piece.instrument,
        quantity=piece.quantity,
        amount=piece.quantity * piece.price_cents,
    )


def test_a_table_that_grows_many_times_holds_the_same_nets() -> None:
    trades = flow(3_000, 3_000, 5_000)
    hashed = as_rows(net_trades(trades, 3_000, 5_000, most_cells=0))
    assert len(hashed) > 5_900
    assert hashed == as_rows(net_trades(trades, 3_000, 5_000)) == naive_nets(trades)


def test_a_space_of_pairs_too_large_for_cells_is_hashed() -> None:
    far = numbers([(2**31 - 2, 0, 2**30, 5, 7), (0, 2**31 - 2, 2**30, 4, 7)])
    assert as_rows(net_trades(far, 2**31 - 1, 2**31 - 1)) == [
        (0, 2**30, -1, 0),
        (2**31 - 2, 2**30, 1, 0),
    ]


def test_a_ring_leaves_nothing() -> None:
    ring = numbers([(0, 1, 2, 5, 50), (1, 2, 2, 5, 50), (2, 0, 2, 5, 50)])
    assert not len(net_trades(ring, 3, 3))


@pytest.mark.parametrize("most_cells", [0, 1 << 24], ids=["hashed", "dense"])
@pytest.mark.parametrize("column", [3, 4], ids=["quantity", "amount"])
@pytest.mark.parametrize("size", [LARGEST, -LARGEST])
def test_a_sum_beyond_64_bits_is_an_error_and_never_wraps(most_cells: int, column: int, size: int) -> None:
    large = [0, 1, 0, 1, 1]
    large[column] = size
    one, more = tuple(large), [0, 1, 0, 0, 0]
    more[column] = 1 if size > 0 else -1
    fits = net_trades(numbers([one]), 2, 1, most_cells)  # type: ignore[list-item]
    assert as_rows(fits) == naive_nets(numbers([one]))  # type: ignore[list-item]
    with pytest.raises(BrokenInvariant, match="64 bits"):
        # The third trade brings the sum back: what an intermediate sum lost is lost.
        net_trades(numbers([one, tuple(more), (1, 0, 0, 1, 1)]), 2, 1, most_cells)  # type: ignore[list-item]


@pytest.mark.parametrize("most_cells", [0, 1 << 24], ids=["hashed", "dense"])
def test_a_leg_without_an_opposite_is_an_error(most_cells: int) -> None:
    with pytest.raises(BrokenInvariant, match="64 bits"):
        net_trades(numbers([(0, 1, 0, 1, -(2**63))]), 2, 1, most_cells)


@pytest.mark.parametrize("trade", [(2, 0, 0, 1, 1), (0, -1, 0, 1, 1), (0, 1, 3, 1, 1)])
def test_a_number_out_of_range_is_an_error(trade: Trade) -> None:
    with pytest.raises(BrokenInvariant, match="Expected numbers from 0"):
        net_trades(numbers([trade]), 2, 3)
