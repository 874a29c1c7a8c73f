"""What is open in the clearing house, followed by events alone: quantity and amount of every net.

    OBLIGATION rows of a cycle  -->  the nets of its instruments, anew          (closed: those without a row)
    DELIVERED RECEIVED ...      -->  a net less what moved
    MARKED SPLIT_APPLIED        -->  a net at another amount, in other securities

Both are signed as the party sees them: short -400 to receive +2,000,000. A net without quantity and amount is
closed (C21). Memory: one entry a net that is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from novate.clearing.state import part

Json = dict[str, Any]
NetKey = tuple[str, str, str]
"""(instrument, member, account)."""
MOVES = ("DELIVERED", "RECEIVED", "MONEY_ONLY", "BOUGHT_IN", "BUYIN_CHARGE", "CASH_CLOSED")
"""Events that take something off a net."""


class Net(msgspec.Struct):
    """One open net, or one trade that is not netted, as its buyer sees it."""

    quantity: int
    amount: int
    has_failed: bool = False
    """A close has shown it FAILED since it was opened."""

    @property
    def is_closed(self) -> bool:
        return not self.quantity and not self.amount

    def take(self, event: Json) -> None:
        """What one of `MOVES` takes off."""
        if event["ev"] == "MONEY_ONLY":
            self.quantity = self.amount = 0
            return
        done = event["qty"]
        if event["ev"] in ("BUYIN_CHARGE", "CASH_CLOSED"):
            # Their amount holds the difference to the price of the close-out as well.
            self.amount -= part(self.amount, done, abs(self.quantity))
        else:
            self.amount -= event["amount"]
        self.quantity += done if self.quantity < 0 else -done

    def split(self, new: int, old: int) -> None:
        """So many new securities for the old ones, rounded down (C46)."""
        count = abs(self.quantity) * new // old
        self.quantity = count if self.quantity > 0 else -count


class OpenNets:
    """All nets of the instruments that are netted."""

    def __init__(self) -> None:
        self.nets: dict[NetKey, Net] = {}

    def renew(self, isins: Iterable[str], rows: Iterable[Json]) -> list[NetKey]:
        """A cycle has netted these instruments to these rows; returns the nets that it closed."""
        found = {net_key(row): row for row in rows}
        netted = set(isins)
        closed = [key for key in self.nets if key[0] in netted and key not in found]
        for key in closed:
            del self.nets[key]
        for key, row in found.items():
            net = self.nets.setdefault(key, Net(0, 0))
            net.quantity, net.amount = signed_row(row)
        return closed

    def take(self, event: Json) -> bool:
        """A settlement, a buy-in or a close-out; True where it closes the net."""
        key = net_key(event)
        self.nets[key].take(event)
        return self._close(key)

    def mark(self, event: Json) -> None:
        """A net is carried at the market (C36)."""
        self.nets[net_key(event)].amount = event["amount"]

    def split(self, event: Json) -> Iterator[NetKey]:
        """A split; gives the nets that it closes, because nothing is left of them."""
        for key in [key for key in self.nets if key[0] == event["isin"]]:
            self.nets[key].split(event["new"], event["old"])
            if self._close(key):
                yield key

    def _close(self, key: NetKey) -> bool:
        is_closed = self.nets[key].is_closed
        if is_closed:
            del self.nets[key]
        return is_closed


def net_key(event: Json) -> NetKey:
    """The net that an event speaks of."""
    return event["isin"], event["member"], event["account"]


def signed_row(row: Json) -> tuple[int, int]:
    """Quantity and amount of an OBLIGATION as its party sees them."""
    quantity = row["quantity"] * (-1 if row["movement"] == "DELI" else 1)
    return quantity, row["amount_minor"] * (-1 if row["pay"] == "DEBT" else 1)
