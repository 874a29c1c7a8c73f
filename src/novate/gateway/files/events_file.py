"""events.parquet: every event of the run with names, decimals and the time of the command behind it.

    64-byte records --> columns: sequence, time, kind, market, side, order ids, price, quantity, reason, ...

A TRADE and its TRADE_PARTIES become one row. A column that a kind of event does not use is null. The file
holds everything that the records say, so that it can be studied with DuckDB or pandas alone.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from novate.domain.codes import CommandKind, EventFlag, EventKind, MarketState, Reason, Reject, Side
from novate.domain.configuration import Configuration
from novate.domain.records import (
    BOOK_STATE_EVENT,
    CREDIT_EVENT,
    EVENT,
    MARKET_EVENT,
    ORDER_EVENT,
    PARTIES,
    Commands,
    Events,
)
from novate.gateway.files.decimal_text import decimal_array
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.output import OutputFolder
from novate.gateway.files.text_numbers import Bools, Int64s

EVENTS_NAME = "events.parquet"
ROWS_A_GROUP = 250_000

ORDER_KINDS = (
    EventKind.ACCEPTED, EventKind.REJECTED, EventKind.CANCELLED, EventKind.EXPIRED, EventKind.AMENDED,
    EventKind.TRIGGERED, EventKind.REFRESHED,
)  # fmt: skip
PAIR_KINDS = (EventKind.TRADE, EventKind.STP_DECREMENT)
PRICED_KINDS = (EventKind.ACCEPTED, EventKind.AMENDED, EventKind.TRIGGERED, *PAIR_KINDS)
REASON_NAMES = {**{int(code): code.name for code in Reject}, **{int(code): code.name for code in Reason}}
NAME = pa.dictionary(pa.int16(), pa.string())


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
        A TRADE and its TRADE_PARTIES must be in the same block. Returns the rows written."""
        rows = events[events["kind"] != EventKind.TRADE_PARTIES]
        if not len(rows):
            return 0
        parties = np.zeros(len(rows), PARTIES)
        trades = np.asarray(rows["kind"] == EventKind.TRADE)
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
    trade = kind == EventKind.TRADE
    pair = np.isin(kind, PAIR_KINDS)
    book = kind == EventKind.BOOK_STATE
    on_market = ~np.isin(kind, (EventKind.CREDIT_SET, EventKind.LIMIT_SET))
    names = np.array([*symbols, ""])
    columns: dict[str, pa.Array] = {
        "sequence": pa.array(rows["sequence"]),
        "time": times,
        "kind": _names(kind, EventKind, np.ones(len(rows), bool)),
        "market": _masked_text(names, market, on_market & (len(symbols) > 0)),
        "side": _names(rows["side"], Side, (about_order | pair) & (rows["side"] > 0)),
    }
    columns |= _order_columns(rows, kind, about_order, pair)
    columns |= _price_columns(rows, kind, market, steps, about_order | pair)
    columns |= _trade_columns(rows, parties, trade)
    columns |= _book_columns(rows, book, market, steps)
    columns |= _other_columns(rows, kind)
    return pa.table(columns)


def _order_columns(
    rows: Events, kind: npt.NDArray[Any], about_order: Bools, pair: Bools
) -> dict[str, pa.Array]:
    order = rows.view(ORDER_EVENT)
    rejected = kind == EventKind.REJECTED
    flags = order["flags"]
    return {
        "order_id": _masked(order["order_id"], (about_order & ~rejected)),
        "client_order_id": _masked(order["client_order_id"], about_order),
        "account": _masked(order["account"].astype(np.int64), about_order),
        "maker_order_id": _masked(rows["order_id"], pair),
        "taker_order_id": _masked(rows["contra_order_id"], pair),
        "reason": _reasons(rows["reason"]),
        "command": _names(order["command"], CommandKind, rejected),
        "kept_priority": pa.array(
            (flags & int(EventFlag.KEPT_PRIORITY)) != 0, mask=kind != EventKind.AMENDED
        ),
    }


def _price_columns(
    rows: Events, kind: npt.NDArray[Any], market: Int64s, steps: MarketSteps, counted: Bools
) -> dict[str, pa.Array]:
    flags = rows["flags"]
    priced = np.isin(kind, PRICED_KINDS) & ((flags & int(EventFlag.PRICE_IS_NULL)) == 0)
    stopped = (kind == EventKind.AMENDED) & ((flags & int(EventFlag.STOP_GIVEN)) != 0)
    pair = np.isin(kind, PAIR_KINDS)
    leaving = pair | np.isin(kind, (EventKind.AMENDED, EventKind.REFRESHED))
    counted = counted & (kind != EventKind.REJECTED)
    return {
        "price": _prices(rows["price"], market, steps, priced),
        "quantity": _lots(rows["quantity"].astype(np.int64), market, steps, counted),
        "leaves": _lots(rows["leaves"].astype(np.int64), market, steps, leaving),
        "taker_leaves": _lots(rows["contra_leaves"].astype(np.int64), market, steps, pair),
        "stop_price": _prices(rows.view(ORDER_EVENT)["stop"], market, steps, stopped),
    }


def _trade_columns(rows: Events, parties: Events, trade: Bools) -> dict[str, pa.Array]:
    fees = trade & ((parties["flags"] & int(EventFlag.FEES_ON)) != 0)
    return {
        "trade_id": _masked(rows["trade_id"], trade),
        "maker_client_order_id": _masked(parties["maker_client_order_id"], trade),
        "taker_client_order_id": _masked(parties["taker_client_order_id"], trade),
        "maker_account": _masked(parties["maker_account"].astype(np.int64), trade),
        "taker_account": _masked(parties["taker_account"].astype(np.int64), trade),
        "maker_fee_minor": _masked(parties["maker_fee"], fees),
        "taker_fee_minor": _masked(parties["taker_fee"], fees),
    }


def _book_columns(rows: Events, book: Bools, market: Int64s, steps: MarketSteps) -> dict[str, pa.Array]:
    top = rows.view(BOOK_STATE_EVENT)
    bids = book & (top["bid_quantity"] > 0)
    asks = book & (top["ask_quantity"] > 0)
    return {
        "bid": _prices(top["bid_price"], market, steps, bids),
        "bid_quantity": _lots(top["bid_quantity"], market, steps, bids),
        "ask": _prices(top["ask_price"], market, steps, asks),
        "ask_quantity": _lots(top["ask_quantity"], market, steps, asks),
    }


def _other_columns(rows: Events, kind: npt.NDArray[Any]) -> dict[str, pa.Array]:
    """States, counts and credit; `value` is a count, a price in ticks or signed lots, as the kind says."""
    states = rows.view(MARKET_EVENT)
    credit = rows.view(CREDIT_EVENT)
    moved = kind == EventKind.STATE
    counted = np.isin(kind, (EventKind.MASS_DONE, EventKind.REF_SET, EventKind.POSITION_SET))
    granted = kind == EventKind.CREDIT_SET
    return {
        "from_state": _names(states["from_state"], MarketState, moved),
        "to_state": _names(states["to_state"], MarketState, moved),
        "value": _masked(states["value"], counted),
        "credit_account": _masked(credit["account"].astype(np.int64), granted),
        "credit_asset": _masked(credit["asset"], granted),
        "credit_available": _masked(credit["available"], granted),
        "credit_reserved": _masked(credit["reserved"], granted),
    }


def _masked(values: npt.NDArray[Any], shown: Bools) -> pa.Array:
    return pa.array(np.ascontiguousarray(values), mask=~shown)


def _masked_text(names: npt.NDArray[Any], codes: Int64s, shown: Bools) -> pa.Array:
    """Names of codes as a dictionary column. Codes of one name share its only place in the dictionary:
    Arrow writes a doubled value once but counts it twice, and fills the page with whatever is in memory."""
    distinct, place = np.unique(names, return_inverse=True)
    index = pa.array(place[codes].astype(np.int32), mask=~shown)
    return pa.DictionaryArray.from_arrays(index, pa.array(distinct.tolist(), pa.string()))


def _names(codes: npt.NDArray[Any], enum: type[IntEnum], shown: Bools) -> pa.Array:
    """Names of codes as a dictionary column."""
    highest = max(int(code) for code in enum)
    names = [""] * (highest + 1)
    for code in enum:
        names[code] = code.name
    return _masked_text(np.array(names), np.minimum(codes, highest).astype(np.int64), shown)


def _reasons(codes: npt.NDArray[Any]) -> pa.Array:
    present = np.unique(codes)
    names = np.array([REASON_NAMES.get(int(code), str(code)) for code in present] or [""])
    return _masked_text(names, np.searchsorted(present, codes).astype(np.int64), codes != 0)


def _prices(ticks: npt.NDArray[Any], market: Int64s, steps: MarketSteps, shown: Bools) -> pa.Array:
    return _decimals(np.where(shown, ticks, 0), steps.tick[market], steps.price_digits, shown)


def _lots(lots: npt.NDArray[Any], market: Int64s, steps: MarketSteps, shown: Bools) -> pa.Array:
    return _decimals(np.where(shown, lots, 0), steps.lot[market], steps.quantity_digits, shown)


def _decimals(count: Int64s, units: Int64s, digits: int, shown: Bools) -> pa.Array:
    values = decimal_array(count, units, digits)
    return pc.if_else(pa.array(shown), values, pa.scalar(None, values.type))
