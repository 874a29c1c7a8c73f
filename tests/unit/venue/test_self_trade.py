"""An account does not trade with itself; the aggressor's mode says who gives way (R27)."""

# The formatter would put brackets around every table.
# fmt: off
from __future__ import annotations

from novate.domain.codes import SelfTrade
from tests.unit.venue.market import Answer, Book

TABLE = """
    sell 10.00 5 by A
    sell 10.00 20 by me, shows 10
    sell 10.00 5 by B
"""


def sweep(mode: SelfTrade) -> tuple[Answer, Answer]:
    """What a buy of 12 by the owner of the second order brings, and the book after it."""
    book = Book(TABLE)
    return book.buy(12, at="10.00", by="me2", stp=mode), book.orders


def test_without_prevention_own_orders_trade() -> None:
    said, after = sweep(SelfTrade.NONE)
    assert said == """
        A 5 @ 10.00
        me 7 @ 10.00
    """
    assert after == """
        sell 10.00 13 by me, shows 3
        sell 10.00 5 by B
    """


def test_cancel_resting_takes_the_own_order_away_with_its_reserve_and_goes_on() -> None:
    said, after = sweep(SelfTrade.CANCEL_RESTING)
    assert said == """
        A 5 @ 10.00
        me cancelled 20: STP
        B 5 @ 10.00
    """
    assert after == "buy 10.00 2 by me2"


def test_cancel_aggressing_stops_before_the_own_order() -> None:
    said, after = sweep(SelfTrade.CANCEL_AGGRESSING)
    assert said == """
        A 5 @ 10.00
        me2 cancelled 7: STP
    """
    assert after == """
        sell 10.00 20 by me, shows 10
        sell 10.00 5 by B
    """


def test_cancel_both_leaves_neither() -> None:
    said, after = sweep(SelfTrade.CANCEL_BOTH)
    assert said == """
        A 5 @ 10.00
        me cancelled 20: STP
        me2 cancelled 7: STP
    """
    assert after == "sell 10.00 5 by B"


def test_decrement_takes_the_same_from_both_and_prints_nothing() -> None:
    said, after = sweep(SelfTrade.DECREMENT)
    assert said == """
        A 5 @ 10.00
        me and me2 less 7
        me2 cancelled 0: STP
    """
    assert after == """
        sell 10.00 13 by me, shows 3
        sell 10.00 5 by B
    """


def test_decrement_that_uses_up_a_tranche_refreshes_it_behind_the_others() -> None:
    book = Book(TABLE)
    assert book.buy(18, at="10.00", by="me2", stp=SelfTrade.DECREMENT) == """
        A 5 @ 10.00
        me and me2 less 10
        B 3 @ 10.00
    """
    assert book.orders == """
        sell 10.00 2 by B
        sell 10.00 10 by me
    """
