"""Order files as comma-separated text, plain or gz: one command a row under a header of column names."""

from __future__ import annotations

from pathlib import Path

from novate.domain.configuration import Configuration
from novate.gateway.files.lines import LineReader
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.order_file import OrderFile, joined
from novate.gateway.files.order_rows import OrderRowDecoder
from novate.gateway.files.order_words import check_columns


def read_csv(path: Path, configuration: Configuration) -> OrderFile:
    """All orders of the file. Raises FileProblem for a file that is none of order commands."""
    reader = LineReader(path)
    names = reader.header()
    check_columns(path, names)
    decoder = OrderRowDecoder(MarketSteps(configuration))
    read = 0
    pieces = []
    for rows in reader.pieces(names, header_lines=1):
        read += rows.read
        pieces.append(decoder.decode(rows))
    return joined(path, "csv", pieces, read)
