"""Texts of the house by the column: digests of names, texts of leaves, lines of the obligation file.

    digests_of_pairs   "5|VENUE|" + "T-17"             --> 32 bytes      identities, obligation ids, tickets
    leaf_texts         "VENUE|" + "T-17" + "|" 1 "|"   --> texts side by side, for the roots of C22
    obligation_lines   columns of rows                 --> the lines of C25

A text is given as where it begins in an array of bytes and how long it is, so that texts of a table are
repeated without being copied. Cost: one pass; nothing is kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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
from novate.compiled import entry, inlined, kernel, wide

Bools = npt.NDArray[np.bool_]

MOST_DIGITS = 20
ID_BYTES = 8
FIXED_BYTES = 2 * ID_BYTES + 2 * DIGEST + 3 * MOST_DIGITS + 2 * 4 + 10
"""Of a line beside its texts: id, root, three numbers, two words, commas and LF."""
_BAR, _COMMA, _LF, _ZERO, _A = ord("|"), ord(","), ord("\n"), ord("0"), ord("a")


class Texts(NamedTuple):
    """Text i is data[first[i] : first[i] + length[i]]."""

    data: Bytes
    first: Int64s
    length: Int64s


class LineColumns(NamedTuple):
    """Rows of an obligation file: numbers, and the texts of each row that stand between them."""

    quantity: Int64s
    amount: Int64s
    gross_legs: Int64s
    ids: Bytes
    """ID_BYTES a row."""
    roots: Bytes
    """DIGEST a row."""


@inlined
def _copy(data: Bytes, first: int, length: int, out: Bytes, at: int) -> int:
    for i in range(length):
        out[at + i] = data[first + i]
    return at + length


@kernel
def _write_number(number: int, out: Bytes, at: int) -> int:
    """A number from 0 in decimal digits; where it ends."""
    digits, rest = wide(1), number // 10
    while rest:
        digits += 1
        rest //= 10
    for place in range(digits):
        out[at + digits - 1 - place] = _ZERO + number % 10
        number //= 10
    return at + digits


@inlined
def _digit(value: int) -> int:
    return _ZERO + value if value < 10 else _A + value - 10


@kernel
def _write_hex(data: Bytes, first: int, length: int, out: Bytes, at: int) -> int:
    for i in range(length):
        byte = wide(data[first + i])
        out[at + 2 * i] = _digit(byte >> 4)
        out[at + 2 * i + 1] = _digit(byte & 15)
    return at + 2 * length


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


@entry
def leaf_texts(
    heads: Texts, tails: Texts, version: Int64s, out: Bytes, starts: Int64s, has_bar: Bools
) -> None:
    """`head tail|version|` of each pair, one after the other, and where each begins (n + 1,).

    `has_bar` becomes true for a tail with a bar.
    """
    at = wide(0)
    starts[0] = 0
    for i in range(len(version)):
        at = _copy(heads.data, wide(heads.first[i]), wide(heads.length[i]), out, at)
        first, length = wide(tails.first[i]), wide(tails.length[i])
        for place in range(length):
            has_bar[i] |= tails.data[first + place] == _BAR
        at = _copy(tails.data, first, length, out, at)
        out[at] = _BAR
        at = _write_number(wide(version[i]), out, at + 1)
        out[at] = _BAR
        at += 1
        starts[i + 1] = at


@kernel
def _write_signed(number: int, words: Bytes, out: Bytes, at: int) -> int:
    """`WORD,number,`: the words for below zero, zero and above stand side by side."""
    place = 0 if number < 0 else (4 if number == 0 else 8)
    at = _copy(words, place, 4, out, at)
    out[at] = _COMMA
    at = _write_number(-number if number < 0 else number, out, at + 1)
    out[at] = _COMMA
    return at + 1


@entry
def obligation_lines(
    rows: LineColumns, owners: Texts, names: Texts, kinds: Texts, moves: Bytes, pays: Bytes, out: Bytes
) -> int:
    """One line for each row; returns how many bytes they are.

    owners: `cycle,day,member,account,`; names: `isin,`; kinds: `currency,type,`. moves and pays: three words
    of four letters each, for below zero, zero and above. `out` has FIXED_BYTES and the texts for each row.
    """
    at = wide(0)
    for i in range(len(rows.quantity)):
        at = _write_hex(rows.ids, ID_BYTES * i, ID_BYTES, out, at)
        out[at] = _COMMA
        at = _copy(owners.data, wide(owners.first[i]), wide(owners.length[i]), out, at + 1)
        at = _copy(names.data, wide(names.first[i]), wide(names.length[i]), out, at)
        at = _write_signed(wide(rows.quantity[i]), moves, out, at)
        at = _write_signed(wide(rows.amount[i]), pays, out, at)
        at = _copy(kinds.data, wide(kinds.first[i]), wide(kinds.length[i]), out, at)
        at = _write_number(wide(rows.gross_legs[i]), out, at)
        out[at] = _COMMA
        at = _write_hex(rows.roots, DIGEST * i, DIGEST, out, at + 1)
        out[at] = _LF
        at += 1
    return at
