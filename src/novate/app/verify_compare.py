"""Where two files of one run differ: the first line, or the first event, with both versions of it.

trades.csv, obligations.csv, rejects.csv, report.html     line by line
events.parquet                                            row by row, by content: an other version of the
                                                          library may pack the same rows in other bytes
"""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SHOWN = 160
NOTHING = "nothing"


def first_difference(expected: Path, found: Path) -> str:
    """Where the files differ, in words; empty if they hold the same."""
    if found.suffix == ".parquet":
        return _first_row(expected, found)
    return _first_line(expected, found)


def _first_line(expected: Path, found: Path) -> str:
    with expected.open("rb") as wanted, found.open("rb") as given:
        for number, (right, wrong) in enumerate(zip_longest(wanted, given), start=1):
            if right != wrong:
                return f"line {number}: expected {_shown(right)}, was {_shown(wrong)}"
    return ""


def _shown(line: bytes | None) -> str:
    if line is None:
        return NOTHING
    text = line.decode("utf-8", "backslashreplace").rstrip("\n")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _first_row(expected: Path, found: Path) -> str:
    try:
        right, wrong = pq.read_table(expected), pq.read_table(found)
    except (pa.ArrowException, OSError) as error:
        return f"expected a Parquet file, was: {error}"
    if right.schema != wrong.schema:
        return f"expected the columns {', '.join(right.schema.names)}, was {', '.join(wrong.schema.names)}"
    if right.equals(wrong):
        return ""
    common = min(len(right), len(wrong))
    low, high = 0, common
    while low < high:
        middle = (low + high) // 2
        same = right.slice(low, middle + 1 - low).equals(wrong.slice(low, middle + 1 - low))
        low, high = (middle + 1, high) if same else (low, middle)
    rows = [table.slice(low, 1).to_pylist() for table in (right, wrong)]
    texts = [str(row[0])[:SHOWN] if row else NOTHING for row in rows]
    sequence = (rows[0] or rows[1])[0].get("sequence")
    return f"row {low + 1} (sequence {sequence}): expected {texts[0]}, was {texts[1]}"
