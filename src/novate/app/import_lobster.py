"""`novate import lobster`: a historical message file as venue commands, and how faithful they are.

messages --> commands.parquet   one row a command, with the row of the file that it came from
         --> commands.npy       the same as 64-byte COMMAND records
         --> venue --> trades.csv, events.parquet, rejects.csv
         --> comparison.txt     each known execution of history against the trade of the venue
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from novate.app.destination import expect_place
from novate.app.match import OUTPUTS, Progress, lobster_report, match_orders
from novate.domain.codes import CommandKind, Side, TimeInForce
from novate.domain.configuration import Configuration
from novate.gateway.files import (
    OrderFile,
    OutputFolder,
    fitted_configuration,
    only_writer,
    read_orders,
    write_rejects,
)
from novate.gateway.files.lobster_report import LobsterReport

FORMAT = "lobster"
IMPORTED = ("commands.npy", "commands.parquet", "comparison.txt", *OUTPUTS)


def import_lobster(
    path: Path, out: Path, configuration: Configuration, progress: Progress | None = None
) -> LobsterReport:
    """Import the file into the folder `out` and compare what the venue trades with history.

    Raises FileProblem for a file that is none of messages, RefusedError where results must not go.
    """
    report: Callable[[str, int, int], None] = progress or (lambda what, done, total: None)
    expect_place(out, IMPORTED, [path])
    configuration = fitted_configuration(configuration, path, FORMAT)
    report(f"reading {path.name}", 0, 0)
    orders = read_orders(path, FORMAT, configuration)
    with only_writer(out), OutputFolder(out) as folder:
        _write_commands(folder, orders)
        matched = match_orders(orders, configuration, folder, report)
        comparison = lobster_report(orders, matched)
        write_rejects(folder, orders.not_accepted(matched.events, matched.first_sequence))
        folder.write("comparison.txt", "\n".join(comparison.lines()) + "\n")
    return comparison


def _write_commands(folder: OutputFolder, orders: OrderFile) -> None:
    """The commands twice: for programs that know the records, and for everybody else."""
    # Made in memory first: NumPy and Arrow tell a full disk in words of their own.
    records, columns = io.BytesIO(), io.BytesIO()
    np.save(records, orders.commands)
    folder.write("commands.npy", records.getvalue())
    commands = orders.commands
    table = pa.table(
        {
            "row": orders.rows,
            "command": _names(commands["kind"], CommandKind),
            "time_ns": commands["time"],
            "market": commands["market"],
            "account": commands["account"],
            "client_order_id": commands["client_order_id"],
            "side": _names(commands["side"], Side),
            "time_in_force": _names(commands["time_in_force"], TimeInForce),
            "price_ticks": commands["price"],
            "quantity_lots": commands["quantity"],
        }
    )
    pq.write_table(table, columns, compression="zstd")
    folder.write("commands.parquet", columns.getvalue())


def _names(codes: np.ndarray, enum: type[CommandKind] | type[Side] | type[TimeInForce]) -> pa.Array:
    """Names of codes; 0 has none."""
    names = {int(code): code.name for code in enum if int(code)}
    highest = max(names)
    texts = pa.array([names.get(code) for code in range(highest + 1)], pa.string())
    return texts.take(pa.array(codes.astype(np.int64)))
