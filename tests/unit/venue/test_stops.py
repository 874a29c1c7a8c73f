"""Stops wait for a print and then act one after another (R29 to R31)."""

# The formatter would put brackets around every table.
# fmt: off
from __future__ import annotations

from novate.domain.codes import MarketState
from tests.unit.venue.market import Book


def test_stop_becomes_a_market_order_at_a_print_of_its_price() -> None:
    book = Book("""
        sell 10.00 1 by A
        sell 10.02 5 by B
    """)
    assert book.buy(3, stop="10.00", by="S") == ""
    assert book.buy(1, at="10.00") == """
        A 1 @ 10.00
        S triggered
        B 3 @ 10.02
    """


def test_stop_limit_rests_with_what_its_limit_does_not_reach() -> None:
    book = Book("""
        sell 10.00 1 by A
        sell 10.02 5 by B
    """)
    book.buy(3, at="10.01", stop="10.00", by="S")
    assert book.buy(1, at="10.00") == """
        A 1 @ 10.00
        S triggered
    """
    assert book.orders == """
        buy 10.01 3 by S
        sell 10.02 5 by B
    """


def test_every_print_of_a_sweep_elects_not_only_the_last() -> None:
    book = Book("""
        buy 10.00 1 by A
        buy 9.90 1 by B
        buy 9.50 9 by C
    """)
    book.sell(1, stop="9.95", by="low")
    book.sell(1, stop="10.00", by="high")
    assert book.sell(2, at="9.90") == """
        A 1 @ 10.00
        B 1 @ 9.90
        high triggered
        C 1 @ 9.50
        low triggered
        C 1 @ 9.50
    """


def test_stops_of_one_price_act_in_order_of_time_and_a_new_stop_price_is_a_new_time() -> None:
    book = Book("""
        sell 10.00 1 by A
        sell 10.05 9 by B
    """)
    for name in ("S", "T", "U"):
        book.buy(1, stop="10.00", by=name)
    book.amend("S", quantity=2)
    answer = book.buy(1, at="10.00")
    assert [line for line in answer.splitlines() if "triggered" in line] == [
        "T triggered",
        "U triggered",
        "S triggered",
    ]


def test_cascade_belongs_to_the_command_that_started_it() -> None:
    book = Book("""
        buy 10.00 1 by A
        buy 9.90 1 by B
        buy 9.80 1 by C
        buy 9.70 1 by D
    """)
    book.sell(1, stop="9.80", by="third")
    book.sell(1, stop="9.90", by="second")
    book.sell(1, stop="10.00", by="first")
    assert book.sell(1, at="10.00") == """
        A 1 @ 10.00
        first triggered
        B 1 @ 9.90
        second triggered
        C 1 @ 9.80
        third triggered
        D 1 @ 9.70
    """


def test_stop_without_anybody_opposite_is_cancelled() -> None:
    book = Book("sell 10.00 1 by A")
    book.buy(1, stop="10.00", by="S")
    assert book.buy(1, at="10.00") == """
        A 1 @ 10.00
        S triggered
        S cancelled 1: NO_LIQUIDITY
    """


def test_stop_that_would_trigger_at_once_is_refused() -> None:
    book = Book("sell 10.00 1 by A")
    book.buy(1, at="10.00")
    assert book.buy(1, stop="10.00") == "refused: STOP_WOULD_TRIGGER"
    assert book.sell(1, stop="10.01") == "refused: STOP_WOULD_TRIGGER"


def test_parked_stop_can_be_cancelled_and_does_not_act_in_a_halt() -> None:
    book = Book("sell 10.00 1 by A")
    book.buy(1, stop="10.00", by="S")
    book.state(MarketState.HALTED)
    assert book.cancel("S") == "S cancelled 1: USER"
    assert book.buy(1, at="10.00") == "refused: MARKET_HALTED"
