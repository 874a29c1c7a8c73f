"""A small picture of an order book: a ladder with the best prices in the middle, one line an order.

    CONTINUOUS, last 100
    bid  price  ask
           101   10      account 1 #1
           100   20 (80) account 2 #2        20 shown, 80 more in reserve
                  0 (5)  account 3 #3        hidden, behind what is shown at its price
         -----
    15      99           account 4 #4
    parked: sells 5 at the market, trigger 95, account 4 #5

Orders of one price stand in the order of their queue. A line is a list of spans (text, style), so that the
same picture can be plain text in a file and coloured on a terminal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from novate.app.explain_events import indicative_words
from novate.app.explain_orders import KnownOrders
from novate.app.explain_words import number

GAP = 4
DEEPEST = 40
"""Orders of a side, and parked orders, that a picture shows; it says where there are more."""


class Span(NamedTuple):
    """A piece of a line and how it is shown: bid, ask, quiet, bold, loud or nothing."""

    text: str
    style: str = ""


Line = list[Span]


class RestingOrder(msgspec.Struct, frozen=True):
    """An order of the book."""

    order: int
    account: int | None
    price: int
    shown: int
    unseen: int
    """What is open and not shown: the reserve of an iceberg, or a hidden order."""


class ParkedOrder(msgspec.Struct, frozen=True):
    """An order that waits outside the book."""

    order: int
    account: int | None
    status: str
    """TRIGGER, ELECTED, AUCTION, PEG or AON."""
    side: str
    order_type: str
    price: int | None
    stop: int | None
    open: int


class BookPicture(msgspec.Struct, frozen=True):
    """What is to be seen of a market at one moment."""

    market: int
    state: str
    last: int | None
    reference: int | None
    indicative: tuple[int | None, int, int] | None
    """Price, quantity and imbalance; null outside an auction call."""
    bids: list[RestingOrder]
    asks: list[RestingOrder]
    parked: list[ParkedOrder]
    more: list[str]
    """Of bids, asks, parked orders: those that have more than the picture shows."""


def more_of(bids: list[Any], asks: list[Any], parked: list[Any]) -> list[str]:
    """The parts of a book that go deeper than a picture."""
    named = (("bids", bids), ("asks", asks), ("parked orders", parked))
    return [name for name, rows in named if len(rows) > DEEPEST]


def resting_orders(rows: list[Any], known: KnownOrders) -> list[RestingOrder]:
    """Rows of a book query (R53) with their owners."""
    found = []
    for price, order, shown, leaves, *_ in rows[:DEEPEST]:
        owner = known.find(order)
        found.append(RestingOrder(order, owner.account if owner else None, price, shown, leaves - shown))
    return found


def parked_orders(rows: list[Any], known: KnownOrders) -> list[ParkedOrder]:
    """Parked rows of a book query (R53) with what their commands said."""
    found = []
    for order, status, stop, leaves, *_ in rows[:DEEPEST]:
        owner = known.find(order)
        said = (owner.account, owner.side, owner.order_type, owner.price) if owner else (None, "", "", None)
        account, side, order_type, price = said
        found.append(ParkedOrder(order, account, str(status), side, order_type, price, stop, leaves))
    return found


def text_of(line: Line) -> str:
    """A line without its colours."""
    return "".join(span.text for span in line).rstrip()


def before_and_after(before: BookPicture, after: BookPicture, name: str, width: int) -> list[Line]:
    """Two books side by side, under one another where the width is too small, or one if nothing changed."""
    if before == after:
        return _block(after, f"{name}the book stays", _widths(after), {})
    widths = [max(pair) for pair in zip(_widths(before), _widths(after), strict=True)]
    left = _block(before, f"{name}before", widths, {})
    right = _block(after, f"{name}after", widths, {row.order: row for row in [*before.bids, *before.asks]})
    left_width = max(len(text_of(line)) for line in left)
    right_width = max(len(text_of(line)) for line in right)
    if left_width + GAP + right_width > width:
        return [*left, *right]
    return _side_by_side(left, right, left_width + GAP)


def _side_by_side(left: list[Line], right: list[Line], column: int) -> list[Line]:
    lines = []
    for row in range(max(len(left), len(right))):
        line = list(left[row]) if row < len(left) else []
        filler = column - sum(len(span.text) for span in line)
        lines.append([*line, Span(" " * filler), *(right[row] if row < len(right) else [])])
    return lines


def _widths(book: BookPicture) -> list[int]:
    """Columns shown and unseen of the bids, price, shown and unseen of the asks."""
    sides = []
    for rows, title in ((book.bids, "bid"), (book.asks, "ask")):
        sides.append(max([len(title), *(len(number(row.shown)) for row in rows)]))
        sides.append(max([0, *(len(_unseen(row)) for row in rows)]))
    prices = [len(number(row.price)) for row in (*book.bids, *book.asks)]
    return [sides[0], sides[1], max([len("price"), *prices]), sides[2], sides[3]]


def _block(book: BookPicture, title: str, widths: list[int], old: dict[int, RestingOrder]) -> list[Line]:
    """Title, ladder and parked orders of one book; `old` is what the notes compare with."""
    lines = [[Span(title, "bold"), Span(f": {_facts(book)}")]]
    if book.indicative is not None:
        lines.append([Span(f"indicative: {indicative_words(*book.indicative)}", "quiet")])
    if not book.bids and not book.asks:
        lines.append([Span("no orders in the book", "quiet")])
    else:
        lines.extend(_ladder(book, widths, old if title.endswith("after") else None))
    lines.extend([[Span(_parked(order), "quiet")] for order in book.parked])
    lines.extend([[Span(f"and more {name}: the first {DEEPEST} are shown", "quiet")] for name in book.more])
    return lines


def _facts(book: BookPicture) -> str:
    words = [book.state, "no trade yet" if book.last is None else f"last {number(book.last)}"]
    if book.reference is not None:
        words.append(f"reference {number(book.reference)}")
    return ", ".join(words)


def _ladder(book: BookPicture, widths: list[int], old: dict[int, RestingOrder] | None) -> list[Line]:
    bid_shown, bid_unseen, price_width, ask_shown, ask_unseen = widths
    head = f"{'bid':>{bid_shown}}{'':{bid_unseen}}  {'price':>{price_width}}  {'ask':>{ask_shown}}"
    lines: list[Line] = [[Span(head, "quiet")]]
    crossed = bool(book.bids and book.asks) and book.bids[0].price >= book.asks[0].price
    prices = sorted({row.price for row in (*book.bids, *book.asks)}, reverse=True)
    best_bid = book.bids[0].price if book.bids else None
    for price in prices:
        if price == best_bid and not crossed:
            lines.append([Span(f"{'':{bid_shown + bid_unseen}}  {'-' * price_width}", "quiet")])
        shown_price = number(price)
        for style, rows in (("ask", book.asks), ("bid", book.bids)):
            for row in rows:
                if row.price != price:
                    continue
                quantity = f"{number(row.shown):>{bid_shown if style == 'bid' else ask_shown}}"
                quantity += f"{_unseen(row):<{bid_unseen if style == 'bid' else ask_unseen}}"
                bid = quantity if style == "bid" else " " * (bid_shown + bid_unseen)
                ask = quantity if style == "ask" else " " * (ask_shown + ask_unseen)
                cells = f"{bid}  {shown_price:>{price_width}}  {ask}"
                lines.append([Span(cells, style), Span(f"  {_owner(row)}"), Span(_note(row, old), "quiet")])
                shown_price = ""
    if best_bid is None:
        lines.append([Span(f"{'':{bid_shown + bid_unseen}}  {'-' * price_width}", "quiet")])
    return lines


def _unseen(row: RestingOrder) -> str:
    return f" ({number(row.unseen)})" if row.unseen else ""


def _owner(row: RestingOrder | ParkedOrder) -> str:
    return f"#{row.order}" if row.account is None else f"account {row.account} #{row.order}"


def _note(row: RestingOrder, old: dict[int, RestingOrder] | None) -> str:
    """What changed of an order since the picture before."""
    if old is None:
        return ""
    was = old.get(row.order)
    if was is None:
        return ", new"
    if was.price != row.price:
        return f", was at {number(was.price)}"
    if (was.shown, was.unseen) != (row.shown, row.unseen):
        return f", was {number(was.shown)}{_unseen(was)}"
    return ""


def _parked(order: ParkedOrder) -> str:
    state = {"TRIGGER": "parked", "ELECTED": "elected", "AUCTION": "for the auction", "AON": "all or none",
             "PEG": "pegged"}  # fmt: skip
    verb = {"B": "buys", "S": "sells"}.get(order.side, "")
    price = "at the market" if order.price is None else f"at {number(order.price)}"
    if order.status == "PEG":
        price = "without a price to follow"
    words = [" ".join(filter(None, (verb, number(order.open), price)))]
    if order.stop is not None:
        words.append(f"trigger {number(order.stop)}")
    return f"{state.get(order.status, order.status.lower())}: {', '.join(words)}, {_owner(order)}"
