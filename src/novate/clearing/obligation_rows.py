"""Rows of a cycle as columns (C22), and how a few of them are made one by one.

    currency party instrument | quantity amount kind gross_legs | root id

Sorted as the file is: (currency, party, instrument, suffix of an item).
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.house_terms import day_text
from novate.clearing.obligations import ID_DIGITS
from novate.clearing.state import State
from novate.clearing.text_columns import Table, pair_digests
from novate.domain.clearing_records import DIGEST, Records

Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

ID_BYTES = ID_DIGITS // 2
ROOT_BYTES = 32


class RowColumns(NamedTuple):
    """One entry per obligation; quantity and amount are signed as the party sees them."""

    currency: Int64s
    party: Int64s
    instrument: Int64s
    quantity: Int64s
    amount: Int64s
    kind: Int64s
    """A LegKind."""
    gross_legs: Int64s
    roots: Bytes
    """(n, 32)."""
    ids: Bytes
    """(n, 8): the first bytes of the digest of its names."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.party)

    def between(self, first: int, end: int) -> RowColumns:
        """Rows that stand side by side."""
        return RowColumns._make(column[first:end] for column in self)


def cycle_text(state: State) -> str:
    """`D/Nk` of the running cycle (C20)."""
    return f"{day_text(state.today)}/N{state.cycles}"


def owner_text(state: State, currency: int, party: int) -> str:
    """What comes before the instrument in the names of a row."""
    terms, day = state.terms, day_text(state.today)
    return "|".join((cycle_text(state), day, terms.currencies[currency].name, *terms.parties[party]))


def rows_of_events(events: Records) -> RowColumns:
    """OBLIGATION and ROOT by turns, as columns again."""
    made, roots = events[0::2], events[1::2].view(DIGEST)["digest"]
    currency, party, instrument, quantity, amount, kind, legs = (
        made[name].astype(np.int64)
        for name in ("currency", "party", "instrument", "quantity", "amount", "code", "third")
    )
    return RowColumns(
        currency, party, instrument, quantity, amount, kind, legs,
        np.frombuffer(roots.tobytes(), np.uint8).reshape(-1, ROOT_BYTES),
        np.ascontiguousarray(made["fourth"]).view(np.uint8).reshape(-1, ID_BYTES),
    )  # fmt: skip


class RowList:
    """Rows that are made one by one, in the order of their suffixes where they have any."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._rows: list[tuple[bytes, tuple[int, ...], bytes, bytes]] = []

    def add(
        self, instrument: int, party: int, quantity: int, amount: int, kind: int, gross_legs: int,
        root: bytes, suffix: bytes = b"",
    ) -> None:  # fmt: skip
        """One row; a suffix belongs to an item."""
        state = self._state
        currency, name = state.currency(instrument), state.terms.instruments[instrument].name
        names = f"{owner_text(state, currency, party)}|{name}".encode() + (b"|" + suffix if suffix else b"")
        numbers = (currency, party, instrument, quantity, amount, kind, gross_legs)
        self._rows.append((suffix, numbers, root, sha256(names).digest()[:ID_BYTES]))

    def columns(self) -> RowColumns:
        """All rows."""
        # Sorting by key keeps the order of equal ones, so items of a key come by their suffixes.
        rows = sorted(self._rows, key=lambda row: row[0])
        numbers = np.array([row[1] for row in rows], np.int64).reshape(-1, 7)
        roots = np.frombuffer(b"".join(row[2] for row in rows), np.uint8).reshape(-1, 32)
        ids = np.frombuffer(b"".join(row[3] for row in rows), np.uint8).reshape(-1, ID_BYTES)
        return RowColumns._make((*numbers.T, roots, ids))


def rows_of_columns(
    state: State, instrument: Int64s, party: Int64s, quantity: Int64s, amount: Int64s, kind: int,
    gross_legs: Int64s, roots: Bytes,
) -> RowColumns:  # fmt: skip
    """Rows without suffixes, all of one kind."""
    terms = state.terms
    currency = np.array([one.currency for one in terms.instruments], np.int64)[instrument]
    owners = Table(
        owner_text(state, number, owner).encode()
        for number in range(len(terms.currencies))
        for owner in range(len(terms.parties))
    )
    names = Table(f"|{one.name}".encode() for one in terms.instruments)
    digests = pair_digests(owners.rows(currency * len(terms.parties) + party), names.rows(instrument))
    kinds = np.full(len(party), kind, np.int64)
    return RowColumns(
        currency, party, instrument, quantity, amount, kinds, gross_legs, roots, digests[:, :ID_BYTES]
    )


def joined_rows(blocks: list[RowColumns]) -> RowColumns:
    """All rows, one block behind the other."""
    return RowColumns._make(np.concatenate(columns) for columns in zip(*blocks, strict=True))


def sorted_rows(rows: RowColumns) -> RowColumns:
    """The rows in the order of the file; what has the same key stays as it stands."""
    order = np.lexsort((rows.instrument, rows.party, rows.currency))
    return RowColumns._make(column.take(order, axis=0) for column in rows)
