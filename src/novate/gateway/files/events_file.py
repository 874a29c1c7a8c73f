"""events.parquet: every event of the run with names, decimals and the time of the command behind it.

    64-byte records --> columns: sequence, time, kind, market, side, order ids, price, quantity, reason, ...

A trade and its TRADE_PARTIES become one row. A trade of an auction has no side: its buyer stands in the
columns of the maker, its seller in those of the taker. A column that an event does not use is null. The file
holds everything that the records say, so that it can be studied with DuckDB or pandas alone.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from novate.domain.codes import CommandKind, EventFlag, EventKind, Reason, Reject, Side
from novate.domain.configuration import Configuration
from novate.domain.records import (
    AUCTION_EVENT,
    EVENT,
    ORDER_EVENT,
    PARTIES,
    Commands,
    Events,
    is_trade,
)
from novate.gateway.files.event_columns import (
    AUCTION_KINDS,
    MMP_KINDS,
    SCOPE_KINDS,
    Array,
    Columns,
    book_columns,
    lots,
    market_columns,
    masked,
    masked_text,
    names,
    prices,
    trade_columns,
    venue_columns,
)
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.output import OutputFolder
from novate.gateway.files.text_numbers import Bools, Int64s

EVENTS_NAME = "events.parquet"
ROWS_A_GROUP = 250_000

ORDER_KINDS = (
    EventKind.ACCEPTED, EventKind.REJECTED, EventKind.CANCELLED, EventKind.EXPIRED, EventKind.AMENDED,
    EventKind.TRIGGERED, EventKind.REFRESHED,
)  # fmt: skip
PAIR_KINDS = (EventKind.TRADE, EventKind.AUCTION_TRADE, EventKind.STP_DECREMENT)
PRICED_KINDS = (
    EventKind.ACCEPTED, EventKind.AMENDED, EventKind.TRIGGERED, EventKind.EXTENDED,
    *PAIR_KINDS, *AUCTION_KINDS,
)  # fmt: skip
VENUE_KINDS = (EventKind.CREDIT_SET, EventKind.LIMIT_SET, *SCOPE_KINDS)
"""Events that name no market."""
REASON_NAMES = {**{int(code): code.name for code in Reject}, **{int(code): code.name for code in Reason}}


class EventsFile:
    """Takes blocks of events in order; writes them in groups."""

    def __init__(self, out: OutputFolder, configuration: Configuration) -> None:
        self._steps = MarketSteps(configuration)
        self._symbols = [scale.symbol for scale in self._steps.scales]
        self._file = out.open(EVENTS_NAME)
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self.written = 0
        out.finishing(self)

    def add(self, events: Events, commands: Commands | None = None, first_sequence: int = 0) -> int:
        """Write a block; `commands`, of which the first has number `first_sequence`, give the times.
        A trade and its TRADE_PARTIES must be in the same block. Returns the rows written."""
        rows = events[events["kind"] != EventKind.TRADE_PARTIES]
        if not len(rows):
            return 0
        parties = np.zeros(len(rows), PARTIES)
        trades = is_trade(rows)
        parties[trades] = events[events["kind"] == EventKind.TRADE_PARTIES].view(PARTIES)
        table = _table(rows, parties, self._steps, self._symbols, _times(rows, commands, first_sequence))
        self._waiting.append(table)
        self._rows += len(rows)
        self.written += len(rows)
        if self._rows >= ROWS_A_GROUP:
            self._write()
        return len(rows)

    def finish(self) -> None:
        """Called by the folder when the run is complete."""
        if self._writer is None and not self._waiting:
            nothing, no_times = np.zeros(0, EVENT), pa.array([], pa.int64())
            self._waiting.append(_table(nothing, nothing.view(PARTIES), self._steps, self._symbols, no_times))
        self._write()
        if self._writer is not None:
            self._writer.close()

    def abandon(self) -> None:
        """Called by the folder when the run has failed: the library must not try to end the file."""
        if self._writer is not None:
            self._writer.is_open = False

    def _write(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd")
        self._writer.write_table(table)
        self._waiting, self._rows = [], 0


def _times(rows: Events, commands: Commands | None, first_sequence: int) -> pa.Array:
    """Nanoseconds of the command behind each event; null where it is not known or carried no time."""
    count = len(rows)
    if commands is None or not len(commands):
        return pa.nulls(count, pa.int64())
    index = rows["sequence"] - first_sequence
    inside = (index >= 0) & (index < len(commands))
    times = commands["time"][np.where(inside, index, 0)]
    return pa.array(times, mask=~(inside & (times != 0)))


def _table(
    rows: Events, parties: Events, steps: MarketSteps, symbols: list[str], times: pa.Array
) -> pa.Table:
    kind = rows["kind"]
    market = np.minimum(rows["market"].astype(np.int64), max(len(symbols) - 1, 0))
    about_order = np.isin(kind, ORDER_KINDS)
    pair = np.isin(kind, PAIR_KINDS)
    on_market = ~np.isin(kind, VENUE_KINDS)
    columns: Columns = {
        "sequence": pa.array(rows["sequence"]),
        "time": times,
        "kind": names(kind, EventKind, np.ones(len(rows), bool)),
        "market": masked_text(np.array([*symbols, ""]), market, on_market & (len(symbols) > 0)),
        "side": names(rows["side"], Side, (about_order | pair) & (rows["side"] > 0)),
    }
    columns |= _order_columns(rows, kind, about_order, pair)
    columns |= _size_columns(rows, kind, market, steps, about_order | pair)
    columns |= trade_columns(rows, parties, is_trade(rows))
    columns |= book_columns(rows, kind, market, steps)
    columns |= market_columns(rows, kind, market, steps)
    columns |= venue_columns(rows, kind)
    return pa.table(columns)


def _order_columns(rows: Events, kind: Array, about_order: Bools, pair: Bools) -> Columns:
    order = rows.view(ORDER_EVENT)
    rejected = kind == EventKind.REJECTED
    flags = order["flags"]
    of_account = about_order | np.isin(kind, (EventKind.POSITION_SET, *MMP_KINDS))
    return {
        "order_id": masked(order["order_id"], (about_order & ~rejected)),
        "client_order_id": masked(order["client_order_id"], about_order),
        "account": masked(order["account"].astype(np.int64), of_account),
        "maker_order_id": masked(rows["order_id"], pair),
        "taker_order_id": masked(rows["contra_order_id"], pair),
        "reason": _reasons(rows["reason"]),
        "command": names(order["command"], CommandKind, rejected),
        "kept_priority": pa.array(
            (flags & int(EventFlag.KEPT_PRIORITY)) != 0, mask=kind != EventKind.AMENDED
        ),
    }


def _size_columns(rows: Events, kind: Array, market: Int64s, steps: MarketSteps, counted: Bools) -> Columns:
    """Prices and quantities; of an auction the quantity is its volume."""
    flags = rows["flags"]
    priced = np.isin(kind, PRICED_KINDS) & ((flags & int(EventFlag.PRICE_IS_NULL)) == 0)
    stopped = (kind == EventKind.AMENDED) & ((flags & int(EventFlag.STOP_GIVEN)) != 0)
    auction = np.isin(kind, AUCTION_KINDS)
    pair = np.isin(kind, PAIR_KINDS)
    leaving = pair | np.isin(kind, (EventKind.AMENDED, EventKind.REFRESHED))
    counted = (counted & (kind != EventKind.REJECTED)) | auction
    quantity = np.where(auction, rows.view(AUCTION_EVENT)["volume"], rows["quantity"].astype(np.int64))
    return {
        "price": prices(rows["price"], market, steps, priced),
        "quantity": lots(quantity, market, steps, counted),
        "leaves": lots(rows["leaves"].astype(np.int64), market, steps, leaving),
        "taker_leaves": lots(rows["contra_leaves"].astype(np.int64), market, steps, pair),
        "stop_price": prices(rows.view(ORDER_EVENT)["stop"], market, steps, stopped),
    }


def _reasons(codes: Array) -> pa.Array:
    present = np.unique(codes)
    texts = np.array([REASON_NAMES.get(int(code), str(code)) for code in present] or [""])
    return masked_text(texts, np.searchsorted(present, codes).astype(np.int64), codes != 0)
