"""The settlement plane as a machine: `Clearing` takes commands in order and tells what happened.

    apply(commands, events) = for each record: stage it, or run its command's room --> outbox --> events

The events of a command are made whole in the outbox and then drained into the caller's buffer, however small
that is. A command that is refused changes nothing and gives one REJECTED.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from novate.clearing import buyins, corporate, credit, cycle, invariants, parameters, queries, roll, saved
from novate.clearing.archive import MemoryArchive, TradeArchive
from novate.clearing.chart import BalanceBook, Chart, Purpose
from novate.clearing.commands import Command, Staged, rung
from novate.clearing.house_terms import HouseTerms, require_house_terms
from novate.clearing.ledger.archive import Archive
from novate.clearing.ledger.view import LedgerView
from novate.clearing.margin_day.rooms import MARGIN_ROOMS, gate
from novate.clearing.rows import MemberNetting
from novate.clearing.settlement import run
from novate.clearing.staging import Staging
from novate.clearing.state import State
from novate.clearing.trades import allocation
from novate.clearing.trades.batches import take_batch
from novate.clearing.trades.delivery import deliver, emit_refusal
from novate.clearing.trades.runs import (
    EVENTS_OF_A_TRADE,
    SHORTEST_RUN,
    TradeRun,
    TradeTables,
    find_pairs,
    pairs_from,
)
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.clearing_records import CLEARING_COMMAND, CLEARING_EVENT, Records
from novate.domain.codes import ClearingReject
from novate.domain.machine import BrokenInvariant, SnapshotReader, SnapshotWriter

PIECE = 4096
MAX_SOURCES = 2**16 - 1

Room = Callable[[State, Command, Staged], ClearingReject]
ROOMS: dict[int, Room] = {
    ClearingCommand.TRADE: deliver,
    ClearingCommand.CANCEL_TRADE: deliver,
    ClearingCommand.ALLOCATE: allocation.allocate,
    ClearingCommand.GIVE_UP: allocation.give_up,
    ClearingCommand.TAKE_UP: allocation.take_up,
    ClearingCommand.TRANSFER: allocation.transfer,
    ClearingCommand.DEPOSIT: parameters.deposit,
    ClearingCommand.WITHDRAW: parameters.deposit,
    ClearingCommand.EXEMPT: parameters.exempt,
    ClearingCommand.PRIORITY: parameters.priority,
    ClearingCommand.MARK: parameters.mark,
    ClearingCommand.NET: cycle.net,
    ClearingCommand.SETTLE: run.settle,
    ClearingCommand.ROLL: roll.roll,
    ClearingCommand.BUYIN_INTENT: buyins.buyin_intent,
    ClearingCommand.BUYIN_EXECUTE: buyins.buyin_execute,
    ClearingCommand.CASH_CLOSE: buyins.cash_close,
    ClearingCommand.DIVIDEND: corporate.dividend,
    ClearingCommand.SPLIT: corporate.split,
    ClearingCommand.FILLS: credit.fills,
    ClearingCommand.RELEASE_CREDIT: credit.release_credit,
    **MARGIN_ROOMS,
}


class Clearing:
    """One clearing house. Implements `Machine` over CLEARING_COMMAND and CLEARING_EVENT records."""

    def __init__(
        self, terms: HouseTerms, archive: Archive | None = None, trade_archive: TradeArchive | None = None
    ) -> None:
        """A house without trades and balances. With an archive, a roll moves the transfers of the day that
        ends out of memory; events and roots do not depend on it. Settled trades leave for theirs, which is in
        memory, and in snapshots, if none is given. Archives are empty, or `restore` comes before the first
        command. Raises ValueError naming a term that cannot be."""
        require_house_terms(terms)
        self.terms = terms
        self.consumed = 0
        self._archive = archive
        self._owns_trades = trade_archive is None
        self._trade_archive: TradeArchive = MemoryArchive() if trade_archive is None else trade_archive
        self._state = State(terms, self._trade_archive, archive)
        self._staging = Staging()
        self._is_begun = False
        self._tables = TradeTables(terms)

    def apply(self, commands: Records, events: Records) -> int:
        """Apply commands in order; returns events written. See `Machine` for a buffer that fills up.

        commands: (n,) CLEARING_COMMAND; events: (m,) CLEARING_EVENT, m >= 1. Raises ValueError for other
        types or no room, and BrokenInvariant if the state turns out to be broken (the machine is then of
        no use).
        """
        if commands.dtype != CLEARING_COMMAND or events.dtype != CLEARING_EVENT or not len(events):
            raise ValueError("Expected CLEARING_COMMAND records and room for CLEARING_EVENT records")
        out = self._state.out
        written = out.drain(events, 0)
        self.consumed = 0
        if self._is_begun:
            if len(out) or not len(commands):
                return written
            self._is_begun = False
            self.consumed = 1
        while self.consumed < len(commands):
            piece = commands[self.consumed : self.consumed + PIECE]
            if not self._apply_piece(piece, len(events) - written):
                self._is_begun = True
                break
        return out.drain(events, written)

    def _apply_piece(self, piece: Records, room: int) -> bool:
        """Apply commands until all are done, or the events of one do not fit; False then."""
        raw, pairs = piece.tobytes(), find_pairs(piece)
        at = run_start = run_end = 0
        run: TradeRun | None = None
        try:
            while at < len(piece):
                most = (room - len(self._state.out)) // EVENTS_OF_A_TRADE
                if at >= run_end and pairs[at] and self._staging.is_empty:
                    # What the buffer has no room for would be looked at in vain.
                    run_start, run_end = at, at + 2 * min(pairs_from(pairs, at), max(most, 1))
                    run = self._run_of(piece[run_start:run_end])
                done = 0
                if run is not None and at < run_end and self._staging.is_empty:
                    done = 2 * run.take((at - run_start) // 2, most)
                if not done:
                    self._take(Command._make(piece[at].item()), raw, at)
                    if len(self._state.out) > room:
                        return False
                    done = 1
                at += done
                self.consumed += done
        except (struct.error, ValueError, OverflowError, KeyError, IndexError) as fault:
            raise BrokenInvariant(f"expected a command without faults, was {fault!r}") from fault
        return True

    def _run_of(self, pairs: Records) -> TradeRun | None:
        """Trades that follow each other, looked at together; None if they are too few."""
        # A run knows nothing of rungs of margined contracts.
        is_long = len(pairs) >= 2 * SHORTEST_RUN and self.terms.margin is None
        return TradeRun(self._state, self._tables, pairs) if is_long else None

    def _take(self, command: Command, raw: bytes, at: int) -> None:
        """Stage a record, or run a command."""
        staging = self._staging
        if command.kind == ClearingCommand.TEXT:
            staging.add_text(raw, at)
        elif command.kind == ClearingCommand.PART:
            staging.parts.append((command.party, command.quantity))
        elif command.kind == ClearingCommand.TRADE and staging.head is not None:
            staging.trades.append((command, staging.take()))
            self._finish_batch()
            self._state.balances.flush(self._state.today)
        else:
            self._state.out.rows.clear()
            self._break_off_batch()
            staged = staging.take()
            reason = self._run(command, staged)
            if reason:
                emit_refusal(self._state, command, staged, reason)
            self._state.balances.flush(self._state.today)

    def _run(self, command: Command, staged: Staged) -> ClearingReject:
        if command.kind == ClearingCommand.BATCH:
            self._staging.head = command
            self._finish_batch()
            return ClearingReject.NONE
        if command.kind == ClearingCommand.SOURCE:
            return self._name_source(command, staged)
        room = ROOMS.get(command.kind)
        if room is None:
            return ClearingReject.UNKNOWN_COMMAND
        return gate(self._state, command) or room(self._state, command, staged)

    def _name_source(self, command: Command, staged: Staged) -> ClearingReject:
        """SOURCE: the next number is this name from now on; to say it again changes nothing."""
        sources = self._state.sources
        if staged.text is None:
            return ClearingReject.MISSING_TEXT
        if command.source < len(sources) and sources[command.source] == staged.text:
            return ClearingReject.NONE
        is_next = command.source == len(sources) < MAX_SOURCES and staged.text not in sources
        if is_next:
            sources.append(staged.text)
        return rung(not is_next, ClearingReject.INVALID_SOURCE)

    def _finish_batch(self) -> None:
        """Run the batch if all of its trades are there."""
        head = self._staging.head
        if head is None or len(self._staging.trades) < head.price:
            return
        trades = self._staging.trades
        self._staging.take_batch()
        reason = take_batch(self._state, head, trades)
        if reason:
            emit_refusal(self._state, head, Staged(), reason)

    def _break_off_batch(self) -> None:
        """Another command came before a batch was complete: nothing of it is taken."""
        broken = self._staging.take_batch()
        if broken is not None:
            emit_refusal(self._state, broken[0], Staged(), ClearingReject.BATCH_BROKEN_OFF)

    @property
    def today(self) -> int:
        """The business date as a day ordinal (C6)."""
        return self._state.today

    @property
    def sources(self) -> list[str]:
        """Names of the sources of trades, in the order of their numbers."""
        return [name.decode() for name in self._state.sources]

    @property
    def fills(self) -> int:
        """Number of the last fill of the venue that was taken."""
        return self._state.venue.fills

    @property
    def fills_in_house(self) -> int:
        """Fills that became trades; those that the house refused are not among them."""
        return self._state.venue.trades

    @property
    def credits(self) -> int:
        """Number of the last CREDIT for the venue."""
        return self._state.venue.credits

    def status(self, source: str, trade_id: str) -> queries.Status | None:
        """Where a trade is in its life (C49); None for one never seen."""
        return queries.status(self._state, source.encode(), trade_id.encode())

    def versions(self, source: str, trade_id: str) -> queries.Versions | None:
        """What is remembered of the deliveries of a trade (C7); None for one never seen."""
        return queries.versions(self._state, source.encode(), trade_id.encode())

    def intents(self) -> list[queries.OpenIntent]:
        """Buy-ins that were announced and are open (C41)."""
        return queries.intents(self._state)

    def giveups(self) -> list[queries.PendingGiveUp]:
        """Give-ups that nobody has answered (C15)."""
        return queries.giveups(self._state)

    def issuer_events(self) -> dict[str, int]:
        """Instrument of each dividend and split that was ever set, by ca_id (C44)."""
        return {name.decode(): number for name, number in queries.issuer_events(self._state).items()}

    @property
    def ledger(self) -> LedgerView:
        """All balances and how they came about, to be read; `chart` says what its accounts are."""
        return self._state.balances.ledger

    @property
    def chart(self) -> Chart:
        """The chart of accounts of this house."""
        return self._state.balances.chart

    def balances(self) -> queries.BalanceRows:
        """All balances that are not zero (C49)."""
        return queries.balances(self._state)

    def pledged(self) -> list[queries.PledgedRow]:
        """Collateral and contributions that are not zero (M7, M14)."""
        return queries.pledged(self._state)

    def available(self, purpose: Purpose, book: BalanceBook, asset: int, party: int) -> int:
        """What a party may withdraw of an asset, or have released of what is there for a purpose."""
        return queries.available(self._state, purpose, book, asset, party)

    def positions(self) -> queries.Positions:
        """Everything that is open or waits (C49)."""
        return queries.positions(self._state)

    def open_positions(self) -> list[queries.OpenPosition]:
        """Of those, the positions."""
        return queries.open_positions(self._state)

    def open_items(self) -> list[queries.OpenItem]:
        """Of those, the items of gross instruments."""
        return queries.open_items(self._state)

    def waiting_nets(self) -> list[queries.WaitingNet]:
        """Of those, the nets that wait for their settlement date."""
        return queries.waiting_nets(self._state)

    def margin_cover(self) -> queries.MarginCover | None:
        """Requirements of the last margin run against collateral as it is now; None without margin terms."""
        return queries.margin_cover(self._state)

    def member_netting(self) -> list[MemberNetting]:
        """What netting saved each party in the cycles of the running date, as far as this machine ran them:
        after `restore` those before it are not there."""
        return list(self._state.member_netting)

    def memory_bytes(self) -> int:
        """Bytes of what is remembered of trades, legs and positions; the ledger counts its own."""
        return saved.memory_bytes(self._state)

    def state_root(self) -> bytes:
        """SHA-256 over the canonical form of the whole state (see `novate.clearing.saved`)."""
        self._require_idle("a state root")
        return saved.state_root(self._state, self._staging)

    def snapshot(self, into: SnapshotWriter) -> None:
        """The columns as they lie in memory, and the rest in one array of bytes."""
        self._require_idle("a snapshot")
        saved.write_snapshot(self._state, self._staging, into)

    def restore(self, source: SnapshotReader) -> None:
        """Take over the state of a house of the same terms. Raises ValueError where it does not fit."""
        if self._owns_trades:
            self._trade_archive = saved.archive_of(source)
        self._state, self._staging = saved.read_snapshot(
            self.terms, source, self._trade_archive, self._archive
        )
        self._is_begun = False

    def validate(self) -> None:
        """C48 and the structure itself; raises BrokenInvariant naming the first that is broken."""
        self._require_idle("validation")
        invariants.check(self._state)

    def _require_idle(self, what: str) -> None:
        if self._is_begun:
            raise ValueError(f"Expected {what} between two commands, was in the middle of one")
