"""Files in, files out: order files become command records, results become files that people and tools read.

    orders.csv .parquet        \\                                  / trades.csv
    lobster messages .csv       }--> COMMAND records ... events --{  events.parquet
    neutral tape .bin          /                                  \\ rejects.csv, reports.txt

Business rules live below, in the venue. Here only what concerns the file is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from novate.domain.configuration import Configuration
from novate.gateway.files.csv_orders import read_csv
from novate.gateway.files.events_file import EventsFile
from novate.gateway.files.fitted import fitted_configuration
from novate.gateway.files.lobster import read_lobster
from novate.gateway.files.order_file import OrderFile
from novate.gateway.files.output import OutputFolder
from novate.gateway.files.parquet_orders import read_parquet
from novate.gateway.files.problems import FileProblem, RejectedRow
from novate.gateway.files.rejects_file import write_rejects
from novate.gateway.files.tape import read_tape_orders
from novate.gateway.files.trades_file import TradesFile
from novate.journal.folder_lock import FolderInUse, only_writer

_READERS: dict[str, Callable[[Path, Configuration], OrderFile]] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "lobster": read_lobster,
    "tape": read_tape_orders,
}
FORMATS = tuple(_READERS)

__all__ = [
    "FORMATS",
    "EventsFile",
    "FileProblem",
    "FolderInUse",
    "OrderFile",
    "OutputFolder",
    "RejectedRow",
    "TradesFile",
    "fitted_configuration",
    "only_writer",
    "read_orders",
    "write_rejects",
]


def read_orders(path: Path, format: str, configuration: Configuration) -> OrderFile:
    """All orders of a file of one of FORMATS, in the markets of a fitted configuration.

    Raises FileProblem for anything that concerns the whole file; a bad row only costs that row.
    """
    if format not in _READERS:
        raise FileProblem(path, f"one of the formats {', '.join(FORMATS)}", f'"{format}"')
    return _READERS[format](path, configuration)
