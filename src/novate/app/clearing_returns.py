"""The return file of a trade file that a house took, or refused: one answer per row, whatever happened.

    row,source,trade_id,version,status,reason,message         as `clear_returns`, which a bare file gets
    2,X,17,1,ACCEPTED,,
    #returns,1
    #file,trades.csv,5f0c...                    name and SHA-256 of the file
    #refused,CONTROL_TOTAL,count: expected ...  only where nothing of the file was taken
    #status,ACCEPTED,1      ... DUPLICATE, REJECTED, SUPERSEDED
    #read,1
    #sha256,...                                 of everything above the footer

Invariant: accepted + duplicate + superseded + rejected = read.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from novate.app.clear_returns import RETURN_COLUMNS, RETURNS_FORM, STATUSES, WHY
from novate.app.clearing_take import Answers
from novate.app.control_totals import FileReject
from novate.app.trade_files import MalformedRow, TradeDelivery
from novate.app.whole_files import write_together
from novate.clearing.trades.columns import TradeColumns
from novate.clearing.trades.refusals import Refusal
from novate.domain.machine import BrokenInvariant


class TakenFile(msgspec.Struct, frozen=True, kw_only=True):
    """How a file was answered: read = sum of the statuses."""

    file: str
    returns: str
    """Path of its return file."""
    read: int
    accepted: int
    duplicate: int
    superseded: int
    rejected: int
    rejects_by_reason: dict[str, int]
    refused: str = ""
    """Name of the reason why nothing of the file was taken."""
    message: str = ""


Line = tuple[int, str, str, str, str, str, str]


def answered_lines(columns: TradeColumns, parts: Iterable[Answers]) -> list[Line]:
    """Lines of rows that had the form of columns, in no particular order."""
    lines = []
    sources, ids, versions = columns.source, columns.trade_id, columns.version
    for part in parts:
        refused = iter(part.refusals)
        for place, status in zip(part.rows.tolist(), part.status, strict=True):
            refusal: Refusal | None = next(refused) if status == "REJECTED" else None
            reason, why = (refusal.reason, refusal.message) if refusal else ("", WHY[status])
            names = sources.text(place), ids.text(place), versions.text(place)
            lines.append((int(columns.row[place]), *names, status, reason, why))
    return lines


def torn_lines(malformed: Iterable[MalformedRow]) -> list[Line]:
    """Lines of rows that had not even as many fields as the header."""
    return [(torn.row, "", "", "", "REJECTED", "MALFORMED_ROW", torn.message) for torn in malformed]


def refused_lines(delivery: TradeDelivery, reason: FileReject, message: str) -> list[Line]:
    """Every row refused for what is wrong with its file."""
    columns = delivery.columns
    lines = torn_lines(delivery.malformed)
    for place, row in enumerate(columns.row.tolist()):
        names = columns.source.text(place), columns.trade_id.text(place), columns.version.text(place)
        lines.append((row, *names, "REJECTED", str(reason), message))
    return lines


def write_returns(
    folder: Path,
    number: int,
    path: Path,
    digest: str,
    lines: Sequence[Line],
    refused: tuple[FileReject, str] | None = None,
) -> TakenFile:
    """Write the return file `NUMBER-NAME.returns.csv` of the file `path` and count its answers.

    `number` orders the returns of a house; a name that is taken gets another one, so none is overwritten.
    """
    counts = Counter(line[4] for line in lines)
    if set(counts) - set(STATUSES):
        raise BrokenInvariant(f"Expected the answers {', '.join(STATUSES)}, were {sorted(counts)}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RETURN_COLUMNS)
    writer.writerows(sorted(lines))
    # Bytes that were no UTF-8 in the input are shown, not passed on.
    body = text.getvalue().encode("utf-8", errors="backslashreplace")
    footer = [f"#returns,{RETURNS_FORM}", f"#file,{path.name},{digest}"]
    footer += [f"#refused,{refused[0]},{refused[1]}"] if refused else []
    footer += [f"#status,{status},{counts[status]}" for status in STATUSES]
    footer += [f"#read,{len(lines)}", f"#sha256,{sha256(body).hexdigest()}"]
    name = _free_name(folder, f"{number:012d}-{path.name}")
    content = body + ("\n".join(footer) + "\n").encode("utf-8", errors="backslashreplace")
    write_together(folder, {name: [content]})
    return TakenFile(
        file=str(path),
        returns=str(folder / name),
        read=len(lines),
        accepted=counts["ACCEPTED"],
        duplicate=counts["DUPLICATE"],
        superseded=counts["SUPERSEDED"],
        rejected=counts["REJECTED"],
        rejects_by_reason=dict(sorted(Counter(line[5] for line in lines if line[5]).items())),
        refused=str(refused[0]) if refused else "",
        message=refused[1] if refused else "",
    )


def _free_name(folder: Path, stem: str) -> str:
    name, again = f"{stem}.returns.csv", 1
    while (folder / name).exists():
        again += 1
        name = f"{stem}.{again}.returns.csv"
    return name
