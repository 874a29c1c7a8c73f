"""Price ladders: from a price key to a level, for any price range, in memory that follows the use.

    ladder: [ -3 | 7 ][ 0 | 2 ][ 1 | 9 ]      entries `block key << 32 | block row`, ascending, best last
                                  |
    block 9: key 1 = price keys 32..63, bitmap 0b...100  ->  level 9 * 32 + 2 = price key 34

Invariants: a block in a ladder has at least one occupied level; a level without orders is all zeros;
`best` is the block of the last entry, 0 for an empty ladder.
Cost: orders near the best price find their level at once; others by a binary search. A new block moves the
better entries by one place; new orders and stops find their number bounded by the market's
`max_price_blocks`, and only stop-limit orders that rest after their activation and pegs that moved may
go beyond it.
"""

from __future__ import annotations

from novate.compiled import highest_bit, inlined, kernel, wide
from novate.venue.cells import BLOCK_FREE, BLOCK_TOP, FREE_WORDS, LARGEST_LADDER, WORDS_TOP
from novate.venue.layout import Tables

SMALLEST_VECTOR = 4


@inlined
def best_level(s: Tables, ladder: int) -> int:
    """Level with the best key of a ladder that is not empty."""
    block = wide(s.ladders["best"][ladder])
    return block * 32 + highest_bit(s.blocks["occupied"][block])


@inlined
def best_displayed(s: Tables, ladder: int) -> int:
    """Level with the best price that shows a quantity, -1 if none does."""
    entry = wide(s.ladders["length"][ladder]) - 1
    if entry < 0:
        return -1
    block = wide(s.ladders["best"][ladder])
    while s.blocks["displayed"][block] == 0:
        entry -= 1
        if entry < 0:
            return -1
        block = wide(s.words[s.ladders["offset"][ladder] + entry] & 0xFFFFFFFF)
    return block * 32 + highest_bit(s.blocks["displayed"][block])


@inlined
def key_of_level(s: Tables, level: int) -> int:
    """The price key of a level in use."""
    return (s.blocks["key"][level >> 5] << 5) + (level & 31)


@inlined
def find_level(s: Tables, ladder: int, key: int) -> int:
    """Level of a price key, -1 if its block is not in the ladder."""
    block_key = key >> 5
    if s.ladders["length"][ladder] == 0:
        return -1
    block = wide(s.ladders["best"][ladder])
    if s.blocks["key"][block] == block_key:
        return block * 32 + (key & 31)
    at = search(s, ladder, block_key)
    if at == s.ladders["length"][ladder]:
        return -1
    entry = s.words[s.ladders["offset"][ladder] + at]
    if entry >> 32 != block_key:
        return -1
    return wide((entry & 0xFFFFFFFF) * 32 + (key & 31))


@inlined
def find_near(s: Tables, ladder: int, key: int) -> int:
    """Level of a price key if it lies in the best block, else level 0: a guess for prefetching."""
    block = wide(s.ladders["best"][ladder])
    if s.blocks["key"][block] == key >> 5:
        return block * 32 + (key & 31)
    return 0


@kernel
def search(s: Tables, ladder: int, block_key: int) -> int:
    """Place of the first entry whose block key is not below `block_key`; the length if there is none."""
    offset = wide(s.ladders["offset"][ladder])
    high = wide(s.ladders["length"][ladder])
    if high == 0:
        return 0
    best_key = s.words[offset + high - 1] >> 32
    if best_key < block_key:
        return high
    # Keys are distinct, so nothing can stand to the left of its place in a ladder without gaps; where the
    # book is dense, that place is the answer.
    low = max(0, high - 1 - (best_key - block_key))
    if s.words[offset + low] >> 32 >= block_key:
        return low
    low += 1
    while low < high:
        middle = (low + high) >> 1
        if s.words[offset + middle] >> 32 < block_key:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def ensure_level(s: Tables, ladder: int, key: int) -> int:
    """Level of a price key; its block is added to the ladder if needed (room was reserved before)."""
    block_key = key >> 5
    length = wide(s.ladders["length"][ladder])
    block = wide(s.ladders["best"][ladder])
    if length == 0 or s.blocks["key"][block] != block_key:
        block = _ensure_block(s, ladder, block_key, length)
    return block * 32 + (key & 31)


@kernel
def _ensure_block(s: Tables, ladder: int, block_key: int, length: int) -> int:
    """Row of a block that is not the best one, added to the ladder if it is not there."""
    at = search(s, ladder, block_key)
    if at < length:
        entry = s.words[s.ladders["offset"][ladder] + at]
        if entry >> 32 == block_key:
            return wide(entry & 0xFFFFFFFF)
    return _insert_block(s, ladder, block_key, at, length)


@inlined
def _insert_block(s: Tables, ladder: int, block_key: int, at: int, length: int) -> int:
    """Add an empty block at its place in the vector; returns its row."""
    block = s.header[BLOCK_FREE]
    if block != 0:
        s.header[BLOCK_FREE] = s.blocks["next"][block]
    else:
        block = s.header[BLOCK_TOP]
        s.header[BLOCK_TOP] = block + 1
    s.blocks["key"][block] = block_key
    s.blocks["occupied"][block] = 0
    s.blocks["displayed"][block] = 0
    if length == s.ladders["capacity"][ladder]:
        _grow_vector(s, ladder)
    offset = wide(s.ladders["offset"][ladder])
    for i in range(offset + length, offset + at, -1):
        s.words[i] = s.words[i - 1]
    s.words[offset + at] = (block_key << 32) | block
    s.ladders["length"][ladder] = length + 1
    if at == length:
        s.ladders["best"][ladder] = block
    return wide(block)


@kernel
def _grow_vector(s: Tables, ladder: int) -> None:
    """Twice the capacity, in a fresh piece of `words`; the old piece goes to the free chain of its size."""
    old_capacity = wide(s.ladders["capacity"][ladder])
    old_offset = wide(s.ladders["offset"][ladder])
    capacity = max(SMALLEST_VECTOR, old_capacity * 2)
    offset = take_words(s, capacity)
    for i in range(s.ladders["length"][ladder]):
        s.words[offset + i] = s.words[old_offset + i]
    if old_capacity > 0:
        give_words(s, old_offset, old_capacity)
    s.ladders["offset"][ladder] = offset
    s.ladders["capacity"][ladder] = capacity
    s.header[LARGEST_LADDER] = max(s.header[LARGEST_LADDER], capacity)


@kernel
def take_words(s: Tables, capacity: int) -> int:
    """Offset of a piece of `words` of a power-of-two capacity."""
    chain = FREE_WORDS + highest_bit(capacity)
    offset = s.header[chain]
    if offset != 0:
        s.header[chain] = s.words[offset]
    else:
        offset = s.header[WORDS_TOP]
        s.header[WORDS_TOP] = offset + capacity
    return wide(offset)


@kernel
def give_words(s: Tables, offset: int, capacity: int) -> None:
    """Return a piece of `words`; its first word chains the free pieces of its size."""
    chain = FREE_WORDS + highest_bit(capacity)
    s.words[offset] = s.header[chain]
    s.header[chain] = offset


@kernel
def remove_block(s: Tables, ladder: int, block: int) -> None:
    """Take a block whose last level became empty out of the vector and free it."""
    length = wide(s.ladders["length"][ladder]) - 1
    at = length
    if block != s.ladders["best"][ladder]:
        at = search(s, ladder, s.blocks["key"][block])
    offset = wide(s.ladders["offset"][ladder])
    for i in range(offset + at, offset + length):
        s.words[i] = s.words[i + 1]
    s.ladders["length"][ladder] = length
    if length == 0:
        s.ladders["best"][ladder] = 0
    elif at == length:
        s.ladders["best"][ladder] = s.words[offset + length - 1] & 0xFFFFFFFF
    s.blocks["next"][block] = s.header[BLOCK_FREE]
    s.header[BLOCK_FREE] = block


@inlined
def mark(s: Tables, level: int) -> int:
    """Set a level's two bits by what it holds now; returns the occupied bitmap of its block."""
    block = level >> 5
    bit = level & 31
    holds = 1 if s.levels["head"][level] != 0 or s.levels["hidden_head"][level] != 0 else 0
    shows = 1 if s.levels["displayed"][level] > 0 else 0
    occupied = (s.blocks["occupied"][block] & ~(1 << bit)) | (holds << bit)
    s.blocks["occupied"][block] = occupied
    s.blocks["displayed"][block] = (s.blocks["displayed"][block] & ~(1 << bit)) | (shows << bit)
    return occupied  # type: ignore[no-any-return]


@inlined
def vacate(s: Tables, ladder: int, level: int) -> None:
    """A level of stops lost its last order: clear its bits, and free its block if it was the last level."""
    if mark(s, level) == 0:
        remove_block(s, ladder, level >> 5)
