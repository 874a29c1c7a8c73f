"""The ledger's tables as NumPy arrays: made, grown between requests, saved and restored.

Everything that a request can take is reserved before the kernel runs, so the kernel neither raises nor
allocates. Indexes and the heap are not saved: they follow from the rows, so two ledgers with the same past
have the same snapshot, however their requests were cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.ledger import layout
from novate.clearing.ledger.codes import TransferStatus
from novate.domain.machine import SnapshotReader, SnapshotWriter
from novate.growth import enlarged

Array = npt.NDArray[Any]

_FIRST_ROWS = {
    "header": layout.HEADER_CELLS,
    "ledgers": 0,
    "accounts": 64,
    "sides": 64,
    "account_index": 128,
    "transfers": 256,
    "times": 64,
    "burned": 64,
    "id_index": 512,
    "heap": 64,
    "history": 64,
    "expired": layout.EXPIRY_ROOM,
}
_MOST_ROWS = 2**31 - 1

_CLOCK = (layout.NOW, layout.EXPIRED, layout.RETIRED, layout.RETIRED_EXPIRED, layout.LARGEST)
"""Cells of a snapshot beside those that count its rows."""
COUNTED = {
    "accounts": (layout.ACCOUNTS, 1),
    "sides": (layout.ACCOUNTS, 1),
    "transfers": (layout.TRANSFERS, 1),
    "times": (layout.TIMES, 0),
    "burned": (layout.BURNED, 0),
    "history": (layout.HISTORY_ROWS, 1),
}
"""Tables of a snapshot: the cell that counts their rows, and the first row in use."""


def new_tables(hash_seed: int) -> dict[str, Array]:
    """All tables of an empty ledger, except those of one call."""
    tables: dict[str, Array] = {
        name: np.zeros(rows, layout.TABLE_DTYPES[name]) for name, rows in _FIRST_ROWS.items()
    }
    header = tables["header"]
    header[layout.SEED] = hash_seed
    header[layout.ID_MASK] = len(tables["id_index"]) - 1
    header[layout.ACCOUNT_MASK] = len(tables["account_index"]) - 1
    return tables


def grow(tables: dict[str, Array], name: str, rows: int) -> bool:
    """Make sure that a table has so many rows; True if it was exchanged. MemoryError above 2^31 rows."""
    if rows <= len(tables[name]):
        return False
    if rows > _MOST_ROWS:
        raise MemoryError(f"Expected at most {_MOST_ROWS} rows of {name}, was {rows}")
    tables[name] = enlarged(tables[name], max(rows, 2 * len(tables[name])))
    return True


def reserve_transfers(tables: dict[str, Array], count: int, with_history: bool) -> bool:
    """Room for the worst that so many transfers can take, indexes aside; True if a table was exchanged."""
    header = tables["header"]
    if int(header[layout.HEAP]) + count > len(tables["heap"]):
        forget_resolved(tables)
    grown = grow(tables, "transfers", int(header[layout.TRANSFERS]) + 1 + count)
    grown |= grow(tables, "times", int(header[layout.TIMES]) + 1)
    grown |= grow(tables, "burned", int(header[layout.BURNED]) + count)
    grown |= grow(tables, "heap", int(header[layout.HEAP]) + count)
    return grown | (with_history and reserve_history(tables, 2 * count))


def reserve_history(tables: dict[str, Array], rows: int) -> bool:
    """Room for so many rows of history; True if the table was exchanged."""
    return grow(tables, "history", int(tables["header"][layout.HISTORY_ROWS]) + 1 + rows)


def reserve_accounts(tables: dict[str, Array], count: int) -> bool:
    """Room for so many accounts, the index aside; True if a table was exchanged."""
    rows = int(tables["header"][layout.ACCOUNTS]) + 1 + count
    grown = grow(tables, "accounts", rows)
    return grown | grow(tables, "sides", rows)


def widen_index(tables: dict[str, Array], name: str, mask: int, entries: int) -> bool:
    """An empty index of at least twice as many places, if there is none or it would be more than three
    quarters full; True if the entries must be entered anew."""
    rows = len(tables[name])
    if rows and entries * 4 <= rows * 3:
        return False
    rows = rows or _FIRST_ROWS[name]
    while entries * 2 > rows:
        rows *= 2
    tables[name] = np.zeros(rows, np.int64)
    tables["header"][mask] = rows - 1
    return True


def forget_resolved(tables: dict[str, Array]) -> None:
    """Take entries of transfers that are no longer pending out of the heap."""
    header = tables["header"]
    entries = tables["heap"][: int(header[layout.HEAP])]
    pending = entries[tables["transfers"]["status"][entries["row"]] == TransferStatus.PENDING]
    set_heap(tables, pending)


def set_heap(tables: dict[str, Array], entries: Array) -> None:
    """These entries as a heap: in order they are one."""
    grow(tables, "heap", len(entries))
    tables["heap"][: len(entries)] = entries[np.lexsort((entries["row"], entries["expiry"]))]
    tables["header"][layout.HEAP] = len(entries)


def awaited(tables: dict[str, Array]) -> Array:
    """(expiry, row) of every pending transfer with a timeout, in order of creation."""
    transfers = tables["transfers"][: int(tables["header"][layout.TRANSFERS]) + 1]
    rows = np.nonzero((transfers["status"] == TransferStatus.PENDING) & (transfers["other"] != 0))[0]
    found = np.zeros(len(rows), layout.HEAP_ENTRY)
    found["row"] = rows
    found["expiry"] = tables["times"][transfers["time"][rows]] + transfers["other"][rows]
    return found


def put_all(tables: dict[str, Array], into: SnapshotWriter) -> None:
    """The clock and every row in use."""
    header = tables["header"]
    into.put("clock", header[list(_CLOCK)])
    into.put("ledgers", tables["ledgers"])
    for name, (cell, first) in COUNTED.items():
        into.put(name, tables[name][first : first + int(header[cell])])


def restored(source: SnapshotReader, hash_seed: int) -> dict[str, Array]:
    """Tables of a snapshot, indexes still empty. ValueError for an array of another type or length."""
    tables = new_tables(hash_seed)
    header = tables["header"]
    clock = source.get("clock")
    if clock.dtype != layout.NUMBERS or clock.shape != (len(_CLOCK),):
        raise ValueError(f"Expected a clock of {len(_CLOCK)} numbers, was {clock.shape} of {clock.dtype}")
    header[list(_CLOCK)] = clock
    tables["ledgers"] = _typed(source, "ledgers").copy()
    for name, (cell, first) in COUNTED.items():
        saved = _typed(source, name)
        if header[cell] not in (0, len(saved)):
            raise ValueError(f"Expected {header[cell]} rows of {name}, was {len(saved)}")
        header[cell] = len(saved)
        grow(tables, name, first + len(saved))
        tables[name][first : first + len(saved)] = saved
    set_heap(tables, awaited(tables))
    return tables


def _typed(source: SnapshotReader, name: str) -> Array:
    saved = source.get(name)
    if saved.dtype != layout.TABLE_DTYPES[name]:
        raise ValueError(f"Expected {layout.TABLE_DTYPES[name]} as {name!r}, was {saved.dtype}")
    return saved


def used_bytes(tables: dict[str, Array]) -> int:
    """Bytes of all rows in use and of the indexes."""
    header = tables["header"]
    rows = sum(int(header[cell]) * tables[name].itemsize for name, (cell, _) in COUNTED.items())
    heap = int(header[layout.HEAP]) * layout.HEAP_ENTRY.itemsize
    return rows + heap + tables["id_index"].nbytes + tables["account_index"].nbytes
