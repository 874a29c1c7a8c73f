"""Order files as Parquet: the columns of the text format, as text or in their natural types.

string, dictionary  as they are       integers, decimal128   exact, as their digits
timestamp           ISO text          bool                   true / false
double, float       refused: a price that went through binary fractions is no longer the price
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from novate.domain.configuration import Configuration
from novate.gateway.files.lines import TextRows
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.order_file import OrderFile, joined
from novate.gateway.files.order_rows import OrderRowDecoder
from novate.gateway.files.order_words import check_columns
from novate.gateway.files.problems import FileProblem
from novate.gateway.files.source import check_regular_file

ROWS_A_PIECE = 100_000
MAGIC = b"PAR1"


def read_parquet(path: Path, configuration: Configuration) -> OrderFile:
    """All orders of the file. Raises FileProblem for a file that is none of order commands."""
    file = _opened(path)
    names = [name.strip().lower() for name in file.schema_arrow.names]
    check_columns(path, names)
    _check_types(path, file.schema_arrow)
    decoder = OrderRowDecoder(MarketSteps(configuration))
    read = 0
    pieces = []
    for rows in _pieces(path, file, names):
        read += rows.read
        pieces.append(decoder.decode(rows))
    return joined(path, "parquet", pieces, read)


def _opened(path: Path) -> pq.ParquetFile:
    check_regular_file(path)
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
    if magic != MAGIC:
        raise FileProblem(path, "a Parquet file (first bytes PAR1)", f"first bytes {magic!r}")
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise FileProblem(path, "a complete Parquet file", f"a damaged or truncated one ({error})") from error


def _check_types(path: Path, schema: pa.Schema) -> None:
    for field in schema:
        form = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        text = pa.types.is_string(form) or pa.types.is_large_string(form)
        exact = pa.types.is_integer(form) or pa.types.is_decimal(form) or pa.types.is_boolean(form)
        if not (text or exact or pa.types.is_timestamp(form) or pa.types.is_null(form)):
            found = f"{field.type}"
            raise FileProblem(
                path, "text, integers, decimals, timestamps or booleans", found, f"column {field.name}"
            )


def _pieces(path: Path, file: pq.ParquetFile, names: list[str]) -> Iterator[TextRows]:
    first = 1
    try:
        for batch in file.iter_batches(batch_size=ROWS_A_PIECE):
            columns = [_as_text(column) for column in batch.columns]
            rows = np.arange(first, first + batch.num_rows)
            first += batch.num_rows
            yield TextRows(pa.table(columns, names=names), rows, [], batch.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise FileProblem(
            path, "sound Parquet pages", f"damage ({error})", f"after row {first - 1}"
        ) from error


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("ns"))
    return column.cast(pa.string())
