"""Merkle roots over the legs of every net (C22, RFC 6962), from the texts of their trades.

    texts    NOVATE|17|1|NOVATE|18|1|...        starts  0 12 24 ...     one text per trade
    legs     8 3 | 5 | ...                      bounds  0 2 3 ...       grouped by net; leg 2i is trade i's B
    leaf     SHA-256(00 "NOVATE|17|1|" "S|N")   ordered by text within a group
    root     SHA-256(01 left right), joined level by level; see `clearing.merkle`

Texts of one group are compared by eight bytes first: those behind the beginning that all texts share. No
text is the beginning of another one (they end with the only third bar), so the first difference decides, and
what is read behind the end of a text decides nothing.

Cost: two hashes a leg. Scratch: 48 bytes per leg of the largest group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.lines import copy_text
from novate.clearing.kernels.sha256 import (
    BLOCK,
    DIGEST,
    STATE_AND_SCHEDULE,
    Bytes,
    Int64s,
    Words,
    begin,
    close,
    digest_block,
    digest_nodes,
    write_digest,
)
from novate.compiled import entry, inlined, kernel, wide
from novate.processor import WORD, ordered_word, prefetch_entry, store_word

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]

LEAF = 0
WORDS = 8
"""Of a digest."""
PIECE = 64
SHORT_RUN = 16
_BAR, _B, _S, _N = ord("|"), ord("B"), ord("S"), ord("N")
MOST_RANKED = 64
AHEAD = 48
TYPICAL_TEXT = 24
MOST_IN_A_BLOCK = BLOCK - 9 - 4
"""Bytes of a text whose leaf, with its mark, its side and its padding, is one block."""


@entry
def shared_beginning(texts: Bytes, starts: Int64s) -> int:
    """How many bytes all texts have in common from their first on."""
    if len(starts) < 2:
        return 0
    shared = wide(starts[1] - starts[0])
    for i in range(1, len(starts) - 1):
        first = wide(starts[i])
        most = min(shared, wide(starts[i + 1]) - first)
        shared = 0
        while shared < most and texts[shared] == texts[first + shared]:
            shared += 1
    return shared


@kernel
def _is_after(texts: Bytes, starts: Int64s, one: int, other: int) -> bool:
    """The text of trade `one` sorts behind that of `other`; two trades never have the same text."""
    first, second = wide(starts[one]), wide(starts[other])
    for i in range(0, wide(starts[one + 1]) - first, WORD):
        word, other_word = ordered_word(texts, first + i), ordered_word(texts, second + i)
        if word != other_word:
            return bool(word > other_word)
    return False


@entry
def texts_ascend(texts: Bytes, starts: Int64s) -> bool:
    """Each text sorts behind the one before."""
    for trade in range(1, len(starts) - 1):
        if not _is_after(texts, starts, trade, trade - 1):
            return False
    return True


@inlined
def _must_follow(texts: Bytes, starts: Int64s, number: int, leg: int, other: int, other_leg: int) -> bool:
    if number != other:
        return number > other
    if leg >> 1 == other_leg >> 1:
        return leg > other_leg
    return _is_after(texts, starts, leg >> 1, other_leg >> 1)


@kernel
def _sort_run(texts: Bytes, starts: Int64s, numbers: Int64s, legs: Int64s, first: int, end: int) -> None:
    """Insertion sort of a short run."""
    for i in range(first + 1, end):
        number, leg = wide(numbers[i]), wide(legs[i])
        j = i
        while j > first and _must_follow(texts, starts, wide(numbers[j - 1]), wide(legs[j - 1]), number, leg):
            numbers[j], legs[j] = numbers[j - 1], legs[j - 1]
            j -= 1
        numbers[j], legs[j] = number, leg


@kernel
def _merge(
    texts: Bytes, starts: Int64s, numbers: Int64s, legs: Int64s, to: Any, first: int, middle: int, end: int
) -> None:
    """Two sorted runs that stand side by side become one; `to` (2, n) is scratch."""
    left, right = first, middle
    for at in range(first, end):
        take_right = left == middle or (
            right < end
            and _must_follow(
                texts, starts, wide(numbers[left]), wide(legs[left]), wide(numbers[right]), wide(legs[right])
            )
        )
        taken = right if take_right else left
        to[0, at], to[1, at] = numbers[taken], legs[taken]
        if take_right:
            right += 1
        else:
            left += 1
    for at in range(first, end):
        numbers[at], legs[at] = to[0, at], to[1, at]


@kernel
def _sort_legs(texts: Bytes, starts: Int64s, numbers: Int64s, legs: Int64s, to: Any, count: int) -> None:
    """The first `count` legs by the texts of their trades: short runs, then merges."""
    for first in range(0, count, SHORT_RUN):
        _sort_run(texts, starts, numbers, legs, first, min(first + SHORT_RUN, count))
    run = wide(SHORT_RUN)
    while run < count:
        for first in range(0, count - run, 2 * run):
            _merge(texts, starts, numbers, legs, to, first, first + run, min(first + 2 * run, count))
        run *= 2


@kernel
def _rank_legs(numbers: Int64s, legs: Int64s, to: Any, count: int) -> bool:
    """The first `count` legs by their numbers; False, and nothing is done, if two numbers are equal.

    How many numbers are less than a number is its place: no branch has to be guessed, so for few legs this is
    faster than any sort.
    """
    places = wide(0)
    for i in range(count):
        number, place = wide(numbers[i]), wide(0)
        for j in range(count):
            place += 1 if wide(numbers[j]) < number else 0
        to[0, i] = place
        places += place
    if places != count * (count - 1) // 2:
        return False
    for i in range(count):
        to[1, to[0, i]] = legs[i]
    for i in range(count):
        legs[i] = to[1, i]
    return True


@kernel
def _write_leaf(texts: Bytes, first: int, end: int, side: int, block: Bytes, at: int) -> None:
    """A leg's leaf with its padding to block[at : at + 64]; up to `SLACK` bytes more are written."""
    block[at] = LEAF
    stop = copy_text(texts, first, end, block, at + 1)
    for place in range(stop, at + BLOCK, WORD):
        store_word(block, place, 0)
    block[stop] = side
    block[stop + 1] = _BAR
    block[stop + 2] = _N
    block[stop + 3] = 0x80
    bits = 8 * (stop + 3 - at)
    block[at + BLOCK - 2] = bits >> 8
    block[at + BLOCK - 1] = bits & 0xFF


@kernel
def _hash_long_leaf(
    words: Words, work: Bytes, texts: Bytes, first: int, end: int, side: int, level: Words, at: int
) -> None:
    """The digest of a leaf of any length; `work` has room for it and 128 bytes more."""
    work[0] = LEAF
    stop = copy_text(texts, first, end, work, 1)
    work[stop] = side
    work[stop + 1] = _BAR
    work[stop + 2] = _N
    begin(words)
    close(words, work, stop + 3, stop + 3)
    for i in range(WORDS):
        level[at + i] = words[i]


@kernel
def _hash_leaves(
    words: Words,
    work: Bytes,
    blocks: Bytes,
    texts: Bytes,
    starts: Int64s,
    legs: Int64s,
    level: Words,
    count: int,
) -> None:
    """Digests of the leaves of the first `count` legs, eight words each.

    All leaves of a piece are written before the first of them is hashed: a processor that reads in one step
    what was just written in several has to wait.
    """
    for piece in range(0, count, PIECE):
        end = min(piece + PIECE, count)
        for i in range(piece, end):
            trade, side = wide(legs[i]) >> 1, _S if wide(legs[i]) & 1 else _B
            first, stop = wide(starts[trade]), wide(starts[trade + 1])
            if stop - first <= MOST_IN_A_BLOCK:
                _write_leaf(texts, first, stop, side, blocks, BLOCK * (i - piece))
            else:
                _hash_long_leaf(words, work, texts, first, stop, side, level, WORDS * i)
        for i in range(piece, end):
            trade = wide(legs[i]) >> 1
            if wide(starts[trade + 1]) - wide(starts[trade]) <= MOST_IN_A_BLOCK:
                digest_block(words, blocks, BLOCK * (i - piece), level, WORDS * i)


@kernel
def _join(words: Words, work: Bytes, level: Words, count: int) -> None:
    """The root over the first `count` digests takes the place of the first."""
    while count > 1:
        pairs = count // 2
        for pair in range(0, pairs, 2):
            # Two nodes at a time; the last one of an odd number is hashed twice.
            apart = 1 if pair + 1 < pairs else 0
            digest_nodes(words, work, level, 2 * WORDS * pair, WORDS * pair, apart)
        if count % 2:
            for i in range(WORDS):
                level[WORDS * pairs + i] = level[WORDS * (count - 1) + i]
        count = pairs + count % 2


@kernel
def _room(bounds: Int64s) -> int:
    """Entries of the largest of the runs that end and begin at the bounds."""
    largest = wide(0)
    for i in range(len(bounds) - 1):
        largest = max(largest, wide(bounds[i + 1] - bounds[i]))
    return largest


@entry
def roots_of_groups(
    texts: Bytes,
    starts: Int64s,
    legs: Int32s,
    bounds: Int64s,
    wanted: Bools,
    shared: int,
    texts_are_sorted: bool,
    out: Bytes,
) -> None:
    """The root of each wanted group g, over legs[bounds[g] : bounds[g + 1]], to out[32 * g : 32 * g + 32].

    A group is not empty. `shared` is `shared_beginning` of the texts; `texts_are_sorted` says that they
    ascend, so that groups whose legs ascend need no sorting. Behind the texts stand `SLACK` bytes.
    """
    largest = _room(bounds)
    numbers, chosen = np.empty(largest, np.int64), np.empty(largest, np.int64)
    to = np.empty((2, largest), np.int64)
    level = np.empty(WORDS * largest, np.uint32)
    blocks = np.empty(BLOCK * PIECE + WORD, np.uint8)
    work = np.zeros(_room(starts) + 2 * BLOCK, np.uint8)
    words = np.zeros(STATE_AND_SCHEDULE, np.uint32)
    every = len(legs) - 1
    for group in range(len(wanted)):
        if not wanted[group]:
            continue
        first = wide(bounds[group])
        count = wide(bounds[group + 1]) - first
        is_sorted = texts_are_sorted
        for i in range(count):
            prefetch_entry(starts, wide(legs[min(first + i + 2 * AHEAD, every)]) >> 1)
            begins = wide(starts[wide(legs[min(first + i + AHEAD, every)]) >> 1])
            prefetch_entry(texts, begins)
            prefetch_entry(texts, begins + TYPICAL_TEXT)
            chosen[i] = legs[first + i]
            is_sorted &= i == 0 or chosen[i] > chosen[i - 1]
        if not is_sorted:
            for i in range(count):
                numbers[i] = ordered_word(texts, wide(starts[wide(chosen[i]) >> 1]) + shared)
            if count > MOST_RANKED or not _rank_legs(numbers, chosen, to, count):
                _sort_legs(texts, starts, numbers, chosen, to, count)
        _hash_leaves(words, work, blocks, texts, starts, chosen, level, count)
        _join(words, work, level, count)
        write_digest(level, out, DIGEST * group)


@entry
def root_of_lines(data: Bytes, starts: Int64s, out: Bytes) -> None:
    """Root over N >= 1 lines without their ends, to out[:32]: line i is data[starts[i] : starts[i + 1] - 1].

    Behind the lines stand `SLACK` bytes.
    """
    count = wide(len(starts) - 1)
    work = np.zeros(_room(starts) + 3 * BLOCK, np.uint8)
    words = np.zeros(STATE_AND_SCHEDULE, np.uint32)
    level = np.empty(WORDS * count, np.uint32)
    for i in range(count):
        work[0] = LEAF
        length = copy_text(data, wide(starts[i]), wide(starts[i + 1]) - 1, work, 1)
        begin(words)
        close(words, work, length, length)
        for j in range(WORDS):
            level[WORDS * i + j] = words[j]
    _join(words, work, level, count)
    write_digest(level, out, 0)
