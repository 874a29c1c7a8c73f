"""What was delivered of a trade: the house keeps digests of contents, the journal the contents themselves.

    journal --columns--> TEXT "17"  TRADE source 0 version 2 ... --> {"cmd": "TRADE", "trade_id": "17", ...}

Cost: one pass over the journal's records by the column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from novate.app.bootstrap_clearing import ClearingPlane, blocks_from
from novate.app.conform_clearing_records import price_text
from novate.clearing.house_terms import HouseTerms, day_text
from novate.clearing.trades.runs import content_digests
from novate.domain.clearing_codes import ClearingCommand, ClearingFlag
from novate.domain.clearing_records import RECORD_BYTES, Records, joined

Json = dict[str, Any]
DELIVERIES = (ClearingCommand.TRADE, ClearingCommand.CANCEL_TRADE)


def deliveries(plane: ClearingPlane, source: str, trade_id: str) -> list[tuple[int, Json, bytes]]:
    """(sequence, command, digest of its content) of everything that was delivered of a trade, refused
    deliveries too, in order."""
    sources = plane.house.sources
    if source not in sources:
        return []
    number, wanted = sources.index(source), trade_id.encode()
    found = []
    for first, records in blocks_from(plane.journal, 1):
        is_delivery = np.isin(records["kind"], DELIVERIES) & (records["source"] == number)
        for at in np.flatnonzero(is_delivery).tolist():
            if _name_before(records, at) == wanted:
                record = records[at : at + 1]
                command = delivered(record, source, trade_id, plane.terms)
                found.append((first + at, command, content_digests(record)[0].tobytes()))
    return found


def content_in_force(plane: ClearingPlane, source: str, trade_id: str) -> Json | None:
    """The TRADE command whose content is in force; None for a trade never seen, or only cancelled."""
    known = plane.house.versions(source, trade_id)
    if known is None:
        return None
    for _, command, digest in deliveries(plane, source, trade_id):
        if (command["cmd"], command["version"], digest) == ("TRADE", known.in_force, known.content):
            return command
    return None


def newest_names(plane: ClearingPlane, most: int) -> list[tuple[str, str]]:
    """(source, trade id) of the trades that were delivered last, the newest first, each once."""
    sources = plane.house.sources
    names: dict[tuple[str, str], None] = {}
    for _, records in blocks_from(plane.journal, 1):
        rows = np.flatnonzero(np.isin(records["kind"], DELIVERIES))
        for at in rows[-most:].tolist():
            number = int(records["source"][at])
            if number < len(sources):
                name = sources[number], _name_before(records, at).decode(errors="backslashreplace")
                names.pop(name, None)
                names[name] = None
    return [*reversed(names)][:most]


def delivered(record: Records, source: str, trade_id: str, terms: HouseTerms) -> Json:
    """A TRADE or CANCEL_TRADE record as a command with names; what was no name is nothing."""
    one = {name: record[name][0].item() for name in record.dtype.names or ()}
    identity = {"source": source, "trade_id": trade_id, "version": one["version"]}
    if one["kind"] == ClearingCommand.CANCEL_TRADE:
        return {"cmd": "CANCEL_TRADE", **identity}
    (digits,) = joined([one["price"]], [one["price_high"]])
    has_price = not one["flags"] & ClearingFlag.INVALID_PRICE
    instrument, currency = one["instrument"], one["currency"]
    return {
        "cmd": "TRADE",
        **identity,
        "trade_date": day_text(one["day"]),
        "settle_date": day_text(one["other_day"]) if one["other_day"] else None,
        "isin": terms.instruments[instrument].name if instrument >= 0 else "",
        "ccy": terms.currencies[currency].name if currency >= 0 else None,
        "qty": one["quantity"],
        "price": price_text(digits, one["decimals"], one["zeros"]) if has_price else "",
        "buyer": _party(terms, one["party"]),
        "seller": _party(terms, one["other_party"]),
    }


def _party(terms: HouseTerms, number: int) -> list[str]:
    return [*terms.parties[number]] if number >= 0 else ["", ""]


def _name_before(records: Records, at: int) -> bytes:
    """The text that stands before a record."""
    pieces: list[bytes] = []
    for place in _texts_before(records, at):
        raw = records[place].tobytes()
        assert len(raw) == RECORD_BYTES, "a record is 64 bytes"
        pieces.append(raw[4 : 4 + raw[1]])
    return b"".join(reversed(pieces))


def _texts_before(records: Records, at: int) -> Iterator[int]:
    """Places of the TEXT records of one text, its last piece first."""
    place = at - 1
    while place >= 0 and records["kind"][place] == ClearingCommand.TEXT:
        is_last = place == at - 1
        if not is_last and not records["flags"][place] & ClearingFlag.MORE_TEXT:
            return
        yield place
        place -= 1
