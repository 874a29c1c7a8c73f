"""The same nets by other means: Polars and DuckDB on the columns that the netting kernel takes.

    select party, instrument, sum(quantity), sum(amount) from both legs of every trade
    group by party, instrument having one of the sums is not zero

Each gets its data in its own form before a clock runs, and one thread. Polars reads that number once, when it
is first imported in a process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from novate.clearing.trade_nets import TradeNets, TradeNumbers

Answer = Callable[[], Any]
COLUMNS = ("party", "instrument", "quantity", "amount")
LEGS = """
    select party, instrument, sum(quantity)::bigint as quantity, sum(amount)::bigint as amount from (
        select buyer as party, instrument, quantity, -amount as amount from trades
        union all
        select seller as party, instrument, -quantity as quantity, amount from trades
    ) group by party, instrument having sum(quantity) <> 0 or sum(amount) <> 0
"""


def polars_is_there() -> bool:
    """True where the extra `bench` is installed."""
    return find_spec("polars") is not None


def arrow_of(trades: TradeNumbers) -> pa.Table:
    """The columns as an Arrow table."""
    names = ("buyer", "seller", "instrument", "quantity", "amount")
    return pa.table({name: getattr(trades, name) for name in names})


def duckdb_nets(trades: TradeNumbers) -> Answer:
    """A question to DuckDB that answers with an Arrow table."""
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    connection.register("given", arrow_of(trades))
    connection.execute("create table trades as select * from given")
    return lambda: connection.sql(LEGS).to_arrow_table()


def polars_nets(trades: TradeNumbers) -> Answer:
    """A question to Polars that answers with a frame."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars as pl

    frame = pl.DataFrame(arrow_of(trades)).lazy()
    quantity, amount = pl.col("quantity"), pl.col("amount")
    bought = frame.select(pl.col("buyer").alias("party"), "instrument", "quantity", -amount)
    sold = frame.select(pl.col("seller").alias("party"), "instrument", -quantity, "amount")
    nets = pl.concat([bought, sold]).group_by("party", "instrument").agg(quantity.sum(), amount.sum())
    return lambda: nets.filter((quantity != 0) | (amount != 0)).collect()


def rows_of(answer: Any) -> npt.NDArray[np.int64]:
    """An answer of any of the three as sorted rows (N, 4), so that they can be compared."""
    if isinstance(answer, TradeNets):
        columns = [getattr(answer, name) for name in COLUMNS]
    else:
        columns = [answer[name].to_numpy() for name in COLUMNS]
    rows = np.column_stack([column.astype(np.int64) for column in columns])
    sorted_rows: npt.NDArray[np.int64] = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return sorted_rows
