"""rejects.csv: every row of the input that was not taken, with its reason.

    row,reason,message,line
    17,MALFORMED_ROW,"row: expected 9 fields separated by commas, was 5 fields","09:30:00,new,..."

accepted + rejected = read: a row that the decoder refused stands here, and so does one whose command the
venue refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from novate.gateway.files.output import OutputFolder
from novate.gateway.files.problems import RejectedRow

REJECTS_NAME = "rejects.csv"
COLUMNS = ("row", "reason", "message", "line")


def write_rejects(out: OutputFolder, rejects: Iterable[RejectedRow]) -> int:
    """Write the file, in row order; returns how many rows it has. Without rejects only the header stands."""
    ordered = sorted(rejects, key=lambda reject: reject.row)
    into = io.StringIO()
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((reject.row, reject.reason, reject.message, reject.raw) for reject in ordered)
    # A raw row may hold anything; what is no text is written as the reader saw it.
    out.write(REJECTS_NAME, into.getvalue().encode("utf-8", "backslashreplace"))
    return len(ordered)
