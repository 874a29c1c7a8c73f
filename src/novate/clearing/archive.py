"""The archive of settled trades: records of 64 bytes, written once, found by the identity of their trade.

    TRADE  identity  in force, highest, number, source, is_cancelled, is_netted
    VERSION ...      version, digest of its content                                one or more
    LEG ...          party, instrument, quantity, amount, dates, splits so far     as they were when they left

A trade that no waiting or open leg belongs to can never move anything again: every delivery that names it is
a repetition, refused or superseded. So it leaves memory (`retirement`), and what answers need of it is here.
The records of a trade stand together; versions that were superseded later follow at the end of the archive.
Trade ids are not kept: nothing asks for them, and the journal has them.

What the archive lies in is behind the port `TradeArchive`. The house commits to it by a running digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from novate.domain.clearing_records import RECORD_BYTES

Archived = npt.NDArray[np.void]
"""Records of ARCHIVED."""
Identities = npt.NDArray[np.void]
Bools = npt.NDArray[np.bool_]


class ArchivedKind(IntEnum):
    """What a record of the archive is."""

    TRADE = 1
    VERSION = 2
    LEG = 3


def _layout(**fields: tuple[str, int]) -> np.dtype[np.void]:
    """64 bytes that begin with the identity and the kind: name -> (format, offset)."""
    fields = {"identity": ("V16", 0), "kind": ("u1", 16), **fields}
    names, places = list(fields), list(fields.values())
    return np.dtype(
        {
            "names": names,
            "formats": [form for form, _ in places],
            "offsets": [offset for _, offset in places],
            "itemsize": RECORD_BYTES,
        }
    )


# All bytes have a name, because those between fields would be lost when records are copied.
ARCHIVED = _layout(rest=("V47", 17))
ARCHIVED_TRADE = _layout(
    is_cancelled=("u1", 17), is_netted=("u1", 18), source=("<i4", 20), in_force=("<i8", 32),
    highest=("<i8", 40), number=("<i8", 48),
)  # fmt: skip
ARCHIVED_VERSION = _layout(version=("<i8", 32), content=("V16", 40))
ARCHIVED_LEG = _layout(
    side=("u1", 17), leg_kind=("u1", 18), party=("<i4", 20), instrument=("<i4", 24), splits=("<i4", 28),
    lieu=("<i8", 32), quantity=("<i8", 40), amount=("<i8", 48), due=("<i4", 56), trade_day=("<i4", 60),
)  # fmt: skip


class TradeArchive(Protocol):
    """An append-only column of records, each with a key of 16 bytes in front."""

    def __len__(self) -> int:
        """How many records there are."""
        ...

    def append(self, records: Archived) -> None:
        """Add records; those of one key stand together."""
        ...

    def holds(self, keys: Identities) -> Bools:
        """Which keys have a record."""
        ...

    def read(self, key: bytes) -> Archived:
        """All records of a key, in the order in which they came."""
        ...

    def kept(self) -> Archived:
        """What a snapshot must hold for `restore`: nothing, where the records are durable already."""
        ...

    def restore(self, count: int, kept: Archived) -> None:
        """As it was when it had `count` records. ValueError if they are not there."""
        ...


class MemoryArchive:
    """An archive in memory."""

    def __init__(self) -> None:
        self._blocks: list[Archived] = []
        self._count = 0
        self._places: dict[bytes, list[tuple[int, int]]] = {}
        """Key -> (block, record) of each of its records."""

    def __len__(self) -> int:
        return self._count

    def append(self, records: Archived) -> None:
        """Add records."""
        block = np.frombuffer(records.tobytes(), ARCHIVED)
        for place, key in enumerate(_keys(block)):
            self._places.setdefault(key, []).append((len(self._blocks), place))
        self._blocks.append(block)
        self._count += len(block)

    def holds(self, keys: Identities) -> Bools:
        """Which keys have a record."""
        return np.fromiter((key in self._places for key in _keys(keys)), bool, len(keys))

    def read(self, key: bytes) -> Archived:
        """All records of a key."""
        return _joined(self._blocks[block][place : place + 1] for block, place in self._places.get(key, []))

    def kept(self) -> Archived:
        """Every record."""
        return _joined(self._blocks)

    def restore(self, count: int, kept: Archived) -> None:
        """Take over the records of a snapshot. ValueError if they are not as many as it says."""
        if len(kept) != count:
            raise ValueError(f"Expected {count} records of archived trades, was {len(kept)}")
        self._blocks, self._count, self._places = [], 0, {}
        self.append(kept)


def _keys(records: npt.NDArray[np.void]) -> Iterable[bytes]:
    column = records if records.dtype.names is None else records["identity"]
    raw = column.tobytes()
    return (raw[at : at + 16] for at in range(0, len(raw), 16))


def _joined(blocks: Iterable[Archived]) -> Archived:
    return np.frombuffer(b"".join(block.tobytes() for block in blocks), ARCHIVED)
