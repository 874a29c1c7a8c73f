"""Everything that follows from a journal, made block by block: by the run, and again by `novate verify`.

    commands, events --> trades.csv, events.parquet          written as they come
                     --> fills --> clearing --> obligations.csv
                     --> prints and quotes --> report.html
                     --> digest of all events, refusals

The same journal gives the same bytes; nothing here looks at a clock or remembers an earlier run.
"""

from __future__ import annotations

from hashlib import sha256

from novate.clearing.fills import Fills, trades_from_fills
from novate.clearing.house import ClearingResult, clear_trades
from novate.domain.codes import EventKind
from novate.domain.configuration import Configuration
from novate.domain.records import EVENT, Commands, Events, is_trade, joined
from novate.gateway.files import EventsFile, OutputFolder, TradesFile
from novate.reports.market_day import MarketDay


class Derivation:
    """Takes the blocks of a journal in order; `finish` clears the day."""

    def __init__(self, folder: OutputFolder, configuration: Configuration) -> None:
        self.configuration = configuration
        self.market_day = MarketDay()
        self.event_count = 0
        self.last_sequence = 0
        self._digest = sha256()
        self._folder = folder
        self._trades = TradesFile(folder, configuration)
        self._events = EventsFile(folder, configuration)
        self._fills: list[Events] = []
        self._refusals: list[Events] = []

    def take(self, first_sequence: int, commands: Commands, events: Events) -> None:
        """Commands that were applied, the sequence of the first, and all their events."""
        if not len(commands):
            return
        self._digest.update(events.tobytes())
        self.event_count += len(events)
        self.last_sequence = first_sequence + len(commands) - 1
        kinds = events["kind"]
        self._fills.append(events[is_trade(events) | (kinds == EventKind.TRADE_PARTIES)])
        self._refusals.append(events[kinds == EventKind.REJECTED])
        self.market_day.commands(commands, first_sequence)
        self.market_day.events(events)
        self._trades.add(events)
        self._events.add(events, commands, first_sequence)

    @property
    def events_sha256(self) -> str:
        """Digest of the bytes of all events so far."""
        return self._digest.hexdigest()

    @property
    def executions(self) -> int:
        """Trades of the venue so far; each is two records."""
        return sum(len(block) for block in self._fills) // 2

    @property
    def fills(self) -> Events:
        """Trades of the day, each with its TRADE_PARTIES, in order."""
        return _joined(self._fills)

    @property
    def refusals(self) -> Events:
        """REJECTED records of the day, in order."""
        return _joined(self._refusals)

    def finish(self) -> tuple[Fills, ClearingResult]:
        """Clear the fills and write the obligation file."""
        fills = trades_from_fills(self.fills, self.configuration)
        cleared = clear_trades(fills.trades, self.configuration)
        self._folder.write("obligations.csv", cleared.obligations.content)
        return fills, cleared


def _joined(blocks: list[Events]) -> Events:
    return joined(blocks, EVENT)
