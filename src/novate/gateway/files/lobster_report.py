"""Did the venue trade as history did? Each historical execution against the trade in the same place.

    history   aggressor 17:  A 100 @ 585.33,  B 50 @ 585.33
    venue     aggressor 17:  A 100 @ 585.33,  C 50 @ 585.33      the first is the same, the second is not

"Same place" means: the n-th fill of the aggressor is of the same resting order, at the same price, for the
same quantity. Nothing else counts as the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from novate.domain.codes import EventKind
from novate.domain.records import PARTIES, Events, is_trade
from novate.gateway.files.lobster_counts import LobsterCounts
from novate.gateway.files.lobster_replay import LobsterHour

DIFFERENCES_SHOWN = 10
DIFFERENCES = "The first differences:"
NOTHING_TO_COMPARE = "No execution of a known order, so there is nothing to compare with history."
NOT_A_MESSAGE = (
    "No row could be taken: expected LOBSTER messages (time, type, order id, size, price, direction); "
    "rejects.csv says what was found."
)


@dataclass(frozen=True, slots=True)
class LobsterReport:
    """Known executions of history and how many of them the venue repeated."""

    known: int
    same_price: int
    same_order: int
    same_quantity: int
    same_place: int
    """Price, resting order and quantity."""
    trades_on_entry: int
    """Trades of the venue that no historical execution asked for."""
    counts: LobsterCounts
    differences: list[str] = field(default_factory=list)
    """The first of them in words."""

    @property
    def percent_same(self) -> str:
        """Share of known executions in the same place, rounded down: `"99.30"`; `"-"` of none."""
        return _percent(self.same_place, self.known)

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        if not self.counts.taken:
            return NOT_A_MESSAGE
        if not self.known:
            return NOTHING_TO_COMPARE
        executions = "known execution" if self.known == 1 else "known executions"
        return f"{self.percent_same}% of {self.known:,} {executions} came out as in history"

    def sentences(self) -> list[str]:
        """What was compared and what was left out, without the single differences."""
        if not self.known:
            return [self.headline, *(self.counts.sentences() if self.counts.taken else ())]
        return [
            f"{self.same_place:,} of {self.known:,} known executions ({self.percent_same} %) are the same:"
            " price, resting order, quantity and place in the queue.",
            f"Same price {self.same_price:,} ({_percent(self.same_price, self.known)} %),"
            f" same resting order {self.same_order:,} ({_percent(self.same_order, self.known)} %),"
            f" same quantity {self.same_quantity:,} ({_percent(self.same_quantity, self.known)} %).",
            f"Trades of the venue that history does not have: {self.trades_on_entry:,}.",
            *self.counts.sentences(),
        ]

    def lines(self) -> list[str]:
        """The report for people."""
        if not self.differences:
            return self.sentences()
        return [*self.sentences(), DIFFERENCES, *(f"  {text}" for text in self.differences)]


def compare(hour: LobsterHour, events: Events, first_sequence: int) -> LobsterReport:
    """Compare the whole run; `first_sequence` is the sequence number of the hour's first command."""
    trades = events[is_trade(events)]
    parties = events[events["kind"] == EventKind.TRADE_PARTIES].view(PARTIES)
    maker = parties["maker_client_order_id"]
    command = trades["sequence"] - first_sequence
    start = np.searchsorted(command, hour.history["command"], side="left")
    end = np.searchsorted(command, hour.history["command"], side="right")
    at = start + hour.history["place"]
    there = at < end
    safe = np.where(there, at, 0)
    if not len(trades):
        there[:] = False
        return LobsterReport(len(hour.history), 0, 0, 0, 0, 0, hour.counts, [])
    price = there & (trades["price"][safe] == hour.history["price"])
    order = there & (maker[safe] == hour.history["order_id"])
    quantity = there & (trades["quantity"][safe] == hour.history["quantity"])
    same = price & order & quantity
    differences = []
    for index in np.flatnonzero(~same)[:DIFFERENCES_SHOWN].tolist():
        traded = (int(maker[at[index]]), trades[at[index]]) if there[index] else None
        differences.append(_difference(hour, hour.history[index], traded))
    return LobsterReport(
        known=len(same),
        same_price=int(price.sum()),
        same_order=int(order.sum()),
        same_quantity=int(quantity.sum()),
        same_place=int(same.sum()),
        trades_on_entry=int((~np.isin(command, hour.history["command"])).sum()),
        counts=hour.counts,
        differences=differences,
    )


def _difference(hour: LobsterHour, asked: np.void, traded: tuple[int, np.void] | None) -> str:
    scale = hour.scale
    history = (
        f"row {asked['row']}: history filled {scale.quantity_text(int(asked['quantity']))} of order"
        f" {asked['order_id']} at {scale.price_text(int(asked['price']))}"
    )
    if traded is None:
        return f"{history}, the venue had no further fill"
    maker, trade = traded
    return (
        f"{history}, the venue {scale.quantity_text(int(trade['quantity']))} of order {maker}"
        f" at {scale.price_text(int(trade['price']))}"
    )


def _percent(part: int, whole: int) -> str:
    """Two decimals, rounded down, so that 100.00 means all of them."""
    if not whole:
        return "-"
    hundredths = 10_000 * part // whole
    return f"{hundredths // 100}.{hundredths % 100:02d}"
