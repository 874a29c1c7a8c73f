"""Digests of texts in two parts, such as a source and a trade id, without joining them in Python.

    heads  "5|VENUE|"  "5|VENUE|"      tails  "T-17"  "T-18"      -->   32 bytes  32 bytes

A text is given as where it begins in an array of bytes and how long it is, so that texts of a table are
repeated without being copied, and names of records are read where they stand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novate.clearing.kernels.sha256 import (
    BLOCK,
    DIGEST,
    STATE_AND_SCHEDULE,
    Bytes,
    Int64s,
    begin,
    close,
    write_digest,
)
from novate.compiled import entry, inlined, wide


class Texts(NamedTuple):
    """Text i is data[first[i] : first[i] + length[i]]."""

    data: Bytes
    first: Int64s
    length: Int64s


@inlined
def _copy(data: Bytes, first: int, length: int, out: Bytes, at: int) -> int:
    for i in range(length):
        out[at + i] = data[first + i]
    return at + length


@entry
def digests_of_pairs(heads: Texts, tails: Texts, out: Bytes) -> None:
    """SHA-256 of head i followed by tail i to out[32 * i : 32 * i + 32]."""
    longest = wide(0)
    for i in range(len(heads.first)):
        longest = max(longest, wide(heads.length[i]) + wide(tails.length[i]))
    message = np.empty(longest + 2 * BLOCK, np.uint8)
    words = np.zeros(STATE_AND_SCHEDULE, np.uint32)
    for i in range(len(heads.first)):
        end = _copy(heads.data, wide(heads.first[i]), wide(heads.length[i]), message, wide(0))
        end = _copy(tails.data, wide(tails.first[i]), wide(tails.length[i]), message, end)
        begin(words)
        close(words, message, end, end)
        write_digest(words, out, DIGEST * i)
