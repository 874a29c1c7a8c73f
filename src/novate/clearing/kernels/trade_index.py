"""Which row of trades has an identity: a table of open addressing over keys of 128 bits.

    slots   (key, key, row + 1)   row + 1 = 0: empty       looked for from the slot of the first half on

A key is a digest, so its own bits say where it lies. The table is never full; callers see to that.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined, wide
from novate.processor import prefetch_row

Int64s = npt.NDArray[np.int64]

AHEAD = 16
WIDTH = 3
_ROW = 2


@inlined
def _slot(slots: Int64s, first: int, second: int) -> int:
    """The slot of a key, or the empty one where it belongs."""
    mask = len(slots) - 1
    at = first & mask
    while slots[at, _ROW] != 0 and not (slots[at, 0] == first and slots[at, 1] == second):
        at = (at + 1) & mask
    return at


@entry
def find_rows(slots: Int64s, keys: Int64s, rows: Int64s) -> None:
    """The row of each key of keys (n, 2), -1 for one that is not there."""
    mask, count = len(slots) - 1, len(keys)
    for i in range(count):
        prefetch_row(slots, wide(keys[min(i + AHEAD, count - 1), 0]) & mask)
        rows[i] = slots[_slot(slots, wide(keys[i, 0]), wide(keys[i, 1])), _ROW] - 1


@entry
def enter_rows(slots: Int64s, keys: Int64s, first_row: int) -> int:
    """Key i of keys (n, 2) is that of row first_row + i, up to the first that is there already; how many."""
    mask, count = len(slots) - 1, len(keys)
    for i in range(count):
        prefetch_row(slots, wide(keys[min(i + AHEAD, count - 1), 0]) & mask)
        at = _slot(slots, wide(keys[i, 0]), wide(keys[i, 1]))
        if slots[at, _ROW] != 0:
            return i
        slots[at, 0], slots[at, 1], slots[at, _ROW] = keys[i, 0], keys[i, 1], first_row + i + 1
    return count
