"""Pictures of books as golden text."""

from __future__ import annotations

from textwrap import dedent

from novate.app.explain_orders import KnownOrders
from novate.app.explain_picture import (
    BookPicture,
    ParkedOrder,
    RestingOrder,
    before_and_after,
    parked_orders,
    resting_orders,
)
from novate.app.explain_screen import plain_text


def book(
    bids: list[RestingOrder] | None = None,
    asks: list[RestingOrder] | None = None,
    parked: list[ParkedOrder] | None = None,
    state: str = "CONTINUOUS",
    last: int | None = None,
    reference: int | None = None,
    indicative: tuple[int | None, int, int] | None = None,
) -> BookPicture:
    return BookPicture(0, state, last, reference, indicative, bids or [], asks or [], parked or [], [])


def order(number: int, account: int, price: int, shown: int, unseen: int = 0) -> RestingOrder:
    return RestingOrder(number, account, price, shown, unseen)


def drawn(before: BookPicture, after: BookPicture, width: int = 110) -> str:
    return "\n" + plain_text(before_and_after(before, after, "", width))


def golden(text: str) -> str:
    return dedent(text)


FULL_BOOK = book(
    bids=[order(4, 4, 99, 15), order(5, 5, 98, 1_000)],
    asks=[order(2, 2, 100, 20, 80), order(3, 3, 100, 0, 5), order(1, 1, 101, 10)],
)


def test_a_book_that_stays_is_drawn_once() -> None:
    assert drawn(FULL_BOOK, FULL_BOOK) == golden("""
        the book stays: CONTINUOUS, no trade yet
          bid  price  ask
                 101   10       account 1 #1
                 100   20 (80)  account 2 #2
                        0 (5)   account 3 #3
               -----
           15     99            account 4 #4
        1,000     98            account 5 #5
    """)


def test_what_changed_is_noted_in_the_second_picture() -> None:
    after = book(
        bids=[order(4, 4, 99, 15), order(6, 6, 99, 7)],
        asks=[order(3, 3, 100, 0, 5), order(2, 2, 100, 20, 60), order(1, 1, 102, 10)],
        last=100,
    )
    assert drawn(FULL_BOOK, after) == golden("""
        before: CONTINUOUS, no trade yet        after: CONTINUOUS, last 100
          bid  price  ask                         bid  price  ask
                 101   10       account 1 #1             102   10       account 1 #1, was at 101
                 100   20 (80)  account 2 #2             100    0 (5)   account 3 #3
                        0 (5)   account 3 #3                   20 (60)  account 2 #2, was 20 (80)
               -----                                   -----
           15     99            account 4 #4       15     99            account 4 #4
        1,000     98            account 5 #5        7                   account 6 #6, new
    """)


def test_a_narrow_page_has_the_pictures_under_one_another() -> None:
    assert drawn(book(), book(bids=[order(1, 1, 5, 2)]), width=40) == golden("""
        before: CONTINUOUS, no trade yet
        no orders in the book
        after: CONTINUOUS, no trade yet
        bid  price  ask
             -----
          2      5       account 1 #1, new
    """)


def test_a_crossed_book_of_a_call_is_ordered_by_price() -> None:
    crossed = book(
        bids=[order(1, 1, 102, 10), order(2, 2, 100, 5)],
        asks=[order(3, 3, 99, 8), order(4, 4, 102, 1)],
        parked=[ParkedOrder(5, 5, "AUCTION", "B", "MARKET", None, None, 3)],
        state="AUCTION_CALL",
        reference=100,
        indicative=(102, 9, 4),
    )
    assert drawn(crossed, crossed) == golden("""
        the book stays: AUCTION_CALL, no trade yet, reference 100
        indicative: 9 would trade at 102, 4 left over to buy
        bid  price  ask
               102    1  account 4 #4
         10              account 1 #1
          5    100       account 2 #2
                99    8  account 3 #3
        for the auction: buys 3 at the market, account 5 #5
    """)


def test_parked_orders_say_what_they_wait_for() -> None:
    known = KnownOrders()
    command = {
        "cmd": "NEW",
        "acct": 3,
        "cid": 1,
        "side": "S",
        "type": "STOP_LIMIT",
        "qty": 5,
        "price": 94,
        "stop": 95,
    }
    known.learn(command, [{"ev": "ACCEPTED", "oid": 1, "acct": 3, "cid": 1, "qty": 5, "price": 94}])
    rows = [(1, "TRIGGER", 95, 5), (2, "ELECTED", 96, 4), (3, "PEG", None, 1)]
    waiting = book(parked=parked_orders(rows, known))
    assert drawn(waiting, waiting) == golden("""
        the book stays: CONTINUOUS, no trade yet
        no orders in the book
        parked: sells 5 at 94, trigger 95, account 3 #1
        elected: 4 at the market, trigger 96, #2
        pegged: 1 without a price to follow, #3
    """)


def test_rows_of_a_book_query_may_have_more_columns_than_are_drawn() -> None:
    assert resting_orders([(100, 7, 10, 30, "more")], KnownOrders()) == [RestingOrder(7, None, 100, 10, 20)]
