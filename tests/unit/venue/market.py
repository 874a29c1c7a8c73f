"""A market that is written and answered in a trader's words.

    book = Book('''
        sell 10.00 30 by A, shows 10
        sell 10.00 10 by B
    ''')
    book.buy(25, at="10.00") == '''
        A 10 @ 10.00
        B 10 @ 10.00
        A 5 @ 10.00
    '''

One order a line: `buy|sell PRICE QUANTITY by NAME`, then `hidden` or `shows N`, if anything. A name is an
account in letters and, from its second order on, a number: A, A2 and A3 are orders of one owner. Answers
leave out what goes without saying: acceptances, refreshed tranches, the published top of the book.
"""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import numpy as np

from novate.domain.codes import (
    CommandFlag,
    CommandKind,
    EventKind,
    MarketState,
    OrderType,
    Reason,
    Reject,
    SelfTrade,
    Side,
    TimeInForce,
)
from novate.domain.instruments import MarketTerms
from novate.domain.records import Commands, new_commands, new_events
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue

TICKS = 100


class Answer(str):
    """Lines of text that are equal to a text with the same lines, however far it is indented."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str(self).strip() == dedent(other).strip()

    def __ne__(self, other: object) -> bool:
        return not self == other


def command(kind: CommandKind, **fields: Any) -> Commands:
    """One command record."""
    record = new_commands(1)
    record["kind"] = kind
    for name, value in fields.items():
        record[name] = value
    return record


def limit_order(side: Side, price: int, quantity: int, account: int, name: int, **fields: Any) -> Commands:
    """A good-till-cancelled limit order in ticks and lots; `name` is the client order id."""
    flags = int(fields.pop("flags", 0)) | CommandFlag.PRICE_GIVEN
    terms = {"order_type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC, **fields}
    return command(
        CommandKind.NEW, side=side, price=price, quantity=quantity, account=account, client_order_id=name,
        flags=flags, **terms,
    )  # fmt: skip


def stop_order(side: Side, stop: int, account: int, name: int) -> Commands:
    """A stop order of one lot, good till cancelled; `name` is the client order id."""
    return command(
        CommandKind.NEW, side=side, order_type=OrderType.STOP, time_in_force=TimeInForce.GTC, quantity=1,
        stop=stop, account=account, client_order_id=name, flags=CommandFlag.STOP_GIVEN,
    )  # fmt: skip


def send(venue: Venue, *commands: Commands, room: int = 4096) -> np.ndarray[Any, Any]:
    """All events of these commands, through a buffer of `room` events that is emptied whenever it is full."""
    rest = np.concatenate(commands)
    buffer = new_events(room)
    blocks = []
    while len(rest):
        blocks.append(buffer[: venue.apply(rest, buffer)].copy())
        rest = rest[venue.consumed :]
    return np.concatenate(blocks)


class Book:
    """One market in continuous trading with prices in hundredths."""

    def __init__(self, orders: str = "", **terms: Any) -> None:
        self.venue = Venue(VenueTerms(markets=(MarketTerms(market=0, **terms),)))
        self._accounts: dict[str, int] = {}
        self._names: dict[tuple[int, int], str] = {}
        self._name_of: dict[int, str] = {}
        for line in dedent(orders).strip().splitlines():
            self._enter_line(line)

    def buy(self, quantity: int, at: str | None = None, by: str = "me", **terms: Any) -> Answer:
        """Enter a buy order; `at` None is a market order. See `_order` for the other terms."""
        return self._order(Side.BUY, quantity, at, by, **terms)

    def sell(self, quantity: int, at: str | None = None, by: str = "me", **terms: Any) -> Answer:
        """Enter a sell order."""
        return self._order(Side.SELL, quantity, at, by, **terms)

    def amend(self, name: str, quantity: int | None = None, at: str | None = None) -> Answer:
        """Change an order: its new total quantity, its new price."""
        flags = 0
        fields = {}
        if quantity is not None:
            flags |= CommandFlag.QUANTITY_GIVEN
            fields["quantity"] = quantity
        if at is not None:
            flags |= CommandFlag.PRICE_GIVEN
            fields["price"] = ticks(at)
        return self._say(command(CommandKind.AMEND, flags=flags, **fields, **self._named(name)))

    def cancel(self, name: str) -> Answer:
        """Cancel an order."""
        return self._say(command(CommandKind.CANCEL, **self._named(name)))

    def state(self, state: MarketState) -> Answer:
        """Bring the market into another state."""
        return self._say(command(CommandKind.STATE, state=state))

    @property
    def orders(self) -> Answer:
        """The resting orders, best price first, in the order in which they would trade."""
        book = self.venue.book(0)
        lines = []
        for side, entries in (("buy", book.bids), ("sell", book.asks)):
            for price, order_id, shown, leaves in entries:
                shows = "" if shown == leaves else f", shows {shown}"
                lines.append(f"{side} {decimal(price)} {leaves} by {self._name_of[order_id]}{shows}")
        return Answer("\n".join(lines))

    def _order(
        self, side: Side, quantity: int, at: str | None, by: str, *, stop: str | None = None, shows: int = 0,
        hidden: bool = False, post_only: bool = False, tif: TimeInForce = TimeInForce.GTC,
        stp: SelfTrade = SelfTrade.NONE,
    ) -> Answer:  # fmt: skip
        flags = 0
        fields: dict[str, Any] = {}
        kinds = {
            (False, False): OrderType.MARKET,
            (True, False): OrderType.LIMIT,
            (False, True): OrderType.STOP,
            (True, True): OrderType.STOP_LIMIT,
        }
        if at is not None:
            flags |= CommandFlag.PRICE_GIVEN
            fields["price"] = ticks(at)
        if stop is not None:
            flags |= CommandFlag.STOP_GIVEN
            fields["stop"] = ticks(stop)
        if shows:
            flags |= CommandFlag.DISPLAY_GIVEN
            fields["display"] = shows
        flags |= CommandFlag.HIDDEN if hidden else 0
        flags |= CommandFlag.POST_ONLY if post_only else 0
        return self._say(
            command(
                CommandKind.NEW, side=side, quantity=quantity, time_in_force=tif, stp=stp, flags=flags,
                order_type=kinds[at is not None, stop is not None], **fields, **self._named(by),
            )
        )  # fmt: skip

    def _enter_line(self, line: str) -> None:
        head, *rest = [part.strip() for part in line.split(",")]
        side, price, quantity, _, name = head.split()
        terms: dict[str, Any] = {"hidden": "hidden" in rest}
        terms["shows"] = next((int(part.split()[1]) for part in rest if part.startswith("shows")), 0)
        enter = self.buy if side == "buy" else self.sell
        traded = enter(int(quantity), at=price, by=name, **terms)
        assert traded == "", f'expected "{line}" to rest, was {traded}'

    def _named(self, name: str) -> dict[str, int]:
        """The account and the client order id of a name: "A2" is the second order of A."""
        owner = name.rstrip("0123456789")
        account = self._accounts.setdefault(owner, len(self._accounts) + 1)
        number = int(name[len(owner) :] or 1)
        self._names[account, number] = name
        return {"account": account, "client_order_id": number}

    def _say(self, record: Commands) -> Answer:
        events = send(self.venue, record)
        self.venue.validate()
        return Answer("\n".join(filter(None, map(self._line, events))))

    def _line(self, event: Any) -> str:
        kind = EventKind(int(event["kind"]))
        order_id = int(event["order_id"])
        quantity = int(event["quantity"])
        if kind is EventKind.ACCEPTED:
            named = int(event["account"]), int(event["contra_order_id"])
            self._name_of[order_id] = self._names[named]
        name = self._name_of.get(order_id, "")
        if kind is EventKind.TRADE:
            return f"{name} {quantity} @ {decimal(int(event['price']))}"
        if kind is EventKind.STP_DECREMENT:
            return f"{name} and {self._name_of[int(event['contra_order_id'])]} less {quantity}"
        if kind in (EventKind.CANCELLED, EventKind.EXPIRED):
            return f"{name} {kind.name.lower()} {quantity}: {Reason(int(event['reason'])).name}"
        if kind is EventKind.REJECTED:
            return f"refused: {Reject(int(event['reason'])).name}"
        return f"{name} triggered" if kind is EventKind.TRIGGERED else ""


def ticks(price: str) -> int:
    """ "10.05" -> 1005."""
    whole, _, cents = price.partition(".")
    return int(whole) * TICKS + int(cents)


def decimal(price: int) -> str:
    """1005 -> "10.05"."""
    return f"{price // TICKS}.{price % TICKS:02d}"
