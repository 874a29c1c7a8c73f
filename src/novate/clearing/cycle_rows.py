"""Events of a cycle: its rows, what netting saved, and the digest of the obligation file (C22, C25).

OBLIGATION ROOT ... (settle date, currency, member, account, instrument)   NETTED ...   CYCLE ...   FILE
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from novate.clearing.lines import Lines
from novate.clearing.merkle import EMPTY_ROOT
from novate.clearing.obligation_rows import RowColumns, RowList, cycle_text
from novate.clearing.obligation_table import columns_of, table_of_cycle
from novate.clearing.obligations import HEADER
from novate.clearing.rows import MemberNetting
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent, LegKind
from novate.domain.clearing_records import CLEARING_EVENT, DIGEST, RECORD_BYTES, Records

PPM = 10**6
Int64s = npt.NDArray[np.int64]
Integers = npt.NDArray[np.integer]


class Totals:
    """What went into a cycle and what came out, by instrument (C25) and by party."""

    def __init__(self, state: State) -> None:
        self._state = state
        count = len(state.terms.instruments)
        self._legs, self._rows = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._gross, self._net = np.zeros((count, 2), np.int64), np.zeros((count, 2), np.int64)
        """To deliver, and to pay."""
        self._currency = np.array([one.currency for one in state.terms.instruments], np.int64)
        cells = len(state.terms.parties) * len(state.terms.currencies)
        self._party_gross, self._party_net = np.zeros((cells, 3), np.int64), np.zeros((cells, 3), np.int64)
        """Of each party and currency: elements, to pay, to receive."""

    def add_legs(self, legs: Records) -> None:
        """Legs that enter."""
        _add(self._gross, legs["instrument"], legs["quantity"], legs["amount"])
        self._legs += np.bincount(legs["instrument"], minlength=len(self._legs))
        self._add_party(self._party_gross, legs["instrument"], legs["party"], legs["amount"])

    def add_elements(self, instrument: int, elements: list[tuple[int, int, int]]) -> None:
        """Party, quantity and amount of positions that were carried, and of items."""
        party, quantity, amount = np.array(elements, np.int64).reshape(-1, 3).T
        instruments = np.full(len(elements), instrument)
        _add(self._gross, instruments, quantity, amount)
        self._legs[instrument] += len(elements)
        self._add_party(self._party_gross, instruments, party, amount)

    def add_rows(self, rows: RowColumns) -> None:
        """Rows of members."""
        _add(self._net, rows.instrument, rows.quantity, rows.amount)
        self._rows += np.bincount(rows.instrument, minlength=len(self._rows))
        self._add_party(self._party_net, rows.instrument, rows.party, rows.amount)

    def _add_party(self, sums: Int64s, instrument: Integers, party: Integers, amount: Int64s) -> None:
        cell = party.astype(np.int64) * len(self._state.terms.currencies) + self._currency[instrument]
        sums[:, 0] += np.bincount(cell, minlength=len(sums))
        np.add.at(sums[:, 1], cell, np.maximum(-amount, 0))
        np.add.at(sums[:, 2], cell, np.maximum(amount, 0))

    def by_member(self) -> Iterator[MemberNetting]:
        """By party and currency, without those that had nothing."""
        state, width = self._state, len(self._state.terms.currencies)
        for cell in np.flatnonzero(self._party_gross[:, 0]).tolist():
            legs, gross_pay, gross_receive = self._party_gross[cell].tolist()
            rows, net_pay, net_receive = self._party_net[cell].tolist()
            yield MemberNetting(
                state.today, state.cycles, cell // width, cell % width, legs, rows, gross_pay, net_pay,
                gross_receive, net_receive,
            )  # fmt: skip

    def emit(self) -> None:
        """NETTED by instrument, CYCLE by currency."""
        state = self._state
        sums: dict[int, list[int]] = {}
        for instrument in np.flatnonzero(self._legs).tolist():
            legs, rows = int(self._legs[instrument]), int(self._rows[instrument])
            (deliver, pay), (net_deliver, net_pay) = (
                one[instrument].tolist() for one in (self._gross, self._net)
            )
            state.out.put(
                ClearingEvent.NETTED, day=state.today, number=state.cycles, instrument=instrument,
                version=legs, party=rows, quantity=deliver, amount=net_deliver, third=pay, fourth=net_pay,
            )  # fmt: skip
            of_currency = sums.setdefault(state.currency(instrument), [0, 0, 0, 0])
            for place, number in enumerate((legs, rows, pay, net_pay)):
                of_currency[place] += number
        for currency in sorted(sums):
            legs, rows, gross, net = sums[currency]
            state.out.put(
                ClearingEvent.CYCLE, day=state.today, number=state.cycles, currency=currency, version=legs,
                quantity=rows, amount=gross, third=net, fourth=(gross - net) * PPM // gross if gross else 0,
            )  # fmt: skip


def _add(sums: Int64s, instrument: Integers, quantity: Int64s, amount: Int64s) -> None:
    for column, values in enumerate((quantity, amount)):
        np.add.at(sums[:, column], instrument, np.maximum(-values, 0))


def balancing_rows(state: State, rows: RowColumns) -> RowColumns:
    """What the CCP itself delivers, receives, pays or gets."""
    gaps = np.zeros((len(state.terms.instruments), 2), np.int64)
    np.add.at(gaps, rows.instrument, np.stack((rows.quantity, rows.amount), axis=1))
    found = RowList(state)
    for instrument in np.flatnonzero(gaps.any(axis=1)).tolist():
        quantity, amount = (-gaps[instrument]).tolist()
        found.add(instrument, state.ccp, quantity, amount, LegKind.FAIL, 0, EMPTY_ROOT)
    return found.columns()


def emit_cycle(state: State, rows: RowColumns, totals: Totals) -> None:
    """All events of a cycle."""
    state.out.put_records(row_events(state, rows))
    state.out.rows.add_columns(rows.instrument, rows.quantity, rows.amount)
    totals.emit()
    state.member_netting += totals.by_member()
    state.out.put_digest(ClearingEvent.FILE, file_digest(state, rows), state.today, state.cycles, rows.size)


def row_events(state: State, rows: RowColumns) -> Records:
    """OBLIGATION and its ROOT for each row."""
    events = np.zeros((rows.size, 2), CLEARING_EVENT)
    made = events[:, 0]
    made["kind"], made["code"] = ClearingEvent.OBLIGATION, rows.kind
    made["day"], made["number"] = state.today, state.cycles
    for name in ("party", "instrument", "currency", "quantity", "amount"):
        made[name] = getattr(rows, name)
    made["third"] = rows.gross_legs
    made["fourth"] = np.ascontiguousarray(rows.ids).view("<i8")[:, 0]
    roots = np.zeros(rows.size, DIGEST)
    roots["kind"] = ClearingEvent.ROOT
    roots["digest"] = np.ascontiguousarray(rows.roots).view("V32")[:, 0]
    # As bytes: records would be copied field by field.
    events.view(np.uint8).reshape(rows.size, 2, RECORD_BYTES)[:, 1] = roots.view(np.uint8).reshape(
        -1, RECORD_BYTES
    )
    return events.reshape(-1)


def file_digest(state: State, rows: RowColumns) -> bytes:
    """SHA-256 of the obligation file without its footer: canonical CSV, LF after every line (C25)."""
    digest = sha256(HEADER.encode())
    table = table_of_cycle(rows, state.terms, cycle_text(state))
    for piece in Lines(columns_of(table)).pieces(rows.size):
        digest.update(piece)
    return digest.digest()
