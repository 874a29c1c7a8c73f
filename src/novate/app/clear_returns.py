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

import csv
import io
from collections.abc import Iterator
from hashlib import sha256

from novate.app.trade_files import TradeDelivery
from novate.clearing.house import ClearingResult
from novate.domain.machine import BrokenInvariant

RETURN_COLUMNS = ("row", "source", "trade_id", "version", "status", "reason", "message")
RETURNS_FORM = 1
STATUSES = ("ACCEPTED", "DUPLICATE", "REJECTED", "SUPERSEDED")
WHY = {
    "ACCEPTED": "",
    "DUPLICATE": "expected each version once, was delivered before with the same content",
    "SUPERSEDED": "expected the highest version, was below one that was delivered too",
}

Answer = tuple[int, str, str, str, str, str, str]
"""One line: the columns in their order."""


def returns_csv(delivery: TradeDelivery, result: ClearingResult) -> bytes:
    """The bytes of returns.csv. BrokenInvariant if the answers are not one for every row read."""
    malformed = [
        (torn.row, "", "", "", "REJECTED", "MALFORMED_ROW", torn.message) for torn in delivery.malformed
    ]
    answers = sorted([*malformed, *_answers(delivery, result)], key=lambda answer: answer[0])
    counts = dict.fromkeys(STATUSES, 0)
    for answer in answers:
        counts[answer[4]] += 1
    _check(counts, delivery, result)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(RETURN_COLUMNS)
    writer.writerows(answers)
    # Bytes that were no UTF-8 in the input are shown, not passed on.
    body = text.getvalue().encode("utf-8", errors="backslashreplace")
    footer = [f"#returns,{RETURNS_FORM}"]
    footer += [f"#status,{status},{count}" for status, count in counts.items()]
    footer += [f"#read,{len(answers)}", f"#sha256,{sha256(body).hexdigest()}"]
    return body + ("\n".join(footer) + "\n").encode()


def _answers(delivery: TradeDelivery, result: ClearingResult) -> Iterator[Answer]:
    """The answers to the rows that have the form of a trade."""
    columns, answers = delivery.columns, result.answers
    refused = {refusal.row: refusal for refusal in result.refusals}
    flags = zip(
        columns.row.tolist(),
        columns.source.codes.tolist(),
        columns.trade_id.codes.tolist(),
        columns.version.codes.tolist(),
        answers.is_duplicate.tolist(),
        answers.is_superseded.tolist(),
        strict=True,
    )
    sources, trade_ids, versions = columns.source.values, columns.trade_id.values, columns.version.values
    for row, source, trade_id, version, is_duplicate, is_superseded in flags:
        identity = row, sources[source], trade_ids[trade_id], versions[version]
        refusal = refused.get(row)
        if refusal is not None:
            yield (*identity, "REJECTED", refusal.reason, refusal.message)
            continue
        status = "DUPLICATE" if is_duplicate else "SUPERSEDED" if is_superseded else "ACCEPTED"
        yield (*identity, status, "", WHY[status])


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
