"""Rows of a cycle, what netting saved, and the digest of the obligation file (C22, C25).

OBLIGATION ROOT ... (settle date, currency, member, account, instrument)   NETTED ...   CYCLE ...   FILE
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from novate.clearing.house_terms import day_text
from novate.clearing.merkle import merkle_root
from novate.clearing.obligations import HEADER
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent, LegKind

PPM = 10**6
MOVEMENT = {1: "RECE", -1: "DELI", 0: "NONE"}
PAY = {1: "CRDT", -1: "DEBT", 0: "NONE"}
Totals = list[tuple[int, list[tuple[int, int]], list["Row"]]]
"""(instrument, elements, rows) of each instrument with elements."""


class Row(NamedTuple):
    """One obligation; quantity and amount are signed as the party sees them."""

    key: tuple[int, int, int, bytes]
    """(currency, party, instrument, suffix of an item): the order of rows."""
    obligation_id: bytes
    """The first 8 bytes of the digest of its names."""
    quantity: int
    amount: int
    kind: LegKind
    gross_legs: int
    root: bytes


def sign(number: int) -> int:
    """-1, 0 or 1."""
    return (number > 0) - (number < 0)


def cycle_text(state: State) -> str:
    """`D/Nk` of the running cycle (C20)."""
    return f"{day_text(state.today)}/N{state.cycles}"


def obligation(
    state: State, instrument: int, party: int, quantity: int, amount: int, kind: LegKind, gross_legs: int,
    leaves: list[bytes], suffix: bytes = b"",
) -> Row:  # fmt: skip
    """One row (C22)."""
    terms, currency = state.terms, state.currency(instrument)
    names = (
        cycle_text(state), day_text(state.today), terms.currencies[currency].name, *terms.parties[party],
        terms.instruments[instrument].name,
    )  # fmt: skip
    name = "|".join(names).encode() + (b"|" + suffix if suffix else b"")
    return Row(
        (currency, party, instrument, suffix), sha256(name).digest()[:8], quantity, amount, kind,
        gross_legs, merkle_root(leaves),
    )  # fmt: skip


def balancing_row(state: State, instrument: int, rows: list[Row]) -> list[Row]:
    """What the CCP itself delivers, receives, pays or gets."""
    quantity, amount = sum(row.quantity for row in rows), sum(row.amount for row in rows)
    if not quantity and not amount:
        return []
    return [obligation(state, instrument, state.ccp, -quantity, -amount, LegKind.FAIL, 0, [])]


def emit_cycle(state: State, rows: list[Row], totals: Totals) -> None:
    """All events of a cycle."""
    for row in rows:
        emit_row(state, row)
    sums: dict[int, list[int]] = {}
    for instrument, elements, found in totals:
        gross_pay = sum(max(0, -amount) for _, amount in elements)
        net_pay = sum(max(0, -row.amount) for row in found)
        state.out.put(
            ClearingEvent.NETTED, day=state.today, number=state.cycles, instrument=instrument,
            version=len(elements), party=len(found),
            quantity=sum(max(0, -quantity) for quantity, _ in elements),
            amount=sum(max(0, -row.quantity) for row in found), third=gross_pay, fourth=net_pay,
        )  # fmt: skip
        of_currency = sums.setdefault(state.currency(instrument), [0, 0, 0, 0])
        for place, number in enumerate((len(elements), len(found), gross_pay, net_pay)):
            of_currency[place] += number
    for currency in sorted(sums):
        legs, count, gross, net = sums[currency]
        state.out.put(
            ClearingEvent.CYCLE, day=state.today, number=state.cycles, currency=currency, version=legs,
            quantity=count, amount=gross, third=net, fourth=(gross - net) * PPM // gross if gross else 0,
        )  # fmt: skip
    digest = sha256(file_body(state, rows)).digest()
    state.out.put_digest(ClearingEvent.FILE, digest, state.today, state.cycles, len(rows))


def emit_row(state: State, row: Row) -> None:
    """OBLIGATION and its ROOT."""
    currency, party, instrument, _ = row.key
    state.out.put(
        ClearingEvent.OBLIGATION, code=row.kind, party=party, instrument=instrument, currency=currency,
        day=state.today, number=state.cycles, quantity=row.quantity, amount=row.amount,
        third=row.gross_legs, fourth=int.from_bytes(row.obligation_id, "little", signed=True),
    )  # fmt: skip
    state.out.put_digest(ClearingEvent.ROOT, row.root)
    state.out.rows.append((instrument, row.quantity, row.amount))


def file_body(state: State, rows: list[Row]) -> bytes:
    """The obligation file without its footer: canonical CSV, LF after every line (C25)."""
    terms, cycle, day = state.terms, cycle_text(state), day_text(state.today)
    lines = [HEADER]
    for row in rows:
        currency, party, instrument, _ = row.key
        values = (
            row.obligation_id.hex(), cycle, day, *terms.parties[party], terms.instruments[instrument].name,
            MOVEMENT[sign(row.quantity)], abs(row.quantity), PAY[sign(row.amount)], abs(row.amount),
            terms.currencies[currency].name, row.kind.name, row.gross_legs, row.root.hex(),
        )  # fmt: skip
        lines.append(",".join(map(str, values)) + "\n")
    return "".join(lines).encode()
