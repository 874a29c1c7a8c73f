"""A trade file for the benchmark of the clearing house: a generated flow as text in Parquet.

trade 17 of 200 members and 5,000 instruments
    --> NOVATE,618033988767,1,2026-03-02,XS0000001204,98.41,730,USD,M042,HOUS,M117,HOUS

Trade ids are twelve digits in no order, each once: nothing that a dictionary or a sort could make easy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from novate.simulation.trade_flow import MIDDLE_CENTS, MOST_UNITS, SWING_CENTS, TradeFlow, trade_flow

TRADE_DATE = "2026-03-02"
CENTS = 100
ID_DIGITS, ID_STEP = 12, 618_033_988_749
"""The step has no divisor in common with 10**12, so the first 10**12 ids are different."""


def write_trade_file(
    path: Path, trades: int, members: int = 200, instruments: int = 5_000, crowded: bool = False
) -> None:
    """Write the flow to a Parquet file, a row group for each piece."""
    writer: pyarrow.parquet.ParquetWriter | None = None
    for piece in trade_flow(trades, members, instruments, crowded=crowded):
        table = _table(piece, members, instruments)
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _table(piece: TradeFlow, members: int, instruments: int) -> pa.Table:
    names = [f"M{number:03}" for number in range(members)]
    isins = [f"XS{number:010}" for number in range(instruments)]
    lowest = MIDDLE_CENTS - SWING_CENTS
    prices = [
        f"{cents // CENTS}.{cents % CENTS:02}" for cents in range(lowest, MIDDLE_CENTS + SWING_CENTS + 1)
    ]
    quantities = [str(units) for units in range(MOST_UNITS + 1)]

    def constant(text: str) -> pa.Array:
        return pa.repeat(pa.scalar(text), len(piece))

    columns = {
        "trade_id": _trade_ids(piece),
        "source": constant("NOVATE"),
        "version": constant("1"),
        "trade_date": constant(TRADE_DATE),
        "instrument": pa.array(isins).take(pa.array(piece.instrument)),
        "price": pa.array(prices).take(pa.array(piece.price_cents - lowest)),
        "quantity": pa.array(quantities).take(pa.array(piece.quantity)),
        "currency": constant("USD"),
        "buyer_member": pa.array(names).take(pa.array(piece.buyer)),
        "buyer_account": constant("HOUS"),
        "seller_member": pa.array(names).take(pa.array(piece.seller)),
        "seller_account": constant("HOUS"),
    }
    return pa.table(columns)


def _trade_ids(piece: TradeFlow) -> pa.Array:
    numbers = (np.arange(len(piece), dtype=np.int64) + piece.first + 1).astype(object) * ID_STEP
    scattered = (numbers % 10**ID_DIGITS).astype(np.int64)
    return pc.utf8_lpad(pc.cast(pa.array(scattered), pa.string()), ID_DIGITS, "0")
