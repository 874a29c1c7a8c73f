"""Text deflated (RFC 1951), for files of many alike lines: fast, and the same bytes on every machine.

    text --greedy--> tokens  'a' 'b' (as 40 bytes, 1100 back) ...   at most TOKENS of them are a block
    block --> three bits, the lengths of its two codes, its tokens in these codes, an end

The libraries that are as fast choose other matches on other processors, and files that follow from a
journal must not. What stands before is found by its first `SHORTEST` bytes in one table of places, the latest
of each; a place is entered where a match is looked for, and behind the beginning of a match. Codes are
canonical ones of Huffman, no longer than 15 bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, highest_bit, inlined, kernel, wide
from novate.processor import WORD, ordered_word

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

SLOTS = 1 << 14
"""Of the table of places."""
TOKENS = 1 << 16
WINDOW = 1 << 15
SHORTEST = 6
"""Bytes of a match: in what looks like chance, such as digests, a shorter one saves nothing."""
LONGEST = 258
BEHIND = 4
"""Places behind the beginning of a match that are entered too."""
_DISTANCE_BITS = 16
_DISTANCES = (1 << _DISTANCE_BITS) - 1
LETTERS, DISTANCES, LENGTHS = 286, 30, 19
END_OF_BLOCK = 256
MOST_BITS, MOST_LENGTH_BITS = 15, 7
LENGTH_ORDER = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
"""In which the lengths of the code for lengths stand."""
DYNAMIC = 2
_FLUSHED = 32


def room_for(length: int) -> int:
    """Bytes that a text of so many may need at most, deflated."""
    return 2 * length + 1024 * (length // TOKENS + 1)


@inlined
def _slot(data: Bytes, at: int) -> int:
    """Where the place of the first six bytes is kept. No product leaves 63 bits."""
    word = (ordered_word(data, at) >> 16) & 0xFFFFFFFFFFFF
    return (((word & 0xFFFFFF) * 0x9E3779 ^ (word >> 24) * 0x85EBCA) >> 20) & (SLOTS - 1)


@inlined
def _same(data: Bytes, first: int, at: int, most: int) -> int:
    """How many bytes at two places are the same; `WORD` bytes behind `most` may be read."""
    length = 0
    while length < most:
        other = ordered_word(data, first + length) ^ ordered_word(data, at + length)
        if other < 0:
            break
        if other > 0:
            length += (63 - highest_bit(other)) >> 3
            break
        length += WORD
    return min(length, most)


@inlined
def _length_letter(length: int) -> int:
    """The letter of a length of 3 to 258."""
    more = length - 3
    if more < 8:
        return 257 + more
    if length == LONGEST:
        return 285
    bit = highest_bit(more)
    return 257 + 4 * (bit - 1) + ((more >> (bit - 2)) & 3)


@inlined
def _distance_letter(distance: int) -> int:
    """The letter of a distance of 1 to 32,768."""
    more = distance - 1
    if more < 4:
        return more
    bit = highest_bit(more)
    return 2 * bit + ((more >> (bit - 1)) & 1)


@kernel
def _find_tokens(
    data: Bytes, at: int, end: int, places: Int64s, tokens: Int32s, letters: Int64s, distances: Int64s
) -> tuple[int, int]:
    """Tokens of a block from `at` on, and how often each letter comes; (tokens, where they end)."""
    count, back = 0, 0
    while at < end and count < TOKENS:
        slot = _slot(data, at)
        distance = at - wide(places[slot])
        places[slot] = at
        length, most = 0, min(end - at, LONGEST)
        if distance <= WINDOW:
            length = _same(data, at - distance, at, most)
        if length < SHORTEST and back > 0:
            # A match that was broken off or cut at its longest goes on at the same distance.
            length, distance = _same(data, at - back, at, most), back
        if length < SHORTEST:
            letter = wide(data[at])
            tokens[count] = letter
            letters[letter] += 1
            at += 1
        else:
            back = distance
            tokens[count] = length << _DISTANCE_BITS | distance
            letters[_length_letter(length)] += 1
            distances[_distance_letter(distance)] += 1
            for place in range(at + 1, at + BEHIND):
                places[_slot(data, place)] = place
            at += length
        count += 1
    return count, at


@kernel
def _find_lengths(counts: Int64s, most: int, lengths: Int64s, order: Int64s, work: Int64s) -> None:
    """Lengths of a code of Huffman for letters that come `counts` times, none longer than `most`.

    Two letters at least are given a length, which every reader takes. order (letters,) and work
    (2, 2 * letters) are room.
    """
    letters = len(counts)
    used = 0
    for letter in range(letters):
        lengths[letter] = 0
    for letter in range(2):
        counts[letter] = max(counts[letter], 1)
    for letter in range(letters):
        if counts[letter]:
            # By ascending counts, of equal ones the first first.
            place = used
            while place > 0 and counts[order[place - 1]] > counts[letter]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = letter
            used += 1
    weights, parents = work[0], work[1]
    for place in range(used):
        weights[place] = counts[order[place]]
    leaf, inner, nodes = 0, used, used
    while nodes < 2 * used - 1:
        weights[nodes] = 0
        for _ in range(2):
            if inner >= nodes or (leaf < used and weights[leaf] <= weights[inner]):
                one = leaf
                leaf += 1
            else:
                one = inner
                inner += 1
            weights[nodes] += weights[one]
            parents[one] = nodes
        nodes += 1
    # From here on weights are depths.
    weights[nodes - 1] = 0
    for node in range(nodes - 2, -1, -1):
        weights[node] = weights[parents[node]] + 1
    _share_depths(weights, used, most, parents)
    place = used
    for depth in range(1, most + 1):
        for _ in range(parents[depth]):
            place -= 1
            lengths[order[place]] = depth


@kernel
def _share_depths(depths: Int64s, used: int, most: int, deep: Int64s) -> None:
    """How many leaves there are of each depth when none may be deeper than `most`, to `deep`."""
    for depth in range(most + 1):
        deep[depth] = 0
    for place in range(used):
        deep[min(depths[place], most)] += 1
    total = 0
    for depth in range(1, most + 1):
        total += deep[depth] << (most - depth)
    while total > 1 << most:
        # Too many were cut off: one of the deepest takes its place beside one that stood higher.
        depth = most - 1
        while deep[depth] == 0:
            depth -= 1
        deep[most] -= 1
        deep[depth] -= 1
        deep[depth + 1] += 2
        total -= 1


@kernel
def _find_codes(lengths: Int64s, codes: Int64s, work: Int64s) -> None:
    """The canonical codes of some lengths, their bits turned round as they are written."""
    following = work[0]
    code = 0
    for depth in range(1, MOST_BITS + 1):
        following[depth] = code
        for letter in range(len(lengths)):
            if lengths[letter] == depth:
                code += 1
        code <<= 1
    for letter in range(len(lengths)):
        depth = lengths[letter]
        if depth:
            code, turned = following[depth], 0
            following[depth] += 1
            for _ in range(depth):
                turned = turned << 1 | (code & 1)
                code >>= 1
            codes[letter] = turned


@inlined
def _flush(out: Bytes, at: int, bits: int, held: int) -> tuple[int, int, int]:
    """Whole bytes of `held` bits go out where there are many; (where they end, bits, held)."""
    if held >= _FLUSHED:
        for i in range(4):
            out[at + i] = (bits >> (8 * i)) & 0xFF
        return at + 4, bits >> _FLUSHED, held - _FLUSHED
    return at, bits, held


@kernel
def _write_head(
    out: Bytes,
    at: int,
    bits: int,
    held: int,
    is_last: int,
    lengths: Int64s,
    of_lengths: Int64s,
    codes: Int64s,
) -> tuple[int, int, int]:
    """What stands in front of a block: all lengths of both codes, each in a code of its own."""
    bits |= (
        is_last | DYNAMIC << 1 | (LETTERS - 257) << 3 | (DISTANCES - 1) << 8 | (LENGTHS - 4) << 13
    ) << held
    at, bits, held = _flush(out, at, bits, held + 17)
    for place in range(LENGTHS):
        bits |= of_lengths[LENGTH_ORDER[place]] << held
        at, bits, held = _flush(out, at, bits, held + 3)
    for letter in range(LETTERS + DISTANCES):
        bits |= codes[lengths[letter]] << held
        at, bits, held = _flush(out, at, bits, held + of_lengths[lengths[letter]])
    return at, bits, held


@kernel
def _write_tokens(
    tokens: Int32s, count: int, out: Bytes, at: int, bits: int, held: int, lengths: Int64s, codes: Int64s
) -> tuple[int, int, int]:
    """Tokens and the end of a block; codes of distances stand behind those of letters."""
    for place in range(count):
        token = wide(tokens[place])
        if token < END_OF_BLOCK:
            bits |= codes[token] << held
            at, bits, held = _flush(out, at, bits, held + lengths[token])
            continue
        length, distance = token >> _DISTANCE_BITS, token & _DISTANCES
        letter = _length_letter(length)
        bits |= codes[letter] << held
        held += lengths[letter]
        if length >= 11 and length < LONGEST:
            extra = highest_bit(length - 3) - 2
            bits |= ((length - 3) & ((1 << extra) - 1)) << held
            held += extra
        at, bits, held = _flush(out, at, bits, held)
        letter = LETTERS + _distance_letter(distance)
        bits |= codes[letter] << held
        held += lengths[letter]
        if distance >= 5:
            extra = highest_bit(distance - 1) - 1
            bits |= ((distance - 1) & ((1 << extra) - 1)) << held
            held += extra
        at, bits, held = _flush(out, at, bits, held)
    bits |= codes[END_OF_BLOCK] << held
    return _flush(out, at, bits, held + lengths[END_OF_BLOCK])


@entry
def deflate(data: Bytes, end: int, out: Bytes) -> int:
    """data[:end] deflated into `out`, which has `room_for` it; how many bytes it takes.

    Behind the text stand `WORD` bytes that are read and do not count.
    """
    places = np.full(SLOTS, -2 * WINDOW, np.int64)
    tokens = np.empty(TOKENS, np.int32)
    work, order = np.empty((2, 2 * LETTERS), np.int64), np.empty(LETTERS, np.int64)
    lengths, codes = np.zeros(LETTERS + DISTANCES, np.int64), np.zeros(LETTERS + DISTANCES, np.int64)
    of_lengths, length_codes = np.zeros(LENGTHS, np.int64), np.zeros(LENGTHS, np.int64)
    read, at, bits, held, is_last = 0, 0, 0, 0, 0
    while not is_last:
        counts = np.zeros(LETTERS + DISTANCES, np.int64)
        counts[END_OF_BLOCK] = 1
        count, read = _find_tokens(data, read, end, places, tokens, counts[:LETTERS], counts[LETTERS:])
        is_last = 1 if read >= end else 0
        _find_lengths(counts[:LETTERS], MOST_BITS, lengths[:LETTERS], order, work)
        _find_lengths(counts[LETTERS:], MOST_BITS, lengths[LETTERS:], order, work)
        _find_codes(lengths[:LETTERS], codes[:LETTERS], work)
        _find_codes(lengths[LETTERS:], codes[LETTERS:], work)
        counts_of_lengths = np.zeros(LENGTHS, np.int64)
        for letter in range(LETTERS + DISTANCES):
            counts_of_lengths[lengths[letter]] += 1
        _find_lengths(counts_of_lengths, MOST_LENGTH_BITS, of_lengths, order, work)
        _find_codes(of_lengths, length_codes, work)
        at, bits, held = _write_head(out, at, bits, held, is_last, lengths, of_lengths, length_codes)
        at, bits, held = _write_tokens(tokens, count, out, at, bits, held, lengths, codes)
    while held > 0:
        out[at] = bits & 0xFF
        at, bits, held = at + 1, bits >> 8, held - 8
    return at
