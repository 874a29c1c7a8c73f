"""The obligation file of one netting cycle, written from its rows; `obligation_reader` reads it back.

    OBLIGATION events of a cycle --> body (the bytes that FILE of C25 hashes) + footer of control totals

The rows of a cycle are in the order of the file already. `docs/obligation-file.md` describes every line.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pyarrow as pa

from novate.clearing.leaves import lines_root
from novate.clearing.obligation_table import ObligationTable, columns_of
from novate.clearing.obligations import COLUMNS, FOOTER_FORM, HEADER, control_totals
from novate.domain.machine import BrokenInvariant
from novate.reports.sheets import arrow_of, csv_lines, parquet_of


def cycle_file(
    table: ObligationTable, digest: str, currency_digits: dict[str, int], quantity_digits: dict[str, int]
) -> bytes:
    """The file of the rows of one cycle, which may be none.

    `digest` is what the house said of the body; BrokenInvariant if the body is another.
    """
    (cycle,) = table.cycles
    lines = csv_lines(columns_of(table), len(table))
    body = HEADER.encode(), lines.content.data
    seen = sha256()
    for piece in body:
        seen.update(piece)
    found = seen.hexdigest()
    if found != digest:
        raise BrokenInvariant(f"Expected obligations of {cycle} with the SHA-256 {digest}, was {found}")
    footer = [
        f"#footer,{FOOTER_FORM}",
        *_total_lines(table, currency_digits, quantity_digits),
        f"#cycle,{cycle},{len(table)},{digest},{lines_root(lines.data, lines.starts).hex()}",
        f"#rows,{len(table)}",
        f"#sha256,{digest}",
    ]
    return b"".join([*body, ("\n".join(footer) + "\n").encode()])


def cycle_parquet(table: ObligationTable) -> bytes:
    """The same rows as Parquet."""
    columns = [arrow_of(column) for column in columns_of(table)]
    return parquet_of(pa.table(columns, names=list(COLUMNS)))


def _total_lines(
    table: ObligationTable, currency_digits: dict[str, int], quantity_digits: dict[str, int]
) -> list[str]:
    """The `#isin` and `#ccy` lines of a footer, in its order."""
    ccy_of = dict(zip(table.isin.tolist(), table.ccy.tolist(), strict=True))
    lines = []
    for isin, *sums in _in_order(table.isins, control_totals(table.isin, table.quantity, len(table.isins))):
        name = table.isins[isin]
        lines.append(f"#isin,{name},{table.ccys[ccy_of[isin]]},{quantity_digits.get(name)},{_said(sums)}")
    for ccy, *sums in _in_order(table.ccys, control_totals(table.ccy, table.amount, len(table.ccys))):
        lines.append(f"#ccy,{table.ccys[ccy]},{currency_digits.get(table.ccys[ccy])},{_said(sums)}")
    return lines


def _in_order(names: Sequence[str], totals: list[tuple[int, int, int, int]]) -> list[tuple[int, ...]]:
    return sorted(totals, key=lambda one: names[one[0]])


def _said(sums: Sequence[int]) -> str:
    """Rows, out, in, difference."""
    count, out, into = sums
    return f"{count},{out},{into},{into - out}"
