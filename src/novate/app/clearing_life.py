"""The life of one trade: the whole journal told again, and of it what concerns the trade.

    journal --clearing_from--> events --without other trades' own events--> TradeHistories --> TradeHistory

Cost: the house lives once more from its founding. Events that tell of another trade alone (its answer and the
legs that follow) are left out by the column, before anything is put in words.
"""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt

from novate.app.bootstrap_clearing import clearing_from
from novate.app.clearing_house import House
from novate.app.conform_clearing_events import EventReader
from novate.app.conform_clearing_raw import FIRST_MAIN_KIND
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.clearing_records import RECORD_BYTES, TEXT_BYTES, Records
from novate.reports.trade_history import TradeHistories
from novate.reports.trade_life import TradeHistory

OF_ONE_TRADE = (
    ClearingEvent.ACCEPTED,
    ClearingEvent.DUPLICATE,
    ClearingEvent.SUPERSEDED,
    ClearingEvent.CANCELLED,
)
Bools = npt.NDArray[np.bool_]


class _Watch:
    """Hands events on to a history."""

    def __init__(self, histories: TradeHistories, reader: EventReader, trade_id: str) -> None:
        self._histories = histories
        self._reader = reader
        self._name = trade_id.encode()

    def begin(self, house: Clearing, is_founding: bool) -> None:
        """A history begins with the first trade."""

    def before_roll(self, house: Clearing) -> None:
        """Nothing is looked at before a close."""

    def take(self, events: Records) -> None:
        """Events of whole commands."""
        if len(events):
            self._histories.take(self._reader.json(events[self._kept(events)]))

    def _kept(self, events: Records) -> Bools:
        """All but the answers to deliveries of other trades, with their legs."""
        kinds = events["kind"]
        is_main = kinds >= FIRST_MAIN_KIND
        is_head = is_main & (kinds != ClearingEvent.LEG)
        is_other = np.isin(kinds, OF_ONE_TRADE)
        if len(self._name) <= TEXT_BYTES:
            raw = events.view(np.uint8).reshape(-1, RECORD_BYTES)
            wanted = np.frombuffer(bytes([len(self._name)]) + self._name.ljust(TEXT_BYTES, b"\0"), np.uint8)
            named = np.zeros(len(events), bool)
            named[:-1] = (raw[1:, 1] == wanted[0]) & (raw[1:, 4:] == wanted[1:]).all(axis=1)
            is_other &= ~named
        else:
            is_other[:] = False
        head = np.maximum.accumulate(np.where(is_head, np.arange(len(events)), 0))
        return np.asarray(~is_other[head])


def trade_life(house: House, source: str, trade_id: str) -> TradeHistory | None:
    """Every transition of a trade with its date and reason; None for one that was never delivered."""
    terms = house.plane.terms
    histories = TradeHistories(terms, [(source, trade_id)], house.names.quantity_digits)
    watch = _Watch(histories, EventReader(terms, house.plane.house.sources), trade_id)
    for _ in clearing_from(house.root / "journal", datetime.date.min, watch):
        pass
    return histories.of(source, trade_id)
