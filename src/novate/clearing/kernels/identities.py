"""Which rows of a delivery name one and the same trade: a table of hashes, without a Python object per row.

    row  group  text           slot = hash(group, text)  -->  first row with this hash
      0    0    "17"           first[0] = 0
      1    0    "18"           first[1] = 1
      2    0    "17"           first[2] = 0      texts are compared, so two are never taken for one

A slot holds 31 bits of the hash above the number of its row + 1, so most strangers are told apart without a
look at their texts; 0 is an empty slot. Texts end with at least `SLACK` bytes that are not theirs.

Cost: one slot is touched per row, asked for `AHEAD` rows before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.lines import Bytes, Int64s
from novate.compiled import entry, kernel, wide
from novate.processor import WORD, load_word, ordered_word, prefetch_row

Int32s = npt.NDArray[np.int32]

AHEAD = 32
_MIX = 0x1E3779B97F4A7C15
_ROW_BITS = 32
_ROW_MASK = (1 << _ROW_BITS) - 1
_TAG_MASK = (1 << 31) - 1


@kernel
def _hashed(texts: Bytes, first: int, end: int, group: int) -> int:
    """63 bits for a text of a group."""
    mixed = (group + 1) * _MIX + (end - first)
    at = first
    while at + WORD <= end:
        mixed = (mixed ^ load_word(texts, at)) * _MIX
        mixed ^= (mixed >> 29) & _ROW_MASK
        at += WORD
    if at < end:
        # Only the bytes that belong to the text: they stand at the upper end of such a word.
        mixed = (mixed ^ (ordered_word(texts, at) >> (8 * (WORD - end + at)))) * _MIX
        mixed ^= (mixed >> 29) & _ROW_MASK
    mixed *= _MIX
    return (mixed ^ (mixed >> 32)) & ((1 << 63) - 1)


@kernel
def _is_same(texts: Bytes, starts: Int64s, one: int, other: int) -> bool:
    first, second = wide(starts[one]), wide(starts[other])
    length = wide(starts[one + 1]) - first
    if wide(starts[other + 1]) - second != length:
        return False
    for i in range(length):
        if texts[first + i] != texts[second + i]:
            return False
    return True


@entry
def first_rows(texts: Bytes, starts: Int64s, group: Int32s, slots: Int64s, first: Int32s) -> int:
    """Of each of N rows the first one with its group and text, to first (N,); how many have an earlier one.

    Text i is texts[starts[i] : starts[i + 1]]. `slots` (S, 1) is zero, S a power of two above N.
    """
    rows, mask, repeated = len(group), len(slots) - 1, wide(0)
    waiting = np.zeros(AHEAD, np.int64)
    for row in range(rows + AHEAD):
        if row < rows:
            hashed = _hashed(texts, wide(starts[row]), wide(starts[row + 1]), wide(group[row]))
        # The row that came AHEAD rows before is looked up now; its slot has been asked for since then.
        now, place = row - AHEAD, row % AHEAD
        if now >= 0:
            at, tag = waiting[place] & mask, (waiting[place] >> _ROW_BITS) & _TAG_MASK
            found = wide(-1)
            while found < 0 and slots[at, 0] != 0:
                held = (slots[at, 0] & _ROW_MASK) - 1
                is_candidate = slots[at, 0] >> _ROW_BITS == tag and group[held] == group[now]
                if is_candidate and _is_same(texts, starts, held, now):
                    found = held
                at = (at + 1) & mask
            if found < 0:
                slots[at, 0] = tag << _ROW_BITS | (now + 1)
                found = now
            else:
                repeated += 1
            first[now] = found
        if row < rows:
            waiting[place] = hashed
            prefetch_row(slots, hashed & mask)
    return repeated
