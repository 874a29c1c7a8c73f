"""Trade files: CSV (plain or gz) and Parquet, read as columns of text.

    trade_id,source,version,trade_date,instrument,price,quantity,currency,buyer_member,...    row 1
    17,NOVATE,1,2026-10-09,US00NOVA0016,182.50,300,USD,BOREAL,...                             row 2

    #count,1                                                                            control totals, if any
    #quantity,300

The columns may stand in any order; their names are exact. Rows are named by their line in a CSV file (the
header is line 1) and by their number, from 1, in a Parquet file. A row with too few or too many fields is
put aside and reported, the others go on; a file that is not one at all is refused with `TradeFileError`.
"""

from __future__ import annotations

import difflib
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from novate.app.control_totals import broken_total, split_totals, totals_of_metadata
from novate.clearing.kernels.lines import SLACK
from novate.clearing.trades.columns import (
    FIELDS,
    Bools,
    Coded,
    Int64s,
    TradeColumns,
    constant,
    trade_columns,
)
from novate.clearing.trades.texts import Texts, texts_in, texts_of

Arrow = Any
"""An Array or a ChunkedArray of Arrow."""

OPTIONAL = ("settle_date",)
"""Columns that a file may have: an explicit settlement date, empty where the instrument's cycle decides."""
GZIP_MAGIC = b"\x1f\x8b"


class TradeFileError(Exception):
    """A trade file that cannot be read at all; the message names the file, what was expected and found."""


class MalformedRow(msgspec.Struct, frozen=True):
    """A line that does not have the form of a trade."""

    row: int
    message: str


class TradeDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a file that have the right form, and those that have not."""

    columns: TradeColumns
    malformed: list[MalformedRow]
    totals: dict[str, str] = {}
    """What the file says of itself (`control_totals`)."""


NO_TRADES = TradeDelivery(columns=trade_columns({name: constant("", 0) for name in FIELDS}), malformed=[])
"""What was read of a file that cannot be read."""


def read_trades(path: Path) -> TradeDelivery:
    """Read a trade file; the suffix says which form it has: .csv, .csv.gz or .parquet."""
    if path.is_dir():
        raise TradeFileError(f"{path}: expected a file of trades, was a directory")
    if path.exists() and not path.is_file():
        # Of a pipe nobody knows whether it ever ends, and its return file could not say what was read.
        raise TradeFileError(f"{path}: expected a file of trades, was a pipe or a device")
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _read_parquet(path)
    if name.endswith((".csv", ".csv.gz")):
        return _read_csv(path, _bytes(path))
    raise TradeFileError(f"{path}: expected a name ending in .csv, .csv.gz or .parquet, was {path.name}")


def require_totals(path: Path, delivery: TradeDelivery) -> None:
    """Raise TradeFileError if the file says of itself what is not so."""
    rows = len(delivery.columns) + len(delivery.malformed)
    broken = broken_total(delivery.totals, rows, delivery.columns.quantity)
    if broken is not None:
        raise TradeFileError(f"{path}: {broken[0]}: {broken[1]}; nothing of it was taken")


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TradeFileError(f"{path}: expected a file of trades, found none") from None
    except OSError as error:
        raise TradeFileError(f"{path}: expected a readable file, was: {error.strerror}") from error
    if not path.name.lower().endswith(".gz"):
        if data.startswith(GZIP_MAGIC):
            raise TradeFileError(f"{path}: expected CSV text, was gzip; name it .csv.gz")
        return data
    if not data.startswith(GZIP_MAGIC):
        raise TradeFileError(f"{path}: expected gzip data, was something else")
    try:
        return gzip.decompress(data)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TradeFileError(f"{path}: expected a whole gzip file, was a broken one: {error}") from error


def _check_text(path: Path, data: bytes) -> None:
    """What makes all of a CSV file unreadable is told as what it is, not as a column that is missing."""
    header = data.partition(b"\n")[0]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in header:
        raise TradeFileError(f"{path}: expected text in UTF-8, was UTF-16 or no text")
    if b"\r" in header.rstrip(b"\r"):
        raise TradeFileError(f"{path}: line 1: expected lines that end with LF or CR LF, was CR alone")


def _read_csv(path: Path, data: bytes) -> TradeDelivery:
    data = data.removeprefix(b"\xef\xbb\xbf")
    _check_text(path, data)
    if b"\n" not in data:
        data += b"\n"
    header = data.partition(b"\n")[0].rstrip(b"\r").decode("utf-8", errors="replace")
    if not header.strip():
        raise TradeFileError(f"{path}: expected the header {','.join(FIELDS)}, was an empty line or file")
    names = [name.strip().strip('"') for name in header.split(",")]
    _check_names(path, names)
    data, totals = split_totals(data)
    aside: list[MalformedRow] = []
    blank: list[int] = []

    def put_aside(row: pyarrow.csv.InvalidRow) -> str:
        if row.actual_columns == 1 and not row.text.strip():
            blank.append(row.number)
        else:
            found = f"{row.actual_columns} field{'s' if row.actual_columns != 1 else ''}"
            if "\n" in row.text:
                found += ", because a quotation mark that opens here is not closed on its line"
            aside.append(MalformedRow(row.number, f"row: expected {len(names)} fields, was {found}"))
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            # One thread, because only then a torn row is told with its line number.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=1, block_size=1 << 24
            ),
            parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=put_aside, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise TradeFileError(f"{path}: expected CSV, was: {error}") from error
    columns = {name: _coded(table.column(name), _decoded) for name in names if name != "trade_id"}
    ids = _texts(table.column("trade_id"))
    rows = _line_numbers(len(table), [*blank, *(one.row for one in aside)])
    kept = ~_blank_lines(ids, columns, rows, data)
    columns = {name: Coded(one.codes[kept], one.values) for name, one in columns.items()}
    # A blank line has no id, so leaving it out leaves the bytes of the others where they are.
    ids = texts_in(ids.data, np.append(ids.starts[:-1][kept], ids.starts[-1]))
    columns_of_rows = trade_columns({**columns, "trade_id": ids}, rows[kept])
    return TradeDelivery(columns=columns_of_rows, malformed=aside, totals=totals)


def _blank_lines(ids: Texts, columns: dict[str, Coded], rows: Int64s, data: bytes) -> Bools:
    """Rows that were read from lines with nothing in them: they are no trades, good or bad."""
    blank: Bools = ids.starts[1:] == ids.starts[:-1]
    for column in columns.values():
        if "" not in column.values:
            return np.zeros(len(rows), bool)
        blank &= column.codes == column.values.index("")
    lines = data.split(b"\n")
    for place in np.flatnonzero(blank).tolist():
        # A line of commas alone reads the same, but somebody wrote it: it stays and is refused.
        blank[place] = not lines[int(rows[place]) - 1].strip()
    return blank


def _line_numbers(rows: int, skipped: list[int]) -> Int64s:
    """Line of every row that was taken: all lines after the header but the skipped ones."""
    lines = np.ones(rows + len(skipped), bool)
    if skipped:
        lines[np.array(skipped, np.int64) - 2] = False
    return np.flatnonzero(lines).astype(np.int64) + 2


def _read_parquet(path: Path) -> TradeDelivery:
    try:
        schema = pyarrow.parquet.read_schema(path)
        _check_names(path, schema.names)
        others = [name for name in schema.names if name != "trade_id"]
        coded = [name for name in others if schema.field(name).type in (pa.string(), pa.binary())]
        with pyarrow.parquet.ParquetFile(path, read_dictionary=coded, memory_map=True) as file:
            # One column after the other, so that only one is in memory in Arrow's form; and by one thread,
            # because for one column more of them only cost more.
            def read(name: str) -> pa.ChunkedArray:
                return file.read([name], use_threads=False).column(0)

            ids = _texts(_as_text(path, "trade_id", read("trade_id")))
            columns = {name: _parquet_codes(path, name, read(name)) for name in others}
    except FileNotFoundError:
        raise TradeFileError(f"{path}: expected a file of trades, found none") from None
    except (pa.ArrowException, OSError) as error:
        raise TradeFileError(f"{path}: expected a Parquet file, was: {error}") from error
    totals = totals_of_metadata(schema.metadata or {})
    return TradeDelivery(columns=trade_columns({**columns, "trade_id": ids}), malformed=[], totals=totals)


def _parquet_codes(path: Path, name: str, column: pa.ChunkedArray) -> Coded:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32())
    return _coded(column, lambda values: _decoded(_as_text(path, name, values)))


def _as_text(path: Path, name: str, column: Arrow) -> Arrow:
    """A column of a Parquet file as text; money as floating point is refused, because it is not exact."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_floating(kind):
        raise TradeFileError(f"{path}: {name}: expected text, a decimal or an integer, was {kind}")
    if pa.types.is_binary(kind):
        return column
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.date32())
    try:
        return column.cast(pa.string()).cast(pa.binary())
    except pa.ArrowException as error:
        raise TradeFileError(f"{path}: {name}: expected text, was {kind}") from error


def _check_names(path: Path, names: list[str]) -> None:
    """Every column once, optional ones at most once, and no others."""
    for name in FIELDS:
        if names.count(name) != 1:
            found = "none" if name not in names else f"{names.count(name)} of them"
            columns = ",".join(FIELDS)
            message = f"expected one column {name}, found {found}; the columns are {columns}"
            raise TradeFileError(f"{path}: header: {message}")
    for name in names:
        if name not in (*FIELDS, *OPTIONAL) or names.count(name) > 1:
            near = difflib.get_close_matches(name, (*FIELDS, *OPTIONAL), n=1, cutoff=0.6)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise TradeFileError(f'{path}: header: expected no other column, was "{name}"{hint}')


def _coded(column: pa.ChunkedArray, decoded: Callable[[pa.Array], list[str]]) -> Coded:
    """A column as distinct texts and codes; spaces around a text are not part of it."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode(null_encoding="encode")
    if not len(column):
        return Coded(np.zeros(0, np.int32), [])
    whole: Any = column.unify_dictionaries().combine_chunks()
    encoded = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    indices, texts = encoded.indices, [text.strip() for text in decoded(encoded.dictionary)]
    if indices.null_count:
        indices = indices.fill_null(len(texts))
        texts.append("")
    # Not by `to_numpy`, which imports pandas where it is installed.
    codes = np.frombuffer(indices.cast(pa.int32()).buffers()[1], np.int32, len(column), 4 * indices.offset)
    numbers: dict[str, int] = {}
    # Two spellings that differ only by spaces are one value, so that equal texts have equal codes.
    places = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int32)
    if len(numbers) == 1:
        return constant(texts[0], len(codes))
    return Coded(codes if len(numbers) == len(texts) else places[codes], list(numbers))


def _decoded(values: pa.Array) -> list[str]:
    """Bytes as text; what is no UTF-8 becomes surrogates, which no check of a name lets pass."""
    try:
        return [text or "" for text in values.cast(pa.string()).to_pylist()]
    except pa.ArrowInvalid:
        raw = values.to_pylist()
        return ["" if one is None else one.decode("utf-8", errors="surrogateescape") for one in raw]


def _texts(column: pa.ChunkedArray) -> Texts:
    """A column of bytes as texts of their own; spaces around a text are not part of it."""
    if column.null_count:
        column = column.fill_null(b"")
    starts = np.zeros(len(column) + 1, np.int64)
    parts, at, rows = [], 0, 0
    for chunk in column.chunks:
        _, offsets, data = chunk.buffers()
        begins = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        first, end = int(begins[0]), int(begins[-1])
        parts.append(np.frombuffer(data, np.uint8)[first:end] if end > first else np.zeros(0, np.uint8))
        starts[rows : rows + len(chunk) + 1] = begins
        starts[rows : rows + len(chunk) + 1] += at - first
        at, rows = at + end - first, rows + len(chunk)
    texts = texts_in(np.concatenate([*parts, np.zeros(SLACK, np.uint8)]), starts)
    if all(texts.text(row) == texts.text(row).strip() for row in texts.odd.tolist()):
        return texts
    return texts_of([texts.text(row).strip() for row in range(len(texts))])
