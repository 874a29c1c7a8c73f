"""From historical messages to commands: keeps the book that history had and the book that the venue has.

    history   order id -> what is left of it according to the file
    mirror    the same orders as the venue holds them, price and time      (PriceTimeMirror)

The two differ only where history did not trade in the order of the file: an order deeper in the queue was
executed first. The venue then fills the head of the queue, and that is counted as a difference. So that one
difference does not breed others, an order of which history says that nothing is left is cancelled if the
venue still holds some of it (`corrections`), and nothing is sent for orders that the venue has filled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandFlag, CommandKind, OrderType, RowReject, SelfTrade, Side, TimeInForce
from novate.domain.records import MAX_QUANTITY, Commands, new_commands
from novate.domain.resolve import MarketScale
from novate.gateway.files.lobster_counts import LobsterCounts
from novate.gateway.files.parties import Parties
from novate.gateway.files.price_time_mirror import PriceTimeMirror
from novate.gateway.files.problems import RejectedRow
from novate.gateway.files.text_numbers import Int64s

HISTORY = np.dtype(
    [
        ("row", "<i8"),  # of the file
        ("command", "<i8"),  # index of the aggressor's command
        ("place", "<i8"),  # 0 for the first fill of the aggressor
        ("order_id", "<i8"),  # that rested
        ("price", "<i8"),  # ticks
        ("quantity", "<i8"),  # lots
    ]
)
"""One execution of a known order."""

NEW_ORDER, REDUCE, DELETE, EXECUTE, HIDDEN, CROSS, HALT = range(1, 8)
BUY = 1


@dataclass(frozen=True, slots=True)
class LobsterHour:
    """A message file as commands, and the executions that are to come out of them."""

    commands: Commands
    rows: Int64s
    history: npt.NDArray[np.void]
    """HISTORY records in file order."""
    counts: LobsterCounts
    scale: MarketScale


@dataclass(slots=True)
class _Known:
    """An order that the file entered and that is still live in history."""

    account: int
    remaining: int
    total: int
    """Quantity less what was taken back: what AMEND gives as the new total."""


@dataclass(slots=True)
class _Run:
    """Consecutive executions of one time and side: one aggressor."""

    time: int
    side: int
    row: int
    fills: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(row, order id, ticks, lots) of the known ones."""

    def goes_on(self, kind: int, time: int, side: int) -> bool:
        """An aggressor may meet hidden orders on its way: they do not end its run."""
        return kind == HIDDEN or (kind == EXECUTE and time == self.time and side == self.side)


class LobsterReplay:
    """Takes checked messages in order; `finish` gives the hour."""

    def __init__(self, market: int, parties: Parties) -> None:
        self.market = market
        self.parties = parties
        self.counts = LobsterCounts()
        self.rejects: list[RejectedRow] = []
        self._orders: dict[int, _Known] = {}
        self._gone: set[int] = set()
        self._mirror = PriceTimeMirror()
        self._commands: list[tuple[int, ...]] = []
        self._history: list[tuple[int, ...]] = []
        self._run: _Run | None = None

    def play(self, rows: Int64s, columns: dict[str, Int64s]) -> None:
        """Messages of one piece; a run may go on in the next piece."""
        names = ("time", "type", "order_id", "lots", "ticks", "side")
        fields = (columns[name].tolist() for name in names)
        for row, time, kind, order_id, lots, ticks, side in zip(rows.tolist(), *fields, strict=True):
            run = self._run
            # An aggressor may meet hidden orders on its way: they do not end the run.
            if (
                run is not None
                and kind != HIDDEN
                and (kind != EXECUTE or time != run.time or side != run.side)
            ):
                self._finish_run(run)
            if kind == NEW_ORDER:
                self._enter(row, time, order_id, lots, ticks, side)
            elif kind == EXECUTE:
                self._execute(row, time, order_id, lots, ticks, side)
            elif kind in (REDUCE, DELETE):
                self._take_back(row, time, kind, order_id, lots)
            else:
                self.counts.skip(kind)

    def finish(self, scale: MarketScale) -> LobsterHour:
        """Everything as commands."""
        if self._run is not None:
            self._finish_run(self._run)
        table = np.array(self._commands, np.int64).reshape(-1, 9)
        kind, account, order_id, time, side, tif, price, quantity, rows = table.T
        commands = new_commands(len(table))
        new = kind == CommandKind.NEW
        commands["kind"], commands["market"], commands["account"] = kind, self.market, account
        commands["client_order_id"], commands["time"] = order_id, time
        commands["side"], commands["time_in_force"] = side, tif
        commands["price"], commands["quantity"] = price, quantity
        commands["order_type"][new] = int(OrderType.LIMIT)
        commands["stp"][new] = int(SelfTrade.NONE)
        commands["flags"] = np.where(price > 0, int(CommandFlag.PRICE_GIVEN), 0)
        commands["flags"] |= np.where(quantity > 0, int(CommandFlag.QUANTITY_GIVEN), 0).astype(np.uint16)
        history = (
            np.array(self._history, np.int64).reshape(-1, len(HISTORY.names or ())).view(HISTORY).ravel()
        )
        return LobsterHour(commands, rows.copy(), history, self.counts, scale)

    def _enter(self, row: int, time: int, order_id: int, lots: int, ticks: int, side: int) -> None:
        if order_id in self._orders:
            self._reject(
                row, RowReject.DUPLICATE_ID, f"order_id: expected a new id, was {order_id}, which is live"
            )
            return
        self.counts.new += 1
        account = self.parties.account_of(order_id)
        self._orders[order_id] = _Known(account, lots, lots)
        if self._mirror.submit(order_id, side == BUY, ticks, lots, rests=True):
            self.counts.new_that_trade += 1
        code = Side.BUY if side == BUY else Side.SELL
        self._send(CommandKind.NEW, account, order_id, time, code, TimeInForce.GTC, ticks, lots, row)

    def _take_back(self, row: int, time: int, kind: int, order_id: int, lots: int) -> None:
        """Type 2 and 3: less of an order, or nothing more of it."""
        known = self._orders.get(order_id)
        if known is None:
            self.counts.unknown_cancels += order_id not in self._gone
            self.counts.late_cancels += order_id in self._gone
            return
        if lots > known.remaining:
            self._reject(row, RowReject.OUT_OF_RANGE, f"size: expected at most {known.remaining}, was {lots}")
            return
        self.counts.reductions += kind == REDUCE
        self.counts.deletions += kind == DELETE
        known.remaining -= lots
        known.total -= lots
        everything = kind == DELETE or not known.remaining
        if order_id not in self._mirror:
            self.counts.filled_already += 1
        elif everything:
            self._mirror.remove(order_id)
            self._send(CommandKind.CANCEL, known.account, order_id, time, 0, 0, 0, 0, row)
        else:
            self._mirror.reduce(order_id, lots)
            self._send(CommandKind.AMEND, known.account, order_id, time, 0, 0, 0, known.total, row)
        if everything:
            self._forget(order_id)

    def _execute(self, row: int, time: int, order_id: int, lots: int, ticks: int, side: int) -> None:
        """Type 4: one more fill of the aggressor that is being put together."""
        if self._run is None:
            self._run = _Run(time, side, row)
        known = self._orders.get(order_id)
        if known is None:
            self.counts.unknown_executions += order_id not in self._gone
            self.counts.late_executions += order_id in self._gone
        elif lots > known.remaining:
            self._reject(row, RowReject.OUT_OF_RANGE, f"size: expected at most {known.remaining}, was {lots}")
        else:
            known.remaining -= lots
            self.counts.known_executions += 1
            self._run.fills.append((row, order_id, ticks, lots))

    def _finish_run(self, run: _Run) -> None:
        """Send the aggressor behind a run, then put right what history has used up and the venue has not."""
        self._run = None
        if not run.fills:
            return
        self.counts.aggressors += 1
        self.counts.aggressors_of_several += len(run.fills) > 1
        buys = run.side != BUY
        prices = [ticks for _, _, ticks, _ in run.fills]
        limit = max(prices) if buys else min(prices)
        lots = min(sum(fill[3] for fill in run.fills), MAX_QUANTITY)
        index = len(self._commands)
        for place, (row, order_id, ticks, quantity) in enumerate(run.fills):
            self._history.append((row, index, place, order_id, ticks, quantity))
        foreseen = self._mirror.submit(-run.row, buys, limit, lots, rests=False)
        makers = {self.parties.account_of(fill.order_id) for fill in foreseen}
        account = self.parties.account_against(-run.row, makers)
        side = Side.BUY if buys else Side.SELL
        self._send(CommandKind.NEW, account, -run.row, run.time, side, TimeInForce.IOC, limit, lots, run.row)
        for order_id in dict.fromkeys(fill[1] for fill in run.fills):
            if not self._orders[order_id].remaining:
                if order_id in self._mirror:
                    self.counts.corrections += 1
                    self._mirror.remove(order_id)
                    account = self._orders[order_id].account
                    self._send(CommandKind.CANCEL, account, order_id, run.time, 0, 0, 0, 0, run.row)
                self._forget(order_id)

    def _send(self, *fields: int) -> None:
        """kind, account, client order id, time, side, time in force, price, quantity, row."""
        self._commands.append(fields)

    def _forget(self, order_id: int) -> None:
        del self._orders[order_id]
        self._gone.add(order_id)

    def _reject(self, row: int, reason: RowReject, message: str) -> None:
        self.rejects.append(RejectedRow(row, reason.name, message, ""))
