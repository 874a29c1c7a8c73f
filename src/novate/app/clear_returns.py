"""The return file: one answer per row of a trade file, so that whoever sent it can tick off every line.

    row,source,trade_id,version,status,reason,message
    2,X,17,1,ACCEPTED,,
    3,X,17,1,DUPLICATE,,expected each version once, was delivered before with the same content
    4,X,18,1,REJECTED,UNKNOWN_MEMBER,buyer_member: expected a member of the configuration, was "ALPNE"
    #returns,1                                                          footer: control totals
    #status,ACCEPTED,1      ... DUPLICATE, REJECTED, SUPERSEDED
    #read,3
    #sha256,...             of everything above the footer

Invariant: accepted + duplicate + superseded + rejected = read. Rows are in the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.app.trade_files import TradeDelivery
from novate.app.whole_files import Piece
from novate.clearing.house import ClearingResult
from novate.clearing.lines import Column, Lines, Numbers, Picked, Rows, Words, quoted
from novate.domain.machine import BrokenInvariant

RETURN_COLUMNS = ("row", "source", "trade_id", "version", "status", "reason", "message")
RETURNS_FORM = 1
STATUSES = ("ACCEPTED", "DUPLICATE", "REJECTED", "SUPERSEDED")
WHY = {
    "ACCEPTED": "",
    "DUPLICATE": "expected each version once, was delivered before with the same content",
    "SUPERSEDED": "expected the highest version, was below one that was delivered too",
}
"""Rows that are not refused, and what they are told."""
REFUSED = len(WHY)
"""Number of the first answer that is a refusal; each has its own, those of `WHY` are shared."""
Int32s = npt.NDArray[np.int32]


def returns_csv(delivery: TradeDelivery, result: ClearingResult) -> Iterator[Piece]:
    """returns.csv in pieces. BrokenInvariant if the answers are not one for every row read."""
    answers = _answers(delivery, result)
    counts = _counts(answers)
    _check(counts, delivery, result)
    digest = sha256()
    header = (quoted(*RETURN_COLUMNS) + "\n").encode()
    digest.update(header)
    yield header
    for piece in Lines(_columns(delivery, result, answers)).pieces(len(answers)):
        digest.update(piece)
        yield piece
    footer = [f"#returns,{RETURNS_FORM}"]
    footer += [f"#status,{status},{count}" for status, count in counts.items()]
    footer += [f"#read,{len(answers)}", f"#sha256,{digest.hexdigest()}"]
    yield ("\n".join(footer) + "\n").encode()


def _answers(delivery: TradeDelivery, result: ClearingResult) -> Int32s:
    """Number of the answer to every row: those that have the form of a trade, then the others."""
    answers = np.zeros(len(delivery.columns) + len(delivery.malformed), np.int32)
    taken = answers[: len(delivery.columns)]
    for number, is_so in enumerate((result.answers.is_duplicate, result.answers.is_superseded), 1):
        taken[is_so] = number
    refused = np.flatnonzero(result.answers.reason)
    taken[refused] = REFUSED + np.arange(len(refused))
    answers[len(taken) :] = REFUSED + len(refused) + np.arange(len(delivery.malformed))
    return answers


def _columns(delivery: TradeDelivery, result: ClearingResult, answers: Any) -> list[Column]:
    """The columns of the file, its lines in the order of the rows."""
    columns, malformed = delivery.columns, delivery.malformed
    answers_differ = bool(answers.any())
    said = [quoted(status, "", why) for status, why in WHY.items()]
    said += [quoted("REJECTED", one.reason, one.message) for one in result.refusals]
    said += [quoted("REJECTED", "MALFORMED_ROW", torn.message) for torn in malformed]
    # Texts that might need quotation marks stand among the words; and so does nothing, for torn rows.
    words = [quoted(columns.trade_id.text(row)) for row in columns.trade_id.odd.tolist()]
    ids: Any = np.arange(len(columns), dtype=np.int32)
    ids[columns.trade_id.odd] = -1 - np.arange(len(words), dtype=np.int32)
    row: Any = columns.row
    source: Any = columns.source.codes
    version: Any = columns.version.codes
    sources = [*map(quoted, columns.source.values), ""]
    numbers = [*map(quoted, columns.version.values), ""]
    if malformed:
        row = np.append(row, [torn.row for torn in malformed])
        source = np.append(source, np.full(len(malformed), len(sources) - 1))
        version = np.append(version, np.full(len(malformed), len(numbers) - 1))
        ids = np.append(ids, np.full(len(malformed), -1 - len(words), np.int32))
        order = np.argsort(row, kind="stable")
        row, source, ids, version, answers = (
            Picked(one, order) for one in (row, source, ids, version, answers)
        )
    texts = columns.trade_id
    return [
        Numbers(row),
        Words(source, sources),
        Rows(ids, texts.data, texts.starts, [*words, ""]),
        Words(version, numbers),
        Words(answers, said if answers_differ else said[:1]),
    ]


def _counts(answers: Int32s) -> dict[str, int]:
    """Rows of each status."""
    shared = np.bincount(np.minimum(answers, REFUSED), minlength=REFUSED + 1).tolist()
    counts = dict(zip((*WHY, "REJECTED"), shared, strict=True))
    return {status: counts[status] for status in STATUSES}


def _check(counts: dict[str, int], delivery: TradeDelivery, result: ClearingResult) -> None:
    """The control totals are those of the clearing house."""
    answered = result.delivery
    expected = {
        "ACCEPTED": answered.in_force,
        "DUPLICATE": answered.duplicates,
        "REJECTED": answered.rejected + len(delivery.malformed),
        "SUPERSEDED": answered.superseded,
    }
    if counts != expected:
        raise BrokenInvariant(f"Expected the answers {expected}, were {counts}")
