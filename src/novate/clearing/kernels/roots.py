"""Merkle roots over the legs of every net (C22, RFC 6962), from the texts of their trades.

    texts    NOVATE|17|1|NOVATE|18|1|...        starts  0 12 24 ...     one text per trade
    legs     8 3 | 5 | ...                      bounds  0 2 3 ...       grouped by net; leg 2i is trade i's B
    leaf     SHA-256(00 "NOVATE|17|1|" "S|N")   ordered by text within a group
    root     SHA-256(01 left right), joined level by level; see `clearing.merkle`

Texts of one group are compared by eight bytes first: those behind the beginning that all texts share. No
text is the beginning of another one (they end with the only third bar), so the first difference decides.

Cost: two hashes a leg. Scratch: 48 bytes per leg of the largest group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.sha256 import (
    BLOCK,
    DIGEST,
    STATE_AND_SCHEDULE,
    Bytes,
    Int64s,
    Words,
    begin,
    close,
    compress,
    write_bits,
    write_digest,
)
from novate.compiled import entry, inlined, kernel, wide

Bools = npt.NDArray[np.bool_]

LEAF, NODE = 0, 1
NODE_BYTES = 1 + 2 * DIGEST
SHORT_RUN = 16
_BAR, _B, _S, _N = ord("|"), ord("B"), ord("S"), ord("N")
_ZERO = ord("0")
MOST_DIGITS = 20


@entry
def write_texts(
    source: Bytes,
    source_starts: Int64s,
    source_of: Int64s,
    trade_id: Bytes,
    trade_id_starts: Int64s,
    trade_id_of: Int64s,
    version: Int64s,
    texts: Bytes,
    starts: Int64s,
) -> None:
    """`source|trade_id|version|` of N trades, one after the other, and where each begins (N + 1,).

    Value v of a column is column[starts[v] : starts[v + 1]]; `texts` has room for all.
    """
    at = wide(0)
    starts[0] = 0
    for i in range(len(version)):
        at = _copy(
            source, wide(source_starts[source_of[i]]), wide(source_starts[source_of[i] + 1]), texts, at
        )
        texts[at] = _BAR
        first, end = wide(trade_id_starts[trade_id_of[i]]), wide(trade_id_starts[trade_id_of[i] + 1])
        at = _copy(trade_id, first, end, texts, at + 1)
        texts[at] = _BAR
        at = _write_number(wide(version[i]), texts, at + 1)
        texts[at] = _BAR
        at += 1
        starts[i + 1] = at


@inlined
def _copy(data: Bytes, first: int, end: int, out: Bytes, at: int) -> int:
    for i in range(end - first):
        out[at + i] = data[first + i]
    return at + end - first


@kernel
def _write_number(number: int, out: Bytes, at: int) -> int:
    """A number from 0 in decimal digits; where it ends."""
    digits, rest = 1, number // 10
    while rest:
        digits += 1
        rest //= 10
    for place in range(digits):
        out[at + digits - 1 - place] = _ZERO + number % 10
        number //= 10
    return at + digits


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


@inlined
def _eight_bytes(texts: Bytes, starts: Int64s, trade: int, shared: int) -> int:
    """The text's bytes behind the shared ones as a number that sorts like them."""
    first, end = wide(starts[trade]) + shared, wide(starts[trade + 1])
    number = wide(0)
    for i in range(8):
        byte = wide(texts[first + i]) if first + i < end else 0
        # The first byte is moved to -128..127, so that signed numbers compare as unsigned bytes do.
        number = number * 256 + (byte - 128 if i == 0 else byte)
    return number


@kernel
def _is_after(texts: Bytes, starts: Int64s, one: int, other: int) -> bool:
    """The text of trade `one` sorts behind that of `other`, byte by byte."""
    first, second = wide(starts[one]), wide(starts[other])
    length = min(wide(starts[one + 1]) - first, wide(starts[other + 1]) - second)
    for i in range(length):
        if texts[first + i] != texts[second + i]:
            return bool(texts[first + i] > texts[second + i])
    return bool(starts[one + 1] - starts[one] > starts[other + 1] - starts[other])


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
def _hash_leaf(words: Words, work: Bytes, texts: Bytes, first: int, end: int, is_sale: int) -> None:
    """The digest of a leg's leaf is left in the state; `work` has room for the text and 128 bytes more."""
    work[0] = LEAF
    at = _copy(texts, first, end, work, 1)
    work[at] = _S if is_sale else _B
    work[at + 1] = _BAR
    work[at + 2] = _N
    begin(words)
    close(words, work, at + 3, at + 3)


@kernel
def _join(words: Words, node: Bytes, level: Bytes, count: int) -> int:
    """One level of the tree in place; how many hashes it has."""
    pairs = count // 2
    for pair in range(pairs):
        for i in range(2 * DIGEST):
            node[1 + i] = level[2 * DIGEST * pair + i]
        begin(words)
        compress(words, node, 0)
        compress(words, node, BLOCK)
        write_digest(words, level, DIGEST * pair)
    if count % 2:
        for i in range(DIGEST):
            level[DIGEST * pairs + i] = level[DIGEST * (count - 1) + i]
    return pairs + count % 2


@kernel
def _new_node() -> Bytes:
    """The two blocks of a node, all but its children filled in."""
    node = np.zeros(2 * BLOCK, np.uint8)
    node[0] = NODE
    node[NODE_BYTES] = 0x80
    write_bits(node, 2 * BLOCK, NODE_BYTES)
    return node


@entry
def roots_of_groups(
    texts: Bytes, starts: Int64s, legs: Int64s, bounds: Int64s, wanted: Bools, shared: int, out: Bytes
) -> None:
    """The root of each wanted group g, over legs[bounds[g] : bounds[g + 1]], to out[32 * g : 32 * g + 32].

    A group is not empty. `shared` is `shared_beginning` of the texts.
    """
    largest = longest = wide(0)
    for group in range(len(wanted)):
        largest = max(largest, wide(bounds[group + 1] - bounds[group]))
    for trade in range(len(starts) - 1):
        longest = max(longest, wide(starts[trade + 1] - starts[trade]))
    numbers, chosen = np.empty(largest, np.int64), np.empty(largest, np.int64)
    to = np.empty((2, largest), np.int64)
    level = np.empty(DIGEST * largest, np.uint8)
    work = np.zeros(longest + 2 * BLOCK, np.uint8)
    words = np.zeros(STATE_AND_SCHEDULE, np.uint32)
    node = _new_node()
    for group in range(len(wanted)):
        if not wanted[group]:
            continue
        first = wide(bounds[group])
        count = wide(bounds[group + 1]) - first
        for i in range(count):
            chosen[i] = legs[first + i]
            numbers[i] = _eight_bytes(texts, starts, wide(chosen[i]) >> 1, shared)
        _sort_legs(texts, starts, numbers, chosen, to, count)
        for i in range(count):
            trade = wide(chosen[i]) >> 1
            _hash_leaf(words, work, texts, wide(starts[trade]), wide(starts[trade + 1]), wide(chosen[i]) & 1)
            write_digest(words, level, DIGEST * i)
        while count > 1:
            count = _join(words, node, level, count)
        for i in range(DIGEST):
            out[DIGEST * group + i] = level[i]


@entry
def root_of_lines(data: Bytes, ends: Int64s, out: Bytes) -> None:
    """Root over N >= 1 lines, to out[:32]: line i is data[ends[i - 1] + 1 : ends[i]], the first from 0."""
    longest, first = wide(0), wide(0)
    for i in range(len(ends)):
        longest = max(longest, wide(ends[i]) - first)
        first = wide(ends[i]) + 1
    work = np.zeros(longest + 3 * BLOCK, np.uint8)
    words = np.zeros(STATE_AND_SCHEDULE, np.uint32)
    node = _new_node()
    count = wide(len(ends))
    level = np.empty(DIGEST * count, np.uint8)
    first = wide(0)
    for i in range(count):
        end = wide(ends[i])
        work[0] = LEAF
        length = _copy(data, first, end, work, 1)
        begin(words)
        close(words, work, length, length)
        write_digest(words, level, DIGEST * i)
        first = end + 1
    while count > 1:
        count = _join(words, node, level, count)
    for i in range(DIGEST):
        out[i] = level[i]
