"""`novate clearing iso20022`: an obligation file as ISO 20022 messages, one file each.

obligations.csv --checked--> rows --> OUT/secl.010/ID.xml   OUT/sese.023/ID.xml
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from novate.app.obligation_files import obligations_of
from novate.app.problems import RefusedError
from novate.app.whole_files import write_together
from novate.clearing.obligation_table import table_of_rows
from novate.reports.iso20022 import Digits, MessageError
from novate.reports.iso_secl010 import settlement_obligation_reports
from novate.reports.iso_sese023 import settlement_instructions


class MessagesWritten(msgspec.Struct, frozen=True, kw_only=True):
    """What was written where."""

    out: str
    rows: int
    reports: int
    instructions: int


def write_messages(path: Path, out: Path) -> MessagesWritten:
    """Write the messages of an obligation file into folders of `out` that must be empty or not there.

    Raises ObligationFileError, MessageError, RefusedError, OSError.
    """
    read = obligations_of(path, path.read_bytes())
    digits = Digits(currency=read.currency_digits, quantity=read.quantity_digits)
    try:
        table = table_of_rows(read.rows)
    except OverflowError:
        raise MessageError(f"{path}: expected numbers of at most 18 digits, was one of more") from None
    kinds = {
        "secl.010": settlement_obligation_reports(table, digits),
        "sese.023": settlement_instructions(table, digits),
    }
    for kind in kinds:
        place = out / kind
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise RefusedError(f"{place}: expected an empty directory or nothing there, was something")
    for kind, messages in kinds.items():
        (out / kind).mkdir(parents=True, exist_ok=True)
        write_together(out / kind, {f"{one.identifier}.xml": one.pieces() for one in messages})
    return MessagesWritten(
        out=str(out),
        rows=len(read.rows),
        reports=len(kinds["secl.010"]),
        instructions=len(kinds["sese.023"]),
    )
