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

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.app.trade_files import TradeDelivery
from novate.app.whole_files import Piece
from novate.clearing.house import ClearingResult
from novate.clearing.lines import Column, Lines, Numbers, Picked, Rows, Words, quoted
from novate.clearing.trades.refusals import Refusal
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


class Answered(msgspec.Struct, frozen=True):
    """The answers to the rows of a delivery."""

    numbers: Int32s
    """Of each row that has the form of a trade: a place in WHY, or REFUSED + a place in `refusals`."""
    refusals: Sequence[Refusal]


def returns_csv(delivery: TradeDelivery, result: ClearingResult) -> Iterator[Piece]:
    """returns.csv in pieces. BrokenInvariant if the answers are not one for every row read."""
    answered = _answered(delivery, result)
    _check(counts_of(delivery, answered), delivery, result)
    yield from return_file(delivery, answered)


def return_file(delivery: TradeDelivery, answered: Answered, said: Sequence[str] = ()) -> Iterator[Piece]:
    """A return file in pieces; `said` are lines of the footer about the file as a whole."""
    digest = sha256()
    header = (quoted(*RETURN_COLUMNS) + "\n").encode()
    digest.update(header)
    yield header
    rows = len(delivery.columns) + len(delivery.malformed)
    for piece in Lines(_columns(delivery, answered)).pieces(rows):
        digest.update(piece)
        yield piece
    footer = [f"#returns,{RETURNS_FORM}", *said]
    footer += [f"#status,{status},{count}" for status, count in counts_of(delivery, answered).items()]
    footer += [f"#read,{rows}", f"#sha256,{digest.hexdigest()}"]
    # Bytes that were no UTF-8 in the input are shown, not passed on.
    yield ("\n".join(footer) + "\n").encode("utf-8", errors="backslashreplace")


def counts_of(delivery: TradeDelivery, answered: Answered) -> dict[str, int]:
    """Rows of each status."""
    shared = np.bincount(np.minimum(answered.numbers, REFUSED), minlength=REFUSED + 1).tolist()
    counts = dict(zip((*WHY, "REJECTED"), shared, strict=True))
    counts["REJECTED"] += len(delivery.malformed)
    return {status: counts[status] for status in STATUSES}


def _answered(delivery: TradeDelivery, result: ClearingResult) -> Answered:
    """What a bare file was answered."""
    numbers = np.zeros(len(delivery.columns), np.int32)
    for number, is_so in enumerate((result.answers.is_duplicate, result.answers.is_superseded), 1):
        numbers[is_so] = number
    refused = np.flatnonzero(result.answers.reason)
    numbers[refused] = REFUSED + np.arange(len(refused))
    return Answered(numbers, result.refusals)


def _columns(delivery: TradeDelivery, answered: Answered) -> list[Column]:
    """The columns of the file, its lines in the order of the rows."""
    columns, malformed = delivery.columns, delivery.malformed
    said = [quoted(status, "", why) for status, why in WHY.items()]
    said += [quoted("REJECTED", one.reason, one.message) for one in answered.refusals]
    answers: Any = np.append(answered.numbers, np.arange(len(malformed), dtype=np.int32) + len(said))
    said += [quoted("REJECTED", "MALFORMED_ROW", torn.message) for torn in malformed]
    answers_differ = bool(answers.any())
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
