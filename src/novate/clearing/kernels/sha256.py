"""SHA-256 of many short texts (FIPS 180-4), without a Python object per text.

    message  b"abc"  -->  block  61 62 63 80 00 .. 00 | length in bits, 8 bytes   --> 32 bytes of digest
             56 bytes or more: as many blocks as it takes; all but the last are read in place

Two forms of the inner loop, chosen once per process: the processor's SHA instructions where it has them, and
integers everywhere else. Both are tested against hashlib. `words` and `work` are the scratch of a caller: 8
words of state and 64 of schedule, and bytes for the end of a message with its padding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined, kernel, wide
from novate.processor import (
    FIRST_STATE,
    HAS_SHA,
    ROUND_CONSTANTS,
    sha256_block,
    sha256_nodes,
    sha256_short,
)

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
Int64s = npt.NDArray[np.int64]

BLOCK = 64
DIGEST = 32
LENGTH_BYTES = 8
NODE = 1
"""First byte of a node's message (RFC 6962); a leaf's is 0."""
NODE_BYTES = 1 + 2 * DIGEST
STATE_AND_SCHEDULE = 8 + BLOCK
_WORD = 0xFFFFFFFF
_K = np.array(ROUND_CONSTANTS, np.uint32)
_START = np.array(FIRST_STATE, np.uint32)


@inlined
def _turned(word: int, places: int) -> int:
    return ((word >> places) | (word << (32 - places))) & _WORD


@kernel
def portable_block(words: Words, data: Bytes, at: int) -> None:
    """Compress data[at : at + 64] into the state in words[:8]; words[8:] is scratch."""
    for i in range(16):
        place = at + 4 * i
        words[8 + i] = (
            wide(data[place]) << 24 | wide(data[place + 1]) << 16 | wide(data[place + 2]) << 8
        ) | wide(data[place + 3])
    for i in range(16, BLOCK):
        early, late = wide(words[8 + i - 15]), wide(words[8 + i - 2])
        small = _turned(early, 7) ^ _turned(early, 18) ^ (early >> 3)
        large = _turned(late, 17) ^ _turned(late, 19) ^ (late >> 10)
        words[8 + i] = (wide(words[8 + i - 16]) + small + wide(words[8 + i - 7]) + large) & _WORD
    a, b, c, d = wide(words[0]), wide(words[1]), wide(words[2]), wide(words[3])
    e, f, g, h = wide(words[4]), wide(words[5]), wide(words[6]), wide(words[7])
    for i in range(BLOCK):
        turned = _turned(e, 6) ^ _turned(e, 11) ^ _turned(e, 25)
        first = h + turned + ((e & f) ^ (~e & g)) + wide(_K[i]) + wide(words[8 + i])
        second = (_turned(a, 2) ^ _turned(a, 13) ^ _turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        h, g, f, e = g, f, e, (d + first) & _WORD
        d, c, b, a = c, b, a, (first + second) & _WORD
    words[0] = (wide(words[0]) + a) & _WORD
    words[1] = (wide(words[1]) + b) & _WORD
    words[2] = (wide(words[2]) + c) & _WORD
    words[3] = (wide(words[3]) + d) & _WORD
    words[4] = (wide(words[4]) + e) & _WORD
    words[5] = (wide(words[5]) + f) & _WORD
    words[6] = (wide(words[6]) + g) & _WORD
    words[7] = (wide(words[7]) + h) & _WORD


@kernel
def _native_block(words: Words, data: Bytes, at: int) -> None:
    sha256_block(words, 0, data, at)


compress: Any = _native_block if HAS_SHA else portable_block
"""The inner loop of this process: (words, data, at)."""


@inlined
def begin(words: Words) -> None:
    """The state before the first block."""
    for i in range(8):
        words[i] = _START[i]


@inlined
def write_word(word: int, out: Bytes, at: int) -> None:
    """A word as four bytes, the high one first."""
    out[at] = (word >> 24) & 0xFF
    out[at + 1] = (word >> 16) & 0xFF
    out[at + 2] = (word >> 8) & 0xFF
    out[at + 3] = word & 0xFF


@inlined
def write_digest(words: Words, out: Bytes, at: int) -> None:
    """The state, or any eight words, as 32 bytes."""
    for i in range(8):
        write_word(wide(words[i]), out, at + 4 * i)


@inlined
def _keep_state(words: Words, out: Words, at: int) -> None:
    for i in range(8):
        out[at + i] = words[i]


@kernel
def portable_short(words: Words, data: Bytes, at: int, out: Words, out_at: int) -> None:
    """Digest of the one padded block data[at : at + 64], as the words out[out_at : out_at + 8]."""
    begin(words)
    portable_block(words, data, at)
    _keep_state(words, out, out_at)


@kernel
def _portable_node(words: Words, work: Bytes, level: Words, children: int, out: int) -> None:
    work[0] = NODE
    for i in range(16):
        write_word(wide(level[children + i]), work, 1 + 4 * i)
    work[NODE_BYTES] = 0x80
    for i in range(NODE_BYTES + 1, 2 * BLOCK - LENGTH_BYTES):
        work[i] = 0
    write_bits(work, 2 * BLOCK, NODE_BYTES)
    begin(words)
    portable_block(words, work, 0)
    portable_block(words, work, BLOCK)
    _keep_state(words, level, out)


@kernel
def portable_nodes(words: Words, work: Bytes, level: Words, children: int, out: int, apart: int) -> None:
    """Digests of two nodes: 01 || level[children : +8] || level[children + 8 : +8] to level[out : +8], and
    that of the words `apart` pairs behind, if that is not 0. `work` has room for two blocks."""
    _portable_node(words, work, level, children, out)
    # With nothing apart it is one node, whose digest may stand where its children stood.
    if apart:
        _portable_node(words, work, level, children + 16 * apart, out + 8 * apart)


@kernel
def _native_short(words: Words, data: Bytes, at: int, out: Words, out_at: int) -> None:
    sha256_short(data, at, out, out_at)


@kernel
def _native_nodes(words: Words, work: Bytes, level: Words, children: int, out: int, apart: int) -> None:
    sha256_nodes(level, children, out, apart)


digest_block: Any = _native_short if HAS_SHA else portable_short
"""(words, data, at, out, out_at), as `portable_short` says."""
digest_nodes: Any = _native_nodes if HAS_SHA else portable_nodes
"""(words, work, level, children, out, apart), as `portable_nodes` says."""


@inlined
def write_bits(work: Bytes, end: int, length: int) -> None:
    """The length of a message in bits, into the eight bytes before `end`."""
    bits = length * 8
    for i in range(LENGTH_BYTES):
        work[end - 1 - i] = (bits >> (8 * i)) & 0xFF


@kernel
def digest_into(words: Words, work: Bytes, data: Bytes, start: int, end: int, out: Bytes, at: int) -> None:
    """SHA-256 of data[start:end] to out[at : at + 32]; `work` has room for two blocks."""
    begin(words)
    whole = start + (end - start) // BLOCK * BLOCK
    for block in range(start, whole, BLOCK):
        compress(words, data, block)
    rest = end - whole
    for i in range(rest):
        work[i] = data[whole + i]
    close(words, work, rest, end - start)
    write_digest(words, out, at)


@kernel
def close(words: Words, work: Bytes, rest: int, length: int) -> None:
    """The end of a message of `length` bytes whose last `rest` stand in `work`, with room for padding."""
    size = (rest + LENGTH_BYTES + BLOCK) // BLOCK * BLOCK
    work[rest] = 0x80
    for i in range(rest + 1, size - LENGTH_BYTES):
        work[i] = 0
    write_bits(work, size, length)
    for block in range(0, size, BLOCK):
        compress(words, work, block)


@entry
def digests(data: Bytes, starts: Int64s, out: Bytes) -> None:
    """SHA-256 of N messages that stand one after the other: message i is data[starts[i] : starts[i + 1]].

    `starts` has N + 1 entries; the digest of message i goes to out[32 * i : 32 * i + 32].
    """
    words = np.zeros(STATE_AND_SCHEDULE, np.uint32)
    work = np.zeros(2 * BLOCK, np.uint8)
    for i in range(len(starts) - 1):
        digest_into(words, work, data, wide(starts[i]), wide(starts[i + 1]), out, DIGEST * i)


@entry
def portable_digest(data: Bytes, out: Bytes) -> None:
    """SHA-256 of one message of whole blocks, already padded, in the portable form."""
    words = np.zeros(STATE_AND_SCHEDULE, np.uint32)
    begin(words)
    for block in range(0, len(data), BLOCK):
        portable_block(words, data, block)
    write_digest(words, out, 0)
