"""Who trades first: price, then time; what keeps or loses a place in the queue (R5, R6, R15, R24, R36)."""

# The formatter would put brackets around every table.
# fmt: off
from __future__ import annotations

from novate.domain.codes import TimeInForce
from tests.unit.venue.market import Book


def test_better_price_trades_before_earlier_time() -> None:
    book = Book("""
        sell 10.01 10 by A
        sell 10.00 10 by B
        sell 10.00 10 by C
    """)
    assert book.buy(25, at="10.01") == """
        B 10 @ 10.00
        C 10 @ 10.00
        A 5 @ 10.01
    """


def test_trade_price_is_the_resting_orders() -> None:
    book = Book("buy 10.00 10 by A")
    assert book.sell(4, at="9.50") == "A 4 @ 10.00"


def test_what_is_left_rests_at_its_own_price() -> None:
    book = Book("sell 10.00 10 by A")
    assert book.buy(25, at="10.02", by="B") == "A 10 @ 10.00"
    assert book.orders == "buy 10.02 15 by B"


def test_immediate_or_cancel_leaves_nothing_behind() -> None:
    book = Book("sell 10.00 10 by A")
    assert book.buy(25, at="10.02", by="B", tif=TimeInForce.IOC) == """
        A 10 @ 10.00
        B cancelled 15: IOC
    """
    assert book.orders == ""


def test_partial_fill_keeps_queue_position() -> None:
    book = Book("""
        sell 10.00 10 by A
        sell 10.00 10 by B
    """)
    book.buy(4, at="10.00")
    assert book.buy(8, at="10.00") == """
        A 6 @ 10.00
        B 2 @ 10.00
    """


def test_iceberg_refresh_goes_to_the_back_of_the_queue() -> None:
    book = Book("""
        sell 10.00 30 by A, shows 10
        sell 10.00 10 by B
    """)
    assert book.buy(25, at="10.00") == """
        A 10 @ 10.00
        B 10 @ 10.00
        A 5 @ 10.00
    """
    assert book.orders == "sell 10.00 15 by A, shows 5"


def test_partly_traded_tranche_is_not_topped_up() -> None:
    book = Book("""
        sell 10.00 30 by A, shows 10
        sell 10.00 10 by B
    """)
    book.buy(6, at="10.00")
    assert book.orders == """
        sell 10.00 24 by A, shows 4
        sell 10.00 10 by B
    """


def test_hidden_order_waits_for_everything_displayed_at_its_price() -> None:
    book = Book("""
        sell 10.00 10 by H, hidden
        sell 10.00 20 by A, shows 10
    """)
    assert book.buy(25, at="10.00") == """
        A 10 @ 10.00
        A 10 @ 10.00
        H 5 @ 10.00
    """


def test_hidden_order_at_a_better_price_trades_first() -> None:
    book = Book("""
        sell 10.00 10 by A
        sell 9.99 10 by H, hidden
    """)
    assert book.buy(15, at="10.00") == """
        H 10 @ 9.99
        A 5 @ 10.00
    """


def test_lowering_the_quantity_keeps_the_place() -> None:
    book = Book("""
        sell 10.00 10 by A
        sell 10.00 10 by B
    """)
    assert book.amend("A", quantity=5) == ""
    assert book.buy(8, at="10.00") == """
        A 5 @ 10.00
        B 3 @ 10.00
    """


def test_raising_the_quantity_loses_the_place() -> None:
    book = Book("""
        sell 10.00 10 by A
        sell 10.00 10 by B
    """)
    assert book.amend("A", quantity=11) == ""
    assert book.orders == """
        sell 10.00 10 by B
        sell 10.00 11 by A
    """


def test_amended_quantity_is_a_total_that_counts_what_was_filled() -> None:
    book = Book("sell 10.00 10 by A")
    book.buy(4, at="10.00")
    book.amend("A", quantity=8)
    assert book.orders == "sell 10.00 4 by A"
    assert book.amend("A", quantity=4) == "A cancelled 4: AMEND"


def test_lowering_an_iceberg_eats_its_reserve_first() -> None:
    book = Book("sell 10.00 30 by A, shows 10")
    book.amend("A", quantity=12)
    assert book.orders == "sell 10.00 12 by A, shows 10"
    book.amend("A", quantity=7)
    assert book.orders == "sell 10.00 7 by A"


def test_amended_price_may_trade_at_once() -> None:
    book = Book("""
        buy 9.90 10 by A
        sell 10.00 4 by B
    """)
    assert book.amend("A", at="10.05") == "B 4 @ 10.00"
    assert book.orders == "buy 10.05 6 by A"


def test_post_only_order_is_refused_where_it_would_trade() -> None:
    book = Book("sell 10.00 4 by B, hidden")
    assert book.buy(1, at="10.00", post_only=True) == "refused: POST_ONLY_WOULD_TRADE"
    assert book.buy(1, at="9.99", post_only=True, by="A") == ""
    assert book.amend("A", at="10.00") == "refused: POST_ONLY_WOULD_TRADE"


def test_name_is_free_again_when_its_order_is_over() -> None:
    book = Book("buy 10.00 10 by A")
    assert book.buy(1, at="9.00", by="A") == "refused: DUPLICATE_ORDER"
    assert book.cancel("A") == "A cancelled 10: USER"
    assert book.cancel("A") == "refused: UNKNOWN_ORDER"
    assert book.buy(1, at="9.00", by="A") == ""
