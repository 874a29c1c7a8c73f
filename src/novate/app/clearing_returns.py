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

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from novate.app.clear_returns import REFUSED, Answered, counts_of, return_file
from novate.app.clearing_take import Answers
from novate.app.control_totals import FileReject
from novate.app.trade_files import TradeDelivery
from novate.app.whole_files import write_together
from novate.clearing.trades.refusals import Refusal
from novate.domain.machine import BrokenInvariant

NOT_ANSWERED = -1
LONGEST_STEM = 128
"""Bytes of a file's name that stand in that of its return file: a name may have 255, and the return file's is
longer."""


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


def answered_parts(delivery: TradeDelivery, parts: Iterable[Answers]) -> Answered:
    """The answers to all rows, given date by date. BrokenInvariant unless each row has exactly one."""
    numbers = np.full(len(delivery.columns), NOT_ANSWERED, np.int32)
    refusals: list[Refusal] = []
    answers = 0
    for part in parts:
        refused = part.numbers == REFUSED
        numbers[part.rows] = part.numbers
        numbers[part.rows[refused]] += len(refusals) + np.arange(len(part.refusals), dtype=np.int32)
        refusals += part.refusals
        answers += len(part.rows)
    if answers != len(numbers) or (numbers == NOT_ANSWERED).any():
        raise BrokenInvariant(f"Expected one answer to each of {len(numbers)} rows, were {answers}")
    return Answered(numbers, refusals)


def refused_whole(delivery: TradeDelivery, reason: FileReject, message: str) -> Answered:
    """Every row refused for what is wrong with its file."""
    why = Refusal(0, "", "", str(reason), message)
    return Answered(np.full(len(delivery.columns), REFUSED, np.int32), [why])


def write_returns(
    folder: Path,
    number: int,
    path: Path,
    digest: str,
    delivery: TradeDelivery,
    answered: Answered,
    refused: tuple[FileReject, str] | None = None,
) -> TakenFile:
    """Write the return file `NUMBER-NAME.returns.csv` of the file `path` and count its answers.

    `number` orders the returns of a house; a name that is taken gets another one, so none is overwritten.
    """
    counts = counts_of(delivery, answered)
    said = [f"#file,{path.name},{digest}"]
    said += [f"#refused,{refused[0]},{refused[1]}"] if refused else []
    # Bytes that are no UTF-8 are left out, as is half a character at the end.
    short = path.name.encode(errors="surrogateescape")[:LONGEST_STEM].decode(errors="ignore")
    name = _free_name(folder, f"{number:012d}-{short}")
    write_together(folder, {name: return_file(delivery, answered, said)})
    return TakenFile(
        file=str(path),
        returns=str(folder / name),
        read=sum(counts.values()),
        accepted=counts["ACCEPTED"],
        duplicate=counts["DUPLICATE"],
        superseded=counts["SUPERSEDED"],
        rejected=counts["REJECTED"],
        rejects_by_reason=_reasons(delivery, answered),
        refused=str(refused[0]) if refused else "",
        message=refused[1] if refused else "",
    )


def _reasons(delivery: TradeDelivery, answered: Answered) -> dict[str, int]:
    """Refused rows by reason, in the order of their names."""
    given = np.bincount(np.maximum(answered.numbers - REFUSED + 1, 0))[1:].tolist()
    counts = Counter({"MALFORMED_ROW": len(delivery.malformed)} if delivery.malformed else {})
    for refusal, rows in zip(answered.refusals, given, strict=False):
        counts[refusal.reason] += rows
    return {reason: count for reason, count in sorted(counts.items()) if count}


def _free_name(folder: Path, stem: str) -> str:
    name, again = f"{stem}.returns.csv", 1
    while (folder / name).exists():
        again += 1
        name = f"{stem}.{again}.returns.csv"
    return name
