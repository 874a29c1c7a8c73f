"""Questions about the venue's tables against its slow exact reading: depth, orders, balances, positions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.app.configuration import embedded_configuration
from novate.client.orders import cancel_order, new_order
from novate.domain.codes import CommandFlag, OrderType, Side
from novate.domain.queries import OrderLineFlag
from novate.domain.records import new_events
from novate.domain.resolve import opening_credit, venue_terms
from novate.venue.machine import Venue

CONFIGURATION = embedded_configuration()
PRICES = st.integers(18_150, 18_350)
ORDER = st.tuples(
    st.sampled_from([101, 201, 301]), st.sampled_from([Side.BUY, Side.SELL]), PRICES, st.integers(1, 90),
    st.sampled_from(["plain", "hidden", "iceberg", "stop", "cancel"]),
)  # fmt: skip


def trade(venue: Venue, orders: list[Any]) -> None:
    """Send the orders to market 0."""
    events = new_events(1 << 16)
    venue.apply(opening_credit(CONFIGURATION), events)
    for number, (account, side, price, quantity, kind) in enumerate(orders):
        if kind == "cancel":
            command = cancel_order(0, account, number // 2)
        elif kind == "stop":
            stop = price + 300 if side == Side.BUY else price - 300
            command = new_order(
                0, account, number, side, quantity, stop, order_type=OrderType.STOP_LIMIT, stop=stop
            )
        else:
            flags = int(CommandFlag.HIDDEN) if kind == "hidden" else 0
            display = max(1, quantity // 3) if kind == "iceberg" else None
            command = new_order(0, account, number, side, quantity, price, flags=flags, display=display)
        venue.apply(command, events)


@settings(max_examples=15, deadline=None)
@given(st.lists(ORDER, max_size=60), st.integers(1, 12))
def test_readings_agree_with_the_book(orders: list[Any], most: int) -> None:
    venue = Venue(venue_terms(CONFIGURATION))
    trade(venue, orders)
    book = venue.book(0)
    expected = []
    for side, rows in ((Side.BUY, book.bids), (Side.SELL, book.asks)):
        shown: Counter[int] = Counter()
        for price, _, displayed, _ in rows:
            shown[price] += displayed
        best = sorted((price for price in shown if shown[price]), reverse=side == Side.BUY)
        expected += [(int(side), price, shown[price]) for price in best[:most]]
    lines = venue.depth(0, most)
    assert [tuple(map(int, (one["side"], one["price"], one["quantity"]))) for one in lines] == expected

    found, row = [], 0
    while True:
        part, row = venue.orders(row, 7)
        found += [one for one in part if one["market"] == 0]
        if row == 0:
            break
    resting = {
        order_id: (price, leaves) for rows in (book.bids, book.asks) for price, order_id, _, leaves in rows
    }
    told = {int(one["order_id"]): (int(one["price"]), int(one["leaves"])) for one in found
            if one["flags"] & OrderLineFlag.RESTING}  # fmt: skip
    assert told == resting
    waiting = {int(one["order_id"]): int(one["stop"]) for one in found
               if not one["flags"] & OrderLineFlag.RESTING}  # fmt: skip
    assert waiting == {order_id: stop for order_id, _, stop, _ in book.parked}
    own, _ = venue.orders(0, 1 << 20, 101)
    assert sorted(own["order_id"].tolist()) == sorted(
        int(one["order_id"]) for one in found if one["account"] == 101
    )
    for line in venue.balances(101):
        held = venue.balance(101, int(line["asset"]))
        assert (int(line["available"]), int(line["reserved"])) == held


def test_a_deep_book_is_read_to_its_end_and_no_further() -> None:
    venue = Venue(venue_terms(CONFIGURATION))
    trade(venue, [(101, Side.BUY, 18_000 - 37 * at, 1, "plain") for at in range(100)])
    whole = venue.depth(0, 1_000)
    assert whole["price"].tolist() == [18_000 - 37 * at for at in range(100)]
    assert np.array_equal(venue.depth(0, 99), whole[:99])
    assert len(venue.depth(1, 10)) == 0


def test_an_account_without_anything_has_no_lines() -> None:
    venue = Venue(venue_terms(CONFIGURATION))
    assert len(venue.balances(101)) == len(venue.positions(101)) == 0
    lines, following = venue.orders(0, 10)
    assert (len(lines), following) == (0, 0)
