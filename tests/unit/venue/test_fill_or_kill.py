"""All at once or nothing at all (R20)."""

# The formatter would put brackets around every table.
# fmt: off
from __future__ import annotations

from typing import Any

import pytest

from novate.domain.codes import SelfTrade, TimeInForce
from tests.unit.venue.market import Book

FOK = TimeInForce.FOK


def test_reserves_and_hidden_orders_count() -> None:
    book = Book("""
        sell 10.00 30 by A, shows 10
        sell 10.00 10 by H, hidden
    """)
    assert book.buy(41, at="10.00", tif=FOK) == "me cancelled 41: FOK"
    assert book.buy(40, at="10.00", tif=FOK) == """
        A 10 @ 10.00
        A 10 @ 10.00
        A 10 @ 10.00
        H 10 @ 10.00
    """


def test_killed_order_changes_nothing() -> None:
    book = Book("sell 10.00 10 by A")
    before = book.orders
    assert book.buy(11, at="10.00", tif=FOK, stp=SelfTrade.CANCEL_RESTING) == "me cancelled 11: FOK"
    assert book.orders == before


def test_market_order_may_be_fill_or_kill() -> None:
    book = Book("sell 10.00 10 by A")
    assert book.buy(11, tif=FOK) == "me cancelled 11: FOK"
    assert book.buy(10, tif=FOK) == "A 10 @ 10.00"


def test_own_order_in_the_way_does_not_count_and_leaves_only_if_the_rest_suffices() -> None:
    table = """
        sell 10.00 5 by me
        sell 10.00 10 by A
    """
    book = Book(table)
    order: dict[str, Any] = {"at": "10.00", "by": "me2", "tif": FOK, "stp": SelfTrade.CANCEL_RESTING}
    assert book.buy(11, **order) == "me2 cancelled 11: FOK"
    assert book.orders == table
    assert book.buy(10, **order) == """
        me cancelled 5: STP
        A 10 @ 10.00
    """


@pytest.mark.parametrize(
    "mode", [SelfTrade.CANCEL_AGGRESSING, SelfTrade.CANCEL_BOTH, SelfTrade.DECREMENT], ids=lambda m: m.name
)
def test_own_order_reached_before_the_end_kills_in_the_other_modes(mode: SelfTrade) -> None:
    table = """
        sell 10.00 10 by A
        sell 10.00 5 by me
    """
    order: dict[str, Any] = {"at": "10.00", "by": "me2", "tif": FOK, "stp": mode}
    assert Book(table).buy(11, **order) == "me2 cancelled 11: FOK"
    assert Book(table).buy(10, **order) == "A 10 @ 10.00"
