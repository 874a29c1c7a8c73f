"""The life of a trade, told from the events that concern it, is the life told from all events."""

from __future__ import annotations

from pathlib import Path

from novate.app.bootstrap_clearing import open_clearing
from novate.app.clearing_house import House
from novate.app.clearing_life import trade_life
from novate.app.conform_clearing_events import EventReader
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import Records
from novate.reports.trade_history import TradeHistories
from tests.unit.app.clearing_firm import busy_days, found


class Everything:
    """Tells all events to the histories of all trades."""

    def __init__(self, house: House) -> None:
        terms = house.plane.terms
        self.histories = TradeHistories(terms, quantity_digits=house.names.quantity_digits)
        self._reader = EventReader(terms, house.plane.house.sources)

    def begin(self, house: Clearing, is_founding: bool) -> None:
        assert is_founding

    def before_roll(self, house: Clearing) -> None:
        """Nothing is looked at before a close."""

    def take(self, events: Records) -> None:
        self.histories.take(self._reader.json(events))


def test_what_tells_of_other_trades_alone_is_left_out(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        busy_days(house, tmp_path)
        everything = Everything(house)
        open_clearing(house.root / "journal", everything, read_only=True, from_start=True).close()
        lives = everything.histories.all()
        assert len(lives) == 5
        for life in lives:
            assert trade_life(house, life.source, life.trade_id) == life
        assert trade_life(house, "X", "t9") is None
