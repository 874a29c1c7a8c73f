"""Event records with what continues them, and the words that every reader of them needs.

TEXT, ROOT, WIDE and items belong to the event before them: together they are one `Event`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from novate.app.conform_clearing_records import price_text
from novate.clearing.house_terms import HouseTerms
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.clearing_records import CASH_STRUCT, RECORD_BYTES, Records, joined

Json = dict[str, Any]
FIRST_MAIN_KIND = ClearingEvent.REJECTED


class Fields(NamedTuple):
    """The fields of CLEARING_EVENT."""

    kind: int
    code: int
    other_code: int
    flags: int
    party: int
    instrument: int
    currency: int
    source: int
    day: int
    number: int
    version: int
    quantity: int
    amount: int
    third: int
    fourth: int


class Sums(NamedTuple):
    """The bytes of an item; currency and sums of a CASH_ITEM."""

    raw: bytes
    currency: int = 0
    sums: Sequence[int] = ()


class Event(NamedTuple):
    """An event with what continues it."""

    main: Fields
    raw: bytes
    """The bytes of its own record."""
    text: str
    items: list[tuple[Fields, Sums]]


def whole_events(events: Records) -> Iterator[Event]:
    """Events with their texts and items; the first record must not be a continuation."""
    raw, rows = events.tobytes(), events.tolist()
    starts = [at for at, row in enumerate(rows) if row[0] >= FIRST_MAIN_KIND]
    for start, end in pairwise([*starts, len(rows)]):
        text, items = b"", []
        for at in range(start + 1, end):
            record = raw[at * RECORD_BYTES : (at + 1) * RECORD_BYTES]
            if record[0] == ClearingEvent.TEXT:
                text += record[4 : 4 + record[1]]
            elif record[0] != ClearingEvent.WIDE:
                items.append((_fields(rows, at, end), _sums(raw, at, end)))
        own = raw[start * RECORD_BYTES : (start + 1) * RECORD_BYTES]
        yield Event(_fields(rows, start, end), own, text.decode(), items)


def _fields(rows: list[tuple[int, ...]], at: int, end: int) -> Fields:
    """A record with its WIDE, if one follows."""
    fields = Fields._make(rows[at])
    if at + 1 < end and rows[at + 1][0] == ClearingEvent.WIDE:
        return Fields._make((*fields[:10], *joined(fields[10:], rows[at + 1][10:])))
    return fields


def _sums(raw: bytes, at: int, end: int) -> Sums:
    """The bytes of a record, and its six sums if it is a CASH_ITEM, with its WIDE if one follows."""
    own, following = (raw[one * RECORD_BYTES : (one + 1) * RECORD_BYTES] for one in (at, at + 1))
    if own[0] != ClearingEvent.CASH_ITEM:
        return Sums(own)
    _, currency, *sums = CASH_STRUCT.unpack(own)
    if at + 1 < end and following[0] == ClearingEvent.WIDE:
        sums = joined(sums, CASH_STRUCT.unpack(following)[2:])
    return Sums(own, currency, sums)


class EventWords:
    """Numbers of one house as names."""

    def __init__(self, terms: HouseTerms, sources: list[str]) -> None:
        self._terms = terms
        self._sources = sources

    def _isin(self, number: int) -> str | None:
        return self._terms.instruments[number].name if number >= 0 else None

    def _ccy(self, number: int) -> str:
        return self._terms.currencies[number].name

    def _party(self, one: Event) -> Json:
        member, account = self._terms.parties[one.main.party]
        return {"member": member, "account": account}

    def _on(self, one: Event) -> Json:
        return self._party(one) | {"isin": self._isin(one.main.instrument)}

    def _in(self, one: Event) -> Json:
        return self._party(one) | {"ccy": self._ccy(one.main.currency)}

    def _qty(self, one: Event) -> Json:
        return {"qty": one.main.quantity}

    def _amount(self, one: Event) -> Json:
        return {"amount": one.main.amount}

    def _trade(self, one: Event) -> Json:
        return {"source": self._sources[one.main.source], "trade_id": one.text}

    def _version(self, one: Event) -> Json:
        return self._trade(one) | {"version": one.main.version}

    def _run(self, one: Event, letter: str) -> str:
        return f"{iso(one.main.day)}/{letter}{one.main.number}"

    def _balance(self, one: Event) -> Json:
        if one.main.instrument >= 0:
            return self._on(one) | self._qty(one)
        return self._in(one) | self._amount(one)

    def _price(self, one: Event) -> str:
        """The price of an event that has nothing else."""
        main = one.main
        (digits,) = joined([main.quantity], [main.amount])
        return price_text(digits, main.third, main.fourth)


def iso(day: int) -> str:
    """ISO text of a day ordinal."""
    return datetime.date.fromordinal(day).isoformat()
