"""The archive of settled trades: rows of 104 bytes, written once, found by the identity of their trade.

    TRADE    identity  number, source, version in force with its content, highest version, flags,
                       and its two legs, where they are each other's opposite
    VERSION  identity  any other version, with its content
    LEG      identity  party, quantity, amount, dates, splits so far      where a trade has other legs

A trade that no waiting or open leg belongs to can never move anything again: every delivery that names it is
a repetition, refused or superseded. So it leaves memory (`retirement`), and what answers need of it is here.
The rows of a trade stand together; versions that were superseded later follow at the end of the archive.
Trade ids are not kept: nothing asks for them, and the journal has them.

What the archive lies in is behind the port `TradeArchive`. The house commits to it by a running digest.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

Archived = npt.NDArray[np.void]
"""Rows of ARCHIVED."""
Identities = npt.NDArray[np.void]
Bools = npt.NDArray[np.bool_]
Int64s = npt.NDArray[np.int64]


class ArchivedKind(IntEnum):
    """What a row of the archive is."""

    TRADE = 1
    VERSION = 2
    LEG = 3


ROW_BYTES = 104


def _layout(**fields: tuple[str, int]) -> np.dtype[np.void]:
    """A row that begins with the identity and the kind: name -> (format, offset)."""
    fields = {"identity": ("V16", 0), "kind": ("u1", 16), **fields}
    names, places = list(fields), list(fields.values())
    return np.dtype(
        {
            "names": names,
            "formats": [form for form, _ in places],
            "offsets": [offset for _, offset in places],
            "itemsize": ROW_BYTES,
        }
    )


# All bytes have a name, because those between fields would be lost when rows are copied.
ARCHIVED = np.dtype([("half", "<i8"), ("other", "<i8"), ("kind", "u1"), ("rest", "V87")])
"""An identity as two numbers; what else a row says depends on its kind."""
ARCHIVED_TRADE = _layout(
    is_cancelled=("u1", 17), is_netted=("u1", 18), leg_kind=("u1", 19), source=("<i4", 20),
    in_force=("<i8", 24), highest=("<i8", 32), number=("<i8", 40), content=("V16", 48), buyer=("<i4", 64),
    seller=("<i4", 68), instrument=("<i4", 72), splits=("<i4", 76), quantity=("<i8", 80),
    amount=("<i8", 88), due=("<i4", 96), trade_day=("<i4", 100),
)  # fmt: skip
"""A `leg_kind` of 0: no legs are in this row. Quantity and amount are the buyer's."""
ARCHIVED_VERSION = _layout(version=("<i8", 24), content=("V16", 48))
ARCHIVED_LEG = _layout(
    side=("u1", 17), leg_kind=("u1", 19), lieu=("<i8", 32), party=("<i4", 64), instrument=("<i4", 72),
    splits=("<i4", 76), quantity=("<i8", 80), amount=("<i8", 88), due=("<i4", 96), trade_day=("<i4", 100),
)  # fmt: skip
assert ARCHIVED.itemsize == ROW_BYTES, "an archived row has 104 bytes"


class TradeArchive(Protocol):
    """Rows of ARCHIVED, counted from 1, found by the first half of their identity. What `append` was given is
    durable when it returns, so that no snapshot is ever ahead of its archive."""

    def __len__(self) -> int:
        """How many rows there are."""

    def append(self, rows: Archived) -> None:
        """(n,) more rows."""

    def find(self, keys: Int64s) -> Int64s:
        """(n,) first halves -> (n,) places of a row of each, 0 where there is none."""

    def find_all(self, key: int) -> Int64s:
        """Places of all rows of a first half, ascending."""

    def read(self, places: Int64s) -> Archived:
        """(n,) places from 1 to the last -> (n,) rows."""

    def cut(self, rows: int) -> None:
        """Forget all rows behind the first so many. ValueError if there are fewer."""


class MemoryArchive:
    """An archive that is gone with its process."""

    def __init__(self) -> None:
        self._rows = np.zeros(0, ARCHIVED)
        self._places: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, rows: Archived) -> None:
        """(n,) more rows."""
        for place, key in enumerate(rows["half"].tolist(), len(self) + 1):
            self._places.setdefault(key, []).append(place)
        self._rows = np.concatenate([self._rows, rows])

    def find(self, keys: Int64s) -> Int64s:
        """Places of a row of each key, 0 where there is none."""
        return np.array([self._places.get(key, [0])[0] for key in keys.tolist()], np.int64)

    def find_all(self, key: int) -> Int64s:
        """Places of all rows of a key, ascending."""
        return np.array(self._places.get(key, []), np.int64)

    def read(self, places: Int64s) -> Archived:
        """The rows of places."""
        return self._rows.take(places - 1)

    def cut(self, rows: int) -> None:
        """Forget all rows behind the first so many. ValueError if there are fewer."""
        if len(self._rows) < rows:
            raise ValueError(f"Expected an archive of at least {rows} rows of trades, was {len(self._rows)}")
        kept, self._rows, self._places = self._rows[:rows], np.zeros(0, ARCHIVED), {}
        self.append(kept)


def holds(archive: TradeArchive, identities: Identities) -> Bools:
    """Which trades have rows in the archive."""
    halves = np.array(identities).view(np.int64).reshape(-1, 2)
    places = archive.find(np.ascontiguousarray(halves[:, 0]))
    found = np.flatnonzero(places)
    same = archive.read(places[found])["other"] == halves[found, 1]
    answer = np.zeros(len(halves), bool)
    answer[found[same]] = True
    for row in found[~same].tolist():
        # Two identities with one first half: any of its rows may be the wanted one's.
        answer[row] = len(rows_of(archive, identities[row].tobytes())) > 0
    return answer


def rows_of(archive: TradeArchive, identity: bytes) -> Archived:
    """All rows of a trade, in the order in which they came."""
    half, other = np.frombuffer(identity, np.int64).tolist()
    rows = archive.read(archive.find_all(half))
    found: Archived = rows[rows["other"] == other]
    return found
