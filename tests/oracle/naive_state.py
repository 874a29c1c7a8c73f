"""What the naive venue remembers: orders, markets and books as plain Python objects.

    Market
      book    [Order, Order, ...]        every resting order; whoever wants the best one looks at all of them
      parked  [Order, ...]               trigger orders that wait for a print
      queue   [Order, ...]               elected trigger orders, first in first out
      auction [Order, ...]               AT_OPEN and AT_CLOSE orders that wait for their uncross
      last, reference_price, state       what the rules ask for

Nothing here is fast and nothing is clever: this is the text against which the real venue is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from novate.domain.instruments import MarketTerms

TRIGGER_TYPES = ("STOP", "STOP_LIMIT", "TRAILING_STOP", "IF_TOUCHED")
RESTING_TIFS = ("GTC", "DAY", "GTD")
AUCTION_TIFS = ("AT_OPEN", "AT_CLOSE")

Value = TypeVar("Value")
BookTop = tuple[int | None, int, int | None, int]
Indication = tuple[int | None, int, int]
"""Price, volume and imbalance of an auction (R41)."""
NO_AUCTION: Indication = (None, 0, 0)


@dataclass(eq=False)
class Order:
    """One live order. `price` is None for an order without a limit."""

    oid: int
    acct: int
    cid: int
    market: int
    side: str
    type: str
    tif: str
    qty: int
    leaves: int
    price: int | None
    stop: int | None
    display: int | None
    hidden: bool
    post_only: bool
    expire: int | None
    stp: str
    session: int
    priority: int
    trail: int | None = None
    anchor: int | None = None
    """TRAILING_STOP: the best print since entry, from which `stop` keeps its distance (R32)."""
    min_qty: int | None = None
    """Only until the order has entered (R26)."""
    reduce_only: bool = False
    mmp: bool = False
    quoted: bool = False
    """A side of a quote (R65)."""
    where: str = "NEW"
    """NEW (not accepted yet), AGGRESSOR, BOOK, PARKED, ELECTED or AUCTION (R22)."""
    tranche: int = 0
    """What the order shows: its leaves, its current tranche (iceberg) or 0 (hidden)."""
    is_top: bool = False
    """True for the one TOP order of its side (R49)."""
    sibling: Order | None = None
    """The other leg of a live OCO pair (R34)."""
    filled: int = 0
    decremented: int = 0
    dropped: int = 0
    """What the cap of a reduce-only trigger order took away (R35)."""

    @property
    def done(self) -> int:
        """Quantity that was filled or decremented."""
        return self.filled + self.decremented

    @property
    def is_trigger(self) -> bool:
        return self.type in TRIGGER_TYPES

    @property
    def is_auction_only(self) -> bool:
        return self.tif in AUCTION_TIFS

    @property
    def is_open(self) -> bool:
        """True for an order that trades, rests or waits for an auction: such orders reserve (K3, K7)."""
        return self.where in ("AGGRESSOR", "BOOK", "AUCTION")

    def tradable(self) -> int:
        """What one turn of R15 may take from a resting order."""
        return self.leaves if self.hidden else self.tranche

    def show(self) -> None:
        """A new tranche on (re-)entry or refresh (R24)."""
        if self.hidden:
            self.tranche = 0
        elif self.display is not None:
            self.tranche = min(self.display, self.leaves)
        else:
            self.tranche = self.leaves

    def fill(self, quantity: int) -> None:
        self.filled += quantity
        self._take(quantity)

    def decrement(self, quantity: int) -> None:
        self.decremented += quantity
        self._take(quantity)

    def drop(self, quantity: int) -> None:
        self.dropped += quantity
        self._take(quantity)

    def _take(self, quantity: int) -> None:
        """Leaves, and the tranche of an order that is in the book, fall by `quantity`."""
        self.leaves -= quantity
        if self.where == "BOOK" and not self.hidden:
            self.tranche = max(0, self.tranche - quantity)
        assert self.leaves >= 0
        assert 0 <= self.tranche <= self.leaves


@dataclass
class Protection:
    """Market-maker protection of one account (R46): what its flagged orders traded, and whether it is out."""

    window: int
    max_qty: int
    entries: list[tuple[int, int]] = field(default_factory=list)
    """(time, quantity) of each trade."""


@dataclass(eq=False)
class Market:
    """One market and everything that lives in it."""

    terms: MarketTerms
    state: str
    auction: str = "INTRADAY"
    reference_price: int | None = None
    last: int | None = None
    orders: list[Order] = field(default_factory=list)
    """Every live order, in the order of oids."""
    queue: list[Order] = field(default_factory=list)
    published: BookTop = (None, 0, None, 0)
    indicated: Indication = NO_AUCTION
    """The last INDICATIVE of this call (R43)."""
    extensions: int = 0
    """How often this call was extended (R60)."""
    protections: dict[int, Protection] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    """Accounts whose flagged orders are refused (R46)."""
    due: set[int] = field(default_factory=set)
    """Accounts that are stopped once the aggressor is complete."""

    @property
    def number(self) -> int:
        return self.terms.market

    def live(self, acct: int, cid: int) -> Order | None:
        for order in self.orders:
            if order.acct == acct and order.cid == cid:
                return order
        return None

    def resting(self, side: str) -> list[Order]:
        """Resting orders of a side in priority order: best price, displayed first, then age (R6)."""
        sign = -1 if side == "B" else 1
        found = [order for order in self.orders if order.where == "BOOK" and order.side == side]
        return sorted(found, key=lambda order: (sign * must(order.price), order.hidden, order.priority))

    def best(self, side: str) -> Order | None:
        found = self.resting(side)
        return found[0] if found else None

    def touch(self, side: str) -> int | None:
        best = self.best(side)
        return None if best is None else best.price

    def trigger_reference(self) -> int | None:
        return self.last if self.last is not None else self.reference_price

    def in_band(self, price: int) -> bool:
        """R44; no band without a reference price."""
        if self.terms.static_band is None or self.reference_price is None:
            return True
        return abs(price - self.reference_price) <= self.terms.static_band

    def market_limit(self, side: str) -> int | None:
        """Effective limit of an order without a price (R17): the tightest of protection and band."""
        away = 1 if side == "B" else -1
        limits: list[int] = []
        touch = self.touch(other(side))
        if self.terms.protection is not None and touch is not None:
            limits.append(touch + away * self.terms.protection)
        if self.terms.static_band is not None and self.reference_price is not None:
            limits.append(self.reference_price + away * self.terms.static_band)
        if not limits:
            return None
        return min(limits) if side == "B" else max(1, *limits)

    def top(self) -> BookTop:
        """Best displayed price and its displayed quantity, each side (R52)."""
        sides: list[tuple[int | None, int]] = []
        for side in ("B", "S"):
            shown = [order for order in self.resting(side) if not order.hidden]
            price = shown[0].price if shown else None
            sides.append((price, sum(order.tranche for order in shown if order.price == price)))
        return (*sides[0], *sides[1])


def must(value: Value | None) -> Value:
    """A value that the rules say is there."""
    assert value is not None
    return value


def other(side: str) -> str:
    return "S" if side == "B" else "B"


def reaches(side: str, limit: int | None, price: int) -> bool:
    """True if an order of that side and limit may trade at `price`."""
    if limit is None:
        return True
    return price <= limit if side == "B" else price >= limit


def rises(side: str, kind: str) -> bool:
    """R29: buy stops and sell if-touched orders are *up* orders, reached from below."""
    return (side == "B") != (kind == "IF_TOUCHED")


def is_reached(side: str, kind: str, stop: int, price: int | None) -> bool:
    """R31 and R33: whether a print at `price` triggers."""
    if price is None:
        return False
    return price >= stop if rises(side, kind) else price <= stop
